//! Asks whether what was captured is still what it was: conditional requests (RFC 9110, section 13).

use crate::fetch::{Client, FetchError, Fetched, Request};
use swordnet_core::{Sha256Hex, Validator};
use url::Url;

/// Most playlists of one stream.
const PLAYLISTS: usize = 8;
/// Longest playlist; and most of a body that comes although it was not wanted.
const PLAYLIST_BYTES: u64 = 4 << 20;
const UNWANTED: u64 = 64 << 10;

/// Notes, while a capture goes on, how its server could be asked later whether anything has changed.
#[derive(Debug, Default)]
pub struct Validators {
    playlists: Vec<Validator>,
    files: Vec<Validator>,
    /// Something came of which nobody can say later whether it has changed.
    unknowable: bool,
}

impl Validators {
    /// Notes an exchange of the capture.
    pub fn note(&mut self, fetched: &Fetched) {
        let (asked, last) = (&fetched.hops[0].url, fetched.last());
        if !matches!(last.status, 200 | 206) {
            return;
        }
        let mut validator = Validator {
            url: asked.to_string(),
            etag: last.strong_tag().map(str::to_owned),
            last_modified: last.header("last-modified").map(str::to_owned),
            sha256: None,
        };
        let same = |known: &Validator| known.url == validator.url;
        if self.playlists.iter().chain(&self.files).any(same) {
            return;
        }
        let body = (last.status == 200 && last.body.len() <= PLAYLIST_BYTES)
            .then(|| last.body.bytes().ok())
            .flatten();
        if let Some(body) = body.filter(|body| is_playlist(body)) {
            validator.sha256 = Some(Sha256Hex::of(&body));
            self.playlists.push(validator);
        } else if validator.etag.is_some() || validator.last_modified.is_some() {
            self.files.push(validator);
        } else {
            self.unknowable = true;
        }
    }

    /// What to ask: the playlists, and of the files the first, the one in the middle and the last. Empty where that would
    /// prove nothing.
    pub fn finish(mut self) -> Vec<Validator> {
        let last = self.files.len().saturating_sub(1);
        if self.unknowable || self.files.is_empty() || self.playlists.len() > PLAYLISTS {
            return Vec::new();
        }
        // A playlist names the files between; without one there is but one file.
        let mut asked = vec![0, last / 2, last];
        asked.dedup();
        let files = asked.into_iter().map(|at| self.files[at].clone());
        self.playlists.extend(files);
        self.playlists
    }
}

/// Is everything still as these say? `seen` is shown every exchange, for the archive.
///
/// A playlist is compared, a file is asked for on the condition that it has changed. A server can lie, as it can to a
/// browser: whoever relies on this looks at the whole again from time to time.
pub async fn unchanged(
    client: &Client,
    validators: &[Validator],
    seen: &mut (dyn FnMut(&Fetched) + Send),
) -> Result<bool, FetchError> {
    for validator in validators {
        let Ok(url) = Url::parse(&validator.url) else {
            return Ok(false);
        };
        let (etag, last_modified) = (validator.etag.as_deref(), validator.last_modified.as_deref());
        let mut request = Request::get(url).unless_unchanged(etag, last_modified);
        request.max_body = Some(PLAYLIST_BYTES);
        if validator.sha256.is_none() {
            // If it has changed, one byte is enough to learn of it.
            request.headers.push(("range".into(), "bytes=0-0".into()));
            request.max_body = Some(UNWANTED);
        }
        let fetched = client.fetch(request).await?;
        seen(&fetched);
        let last = fetched.last();
        let same = match (last.status, &validator.sha256) {
            (304, _) => true,
            (200, Some(digest)) => Sha256Hex::of(&last.body.bytes()?) == *digest,
            // Some servers heed no condition, and say the tag all the same.
            (200 | 206, None) => etag.is_some() && last.strong_tag() == etag,
            _ => false,
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(!validators.is_empty())
}

fn is_playlist(body: &[u8]) -> bool {
    let head = &body[..body.len().min(1024)];
    head.windows(7).any(|part| part == b"#EXTM3U") || head.windows(4).any(|part| part == b"<MPD")
}
