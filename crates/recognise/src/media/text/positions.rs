//! Where each folded character stood in the text as given: a monotone map in about two bits a character.
//!
//! Folded character `i` of original position `p` sets bit `p + i` (the upper half of an Elias-Fano code; Elias 1974):
//! the distance between neighbouring ones is one more than the distance in the original. The bit of every 256th
//! character is kept beside, so that a look-up reads a few words.

/// One bit number is kept for so many characters.
const STRIDE: usize = 256;
/// The map ends where a bit number would pass 32 bits.
const LIMIT: u64 = u32::MAX as u64;

/// Writes a map, in order.
#[derive(Default)]
pub struct Builder {
    marks: Vec<u32>,
    words: Vec<u64>,
    count: u64,
}

impl Builder {
    /// The next folded character stood at `position`, not before the last one. False, and nothing done, when the map is
    /// full (at some two thousand million characters).
    pub fn push(&mut self, position: u64) -> bool {
        let bit = position + self.count;
        if bit >= LIMIT {
            return false;
        }
        if self.count.is_multiple_of(STRIDE as u64) {
            self.marks.push(bit as u32);
        }
        self.words.resize(bit as usize / 64 + 1, 0);
        self.words[bit as usize / 64] |= 1 << (bit % 64);
        self.count += 1;
        true
    }

    /// Number of 64-bit words, needed to open the map again.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// The map as bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.marks.iter().for_each(|mark| out.extend(mark.to_le_bytes()));
        self.words.iter().for_each(|word| out.extend(word.to_le_bytes()));
    }
}

/// A map as it lies in a fingerprint or segment.
#[derive(Clone, Copy, Debug)]
pub struct Positions<'a> {
    marks: &'a [u8],
    words: &'a [u8],
}

impl<'a> Positions<'a> {
    /// The map of `count` characters in `words` words; `None` when the bytes are not as long as that.
    pub fn open(bytes: &'a [u8], count: usize, words: usize) -> Option<Self> {
        let marks = count.div_ceil(STRIDE).checked_mul(4)?;
        let (marks, words) = (
            bytes.get(..marks)?,
            (bytes.len() == marks + words.checked_mul(8)?).then(|| &bytes[marks..])?,
        );
        Some(Self { marks, words })
    }

    /// Where folded character `index` stood; `None` past the end, or where the bytes are damaged.
    pub fn get(&self, index: usize) -> Option<u32> {
        let mark = self.marks.get(index / STRIDE * 4..)?.first_chunk()?;
        let mark = u32::from_le_bytes(*mark) as usize;
        let mut ahead = (index % STRIDE) as u32;
        let mut at = mark / 64;
        let mut word = self.word(at)? & (!0 << (mark % 64));
        while word.count_ones() <= ahead {
            ahead -= word.count_ones();
            at += 1;
            word = self.word(at)?;
        }
        for _ in 0..ahead {
            word &= word - 1;
        }
        let bit = at as u64 * 64 + u64::from(word.trailing_zeros());
        u32::try_from(bit.checked_sub(index as u64)?).ok()
    }

    fn word(&self, at: usize) -> Option<u64> {
        self.words
            .get(at.checked_mul(8)?..)?
            .first_chunk()
            .map(|bytes| u64::from_le_bytes(*bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn gives_back_every_position(gaps in proptest::collection::vec(prop_oneof![9 => 0u64..3, 1 => 0u64..2000], 0..2000)) {
            let mut builder = Builder::default();
            let mut position = 0;
            let positions: Vec<u64> = gaps.iter().map(|gap| { position += gap; position }).collect();
            for &position in &positions {
                prop_assert!(builder.push(position));
            }
            let mut bytes = Vec::new();
            builder.write(&mut bytes);
            let map = Positions::open(&bytes, positions.len(), builder.words()).unwrap();
            for (index, &position) in positions.iter().enumerate() {
                prop_assert_eq!(map.get(index), Some(position as u32));
            }
            prop_assert_eq!(map.get(positions.len()), None);
        }

        #[test]
        fn hostile_bytes_give_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), count in 0usize..3000, index in 0usize..3000) {
            for words in 0..bytes.len() / 8 + 1 {
                if let Some(map) = Positions::open(&bytes, count, words) {
                    let _ = map.get(index);
                }
            }
        }
    }

    #[test]
    fn is_full_where_a_bit_number_would_pass_32_bits() {
        assert!(!Builder::default().push(LIMIT));
    }
}
