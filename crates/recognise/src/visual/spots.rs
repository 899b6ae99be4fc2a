//! A segment's points. They lie in the order of the words by which they are looked up, so that those which share a word are read from
//! memory in one piece: what a search costs is the places of memory that it goes to, not the descriptions that it compares.

use super::describe::{self, Description, WORD_BITS};
use super::lookup::{self, Lookup, doubtful, word_bits};
use super::marks::{Mark, Spot};
use super::sections::Records;
use crate::room;
use bytes::Bytes;
use std::ops::Range;

/// Sections of a segment that hold points: the points, where each word's begin, and where each picture's are.
pub const SECTIONS: usize = 3;
/// Bits in which the descriptions of a point and of its copy may differ.
pub const DESCRIPTION: u32 = 36;
/// Bytes of the number of a point's picture.
const OWNER: usize = 3;
/// Pictures that can be numbered.
pub const OWNERS: usize = 1 << (8 * OWNER);

/// Points of `N` bytes each: description, place, scale and, with 23 bytes rather than 22, direction; then the number of their picture.
pub struct Spots<const N: usize> {
    records: Records<N>,
    lookup: Lookup,
    /// Where the points of the first picture are, then those of the second, and so on.
    places: Records<4>,
}

impl<const N: usize> Spots<N> {
    /// Appends a mark.
    pub fn write(mark: &Mark, out: &mut Vec<u8>) {
        let byte = |v: f32| (v * 255.0).round() as u8;
        let place = [byte(mark.at[0]), byte(mark.at[1]), mark.scale, mark.angle];
        out.extend_from_slice(&describe::to_bytes(mark.description.bits));
        out.extend_from_slice(&place[..N - OWNER - 16]);
    }

    /// The sections for marks as [`Self::write`] wrote them, picture by picture; `counts` says how many each picture has.
    pub fn arrange(marks: &[u8], counts: impl Iterator<Item = usize>) -> [Vec<u8>; SECTIONS] {
        let size = N - OWNER;
        let words = marks.chunks_exact(size).enumerate().map(|(n, mark)| {
            let word = u32::from_le_bytes([mark[0], mark[1], mark[2], mark[3]]);
            (word, n as u32)
        });
        let (starts, order) = Lookup::arrange(words.clone(), word_bits(words.len(), WORD_BITS as u32));
        let owners: Vec<u32> = (0u32..)
            .zip(counts)
            .flat_map(|(owner, count)| std::iter::repeat_n(owner, count))
            .take(order.len())
            .collect();
        let mut places = vec![0u32; order.len()];
        let mut records = Vec::with_capacity(order.len() * N);
        for (at, &n) in (0u32..).zip(&order) {
            let n = n as usize;
            places[n] = at;
            records.extend_from_slice(&marks[n * size..][..size]);
            let owner = owners.get(n).copied().unwrap_or_default();
            records.extend_from_slice(&owner.to_le_bytes()[..OWNER]);
        }
        [records, lookup::bytes(&starts), lookup::bytes(&places)]
    }

    /// Opens the sections.
    pub fn open(sections: &[Bytes]) -> Option<Self> {
        let [records, starts, places] = sections.get(..SECTIONS)?.first_chunk()?;
        let (records, places) = (
            Records::<N>::of(records.clone())?,
            Records::<4>::of(places.clone())?,
        );
        let lookup = Lookup::open(starts.clone(), None, records.len())?;
        (places.len() == records.len()).then_some(Self {
            records,
            lookup,
            places,
        })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// What says where a picture's points are: looked at only when it is compared.
    pub fn places(&self) -> Bytes {
        self.places.bytes()
    }

    /// By which the points are looked up.
    pub fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// A point as it is kept: its description comes first.
    pub fn record(&self, i: usize) -> Option<&[u8; N]> {
        self.records.get(i)
    }

    /// Points as they are kept.
    pub fn between_records(&self, range: Range<usize>) -> impl Iterator<Item = &[u8; N]> {
        self.records.between(range)
    }

    /// A mark as [`Self::write`] wrote it, whatever follows it.
    #[inline(always)]
    pub fn parse(b: &[u8]) -> Option<Spot> {
        let bits = describe::from_bytes(*b.first_chunk()?);
        let &[x, y, scale] = b.get(16..19)?.first_chunk()?;
        Some(Spot {
            bits,
            at: [f32::from(x) / 255.0, f32::from(y) / 255.0],
            scale,
            angle: if N - OWNER > 19 { *b.get(19)? } else { 0 },
        })
    }

    /// A point.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Spot> {
        Self::parse(self.records.get(i)?)
    }

    /// The number of a point's picture.
    pub fn owner(&self, i: usize) -> usize {
        let owner = self.records.get(i).and_then(|b| b.last_chunk::<OWNER>());
        owner.map_or(0, |&[a, b, c]| u32::from_le_bytes([a, b, c, 0]) as usize)
    }

    /// The points of a picture, of which the first `from` belong to those before it: `most` at most.
    pub fn between(&self, from: usize, until: usize, most: usize) -> impl Iterator<Item = Spot> + '_ {
        let until = until.min(self.places.len()).min(from.saturating_add(most));
        let places = (from..until).filter_map(|i| self.places.number(i));
        places.filter_map(|at| {
            room::make(1);
            self.get(at as usize)
        })
    }

    /// The points most like one of the query's, `most` at most, nearest first: distance and number. About `compared` are looked at.
    pub fn like(&self, description: &Description, compared: f32, most: usize) -> Vec<(u32, u32)> {
        let followed = (compared / self.lookup.mean().max(1.0)).max(1.0).log2() as usize;
        let doubts = doubtful(&description.sizes[..self.lookup.bits() as usize], followed.min(8));
        let mut found: Vec<(u32, u32)> = Vec::new();
        let word = description.bits[0] as u32;
        self.lookup.probe(word, &doubts, compared as usize, |item| {
            if let Some(record) = self.records.get(item as usize)
                && let Some(&bits) = record.first_chunk()
            {
                let distance = describe::distance(describe::from_bytes(bits), description.bits);
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
