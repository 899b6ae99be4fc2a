//! Places where a query and the references may meet: a key in common, and the second around it alike.
//!
//! Seed and extend, as in S. Altschul et al.: Basic local alignment search tool, J. Mol. Biol. 215, 1990. The number of
//! lookups depends on the query alone and each finds about two words whatever the index holds, because keys grow with it.

use super::print::Query;
use super::store::Store;
use super::words::{FINE, SHIFTS, UNSHIFTED};
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
/// Seeds kept of one stretch of the query.
const KEPT: usize = 24;
/// Frames from one that is looked up at a shifted pitch to the next: a word lasts four. In a query of more than twenty seconds there are
/// enough of them: every other one is left out.
const STEP: usize = 2;
/// Twenty seconds in frames.
const LONG: usize = 1250;
/// Bits behind its key in which a word may differ from the query's, of 16: nine in ten of those that have the key by chance are passed
/// over without being read. An index of up to so many words, three hundred hours, can afford one bit more.
const APART: u32 = 5;
/// Words of such an index.
const SMALL: usize = 1 << 24;
/// The weakest bits of a key are tried both ways: this many in a sound as it was, and in a shifted one.
const BOTH_WAYS: (usize, usize) = (4, 2);

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
    let apart = APART + u32::from(indexed <= SMALL);
    let mut best: HashMap<(usize, usize, isize), Seed> = HashMap::new();
    for (segment, store) in segments.iter().enumerate() {
        meet(query, frames.clone(), store, apart, |seed| {
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
    seeds.truncate(KEPT);
    seeds
}

/// Every word of a segment that a stretch of the query meets.
fn meet(query: &Query, frames: Range<usize>, store: &Store, apart: u32, mut met: impl FnMut(Seed)) {
    let shifted = if query.frames() > LONG { 2 * STEP } else { STEP };
    for shift in 0..SHIFTS {
        let (words, weak) = (query.words(shift), query.weak(shift));
        let plain = shift == UNSHIFTED;
        let both_ways = if plain { BOTH_WAYS.0 } else { BOTH_WAYS.1 };
        let step = if plain { 1 } else { shifted };
        for frame in frames.clone().step_by(step).filter(|&frame| words[frame] != 0) {
            for key in keys(words[frame], &weak[frame][..both_ways], store.key_bits()) {
                for word in store.postings(key, words[frame], apart) {
                    let Some(strength) = strength(words, frame, store, word, plain) else {
                        continue;
                    };
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

/// The keys of a word with every choice of its weak bits.
fn keys(word: u64, weak: &[u8], key_bits: u32) -> impl Iterator<Item = u64> + '_ {
    let spare = u64::BITS - key_bits;
    (0..1u32 << weak.len()).filter_map(move |choice| {
        let turned = (0..weak.len())
            .filter(|i| choice >> i & 1 == 1)
            .fold(0, |m, i| m | 1u64 << weak[i]);
        // A weak bit that is not in a key so short changes nothing.
        (turned >> spare << spare == turned).then_some((word ^ turned) >> spare)
    })
}

fn strength(words: &[u64], frame: usize, store: &Store, word: usize, plain: bool) -> Option<f64> {
    let wrong = |step: isize| {
        let heard = *words.get(frame.checked_add_signed(step * FINE as isize)?)?;
        let known = store.word(word.checked_add_signed(step)?);
        (heard != 0 && known != 0).then(|| (heard ^ known).count_ones())
    };
    let sum = |steps: &mut dyn Iterator<Item = isize>| {
        steps
            .filter_map(wrong)
            .fold((0u32, 0u32), |(bits, wrong), w| (bits + 64, wrong + w))
    };
    let better = |(bits, wrong): (u32, u32)| {
        (f64::from(bits) / 2.0 - f64::from(wrong)) / f64::from(bits.max(1)).sqrt()
    };
    let (bits, wrong_bits) = sum(&mut GLANCE.into_iter());
    if f64::from(wrong_bits) > GLANCE_LIMIT * f64::from(bits) {
        return None;
    }
    let near = sum(&mut (-AROUND..=AROUND));
    let strength = better(near);
    if near.0 < 512 || strength < if plain { LOOK } else { LEAST } {
        return None;
    }
    let strength = if plain {
        strength.max(better(sum(&mut (-AROUND_PLAIN..=AROUND_PLAIN))))
    } else {
        strength
    };
    (strength >= LEAST).then_some(strength)
}
