//! What recognition says: this part of the query is that part of the work.

use crate::{Medium, RecognitionId, ReferenceId, Sha256Hex, Timestamp, WorkId};
use serde::{Deserialize, Serialize};

/// A half-open range: seconds for video and sound, characters for text, 0..1 for pictures (unused).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Start.
    pub start: f64,
    /// End.
    pub end: f64,
}

impl Span {
    /// Length of the range; zero when it is empty or upside down.
    pub fn length(&self) -> f64 {
        (self.end - self.start).max(0.0)
    }
}

/// What was done to the work to make the copy, as far as it was undone in recognising it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transform {
    /// Mirrored left to right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mirrored: bool,
    /// Seconds of the reference for one second of the copy: 1.25 is a copy sped up by a quarter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Pitch shift in semitones beyond what the speed explains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pitch: Option<f64>,
    /// The part of the copy's frame that shows the work: left, top, right, bottom, as shares of its size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<[f64; 4]>,
    /// The part of the work's frame that the copy shows, in the same form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<[f64; 4]>,
    /// Rotation in degrees, counter-clockwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<f64>,
    /// Share of the text that was kept character by character, 0 to 1: 1 is verbatim, 0.5 thoroughly reworded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<f64>,
    /// What was folded in text: script, width, look-alikes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<String>,
}

/// A recognised span.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The work.
    pub work: WorkId,
    /// Which of its reference copies.
    pub reference: ReferenceId,
    /// The medium by which it was recognised.
    pub medium: Medium,
    /// 0 to 1: how likely the match is right.
    pub score: f64,
    /// Where in the reference.
    pub in_reference: Span,
    /// Where in the query.
    pub in_query: Span,
    /// How long the query is, in the medium's unit.
    pub query_length: f64,
    /// How long the reference is.
    pub reference_length: f64,
    /// What was undone.
    #[serde(default)]
    pub transform: Transform,
    /// The media that say so: of a film its picture, its sound, or both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried_by: Vec<Medium>,
}

/// What recognition said of some bytes against one state of the register: the same bytes are not decoded twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recognition {
    /// Derived from the bytes' digest and the register's.
    pub id: RecognitionId,
    /// Digest of the bytes.
    pub sha256: Sha256Hex,
    /// Why they could not be judged; empty when they were.
    #[serde(default)]
    pub not_judged: String,
    /// What was recognised.
    pub candidates: Vec<Candidate>,
    /// When.
    pub at: Timestamp,
}

impl Recognition {
    /// The identifier of what a register in the state `register` says of bytes with this digest.
    pub fn id_of(sha256: &Sha256Hex, register: &str) -> RecognitionId {
        RecognitionId::derive(&[sha256.as_str(), register])
    }
}
