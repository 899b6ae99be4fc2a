//! From a query's fingerprint to matches: hits, lines through them, verified spans.

use super::align::{self, Hit};
use super::print::{Print, Still};
use super::segment::Films;
use super::verify::{self, Trial, Verified};
use crate::Match;
use crate::visual::geometry::{self, Pair};
use crate::visual::marks::Seen;
use std::collections::{BTreeMap, HashSet};
use swordnet_core::ReferenceId;

/// Bits in which the codes of a frame and of its copy may differ; strangers' differ in 64.
pub const CODE: u32 = 30;
/// Descriptions compared for one point of the query at most, about, in all segments: sets how many words are visited.
const COMPARED: f32 = 1500.0;
/// Points of the references that one point of the query may be like.
const ALIKE: usize = 48;
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

/// All hits, by segment and film and by whether the query was taken mirrored.
type Hits = BTreeMap<(usize, usize, bool), Vec<Hit>>;

/// A segment and its share of all that is indexed, which is its share of the work.
struct Part<'a> {
    films: &'a Films,
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
        code_hits(&parts, query, mirrored, &mut hits);
        still_hits(&parts, query, mirrored, &mut hits);
    }
    hits.retain(|&(segment, film, _), _| !removed.contains(segments[segment].id(film)));
    let gap = GAP.0.max(GAP.1 * query.spacing());
    let mut lines = Vec::new();
    for (&(segment, film, mirrored), hits) in &hits {
        let strong = align::lines(hits, 4, gap)
            .into_iter()
            .filter(|l| l.weight >= WEAKEST);
        lines.extend(strong.map(|line| (segment, film, mirrored, line)));
    }
    lines.sort_by(|a, b| b.3.weight.total_cmp(&a.3.weight));
    lines.truncate(VERIFIED.max(query.codes.len() / 40));
    let mut found: Vec<Verified> = Vec::new();
    for (segment, film, mirrored, line) in lines {
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

fn code_hits(parts: &[Part<'_>], query: &Print, mirrored: bool, hits: &mut Hits) {
    for (i, codes) in query.codes.iter().enumerate() {
        let mut near: Vec<(u32, usize, u32)> = Vec::new();
        for doubted in codes {
            let mirror = mirrored.then(|| doubted.mirrored());
            let doubted = mirror.as_ref().unwrap_or(doubted);
            for (segment, Part { films, share }) in parts.iter().enumerate() {
                let code = |item| Some(films.code(item));
                let found = films.lists.like_code(doubted, CODE, *share, code);
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
            let film = films.film_of_code(item as usize);
            let Some(f) = films.films.get(film) else { continue };
            let weight = (CODE + 4 - distance) as f32 / 12.0 * share;
            let reference = (item as usize - f.first_code) as f32 / f.rate;
            hits.entry((segment, film, mirrored)).or_default().push(Hit {
                query: time,
                reference,
                weight,
            });
        }
    }
}

/// Hits of the query's stills. Most of what is looked at is nobody's copy: the first stills are looked up, and the rest only where those
/// found something.
fn still_hits(parts: &[Part<'_>], query: &Print, mirrored: bool, hits: &mut Hits) {
    let first = if query.is_sparse() { 1 } else { FIRST };
    let mut found: Vec<f32> = Vec::new();
    for still in query.stills.iter().step_by(first) {
        if point_hits(parts, query, still, mirrored, hits) {
            found.push(still.time);
        }
    }
    for (n, still) in query.stills.iter().enumerate() {
        let near = |t: &f32| (t - still.time).abs() <= AROUND;
        if n % first != 0 && found.iter().any(near) {
            point_hits(parts, query, still, mirrored, hits);
        }
    }
}

/// A point of the query that is like one of a reference: of which segment and still, in how many bits they differ, and the pair.
type Near = (usize, usize, u32, Pair);

/// Adds the hits of one still; were there any?
fn point_hits(parts: &[Part<'_>], query: &Print, still: &Still, mirrored: bool, hits: &mut Hits) -> bool {
    let mut near: Vec<Near> = Vec::new();
    for mark in &still.marks {
        let seen = Seen::of(mark, mirrored, query.shape[0]);
        let mut alike: Vec<(u32, usize, u32)> = Vec::new();
        for (segment, Part { films, share }) in parts.iter().enumerate() {
            let found = films.points.like(&seen.description, share * COMPARED, ALIKE);
            alike.extend(
                found
                    .into_iter()
                    .map(|(distance, item)| (distance, segment, item)),
            );
        }
        alike.sort_unstable();
        for &(distance, segment, item) in alike.iter().take(ALIKE) {
            let films = parts[segment].films;
            let Some(spot) = films.points.get(item as usize) else {
                continue;
            };
            near.push((
                segment,
                films.points.owner(item as usize),
                distance,
                seen.pair(&spot),
            ));
        }
    }
    near.sort_by_key(|n| (n.0, n.1, n.2));
    let mut groups: Vec<&[Near]> = near
        .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
        .filter(|g| g.len() >= 3)
        .collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.len()));
    groups.truncate(RESEMBLED);
    let mut agreed: Vec<(usize, usize, f32)> = Vec::new();
    for group in groups {
        let pairs: Vec<Pair> = group.iter().map(|g| g.3).collect();
        let Some(agreement) = geometry::agree(&pairs, 16) else {
            continue;
        };
        let distinct = verify::distinct(agreement.pairs.iter().map(|&i| &pairs[i]));
        if distinct >= 4 {
            agreed.push((group[0].0, group[0].1, (distinct as f32 - 2.5) / 5.0));
        }
    }
    let share = 1.0 / (1.0 + 0.15 * agreed.len() as f32);
    let any = !agreed.is_empty();
    for (segment, at, weight) in agreed {
        let films = parts[segment].films;
        let film = films.film_of_still(at);
        if film < films.films.len() {
            let hit = Hit {
                query: still.time,
                reference: films.time(at),
                weight: weight.min(2.0) * share,
            };
            hits.entry((segment, film, mirrored)).or_default().push(hit);
        }
    }
    any
}
