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
mod feed;
mod links;
mod media;
mod page;
mod pictures;
mod reach;
mod reading;
mod scan;
mod script;
mod shares;
mod structured;

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
    let kind = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if let Some((medium, access)) = medium_itself(&kind, url, body) {
        let mut page = Page::new(area, url, "", encoding_rs::UTF_8);
        media::itself(&mut page, medium, access, body.len());
        return page.reading;
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

/// What bytes are that are no page: by their type, else by how they begin.
fn medium_itself(kind: &str, url: &Url, body: &[u8]) -> Option<(Medium, Access)> {
    if body.starts_with(b"#EXTM3U") {
        return Some((Medium::Video, Access::Hls));
    }
    if let Some(promised) = address::promise_of_type(kind).filter(|_| !kind.is_empty()) {
        return Some(promised);
    }
    let page = kind.contains("html") || kind.contains("xml") || kind.contains("json");
    let bytes = matches!(
        kind,
        "" | "application/octet-stream" | "binary/octet-stream" | "application/force-download"
    );
    match address::promise(url.path()) {
        address::Promise::Media(medium, access) if !page && bytes => Some((medium, access)),
        _ => None,
    }
}
