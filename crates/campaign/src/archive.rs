//! A WARC file in the making: everything that a fetch brought, as it was on the wire.

use crate::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use swordnet_core::{Sha256Hex, Timestamp, WarcSpan};
use swordnet_crawl::{BoxError, Client, Exchange, Fetched, Kind, Policy, Sink, Summary, read};
use swordnet_evidence::warc;
use url::Url;

/// Name and version of this program, as evidence states them.
pub(crate) const SOFTWARE: &str = concat!("swordnet/", env!("CARGO_PKG_VERSION"));

/// A WARC file in the making.
pub(crate) struct Archive(warc::Writer<BufWriter<File>>);

impl Archive {
    /// Begins an archive with its warcinfo record.
    pub fn begin(file: File, operator: &str, at: Timestamp) -> io::Result<Self> {
        let info = warc::Info {
            software: SOFTWARE,
            operator,
            fields: &[],
        };
        let out = BufWriter::with_capacity(256 << 10, file);
        Ok(Self(warc::Writer::new(out, &info, at)?.without_index()))
    }

    /// Archives a fetch with all its redirects; gives where it stands. The file's digest is known when it is closed.
    pub fn add(&mut self, fetched: &Fetched) -> io::Result<WarcSpan> {
        let start = self.0.position();
        for hop in &fetched.hops {
            self.exchange(hop)?;
        }
        Ok(WarcSpan {
            warc: Sha256Hex::of(b""),
            offset: start,
            length: self.0.position() - start,
        })
    }

    fn exchange(&mut self, hop: &Exchange) -> io::Result<(u64, u64)> {
        let mut metadata = Vec::new();
        if let Some(tls) = &hop.tls {
            metadata.push(("tls".to_owned(), format!("{tls:?}")));
        }
        self.0.exchange(&mut warc::Http {
            url: &hop.url,
            at: hop.at,
            peer: hop.peer.ip(),
            request: &hop.request,
            response: &mut hop.response.reader(),
            truncated: hop.truncated.map(|t| t.as_str()),
            metadata: &metadata,
        })
    }

    /// Writes out what is buffered.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()?.0.flush()
    }
}

/// Fetches sites into a WARC file, recognising nothing. The file appears when it is whole.
pub async fn crawl(policy: Policy, starts: &[Url], out: &Path, operator: &str) -> Result<Summary, Error> {
    let failed = |e| Error::file(out, e);
    let folder = out
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let at = (policy.clock)();
    let client = Client::new(policy).map_err(|e| Error::Bug(e.to_string()))?;
    let mut keeper = Keeper(Archive::begin(draft.reopen().map_err(failed)?, operator, at).map_err(failed)?);
    let summary = swordnet_crawl::crawl(&client, starts, None, &mut keeper)
        .await
        .map_err(|e| Error::Unreachable(e.to_string()))?;
    keeper.0.finish().map_err(failed)?;
    draft.persist(out).map_err(|e| failed(e.error))?;
    Ok(summary)
}

/// Archives everything, reads nothing.
struct Keeper(Archive);

#[async_trait::async_trait]
impl Sink for Keeper {
    async fn exchange(
        &mut self,
        _: Kind,
        fetched: &Fetched,
        _: Option<&read::Reading>,
    ) -> Result<(), BoxError> {
        self.0.add(fetched)?;
        Ok(())
    }
}
