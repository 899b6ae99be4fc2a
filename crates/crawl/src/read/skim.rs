//! The tags of a page that lead somewhere, found without tokenizing the rest.
//!
//! A crawl that recognises nothing would spend most of its time on markup that it throws away. Here tags are told
//! apart by brackets and quotes alone, in the states of the HTML Standard's tokenizer (section 13.2.5, from "tag open"
//! on); the few that lead on become the same elements as in the full [`Scan`], and a test holds one against the other.

use super::element::Element;
use super::scan::Scan;
use std::collections::HashSet;

/// Elements kept of one page, as in the full scan.
const MAX_ELEMENTS: usize = 200_000;

/// What a start tag means to us.
#[derive(Clone, Copy, PartialEq)]
struct Meaning {
    /// It may name an address.
    leads: bool,
    /// What follows is text up to the end tag of the same name.
    raw: bool,
}

fn meaning(name: &[u8]) -> Meaning {
    let mut lower = [0u8; 10];
    let Some(lower) = lower.get_mut(..name.len()) else {
        return Meaning {
            leads: false,
            raw: false,
        };
    };
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let (leads, raw) = match &*lower {
        b"a" | b"area" | b"base" | b"link" | b"meta" | b"frame" | b"video" | b"audio" | b"source"
        | b"embed" => (true, false),
        b"iframe" => (true, true),
        b"script" | b"style" | b"title" | b"textarea" | b"xmp" | b"noembed" | b"plaintext" => (false, true),
        _ => (false, false),
    };
    Meaning { leads, raw }
}

/// The elements that lead on, in the order of the page; links that repeat an address are left out.
pub(super) fn leading(html: &str) -> Vec<Element> {
    let bytes = html.as_bytes();
    let mut elements = Vec::new();
    let mut known = HashSet::new();
    let mut at = 0;
    while let Some(next) = memchr::memchr(b'<', &bytes[at..]) {
        let start = at + next;
        let after = match bytes.get(start + 1) {
            Some(b'!') if bytes[start + 2..].starts_with(b"--") => end_of_comment(bytes, start),
            Some(b'/') if bytes.get(start + 2).is_some_and(u8::is_ascii_alphabetic) => {
                attributes(html, end_of_name(bytes, start + 2), |_, _| {})
            }
            Some(b'!' | b'?' | b'/') => memchr::memchr(b'>', &bytes[start..]).map(|end| start + end + 1),
            Some(letter) if letter.is_ascii_alphabetic() => {
                let name_end = end_of_name(bytes, start + 1);
                let name = &bytes[start + 1..name_end];
                let meaning = meaning(name);
                let end = if meaning.leads {
                    take(html, start, name_end, &mut known, &mut elements)
                } else {
                    attributes(html, name_end, |_, _| {})
                };
                match end {
                    Some(end) if meaning.raw => end_of_raw(bytes, end, name),
                    end => end,
                }
            }
            _ => Some(start + 1),
        };
        match after {
            Some(after) if elements.len() < MAX_ELEMENTS => at = after,
            _ => break,
        }
    }
    elements
}

/// Reads one tag that leads on; gives where it ends.
fn take<'a>(
    html: &'a str,
    start: usize,
    name_end: usize,
    known: &mut HashSet<&'a str>,
    elements: &mut Vec<Element>,
) -> Option<usize> {
    let name = html[start + 1..name_end].to_ascii_lowercase();
    let anchor = name == "a";
    let mut element = Element {
        name: name.into(),
        ..Element::default()
    };
    let mut plain = true;
    let mut repeated = None;
    let end = attributes(html, name_end, |name, value| {
        let wanted = !anchor
            || ["href", "rel", "xlink:href"]
                .iter()
                .any(|word| name.eq_ignore_ascii_case(word));
        if !wanted {
            return;
        }
        plain &= !value.contains('&');
        if anchor {
            let place = value.split('#').next().unwrap_or_default();
            repeated = match repeated {
                None if name.eq_ignore_ascii_case("href") => Some(place.is_empty() || !known.insert(place)),
                // What `rel` says is to be heard each time.
                _ => Some(false),
            };
        }
        let name = name.to_ascii_lowercase();
        if element.get(&name).is_none() {
            element.attributes.push((name.into(), value.into()));
        }
    })?;
    if repeated == Some(true) || element.attributes.is_empty() {
        return Some(end);
    }
    if plain {
        elements.push(element);
    } else {
        // Character references are the tokenizer's business.
        elements.extend(Scan::of(&html[start..end]).elements);
    }
    Some(end)
}

pub(super) fn end_of_name(bytes: &[u8], start: usize) -> usize {
    let ends = |b: &u8| matches!(b, b'\t' | b'\n' | 0x0c | b'\r' | b' ' | b'/' | b'>');
    bytes[start..]
        .iter()
        .position(ends)
        .map_or(bytes.len(), |n| start + n)
}

