//! An immutable segment: the folded texts of some references back to back, and an index of their grams.
//!
//! | section | holds |
//! | --- | --- |
//! | header, 112 bytes | magic, version, counts, where each section starts, checksums |
//! | rows | per reference and once at the end: start among all folded characters (4), start of its identifier (4) and text (8) |
//! | identifiers | UTF-8, back to back |
//! | hints | for every 512th folded character: its reference (4) |
//! | buckets | grams sorted by number; for each leading pattern of bits, where its postings start (4) |
//! | tags | per posting 16 more bits of the gram |
//! | places | per posting its place among all folded characters (4) |
//! | texts | see [`super::folded`] |
//!
//! Numbers are little-endian and read where they lie, so a mapped file is opened without being read through: the first
//! checksum covers header, rows, identifiers and hints, the second the rest and is only checked up to 64 MiB. Whatever
//! the bytes say, every access is bounded.

use super::checksum::checksum;
use super::folded::FoldedText;
use super::grams::{self, STEP};
use crate::{Error, Fingerprint};
use bytes::Bytes;
use swordnet_core::{Medium, ReferenceId};

const MAGIC: &[u8; 8] = b"SWTEXTSG";
const VERSION: u32 = 1;
const HEADER: usize = 112;
const ROW: usize = 16;
const HINT: usize = 512;
/// Sections in the order in which they lie.
const SECTIONS: usize = 7;
const CHECKED_UP_TO: usize = 64 << 20;
/// Postings in a bucket on average, at least: their tags fill a line of the processor's cache, and the list of buckets
/// stays small.
const BUCKET: usize = 16;
/// A gram met more often than this is so common that its places are not counted further.
const COUNTED: usize = 1024;

fn damaged(why: impl Into<String>) -> Error {
    Error::Damaged {
        medium: Medium::Text,
        what: "segment",
        why: why.into(),
    }
}

/// Opens the fingerprint of a text.
pub fn text_of(fingerprint: &Fingerprint) -> Result<FoldedText<'_>, Error> {
    let damaged = |why: &str| Error::Damaged {
        medium: Medium::Text,
        what: "fingerprint",
        why: why.into(),
    };
    if fingerprint.medium != Medium::Text {
        return Err(damaged("it is of another medium"));
    }
    FoldedText::open_checked(&fingerprint.bytes).map_err(damaged)
}

/// Builds a segment. At most 4 thousand million folded characters fit into one.
pub fn build(references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
    let texts = references
        .iter()
        .map(|(_, print)| text_of(print))
        .collect::<Result<Vec<_>, _>>()?;
    let total: usize = texts.iter().map(|text| text.count).sum();
    if total > u32::MAX as usize {
        return Err(damaged("more text than one segment holds: build several"));
    }
    let mut starts = Vec::with_capacity(texts.len());
    let (mut numbers, mut places) = (Vec::new(), Vec::new());
    let mut start = 0;
    for text in &texts {
        starts.push(start as u32);
        let codes = text.codes();
        grams::grams(&codes, 0, codes.len(), |at, number| {
            if at.is_multiple_of(STEP) {
                numbers.push(number);
                places.push((start + at) as u32);
            }
        });
        start += text.count;
    }
    let (buckets, postings) = sort(&numbers, &places);

    let mut out = vec![0; HEADER];
    let mut sections = [0u64; SECTIONS];
    sections[0] = out.len() as u64;
    let (mut identifier, mut text) = (0u32, 0u64);
    for ((id, print), start) in references.iter().zip(&starts) {
        row(&mut out, *start, identifier, text);
        identifier += id.as_str().len() as u32;
        text += print.bytes.len() as u64;
    }
    row(&mut out, total as u32, identifier, text);
    sections[1] = out.len() as u64;
    references
        .iter()
        .for_each(|(id, _)| out.extend(id.as_str().as_bytes()));
    sections[2] = out.len() as u64;
    for place in (0..total).step_by(HINT) {
        let reference = starts.partition_point(|&start| start as usize <= place) - 1;
        out.extend((reference as u32).to_le_bytes());
    }
    sections[3] = out.len() as u64;
    buckets.iter().for_each(|at| out.extend(at.to_le_bytes()));
    sections[4] = out.len() as u64;
    postings
        .iter()
        .for_each(|posting| out.extend(((posting >> 32) as u16).to_le_bytes()));
    sections[5] = out.len() as u64;
    postings
        .iter()
        .for_each(|posting| out.extend((*posting as u32).to_le_bytes()));
    sections[6] = out.len() as u64;
    references.iter().for_each(|(_, print)| out.extend(&print.bytes));

    out[..8].copy_from_slice(MAGIC);
    let counts = [
        VERSION,
        references.len() as u32,
        total as u32,
        postings.len() as u32,
        buckets.len() as u32 - 1,
        0,
    ];
    counts
        .iter()
        .enumerate()
        .for_each(|(at, count)| out[8 + 4 * at..12 + 4 * at].copy_from_slice(&count.to_le_bytes()));
    sections
        .iter()
        .enumerate()
        .for_each(|(at, start)| out[32 + 8 * at..40 + 8 * at].copy_from_slice(&start.to_le_bytes()));
    let end = out.len() as u64;
    out[88..96].copy_from_slice(&end.to_le_bytes());
    let bulk = checksum(&out[sections[3] as usize..]);
    out[104..112].copy_from_slice(&bulk.to_le_bytes());
    let tables = tables_checksum(&out, sections[3] as usize);
    out[96..104].copy_from_slice(&tables.to_le_bytes());
    Ok(out)
}

