//! Looks at a long film through a few keyholes: enough of its bytes to recognise it, and no more.
//!
//! Of an MP4 or Matroska file the index is fetched, which says where in the file each moment stands, then the bytes of a
//! few seconds at several places. A transport stream needs no index; of a playlist or manifest a few segments are
//! fetched. The whole is worth its bytes only when something was recognised.

mod matroska;
mod mp4;
mod transport;

use super::{
    dash, hls,
    join::{Joint, content_range},
};
use crate::fetch::{Client, FetchError, Fetched, Request};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::{fs::File, os::unix::fs::FileExt, path::Path, path::PathBuf};
use swordnet_core::{Access, Sha256Hex};
use url::Url;

/// Places of a film that are looked at.
const PLACES: usize = 5;
/// Fewest of them.
const FEWEST: usize = 2;
/// Seconds at each.
const SECONDS: f64 = 4.0;
/// What is decoded of a file that begins at a place.
const BEGINNING: Option<(f64, f64)> = Some((0.0, SECONDS));
/// What is shorter, or smaller, is fetched whole.
const SHORT: f64 = 600.0;
const SMALL: u64 = 16 << 20;
/// One byte of so many is fetched, at most.
const SHARE: u64 = 50;
/// And of a transport stream, which is cut blindly.
const BLIND_SHARE: u64 = 60;
/// Bytes from the beginning of a file: most containers say here what they are and where their index is.
const HEAD: u64 = 64 << 10;
/// Largest index.
const MAX_INDEX: u64 = 64 << 20;

/// A few seconds of a film.
#[derive(Clone, Debug, PartialEq)]
pub struct Glimpse {
    /// A file that holds them.
    pub file: PathBuf,
    /// Which seconds of that file, where it holds anything else; what lies outside may be missing.
    pub span: Option<(f64, f64)>,
}

/// What a probe brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Glimpses {
    /// The places, in the order of the film.
    pub places: Vec<Glimpse>,
    /// Bytes that were fetched of the film: index and places.
    pub bytes: u64,
    /// Bytes of the whole, where they are known.
    pub of: Option<u64>,
    /// Digest of what was fetched: the same places of the same film give the same one.
    pub sha256: Sha256Hex,
}

/// Fetches a few seconds of a long film from several places into files in `dir`. `None`: it is better fetched whole, because it is
/// short or the server or the container allows nothing else. `seen` is shown every exchange.
pub async fn probe(
    client: &Client,
    url: &Url,
    access: Access,
    dir: &Path,
    seen: &mut (dyn FnMut(&Fetched) + Send),
) -> Result<Option<Glimpses>, FetchError> {
    std::fs::create_dir_all(dir)?;
    match access {
        Access::Hls => {
            let mut joint = Joint::new(client, dir, 0, seen)?;
            let stream = hls::stream(&mut joint, url).await?;
            segments(client, dir, seen, stream.places(PLACES, SECONDS, SHORT)?).await
        }
        Access::Dash => {
            let mut joint = Joint::new(client, dir, 0, seen)?;
            let places = dash::places(&mut joint, url, PLACES, SHORT).await?;
            segments(client, dir, seen, places).await
        }
        _ => {
            file(Look {
                client,
                url,
                dir,
                seen,
                digest: Sha256::new(),
                bytes: 0,
                etag: None,
            })
            .await
        }
    }
}

/// Joins the parts of each place into a file of its own.
async fn segments(
    client: &Client,
    dir: &Path,
    seen: &mut (dyn FnMut(&Fetched) + Send),
    places: Vec<Vec<super::Part>>,
) -> Result<Option<Glimpses>, FetchError> {
    if places.is_empty() {
        return Ok(None);
    }
    let (mut files, mut bytes, mut digest) = (Vec::new(), 0, Sha256::new());
    for parts in places {
        let mut joint = Joint::new(client, dir, MAX_INDEX, seen)?;
        for part in &parts {
            joint.part(&part.url, part.range).await?;
        }
        let taken = joint.finish()?;
        bytes += taken.bytes;
        digest.update(taken.sha256.as_str());
        files.push(Glimpse {
            file: taken.file,
            span: BEGINNING,
        });
    }
    let sha256 = Sha256Hex::from_array(digest.finalize().as_ref());
    Ok(Some(Glimpses {
        places: files,
        bytes,
        of: None,
        sha256,
    }))
}

/// A file that is looked at piece by piece.
struct Look<'a> {
    client: &'a Client,
    url: &'a Url,
    dir: &'a Path,
    seen: &'a mut (dyn FnMut(&Fetched) + Send),
    digest: Sha256,
    bytes: u64,
    etag: Option<String>,
}

