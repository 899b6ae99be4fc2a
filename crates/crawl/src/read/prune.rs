//! A page without what says nothing: what is left is what the extractor of main texts looks at.
//!
//! On news pages half of the bytes are scripts, styles and attributes for scripts. The extractor throws them away, but
//! only after it has built a tree of them, and it copies that tree for each of its attempts. Here they are left out
//! before there is a tree, in one linear pass, tags told apart as in [`super::skim`].

use super::skim::{attributes, end_of_comment, end_of_name, end_of_raw};

/// Elements left out with all that is in them. What `<svg>` says is a drawing's.
const DROPPED: [&str; 4] = ["script", "style", "noscript", "svg"];
/// Elements that hold text and no markup.
const RAW: [&str; 6] = ["title", "textarea", "iframe", "xmp", "noembed", "plaintext"];
/// Elements all of whose attributes are looked at: pictures and players are judged by their addresses, tables by their
/// spans.
const WHOLE: [&str; 13] = [
    "html", "meta", "base", "img", "source", "iframe", "embed", "object", "video", "audio", "table", "td",
    "th",
];
/// What is looked at on any other element: whether it shows, what it is called, where it leads.
const KEPT: [&str; 11] = [
    "class",
    "id",
    "href",
    "style",
    "hidden",
    "role",
    "rel",
    "itemprop",
    "aria-hidden",
    "aria-modal",
    "dir",
];
/// As much of an address as tells `#` and `javascript:` from others.
const SCHEME: usize = 12;

/// The page without scripts, styles, drawings, comments, and attributes that no extractor of text looks at.
pub(super) fn pruned(html: &str) -> String {
    let bytes = html.as_bytes();
    let mut kept = String::with_capacity(html.len() / 2);
    // What stands before `from` is written or left out, what stands before `at` was looked at.
    let (mut from, mut at) = (0, 0);
    while let Some(next) = memchr::memchr(b'<', &bytes[at..]) {
        let start = at + next;
        let after = match bytes.get(start + 1) {
            Some(b'/') if bytes.get(start + 2).is_some_and(u8::is_ascii_alphabetic) => {
                attributes(html, end_of_name(bytes, start + 2), |_, _| {}).map(|end| (from, end))
            }
            // At the very end of the page `</` is text.
            Some(b'!' | b'?' | b'/') if start + 2 < bytes.len() || bytes[start + 1] != b'/' => {
                if !bytes[start + 2..]
                    .get(..7)
                    .is_some_and(|word| word.eq_ignore_ascii_case(b"doctype"))
                {
                    text(&mut kept, &html[from..start]);
                    seam(&mut kept);
                    from = start;
                    end_of_remark(bytes, start).map(|end| (end, end))
                } else {
                    end_of_remark(bytes, start).map(|end| (from, end))
                }
            }
            Some(letter) if letter.is_ascii_alphabetic() => {
                text(&mut kept, &html[from..start]);
                from = start;
                tag(html, start, &mut kept)
            }
            _ => Some((from, start + 1)),
        };
        match after {
            Some(after) => (from, at) = after,
            // The page ends in a tag, a comment or a script: none of that is text.
            None => {
                text(&mut kept, &html[from..start]);
                return kept;
            }
        }
    }
    text(&mut kept, &html[from..]);
    kept
}

/// Writes a start tag, or leaves it out with its content; gives where copying goes on and where looking does. `None`
/// where the page ends first.
fn tag(html: &str, start: usize, kept: &mut String) -> Option<(usize, usize)> {
    let bytes = html.as_bytes();
    let name_end = end_of_name(bytes, start + 1);
    let name = &html[start + 1..name_end];
    let is = |list: &[&str]| list.iter().any(|word| word.eq_ignore_ascii_case(name));
    if is(&DROPPED) || name.eq_ignore_ascii_case("link") {
        let mut end = attributes(html, name_end, |_, _| {})?;
        if is(&DROPPED) {
            end = end_of_raw(bytes, end, name.as_bytes())?;
            end = attributes(html, end + 2 + name.len(), |_, _| {})?;
        }
        seam(kept);
        return Some((end, end));
    }
    let whole = is(&WHOLE);
    let begun = kept.len();
    kept.push_str(&html[start..name_end]);
    let end = attributes(html, name_end, |name, value| {
        if whole {
            attribute(kept, name, value);
        } else if KEPT.iter().any(|word| word.eq_ignore_ascii_case(name)) {
            attribute(kept, name, told(name, value));
        }
    });
    let Some(end) = end else {
        kept.truncate(begun);
        return None;
    };
    kept.push_str(if bytes[end - 2] == b'/' { "/>" } else { ">" });
    if !is(&RAW) {
        return Some((end, end));
    }
    Some((
        end,
        end_of_raw(bytes, end, name.as_bytes()).unwrap_or(bytes.len()),
    ))
}