fn row(out: &mut Vec<u8>, start: u32, identifier: u32, text: u64) {
    out.extend(start.to_le_bytes());
    out.extend(identifier.to_le_bytes());
    out.extend(text.to_le_bytes());
}

fn tables_checksum(bytes: &[u8], end: usize) -> u64 {
    checksum(&bytes[..96]) ^ checksum(&bytes[104..end]).rotate_left(1)
}

/// Where each bucket starts, and the postings in order of bucket and tag, each as tag and place.
fn sort(numbers: &[u64], places: &[u32]) -> (Vec<u32>, Vec<u64>) {
    let bits = (numbers.len() / BUCKET).max(2).ilog2().min(28);
    let bucket = |number: u64| (number >> (64 - bits)) as usize;
    let mut buckets = vec![0u32; (1 << bits) + 1];
    numbers
        .iter()
        .for_each(|&number| buckets[bucket(number) + 1] += 1);
    for at in 1..buckets.len() {
        buckets[at] += buckets[at - 1];
    }
    let mut next = buckets.clone();
    let mut postings = vec![0u64; numbers.len()];
    for (&number, &place) in numbers.iter().zip(places) {
        let slot = &mut next[bucket(number)];
        postings[*slot as usize] = u64::from(number as u16) << 32 | u64::from(place);
        *slot += 1;
    }
    for pair in buckets.windows(2) {
        postings[pair[0] as usize..pair[1] as usize].sort_unstable();
    }
    (buckets, postings)
}

/// An opened segment.
pub struct TextSegment {
    bytes: Bytes,
    /// The references in it.
    pub references: Vec<ReferenceId>,
    bits: u32,
    sections: [usize; SECTIONS + 1],
}

