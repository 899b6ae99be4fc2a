//! Parsers of foreign bytes that have no door of their own, for the fuzz targets alone.

use crate::{Spool, capture, crawl, read};
use swordnet_core::Area;
use url::Url;

fn here() -> Url {
    #[expect(clippy::unwrap_used, reason = "it is an address")]
    Url::parse("http://site.test/a/b").unwrap()
}

/// A sitemap.
pub fn sitemap(bytes: &[u8]) {
    crawl::read_sitemap(&Spool::from(bytes::Bytes::copy_from_slice(bytes)), &here());
}

/// An HLS playlist.
pub fn playlist(bytes: &[u8]) {
    capture::read_playlist(&here(), bytes);
}

/// A DASH manifest.
pub fn manifest(bytes: &[u8]) {
    capture::read_manifest(&here(), bytes);
}

/// The indexes of MP4 and Matroska files.
pub fn film(bytes: &[u8]) {
    capture::read_index(bytes);
}

/// A feed.
pub fn feed(bytes: &[u8]) {
    let page = [b"<rss>", bytes].concat();
    read(Area::PublicAccount, &here(), Some("application/rss+xml"), &page);
    let page = [b"{\"version\": \"https://jsonfeed.org/version/1.1\",", bytes].concat();
    read(Area::PublicAccount, &here(), Some("application/feed+json"), &page);
}

/// An Android package.
pub fn apk(bytes: &[u8]) {
    crate::apk::read(&Spool::from(bytes::Bytes::copy_from_slice(bytes)));
}
