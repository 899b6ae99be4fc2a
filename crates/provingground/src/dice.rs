//! Seeded chance. Kept here rather than taken from a crate so that a seed means the same ground for ever.

use sha2::{Digest as _, Sha256};

/// A stream of numbers that depends on nothing but the seed and the label (SplitMix64, Steele and others 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The stream of `seed` named `label`; differently named streams are independent of each other.
    pub fn new(seed: u64, label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(label.as_bytes());
        let digest = hash.finalize();
        Self(digest.iter().take(8).fold(0, |n, b| n << 8 | u64::from(*b)))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            0
        } else {
            (self.bits() % n as u64) as usize
        }
    }

    /// A number from `low` to `high`, both included.
    pub fn from(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as usize) as i64
    }

    /// A real number from `low` up to `high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True once in `1 / share`.
    pub fn chance(&mut self, share: f64) -> bool {
        self.between(0.0, 1.0) < share
    }

    /// One of `items`, which must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Brings `items` into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_label_always_give_the_same_stream() {
        let draw = |seed, label| {
            let mut dice = Dice::new(seed, label);
            [dice.bits(), dice.bits(), dice.below(1000) as u64]
        };
        assert_eq!(draw(1, "films"), draw(1, "films"));
        assert_ne!(draw(1, "films"), draw(2, "films"));
        assert_ne!(draw(1, "films"), draw(1, "songs"));
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut dice = Dice::new(7, "bounds");
        for _ in 0..1000 {
            assert!((3..=5).contains(&dice.from(3, 5)));
            assert!((0.5..0.6).contains(&dice.between(0.5, 0.6)));
        }
        assert_eq!(dice.below(0), 0);
    }
}
