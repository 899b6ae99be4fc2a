//! What hides behind a string: addresses under layers of escapes.

use super::address::{Promise, promise};
use super::script::{base64_decoded, unescaped};

/// Strings that one string may stand for, at most.
const MAX_REACHED: usize = 2_000;
/// Layers undone.
const MAX_LAYERS: u8 = 4;
/// Addresses taken of a playlist that stands in the page.
const MAX_LISTED: usize = 12;
/// Longer strings are looked at without undoing anything.
const MAX_LENGTH: usize = 1024 * 1024;

/// An address behind a string, with the title that the string gives it (`第01集$http://…`).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reached {
    pub address: String,
    pub title: String,
}

/// The addresses behind a string, the string itself among them if it is one; only such as are promised to be media, or
/// are whole addresses (`http://…`).
pub(super) fn reach(text: &str) -> Vec<Reached> {
    let mut reached = Vec::new();
    if text.len() <= MAX_LENGTH {
        layer(text, "", MAX_LAYERS, &mut reached);
    }
    reached
}

fn layer(text: &str, title: &str, left: u8, reached: &mut Vec<Reached>) {
    let text = text.trim();
    if text.len() < 5 || left == 0 || reached.len() >= MAX_REACHED {
        return;
    }
    // A playlist written into the page: what it lists first is enough to tell what it plays.
    if text.starts_with("#EXTM3U") {
        for line in text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .take(MAX_LISTED)
        {
            layer(line, title, left - 1, reached);
        }
        return;
    }
    // MacCMS and its kin: `第01集$http://…#第02集$http://…$$$…`.
    if text.contains('$')
        && (text.contains("http") || text.contains(".m3u8") || text.contains(".mp4"))
        && !text.starts_with("http")
    {
        for piece in text.split(['#', '\n']).flat_map(|piece| piece.split("$$$")) {
            let (title, address) = piece.split_once('$').unwrap_or(("", piece));
            let address = address.split('$').next().unwrap_or_default();
            layer(address, title, left - 1, reached);
        }
        return;
    }
    if text.starts_with("ed2k://|") {
        let address = text.replace('|', "%7C");
        return reached.push(Reached {
            address,
            title: title.trim().to_owned(),
        });
    }
    if let Some(inner) = wrapped(text) {
        return layer(&inner, title, left - 1, reached);
    }
    let escaped = text.contains('%') && !text.contains("://");
    if escaped {
        let inner = unescaped(text);
        if inner != text {
            return layer(&inner, title, left - 1, reached);
        }
    }
    if !looks_like_address(text) {
        if (16..=16 * 1024).contains(&text.len())
            && let Some(inner) = base64_decoded(text)
            && inner.is_ascii() | inner.contains("://")
        {
            layer(&inner, title, left - 1, reached);
        }
        return;
    }
    let text = text.replace("&amp;", "&");
    // A player's page that is told what to play: `/play.html?url=…`.
    if let Some((_, query)) = text.split_once('?').filter(|(before, _)| *before != "magnet:")
        && text.len() <= 16 * 1024
    {
        for (_, value) in query.split(['&', '#']).filter_map(|pair| pair.split_once('=')) {
            let value = unescaped(value);
            let nested = if looks_like_address(&value) {
                Some(value)
            } else {
                base64_decoded(&value).filter(|inner| value.len() >= 16 && looks_like_address(inner))
            };
            if let Some(nested) = nested.filter(|nested| !nested.starts_with('.'))
                && (matches!(promise(&nested), Promise::Media(..)) || nested.contains('%'))
            {
                layer(&nested, title, left - 1, reached);
            }
        }
    }
    reached.push(Reached {
        address: text,
        title: title.trim().to_owned(),
    });
}

/// Download managers' wrappings: `thunder://` + base64 of `AA…ZZ`, `flashget://` of `[FLASHGET]…`, `qqdl://`; and
/// playlists as `data:`.
fn wrapped(text: &str) -> Option<String> {
    if let Some(data) = text.strip_prefix("data:") {
        let (kind, data) = data.split_once(',')?;
        let kind = kind.to_ascii_lowercase();
        return kind.contains("mpegurl").then(|| {
            if kind.ends_with(";base64") {
                base64_decoded(data).unwrap_or_default()
            } else {
                unescaped(data)
            }
        });
    }
    let (scheme, rest) = text.split_once("://")?;
    let inner = match scheme.to_ascii_lowercase().as_str() {
        "thunder" => base64_decoded(rest)?
            .strip_prefix("AA")?
            .strip_suffix("ZZ")?
            .to_owned(),
        "flashget" => base64_decoded(rest.split('&').next()?)?.replace("[FLASHGET]", ""),
        "qqdl" => base64_decoded(rest)?,
        _ => return None,
    };
    Some(inner)
}

/// An address, whole or relative, without white space; no prose, no markup, no code.
pub(super) fn looks_like_address(text: &str) -> bool {
    if text.len() > 8 * 1024
        || text.contains(|c: char| c.is_control() || matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '`'))
    {
        return false;
    }
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    if lower.starts_with("http://")
        || lower.starts_with("https:/")
        || lower.starts_with("magnet:?")
        || lower.starts_with("ed2k://")
    {
        return true;
    }
    if text.contains(char::is_whitespace) {
        // `/files/My film.mp4` is an address; a sentence is none.
        return text.starts_with(['/', '.']) && matches!(promise(text), Promise::Media(..));
    }
    if text.starts_with('/') || text.starts_with("./") || text.starts_with("../") {
        return true;
    }
    // `video/a.mp4`, but neither `video/mp4` nor `.mp4`.
    matches!(promise(text), Promise::Media(..))
        && !text.starts_with('.')
        && !text.contains([',', ';', '(', ')', '\\', '*', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<String> {
        reach(text).into_iter().map(|reached| reached.address).collect()
    }

    #[test]
    fn layers_are_undone() {
        assert_eq!(addresses("http%3A%2F%2Fc%2Fp.m3u8"), ["http://c/p.m3u8"]);
        assert_eq!(addresses("aHR0cCUzQSUyRiUyRmMlMkZwLm0zdTg="), ["http://c/p.m3u8"]);
        assert_eq!(
            addresses("/play.html?url=http%3A%2F%2Fc%2Fp.m3u8&x=1")[0],
            "http://c/p.m3u8"
        );
        assert_eq!(
            addresses("thunder://QUFodHRwOi8vYy9hLm1wNFpa"),
            ["http://c/a.mp4"]
        );
        assert_eq!(addresses("/v/v.mp4"), ["/v/v.mp4"]);
    }

    #[test]
    fn playlists_in_a_string_keep_their_titles() {
        let reached = reach("第01集$http://c/1.m3u8#第02集$http://c/2.m3u8$$$高清$http://d/1.mp4");
        let pairs: Vec<_> = reached
            .iter()
            .map(|r| (r.title.as_str(), r.address.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("第01集", "http://c/1.m3u8"),
                ("第02集", "http://c/2.m3u8"),
                ("高清", "http://d/1.mp4")
            ]
        );
    }

    #[test]
    fn prose_and_types_are_no_addresses() {
        for text in [
            "video/mp4",
            ".mp4",
            "play the film.mp4 now",
            "use strict",
            "image/png,image/jpeg",
            "a{b}",
            "application/x-mpegURL",
        ] {
            assert_eq!(addresses(text), Vec::<String>::new(), "{text}");
        }
    }
}
