//! Files read into fingerprints: what kind of file it is, and what each of its media looks like.

use crate::{Error, InputError};
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use swordnet_core::{Medium, Sha256Hex};
use swordnet_crawl::Glimpse;
use swordnet_media::{Depth, Facts, FrameRequest, Media, SampleRequest};
use swordnet_recognise::{Demand, Extractor, Fingerprint, Purpose, Signal, media};

/// A text longer than this is refused: no work is.
const MAX_TEXT: u64 = 64 << 20;
/// How much of a file is looked at to tell text from media.
const SNIFF: usize = 8 << 10;

/// A file as recognition sees it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The main medium.
    pub medium: Medium,
    /// Seconds, characters or pixels.
    pub length: f64,
    /// Fingerprints of each of its media that holds something: none for silence and black.
    pub prints: Vec<Fingerprint>,
    /// The text, when it is one.
    pub text: Option<String>,
}

/// How thoroughly a film is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// All of it.
    #[default]
    Whole,
    /// Key frames first, for a tenth of the cost; all of it where they leave doubt.
    Sweep,
    /// Key frames first; all of it where they show anything, so that what is found is known to the second.
    Screen,
}

/// Films shorter than this have too few key frames, seconds.
const SWEPT: f64 = 45.0;
/// Key frames a second that are looked at, at most.
const KEYS: f64 = 1.0;

/// The key frames of a film, and its sound. Nothing where all of it is to be read: a short film, or no film.
pub(crate) fn sweep(media: &Media, path: &Path, effort: Effort) -> Result<Option<Reading>, Error> {
    if effort == Effort::Whole {
        return Ok(None);
    }
    // What is no film is read, and complained of, as ever.
    let Ok(facts) = media.probe(path) else {
        return Ok(None);
    };
    if facts.still || facts.video.is_none() || facts.seconds < SWEPT {
        return Ok(None);
    }
    let mut prints: Vec<Fingerprint> = frames(media, path, Purpose::Query, None, Depth::KeyFrames)?
        .into_iter()
        .collect();
    if facts.audio.is_some() {
        prints.extend(samples(media, path, Purpose::Query, None)?);
    }
    Ok(Some(Reading {
        medium: Medium::Video,
        length: facts.seconds,
        prints,
        text: None,
    }))
}

/// Reads a file for a purpose. What cannot be decoded is an input error that names it.
pub fn read_file(media: &Media, path: &Path, purpose: Purpose) -> Result<Reading, Error> {
    let wrong = |why: String| Error::Input(InputError::path(path, why));
    let mut head = Vec::with_capacity(SNIFF);
    let mut file = File::open(path).map_err(|e| wrong(e.to_string()))?;
    file.by_ref()
        .take(SNIFF as u64)
        .read_to_end(&mut head)
        .map_err(|e| wrong(e.to_string()))?;
    if head.is_empty() {
        return Err(wrong("the file is empty".into()));
    }
    if looks_like_text(&head) {
        let size = file.metadata().map_err(|e| wrong(e.to_string()))?.len();
        if size > MAX_TEXT {
            return Err(wrong(format!("a text of {size} bytes is longer than any work")));
        }
        file.read_to_end(&mut head).map_err(|e| wrong(e.to_string()))?;
        return read_text(&text_of(&head, path), purpose).map_err(|e| wrong(e.to_string()));
    }
    read_media(media, path, purpose).map_err(|e| match e {
        Error::Media(e) if !matches!(e, swordnet_media::Error::Missing(..)) => wrong(e.to_string()),
        other => other,
    })
}

/// No zeros and hardly a control character but white space (one in a hundred bytes is a slip of whoever saved it): text in any character
/// set in use for web pages but UTF-16, which has a mark.
pub(crate) fn looks_like_text(head: &[u8]) -> bool {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let controls = head
        .iter()
        .filter(|&&b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b));
    !head.contains(&0) && 100 * controls.count() <= head.len()
}

