//! Feeds: RSS, Atom and JSON Feed, read as pages that link to their entries and carry some of their texts.

use super::address::promise_of_type;
use super::date;
use super::page::{Page, cut};
use super::reading::{Offer, Rel};
use super::scan::Scan;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use serde_json::Value;
use swordnet_core::{Access, Medium};

/// Entries read of one feed.
const MAX_ENTRIES: usize = 2_000;

/// An entry.
#[derive(Debug, Default)]
struct Entry {
    title: String,
    link: String,
    author: String,
    date: String,
    /// Markup, or plain text.
    content: String,
    /// Address and media type of what is attached.
    attached: Vec<(String, String)>,
}

/// Is this the beginning of a feed?
pub(super) fn is_feed(text: &str) -> bool {
    let mut end = text.len().min(2048);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    let start = head.trim_start_matches('\u{feff}').trim_start();
    (start.starts_with('<') && (head.contains("<rss") || head.contains("<feed") || head.contains("<rdf:RDF")))
        || (start.starts_with('{') && head.contains("jsonfeed.org/version"))
}

/// Reads a feed.
pub(super) fn read(page: &mut Page<'_>) {
    let text = page.html;
    let (title, entries) = if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        json(text)
    } else {
        xml(text)
    };
    page.reading.title = cut(&title);
    for entry in entries {
        take(page, entry);
    }
}

fn take(page: &mut Page<'_>, entry: Entry) {
    page.link(&entry.link, Rel::Page, false, &entry.title);
    let describe = |offer: &mut Offer| {
        offer.title = entry.title.clone();
        offer.author = cut(&entry.author);
        offer.published = date::stated(&entry.date).unwrap_or_default();
    };
    for (address, kind) in &entry.attached {
        if let Some(url) = page.base.web(address) {
            let (medium, access) = promise_of_type(kind).unwrap_or((Medium::Audio, Access::File));
            let mut offer = Offer::new(url, medium, access);
            describe(&mut offer);
            page.offer(offer);
        }
    }
    let scan = Scan::of(&entry.content);
    let text = super::article::paragraphs(&scan.text);
    if let Some(url) = page.base.web(&entry.link)
        && super::article::weight(&text) >= super::article::MIN_WEIGHT
    {
        let mut offer = Offer::new(url, Medium::Text, Access::Page);
        describe(&mut offer);
        offer.credit = super::credit::source(&text).unwrap_or_default();
        offer.text = Some(text);
        page.offer(offer);
    }
}

fn xml(text: &str) -> (String, Vec<Entry>) {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let (mut title, mut entries) = (String::new(), Vec::<Entry>::new());
    let mut inside = false;
    let mut said = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) | Ok(Event::Empty(tag)) => {
                let name = tag.name();
                said.clear();
                let attribute = |wanted: &str| {
                    let attribute = tag
                        .attributes()
                        .with_checks(false)
                        .flatten()
                        .take(32)
                        .find(|attribute| attribute.key.as_ref() == wanted.as_bytes())?;
                    attribute
                        .normalized_value(XmlVersion::Implicit1_0)
                        .ok()
                        .map(|value| value.into_owned())
                };
                match (name.as_ref(), entries.last_mut()) {
                    (b"item" | b"entry", _) => {
                        if entries.len() == MAX_ENTRIES {
                            break;
                        }
                        entries.push(Entry::default());
                        inside = true;
                    }
                    (b"link", Some(entry)) if inside => {
                        let rel = attribute("rel").unwrap_or_default();
                        if let Some(href) = attribute("href") {
                            if rel == "enclosure" {
                                entry.attached.push((href, attribute("type").unwrap_or_default()));
                            } else if entry.link.is_empty() && matches!(rel.as_str(), "" | "alternate") {
                                entry.link = href;
                            }
                        }
                    }
                    (b"enclosure" | b"media:content", Some(entry)) if inside && entry.attached.len() < 20 => {
                        if let Some(url) = attribute("url") {
                            entry.attached.push((url, attribute("type").unwrap_or_default()));
                        }
                    }
                    _ => {}
                }
            }
            Ok(Event::Text(text)) => said.push_str(&String::from_utf8_lossy(&text)),
            Ok(Event::CData(text)) => said.push_str(&String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(reference)) => match (&*reference.clone(), reference.resolve_char_ref()) {
                (_, Ok(Some(c))) => said.push(c),
                (b"lt", _) => said.push('<'),
                (b"gt", _) => said.push('>'),
                (b"amp", _) => said.push('&'),
                (b"quot", _) => said.push('"'),
                _ => said.push('\''),
            },
            Ok(Event::End(tag)) => {
                let said = std::mem::take(&mut said);
                let words = said.trim();
                match (tag.name().as_ref(), entries.last_mut()) {
                    (b"item" | b"entry", _) => inside = false,
                    (b"title", None) if title.is_empty() => title = words.to_owned(),
                    (b"title", Some(entry)) if inside => entry.title = words.to_owned(),
                    (b"link", Some(entry)) if inside && entry.link.is_empty() => {
                        entry.link = words.to_owned()
                    }
                    (b"dc:creator" | b"author" | b"name" | b"itunes:author", Some(entry))
                        if inside && entry.author.is_empty() =>
                    {
                        entry.author = words.to_owned()
                    }
                    (b"pubDate" | b"published" | b"dc:date" | b"updated", Some(entry))
                        if inside && entry.date.is_empty() =>
                    {
                        entry.date = words.to_owned()
                    }
                    (b"content:encoded" | b"content" | b"description" | b"summary", Some(entry))
                        if inside && words.len() > entry.content.len() =>
                    {
                        entry.content = words.to_owned();
                    }
                    _ => {}
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    (title, entries)
}

fn json(text: &str) -> (String, Vec<Entry>) {
    let Ok(feed) = serde_json::from_str::<Value>(text) else {
        return Default::default();
    };
    let word = |value: &Value, key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let items = feed
        .get("items")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let entries = items.iter().take(MAX_ENTRIES).map(|item| {
        let author = item
            .get("authors")
            .and_then(|authors| authors.get(0))
            .or(item.get("author"));
        let attached = item
            .get("attachments")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let html = word(item, "content_html");
        Entry {
            title: word(item, "title"),
            link: word(item, "url"),
            author: author.map(|author| word(author, "name")).unwrap_or_default(),
            date: word(item, "date_published"),
            content: if html.is_empty() {
                word(item, "content_text")
            } else {
                html
            },
            attached: attached
                .iter()
                .take(20)
                .map(|file| (word(file, "url"), word(file, "mime_type")))
                .collect(),
        }
    });
    (word(&feed, "title"), entries.collect())
}
