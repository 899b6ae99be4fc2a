//! The lists by which a segment's codes are found again.

use super::code::Code;
use super::lookup::{self, Lookup, word_bits};
use super::marks::{CHUNKS, Doubted, word_of};
use bytes::Bytes;

/// Sections of a segment that hold lists: two for each word of a code.
pub const SECTIONS: usize = 2 * CHUNKS;
/// Codes of a segment that are compared at least, for each word.
const LEAST: f32 = 8.0;

/// The lists of a segment.
pub struct Lists {
    by_word: Vec<Lookup>,
}

impl Lists {
    /// The sections for codes, each with its number.
    pub fn write(codes: &[(Code, u32)]) -> Vec<Vec<u8>> {
        let mut sections = Vec::new();
        for chunk in 0..CHUNKS {
            let words = codes.iter().map(|&(code, item)| (word_of(&code, chunk), item));
            let (starts, items) = Lookup::arrange(words, word_bits(codes.len(), 16));
            sections.extend([lookup::bytes(&starts), lookup::bytes(&items)]);
        }
        sections
    }

    /// Opens the sections.
    pub fn open(sections: &[Bytes]) -> Option<Self> {
        let lookups = sections.chunks_exact(2);
        let lookups = lookups.map(|pair| Lookup::open(pair[0].clone(), Some(pair[1].clone()), 0));
        let by_word: Option<Vec<Lookup>> = lookups.collect();
        Some(Self {
            by_word: by_word.filter(|words| words.len() == CHUNKS)?,
        })
    }

    /// Codes that share a word with this one and differ from it in `limit` bits at most, nearest first: distance and number. About `compared` are
    /// looked at; the longer the lists, the fewer of its doubts are followed.
    pub fn like_code(
        &self,
        doubted: &Doubted,
        limit: u32,
        compared: f32,
        code: impl Fn(usize) -> Option<Code>,
    ) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        for (chunk, lookup) in self.by_word.iter().enumerate() {
            let compared = (compared / CHUNKS as f32).max(LEAST);
            let followed = (compared / lookup.mean().max(1.0)).max(1.0).log2() as usize;
            let doubts: Vec<u8> = doubted.doubts[chunk]
                .iter()
                .copied()
                .filter(|&bit| u32::from(bit) < lookup.bits())
                .take(followed)
                .collect();
            lookup.probe(
                word_of(&doubted.code, chunk),
                &doubts,
                compared as usize,
                |item| {
                    let distance = code(item as usize).map(|code| code.distance(&doubted.code));
                    found.extend(distance.filter(|&d| d <= limit).map(|d| (d, item)));
                },
            );
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
