//! From a query's fingerprint to matches: hits, lines through them, verified spans.

use super::align::{self, Hit};
use super::print::{Mark, Print, Still};
use super::segment::{Films, word_of};
use super::verify::{self, Trial, Verified};
use crate::Match;
use crate::visual::describe::{self, Description};
use crate::visual::geometry::{self, Pair};
use crate::visual::lookup::doubtful;
use std::collections::BTreeMap;

/// Bits in which the codes of a frame and of its copy may differ; strangers' differ in 64.
pub const CODE: u32 = 30;
/// The same for descriptions of points.
pub const DESCRIPTION: u32 = 36;
/// Descriptions compared for one point of the query at most, about: sets how many words are visited.
const COMPARED: f32 = 320.0;
/// Moments of the references that one moment of the query may resemble.
const RESEMBLED: usize = 12;
/// Lines that weigh less are not verified.
const WEAKEST: f32 = 0.5;
/// Lines verified for one query at most.
const VERIFIED: usize = 20;

/// A query's mark as it is compared: as found, or mirrored.
#[derive(Clone, Copy)]
pub struct Seen {
    /// Description.
    pub description: Description,
    /// Place.
    pub at: [f32; 2],
    /// Size, as in a mark.
    pub scale: u8,
}

impl Seen {
    /// A mark, mirrored in a picture of that width or as it is.
    pub fn of(mark: &Mark, mirrored: bool, width: f32) -> Self {
        if mirrored {
            Self {
                description: mark.description.mirrored(),
                at: [width - mark.x, mark.y],
                scale: mark.scale,
            }
        } else {
            Self {
                description: mark.description,
                at: [mark.x, mark.y],
                scale: mark.scale,
            }
        }
    }

    /// This with a reference's point.
    pub fn pair(&self, at: [f32; 2], scale: u8) -> Pair {
        Pair {
            from: self.at,
            to: at,
            scale: ((f32::from(scale) - f32::from(self.scale)) / 8.0).exp2(),
            turn: 0.0,
        }
    }
}

/// Matches of a query in a segment, best first.
pub fn search(films: &Films, query: &Print, silenced: &[bool]) -> Vec<Match> {
    let mut hits: BTreeMap<(usize, bool), Vec<Hit>> = BTreeMap::new();
    for mirrored in [false, true] {
        code_hits(films, query, silenced, mirrored, &mut hits);
        for still in &query.stills {
            point_hits(films, query, still, silenced, mirrored, &mut hits);
        }
    }
    let mut lines = Vec::new();
    for (&(film, mirrored), hits) in &hits {
        let strong = align::lines(hits, 4).into_iter().filter(|l| l.weight >= WEAKEST);
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

fn code_hits(
    films: &Films,
    query: &Print,
    silenced: &[bool],
    mirrored: bool,
    hits: &mut BTreeMap<(usize, bool), Vec<Hit>>,
) {
    let mut items: Vec<u32> = Vec::new();
    for (i, codes) in query.codes.iter().enumerate() {
        let mut near: Vec<(u32, u32)> = Vec::new();
        for doubted in codes {
            let code = if mirrored {
                doubted.code.mirrored()
            } else {
                doubted.code
            };
            items.clear();
            for (chunk, lookup) in films.by_word.iter().enumerate() {
                let bits = lookup.bits();
                let doubts: Vec<u8> = doubted.doubts[chunk]
                    .iter()
                    .copied()
                    .filter(|&b| u32::from(b) < bits)
                    .collect();
                lookup.probe(word_of(&code, chunk), &doubts, |item| items.push(item));
            }
            items.sort_unstable();
            items.dedup();
            let close = items
                .iter()
                .map(|&item| (films.code(item as usize).distance(&code), item));
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

fn point_hits(
    films: &Films,
    query: &Print,
    still: &Still,
    silenced: &[bool],
    mirrored: bool,
    hits: &mut BTreeMap<(usize, bool), Vec<Hit>>,
) {
    let lookup = &films.by_point;
    let probes = (COMPARED / lookup.mean().max(1.0)).max(2.0).log2() as usize;
    let mut near: Vec<(usize, u32, Pair)> = Vec::new();
    for mark in &still.marks {
        let seen = Seen::of(mark, mirrored, query.shape[0]);
        let doubts = doubtful(&seen.description.sizes[..lookup.bits() as usize], probes.min(8));
        let mut found: Vec<(u32, u32)> = Vec::new();
        lookup.probe(seen.description.bits[0] as u32, &doubts, |item| {
            if let Some(bits) = films.bits(item as usize) {
                let distance = describe::distance(bits, seen.description.bits);
                if distance <= DESCRIPTION {
                    found.push((distance, item));
                }
            }
        });
        found.sort_unstable();
        found.truncate(48);
        for (distance, item) in found {
            let Some(spot) = films.spot(item as usize) else {
                continue;
            };
            near.push((
                films.still_of(item as usize),
                distance,
                seen.pair(spot.at, spot.scale),
            ));
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
}
