//! Fetches one address of a crawl and reads what came.

use super::{
    frontier::{Entry, Role},
    scope::body_fingerprint,
    sitemap,
    traps::content_fingerprint,
};
use crate::{
    fetch::{Client, Earlier, Error, Exchange, FetchError, Fetched, Follow, Request},
    read::{Reading, outline, read},
};
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use swordnet_core::{Access, Area};
use tokio::task::JoinHandle;
use url::Url;

/// Bytes of a film, picture or archive that are fetched when a page merely links to it.
const MEDIA_BYTES: u64 = 256 << 10;
/// Bodies above this are read on a thread that may block.
const READ_AT_ONCE: u64 = 256 << 10;

/// What became of an entry.
pub(super) struct Visited {
    pub(super) entry: Entry,
    pub(super) result: Result<Visit, FetchError>,
}

/// What came of a fetch.
pub(super) struct Visit {
    pub(super) fetched: Fetched,
    pub(super) reading: Option<Reading>,
    /// Fingerprint of the body.
    pub(super) body: u64,
    /// Fingerprint of what the page says, its numbers aside.
    pub(super) content: u64,
}

/// Visits that were begun, in that order; those still going end with it.
#[derive(Default)]
pub(super) struct UnderWay(VecDeque<JoinHandle<Visited>>);

impl UnderWay {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Begins a visit.
    pub(super) fn send_out(
        &mut self,
        client: &Client,
        entry: Entry,
        area: Option<Area>,
        earlier: Option<Earlier>,
    ) {
        let client = client.clone();
        self.0.push_back(tokio::spawn(async move {
            let result = visit(&client, &entry, area, earlier).await;
            Visited { entry, result }
        }));
    }

    /// Waits for the visit that was begun first.
    pub(super) async fn next(&mut self) -> Result<Option<Visited>, Error> {
        let Some(first) = self.0.front_mut() else {
            return Ok(None);
        };
        let visited = first.await.map_err(|error| Error::Sink(error.into()));
        self.0.pop_front();
        visited.map(Some)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Fetches an entry and reads what came.
async fn visit(
    client: &Client,
    entry: &Entry,
    area: Option<Area>,
    earlier: Option<Earlier>,
) -> Result<Visit, FetchError> {
    let refused = |why: String| FetchError::Address {
        url: entry.url.clone(),
        why,
    };
    let url = Url::parse(&entry.url).map_err(|error| refused(error.to_string()))?;
    let own = matches!(entry.role, Role::Start | Role::Page);
    let mut request = Request {
        max_media: Some(MEDIA_BYTES),
        ..Request::get(url)
    };
    if let Role::Sitemap(_) = entry.role {
        (request.max_body, request.max_media) = (Some(sitemap::MAX_BYTES), None);
        request.timeout = Some(client.policy().timeout.max(Duration::from_secs(60)));
    }
    if own {
        request.follow = Some(Arc::new(|_: &Url| false) as Follow);
    }
    let fetched = match earlier {
        Some(earlier) => fetch_if_changed(client, request, earlier).await?,
        None => client.fetch(request).await?,
    };
    let readable = fetched.last().status == 200
        && !matches!(entry.role, Role::Sitemap(_))
        && !fetched.last().body.is_empty();
    if !readable {
        return Ok(Visit {
            fetched,
            reading: None,
            body: 0,
            content: 0,
        });
    }
    if fetched.last().body.len() <= READ_AT_ONCE {
        return examine(fetched, area);
    }
    let examined = tokio::task::spawn_blocking(move || examine(fetched, area)).await;
    examined.map_err(|error| FetchError::Io(error.to_string()))?
}

/// What came, or what had come earlier where the server says that it has not changed.
async fn fetch_if_changed(
    client: &Client,
    request: Request,
    earlier: Earlier,
) -> Result<Fetched, FetchError> {
    let mut fetched = client.fetch(earlier.unless(request.clone())).await?;
    match fetched.hops.last_mut() {
        Some(last) if last.status == 304 && earlier.is_meant(last) => earlier.stand_in(last),
        Some(last) if last.status == 304 => return client.fetch(request).await,
        _ => {}
    }
    Ok(fetched)
}

fn examine(fetched: Fetched, area: Option<Area>) -> Result<Visit, FetchError> {
    let last = fetched.last();
    let body = last.body.bytes()?;
    let (url, kind) = (&last.url, last.header("content-type"));
    // A page that our reader stumbles over is a fault of ours, and no reason to give up the site.
    let reading = catch_unwind(AssertUnwindSafe(|| match area {
        Some(area) => read(area, url, kind, &body),
        None => outline(url, kind, &body),
    }));
    let reading = reading.unwrap_or_else(|_| Reading {
        remarks: vec!["pages that could not be read because of a fault in this program".to_owned()],
        ..Reading::default()
    });
    let files = reading
        .offers
        .iter()
        .filter(|offer| offer.access != Access::Page)
        .map(|offer| offer.url.as_str());
    let content = content_fingerprint(&body, files);
    let body = body_fingerprint(&body);
    Ok(Visit {
        reading: Some(reading),
        body,
        content,
        fetched,
    })
}

/// Is it a page, by what the server says or, where it says nothing, by its first byte?
pub(super) fn is_page(exchange: &Exchange) -> bool {
    if exchange.status != 200 {
        return false;
    }
    match exchange.header("content-type") {
        Some(kind) => {
            let kind = kind.to_ascii_lowercase();
            [
                "text/html",
                "text/plain",
                "text/xml",
                "application/xml",
                "+xml",
                "feed+json",
            ]
            .iter()
            .any(|k| kind.contains(k))
        }
        None => {
            let start = exchange.body.slice(0, 512).bytes().unwrap_or_default();
            start.trim_ascii_start().first() == Some(&b'<')
        }
    }
}