/// The main text of a page, or the whole of a plain text.
fn text_of(bytes: &[u8], path: &Path) -> String {
    let name = path
        .extension()
        .map(|e| e.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_lowercase();
    let page = matches!(name.as_str(), "html" | "htm" | "xhtml" | "shtml")
        || start.contains("<!doctype html")
        || start.contains("<html");
    if page && let Some(article) = swordnet_crawl::read::main_text(bytes, None, None) {
        return article.text;
    }
    swordnet_crawl::read::decode(bytes, None).0
}

/// Fingerprints a text.
pub(crate) fn read_text(text: &str, purpose: Purpose) -> Result<Reading, Error> {
    let mut prints = Vec::new();
    if let Some(kind) = media::of(Medium::Text) {
        let mut extractor = kind.extractor(purpose);
        extractor.push(Signal::Text(text))?;
        prints.extend(finished(extractor)?);
    }
    Ok(Reading {
        medium: Medium::Text,
        length: text.chars().count() as f64,
        prints,
        text: Some(text.to_owned()),
    })
}

/// Reads a few seconds from each of several places of a film; times are counted within each file.
pub(crate) fn read_places(media: &Media, places: &[Glimpse], purpose: Purpose) -> Result<Reading, Error> {
    let mut reading = Reading {
        medium: Medium::Video,
        length: 0.0,
        prints: Vec::new(),
        text: None,
    };
    let mut failed = None;
    for place in places {
        match frames(media, &place.file, purpose, place.span, depth_for(purpose)) {
            Ok(print) => reading.prints.extend(print),
            Err(e) => failed = Some(e),
        }
    }
    // Sound is asked where there is no picture to go by.
    if reading.prints.is_empty() {
        reading.medium = Medium::Audio;
        for place in places {
            reading
                .prints
                .extend(samples(media, &place.file, purpose, place.span).ok().flatten());
        }
    }
    match failed {
        Some(e) if reading.prints.is_empty() => Err(e),
        _ => Ok(reading),
    }
}

/// Reads the sound of a stream that keeps it in a file of its own, into what its pictures gave.
pub(crate) fn read_sound(
    media: &Media,
    path: &Path,
    purpose: Purpose,
    reading: &mut Reading,
) -> Result<(), Error> {
    reading.prints.extend(samples(media, path, purpose, None)?);
    Ok(())
}

fn read_media(media: &Media, path: &Path, purpose: Purpose) -> Result<Reading, Error> {
    let facts = media.probe(path)?;
    let (medium, length) = match &facts {
        Facts {
            still: true,
            video: Some(v),
            ..
        } => (Medium::Image, f64::from(v.width) * f64::from(v.height)),
        Facts { video: Some(_), .. } => (Medium::Video, facts.seconds),
        Facts { audio: Some(_), .. } => (Medium::Audio, facts.seconds),
        _ => {
            return Err(Error::Input(InputError::path(
                path,
                "neither pictures nor sound in it",
            )));
        }
    };
    let mut prints = Vec::new();
    match medium {
        Medium::Image => prints.extend(picture(media, path, purpose)?),
        _ => {
            if medium == Medium::Video {
                prints.extend(frames(media, path, purpose, None, depth_for(purpose))?);
            }
            if facts.audio.is_some() {
                prints.extend(samples(media, path, purpose, None)?);
            }
        }
    }
    Ok(Reading {
        medium,
        length,
        prints,
        text: None,
    })
}

/// A finished fingerprint; nothing to recognise is no error here.
fn finished(extractor: Box<dyn Extractor>) -> Result<Option<Fingerprint>, Error> {
    match extractor.finish() {
        Ok(print) => Ok(Some(print)),
        Err(swordnet_recognise::Error::Empty(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn picture(media: &Media, path: &Path, purpose: Purpose) -> Result<Option<Fingerprint>, Error> {
    let Some(kind) = media::of(Medium::Image) else {
        return Ok(None);
    };
    let Demand::Picture { max_side, channels } = kind.demand(purpose) else {
        return Ok(None);
    };
    let frame = media.picture(path, max_side, channels)?;
    let mut extractor = kind.extractor(purpose);
    extractor.push(Signal::Frame {
        time: 0.0,
        width: frame.width,
        height: frame.height,
        pixels: &frame.pixels,
    })?;
    finished(extractor)
}

/// How well a film is decoded: a reference is compared many times.
fn depth_for(purpose: Purpose) -> Depth {
    match purpose {
        Purpose::Reference => Depth::Full,
        Purpose::Query => Depth::Quick,
    }
}

/// Seconds of a file; all of it without.
type Seconds = Option<(f64, f64)>;

fn frames(
    media: &Media,
    path: &Path,
    purpose: Purpose,
    seconds: Seconds,
    depth: Depth,
) -> Result<Option<Fingerprint>, Error> {
    let Some(kind) = media::of(Medium::Video) else {
        return Ok(None);
    };
    let Demand::Frames {
        rate,
        max_side,
        channels,
    } = kind.demand(purpose)
    else {
        return Ok(None);
    };
    let mut extractor = kind.extractor(purpose);
    let mut failed = None;
    let request = FrameRequest {
        rate: if depth == Depth::KeyFrames { KEYS } else { rate },
        max_side,
        channels,
        from: seconds.map(|(from, _)| from),
        until: seconds.map(|(_, until)| until),
        depth,
    };
    media.frames(path, &request, &mut |frame| {
        let signal = Signal::Frame {
            time: frame.time,
            width: frame.width,
            height: frame.height,
            pixels: frame.pixels,
        };
        keep_going(extractor.push(signal), &mut failed)
    })?;
    failed.map_or_else(|| finished(extractor), |e| Err(e.into()))
}

fn samples(
    media: &Media,
    path: &Path,
    purpose: Purpose,
    seconds: Seconds,
) -> Result<Option<Fingerprint>, Error> {
    let Some(kind) = media::of(Medium::Audio) else {
        return Ok(None);
    };
    let Demand::Samples { rate } = kind.demand(purpose) else {
        return Ok(None);
    };
    let mut extractor = kind.extractor(purpose);
    let mut failed = None;
    media.samples(
        path,
        &SampleRequest {
            rate,
            from: seconds.map(|(from, _)| from),
            until: seconds.map(|(_, until)| until),
        },
        &mut |samples| keep_going(extractor.push(Signal::Samples(samples)), &mut failed),
    )?;
    failed.map_or_else(|| finished(extractor), |e| Err(e.into()))
}

fn keep_going(
    pushed: Result<(), swordnet_recognise::Error>,
    failed: &mut Option<swordnet_recognise::Error>,
) -> ControlFlow<()> {
    match pushed {
        Ok(()) => ControlFlow::Continue(()),
        Err(e) => {
            *failed = Some(e);
            ControlFlow::Break(())
        }
    }
}

/// SHA-256 of a file, read in pieces.
pub(crate) fn digest_file(path: &Path) -> std::io::Result<Sha256Hex> {
    use sha2::Digest;
    let mut file = File::open(path)?;
    let mut hash = sha2::Sha256::new();
    let mut piece = vec![0u8; 1 << 16];
    loop {
        let n = file.read(&mut piece)?;
        if n == 0 {
            return Ok(Sha256Hex::from_array(hash.finalize().as_ref()));
        }
        hash.update(&piece[..n]);
    }
}

#[cfg(test)]
mod tests {
    use super::looks_like_text;

    #[test]
    fn a_stray_control_character_makes_no_media_of_a_text() {
        let text = "A report that somebody saved with a slip of the keyboard in it. ".repeat(3);
        assert!(looks_like_text(text.replacen("slip", "sl\u{12}ip", 1).as_bytes()));
        assert!(!looks_like_text(text.replacen("slip", "sl\0ip", 1).as_bytes()));
        assert!(!looks_like_text(b"ID3\x04\x01\x02\x03 no text at all"));
    }
}
