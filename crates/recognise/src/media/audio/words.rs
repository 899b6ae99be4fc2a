//! Rows of band levels to words of 64 bits, each the sign of how a difference between bands changes in time.
//!
//! J. Haitsma, T. Kalker: A highly robust audio fingerprinting system, ISMIR 2002. The sign of a difference of
//! differences survives equalising, compression and moderate noise; on a logarithmic scale a change of pitch only
//! moves the bands, and a word belongs to one moment, so that a change of tempo leaves it alone.

use super::spectrum::{LEVELS, MAX_SHIFT, RATE, Row, SPREAD, WINDOW};
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
/// Weakest bits of a query's key that are noted.
pub const WEAK: usize = 4;
/// Words back to the row that a row is compared with.
const LAG: usize = 2;
/// Units between the two bands of a bit, for the first and the second half of a word.
const APART: [usize; 2] = [9, 15];
/// Seconds from the start of the sound to the middle of what word 0 hears.
pub const MIDDLE: f64 = (WINDOW as f64 - (LAG * GRID) as f64) / (2.0 * RATE as f64);

/// Seconds from one word of a reference to the next.
pub const GRID_SECONDS: f64 = GRID as f64 / RATE as f64;

/// A word of a query at one shift of pitch, with the bits of its key that are the likeliest to be wrong, weakest first.
#[derive(Clone, Copy, Default)]
pub struct Heard {
    /// The word; 0 is silence.
    pub word: u64,
    /// Bit numbers, 0 being the lowest.
    pub weak: [u8; WEAK],
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

    /// The word of the newest row with the bands moved up by `shift` steps less [`UNSHIFTED`].
    pub fn word(&self, shift: usize, weak: bool) -> Heard {
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
}

/// Bits from the highest: each half of the word goes up the scale twice with its own distance between bands, so that
/// a key, the highest bits, hears all of the scale and bits that overlap little.
fn hear(now: &[f32; LEVELS], before: &[f32; LEVELS], first: usize, weak: bool) -> Heard {
    let mut heard = Heard::default();
    let mut weakest = [f32::INFINITY; WEAK];
    for bit in 0..64 {
        let apart = APART[bit / 32];
        let rung = bit % 16 * 2 + bit / 16 % 2;
        let low = first + (rung * (SPREAD - apart) + 15) / 31;
        let change = (now[low] - now[low + apart]) - (before[low] - before[low + apart]);
        let place = 63 - bit as u8;
        heard.word |= u64::from(change > 0.0) << place;
        if weak && (bit as u32) < KEY_BITS && change.abs() < weakest[WEAK - 1] {
            let rank = weakest.partition_point(|&w| w <= change.abs());
            weakest[rank..].rotate_right(1);
            heard.weak[rank..].rotate_right(1);
            weakest[rank] = change.abs();
            heard.weak[rank] = place;
        }
    }
    // 0 is kept for silence; a sound that gives it by chance loses one bit.
    heard.word = heard.word.max(1);
    heard
}
