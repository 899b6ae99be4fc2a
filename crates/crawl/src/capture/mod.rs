//! Fetches what an offer leads to: a file, or a stream whose segments are joined into one.

mod again;
mod dash;
mod hls;
mod join;
mod probe;

pub use again::{Validators, unchanged};
pub use probe::{Glimpse, Glimpses, probe};

use crate::fetch::{Client, FetchError, Fetched};
use join::ByteRange;
use std::path::{Path, PathBuf};
use swordnet_core::{Access, Sha256Hex};
use url::Url;

#[cfg(feature = "fuzzing")]
pub(crate) use {dash::read as read_manifest, hls::read as read_playlist, probe::read_index};

/// Fewest lines of a picture that are still good to compare.
const MIN_HEIGHT: u32 = 240;

/// What was captured.
#[derive(Clone, Debug, PartialEq)]
pub struct Captured {
    /// The file.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// How many parts it was joined from; 1 for a plain file.
    pub parts: u32,
    /// Its digest.
    pub sha256: Sha256Hex,
    /// The sound, where the stream keeps it apart from the picture; its bytes and parts are counted in.
    pub sound: Option<PathBuf>,
    /// Is something missing: the end because of `max_bytes` or the time for a live stream, or a part that was not there?
    pub cut_off: bool,
}

/// Fetches a media file, an HLS playlist or a DASH manifest into one file in `dir`, whose name is its digest.
///
/// Of several variants the smallest that is still good to compare is taken (240 lines or more). At most `max_bytes`
/// are fetched; what is missing is said by [`Captured::cut_off`]. `seen` is shown every exchange, for the archive. A
/// page is captured as the file that it is. An encrypted stream is an error that says so.
pub async fn capture(
    client: &Client,
    url: &Url,
    access: Access,
    dir: &Path,
    max_bytes: u64,
    seen: &mut (dyn FnMut(&Fetched) + Send),
) -> Result<Captured, FetchError> {
    let mut joint = join::Joint::new(client, dir, max_bytes, seen)?;
    let sound = match access {
        Access::Hls => hls::capture(&mut joint, url).await?,
        Access::Dash => dash::capture(&mut joint, url).await?,
        _ => {
            joint.part(url, None).await?;
            None
        }
    };
    let mut captured = joint.finish()?;
    if let Some(sound) = sound {
        let most = max_bytes.saturating_sub(captured.bytes);
        let mut joint = join::Joint::new(client, dir, most, seen)?;
        match sound {
            Sound::Playlist(url) => drop(hls::capture(&mut joint, &url).await?),
            Sound::Parts(parts) => joint.parts(&parts).await?,
        }
        let sound = joint.finish()?;
        captured.bytes += sound.bytes;
        captured.parts += sound.parts;
        captured.cut_off |= sound.cut_off;
        captured.sound = Some(sound.file);
    }
    Ok(captured)
}

/// Sound that a stream keeps apart from its picture.
enum Sound {
    Playlist(Url),
    Parts(Vec<Part>),
}

/// A segment to fetch.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    url: Url,
    range: Option<ByteRange>,
    /// Does it only prepare the decoder for those behind it?
    initial: bool,
}
