//! How unlikely it is that chance made a stretch so alike.
//!
//! The same frames of the query are laid on words drawn from all over the index. How alike those are, and how much that varies,
//! tells what this query would find by chance: tones, rain and silence, whose words repeat themselves, vary much
//! and so need much. The distance in standard deviations, less what a search among so many places would reach anyway, is the excess.

use super::words::{PART_BITS, PARTS, parts};

/// Draws from the index.
pub const DRAWS: usize = 64;
/// The likest draws that are left out: a tune that is in the index twice, or repeats itself, may be met where it fits.
const LUCKY: usize = 2;
/// How much larger the standard deviation of normal draws is than that of all but the likest.
const WHOLE: f64 = 1.08;
/// Words of a stretch that are compared in each draw, at most.
const SAMPLE: usize = 512;

/// Words of a query along a stretch (0: silent) and how far the parts of each are trusted.
pub type Along = [(u64, [f32; PARTS])];

/// The share of wrong bits of a stretch against the words that it is laid on; `None` where less than half of it sounds in both.
pub fn share(along: &Along, stride: usize, word: impl Fn(usize) -> u64) -> Option<f64> {
    let (mut bits, mut wrong, mut all) = (0.0, 0.0, 0.0);
    for (at, &(heard, trust)) in along
        .iter()
        .enumerate()
        .step_by(stride)
        .filter(|(_, along)| along.0 != 0)
    {
        let known = word(at);
        let here = PART_BITS * trust.iter().sum::<f32>();
        all += here;
        if known != 0 {
            bits += here;
            wrong += parts(heard ^ known)
                .iter()
                .zip(trust)
                .map(|(w, t)| w * t)
                .sum::<f32>();
        }
    }
    (bits > 0.5 * all).then(|| f64::from(wrong) / f64::from(bits))
}

/// Standard deviations by which the share `wrong` lies below chance. `places` is the number of places that are drawn from, `word` gives
/// the word so far from the first of them.
pub fn deviations(wrong: f64, along: &Along, places: usize, word: impl Fn(usize) -> u64) -> f64 {
    let stride = along.len().div_ceil(SAMPLE).max(1);
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut shares = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let first = ((state >> 32) as usize).wrapping_mul(places) >> 32;
        shares.extend(share(along, stride, |at| word(first + at)));
    }
    shares.sort_by(f64::total_cmp);
    let shares = &shares[LUCKY.min(shares.len() / 2)..];
    let count = shares.len().max(1) as f64;
    let mean = shares.iter().sum::<f64>() / count;
    let deviation = WHOLE * (shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / count).sqrt();
    // Bits of one word hang together; about a third of them are free even in the liveliest sound.
    let least = 0.5 / (sounding(along).max(1.0) * 20.0).sqrt();
    (mean.min(0.5) - wrong) / deviation.max(least)
}

/// Number of words that would tell as much if all were trusted alike.
pub fn sounding(along: &Along) -> f64 {
    let trusts = along
        .iter()
        .filter(|(word, _)| *word != 0)
        .flat_map(|(_, trust)| trust);
    let (sum, squares) = trusts.fold((0.0, 0.0), |(sum, squares), t| (sum + t, squares + t * t));
    f64::from(sum * sum / squares.max(f32::MIN_POSITIVE)) / PARTS as f64
}

/// Deviations beyond what the best of `trials` places reaches by chance.
pub fn excess(deviations: f64, trials: f64) -> f64 {
    (deviations.max(0.0).powi(2) - 2.0 * trials.max(1.0).ln())
        .max(0.0)
        .sqrt()
}

/// Seconds of a phrase that is said or played alike time and again: at least, and at most where query and reference go on beyond it
/// and are no longer alike.
const PHRASE: (f64, f64) = (5.0, 7.0);

/// Share of the evidence that counts in a stretch of some seconds, its silences not counted, where it could have been `whole` seconds long: a phrase of two
/// seconds is said alike time and again, a longer one hardly ever. The square: what phrases of strangers reach falls that fast with their length.
pub fn brevity(seconds: f64, whole: f64) -> f64 {
    (seconds / whole.clamp(PHRASE.0, PHRASE.1))
        .clamp(0.0, 1.0)
        .powi(2)
}

/// The excess at which a right and a wrong answer are about equally likely where one file in twenty is a copy, and the power of it by which
/// the odds rise. Fitted by bench/calibrate.py to 1,200 copies and 3,000 strangers; the likest wrong answers were a theme rendered anew, drums
/// that two tunes share, and a voice saying a sentence again. See docs/RECOGNITION.md.
const EVEN_ODDS: f64 = 7.5;
const STEEP: i32 = 6;

/// A score between 0 and 1 from an excess.
pub fn score(excess: f64) -> f64 {
    let odds = (excess / EVEN_ODDS).powi(STEEP);
    odds / (1.0 + odds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(words: &[u64]) -> Vec<(u64, [f32; PARTS])> {
        words.iter().map(|&word| (word, [1.0; PARTS])).collect()
    }

    #[test]
    fn a_draw_that_meets_the_copy_itself_does_not_hide_it() {
        let mut state = 1u64;
        let known: Vec<u64> = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        })
        .take(40)
        .collect();
        // Of forty places to draw from, one is where the copy lies: 64 draws meet it now and then.
        let deviations = deviations(0.0, &alike(&known), known.len(), |n| known[n % known.len()]);
        assert!(deviations > 20.0, "{deviations}");
    }

    #[test]
    fn what_is_no_liker_than_chance_deviates_little() {
        let words = |n: usize| (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let heard: Vec<u64> = (500..700).map(words).collect();
        let deviations = deviations(0.5, &alike(&heard), 10_000, |n| words(n + 2000));
        assert!(deviations.abs() < 3.0, "{deviations}");
    }
}