impl TextSegment {
    /// Opens a segment.
    pub fn open(bytes: Bytes) -> Result<Self, Error> {
        let header: &[u8; HEADER] = bytes
            .first_chunk()
            .ok_or_else(|| damaged("shorter than its header"))?;
        if &header[..8] != MAGIC {
            return Err(damaged("not a text segment"));
        }
        let count = |at: usize| number(header, 8 + 4 * at).unwrap_or(0) as usize;
        if count(0) != VERSION as usize {
            return Err(damaged(format!(
                "of version {}, this program reads {VERSION}",
                count(0)
            )));
        }
        let (references, total, postings, buckets) = (count(1), count(2), count(3), count(4));
        let mut sections = [0; SECTIONS + 1];
        for (at, section) in sections.iter_mut().enumerate() {
            let start = header[32 + 8 * at..]
                .first_chunk()
                .map_or(0, |bytes| u64::from_le_bytes(*bytes));
            *section = usize::try_from(start).map_err(|_| damaged("an impossible header"))?;
        }
        let fits = |at: usize, length: usize| sections[at].checked_add(length) == Some(sections[at + 1]);
        let sound = sections[0] == HEADER
            && sections[SECTIONS] == bytes.len()
            && sections.is_sorted()
            && fits(0, (references + 1) * ROW)
            && fits(2, total.div_ceil(HINT) * 4)
            && fits(3, (buckets + 1) * 4)
            && fits(4, postings * 2)
            && fits(5, postings * 4)
            && buckets.is_power_of_two()
            && (1..=28).contains(&buckets.ilog2());
        if !sound {
            return Err(damaged("its parts do not fit together"));
        }
        let kept = |at: usize| header[at..].first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        if crate::CHECKED && kept(96) != Some(tables_checksum(&bytes, sections[3])) {
            return Err(damaged("the checksum of its tables does not fit"));
        }
        let checked = crate::CHECKED && bytes.len() <= CHECKED_UP_TO;
        if checked && kept(104) != Some(checksum(&bytes[sections[3]..])) {
            return Err(damaged("the checksum does not fit"));
        }
        // Each of these has a row, so there are no more of them than bytes.
        let mut segment = Self {
            references: Vec::with_capacity(references),
            bits: buckets.ilog2(),
            sections,
            bytes,
        };
        for at in 0..references {
            let (from, to) = (segment.row(at).1, segment.row(at + 1).1);
            let id = segment
                .section(1)
                .get(from..to)
                .and_then(|bytes| std::str::from_utf8(bytes).ok());
            segment.references.push(ReferenceId::from_text(
                id.ok_or_else(|| damaged("an identifier cannot be read"))?,
            ));
        }
        Ok(segment)
    }

    fn section(&self, at: usize) -> &[u8] {
        &self.bytes[self.sections[at]..self.sections[at + 1]]
    }

    /// Start among all folded characters, of the identifier, of the text.
    fn row(&self, reference: usize) -> (usize, usize, usize) {
        let row = self.section(0).get(reference * ROW..).unwrap_or_default();
        let text = row
            .get(8..)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        (
            number(row, 0).unwrap_or(0) as usize,
            number(row, 4).unwrap_or(0) as usize,
            usize::try_from(text).unwrap_or(usize::MAX),
        )
    }

    /// The numbers of the postings among which those of a gram are.
    fn bucket(&self, gram: u64) -> (usize, usize) {
        let bucket = (gram >> (64 - self.bits)) as usize;
        let postings = self.section(4).len() / 2;
        let bound = |at: usize| number(self.section(3), 4 * at).map_or(0, |at| (at as usize).min(postings));
        (bound(bucket), bound(bucket + 1))
    }

    /// The first byte of what [`Self::places`] reads: to have memory fetch it.
    pub fn touch(&self, gram: u64) -> u8 {
        self.section(4).get(2 * self.bucket(gram).0).copied().unwrap_or(0)
    }

    /// The places of a gram, as the bytes of 32-bit numbers.
    pub fn places(&self, gram: u64) -> Places<'_> {
        let tags = self.section(4);
        let (from, to) = self.bucket(gram);
        let (tag, at) = (gram as u16, |at: usize| {
            u16::from_le_bytes([tags[2 * at], tags[2 * at + 1]])
        });
        let (mut first, mut last) = (from, to.max(from));
        while last - first > 8 {
            let middle = first.midpoint(last);
            if at(middle) < tag {
                first = middle
            } else {
                last = middle
            }
        }
        while first < to && at(first) < tag {
            first += 1;
        }
        let mut end = first;
        while end < to.min(first + COUNTED) && at(end) == tag {
            end += 1;
        }
        Places {
            bytes: &self.section(5)[4 * first..4 * end],
        }
    }

    /// Which reference holds the folded character at `place`, and where in it.
    pub fn locate(&self, place: u32) -> Option<(u32, u32)> {
        let place = place as usize;
        let hint = number(self.section(2), place / HINT * 4)? as usize;
        // A reference has at least one character, so at most HINT of them start within one stride.
        let reference =
            (hint..self.references.len().min(hint + HINT + 1)).find(|&at| self.row(at + 1).0 > place)?;
        let within = place.checked_sub(self.row(reference).0)?;
        Some((reference as u32, within as u32))
    }

    /// The folded text of a reference.
    pub fn text(&self, reference: usize) -> Result<FoldedText<'_>, Error> {
        FoldedText::open(self.text_bytes(reference)?).map_err(damaged)
    }

    /// The bytes of that.
    pub fn text_bytes(&self, reference: usize) -> Result<&[u8], Error> {
        let (from, to) = (self.row(reference).2, self.row(reference + 1).2);
        let bytes = self.section(6).get(from..to);
        bytes.ok_or_else(|| damaged("a text lies outside of it"))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|bytes| u32::from_le_bytes(*bytes))
}

