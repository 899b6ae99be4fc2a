//! Pages read into links, offers and articles.
//!
//! One linear pass over the tags serves all of it but the main text, for which a tree is built. What every area shares
//! stands here; what only one area knows stands in [`crate::areas`].
//!
//! Architecture invariant: nothing here opens a socket, reads a clock or fails. A page that cannot be read is a
//! [`Reading`] with little in it, and a hostile one costs time and memory in proportion to its (bounded) length.

mod address;
mod article;
mod ask;
mod charset;
mod credit;
mod date;
mod element;
mod feed;
mod links;
mod media;
mod page;
mod pictures;
mod prune;
mod reach;
mod reading;
mod scan;
mod script;
mod shares;
mod skim;
mod structured;
mod words;

pub use reading::{Article, Fact, Link, Offer, Reading, Rel};

pub(crate) use page::Page;
pub(crate) use structured::{Stated, goods};

use swordnet_core::{Access, Area, Medium};
use url::Url;

/// Reads a page of a site of this area.
///
/// `url` is the address that answered, `content_type` the header as it came, `body` the bytes with transfer and
/// content coding undone. Bytes that are no page (a film, a picture) give an offer of themselves.
pub fn read(area: Area, url: &Url, content_type: Option<&str>, body: &[u8]) -> Reading {
    if let Some((medium, access)) = medium_itself(content_type, url, body) {
        return itself(area, url, medium, access, body.len());
    }
    let (text, encoding) = charset::decode(content_type, url.host_str(), body);
    let mut page = Page::new(area, url, &text, encoding);
    if feed::is_feed(&text) {
        feed::read(&mut page);
        return page.reading;
    }
    links::read(&mut page);
    let blocks = structured::blocks(&page);
    structured::read(&mut page, &blocks);
    media::read(&mut page);
    shares::read(&mut page);
    let stated = structured::article(&blocks);
    crate::areas::read(&mut page, stated.as_ref());
    let heard = page
        .reading
        .offers
        .iter()
        .any(|offer| matches!(offer.medium, Medium::Video | Medium::Audio));
    page.reading.hidden_player = page.player && !heard;
    page.reading
}

/// Where a page leads and which files it names in its tags, and nothing else, for a fraction of what [`read`] costs.
pub fn outline(url: &Url, content_type: Option<&str>, body: &[u8]) -> Reading {
    let area = Area::CloudStorage;
    if let Some((medium, access)) = medium_itself(content_type, url, body) {
        return itself(area, url, medium, access, body.len());
    }
    let (text, encoding) = charset::decode(content_type, url.host_str(), body);
    if feed::is_feed(&text) {
        let mut page = Page::new(area, url, &text, encoding);
        feed::read(&mut page);
        return page.reading;
    }
    let mut page = Page::outlined(area, url, &text, encoding, skim::leading(&text));
    links::read(&mut page);
    let elements = std::mem::take(&mut page.scan.elements);
    for address in elements
        .iter()
        .filter_map(|element| element.get("href").or(element.get("src")))
    {
        if let address::Promise::Media(medium, access) = address::promise(address)
            && let Some(url) = page.base.web(address)
        {
            page.offer(Offer::new(url, medium, access));
        }
    }
    page.reading
}

/// Bytes that are no page: an offer of themselves.
fn itself(area: Area, url: &Url, medium: Medium, access: Access, length: usize) -> Reading {
    let mut page = Page::new(area, url, "", encoding_rs::UTF_8);
    media::itself(&mut page, medium, access, length);
    page.reading
}

/// Decodes a text as a page is decoded, and names the character set that fits it. Malformed sequences become U+FFFD.
pub fn decode(bytes: &[u8], content_type: Option<&str>) -> (String, String) {
    let (text, encoding) = charset::decode(content_type, None, bytes);
    (text.into_owned(), charset::name(encoding))
}

/// The main text of a page with its headline, author, date and credit line; `None` when there is none.
pub fn main_text(html: &[u8], content_type: Option<&str>, url: Option<&Url>) -> Option<Article> {
    let (text, encoding) = charset::decode(content_type, url.and_then(Url::host_str), html);
    let nowhere = Url::parse("http://localhost/").ok()?;
    let page = Page::new(Area::News, url.unwrap_or(&nowhere), &text, encoding);
    let stated = structured::article(&structured::blocks(&page));
    page.article_at(url, stated.as_ref())
}

/// What an address leads to, as far as its name and the server's word for it say.
pub(crate) enum Media {
    Of(Medium, Access),
    Unknown,
    Other,
}

/// Judges an address by the type it came with, else by its name.
pub(crate) fn media_of(address: &str, content_type: &str) -> Media {
    match (address::promise_of_type(content_type), address::promise(address)) {
        (Some((medium, access)), _) | (None, address::Promise::Media(medium, access)) => {
            Media::Of(medium, access)
        }
        (None, address::Promise::Unknown) => Media::Unknown,
        _ => Media::Other,
    }
}

/// What bytes are that are no page: by their type, else by how they begin.
fn medium_itself(content_type: Option<&str>, url: &Url, body: &[u8]) -> Option<(Medium, Access)> {
    let kind = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    if body.starts_with(b"#EXTM3U") {
        return Some((Medium::Video, Access::Hls));
    }
    if let Some(promised) = address::promise_of_type(&kind).filter(|_| !kind.is_empty()) {
        return Some(promised);
    }
    let page = kind.contains("html") || kind.contains("xml") || kind.contains("json");
    let bytes = matches!(
        kind.as_str(),
        "" | "application/octet-stream" | "binary/octet-stream" | "application/force-download"
    );
    match address::promise(url.path()) {
        address::Promise::Media(medium, access) if !page && bytes => Some((medium, access)),
        _ => None,
    }
}