impl Look<'_> {
    /// The bytes `from..to`, and the length of the whole; `None` where the server gives no part of this file.
    async fn range(&mut self, from: u64, to: u64) -> Result<Option<(Bytes, u64)>, FetchError> {
        if to <= from {
            return Ok(None);
        }
        let mut request = Request::range(self.url.clone(), from, Some(to - 1));
        request.max_body = Some(to - from);
        if let Some(etag) = &self.etag {
            request.headers.push(("if-range".into(), etag.clone()));
        }
        let fetched = self.client.fetch(request).await?;
        (self.seen)(&fetched);
        let last = fetched.last();
        if last.status >= 400 {
            return Err(FetchError::Status {
                url: last.url.to_string(),
                status: last.status,
            });
        }
        let place = last.header("content-range").and_then(content_range);
        let Some((start, length)) = place.filter(|(start, _)| last.status == 206 && *start == from) else {
            return Ok(None);
        };
        self.etag = self.etag.take().or(last.strong_tag().map(str::to_owned));
        let bytes = last.body.bytes()?;
        let wanted = to.min(length).saturating_sub(start);
        if last.truncated.is_some() && (bytes.len() as u64) < wanted {
            return Ok(None);
        }
        self.bytes += bytes.len() as u64;
        self.digest.update(start.to_le_bytes());
        self.digest.update(&bytes);
        Ok(Some((bytes, length)))
    }

    fn finish(self, places: Vec<Glimpse>, of: u64) -> Glimpses {
        let sha256 = Sha256Hex::from_array(self.digest.finalize().as_ref());
        Glimpses {
            places,
            bytes: self.bytes,
            of: Some(of),
            sha256,
        }
    }
}

/// Seconds of the film, and the bytes that hold them.
type Place = ((f64, f64), (u64, u64));

/// As many places as fit into our share of the bytes; `place` says what one at a moment costs.
fn afford(seconds: f64, spent: u64, length: u64, place: impl Fn(f64) -> Option<Place>) -> Option<Vec<Place>> {
    (FEWEST..=PLACES).rev().find_map(|places| {
        let moment = |n| seconds * (2 * n + 1) as f64 / (2 * places) as f64;
        let all: Option<Vec<_>> = (0..places).map(|n| place(moment(n))).collect();
        let all = all?;
        let cost: u64 = all.iter().map(|(_, (from, to))| to.saturating_sub(*from)).sum();
        (spent + cost <= length / SHARE).then_some(all)
    })
}

async fn file(mut look: Look<'_>) -> Result<Option<Glimpses>, FetchError> {
    let Some((head, length)) = look.range(0, HEAD).await? else {
        return Ok(None);
    };
    if length < SMALL {
        return Ok(None);
    }
    if head.get(4..8) == Some(b"ftyp") {
        mp4(look, head, length).await
    } else if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        matroska(look, head, length).await
    } else if transport::synchronous(&head).is_some() {
        transport(look, &head, length).await
    } else {
        Ok(None)
    }
}

/// MP4: the pieces stand where they stood, in a file that holds nothing else.
async fn mp4(mut look: Look<'_>, head: Bytes, length: u64) -> Result<Option<Glimpses>, FetchError> {
    let (mut at, mut window, mut window_at) = (0, head.clone(), 0);
    let mut index = None;
    // Boxes before the index are few: its type, free space, the film itself.
    for _ in 0..16 {
        if at + 16 > window_at + window.len() as u64 {
            let Some((next, _)) = look.range(at, (at + 16).min(length)).await? else {
                return Ok(None);
            };
            (window, window_at) = (next, at);
        }
        let Some((kind, size)) = mp4::header(&window[(at - window_at) as usize..], length - at) else {
            return Ok(None);
        };
        if &kind == b"moov" {
            if size > MAX_INDEX.min(length / SHARE) {
                return Ok(None);
            }
            index = Some((at, size));
            break;
        }
        at += size;
        if at + 16 > length {
            break;
        }
    }
    let Some((index_at, size)) = index else {
        return Ok(None);
    };
    let moov = if index_at + size <= head.len() as u64 {
        head.slice(index_at as usize..(index_at + size) as usize)
    } else {
        let Some((moov, _)) = look.range(index_at, index_at + size).await? else {
            return Ok(None);
        };
        moov
    };
    let Some(index) = mp4::Index::read(&moov).filter(|index| index.seconds >= SHORT) else {
        return Ok(None);
    };
    let place = |moment| {
        let from = index.cheapest(moment);
        let until = from + SECONDS;
        Some(((from, until), index.range(from, until, length)?))
    };
    let Some(places) = afford(index.seconds, look.bytes, length, place) else {
        return Ok(None);
    };
    let path = look.dir.join(format!("glimpse-{}", &hex(&look)[..16]));
    let out = File::create(&path)?;
    out.set_len(length)?;
    out.write_all_at(&head, 0)?;
    out.write_all_at(&moov, index_at)?;
    let mut glimpses = Vec::new();
    // Decoders look at the first frames to know what they have.
    let first = index.range(0.0, 0.2, length).map(|range| (None, range));
    for (span, (from, to)) in first
        .into_iter()
        .chain(places.into_iter().map(|(at, range)| (Some(at), range)))
    {
        let Some((bytes, _)) = look.range(from, to).await? else {
            return Ok(None);
        };
        out.write_all_at(&bytes, from)?;
        if span.is_some() {
            glimpses.push(Glimpse {
                file: path.clone(),
                span,
            });
        }
    }
    Ok(Some(look.finish(glimpses, length)))
}

