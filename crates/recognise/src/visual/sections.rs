//! The container of segments: a header, a table of sections, the sections. Nothing is parsed but the table, so that a mapped file
//! opens at once; numbers are little-endian and read where they lie.

use crate::Error;
use bytes::Bytes;
use std::ops::Range;
use swordnet_core::Medium;

/// A segment up to this size has its contents' checksum tested when it is opened; a larger one, mapped from a file, its table's only.
const TESTED: usize = 32 << 20;

/// The form of one kind of segment.
#[derive(Clone, Copy)]
pub struct Form {
    /// For messages.
    pub medium: Medium,
    /// First eight bytes.
    pub magic: [u8; 8],
    /// How many sections each version has had, from the first to the one that is written. All are read.
    pub sections: &'static [usize],
}

impl Form {
    /// An error that names the medium.
    pub fn damaged(&self, why: impl Into<String>) -> Error {
        Error::Damaged {
            medium: self.medium,
            what: "segment",
            why: why.into(),
        }
    }

    /// Bytes before the contents where there are so many sections.
    fn head(sections: usize) -> usize {
        8 + 8 + 8 + 8 * (sections + 1) + 8
    }

    /// Joins sections into a segment.
    pub fn join(&self, sections: &[Vec<u8>]) -> Vec<u8> {
        assert_eq!(
            Some(&sections.len()),
            self.sections.last(),
            "sections of a segment of {}",
            self.medium
        );
        let mut contents = Vec::with_capacity(sections.iter().map(|s| s.len() + 8).sum());
        let mut starts = Vec::new();
        for section in sections {
            starts.push(contents.len() as u64);
            contents.extend_from_slice(section);
            contents.resize(contents.len().next_multiple_of(8), 0);
        }
        starts.push(contents.len() as u64);
        let mut out = Vec::with_capacity(Self::head(sections.len()) + contents.len());
        out.extend_from_slice(&self.magic);
        out.extend_from_slice(&(self.sections.len() as u64).to_le_bytes());
        out.extend_from_slice(&checksum(&contents).to_le_bytes());
        for (start, section) in starts.iter().zip(sections.iter().map(Vec::len).chain([0])) {
            // A section's padding is less than eight bytes: start and padding share a word.
            let padding = (8 - section % 8) % 8;
            out.extend_from_slice(&(start << 3 | padding as u64).to_le_bytes());
        }
        out.extend_from_slice(&checksum(&out).to_le_bytes());
        out.extend_from_slice(&contents);
        out
    }

    /// The version of a segment, from 1, and its sections.
    pub fn split(&self, bytes: &Bytes) -> Result<(usize, Vec<Bytes>), Error> {
        if bytes.len() < Self::head(0) {
            return Err(self.damaged("shorter than its header"));
        }
        if bytes[..8] != self.magic {
            return Err(self.damaged("it does not begin as one"));
        }
        let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let version = usize::try_from(word(8)).unwrap_or(usize::MAX);
        let count = version.checked_sub(1).and_then(|n| self.sections.get(n));
        let &count = count.ok_or_else(|| {
            self.damaged(format!(
                "version {version} where 1 to {} are read",
                self.sections.len()
            ))
        })?;
        let head = Self::head(count);
        if bytes.len() < head {
            return Err(self.damaged("shorter than its header"));
        }
        if crate::CHECKED && word(head - 8) != checksum(&bytes[..head - 8]) {
            return Err(self.damaged("the header's checksum is wrong"));
        }
        let contents = bytes.slice(head..);
        let tested = crate::CHECKED && contents.len() <= TESTED;
        if tested && word(16) != checksum(&contents) {
            return Err(self.damaged("the contents' checksum is wrong"));
        }
        let entry = |i: usize| word(24 + 8 * i);
        let mut sections = Vec::with_capacity(count);
        for i in 0..count {
            let (start, next) = ((entry(i) >> 3) as usize, (entry(i + 1) >> 3) as usize);
            let end = next.checked_sub((entry(i) & 7) as usize);
            match end {
                Some(end) if start <= end && next <= contents.len() => {
                    sections.push(contents.slice(start..end))
                }
                _ => return Err(self.damaged("a section lies outside it")),
            }
        }
        Ok((version, sections))
    }
}

/// A 64-bit checksum of bytes: multiplications and shifts over eight bytes at a time (the mixing step of Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014). Finds damage; no protection against forgery, which is the vault's duty.
pub fn checksum(bytes: &[u8]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15u64 ^ bytes.len() as u64;
    let mut mix = |word: u64| {
        state = (state ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
    };
    let chunks = bytes.chunks_exact(8);
    let mut last = [0u8; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    chunks.for_each(|c| mix(u64::from_le_bytes(c.try_into().expect("eight bytes"))));
    mix(u64::from_le_bytes(last));
    state ^ state >> 32
}

/// Records of `N` bytes each.
#[derive(Clone)]
pub struct Records<const N: usize>(Bytes);

impl<const N: usize> Records<N> {
    /// A section as records; nothing when its length does not fit.
    pub fn of(bytes: Bytes) -> Option<Self> {
        bytes.len().is_multiple_of(N).then_some(Self(bytes))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len() / N
    }

    /// All their bytes.
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }

    /// The record at `i`.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<&[u8; N]> {
        self.0.get(i.checked_mul(N)?..)?.first_chunk()
    }
}

impl<const N: usize> Records<N> {
    /// The number of the first record of which something holds, where it holds of all that follow.
    pub fn first(&self, holds: impl Fn(&[u8; N]) -> bool) -> usize {
        self.0.as_chunks().0.partition_point(|record| !holds(record))
    }

    /// The records of a range, as far as they are there.
    pub fn between(&self, range: Range<usize>) -> impl Iterator<Item = &[u8; N]> {
        let until = range.end.min(self.len());
        let bytes = self
            .0
            .get(range.start.saturating_mul(N)..until * N)
            .unwrap_or_default();
        bytes.as_chunks().0.iter()
    }
}

impl Records<4> {
    /// The number at `i`.
    #[inline(always)]
    pub fn number(&self, i: usize) -> Option<u32> {
        self.get(i).map(|b| u32::from_le_bytes(*b))
    }
}

/// Reads values one after another from a fingerprint's bytes.
pub struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    /// The next `N` bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next number.
    pub fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    /// The next number.
    pub fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    /// The next byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|b| b[0])
    }

    /// The next number, when it is finite.
    pub fn f32(&mut self) -> Option<f32> {
        self.take().map(f32::from_le_bytes).filter(|v| v.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form {
        medium: Medium::Video,
        magic: *b"TESTFORM",
        sections: &[1, 2],
    };

    #[test]
    fn sections_come_back_and_damage_is_told() {
        let joined = FORM.join(&[vec![1, 2, 3], (0..16).collect()]);
        let (version, sections) = FORM.split(&joined.clone().into()).expect("whole");
        assert_eq!(version, 2);
        assert_eq!(&sections[0][..], [1, 2, 3]);
        assert_eq!(
            Records::<8>::of(sections[1].clone()).expect("fits").get(1),
            Some(&[8, 9, 10, 11, 12, 13, 14, 15])
        );
        for i in 0..joined.len() {
            let mut bytes = joined.clone();
            bytes[i] ^= 0x10;
            assert!(FORM.split(&bytes.into()).is_err(), "byte {i}");
            assert!(FORM.split(&joined[..i].to_vec().into()).is_err(), "cut at {i}");
        }
    }
}
