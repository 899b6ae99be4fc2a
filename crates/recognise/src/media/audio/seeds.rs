//! Places where a query and the references may meet: a key in common, and the second around it alike.
//!
//! Seed and extend, as in S. Altschul et al.: Basic local alignment search tool, J. Mol. Biol. 215, 1990. The number of
//! lookups depends on the query alone and each finds about two words whatever the index holds, because keys grow with it.

use super::print::Query;
use super::store::Store;
use super::words::{FINE, SHIFTS};
use std::collections::HashMap;

/// Words of a reference on either side of a seed that are compared with the query. A tempo wrong by a tenth moves
/// the outermost by 50 ms, less than a word lasts.
const AROUND: isize = 8;
/// Words compared first.
const GLANCE: [isize; 5] = [-6, -3, 0, 3, 6];
/// Share of wrong bits above which the glance ends it.
const GLANCE_LIMIT: f64 = 0.40;
/// How much better than chance a seed must be: half the bits less the wrong ones, over the root of all.
const LEAST: f64 = 3.0;
/// Seeds kept of one stretch of the query.
const KEPT: usize = 192;
/// The weakest bits of a key are tried both ways.
const TRIED_BOTH_WAYS: usize = 3;

/// A word of the query that meets a word of the index.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// Shift of pitch.
    pub shift: usize,
    /// Frame of the query.
    pub frame: usize,
    /// Number of the word.
    pub word: usize,
    /// How much better than chance.
    pub strength: f64,
}

/// The best seeds of a stretch of the query, strongest first.
pub fn find(query: &Query, frames: std::ops::Range<usize>, store: &Store) -> Vec<Seed> {
    let mut best: HashMap<(usize, isize), Seed> = HashMap::new();
    for shift in 0..SHIFTS {
        let (words, weak) = (query.words(shift), query.weak(shift));
        for frame in frames.clone().filter(|&frame| words[frame] != 0) {
            for tried in 0..1u32 << TRIED_BOTH_WAYS {
                let turned = (0..TRIED_BOTH_WAYS)
                    .filter(|i| tried >> i & 1 == 1)
                    .fold(0, |m, i| m | 1u64 << weak[frame][i]);
                let key = (words[frame] ^ turned) >> (64 - store.key_bits());
                // A weak bit that is not in a key so short changes nothing.
                if tried != 0 && turned >> (64 - store.key_bits()) << (64 - store.key_bits()) != turned {
                    continue;
                }
                for word in store.postings(key) {
                    let Some(strength) = strength(words, frame, store, word) else {
                        continue;
                    };
                    // One of a cluster is enough: a quarter of a second, neighbouring shifts.
                    let diagonal = (word * FINE) as isize - frame as isize;
                    let place = best.entry((shift / 2, diagonal >> 4)).or_insert(Seed {
                        shift,
                        frame,
                        word,
                        strength,
                    });
                    if strength > place.strength {
                        *place = Seed {
                            shift,
                            frame,
                            word,
                            strength,
                        };
                    }
                }
            }
        }
    }
    let mut seeds: Vec<Seed> = best.into_values().collect();
    seeds.sort_by(|a, b| {
        b.strength
            .total_cmp(&a.strength)
            .then((a.word, a.frame, a.shift).cmp(&(b.word, b.frame, b.shift)))
    });
    seeds.truncate(KEPT);
    seeds
}

fn strength(words: &[u64], frame: usize, store: &Store, word: usize) -> Option<f64> {
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
    let (bits, wrong_bits) = sum(&mut GLANCE.into_iter());
    if f64::from(wrong_bits) > GLANCE_LIMIT * f64::from(bits) {
        return None;
    }
    let (bits, wrong_bits) = sum(&mut (-AROUND..=AROUND));
    let strength = (f64::from(bits) / 2.0 - f64::from(wrong_bits)) / f64::from(bits.max(1)).sqrt();
    (bits >= 512 && strength >= LEAST).then_some(strength)
}
