//! Structured data: schema.org in JSON-LD.

use super::page::{Page, cut};
use super::reading::{Fact, Offer};
use serde_json::Value;
use swordnet_core::{Access, Medium};

/// Nodes looked at in one page.
const MAX_NODES: usize = 10_000;

/// What JSON-LD says of the article.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Stated {
    pub headline: String,
    pub author: String,
    pub date: String,
    pub publisher: String,
    pub body: String,
}

/// The JSON-LD blocks of a page.
pub(super) fn blocks(page: &Page<'_>) -> Vec<Value> {
    page.scan
        .scripts
        .iter()
        .filter(|script| script.kind == "application/ld+json")
        .filter_map(|script| {
            let body = script
                .body
                .trim()
                .trim_start_matches("<![CDATA[")
                .trim_end_matches("]]>")
                .trim_end_matches(';');
            // Line breaks inside strings are the commonest fault of hand-written blocks.
            serde_json::from_str(body)
                .or_else(|_| serde_json::from_str(&body.replace(['\n', '\r', '\t'], " ")))
                .ok()
        })
        .collect()
}

/// Offers the films, songs and pictures that the blocks name.
pub(super) fn read(page: &mut Page<'_>, blocks: &[Value]) {
    for node in nodes(blocks) {
        let of = |word: &str| types(node).any(|kind| kind.contains(word));
        let medium =
            if of("VideoObject") || of("Movie") || of("Episode") || of("Clip") || of("BroadcastEvent") {
                Medium::Video
            } else if of("AudioObject") || of("MusicRecording") || of("PodcastEpisode") || of("AudioBook") {
                Medium::Audio
            } else {
                continue;
            };
        let title = text(node, &["name", "headline"]);
        for key in ["contentUrl", "contentURL", "encoding", "audio", "video"] {
            for address in addresses(node.get(key)) {
                let hint = Page::hint(node.get("encodingFormat").and_then(Value::as_str))
                    .unwrap_or((medium, Access::File));
                let before = page.reading.offers.len();
                if page.offer_behind(&address, Some(hint), &title) {
                    for offer in &mut page.reading.offers[before..] {
                        offer.author = cut(&person(node, &["byArtist", "author", "creator", "director"]));
                        offer.uploader = cut(&person(node, &["publisher", "uploader"]));
                        offer.published = text(node, &["uploadDate", "datePublished"]);
                        for (fact, key) in [(Fact::Duration, "duration"), (Fact::Views, "interactionCount")] {
                            let value = text(node, &[key]);
                            if !value.is_empty() {
                                offer.facts.push((fact, value));
                            }
                        }
                        let whole = person(node, &["inAlbum", "partOfSeries", "isPartOf"]);
                        if !whole.is_empty() {
                            offer.facts.push((Fact::PartOf, cut(&whole)));
                        }
                    }
                }
            }
        }
        for key in ["embedUrl", "embedURL"] {
            for address in addresses(node.get(key)) {
                page.frame(&address, "embed");
            }
        }
    }
}

/// What the blocks say of the page's article.
pub(super) fn article(blocks: &[Value]) -> Option<Stated> {
    let node = nodes(blocks).find(|node| {
        types(node).any(|kind| kind.ends_with("Article") || kind.ends_with("Posting") || kind == "Report")
    })?;
    Some(Stated {
        headline: text(node, &["headline", "name"]),
        author: person(node, &["author", "creator"]),
        date: text(node, &["datePublished", "dateCreated", "uploadDate"]),
        publisher: person(node, &["publisher", "sourceOrganization"]),
        body: text(node, &["articleBody"]),
    })
}

/// What the blocks say of goods: an offer of the page itself.
pub(crate) fn goods(page: &Page<'_>) -> Option<(Offer, Vec<String>)> {
    let blocks = blocks(page);
    let node = nodes(&blocks).find(|node| {
        types(node).any(|kind| {
            matches!(
                kind,
                "Product" | "Book" | "SoftwareApplication" | "MobileApplication"
            )
        })
    })?;
    let mut offer = Offer::new(page.url.clone(), Medium::Text, Access::Page);
    offer.title = text(node, &["name"]);
    offer.author = person(node, &["author", "creator"]);
    let priced = node
        .get("offers")
        .map(|offers| offers.as_array().and_then(|list| list.first()).unwrap_or(offers));
    if let Some(priced) = priced {
        offer.uploader = person(priced, &["seller", "offeredBy"]);
        let price = text(priced, &["price", "lowPrice"]);
        if !price.is_empty() {
            offer.facts.push((
                Fact::Price,
                format!("{price} {}", text(priced, &["priceCurrency"]))
                    .trim()
                    .to_owned(),
            ));
        }
    }
    for (fact, keys) in [
        (Fact::Isbn, ["isbn", "gtin13"]),
        (Fact::Version, ["softwareVersion", "version"]),
    ] {
        let value = text(node, &keys);
        if !value.is_empty() {
            offer.facts.push((fact, value));
        }
    }
    Some((offer, addresses(node.get("image"))))
}

/// Every object of the blocks, breadth first, bounded.
fn nodes(blocks: &[Value]) -> impl Iterator<Item = &Value> {
    let mut found: Vec<&Value> = blocks.iter().collect();
    let mut at = 0;
    while at < found.len() && found.len() < MAX_NODES {
        match found[at] {
            Value::Array(list) => found.extend(list.iter().take(MAX_NODES)),
            Value::Object(map) => found.extend(
                map.values()
                    .filter(|value| value.is_object() || value.is_array())
                    .take(MAX_NODES),
            ),
            _ => {}
        }
        at += 1;
    }
    found.into_iter().filter(|value| value.is_object())
}

fn types(node: &Value) -> impl Iterator<Item = &str> {
    let kind = node.get("@type");
    let list = kind
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    kind.and_then(Value::as_str)
        .into_iter()
        .chain(list.iter().filter_map(Value::as_str))
        .map(|kind| kind.rsplit(['/', ':']).next().unwrap_or(kind))
}

/// The first of these properties that holds words.
fn text(node: &Value, keys: &[&str]) -> String {
    keys.iter()
        .filter_map(|key| node.get(key))
        .find_map(|value| match value {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(list) => list
                .first()
                .and_then(Value::as_str)
                .map(|text| text.trim().to_owned()),
            Value::Object(map) => map
                .get("@value")
                .or(map.get("name"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            _ => None,
        })
        .unwrap_or_default()
}

/// The names of people or organisations, joined by commas.
fn person(node: &Value, keys: &[&str]) -> String {
    let name = |value: &Value| -> String {
        match value {
            Value::String(name) if !name.starts_with("http") => name.trim().to_owned(),
            Value::Object(_) => text(value, &["name"]),
            _ => String::new(),
        }
    };
    for key in keys {
        let names: Vec<String> = match node.get(key) {
            Some(Value::Array(list)) => list
                .iter()
                .take(20)
                .map(name)
                .filter(|name| !name.is_empty())
                .collect(),
            Some(value) => vec![name(value)],
            None => Vec::new(),
        };
        let joined = names.join(", ");
        if !joined.is_empty() {
            return joined;
        }
    }
    String::new()
}

/// Addresses: strings, lists of them, or objects with `url` or `contentUrl`.
fn addresses(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(address)) => vec![address.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .take(100)
            .flat_map(|item| addresses(Some(item)).into_iter().take(4))
            .collect(),
        Some(Value::Object(map)) => ["contentUrl", "url"]
            .iter()
            .filter_map(|key| map.get(*key).and_then(Value::as_str))
            .map(str::to_owned)
            .take(1)
            .collect(),
        _ => Vec::new(),
    }
}
