//! Places where a query and the references may meet: a key in common, and the second around it alike.
//!
//! Seed and extend, as in S. Altschul et al.: Basic local alignment search tool, J. Mol. Biol. 215, 1990. The number of
//! lookups in a segment depends on the query and on whether the index is small, and each finds about two words, because keys grow with the segment.

use super::print::Query;
use super::store::Store;
use super::words::{FINE, PART_BITS, SHIFTS, UNSHIFTED, WEAK, parts};
use crate::room;
use std::collections::HashMap;
use std::ops::Range;

/// Words of a reference on either side of a seed that are compared with the query. A tempo wrong by a tenth moves
/// the outermost by 50 ms, less than a word lasts.
const AROUND: isize = 8;
/// The same where neither tempo nor pitch was changed: most copies, and the ones most often buried in noise.
const AROUND_PLAIN: isize = 64;
/// Words compared first.
const GLANCE: [isize; 5] = [-6, -3, 0, 3, 6];
/// Share of wrong bits above which the glance ends it.
const GLANCE_LIMIT: f64 = 0.42;
/// How much better than chance the next second must be for a longer look.
const LOOK: f64 = 1.8;
/// How much better than chance a seed must be: half the bits less the wrong ones, over the root of all.
const LEAST: f64 = 3.2;
/// Seeds kept of one stretch of the query, and of one reference among them: a voice that speaks in many references hides what lies under it.
const KEPT: usize = 32;
const KEPT_OF_ONE: usize = 8;
/// Frames from one that is looked up at a shifted pitch to the next: a word lasts four. In a query of more than twenty seconds there are
/// enough of them: every other one is left out.
const STEP: usize = 2;
/// Twenty seconds in frames.
const LONG: usize = 1250;
/// Lists of one or more frames that are read together, at least.
const TOGETHER: usize = 64;
/// An index of up to so many words, three hundred hours, can afford more of what finds little: one more wrong bit behind a key, and more keys.
const SMALL: usize = 1 << 24;
/// The weakest bits of a key are turned, one or more, while their ranks, the weakest being 1, sum up to no more than this in a sound as it was,
/// and in a shifted one (Q. Lv et al.: Multi-probe LSH, VLDB 2007): 49 keys, of which a thin segment has half, and 4.
const TURNED: [usize; 2] = [11, 3];
/// Weakest bits that are turned one at a time in a sound as it was, in a small index, together with all choices of those four bits of a key that hear the
/// part of the scale where most lies over it: a voice often covers one part alone, and what it says there it says loudly.
const TURNED_BESIDE: usize = 2;

/// A word of the query that meets a word of the index.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// Shift of pitch.
    pub shift: usize,
    /// Frame of the query.
    pub frame: usize,
    /// Segment of the word.
    pub segment: usize,
    /// Number of the word there.
    pub word: usize,
    /// How much better than chance.
    pub strength: f64,
}

/// The best seeds of a stretch of the query among those words of some segments that `answer`, strongest first.
pub fn find(
    query: &Query,
    frames: Range<usize>,
    segments: &[&Store],
    answer: &dyn Fn(usize, usize) -> bool,
) -> Vec<Seed> {
    let indexed: usize = segments.iter().map(|store| store.len()).sum();
    let mut best: HashMap<(usize, usize, isize), Seed> = HashMap::new();
    for (segment, store) in segments.iter().enumerate() {
        meet(query, frames.clone(), store, indexed <= SMALL, |seed| {
            if answer(segment, seed.word) {
                // One of a cluster is enough: a quarter of a second, neighbouring shifts.
                let diagonal = (seed.word * FINE) as isize - seed.frame as isize;
                let place = best.entry((segment, seed.shift / 2, diagonal >> 4));
                let kept = place.or_insert(Seed { segment, ..seed });
                if seed.strength > kept.strength {
                    *kept = Seed { segment, ..seed };
                }
            }
        });
    }
    let mut seeds: Vec<Seed> = best.into_values().collect();
    seeds.sort_by(|a, b| {
        let place = |s: &Seed| (s.segment, s.word, s.frame, s.shift);
        b.strength.total_cmp(&a.strength).then(place(a).cmp(&place(b)))
    });
    let mut kept: HashMap<(usize, usize), usize> = HashMap::new();
    seeds.retain(|seed| {
        let kept = kept
            .entry((seed.segment, segments[seed.segment].owner(seed.word).0))
            .or_default();
        *kept += 1;
        *kept <= KEPT_OF_ONE
    });
    seeds.truncate(KEPT);
    seeds
}

