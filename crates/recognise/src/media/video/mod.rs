//! Moving pictures.
//!
//! References are dense (a code for each of eight frames a second), queries sparse. Codes of the whole picture find what kept its
//! geometry at next to no cost, described points find the rest; both propose lines of copy's time against work's time, and each line
//! is then verified by one map between the two pictures that must hold along all of it.

mod align;
mod doubt;
mod echo;
mod evidence;
mod extract;
mod print;
mod search;
mod segment;
mod stills;
mod verify;
mod votes;
mod window;

use crate::{Demand, Error, Extractor, Fingerprint, Match, MediumKind, Purpose, Segment, opened};
use bytes::Bytes;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};

/// How one side is fingerprinted.
struct Settings {
    query: bool,
    /// Frames a second.
    rate: f64,
    /// Longer side of the frames.
    max_side: u32,
    /// Points a frame.
    points: usize,
    /// Bits of the code that must change for a frame to be described early.
    change: u32,
    /// Seconds between described frames when the picture changes.
    soonest: f64,
    /// Seconds between them when it does not.
    latest: f64,
}

static REFERENCE: Settings = Settings {
    query: false,
    rate: 8.0,
    max_side: 320,
    points: 36,
    change: 16,
    soonest: 0.75,
    latest: 2.5,
};
static QUERY: Settings = Settings {
    query: true,
    rate: 4.0,
    max_side: 384,
    points: 96,
    change: 8,
    soonest: 0.5,
    latest: 1.0,
};

/// The medium.
pub struct Video;

impl MediumKind for Video {
    fn medium(&self) -> Medium {
        Medium::Video
    }

    fn version(&self) -> u16 {
        print::VERSION
    }

    fn demand(&self, purpose: Purpose) -> Demand {
        let settings = match purpose {
            Purpose::Reference => &REFERENCE,
            Purpose::Query => &QUERY,
        };
        Demand::Frames {
            rate: settings.rate,
            max_side: settings.max_side,
            channels: 1,
        }
    }

    fn extractor(&self, purpose: Purpose) -> Box<dyn Extractor> {
        Box::new(extract::Frames::new(purpose))
    }

    fn build(&self, references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
        segment::build(references)
    }

    fn open(&self, bytes: Bytes) -> Result<Box<dyn Segment>, Error> {
        Ok(Box::new(segment::Films::open(bytes)?))
    }

    fn search(
        &self,
        segments: &[Box<dyn Segment>],
        query: &Fingerprint,
        removed: &HashSet<ReferenceId>,
    ) -> Result<Vec<Match>, Error> {
        let films = opened(segments, Medium::Video)?;
        Ok(search::search(&films, &print::Print::read(query)?, removed))
    }

    fn threshold(&self) -> f64 {
        crate::EVEN
    }
}