/// Shows `each` the attributes of the tag that stands open at `at`; gives where the tag ends, `None` where the page
/// ends first.
#[inline]
pub(super) fn attributes<'a>(
    html: &'a str,
    mut at: usize,
    mut each: impl FnMut(&'a str, &'a str),
) -> Option<usize> {
    let bytes = html.as_bytes();
    let white = |b: u8| matches!(b, b'\t' | b'\n' | 0x0c | b'\r' | b' ');
    loop {
        while white(*bytes.get(at)?) || bytes[at] == b'/' {
            at += 1;
        }
        if bytes[at] == b'>' {
            return Some(at + 1);
        }
        let name = at;
        // An equals sign at the beginning belongs to the name.
        at += 1;
        while !(white(*bytes.get(at)?) || matches!(bytes[at], b'/' | b'>' | b'=')) {
            at += 1;
        }
        let name = &html[name..at];
        while white(*bytes.get(at)?) {
            at += 1;
        }
        if bytes[at] != b'=' {
            each(name, "");
            continue;
        }
        at += 1;
        while white(*bytes.get(at)?) {
            at += 1;
        }
        let value = match bytes[at] {
            b'>' => "",
            quote @ (b'"' | b'\'') => {
                let start = at + 1;
                at = start + memchr::memchr(quote, &bytes[start..])?;
                at += 1;
                &html[start..at - 1]
            }
            _ => {
                let start = at;
                while !(white(*bytes.get(at)?) || bytes[at] == b'>') {
                    at += 1;
                }
                &html[start..at]
            }
        };
        each(name, value);
    }
}

/// Behind the comment that begins at `start`; `<!-->` and `<!--->` are whole ones.
pub(super) fn end_of_comment(bytes: &[u8], start: usize) -> Option<usize> {
    memchr::memchr_iter(b'>', &bytes[start..])
        .map(|end| start + end)
        .find(|&end| {
            bytes[start + 2..end].ends_with(b"--")
                || end > start + 6 && bytes[start + 4..end].ends_with(b"--!")
        })
        .map(|end| end + 1)
}

/// The end tag of an element that holds nothing but text; what follows it is markup again.
pub(super) fn end_of_raw(bytes: &[u8], start: usize, name: &[u8]) -> Option<usize> {
    if name.eq_ignore_ascii_case(b"plaintext") {
        return None;
    }
    memchr::memchr_iter(b'<', &bytes[start..])
        .map(|at| start + at)
        .find(|&at| {
            let tag = &bytes[at + 1..];
            tag.first() == Some(&b'/')
                && tag
                    .get(1..=name.len())
                    .is_some_and(|tag| tag.eq_ignore_ascii_case(name))
                && tag
                    .get(name.len() + 1)
                    .is_some_and(|b| b"\t\n\x0c\r />".contains(b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Where the elements lead, in order and each address once, as the readers of links ask for it.
    fn addresses(elements: &[Element]) -> Vec<String> {
        let mut all = Vec::new();
        for element in elements {
            if !meaning(element.name.as_bytes()).leads {
                continue;
            }
            for name in ["href", "src", "content"] {
                if &*element.name == "a" && name != "href" {
                    continue;
                }
                let Some(value) = element.get(name) else { continue };
                let value = if &*element.name == "a" {
                    value.split('#').next().unwrap_or_default()
                } else {
                    value
                };
                let found = format!("{} {value}", element.name);
                if !value.is_empty() && !all.contains(&found) {
                    all.push(found);
                }
            }
        }
        all
    }

    #[test]
    fn odd_markup_is_read_as_browsers_do() {
        let page = "<A HREF=one>x</a><a title='>' href = 'two'>y</a><!-- <a href=c> --!><a href=three/><!--><a href=four><a\nhref=\"five?a=1&amp;b=2\">\
            <script>'<a href=no>'</script ><title><a href=no></title><a href=#top><a href=one#x><textarea><a href=no></textarea>\
            <iframe src=six><a href=no></iframe><a =href=no href=seven><? <a href=eight><a href=nine";
        assert_eq!(
            addresses(&leading(page)),
            [
                "a one",
                "a two",
                "a three/",
                "a four",
                "a five?a=1&b=2",
                "iframe six",
                "a seven"
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]
        #[test]
        fn it_finds_what_the_full_scan_finds(
            page in "(<a|<A|<iframe|<frame|<base|<meta|<link|<b|</a|</b| href| src| content|=|\"|'|>|/|/>|<!--|-->|--!>|-|!|<!|<\\?|&amp;|&|#|x|y| |\n|<title|</title|<style|</style|<textarea|</textarea|</iframe|é|<){0,40}"
        ) {
            prop_assert_eq!(addresses(&leading(&page)), addresses(&Scan::of(&page).elements));
        }
    }
}
