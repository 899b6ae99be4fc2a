//! The lists by which a segment's codes and points are found again.

use super::code::Code;
use super::describe::{self, Description, WORD_BITS};
use super::lookup::{Lookup, doubtful, word_bits};
use super::marks::{CHUNKS, Doubted, Spots, word_of};
use bytes::Bytes;

/// Sections of a segment that hold lists: two for points, and two for each word of a code.
pub const SECTIONS: usize = 2 + 2 * CHUNKS;
/// Bits in which the descriptions of a point and of its copy may differ.
pub const DESCRIPTION: u32 = 36;
/// Codes compared for one of the query's at most, about, in all segments; the longer the lists, the fewer of its doubts are followed.
const CODES: f32 = 4_000.0;

/// Codes or points of a segment that are compared at least.
const LEAST: f32 = 8.0;

/// The lists of a segment.
pub struct Lists {
    by_point: Lookup,
    by_word: Vec<Lookup>,
}

impl Lists {
    /// The sections for points with these descriptions and these codes, each with its number.
    pub fn write(points: &[(u32, u32)], codes: &[(Code, u32)]) -> Vec<Vec<u8>> {
        let bits = word_bits(points.len(), WORD_BITS as u32);
        let (starts, items) = Lookup::write(points.iter().copied(), bits);
        let mut sections = vec![starts, items];
        for chunk in 0..CHUNKS {
            let words = codes.iter().map(|&(code, item)| (word_of(&code, chunk), item));
            let (starts, items) = Lookup::write(words, word_bits(codes.len(), 16));
            sections.extend([starts, items]);
        }
        sections
    }

    /// Opens the sections.
    pub fn open(sections: &[Bytes]) -> Option<Self> {
        let mut lookups = sections
            .chunks_exact(2)
            .map(|pair| Lookup::open(pair[0].clone(), pair[1].clone()));
        let by_point = lookups.next()??;
        let by_word: Option<Vec<Lookup>> = lookups.collect();
        Some(Self {
            by_point,
            by_word: by_word.filter(|words| words.len() == CHUNKS)?,
        })
    }

    /// Codes that share a word with this one and differ from it in `limit` bits at most, nearest first: distance and number. This segment is
    /// given its share of the work.
    pub fn like_code(
        &self,
        doubted: &Doubted,
        limit: u32,
        share: f32,
        code: impl Fn(usize) -> Option<Code>,
    ) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        for (chunk, lookup) in self.by_word.iter().enumerate() {
            let compared = (share * CODES / CHUNKS as f32).max(LEAST);
            let compared = compared.max(LEAST);
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

    /// The points most like one of the query's, `most` at most, nearest first: distance and number. About `compared` are looked at.
    pub fn like_point<const N: usize>(
        &self,
        spots: &Spots<N>,
        description: &Description,
        compared: f32,
        most: usize,
    ) -> Vec<(u32, u32)> {
        let lookup = &self.by_point;
        let followed = (compared / lookup.mean().max(1.0)).max(1.0).log2() as usize;
        let doubts = doubtful(&description.sizes[..lookup.bits() as usize], followed.min(8));
        let mut found: Vec<(u32, u32)> = Vec::new();
        lookup.probe(description.bits[0] as u32, &doubts, compared as usize, |item| {
            if let Some(bits) = spots.bits(item as usize) {
                let distance = describe::distance(bits, description.bits);
                if distance <= DESCRIPTION {
                    found.push((distance, item));
                }
            }
        });
        found.sort_unstable();
        found.truncate(most);
        found
    }
}
