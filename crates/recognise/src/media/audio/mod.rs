//! Recognition of sound: music, speech, soundtracks; re-encoded, sped up, shifted in pitch, filmed off a screen, talked over.
//!
//! Samples become band amplitudes on a logarithmic scale (`spectrum`), these become a word of 64 bits every 64 ms
//! (`words`), and words are looked up in a segment (`store`). A query is heard at every shift of pitch at once; where a
//! key agrees (`seeds`) a line is grown that follows any tempo (`line`), what it says was done to the copy is judged (`change`),
//! and its likeness is weighed against chance (`chance`), once with all bits trusted alike and once with those trusted more where the query is
//! quiet, as under a voice (`print`). Where neither tempo nor pitch was changed the waves themselves say whether it is one recording (`wave`).
//!
//! Patents: Haitsma and Kalker's scheme was claimed in US 7549052 and EP 1362485, filed in 2001 and 2002; twenty years have
//! passed since, an extension of the American one was not looked up.

mod chance;
mod change;
#[cfg(test)]
mod forms;
mod line;
mod print;
mod search;
mod seeds;
mod spectrum;
mod store;
mod wave;
mod words;

use crate::{Demand, Error, Extractor, Fingerprint, Match, MediumKind, Purpose, Segment, opened};
use bytes::Bytes;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};

pub(crate) use print::Tail;

/// Frames of a query in a second.
pub(crate) const FRAMES_A_SECOND: f64 = words::FINE as f64 / words::GRID_SECONDS;

/// Version of fingerprints and segments.
const VERSION: u16 = 2;

/// The medium of sound.
#[derive(Clone, Copy, Debug, Default)]
pub struct Audio;

impl MediumKind for Audio {
    fn medium(&self) -> Medium {
        Medium::Audio
    }

    fn version(&self) -> u16 {
        VERSION
    }

    fn demand(&self, _: Purpose) -> Demand {
        Demand::Samples { rate: spectrum::RATE }
    }

    fn extractor(&self, purpose: Purpose) -> Box<dyn Extractor> {
        Box::new(print::Listener::new(purpose))
    }

    fn build(&self, references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
        store::build(references)
    }

    fn is_current(&self, reference: &Fingerprint) -> bool {
        print::has_wave(reference)
    }

    fn open(&self, bytes: Bytes) -> Result<Box<dyn Segment>, Error> {
        Ok(Box::new(search::Sounds::open(bytes)?))
    }

    fn search(
        &self,
        segments: &[Box<dyn Segment>],
        query: &Fingerprint,
        removed: &HashSet<ReferenceId>,
    ) -> Result<Vec<Match>, Error> {
        let sounds = opened(segments, Medium::Audio)?;
        Ok(search::search(&sounds, &print::Query::read(query)?, removed))
    }

    fn threshold(&self) -> f64 {
        crate::EVEN
    }
}

fn damaged(what: &'static str, why: &str) -> Error {
    Error::Damaged {
        medium: Medium::Audio,
        what,
        why: why.to_owned(),
    }
}