/// The places of a gram.
pub struct Places<'a> {
    bytes: &'a [u8],
}

impl Places<'_> {
    /// How many.
    pub fn len(&self) -> usize {
        self.bytes.len() / 4
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.bytes
            .chunks_exact(4)
            .map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::text::Text;
    use crate::{MediumKind, Purpose, Segment, Signal};
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn print(text: &str) -> Fingerprint {
        let mut extractor = Text.extractor(Purpose::Reference);
        extractor.push(Signal::Text(text)).unwrap();
        extractor.finish().unwrap()
    }

    const TEXTS: [&str; 3] = [
        "A lighthouse keeper writes down every ship that passes, its flag, its lamps and the hour, in a blue book.",
        "看灯塔的人把每一条过往的船都记在一本蓝皮簿子里：挂什么旗，点几盏灯，几点几分经过，一条也不漏。",
        "When the book is full the keeper's daughter carries it to the library, where nobody has ever asked for it.",
    ];

    fn segment() -> Vec<u8> {
        let prints = TEXTS.map(print);
        let references: Vec<_> = prints
            .iter()
            .enumerate()
            .map(|(at, print)| (ReferenceId::from_text(format!("ref-{at}")), print))
            .collect();
        build(&references).unwrap()
    }

    /// Bytes as a forger would leave them: with fitting checksums, if there is anything to fit.
    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        let start = bytes
            .get(56..64)
            .and_then(|bytes| bytes.first_chunk())
            .map_or(0, |bytes| u64::from_le_bytes(*bytes)) as usize;
        if (HEADER..=bytes.len()).contains(&start) {
            let bulk = checksum(&bytes[start..]);
            bytes[104..112].copy_from_slice(&bulk.to_le_bytes());
            let tables = tables_checksum(&bytes, start);
            bytes[96..104].copy_from_slice(&tables.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn sealing_again_changes_nothing() {
        assert_eq!(sealed(segment()), segment());
        assert_eq!(
            u64::from_le_bytes(*segment()[56..].first_chunk().unwrap()) as usize,
            TextSegment::open(segment().into()).unwrap().sections[3]
        );
    }

    #[test]
    fn every_gram_of_a_reference_is_found_at_its_place() {
        let opened = TextSegment::open(segment().into()).unwrap();
        for (reference, text) in TEXTS.iter().enumerate() {
            let print = print(text);
            let codes = text_of(&print).unwrap().codes();
            grams::grams(&codes, 0, codes.len(), |at, gram| {
                let held = opened
                    .places(gram)
                    .iter()
                    .any(|place| opened.locate(place) == Some((reference as u32, at as u32)));
                assert_eq!(held, at.is_multiple_of(STEP));
            });
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
        #[test]
        fn forged_bytes_give_an_error_or_an_answer(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in prop::option::of(any::<prop::sample::Index>())) {
            let mut bytes = segment();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(opened) = TextSegment::open(sealed(bytes).into()) {
                for place in 0..opened.references().len() {
                    let _ = opened.fingerprint(place);
                }
                for text in TEXTS {
                    let _ = opened.search(&print(text), &HashSet::new());
                }
            }
        }

        #[test]
        fn any_text_is_folded_indexed_and_found(text in "\\PC{1,300}|[一-龥。，]{1,300}|[a-z .]{1,300}") {
            let mut extractor = Text.extractor(Purpose::Reference);
            extractor.push(Signal::Text(&text)).unwrap();
            let Ok(print) = extractor.finish() else { return Ok(()) };
            let bytes = build(&[(ReferenceId::from_text("ref"), &print)]).unwrap();
            let found = TextSegment::open(bytes.into()).unwrap().search(&print, &HashSet::new()).unwrap();
            let length = text.chars().count() as f64;
            for found in found {
                prop_assert!((0.0..=1.0).contains(&found.score));
                prop_assert!(found.query.start < found.query.end && found.query.end <= length);
                prop_assert!(found.in_reference.start < found.in_reference.end && found.in_reference.end <= length);
            }
        }
    }
}
