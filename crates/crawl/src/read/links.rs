//! Where a page leads.

use super::element::Element;
use super::page::Page;
use super::reading::Rel;

/// Reads every kind of link that leads people or their browsers on.
pub(super) fn read(page: &mut Page<'_>) {
    robots(page);
    let elements = std::mem::take(&mut page.scan.elements);
    for element in &elements {
        match &*element.name {
            "a" | "area" => anchor(page, element),
            "frame" => {
                if let Some(src) = element.get("src") {
                    page.link(src, Rel::Frame, false, "");
                }
            }
            "iframe" | "amp-iframe" => frame(page, element),
            "link" => relation(page, element),
            "meta" => refresh(page, element),
            // Images of SVG and the like link through their own attribute.
            _ => {
                if let Some(href) = element
                    .get("xlink:href")
                    .filter(|_| !matches!(&*element.name, "use" | "image" | "script"))
                {
                    page.link(href, Rel::Page, false, "");
                }
            }
        }
    }
    page.scan.elements = elements;
}

/// A frame, with the words by which its tag may say that it holds a player.
pub(super) fn frame(page: &mut Page<'_>, element: &Element) {
    let Some(src) = element.first(&["src", "data-src", "data-lazy-src", "data-original"]) else {
        return;
    };
    let words: Vec<&str> = element
        .attributes
        .iter()
        .flat_map(|(name, value)| {
            let told = matches!(&**name, "id" | "class" | "name" | "title");
            [&**name, if told { value } else { "" }]
        })
        .collect();
    page.frame(src, &words.join(" "));
}

/// `<meta name=robots content="noindex, nofollow">`, for all robots or for ours.
fn robots(page: &mut Page<'_>) {
    for content in page.scan.metas("robots") {
        for word in content.split([',', ' ']) {
            match word.trim().to_ascii_lowercase().as_str() {
                "nofollow" => page.reading.no_follow = true,
                "noindex" => page.reading.no_index = true,
                "none" => (page.reading.no_follow, page.reading.no_index) = (true, true),
                _ => {}
            }
        }
    }
}

fn anchor(page: &mut Page<'_>, element: &Element) {
    let Some(href) = element.get("href").or_else(|| element.get("xlink:href")) else {
        return;
    };
    let rel = element.get("rel").unwrap_or_default().to_ascii_lowercase();
    let has = |word: &str| rel.split_ascii_whitespace().any(|rel| rel == word);
    let text = if element.end > element.start {
        page.scan.text_of(element)
    } else {
        String::new()
    };
    let text = if text.is_empty() {
        element
            .first(&["title", "aria-label", "alt"])
            .unwrap_or_default()
            .to_owned()
    } else {
        text
    };
    let kind = if has("next") || next_words(&text) {
        Rel::Next
    } else {
        Rel::Page
    };
    page.link(
        href,
        kind,
        has("nofollow") || has("ugc") || has("sponsored"),
        &text,
    );
}

/// Words on links to the next page, chapter or episode.
fn next_words(text: &str) -> bool {
    let word = text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '>' | '»' | '›' | '→' | '[' | ']' | '(' | ')' | '（' | '）')
    });
    matches!(
        word,
        "下一页"
            | "下页"
            | "下一章"
            | "下一节"
            | "下一回"
            | "下一集"
            | "后一页"
            | "下一頁"
            | "下一篇"
            | "下一话"
            | "下一张"
            | "下一图"
    ) || matches!(
        word.to_ascii_lowercase().as_str(),
        "next" | "next page" | "next chapter" | "next episode"
    )
}

fn relation(page: &mut Page<'_>, element: &Element) {
    let Some(href) = element.get("href") else { return };
    let rel = element.get("rel").unwrap_or_default().to_ascii_lowercase();
    let kind = element.get("type").unwrap_or_default().to_ascii_lowercase();
    for word in rel.split_ascii_whitespace() {
        match word {
            "canonical" if page.reading.canonical.is_none() => {
                page.reading.canonical = page.base.web(href).map(|mut url| {
                    url.set_fragment(None);
                    url
                });
            }
            "next" => page.link(href, Rel::Next, false, ""),
            "prev" | "contents" | "index" | "chapter" | "start" | "first" | "last" | "up" => {
                page.link(href, Rel::Page, false, "")
            }
            "alternate" if kind.contains("rss") || kind.contains("atom") || kind.contains("feed+json") => {
                page.link(href, Rel::Feed, false, "")
            }
            "alternate" | "amphtml" if !kind.contains("oembed") => page.link(href, Rel::Alternate, false, ""),
            _ => {}
        }
    }
}

/// `<meta http-equiv=refresh content="0; url=…">`.
fn refresh(page: &mut Page<'_>, element: &Element) {
    if !element
        .get("http-equiv")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("refresh"))
    {
        return;
    }
    let content = element.get("content").unwrap_or_default();
    let Some((_, rest)) = content.split_once([';', ',']) else {
        return;
    };
    let rest = rest.trim_start();
    let address = match rest.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => {
            rest[3..].trim_start().strip_prefix('=').unwrap_or(rest)
        }
        _ => rest,
    };
    page.link(address.trim().trim_matches(['"', '\'']), Rel::Refresh, false, "");
}
