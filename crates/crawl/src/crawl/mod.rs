//! Checks a whole site, breadth first, within bounds.

mod frontier;
mod journey;
mod scope;
mod sitemap;
mod traps;
mod visit;

use crate::{
    fetch::{Client, Earlier, Error, Fetched},
    read::Reading,
};
use async_trait::async_trait;
use swordnet_core::{Area, VisitEnd};
use url::Url;

#[cfg(feature = "fuzzing")]
pub(crate) fn read_sitemap(body: &crate::Spool, at: &Url) {
    drop(sitemap::parse(body, at));
}

/// An error of whoever takes what was fetched.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What an exchange was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A robots.txt.
    Robots,
    /// A sitemap.
    Sitemap,
    /// A page.
    Page,
    /// Something else that a page linked to: a picture, a document, the beginning of a film; or a status that is no
    /// success.
    Other,
}

/// Takes what a crawl fetches, as it comes.
#[async_trait]
pub trait Sink: Send {
    /// One fetch, redirects included, and what its last response says, where it was read.
    async fn exchange(
        &mut self,
        kind: Kind,
        fetched: &Fetched,
        reading: Option<&Reading>,
    ) -> Result<(), BoxError>;

    /// What a page gave before, if it is still there: its server is asked on the condition that something has changed, and
    /// what it gave then is read as if it came now (see [`Exchange::unchanged`](crate::Exchange::unchanged)).
    async fn earlier(&mut self, _url: &str) -> Result<Option<Earlier>, BoxError> {
        Ok(None)
    }
}

/// How a crawl went.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Pages that were fetched and read.
    pub pages: u64,
    /// Bytes of all responses, as on the wire.
    pub bytes: u64,
    /// Addresses that were left alone because robots.txt forbids them.
    pub refused_by_robots: u64,
    /// Requests that failed: no answer, a broken one, or a status from 500.
    pub errors: u64,
    /// Pages whose bytes had come from another address already.
    pub duplicates: u64,
    /// How it ended.
    pub end: VisitEnd,
    /// What went wrong or looked odd, a line each.
    pub remarks: Vec<String>,
}

/// Fetches everything that these addresses lead to on their own sites, and hands it to `sink`.
///
/// A site is a host (`www.` aside) with its port; links elsewhere are left alone, but for the frames of players, which
/// are looked into and not followed further. `area` says how pages are read; with `None` they are read for nothing but
/// where they lead.
pub async fn crawl(
    client: &Client,
    start: &[Url],
    area: Option<Area>,
    sink: &mut dyn Sink,
) -> Result<Summary, Error> {
    journey::Journey::new(client, start, area)?.run(sink).await
}
