//! From a query to the runs of characters that it has in common with references.
//!
//! Every gram of the query is looked up. References that share enough rare grams are candidates; each shared gram of a
//! candidate is grown to the longest common run around it. The query is taken in stretches, so that what is held at any
//! time is bounded by the stretch and by the runs found.

use super::folded::FoldedText;
use super::grams::{STEP, grams};
use super::segment::TextSegment;
use crate::{Error, room};
use rustc_hash::FxHashMap;
use std::collections::HashSet;
use swordnet_core::ReferenceId;

/// Folded characters of a query taken at a time.
const STRETCH: usize = 1 << 15;
/// Grams for which memory is asked before the first of them is looked up, so that its answers overlap.
const AHEAD: usize = 32;
/// Grams met more often than this in the index say too little to start from.
const COMMON: usize = 64;
/// So many Chinese characters in a row no two texts have in common by chance, in an index of any size.
const TOGETHER: f32 = 24.0;
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
    /// How rare it is in the index: 1 where it is this reference's alone, towards 0 for stock phrases.
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
fn rarity(places: u32) -> f32 {
    2.0 / (1.0 + places as f32)
}

/// How rare a run is whose grams so many places hold. In a large index most grams stand elsewhere too, as language will have it. What stands in one reference
/// for as long as chance does not reach is that reference's, however common its parts are; a stock phrase is common to its rarest gram. So
/// the rarest of each `size` grams speaks for them. Where a run is shorter it does so in proportion, and for the rest each gram for itself.
fn together(counts: &[u32], size: usize) -> f32 {
    let parts = (counts.len() / size.max(1)).max(1);
    let rarest = |part: &[u32]| {
        part.iter()
            .min()
            .map_or(0.0, |&least| rarity(least) * part.len() as f32)
    };
    let all = counts.len().max(1) as f32;
    let rarest: f32 = counts
        .chunks(counts.len().div_ceil(parts).max(1))
        .map(rarest)
        .sum();
    let each: f32 = counts.iter().map(|&count| rarity(count)).sum();
    let long = (all / size.max(1) as f32).min(1.0);
    (long * rarest + (1.0 - long) * each) / all
}

/// The runs that `query` shares with each candidate of the `segments`. `letters` is how many characters say as much as one Chinese character.
pub fn shared(
    segments: &[&TextSegment],
    query: &[u16],
    letters: f32,
    removed: &HashSet<ReferenceId>,
) -> Result<FxHashMap<Holder, Shared>, Error> {
    let mut found: FxHashMap<Holder, Shared> = FxHashMap::default();
    for from in (0..query.len()).step_by(STRETCH) {
        let stretch = Stretch::read(segments, query, letters, from);
        for (holder, seeds) in stretch.candidates() {
            let segment = segments[holder.0 as usize];
            if removed.contains(&segment.references[holder.1 as usize]) {
                continue;
            }
            room::make(2);
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
    /// Per gram of the query how many places hold it, as far as they were counted.
    counts: Vec<u32>,
    /// Grams of a run that are judged together.
    together: usize,
    seeds: Vec<Seed>,
}

impl Stretch {
    fn read(segments: &[&TextSegment], query: &[u16], letters: f32, from: usize) -> Self {
        let mut stretch = Self {
            from,
            counts: Vec::with_capacity(STRETCH.min(query.len() - from)),
            together: (TOGETHER * letters) as usize / STEP,
            seeds: Vec::new(),
        };
        let mut all = Vec::new();
        grams(query, from, from + STRETCH, |at, gram| all.push((at, gram)));
        for (number, &(at, gram)) in all.iter().enumerate() {
            if number % AHEAD == 0 {
                let ahead = &all[number..all.len().min(number + AHEAD)];
                room::make(ahead.len() * segments.len());
                let touched = ahead
                    .iter()
                    .flat_map(|(_, gram)| segments.iter().map(|segment| segment.touch(*gram)));
                std::hint::black_box(touched.fold(0, |sum, byte| sum ^ byte));
            }
            let before = stretch.seeds.len();
            let mut count = 0;
            for (number, segment) in segments.iter().enumerate() {
                let places = segment.places(gram);
                count += places.len();
                if count > COMMON {
                    break;
                }
                room::make(2 * places.len() + 1);
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
            stretch.counts.push(count as u32);
        }
        stretch
    }

    /// The references that share enough, with the places of what they share in the query and in them.
    fn candidates(&self) -> FxHashMap<Holder, Vec<(u32, u32)>> {
        let mut weights: FxHashMap<Holder, (f32, u32)> = FxHashMap::default();
        for seed in &self.seeds {
            let (weight, last) = weights.entry(seed.holder).or_insert((0.0, u32::MAX));
            if *last != seed.query {
                *weight += self.count_at(seed.query as usize).map_or(0.0, rarity);
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

    fn count_at(&self, query: usize) -> Option<u32> {
        let count = *self.counts.get(query.checked_sub(self.from)?)?;
        (count > 0).then_some(count)
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
        let counts: Vec<u32> = (first..end)
            .step_by(STEP)
            .filter_map(|at| stretch.count_at(at))
            .collect();
        let run = Run {
            query: start as u32,
            reference: (place - back) as u32,
            length: (end - start) as u32,
            rarity: together(&counts, stretch.together),
        };
        self.runs.push(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_as_rare_as_the_rarest_of_grams_close_together() {
        assert_eq!(together(&[1; 40], 12), 1.0);
        assert_eq!(together(&[], 12), 0.0);
        // A copy in a large index: common words, but nobody else has them all.
        let copy = [40, 7, 1, 30, 12, 9, 3, 50, 8, 21, 5, 16];
        assert_eq!(together(&copy, 12), 1.0);
        // A short phrase of them says less, but more than its words do.
        let each = copy[..6].iter().map(|&count| rarity(count)).sum::<f32>() / 6.0;
        assert!((together(&copy[..6], 12) - (1.0 + each) / 2.0).abs() < 1e-6);
        // A paragraph that nine have, and one sentence after it that is this one's alone.
        let mut paragraph = vec![9; 36];
        paragraph.extend([1; 12]);
        assert_eq!(together(&paragraph, 12), (36.0 * 0.2 + 12.0) / 48.0);
    }
}
