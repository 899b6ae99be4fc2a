//! Frames, samples and text in; fingerprints out; fingerprints compared: candidates out.
//!
//! Architecture invariant: pure computation. Nothing here reads a clock, a file or the environment, decodes a
//! container or knows what a licence is. Segments are bytes that somebody else keeps.

pub mod index;
pub mod live;
pub mod media;
pub mod room;
mod visual;

use bytes::Bytes;
use std::any::Any;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId, Span, Transform};

/// Are checksums looked at? They are against accident; whoever forges bytes forges them, too, and the fuzz targets are to get behind them.
const CHECKED: bool = !cfg!(feature = "fuzzing");

/// What a fingerprint is taken for: references are dense, queries may be sparse but carry what the search needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A reference copy, to be indexed.
    Reference,
    /// Something found, to be compared.
    Query,
}

/// How a medium wants its signal delivered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Demand {
    /// Frames at a fixed rate, scaled down so that the longer side is at most `max_side` (never up), aspect kept.
    Frames {
        /// Frames a second.
        rate: f64,
        /// Longest side in pixels.
        max_side: u32,
        /// Bytes a pixel: 1 is luma (0..255, full or limited range as decoded), 3 is RGB.
        channels: u8,
    },
    /// One still picture, in the same terms.
    Picture {
        /// Longest side in pixels.
        max_side: u32,
        /// Bytes a pixel: 1 or 3.
        channels: u8,
    },
    /// Mono samples.
    Samples {
        /// Samples a second.
        rate: u32,
    },
    /// Text, in pieces of any size.
    Text,
}

/// A piece of signal.
#[derive(Clone, Copy, Debug)]
pub enum Signal<'a> {
    /// One frame or picture, rows packed without padding: `width * height * channels` bytes.
    Frame {
        /// Seconds from the start; 0 for a picture.
        time: f64,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// The pixels.
        pixels: &'a [u8],
    },
    /// The next samples, -1..1.
    Samples(&'a [f32]),
    /// The next text.
    Text(&'a str),
}

/// A fingerprint as it is kept: a self-describing, versioned byte string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its medium.
    pub medium: Medium,
    /// Version of its form.
    pub version: u16,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Takes a signal in pieces and gives its fingerprint. Memory must not grow by more than the fingerprint does.
pub trait Extractor: Send {
    /// The next piece, in order.
    fn push(&mut self, signal: Signal<'_>) -> Result<(), Error>;
    /// The fingerprint. `Error::Empty` when there was nothing to take it from.
    fn finish(self: Box<Self>) -> Result<Fingerprint, Error>;
}

/// The score from which a match counts, in every medium. A score is the probability that the match is right where one file in
/// twenty is a copy; docs/RECOGNITION.md says how each medium's was fitted.
pub const EVEN: f64 = 0.5;

/// One matched span of one reference.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The reference copy.
    pub reference: ReferenceId,
    /// 0 to 1: how likely the match is right; see [`EVEN`].
    pub score: f64,
    /// Where in the query: seconds or characters.
    pub query: Span,
    /// Where in the reference.
    pub in_reference: Span,
    /// What was undone.
    pub transform: Transform,
}

/// An opened, immutable index segment. [`Any`] lets a medium know its own among segments: see [`MediumKind::search`].
pub trait Segment: Any + Send + Sync {
    /// The references in it.
    fn references(&self) -> &[ReferenceId];
    /// The fingerprint of the reference at a place among [`Self::references`], whatever its form was when the segment was built. A segment that is built
    /// from it has the bytes that one from the fingerprint itself has: what is registered need not be kept beside the segment to be joined with more.
    fn fingerprint(&self, place: usize) -> Result<Fingerprint, Error>;
    /// Spans of its references, less those in `removed`, that the query matches, best first. What scores under the medium's
    /// shipped threshold is left to the caller to drop: see [`MediumKind::threshold`].
    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error>;
    /// Parts of the bytes that it was opened from at which a search looks here and there only: the first that memory can do without.
    fn seldom(&self) -> Vec<Bytes> {
        Vec::new()
    }
}

/// The answer where a segment has no reference at a place.
fn nobody(medium: Medium, place: usize) -> Error {
    Error::Damaged {
        medium,
        what: "segment",
        why: format!("it has no reference {place}"),
    }
}

/// Segments as the type that a medium opened them as.
fn opened<T: Segment>(segments: &[Box<dyn Segment>], medium: Medium) -> Result<Vec<&T>, Error> {
    let own = segments.iter().map(|segment| {
        let segment: &dyn Any = &**segment;
        segment.downcast_ref().ok_or(Error::WrongSignal(medium))
    });
    own.collect()
}

/// A medium: one file or folder in `media/`, and one line in [`media::ALL`].
pub trait MediumKind: Sync {
    /// Which.
    fn medium(&self) -> Medium;
    /// Version of its fingerprints and segments; a change of form raises it.
    fn version(&self) -> u16;
    /// How it wants its signal.
    fn demand(&self, purpose: Purpose) -> Demand;
    /// A new extractor.
    fn extractor(&self, purpose: Purpose) -> Box<dyn Extractor>;
    /// Builds a segment from reference fingerprints.
    fn build(&self, references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error>;
    /// Is a reference's fingerprint of the form that is taken now? One of a form before is read, and tells less.
    fn is_current(&self, reference: &Fingerprint) -> bool {
        reference.version == self.version()
    }
    /// Opens a segment; `bytes` may be a mapped file. Hostile bytes give an error, never a panic.
    fn open(&self, bytes: Bytes) -> Result<Box<dyn Segment>, Error>;
    /// What the query matches in several segments of this medium, best first, on the terms of [`Segment::search`]. A medium whose
    /// segments tell more together than one by one says so here.
    fn search(
        &self,
        segments: &[Box<dyn Segment>],
        query: &Fingerprint,
        removed: &HashSet<ReferenceId>,
    ) -> Result<Vec<Match>, Error> {
        let mut found = Vec::new();
        for segment in segments {
            found.extend(segment.search(query, removed)?);
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(found)
    }
    /// The score from which a match counts.
    fn threshold(&self) -> f64;
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing to take a fingerprint from: no frame, silence throughout, no letters.
    #[error("{0} holds nothing to recognise")]
    Empty(Medium),
    /// A signal of another medium than the extractor's.
    #[error("a signal of another kind was given to the {0} extractor")]
    WrongSignal(Medium),
    /// Bytes that are no fingerprint or segment of a known version.
    #[error("damaged or foreign {medium} {what}: {why}")]
    Damaged {
        /// Medium.
        medium: Medium,
        /// "fingerprint" or "segment".
        what: &'static str,
        /// What is wrong.
        why: String,
    },
}
