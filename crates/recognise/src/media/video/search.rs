//! From a query's fingerprint to matches: hits, lines through them, verified spans.

use super::align::{self, Hit, Line};
use super::echo;
use super::print::Print;
use super::segment::Films;
use super::stills;
use super::verify::{Trial, Verified};
use crate::Match;
use std::collections::{BTreeMap, HashSet};
use swordnet_core::ReferenceId;

/// Bits in which the codes of a frame and of its copy may differ; strangers' differ in 64.
pub const CODE: u32 = 30;
/// Codes compared for one of the query's at most, about, in all segments.
const CODES: f32 = 500.0;
/// One code of the query in so many is looked up: a copy's are much the same from one to the next.
const EVERY: usize = 3;
/// Moments of the references that one moment of the query may resemble.
pub const RESEMBLED: usize = 12;
/// Lines that weigh less are not verified.
const WEAKEST: f32 = 0.5;
/// Lines verified for one query at most.
const VERIFIED: usize = 20;
/// What a film's next line counts beside the one before it when those to verify are chosen: a camera that stands still is like itself along many.
const FADING: f32 = 0.5;
/// Codes of a query from which on more lines are looked at.
const LONG: usize = 800;
/// Hits farther apart than so many seconds, or so many looks, are of different lines.
pub const GAP: (f32, f32) = (10.0, 3.5);

/// All hits, by segment and film and by whether the query was taken mirrored.
pub type Hits = BTreeMap<(usize, usize, bool), Vec<Hit>>;

/// A segment and its share of all that is indexed, which is its share of the work.
pub struct Part<'a> {
    /// The segment.
    pub films: &'a Films,
    share: f32,
}

/// Matches of a query in some segments, best first. They are searched as one: a query costs about the same however many they are.
pub fn search(segments: &[&Films], query: &Print, removed: &HashSet<ReferenceId>) -> Vec<Match> {
    let all: usize = segments.iter().map(|films| films.points.len()).sum();
    let parts: Vec<Part<'_>> = segments
        .iter()
        .map(|films| Part {
            films,
            share: films.points.len() as f32 / all.max(1) as f32,
        })
        .collect();
    let mut hits = Hits::new();
    for mirrored in [false, true] {
        let mut own = Hits::new();
        code_hits(&parts, query, mirrored, &mut own);
        stills::hits(&parts, query, mirrored, &mut own);
        hits.append(&mut own);
    }
    hits.retain(|&(segment, film, _), _| !removed.contains(segments[segment].id(film)));
    let mut found: Vec<Verified> = Vec::new();
    for (segment, film, mirrored, line) in strongest(query, &hits, VERIFIED) {
        let films = segments[segment];
        // Another line through what a good one explains already.
        let explained = |v: &Verified| {
            v.found.reference == *films.id(film)
                && v.mirrored == mirrored
                && v.found.score > 0.99
                && v.fit > 3.0 * line.weight
                && v.found.query.start <= f64::from(line.start) + 0.5
                && v.found.query.end >= f64::from(line.end) - 0.5
        };
        if found.iter().any(explained) {
            continue;
        }
        found.extend(
            Trial {
                films,
                film,
                query,
                mirrored,
            }
            .verify(&line),
        );
    }
    echo::weaken(&mut found);
    keep_best(found)
}

/// The lines that the most hits lie on, the strongest first: segment, film, whether mirrored, and line. `most` at most, and more for long queries.
pub fn strongest(query: &Print, hits: &Hits, most: usize) -> Vec<(usize, usize, bool, Line)> {
    let gap = GAP.0.max(GAP.1 * query.spacing());
    let mut lines = Vec::new();
    for (&(segment, film, mirrored), hits) in hits {
        let strong = align::lines(hits, 4, gap)
            .into_iter()
            .filter(|l| l.weight >= WEAKEST);
        let turns = strong.zip(0..);
        lines.extend(turns.map(|(line, n)| (line.weight * FADING.powi(n), (segment, film, mirrored, line))));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    lines.truncate(most.max(most * query.codes.len() / LONG));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Of matches of one reference that claim the same part of the query, the one that fits best.
fn keep_best(mut found: Vec<Verified>) -> Vec<Match> {
    found.sort_by(|a, b| b.fit.total_cmp(&a.fit));
    let mut kept: Vec<Match> = Vec::new();
    for Verified { found: m, .. } in found {
        let overlaps = |k: &Match| {
            let both = k.query.end.min(m.query.end) - k.query.start.max(m.query.start);
            k.reference == m.reference && both > 0.3 * m.query.length().min(k.query.length())
        };
        if !kept.iter().any(overlaps) {
            kept.push(m);
        }
    }
    kept.sort_by(|a, b| b.score.total_cmp(&a.score));
    kept
}

fn code_hits(parts: &[Part<'_>], query: &Print, mirrored: bool, hits: &mut Hits) {
    let every = if query.is_sparse() { 1 } else { EVERY };
    for (i, codes) in query.codes.iter().enumerate().step_by(every) {
        let mut near: Vec<(u32, usize, u32)> = Vec::new();
        for doubted in codes {
            let mirror = mirrored.then(|| doubted.mirrored());
            let doubted = mirror.as_ref().unwrap_or(doubted);
            for (segment, Part { films, share }) in parts.iter().enumerate() {
                let listed = |item| films.listed(item);
                let found = films.lists.like_code(doubted, CODE, share * CODES, listed);
                near.extend(
                    found
                        .into_iter()
                        .map(|(distance, item)| (distance, segment, item)),
                );
            }
        }
        near.sort_unstable();
        let time = i as f32 / query.rate;
        let resembled = near.iter().take(RESEMBLED * 4);
        let share = 1.0 / (1.0 + 0.15 * near.len() as f32);
        for &(distance, segment, item) in resembled {
            let films = parts[segment].films;
            let code = films.number(item as usize);
            let film = films.film_of_code(code);
            let Some(f) = films.films.get(film) else { continue };
            let weight = (CODE + 4 - distance) as f32 / 12.0 * share;
            let reference = code.saturating_sub(f.first_code) as f32 / f.rate;
            hits.entry((segment, film, mirrored)).or_default().push(Hit {
                query: time,
                reference,
                weight,
            });
        }
    }
}
