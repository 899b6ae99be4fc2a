//! Rows of band levels to words of 64 bits, each the sign of how a difference between bands changes in time.
//!
//! J. Haitsma, T. Kalker: A highly robust audio fingerprinting system, ISMIR 2002. The sign of a difference of
//! differences survives equalising, compression and moderate noise; on a logarithmic scale a change of pitch only
//! moves the bands, and a word belongs to one moment, so that a change of tempo leaves it alone.

use super::spectrum::{BAND, BANDS, LEVELS, MAX_SHIFT, RATE, Row};
use std::collections::VecDeque;

/// Samples between two words of a reference: 64 ms.
pub const GRID: usize = 512;
/// Words of a query in the time of one word of a reference.
pub const FINE: usize = 4;
/// Units between two shifts of pitch that are tried.
pub const SHIFT_STEP: usize = 2;
/// Shifts of pitch that are tried, the middle one being none.
pub const SHIFTS: usize = 2 * MAX_SHIFT / SHIFT_STEP + 1;
/// The shift that is none.
pub const UNSHIFTED: usize = SHIFTS / 2;
/// Bits of a word by which it may be looked up: its highest.
pub const KEY_BITS: u32 = 28;
/// Weakest bits of a query's key that are noted.
pub const WEAK: usize = 4;
/// Seconds of the reference's words: the middle of what word 0 hears.
pub const MIDDLE: f64 = 0.128 - 0.032;

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
        if self.rows.len() > 2 * self.per_grid + 1 {
            self.rows.pop_front();
        }
    }

    /// The word of the newest row with the bands moved up by `shift` steps less [`UNSHIFTED`].
    pub fn word(&self, shift: usize, weak: bool) -> Heard {
        let back = |grids: usize| {
            let age = grids * self.per_grid;
            self.rows
                .len()
                .checked_sub(age + 1)
                .and_then(|i| self.rows[i].as_deref())
        };
        let (Some(now), Some(before), Some(earlier)) = (back(0), back(1), back(2)) else {
            return Heard::default();
        };
        hear(now, before, earlier, shift * SHIFT_STEP, weak)
    }
}

fn hear(
    now: &[f32; LEVELS],
    before: &[f32; LEVELS],
    earlier: &[f32; LEVELS],
    first: usize,
    weak: bool,
) -> Heard {
    let mut heard = Heard::default();
    let mut weakest = [f32::INFINITY; WEAK];
    let mut place = |bit: u32, change: f32, heard: &mut Heard| {
        if change > 0.0 {
            heard.word |= 1 << bit;
        }
        if weak && bit >= u64::BITS - KEY_BITS && change.abs() < weakest[WEAK - 1] {
            let rank = weakest.partition_point(|&w| w <= change.abs());
            weakest[rank..].rotate_right(1);
            heard.weak[rank..].rotate_right(1);
            weakest[rank] = change.abs();
            heard.weak[rank] = bit as u8;
        }
    };
    for band in 0..BANDS - 1 {
        let (low, high) = (first + band * BAND, first + (band + 1) * BAND);
        let change = (now[low] - now[high]) - (before[low] - before[high]);
        place(63 - band as u32, change, &mut heard);
    }
    for band in 0..BANDS - 2 {
        let (low, high) = (first + band * BAND, first + (band + 2) * BAND);
        let change = (now[low] - now[high]) - (earlier[low] - earlier[high]);
        place(31 - band as u32, change, &mut heard);
    }
    // 0 is kept for silence; a sound that gives it by chance loses one bit.
    heard.word = heard.word.max(1);
    heard
}