/// Every word of a segment that a stretch of the query meets, in an index that is small or not. Memory is asked for all lists of some frames before any is
/// read, and for all their words before any is compared, so that its answers overlap.
fn meet(query: &Query, frames: Range<usize>, store: &Store, small: bool, mut met: impl FnMut(Seed)) {
    let shifted = if query.frames() > LONG { 2 * STEP } else { STEP };
    let choices = [choices(WEAK, TURNED[0]), choices(2, TURNED[1])];
    let spare = u64::BITS - store.key_bits();
    let (mut lists, mut found) = (Vec::new(), Vec::new());
    for shift in 0..SHIFTS {
        let (words, weak) = (query.words(shift), query.weak(shift));
        let plain = shift == UNSHIFTED;
        let step = if plain { 1 } else { shifted };
        let heard = frames.clone().step_by(step).filter(|&frame| words[frame] != 0);
        let mut heard = heard.peekable();
        while let Some(frame) = heard.next() {
            let mut look_up = |turned: u64| {
                // A bit that is not in a key so short changes nothing.
                if turned >> spare << spare == turned {
                    let list = store.list((words[frame] ^ turned) >> spare);
                    lists.extend((!list.is_empty()).then_some((frame, list)));
                }
            };
            if plain && small {
                uncover(query.covered(frame), &weak[frame]).for_each(&mut look_up);
            } else {
                let choices = &choices[usize::from(!plain)];
                choices
                    .iter()
                    .map(|&choice| turn(&weak[frame], choice))
                    .for_each(&mut look_up);
            }
            if lists.len() < TOGETHER && heard.peek().is_some() {
                continue;
            }
            room::make(lists.len());
            std::hint::black_box(lists.iter().fold(0, |sum, (_, list)| sum ^ store.touch(list)));
            for (frame, list) in lists.drain(..) {
                let postings = store.postings(list, words[frame], u32::from(small));
                found.extend(postings.map(|word| (frame, word)));
            }
            room::make(found.len());
            std::hint::black_box(found.iter().fold(0, |sum, &(_, word)| sum ^ store.word(word)));
            for (frame, word) in found.drain(..) {
                if let Some(strength) = strength(query, shift, frame, store, word) {
                    met(Seed {
                        shift,
                        frame,
                        segment: 0,
                        word,
                        strength,
                    });
                }
            }
        }
    }
}

/// Choices of some weak bits whose ranks sum up to no more than `most`, the weakest being the lowest.
fn choices(weak: usize, most: usize) -> Vec<u32> {
    let ranks = |choice: u32| (0..weak).filter(move |i| choice >> i & 1 == 1).map(|i| i + 1);
    let few = |&choice: &u32| ranks(choice).sum::<usize>() <= most;
    (0..1 << weak).filter(few).collect()
}

/// The weak bits that are chosen.
fn turn(weak: &[u8; WEAK], choice: u32) -> u64 {
    let chosen = (0..WEAK).filter(|i| choice >> i & 1 == 1);
    chosen.fold(0, |turned, i| turned | 1 << weak[i])
}

/// Every choice of the four highest bits that hear a part, each alone and with one of the weakest bits beside.
fn uncover(part: usize, weak: &[u8; WEAK]) -> impl Iterator<Item = u64> {
    let low = 60 - 4 * part;
    let beside = weak[..TURNED_BESIDE].iter().map(|&bit| 1u64 << bit);
    let beside: Vec<u64> = std::iter::once(0)
        .chain(beside.filter(|bit| bit >> low & 15 == 0))
        .collect();
    (0..16u64).flat_map(move |choice| beside.clone().into_iter().map(move |bit| choice << low | bit))
}

/// How much better than chance the words around a seed are: half the bits less the wrong ones, over the root of all.
fn strength(query: &Query, shift: usize, frame: usize, store: &Store, word: usize) -> Option<f64> {
    let words = query.words(shift);
    let differs = |step: isize| {
        let frame = frame.checked_add_signed(step * FINE as isize)?;
        let (heard, known) = (*words.get(frame)?, store.word(word.checked_add_signed(step)?));
        (heard != 0 && known != 0).then_some((frame, heard ^ known))
    };
    let sum = |steps: &mut dyn Iterator<Item = isize>| {
        let differing = steps.filter_map(differs);
        differing.fold((0u32, 0u32), |(bits, wrong), (_, bad)| {
            (bits + 64, wrong + bad.count_ones())
        })
    };
    let better = |(bits, wrong): (u32, u32)| {
        (f64::from(bits) / 2.0 - f64::from(wrong)) / f64::from(bits.max(1)).sqrt()
    };
    let (bits, wrong_bits) = sum(&mut GLANCE.into_iter());
    if f64::from(wrong_bits) > GLANCE_LIMIT * f64::from(bits) {
        return None;
    }
    let plain = shift == UNSHIFTED;
    let near = sum(&mut (-AROUND..=AROUND));
    let strength = better(near);
    if near.0 < 512 || strength < if plain { LOOK } else { LEAST } {
        return None;
    }
    if !plain {
        return Some(strength);
    }
    let strength = strength.max(better(sum(&mut (-AROUND_PLAIN..=AROUND_PLAIN))));
    // The same with bits trusted as far as they can be under a voice.
    let half = PART_BITS / 2.0;
    let (mut more, mut squares) = (0.0, 0.0);
    for (frame, bad) in (-AROUND_PLAIN..=AROUND_PLAIN).filter_map(differs) {
        for (wrong, trust) in parts(bad).into_iter().zip(query.trust()[frame]) {
            more += trust * (half - wrong);
            squares += trust * trust * PART_BITS;
        }
    }
    let strength = strength.max(f64::from(more / squares.sqrt().max(1.0)));
    (strength >= LEAST).then_some(strength)
}
