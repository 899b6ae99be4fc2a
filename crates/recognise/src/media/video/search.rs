//! From a query's fingerprint to matches: hits, lines through them, verified spans.

use super::align::{self, Hit};
use super::print::{Print, Still};
use super::segment::Films;
use super::verify::{self, Trial, Verified};
use crate::Match;
use crate::visual::geometry::{self, Pair};
use crate::visual::marks::Seen;
use std::collections::BTreeMap;

/// Bits in which the codes of a frame and of its copy may differ; strangers' differ in 64.
pub const CODE: u32 = 30;
/// Descriptions compared for one point of the query at most, about: sets how many words are visited.
const COMPARED: f32 = 320.0;
/// Moments of the references that one moment of the query may resemble.
const RESEMBLED: usize = 12;
/// Lines that weigh less are not verified.
const WEAKEST: f32 = 0.5;
/// Lines verified for one query at most.
const VERIFIED: usize = 20;
/// Hits farther apart than so many seconds, or so many looks, are of different lines.
const GAP: (f32, f32) = (10.0, 3.5);
/// One still in so many is looked up first.
const FIRST: usize = 3;
/// Seconds around a still that found something within which the others are looked up, too.
const AROUND: f32 = 15.0;

/// All hits, by film and by whether the query was taken mirrored.
type Hits = BTreeMap<(usize, bool), Vec<Hit>>;

/// Matches of a query in a segment, best first.
pub fn search(films: &Films, query: &Print, silenced: &[bool]) -> Vec<Match> {
    let mut hits = Hits::new();
    for mirrored in [false, true] {
        code_hits(films, query, silenced, mirrored, &mut hits);
        still_hits(films, query, silenced, mirrored, &mut hits);
    }
    let gap = GAP.0.max(GAP.1 * query.spacing());
    let mut lines = Vec::new();
    for (&(film, mirrored), hits) in &hits {
        let strong = align::lines(hits, 4, gap)
            .into_iter()
            .filter(|l| l.weight >= WEAKEST);
        lines.extend(strong.map(|line| (film, mirrored, line)));
    }
    lines.sort_by(|a, b| b.2.weight.total_cmp(&a.2.weight));
    lines.truncate(VERIFIED.max(query.codes.len() / 40));
    let mut found: Vec<Verified> = Vec::new();
    for (film, mirrored, line) in lines {
        // Another line through what a good one explains already.
        let explained = |v: &Verified| {
            v.film == film
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
    keep_best(found)
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

fn code_hits(films: &Films, query: &Print, silenced: &[bool], mirrored: bool, hits: &mut Hits) {
    let mut items: Vec<u32> = Vec::new();
    for (i, codes) in query.codes.iter().enumerate() {
        let mut near: Vec<(u32, u32)> = Vec::new();
        for doubted in codes {
            let mirror = mirrored.then(|| doubted.mirrored());
            let doubted = mirror.as_ref().unwrap_or(doubted);
            films.lists.like_code(doubted, &mut items);
            let close = items
                .iter()
                .map(|&item| (films.code(item as usize).distance(&doubted.code), item));
            near.extend(close.filter(|&(d, _)| d <= CODE));
        }
        near.sort_unstable();
        let time = i as f32 / query.rate;
        let resembled = near.iter().take(RESEMBLED * 4);
        let share = 1.0 / (1.0 + 0.15 * near.len() as f32);
        for &(distance, item) in resembled {
            let film = films.film_of_code(item as usize);
            let Some(f) = films.films.get(film) else { continue };
            if silenced[film] {
                continue;
            }
            let weight = (CODE + 4 - distance) as f32 / 12.0 * share;
            let reference = (item as usize - f.first_code) as f32 / f.rate;
            hits.entry((film, mirrored)).or_default().push(Hit {
                query: time,
                reference,
                weight,
            });
        }
    }
}

/// Hits of the query's stills. Most of what is looked at is nobody's copy: the first stills are looked up, and the rest only where those
/// found something.
fn still_hits(films: &Films, query: &Print, silenced: &[bool], mirrored: bool, hits: &mut Hits) {
    let first = if query.is_sparse() { 1 } else { FIRST };
    let mut found: Vec<f32> = Vec::new();
    for still in query.stills.iter().step_by(first) {
        if point_hits(films, query, still, silenced, mirrored, hits) {
            found.push(still.time);
        }
    }
    for (n, still) in query.stills.iter().enumerate() {
        let near = |t: &f32| (t - still.time).abs() <= AROUND;
        if n % first != 0 && found.iter().any(near) {
            point_hits(films, query, still, silenced, mirrored, hits);
        }
    }
}

/// Adds the hits of one still; were there any?
fn point_hits(
    films: &Films,
    query: &Print,
    still: &Still,
    silenced: &[bool],
    mirrored: bool,
    hits: &mut Hits,
) -> bool {
    let mut near: Vec<(usize, u32, Pair)> = Vec::new();
    for mark in &still.marks {
        let seen = Seen::of(mark, mirrored, query.shape[0]);
        let found = films
            .lists
            .like_point(&films.points, &seen.description, COMPARED, 48);
        for (distance, item) in found {
            let Some(spot) = films.points.get(item as usize) else {
                continue;
            };
            near.push((films.still_of(item as usize), distance, seen.pair(&spot)));
        }
    }
    near.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut groups: Vec<&[(usize, u32, Pair)]> = near
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|g| g.len() >= 3)
        .collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.len()));
    groups.truncate(RESEMBLED);
    let mut agreed: Vec<(usize, f32)> = Vec::new();
    for group in groups {
        let pairs: Vec<Pair> = group.iter().map(|g| g.2).collect();
        let Some(agreement) = geometry::agree(&pairs, 16) else {
            continue;
        };
        let distinct = verify::distinct(agreement.pairs.iter().map(|&i| &pairs[i]));
        if distinct >= 4 {
            agreed.push((group[0].0, (distinct as f32 - 2.5) / 5.0));
        }
    }
    let share = 1.0 / (1.0 + 0.15 * agreed.len() as f32);
    let any = !agreed.is_empty();
    for (at, weight) in agreed {
        let film = films.film_of_still(at);
        if film < silenced.len() && !silenced[film] {
            let hit = Hit {
                query: still.time,
                reference: films.time(at),
                weight: weight.min(2.0) * share,
            };
            hits.entry((film, mirrored)).or_default().push(hit);
        }
    }
    any
}
