//! Joins parts into one file.

use super::{Captured, Part};
use crate::{
    Spool, Truncation,
    fetch::{Client, Exchange, FetchError, Fetched, Request},
};
use sha2::{Digest, Sha256};
use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use swordnet_core::Sha256Hex;
use tempfile::NamedTempFile;
use url::Url;

/// Longest time for one file. Playlists are short and keep the policy's.
const FILE_TIMEOUT: Duration = Duration::from_secs(600);
/// Most bytes of a playlist or manifest.
const PLAYLIST_BYTES: u64 = 4 << 20;

/// Most segments of a stream that may be missing.
const MAX_MISSING: u32 = 5;
/// How often a transfer that broke off is taken up again.
const RESUMED: u32 = 3;

/// A file in the making.
pub(super) struct Joint<'a> {
    client: &'a Client,
    seen: &'a mut (dyn FnMut(&Fetched) + Send),
    dir: PathBuf,
    file: NamedTempFile,
    digest: Sha256,
    written: u64,
    most: u64,
    parts: u32,
    cut_off: bool,
    missing: u32,
}

/// A part of a resource: where it begins and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) from: u64,
    pub(super) length: u64,
}

impl<'a> Joint<'a> {
    pub(super) fn new(
        client: &'a Client,
        dir: &Path,
        most: u64,
        seen: &'a mut (dyn FnMut(&Fetched) + Send),
    ) -> Result<Joint<'a>, FetchError> {
        std::fs::create_dir_all(dir)?;
        let file = NamedTempFile::new_in(dir)?;
        let digest = Sha256::new();
        let dir = dir.to_owned();
        Ok(Joint {
            client,
            seen,
            dir,
            file,
            digest,
            written: 0,
            most,
            parts: 0,
            cut_off: false,
            missing: 0,
        })
    }

    /// Is there no room for more?
    pub(super) fn full(&self) -> bool {
        self.written >= self.most
    }

    /// Something is missing at the end.
    pub(super) fn cut_off(&mut self) {
        self.cut_off = true;
    }

    /// A playlist or manifest, with the address that answered.
    pub(super) async fn playlist(&mut self, url: &Url) -> Result<(Url, Vec<u8>), FetchError> {
        let request = Request {
            max_body: Some(PLAYLIST_BYTES),
            ..Request::get(url.clone())
        };
        let fetched = self.client.fetch(request).await?;
        (self.seen)(&fetched);
        let last = good(&fetched)?;
        Ok((last.url.clone(), last.body.bytes()?.to_vec()))
    }

    /// Adds a part.
    pub(super) async fn part(&mut self, url: &Url, range: Option<ByteRange>) -> Result<(), FetchError> {
        let left = self.most - self.written;
        let mut request = match range {
            Some(ByteRange { from, length }) if length > 0 => {
                Request::range(url.clone(), from, Some(from.saturating_add(length - 1)))
            }
            _ => Request {
                headers: vec![("accept-encoding".into(), "identity".into())],
                ..Request::get(url.clone())
            },
        };
        (request.max_body, request.timeout) = (Some(left), Some(FILE_TIMEOUT));
        let fetched = self.client.fetch(request).await?;
        (self.seen)(&fetched);
        let last = good(&fetched)?;
        // A server that knows no ranges sends the whole.
        let body = match range {
            Some(ByteRange { from, length }) if last.status == 200 => {
                last.body.slice(from, from.saturating_add(length))
            }
            _ => last.body.clone(),
        };
        self.parts += 1;
        self.append(&body)?;
        let broken = match (last.truncated, tag(last)) {
            (Some(Truncation::Disconnect | Truncation::Time), Some(tag)) => {
                let from = range.map_or(0, |range| range.from);
                let end = range
                    .filter(|range| range.length > 0)
                    .map(|range| from.saturating_add(range.length - 1));
                !self.resume(url, from + body.len(), end, tag).await
            }
            (truncated, _) => truncated.is_some(),
        };
        self.cut_off |= broken;
        Ok(())
    }

    /// Takes up a transfer where it broke off, as long as the server says that it is the same file; is it whole now?
    async fn resume(&mut self, url: &Url, mut from: u64, end: Option<u64>, tag: String) -> bool {
        for _ in 0..RESUMED {
            if self.full() {
                return false;
            }
            let mut request = Request::range(url.clone(), from, end);
            request.headers.push(("if-range".into(), tag.clone()));
            (request.max_body, request.timeout) = (Some(self.most - self.written), Some(FILE_TIMEOUT));
            let Ok(fetched) = self.client.fetch(request).await else {
                continue;
            };
            (self.seen)(&fetched);
            let last = fetched.last();
            let goes_on = last
                .header("content-range")
                .and_then(content_range)
                .is_some_and(|(at, _)| at == from);
            if last.status != 206 || !goes_on || self.append(&last.body).is_err() {
                return false;
            }
            from += last.body.len();
            match last.truncated {
                None => return true,
                Some(Truncation::Disconnect | Truncation::Time) => {}
                Some(_) => return false,
            }
        }
        false
    }

    /// Adds parts, in order.
    pub(super) async fn parts(&mut self, parts: &[Part]) -> Result<(), FetchError> {
        for part in parts {
            if self.full() {
                self.cut_off();
                break;
            }
            self.part_if_there(&part.url, part.range).await?;
        }
        Ok(())
    }

    /// Adds a part; where a few are missing, the rest is still worth having, and says that it is not all.
    pub(super) async fn part_if_there(
        &mut self,
        url: &Url,
        range: Option<ByteRange>,
    ) -> Result<(), FetchError> {
        match self.part(url, range).await {
            Err(FetchError::Status { .. } | FetchError::Timeout { .. })
                if self.parts > 0 && self.missing < MAX_MISSING =>
            {
                (self.missing, self.cut_off) = (self.missing + 1, true);
                Ok(())
            }
            other => other,
        }
    }

    fn append(&mut self, body: &Spool) -> Result<(), FetchError> {
        let mut reader = body.reader().take(self.most - self.written);
        let mut piece = vec![0; 64 << 10];
        loop {
            let n = reader.read(&mut piece)?;
            if n == 0 {
                break;
            }
            self.digest.update(&piece[..n]);
            self.file.write_all(&piece[..n])?;
            self.written += n as u64;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Captured, FetchError> {
        self.file.flush()?;
        let sha256 = Sha256Hex::from_array(self.digest.finalize().as_ref());
        let path = self.dir.join(sha256.as_str());
        self.file
            .persist(&path)
            .map_err(|error| FetchError::Io(error.to_string()))?;
        Ok(Captured {
            file: path,
            bytes: self.written,
            parts: self.parts,
            sha256,
            sound: None,
            cut_off: self.cut_off,
        })
    }
}

/// What a server calls this very state of a file: a strong entity tag, else the moment of its last change (RFC 9110,
/// section 13.1.5).
fn tag(exchange: &Exchange) -> Option<String> {
    let tag = exchange.strong_tag().or(exchange.header("last-modified"));
    tag.map(str::to_owned)
}

/// `bytes 0-99/1000`: the first byte and the length of the whole.
pub(super) fn content_range(value: &str) -> Option<(u64, u64)> {
    let (range, length) = value.trim().strip_prefix("bytes")?.trim().split_once('/')?;
    Some((
        range.split('-').next()?.trim().parse().ok()?,
        length.trim().parse().ok()?,
    ))
}

fn good(fetched: &Fetched) -> Result<&Exchange, FetchError> {
    let last = fetched.last();
    if matches!(last.status, 200 | 206) {
        return Ok(last);
    }
    Err(FetchError::Status {
        url: last.url.to_string(),
        status: last.status,
    })
}
