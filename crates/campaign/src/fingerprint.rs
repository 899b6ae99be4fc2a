//! Files read into fingerprints: what kind of file it is, and what each of its media looks like.

use crate::{Error, InputError};
use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use swordnet_core::{Medium, Sha256Hex, Span};
use swordnet_crawl::Glimpse;
use swordnet_media::{Depth, Facts, Frame, FrameRequest, Media, SampleRequest};
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
    Ok(Some(Reading {
        medium: Medium::Video,
        length: facts.seconds,
        prints: one_by_one(media, path, &facts, Purpose::Query, Depth::KeyFrames)?,
        text: None,
    }))
}

/// The pictures of one place of a film, in full.
pub(crate) fn place(media: &Media, path: &Path, place: Span) -> Result<Option<Fingerprint>, Error> {
    let seconds = Some((place.start, place.end));
    frames(media, path, Purpose::Query, seconds, depth_for(Purpose::Query))
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
    read_media(media, path, purpose).map_err(|e| undecodable(path, e))
}

/// A file that cannot be decoded is wrong; a decoder that cannot be had is something else.
fn undecodable(path: &Path, error: Error) -> Error {
    match error {
        Error::Media(e) if !matches!(e, swordnet_media::Error::Missing(..)) => {
            InputError::path(path, e).into()
        }
        other => other,
    }
}

/// One of a reference's fingerprints, from a copy of it; `name` is the file's own.
pub(crate) fn read_again(
    media: &Media,
    copy: &Path,
    name: &str,
    medium: Medium,
) -> Result<Option<Fingerprint>, Error> {
    let purpose = Purpose::Reference;
    let read = match medium {
        Medium::Video => frames(media, copy, purpose, None, depth_for(purpose)),
        Medium::Audio => samples(media, copy, purpose, None),
        Medium::Image => picture(media, copy, purpose),
        Medium::Text => {
            let bytes = std::fs::read(copy).map_err(|e| InputError::path(copy, e))?;
            Ok(read_text(&text_of(&bytes, Path::new(name)), purpose)?
                .prints
                .pop())
        }
    };
    read.map_err(|e| undecodable(copy, e))
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
    let prints = match medium {
        Medium::Image => picture(media, path, purpose)?.into_iter().collect(),
        Medium::Video => film(media, path, &facts, purpose)?,
        _ => samples(media, path, purpose, None)?.into_iter().collect(),
    };
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

/// The pictures and the sound of a whole film, in one run of the decoder where the two are to be had together.
fn film(media: &Media, path: &Path, facts: &Facts, purpose: Purpose) -> Result<Vec<Fingerprint>, Error> {
    use swordnet_media::Error::Limit;
    let depth = depth_for(purpose);
    if facts.audio.is_some()
        && let Some((frames, mut seen)) = pictures(purpose, None, depth)
        && let Some((samples, mut heard)) = sound(purpose, None)
    {
        let decoded = media.film(
            path,
            &frames,
            &samples,
            &mut |frame| seen.see(frame),
            &mut |samples| heard.push(Signal::Samples(samples)),
        );
        match decoded {
            Ok(_) => return Ok(seen.finish()?.into_iter().chain(heard.finish()?).collect()),
            Err(e @ Limit(_)) => return Err(e.into()),
            // One of the two is broken: what each gives alone, or why not, counts.
            Err(_) => {}
        }
    }
    one_by_one(media, path, facts, purpose, depth)
}

/// The pictures of a whole film, then its sound.
fn one_by_one(
    media: &Media,
    path: &Path,
    facts: &Facts,
    purpose: Purpose,
    depth: Depth,
) -> Result<Vec<Fingerprint>, Error> {
    let mut prints: Vec<_> = frames(media, path, purpose, None, depth)?.into_iter().collect();
    if facts.audio.is_some() {
        prints.extend(samples(media, path, purpose, None)?);
    }
    Ok(prints)
}

fn frames(
    media: &Media,
    path: &Path,
    purpose: Purpose,
    seconds: Seconds,
    depth: Depth,
) -> Result<Option<Fingerprint>, Error> {
    let Some((request, mut seen)) = pictures(purpose, seconds, depth) else {
        return Ok(None);
    };
    media.frames(path, &request, &mut |frame| seen.see(frame))?;
    seen.finish()
}

fn samples(
    media: &Media,
    path: &Path,
    purpose: Purpose,
    seconds: Seconds,
) -> Result<Option<Fingerprint>, Error> {
    let Some((request, mut heard)) = sound(purpose, seconds) else {
        return Ok(None);
    };
    media.samples(path, &request, &mut |samples| {
        heard.push(Signal::Samples(samples))
    })?;
    heard.finish()
}

/// What a film's pictures are asked for, and who looks at them.
fn pictures(purpose: Purpose, seconds: Seconds, depth: Depth) -> Option<(FrameRequest, Watching)> {
    let kind = media::of(Medium::Video)?;
    let Demand::Frames {
        rate,
        max_side,
        channels,
    } = kind.demand(purpose)
    else {
        return None;
    };
    let request = FrameRequest {
        rate: if depth == Depth::KeyFrames { KEYS } else { rate },
        max_side,
        channels,
        from: seconds.map(|(from, _)| from),
        until: seconds.map(|(_, until)| until),
        depth,
    };
    Some((request, Watching::new(kind.extractor(purpose))))
}

/// What a sound is asked for, and who listens.
fn sound(purpose: Purpose, seconds: Seconds) -> Option<(SampleRequest, Watching)> {
    let kind = media::of(Medium::Audio)?;
    let Demand::Samples { rate } = kind.demand(purpose) else {
        return None;
    };
    let request = SampleRequest {
        rate,
        from: seconds.map(|(from, _)| from),
        until: seconds.map(|(_, until)| until),
    };
    Some((request, Watching::new(kind.extractor(purpose))))
}

/// A fingerprint being taken of what the decoder gives; a failure ends the decoding and is told at the end.
struct Watching {
    extractor: Box<dyn Extractor>,
    failed: Option<swordnet_recognise::Error>,
}

impl Watching {
    fn new(extractor: Box<dyn Extractor>) -> Self {
        Self {
            extractor,
            failed: None,
        }
    }

    fn see(&mut self, frame: Frame<'_>) -> ControlFlow<()> {
        self.push(Signal::Frame {
            time: frame.time,
            width: frame.width,
            height: frame.height,
            pixels: frame.pixels,
        })
    }

    fn push(&mut self, signal: Signal<'_>) -> ControlFlow<()> {
        match self.extractor.push(signal) {
            Ok(()) => ControlFlow::Continue(()),
            Err(e) => {
                self.failed = Some(e);
                ControlFlow::Break(())
            }
        }
    }

    fn finish(self) -> Result<Option<Fingerprint>, Error> {
        self.failed
            .map_or_else(|| finished(self.extractor), |e| Err(e.into()))
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
