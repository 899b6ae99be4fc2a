//! An index of one medium: some segments, and the references that no longer answer.

use crate::{Error, Fingerprint, Match, Segment, media};
use std::collections::HashSet;
use swordnet_core::ReferenceId;

/// Some opened segments of one medium.
#[derive(Default)]
pub struct Index {
    segments: Vec<Box<dyn Segment>>,
    removed: HashSet<ReferenceId>,
}

impl Index {
    /// Adds a segment.
    pub fn add(&mut self, segment: Box<dyn Segment>) {
        self.segments.push(segment);
    }

    /// Silences a reference.
    pub fn remove(&mut self, reference: ReferenceId) {
        self.removed.insert(reference);
    }

    /// Number of references that answer.
    pub fn len(&self) -> usize {
        let answering = |s: &dyn Segment| {
            s.references()
                .iter()
                .filter(|r| !self.removed.contains(r))
                .count()
        };
        self.segments.iter().map(|s| answering(s.as_ref())).sum()
    }

    /// Does nothing answer?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the query matches in all segments, best first.
    pub fn search(&self, query: &Fingerprint) -> Result<Vec<Match>, Error> {
        let kind = media::of(query.medium).ok_or(Error::Empty(query.medium))?;
        kind.search(&self.segments, query, &self.removed)
    }
}
