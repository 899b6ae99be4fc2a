//! How unlikely it is that chance made a stretch so alike.
//!
//! The same frames of the query are laid on words drawn from all over the index. How alike those are, and how much that varies,
//! tells what this query would find by chance: tones, rain and silence, whose words repeat themselves, vary much
//! and so need much. The distance in standard deviations, less what a search among so many places would reach anyway, is the excess.

/// Draws from the index.
const DRAWS: u64 = 64;
/// Words of a stretch that are compared in each draw, at most.
const SAMPLE: usize = 512;

/// Standard deviations by which the share `wrong` lies below chance. `heard` are the query's words along the stretch (0: silent),
/// `words` the number of words in the index, `word` gives one.
pub fn deviations(wrong: f64, heard: &[u64], words: usize, word: impl Fn(usize) -> u64) -> f64 {
    let stride = heard.len().div_ceil(SAMPLE).max(1);
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut shares = Vec::with_capacity(DRAWS as usize);
    for _ in 0..DRAWS {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let first = ((state >> 32) as usize).wrapping_mul(words) >> 32;
        let (mut bits, mut off) = (0u32, 0u32);
        for (at, &heard) in heard.iter().enumerate().step_by(stride) {
            let known = word((first + at) % words);
            if heard != 0 && known != 0 {
                bits += 64;
                off += (heard ^ known).count_ones();
            }
        }
        if bits > 0 {
            shares.push(f64::from(off) / f64::from(bits));
        }
    }
    let count = shares.len().max(1) as f64;
    let mean = shares.iter().sum::<f64>() / count;
    let variance = shares.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / count;
    // Bits of one word hang together; about a third of them are free even in the liveliest sound.
    let least = 0.5 / (heard.len() as f64 * 20.0).sqrt();
    (mean.min(0.5) - wrong) / variance.sqrt().max(least)
}

/// Deviations beyond what the best of `trials` places reaches by chance.
pub fn excess(deviations: f64, trials: f64) -> f64 {
    (deviations.max(0.0).powi(2) - 2.0 * trials.max(1.0).ln())
        .max(0.0)
        .sqrt()
}

/// Seconds from which a stretch counts in full.
const PHRASE: f64 = 3.0;

/// Share of the evidence that counts in a stretch of some seconds: a phrase of two seconds is said alike time and again,
/// a longer one hardly ever.
pub fn brevity(seconds: f64) -> f64 {
    (seconds / PHRASE).clamp(0.0, 1.0).sqrt()
}

/// The excess at which a right and a wrong answer are equally likely: measured where the wrong ones were the same voices
/// saying the same phrases, the hardest strangers at hand (the best reached 10.5, beside which a tenth of the right ones lay).
const EVEN_ODDS: f64 = 8.0;

/// A score between 0 and 1 from an excess.
pub fn score(excess: f64) -> f64 {
    let odds = (excess / EVEN_ODDS).powi(6);
    odds / (1.0 + odds)
}
