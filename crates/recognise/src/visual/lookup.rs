//! Inverted lists: for each value of a word of bits, the items that have it. A search visits the query's own word and those that
//! differ in its least certain bits (Lv and others, "Multi-probe LSH", 2007; Norouzi and others, "Fast exact search in Hamming space
//! with multi-index hashing", 2012).

use super::sections::Records;
use crate::room;
use bytes::Bytes;
use std::ops::Range;

/// Lists of item numbers by word.
pub struct Lookup {
    bits: u32,
    /// `2^bits + 1` positions in `items`.
    starts: Records<4>,
    /// Nothing where items lie in the order of their words.
    items: Option<Records<4>>,
    count: usize,
}

/// Numbers as a section holds them.
pub fn bytes(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// Word length for `items` items: lists of about sixteen to thirty.
pub fn word_bits(items: usize, most: u32) -> u32 {
    (items / 16).max(1).ilog2().clamp(1, most)
}

impl Lookup {
    /// Where the items of each word begin, and the items in the order of their words, of which the lowest `bits` count.
    pub fn arrange(words: impl Iterator<Item = (u32, u32)> + Clone, bits: u32) -> (Vec<u32>, Vec<u32>) {
        let mask = (1u32 << bits) - 1;
        let mut starts = vec![0u32; (1 << bits) + 1];
        for (word, _) in words.clone() {
            starts[(word & mask) as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut items = vec![0u32; starts[1 << bits] as usize];
        for (word, item) in words {
            let at = &mut next[(word & mask) as usize];
            items[*at as usize] = item;
            *at += 1;
        }
        (starts, items)
    }

    /// Opens sections of starts and of items; without the latter there are `count` of them, in the order of their words.
    pub fn open(starts: Bytes, items: Option<Bytes>, count: usize) -> Option<Self> {
        let starts = Records::<4>::of(starts)?;
        let items = match items {
            Some(items) => Some(Records::<4>::of(items)?),
            None => None,
        };
        let words = starts.len().checked_sub(1)?;
        if !words.is_power_of_two() || words < 2 || words.ilog2() > 24 {
            return None;
        }
        Some(Self {
            bits: words.ilog2(),
            starts,
            count: items.as_ref().map_or(count, Records::len),
            items,
        })
    }

    /// Word length.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Mean length of a list.
    pub fn mean(&self) -> f32 {
        self.count as f32 / (1u64 << self.bits) as f32
    }

    /// Where the items of one word are.
    pub fn list(&self, word: u32) -> Range<usize> {
        let word = (word & ((1 << self.bits) - 1)) as usize;
        let from = self.starts.number(word).unwrap_or(0) as usize;
        let until = self.starts.number(word + 1).unwrap_or(0) as usize;
        from..until.min(self.count)
    }

    /// Calls `visit` with the items of `word` and of the words that differ from it in some of `doubtful`'s bits: all combinations, until
    /// `most` items were visited. Real words are anything but evenly spread: of a list that is longer than what is left,
    /// items are taken at even distances, so that none is preferred for its place in the index.
    pub fn probe(&self, word: u32, doubtful: &[u8], most: usize, mut visit: impl FnMut(u32)) {
        let mut left = most;
        for combination in 0u32..1 << doubtful.len().min(16) {
            let flips = doubtful
                .iter()
                .enumerate()
                .fold(0, |m, (i, &bit)| m | ((combination >> i) & 1) << bit);
            let list = self.list(word ^ flips);
            let step = list.len().div_ceil(left).max(1);
            left -= list.len().div_ceil(step);
            let list = list.step_by(step);
            room::make(2);
            match &self.items {
                // What these are the numbers of lies anywhere.
                Some(items) => list.filter_map(|i| items.number(i)).for_each(|item| {
                    room::make(1);
                    visit(item);
                }),
                None => list.for_each(|i| visit(i as u32)),
            }
            if left == 0 {
                break;
            }
        }
    }
}

/// The `count` least certain of the first bits, given their sizes.
pub fn doubtful<T: PartialOrd + Copy>(sizes: &[T], count: usize) -> Vec<u8> {
    let mut order: Vec<u8> = (0..sizes.len() as u8).collect();
    let count = count.min(order.len());
    order.sort_by(|&a, &b| {
        sizes[a as usize]
            .partial_cmp(&sizes[b as usize])
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    order.truncate(count);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_found_under_its_word_and_its_neighbours() {
        let words = (0..1000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 7, i));
        let (starts, items) = Lookup::arrange(words.clone(), 6);
        let lookup = Lookup::open(bytes(&starts).into(), Some(bytes(&items).into()), 0).expect("opens");
        assert_eq!(lookup.bits(), 6);
        for (word, item) in words {
            for (word, doubts) in [(word, &[][..]), (word ^ 0b100_100, &[2, 5][..])] {
                let mut seen = false;
                lookup.probe(word, doubts, 1000, |i| seen |= i == item);
                assert!(seen);
            }
            let mut visited = 0;
            lookup.probe(word, &[0, 1, 2], 20, |_| visited += 1);
            assert!((10..=20).contains(&visited), "{visited}");
        }
    }

    #[test]
    fn wrong_positions_are_harmless() {
        let starts: Vec<u8> = [0u32, 9, 2].iter().flat_map(|n| n.to_le_bytes()).collect();
        let lookup = Lookup::open(starts.into(), Some(vec![0; 8].into()), 0).expect("opens");
        assert_eq!(lookup.list(0).count(), 2);
        assert_eq!(lookup.list(1).count(), 0);
    }
}
