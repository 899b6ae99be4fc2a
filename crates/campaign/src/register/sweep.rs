//! Recognising a film by its key frames, and by a closer look where these leave doubt.

use super::{Register, best, same_line, threshold};
use crate::Error;
use crate::fingerprint::{self, Effort, Reading, read_file};
use std::path::Path;
use swordnet_core::{Candidate, Medium, Span};
use swordnet_media::Media;
use swordnet_recognise::Purpose;

/// Scores of key frames below which there is nothing, and from which nothing more need be seen.
const DOUBT: f64 = 0.02;
/// See `DOUBT`: what would speak against a film is not asked of key frames.
const SETTLED: f64 = 0.985;
/// Scores of a place that was looked at in full below which there is nothing.
const NOTHING: f64 = 0.1;
/// Seconds that are looked at closely around the middle of what is in doubt.
const CLOSE: f64 = 24.0;

impl Register {
    /// What a file matches, on the terms of [`Self::recognise`].
    pub fn recognise_file(
        &self,
        media: &Media,
        path: &Path,
        effort: Effort,
        least: Option<f64>,
    ) -> Result<Vec<Candidate>, Error> {
        if let Some(keys) = fingerprint::sweep(media, path, effort)? {
            // Asked once: what is told of it may be less or more than what is in doubt.
            let found = self.recognise(&keys, Some(0.0))?;
            if !found.iter().any(|c| doubtful(c, effort)) {
                return Ok(best(found, least));
            }
            if effort == Effort::Sweep
                && let Some(found) = self.closer(media, path, keys, found)?
            {
                return Ok(best(found, least));
            }
        }
        self.recognise(&read_file(media, path, Purpose::Query)?, least)
    }

    /// What key frames alone show of a film, where that settles what it is.
    pub fn sweep(&self, media: &Media, path: &Path, effort: Effort) -> Result<Option<Reading>, Error> {
        let Some(keys) = fingerprint::sweep(media, path, effort)? else {
            return Ok(None);
        };
        let found = self.recognise(&keys, Some(DOUBT))?;
        Ok((!found.iter().any(|c| doubtful(c, effort))).then_some(keys))
    }

    /// What a film matches when the places where its key frames leave doubt are looked at in full; nothing where that leaves doubt again.
    fn closer(
        &self,
        media: &Media,
        path: &Path,
        keys: Reading,
        found: Vec<Candidate>,
    ) -> Result<Option<Vec<Candidate>>, Error> {
        let (settled, doubtful): (Vec<_>, Vec<_>) = best(found, Some(DOUBT))
            .into_iter()
            .partition(|c| c.score >= SETTLED);
        let places = places(&doubtful, keys.length);
        let mut near = keys;
        near.prints.retain(|print| print.medium != Medium::Video);
        for place in places {
            let Ok(print) = fingerprint::place(media, path, place) else {
                return Ok(None);
            };
            near.prints.extend(print);
        }
        let mut seen = self.recognise(&near, Some(NOTHING))?;
        // What is like a work where a copy of another is known is no copy.
        let known: Vec<Span> = seen
            .iter()
            .filter(|c| c.score >= threshold(c.medium))
            .map(|c| c.in_query)
            .collect();
        let covered = |span: Span| known.iter().any(|k| k.start < span.end && span.start < k.end);
        let unsure = |c: &Candidate| {
            c.medium == Medium::Video && c.score < threshold(c.medium) && !covered(c.in_query)
        };
        if seen.iter().any(unsure) {
            return Ok(None);
        }
        for candidate in &mut seen {
            // What the key frames saw of the same copy beyond the place counts, too.
            let looked_at = candidate.clone();
            for wider in doubtful.iter().filter(|wider| same_line(&looked_at, wider)) {
                candidate.in_query = union(candidate.in_query, wider.in_query);
                candidate.in_reference = union(candidate.in_reference, wider.in_reference);
            }
        }
        seen.extend(settled);
        let mut told: Vec<Candidate> = Vec::new();
        for candidate in best(seen, Some(NOTHING)) {
            let again = |t: &Candidate| t.medium == candidate.medium && same_line(t, &candidate);
            if !told.iter().any(again) {
                told.push(candidate);
            }
        }
        Ok(Some(told))
    }
}

/// Does a candidate of key frames call for a closer look?
fn doubtful(candidate: &Candidate, effort: Effort) -> bool {
    let settled = effort == Effort::Sweep && candidate.score >= SETTLED;
    candidate.score >= DOUBT && !settled
}

fn union(a: Span, b: Span) -> Span {
    Span {
        start: a.start.min(b.start),
        end: a.end.max(b.end),
    }
}

/// Where a film of so many seconds is to be looked at closely: around the middles of the likeliest that are in doubt, in half of it at most, in order and none
/// twice.
fn places(doubtful: &[Candidate], length: f64) -> Vec<Span> {
    let mut places: Vec<Span> = Vec::new();
    for candidate in doubtful {
        let start = (candidate.in_query.start + candidate.in_query.end - CLOSE) / 2.0;
        let start = start.clamp(0.0, (length - CLOSE).max(0.0));
        let place = Span {
            start,
            end: (start + CLOSE).min(length),
        };
        let mut more = places.clone();
        more.push(place);
        more.sort_by(|a, b| a.start.total_cmp(&b.start));
        more.dedup_by(|next, place| {
            let touch = next.start <= place.end;
            if touch {
                place.end = next.end;
            }
            touch
        });
        if more.iter().map(Span::length).sum::<f64>() > length.max(2.0 * CLOSE) / 2.0 {
            break;
        }
        places = more;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use swordnet_core::{ReferenceId, Transform, WorkId};

    fn at(start: f64, end: f64) -> Candidate {
        Candidate {
            work: WorkId::from_text("w"),
            reference: ReferenceId::from_text("r"),
            medium: Medium::Video,
            score: 0.3,
            in_reference: Span { start, end },
            in_query: Span { start, end },
            query_length: 600.0,
            reference_length: 600.0,
            transform: Transform::default(),
            carried_by: vec![Medium::Video],
        }
    }

    #[test]
    fn places_lie_within_the_film_and_none_is_read_twice() {
        let of = |spans: &[(f64, f64)], length| {
            let found: Vec<_> = spans.iter().map(|&(start, end)| at(start, end)).collect();
            places(&found, length)
                .iter()
                .map(|p| (p.start, p.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&[(100.0, 200.0)], 600.0), [(138.0, 162.0)]);
        assert_eq!(
            of(&[(590.0, 600.0), (0.0, 4.0)], 600.0),
            [(0.0, 24.0), (576.0, 600.0)]
        );
        assert_eq!(of(&[(110.0, 114.0), (100.0, 104.0)], 600.0), [(90.0, 124.0)]);
        assert_eq!(of(&[(5.0, 10.0)], 20.0), [(0.0, 20.0)]);
        assert_eq!(of(&[], 600.0), []);
    }
}
