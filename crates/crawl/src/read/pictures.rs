//! Pictures that are works, and not the page's furniture.

use super::address::{Promise, promise};
use super::element::Element;
use super::page::Page;
use super::reading::Offer;
use swordnet_core::{Access, Medium};

/// Pictures declared smaller than this on either side are icons, buttons and counters.
const MIN_SIDE: u32 = 100;

/// Offers every picture that could be a work: the largest version that the page names.
pub(crate) fn read(page: &mut Page<'_>) {
    let elements = std::mem::take(&mut page.scan.elements);
    let mut linked = std::collections::HashSet::new();
    for (at, element) in elements.iter().enumerate() {
        match &*element.name {
            "img" | "amp-img" => {
                // A thumbnail inside a link to a picture gives way to that picture.
                let link = element
                    .inside
                    .and_then(|inside| elements.get(inside))
                    .filter(|link| &*link.name == "a");
                let original = link
                    .and_then(|link| link.get("href"))
                    .filter(|href| matches!(promise(href), Promise::Media(Medium::Image, _)));
                if let Some(href) = original {
                    linked.insert(at);
                    let title = words(element);
                    offer(page, href, Access::File, &title, true);
                } else {
                    image(page, element);
                }
            }
            _ => {
                for key in [
                    "data-original",
                    "data-bg",
                    "data-background-image",
                    "data-full",
                    "data-large",
                    "data-zoom-image",
                ] {
                    if let Some(address) = element
                        .get(key)
                        .filter(|address| matches!(promise(address), Promise::Media(Medium::Image, _)))
                    {
                        offer(page, address, Access::File, "", false);
                    }
                }
            }
        }
    }
    page.scan.elements = elements;
    for name in ["og:image", "og:image:secure_url", "twitter:image"] {
        let address = page.scan.meta(&[name]).map(str::to_owned);
        if let Some(address) = address.filter(|address| !furniture(address)) {
            offer(page, &address, Access::File, "", false);
        }
    }
}

fn image(page: &mut Page<'_>, element: &Element) {
    let side = |name: &str| {
        element
            .get(name)
            .and_then(|value| value.trim().trim_end_matches("px").parse::<u32>().ok())
    };
    let style = element.get("style").unwrap_or_default();
    if [side("width"), side("height")]
        .into_iter()
        .flatten()
        .any(|side| side < MIN_SIDE)
        || style.contains("display:none")
    {
        return;
    }
    let class = format!(
        "{} {}",
        element.get("class").unwrap_or_default(),
        element.get("id").unwrap_or_default()
    )
    .to_ascii_lowercase();
    if [
        "avatar", "icon", "logo", "emoji", "emot", "sprite", "qrcode", "captcha",
    ]
    .iter()
    .any(|word| class.contains(word))
    {
        return;
    }
    let Some(address) = largest(element) else { return };
    let title = words(element);
    offer(page, &address, Access::File, &title, false);
}

fn words(element: &Element) -> String {
    element
        .first(&["alt", "title", "data-caption"])
        .unwrap_or_default()
        .to_owned()
}

/// Offers one picture, unless its name says that it is furniture.
pub(super) fn offer(page: &mut Page<'_>, address: &str, access: Access, title: &str, linked: bool) {
    if (!linked && furniture(address))
        || address.trim_start().starts_with("data:")
        || matches!(promise(address), Promise::Other)
    {
        return;
    }
    if let Some(url) = page.base.web(address) {
        let mut offer = Offer::new(url, Medium::Image, access);
        offer.title = if title.trim().is_empty() {
            page.headline.clone()
        } else {
            title.to_owned()
        };
        page.offer(offer);
    }
}

/// Names of files that are parts of the page's dress.
fn furniture(address: &str) -> bool {
    let path = address
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    const WORDS: [&str; 18] = [
        "logo",
        "icon",
        "sprite",
        "avatar",
        "blank",
        "spacer",
        "pixel",
        "loading",
        "placeholder",
        "button",
        "banner_ad",
        "qrcode",
        "emoji",
        "arrow",
        "favicon",
        "grey.gif",
        "gray.gif",
        "transparent",
    ];
    WORDS.iter().any(|word| name.contains(word))
        || path.contains("/emoji/")
        || path.contains("/icons/")
        || path.contains("/avatar")
}

/// The largest version of a picture that its tag names: lazy attributes of the original, `srcset` by its descriptors,
/// then `src`.
fn largest(element: &Element) -> Option<String> {
    let original = [
        "data-original",
        "data-full",
        "data-large",
        "data-large-file",
        "data-orig-file",
        "data-zoom-image",
        "data-hires",
        "file",
        "zoomfile",
        "data-actualsrc",
    ];
    if let Some(address) = element.first(&original) {
        return Some(address.to_owned());
    }
    let set = element
        .first(&["srcset", "data-srcset", "data-lazy-srcset"])
        .and_then(best_of_set);
    set.or_else(|| {
        let lazy = element.first(&[
            "data-src",
            "data-lazy-src",
            "data-lazyload",
            "data-echo",
            "data-url",
        ]);
        lazy.filter(|address| !address.contains(',') || !address.contains(' '))
            .or(element.first(&["src"]))
            .map(str::to_owned)
    })
}

/// The candidate of a `srcset` with the greatest width or density.
fn best_of_set(set: &str) -> Option<String> {
    let mut best: Option<(f64, &str)> = None;
    // Commas separate candidates only after white space or before it: addresses may hold commas.
    let mut rest = set.trim();
    let mut left = 100;
    while !rest.is_empty() && left > 0 {
        left -= 1;
        rest = rest.trim_start_matches([' ', ',', '\n', '\t', '\r']);
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        let (descriptor, next) = after.split_once(',').unwrap_or((after, ""));
        let (address, descriptor, next) = if let Some(address) = address.strip_suffix(',') {
            (address, "", after)
        } else {
            (address, descriptor, next)
        };
        let size = descriptor
            .trim()
            .trim_end_matches(['w', 'x', 'h'])
            .parse()
            .unwrap_or(1.0);
        if !address.is_empty() && best.is_none_or(|(known, _)| size > known) {
            best = Some((size, address));
        }
        rest = next;
    }
    best.map(|(_, address)| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_a_set_is_taken() {
        assert_eq!(
            best_of_set("a.jpg 480w, b.jpg 1200w,c.jpg 800w").as_deref(),
            Some("b.jpg")
        );
        assert_eq!(best_of_set("a,1.jpg, a,2.jpg 2x").as_deref(), Some("a,2.jpg"));
        assert_eq!(best_of_set("a.jpg").as_deref(), Some("a.jpg"));
        assert_eq!(best_of_set(" , ,"), None);
    }
}
