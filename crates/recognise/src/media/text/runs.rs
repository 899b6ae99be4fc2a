//! From a query to the runs of characters that it has in common with references.
//!
//! Every gram of the query is looked up. References that share enough rare grams are candidates; each shared gram of a
//! candidate is grown to the longest common run around it. The query is taken in stretches, so that what is held at any
//! time is bounded by the stretch and by the runs found.

use super::folded::FoldedText;
use super::grams::{STEP, grams};
use super::segment::TextSegment;
use crate::Error;
use rustc_hash::FxHashMap;
use std::collections::HashSet;
use swordnet_core::ReferenceId;

/// Folded characters of a query taken at a time.
const STRETCH: usize = 1 << 15;
/// Grams met more often than this in the index say too little to start from.
const COMMON: usize = 64;
/// A reference is a candidate from so much weight of shared grams in one stretch: about three that are its alone.
const ENOUGH: f32 = 2.5;
/// At most so many runs are kept of one reference: hostile texts could share millions.
const MOST_RUNS: usize = 1 << 17;

/// Folded characters that a query and a reference have in common, one after another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// Where it starts in the query.
    pub query: u32,
    /// Where it starts in the reference.
    pub reference: u32,
    /// Characters.
    pub length: u32,
    /// How rare its grams are in the index: 1 where they are this reference's alone, towards 0 for stock phrases.
    pub rarity: f32,
}

/// What one reference has in common with the query.
#[derive(Default)]
pub struct Shared {
    /// The runs, by place in the query.
    pub runs: Vec<Run>,
    /// Up to where in the query each diagonal was grown.
    reached: FxHashMap<i64, u32>,
}

/// A reference: the number of its segment, and its own in that.
pub type Holder = (u32, u32);

struct Seed {
    query: u32,
    holder: Holder,
    place: u32,
}

/// How much a gram says that so many places of the index hold.
fn rarity(places: usize) -> f32 {
    if places > COMMON {
        0.0
    } else {
        2.0 / (1.0 + places as f32)
    }
}

/// The runs that `query` shares with each candidate of the `segments`.
pub fn shared(
    segments: &[&TextSegment],
    query: &[u16],
    removed: &HashSet<ReferenceId>,
) -> Result<FxHashMap<Holder, Shared>, Error> {
    let mut found: FxHashMap<Holder, Shared> = FxHashMap::default();
    for from in (0..query.len()).step_by(STRETCH) {
        let stretch = Stretch::read(segments, query, from);
        for (holder, seeds) in stretch.candidates() {
            let segment = segments[holder.0 as usize];
            if removed.contains(&segment.references[holder.1 as usize]) {
                continue;
            }
            let text = segment.text(holder.1 as usize)?;
            let shared = found.entry(holder).or_default();
            for (at, place) in seeds {
                shared.grow(query, &text, at, place, &stretch);
            }
        }
    }
    Ok(found)
}

/// A part of the query, looked up.
struct Stretch {
    from: usize,
    /// Per gram of the query its rarity; negative where the index does not hold it.
    rarity: Vec<f32>,
    seeds: Vec<Seed>,
}

impl Stretch {
    fn read(segments: &[&TextSegment], query: &[u16], from: usize) -> Self {
        let mut stretch = Self {
            from,
            rarity: Vec::with_capacity(STRETCH.min(query.len() - from)),
            seeds: Vec::new(),
        };
        grams(query, from, from + STRETCH, |at, gram| {
            let before = stretch.seeds.len();
            let mut count = 0;
            for (number, segment) in segments.iter().enumerate() {
                let places = segment.places(gram);
                count += places.len();
                if count > COMMON {
                    break;
                }
                let located = places.iter().filter_map(|place| segment.locate(place));
                stretch.seeds.extend(located.map(|(reference, place)| Seed {
                    query: at as u32,
                    holder: (number as u32, reference),
                    place,
                }));
            }
            if count > COMMON {
                stretch.seeds.truncate(before);
            }
            stretch.rarity.push(if count == 0 { -1.0 } else { rarity(count) });
        });
        stretch
    }

    /// The references that share enough, with the places of what they share in the query and in them.
    fn candidates(&self) -> FxHashMap<Holder, Vec<(u32, u32)>> {
        let mut weights: FxHashMap<Holder, (f32, u32)> = FxHashMap::default();
        for seed in &self.seeds {
            let (weight, last) = weights.entry(seed.holder).or_insert((0.0, u32::MAX));
            if *last != seed.query {
                *weight += self.rarity_at(seed.query);
                *last = seed.query;
            }
        }
        let mut candidates: FxHashMap<Holder, Vec<(u32, u32)>> = FxHashMap::default();
        for seed in &self.seeds {
            if weights[&seed.holder].0 >= ENOUGH {
                candidates
                    .entry(seed.holder)
                    .or_default()
                    .push((seed.query, seed.place));
            }
        }
        candidates
    }

    fn rarity_at(&self, query: u32) -> f32 {
        (query as usize)
            .checked_sub(self.from)
            .and_then(|at| self.rarity.get(at))
            .copied()
            .unwrap_or(-1.0)
    }
}

impl Shared {
    /// Grows the gram at `at` of the query and `place` of the reference to the longest common run.
    fn grow(&mut self, query: &[u16], text: &FoldedText<'_>, at: u32, place: u32, stretch: &Stretch) {
        let diagonal = i64::from(place) - i64::from(at);
        if self.runs.len() >= MOST_RUNS || self.reached.get(&diagonal).is_some_and(|&end| at < end) {
            return;
        }
        let (at, place) = (at as usize, place as usize);
        let floor = self.reached.get(&diagonal).map_or(0, |&end| end as usize);
        let back = (1..=at.min(place))
            .take_while(|back| at - back >= floor && query[at - back] == text.code(place - back))
            .count();
        let room = query
            .len()
            .saturating_sub(at)
            .min(text.count.saturating_sub(place));
        let ahead = (0..room)
            .take_while(|ahead| query[at + ahead] == text.code(place + ahead))
            .count();
        if ahead == 0 {
            return;
        }
        let (start, end) = (at - back, at + ahead);
        self.reached.insert(diagonal, end as u32);
        // Only every STEP-th character of the reference is in the index: the grams of the others say nothing here.
        let first = start + (place - back) % STEP;
        let (mut sum, mut count) = (0.0, 0);
        for rarity in (first..end)
            .step_by(STEP)
            .map(|at| stretch.rarity_at(at as u32))
            .filter(|&rarity| rarity >= 0.0)
        {
            sum += rarity;
            count += 1;
        }
        let run = Run {
            query: start as u32,
            reference: (place - back) as u32,
            length: (end - start) as u32,
            rarity: sum / count.max(1) as f32,
        };
        self.runs.push(run);
    }
}