/// What is looked at of a value: of a style whether it hides, of an address whether it stays on the page or is a script.
fn told<'a>(name: &str, value: &'a str) -> &'a str {
    if name.eq_ignore_ascii_case("href") {
        &value[..value.floor_char_boundary(SCHEME)]
    } else if name.eq_ignore_ascii_case("style") && !value.contains("none") && !value.contains("hidden") {
        ""
    } else {
        value
    }
}

/// Writes an attribute whose value is as it stood in the page, character references and all.
fn attribute(kept: &mut String, name: &str, value: &str) {
    // An unquoted value may hold both kinds of quotes; nobody means that.
    let Some(quote) = ['"', '\''].into_iter().find(|&quote| !value.contains(quote)) else {
        return;
    };
    kept.push(' ');
    kept.push_str(name);
    if !value.is_empty() {
        kept.push('=');
        kept.push(quote);
        kept.push_str(value);
        kept.push(quote);
    }
}

/// Writes what stands between two tags; white space that only sets off the markup shrinks to a line's end or a space.
fn text(kept: &mut String, text: &str) {
    let blank = text.len() > 1 && text.bytes().all(|b| b.is_ascii_whitespace());
    match (blank, text.contains('\n')) {
        (false, _) => kept.push_str(text),
        (true, true) => kept.push('\n'),
        (true, false) => kept.push(' '),
    }
}

/// Keeps apart what a left out piece kept apart: a lone `<` or `&` and what follows.
fn seam(kept: &mut String) {
    if !kept.is_empty() && !kept.ends_with(['>', '\n', ' ']) {
        kept.push_str("<!---->");
    }
}

/// Behind a comment, or what is read as one: `<!…>`, `<?…>`, `</…>`.
fn end_of_remark(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes[start + 1..].starts_with(b"!--") {
        end_of_comment(bytes, start)
    } else {
        memchr::memchr(b'>', &bytes[start..]).map(|end| start + end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::{Scan, fold};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_says_nothing_is_left_out() {
        let page = "<!DOCTYPE html><html lang=zh><head><!-- x --><link rel=icon href=i><SCRIPT>var a='<p>'</SCRIPT ><style>p{}</style>\n  \n\
            <title>a<b</title></head><body onload='x()' class=\"main\"><svg><path d=''/></svg><p style='color:red' data-x=\"1>2\">一\n\
            <a href=javascript:void(0);doIt() title='t'>二</a><p style=\"display:none\"><img data-original='a.jpg' alt=三><br/></p><?x ?></body>";
        assert_eq!(
            pruned(page),
            "<!DOCTYPE html><html lang=\"zh\"><head>\n<title>a<b</title></head><body class=\"main\"><p style>一\n\
            <a href=\"javascript:v\">二</a><p style=\"display:none\"><img data-original=\"a.jpg\" alt=\"三\"><br/></p></body>"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]
        #[test]
        fn the_text_stays(
            page in "(<p|<P|<img alt=|<div|<td|<b|</a|</p| href| style| class| content|=|\"|'|>|/|/>|<!--|-->|--!>|-|!|<!|<!doctype|<\\?|&amp;|&|#|x|字| |\n|<title|</title|<style|</style|<script|</script|<textarea|</textarea|<iframe|</iframe|<link|é|<|</){0,40}"
        ) {
            let (whole, pruned) = (Scan::of(&page), Scan::of(&pruned(&page)));
            prop_assert_eq!(fold(&pruned.text), fold(&whole.text));
            prop_assert_eq!(pruned.title, whole.title);
        }
    }
}
