//! Text: copies of articles, chapters and lyrics in Chinese and English, with the passages that were taken.
//!
//! [`fold`] reduces a text to what it says whatever its script, width and spelling tricks; [`folded`] keeps that and
//! where each character stood ([`positions`]). [`grams`] of it are indexed in a [`segment`]; a search grows those that
//! are shared into [`runs`], joins runs to [`passages`] and gives each a [`score`].
//!
//! Positions in matches are Unicode scalar values of the text as given.

mod checksum;
mod echo;
mod fold;
mod folded;
mod grams;
mod passages;
mod positions;
pub mod reuse;
mod runs;
mod score;
mod segment;

use crate::{Demand, Error, Extractor, Fingerprint, Match, MediumKind, Purpose, Segment, Signal, opened};
use bytes::Bytes;
use fold::Fold;
use folded::{FoldedText, Folder};
use passages::passages;
use score::Traits;
use segment::{TextSegment, text_of};
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId, Span, Transform};

/// Text.
pub struct Text;

impl MediumKind for Text {
    fn medium(&self) -> Medium {
        Medium::Text
    }

    fn version(&self) -> u16 {
        folded::VERSION
    }

    fn demand(&self, _: Purpose) -> Demand {
        Demand::Text
    }

    fn extractor(&self, _: Purpose) -> Box<dyn Extractor> {
        Box::new(TextExtractor(Folder::new()))
    }

    fn build(&self, references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
        segment::build(references)
    }

    fn open(&self, bytes: Bytes) -> Result<Box<dyn Segment>, Error> {
        Ok(Box::new(TextSegment::open(bytes)?))
    }

    fn search(
        &self,
        segments: &[Box<dyn Segment>],
        query: &Fingerprint,
        removed: &HashSet<ReferenceId>,
    ) -> Result<Vec<Match>, Error> {
        search(&opened(segments, Medium::Text)?, query, removed)
    }

    fn threshold(&self) -> f64 {
        crate::EVEN
    }
}

struct TextExtractor(Folder);

impl Extractor for TextExtractor {
    fn push(&mut self, signal: Signal<'_>) -> Result<(), Error> {
        let Signal::Text(text) = signal else {
            return Err(Error::WrongSignal(Medium::Text));
        };
        self.0.push(text);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Fingerprint, Error> {
        let bytes = self.0.finish().ok_or(Error::Empty(Medium::Text))?;
        Ok(Fingerprint {
            medium: Medium::Text,
            version: folded::VERSION,
            bytes,
        })
    }
}

impl Segment for TextSegment {
    fn references(&self) -> &[ReferenceId] {
        &self.references
    }

    fn fingerprint(&self, place: usize) -> Result<Fingerprint, Error> {
        Ok(Fingerprint {
            medium: Medium::Text,
            version: folded::VERSION,
            bytes: self.text_bytes(place)?.to_vec(),
        })
    }

    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error> {
        search(&[self], query, removed)
    }
}

/// Searches segments as if they were one: what is rare is rare in all of them, and an echo may lie in another segment than its source.
fn search(
    segments: &[&TextSegment],
    query: &Fingerprint,
    removed: &HashSet<ReferenceId>,
) -> Result<Vec<Match>, Error> {
    let query = text_of(query)?;
    let codes = query.codes();
    let letters = letters(&codes);
    let mut found = Vec::new();
    for (holder, shared) in runs::shared(segments, &codes, letters, removed)? {
        found.extend(
            passages(shared.runs, letters)
                .into_iter()
                .map(|passage| (holder, passage)),
        );
    }
    let echoes = echo::echoes(codes.len(), &found);
    let mut matches = Vec::new();
    for (((segment, reference), passage), echo) in found.iter().zip(echoes) {
        let segment = segments[*segment as usize];
        let text = segment.text(*reference as usize)?;
        let traits = Traits {
            echo,
            ..Traits::of(passage, letters)
        };
        let reference = &segment.references[*reference as usize];
        matches.extend(describe(&query, &text, reference, passage, &traits));
    }
    matches.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.reference.cmp(&b.reference))
    });
    Ok(matches)
}

/// How many characters of this text say as much as one Chinese character.
fn letters(codes: &[u16]) -> f32 {
    let dense = codes.iter().filter(|&&code| fold::is_dense(code)).count() as f32 / codes.len().max(1) as f32;
    1.0 / (dense + (1.0 - dense) * grams::CHARACTERS as f32 / grams::LETTERS as f32)
}

fn describe(
    query: &FoldedText<'_>,
    text: &FoldedText<'_>,
    reference: &ReferenceId,
    passage: &passages::Passage,
    traits: &Traits,
) -> Option<Match> {
    let (mut q, mut r) = ((u32::MAX, 0), (u32::MAX, 0));
    for run in &passage.runs {
        q = (q.0.min(run.query), q.1.max(run.query + run.length));
        r = (r.0.min(run.reference), r.1.max(run.reference + run.length));
    }
    let span = |text: &FoldedText<'_>, (start, end): (u32, u32)| {
        text.span(start as usize, end as usize).map(|(start, end)| Span {
            start: start.into(),
            end: end.into(),
        })
    };
    Some(Match {
        reference: reference.clone(),
        score: traits.score(),
        query: span(query, q)?,
        in_reference: span(text, r)?,
        transform: Transform {
            folded: undone(query, text),
            kept: Some((traits.density() * 1000.0).round() / 1000.0),
            ..Transform::default()
        },
    })
}

/// What was folded in one of the texts and not in the other.
fn undone(query: &FoldedText<'_>, text: &FoldedText<'_>) -> Vec<String> {
    /// One in so many characters makes a habit.
    const HABIT: u32 = 100;
    let habit = |of: &FoldedText<'_>, kind: Fold| of.folded(kind) > of.length / HABIT;
    let script = |of: &FoldedText<'_>| of.folded(Fold::Simplified).cmp(&of.folded(Fold::Traditional));
    let mut undone = Vec::new();
    if script(query) != script(text) && (habit(query, Fold::Traditional) || habit(text, Fold::Traditional)) {
        undone.push("script".to_owned());
    }
    for (kind, name) in [
        (Fold::Wide, "width"),
        (Fold::LookAlike, "look-alikes"),
        (Fold::Invisible, "zero-width"),
    ] {
        if habit(query, kind) && !habit(text, kind) {
            undone.push(name.to_owned());
        }
    }
    undone
}
