//! Pages read into links, offers and articles.
//!
//! One parse of the page serves all of it. What every area shares stands here; what only one area knows stands in
//! [`crate::areas`].
//!
//! Architecture invariant: nothing here opens a socket, reads a clock or fails. A page that cannot be read is a
//! [`Reading`] with little in it, and a hostile one costs time and memory in proportion to its (bounded) length.

mod reading;

pub use reading::{Article, Fact, Link, Offer, Reading, Rel};

use swordnet_core::Area;
use url::Url;

/// Reads a page of a site of this area.
///
/// `url` is the address that answered, `content_type` the header as it came, `body` the bytes with transfer and
/// content coding undone. Bytes that are no page (a film, a picture) give an offer of themselves.
pub fn read(area: Area, url: &Url, content_type: Option<&str>, body: &[u8]) -> Reading {
    let _ = (area, url, content_type, body);
    Reading::default()
}

/// The main text of a page with its headline, author, date and credit line; `None` when there is none.
pub fn main_text(html: &[u8], content_type: Option<&str>, url: Option<&Url>) -> Option<Article> {
    let _ = (html, content_type, url);
    None
}
