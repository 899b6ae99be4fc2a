//! What kind of reuse a work's passages in a text amount to, with the shares on which licences and fair quotation turn.

use crate::Match;
use swordnet_core::Span;

/// How a text uses a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All or nearly all of the work, kept.
    Whole,
    /// A part of the work, kept.
    Excerpt,
    /// Parts of the work, kept, from several places of it.
    Pieces,
    /// Taken over, but reworded.
    Rewritten,
}

/// A work's share in a text, and the text's share in the work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reuse {
    /// Kind.
    pub kind: Kind,
    /// Share of the work that was taken, 0 to 1.
    pub of_work: f64,
    /// Share of the text that is made up of it, 0 to 1.
    pub of_text: f64,
    /// Share of what was taken that was kept character by character, 0 to 1.
    pub kept: f64,
    /// Was it turned from simplified into traditional characters, or the other way?
    pub converted: bool,
}

/// The work counts as taken whole from this share on.
const WHOLE: f64 = 0.8;
/// What keeps less than this character by character is reworded.
const KEPT: f64 = 0.7;

/// Judges the passages of one reference in one text; `text` and `work` are their lengths in characters. `None` without
/// passages.
pub fn reuse(passages: &[Match], text: f64, work: f64) -> Option<Reuse> {
    let share = |span: fn(&Match) -> Span, length: f64| {
        (covered(passages.iter().map(span)) / length.max(1.0)).min(1.0)
    };
    let taken: f64 = passages.iter().map(|passage| passage.query.length()).sum();
    let kept = passages
        .iter()
        .map(|passage| passage.query.length() * passage.transform.kept.unwrap_or(1.0));
    let kept = kept.sum::<f64>() / taken.max(1.0);
    let of_work = share(|passage| passage.in_reference, work);
    let kind = match passages.len() {
        0 => return None,
        _ if kept < KEPT => Kind::Rewritten,
        _ if of_work >= WHOLE => Kind::Whole,
        1 => Kind::Excerpt,
        _ => Kind::Pieces,
    };
    let converted = passages
        .iter()
        .any(|passage| passage.transform.folded.iter().any(|fold| fold == "script"));
    Some(Reuse {
        kind,
        of_work,
        of_text: share(|passage| passage.query, text),
        kept,
        converted,
    })
}

/// Characters that the spans cover together.
fn covered(spans: impl Iterator<Item = Span>) -> f64 {
    let mut spans: Vec<Span> = spans.collect();
    spans.sort_by(|a, b| a.start.total_cmp(&b.start));
    let (mut sum, mut end) = (0.0, f64::MIN);
    for span in spans {
        sum += (span.end - span.start.max(end)).max(0.0);
        end = end.max(span.end);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use swordnet_core::{ReferenceId, Transform};

    fn passage(query: (f64, f64), reference: (f64, f64), kept: f64) -> Match {
        let span = |(start, end)| Span { start, end };
        let transform = Transform {
            kept: Some(kept),
            ..Transform::default()
        };
        let reference_id = ReferenceId::from_text("work");
        Match {
            reference: reference_id,
            score: 1.0,
            query: span(query),
            in_reference: span(reference),
            transform,
        }
    }

    #[test]
    fn kinds_and_shares() {
        let judge = |passages: &[Match]| {
            reuse(passages, 1000.0, 500.0).map(|reuse| (reuse.kind, reuse.of_work, reuse.of_text))
        };
        assert_eq!(judge(&[]), None);
        assert_eq!(
            judge(&[passage((0.0, 500.0), (0.0, 500.0), 1.0)]),
            Some((Kind::Whole, 1.0, 0.5))
        );
        assert_eq!(
            judge(&[passage((0.0, 100.0), (50.0, 150.0), 0.95)]),
            Some((Kind::Excerpt, 0.2, 0.1))
        );
        let pieces = [
            passage((0.0, 100.0), (0.0, 100.0), 1.0),
            passage((50.0, 150.0), (300.0, 400.0), 1.0),
        ];
        assert_eq!(judge(&pieces), Some((Kind::Pieces, 0.4, 0.15)));
        assert_eq!(
            judge(&[passage((0.0, 500.0), (0.0, 500.0), 0.5)]),
            Some((Kind::Rewritten, 1.0, 0.5))
        );
    }
}