/// Matroska and WebM: the file's head and the clusters of a place make a file that begins at that place.
async fn matroska(mut look: Look<'_>, head: Bytes, length: u64) -> Result<Option<Glimpses>, FetchError> {
    let Some(start) = matroska::Start::read(&head) else {
        return Ok(None);
    };
    let Some(cues_at) = start.cues.filter(|at| *at < length) else {
        return Ok(None);
    };
    // Its own header says how long the list is.
    let Some((cues, _)) = look.range(cues_at, (cues_at + HEAD).min(length)).await? else {
        return Ok(None);
    };
    let size = matroska::whole(&cues).unwrap_or(0);
    let cues = if size > cues.len() as u64 {
        if size > MAX_INDEX.min(length / SHARE) {
            return Ok(None);
        }
        let more = look
            .range(cues_at + cues.len() as u64, (cues_at + size).min(length))
            .await?;
        let Some((more, _)) = more else { return Ok(None) };
        [cues, more].concat().into()
    } else {
        cues
    };
    let Some(index) = matroska::Index::read(&start, &cues).filter(|index| index.seconds >= SHORT) else {
        return Ok(None);
    };
    let place = |moment| Some(((moment, moment + SECONDS), index.range(moment, SECONDS, length)?));
    let Some(places) = afford(index.seconds, look.bytes, length, place) else {
        return Ok(None);
    };
    let mut glimpses = Vec::new();
    for (n, (_, (from, to))) in places.into_iter().enumerate() {
        let Some((clusters, _)) = look.range(from, to).await? else {
            return Ok(None);
        };
        let file = look.dir.join(format!("glimpse-{}-{n}", &hex(&look)[..16]));
        std::fs::write(&file, [&head[..start.first_cluster], &clusters].concat())?;
        glimpses.push(Glimpse {
            file,
            span: BEGINNING,
        });
    }
    Ok(Some(look.finish(glimpses, length)))
}

/// An MPEG transport stream can be cut anywhere; a decoder wants the tables from its beginning, and a key frame first.
async fn transport(mut look: Look<'_>, head: &[u8], length: u64) -> Result<Option<Glimpses>, FetchError> {
    let each = ((length / BLIND_SHARE).saturating_sub(look.bytes) / PLACES as u64).clamp(256 << 10, 8 << 20);
    let tables = transport::tables(head);
    let mut glimpses = Vec::new();
    for n in 0..PLACES as u64 {
        let from = length * (2 * n + 1) / (2 * PLACES as u64);
        let Some((bytes, _)) = look.range(from, (from + each).min(length)).await? else {
            return Ok(None);
        };
        let Some(at) = transport::synchronous(&bytes) else {
            return Ok(None);
        };
        let file = look.dir.join(format!("glimpse-{}-{n}", &hex(&look)[..16]));
        // Where no key frame is marked as such, all of it is decoded: one will be among it.
        let (bytes, span) = match transport::key_frame(&bytes[at..]) {
            Some(key) => ([&tables, &bytes[at + key..]].concat(), BEGINNING),
            None => (bytes[at..].to_vec(), None),
        };
        std::fs::write(&file, bytes)?;
        glimpses.push(Glimpse { file, span });
    }
    Ok(Some(look.finish(glimpses, length)))
}

fn hex(look: &Look<'_>) -> String {
    Sha256Hex::from_array(look.digest.clone().finalize().as_ref())
        .as_str()
        .to_owned()
}

/// Reads the indexes of a film, as far as these bytes hold them.
#[cfg(feature = "fuzzing")]
pub(crate) fn read_index(bytes: &[u8]) {
    if let Some(index) = mp4::Index::read(bytes) {
        let from = index.cheapest(1000.0);
        index.range(from, from + SECONDS, u64::MAX);
    }
    if transport::synchronous(bytes).is_some() {
        transport::tables(bytes);
        transport::key_frame(bytes);
    }
    if let Some(start) = matroska::Start::read(bytes) {
        let cues = start.cues.and_then(|at| bytes.get(usize::try_from(at).ok()?..));
        if let Some(index) = cues.and_then(|cues| matroska::Index::read(&start, cues)) {
            index.range(1000.0, SECONDS, u64::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_from_the_answer() {
        assert_eq!(content_range("bytes 100-199/5000"), Some((100, 5000)));
        assert_eq!(content_range("bytes 100-199/*"), None);
        assert_eq!(content_range("bytes */5000"), None);
    }

    #[test]
    fn places_that_cost_too_much_become_fewer() {
        let minute = |from: f64| Some(((from, from), (from as u64 * 10, from as u64 * 10 + 120)));
        assert_eq!(afford(7200.0, 0, 50_000, minute).unwrap().len(), 5);
        assert_eq!(afford(7200.0, 640, 50_000, minute).unwrap().len(), 3);
        assert_eq!(afford(7200.0, 900, 50_000, minute), None);
    }
}
