//! Rows of band levels to words of 64 bits, each the sign of how a difference between bands changes in time.
//!
//! J. Haitsma, T. Kalker: A highly robust audio fingerprinting system, ISMIR 2002. The sign of a difference of
//! differences survives equalising, compression and moderate noise; on a logarithmic scale a change of pitch only
//! moves the bands, and a word belongs to one moment, so that a change of tempo leaves it alone.

use super::spectrum::{BAND, LEVELS, MAX_SHIFT, RATE, Row, SPREAD, WINDOW};
use std::collections::VecDeque;

/// Samples between two words of a reference: 64 ms.
pub const GRID: usize = 512;
/// Words of a query in the time of one word of a reference.
pub const FINE: usize = 4;
/// Units between two shifts of pitch that are tried: three quarters of a semitone.
pub const SHIFT_STEP: usize = 3;
/// Shifts of pitch that are tried, the middle one being none.
pub const SHIFTS: usize = 2 * MAX_SHIFT / SHIFT_STEP + 1;
/// The shift that is none.
pub const UNSHIFTED: usize = SHIFTS / 2;
/// Bits of a word by which it may be looked up: its highest.
pub const KEY_BITS: u32 = 28;
/// Weakest bits of a query's key that are noted, at most.
pub const WEAK: usize = 8;
/// Words back to the row that a row is compared with.
const LAG: usize = 2;
/// Units between the two bands of a bit, for the first and the second half of a word.
const APART: [usize; 2] = [9, 15];
/// Seconds from the start of the sound to the middle of what word 0 hears.
pub const MIDDLE: f64 = (WINDOW as f64 - (LAG * GRID) as f64) / (2.0 * RATE as f64);

/// Seconds from one word of a reference to the next.
pub const GRID_SECONDS: f64 = GRID as f64 / RATE as f64;

/// Parts of the scale, each heard by as many bits of a word.
pub const PARTS: usize = 4;
/// Bits of a word that hear one part.
pub const PART_BITS: f32 = 16.0;
/// Steps of a loudness in which energy doubles: three quarters of a decibel each.
pub const LOUD_STEPS: f32 = 4.0;
/// The loudness of an energy of 1.
const LOUD_ONE: f32 = 128.0;

/// Seconds of sound that so many words on end hear.
pub fn heard_seconds(words: usize) -> f64 {
    words.saturating_sub(1) as f64 * GRID_SECONDS + (WINDOW + LAG * GRID) as f64 / f64::from(RATE)
}

/// A word of a query at one shift of pitch, with the bits of its key that are the likeliest to be wrong, weakest first.
#[derive(Clone, Copy, Default)]
pub struct Heard {
    /// The word; 0 is silence.
    pub word: u64,
    /// Bit numbers, 0 being the lowest.
    pub weak: [u8; WEAK],
}

/// How many of some bits hear each part of the scale, the lowest first: four of every sixteen, see [`hear`].
pub fn parts(bits: u64) -> [f32; PARTS] {
    let pairs = bits - (bits >> 1 & 0x5555_5555_5555_5555);
    let fours = (pairs & 0x3333_3333_3333_3333) + (pairs >> 2 & 0x3333_3333_3333_3333);
    let eights = fours + (fours >> 32);
    let sums = |eights: u64| (eights & 0x0F0F_0F0F) + (eights >> 16 & 0x0F0F);
    let (even, odd) = (sums(eights), sums(eights >> 4));
    [odd >> 8 & 31, even >> 8 & 31, odd & 31, even & 31].map(|count| count as f32)
}

/// The rows that a word looks back on.
pub struct History {
    rows: VecDeque<Row>,
    per_grid: usize,
}

impl History {
    /// For rows that come `per_grid` times in 64 ms.
    pub fn new(per_grid: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            per_grid,
        }
    }

    /// Takes the next row.
    pub fn push(&mut self, row: Row) {
        self.rows.push_back(row);
        if self.rows.len() > LAG * self.per_grid + 1 {
            self.rows.pop_front();
        }
    }

    /// The word of the newest row with the bands moved up by `shift` steps less [`UNSHIFTED`], and so many of its weak bits.
    pub fn word(&self, shift: usize, weak: usize) -> Heard {
        let age = LAG * self.per_grid;
        let now = self.rows.back().and_then(|row| row.as_deref());
        let before = self
            .rows
            .len()
            .checked_sub(age + 1)
            .and_then(|i| self.rows[i].as_deref());
        match (now, before) {
            (Some(now), Some(before)) => hear(now, before, shift * SHIFT_STEP, weak),
            _ => Heard::default(),
        }
    }

    /// How loud each part of the scale is in what the newest word hears, in [`LOUD_STEPS`]; 0 is silence.
    pub fn loudness(&self) -> [u8; PARTS] {
        let age = LAG * self.per_grid;
        let ends = [
            self.rows.len().checked_sub(1),
            self.rows.len().checked_sub(age + 1),
        ];
        let rows = ends.map(|end| end.and_then(|end| self.rows[end].as_deref()));
        let [Some(now), Some(before)] = rows else {
            return [0; PARTS];
        };
        std::array::from_fn(|part| {
            let bands = (MAX_SHIFT + part * SPREAD / PARTS..)
                .step_by(BAND)
                .take(SPREAD / PARTS / BAND + 1);
            let energy: f32 = bands.map(|band| now[band].powi(2) + before[band].powi(2)).sum();
            (LOUD_ONE + LOUD_STEPS * energy.log2()).clamp(1.0, 255.0) as u8
        })
    }
}

/// Bits from the highest: each half of the word goes up the scale twice with its own distance between bands, so that
/// a key, the highest bits, hears all of the scale and bits that overlap little.
fn hear(now: &[f32; LEVELS], before: &[f32; LEVELS], first: usize, weak: usize) -> Heard {
    let mut heard = Heard::default();
    let mut weakest = [f32::INFINITY; WEAK];
    let weakest = &mut weakest[..weak];
    for bit in 0..64 {
        let apart = APART[bit / 32];
        let rung = bit % 16 * 2 + bit / 16 % 2;
        let low = first + (rung * (SPREAD - apart) + 15) / 31;
        let change = (now[low] - now[low + apart]) - (before[low] - before[low + apart]);
        let place = 63 - bit as u8;
        heard.word |= u64::from(change > 0.0) << place;
        let weaker = weakest.last().is_some_and(|&w| change.abs() < w);
        if weaker && (bit as u32) < KEY_BITS {
            let rank = weakest.partition_point(|&w| w <= change.abs());
            weakest[rank..].rotate_right(1);
            heard.weak[rank..weak].rotate_right(1);
            weakest[rank] = change.abs();
            heard.weak[rank] = place;
        }
    }
    // 0 is kept for silence; a sound that gives it by chance loses one bit.
    heard.word = heard.word.max(1);
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_parts_of_a_word_are_every_fourth_of_its_half_bytes(bits: u64) {
            let whole = [12, 8, 4, 0].map(|low| (bits & 0x000F_000F_000F_000F << low).count_ones() as f32);
            proptest::prop_assert_eq!(parts(bits), whole);
        }
    }
}
