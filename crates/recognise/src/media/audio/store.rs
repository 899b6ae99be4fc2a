//! A segment's bytes: laid out so that a mapped file is searched in place.
//!
//! Little-endian. Head (64 bytes): magic (8), form (u16), key bits (u16), references (u32), bytes of the directory
//! (u32), whether it is thin (u32), words (u64), postings (u64), zeros, CRC-32 of the body, CRC-32 of head and directory. Directory:
//! for each reference its words (u32), the length of its identifier (u16) and the identifier; zeros up to a multiple of 8. Body: the words
//! of all references one after another (u64); the first posting of each slot (u32, one more than there are slots);
//! postings in the order of their keys: numbers of words (u32) and their bits behind the key, 16 or, in a thin segment, 40; for each reference the slices
//! of its wave (u64, 0 where there is none), one for each [`EVERY`] words.
//!
//! A large segment is thin: of its words only those are posted whose key has an even number of ones. Of a query's keys half are then not looked up, and what a
//! search goes through is a third of the segment, which stays in memory. The last bit of such a key follows from the others: a slot is a key without it.
//! Form 4 had no slices, form 3 no thin segments, form 2 nothing beside the numbers either.

use super::damaged;
use super::print;
use super::wave::EVERY;
use super::words::KEY_BITS;
use crate::{Error, Fingerprint};
use bytes::Bytes;
use std::ops::Range;
use swordnet_core::ReferenceId;

const MAGIC: &[u8; 8] = b"swn-snd\n";
const HEAD: usize = 64;
/// The body of a segment up to this size is checked when it is opened; a larger one would take too long to read.
const CHECKED: usize = 256 << 20;

/// The form that is written; those from 2 on are read, too.
const FORM: u16 = 5;
/// Bytes of a posting that number a word.
const NUMBER: usize = 4;
/// What stands behind them of the bits behind the word's key.
#[derive(Clone, Copy)]
struct Check {
    bytes: usize,
    /// Bits that may differ.
    apart: u32,
}

/// In form 2.
const NOTHING: Check = Check { bytes: 0, apart: 0 };
/// Nine in ten of the words that have the key by chance are passed over without being read.
const USUAL: Check = Check { bytes: 2, apart: 5 };
/// In a thin segment: 99 in 100 are.
const THIN: Check = Check { bytes: 5, apart: 12 };
/// Segments of more words are thin: three hundred hours.
const FULL: usize = 1 << 24;

/// A segment's words and where they are looked up.
pub struct Store {
    bytes: Bytes,
    key_bits: u32,
    thin: bool,
    words: usize,
    table: usize,
    postings: usize,
    check: Check,
    posted: usize,
    references: Vec<ReferenceId>,
    starts: Vec<usize>,
    /// Where the slices of waves begin, and which of them is each reference's first; none in the forms before.
    wave: usize,
    slices: Vec<usize>,
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Read time and again in a search: always in line.
#[inline(always)]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

fn bad(why: &str) -> Error {
    damaged("segment", why)
}

/// Builds a segment's bytes.
pub fn build(references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
    assemble(references, FULL)
}

/// A segment, thin if it has more than `full` words.
pub fn assemble(references: &[(ReferenceId, &Fingerprint)], full: usize) -> Result<Vec<u8>, Error> {
    let mut directory = Vec::new();
    let (mut words, mut slices) = (Vec::new(), Vec::new());
    for (id, fingerprint) in references {
        let before = words.len();
        let (heard, wave) = print::reference(fingerprint)?;
        words.extend(heard);
        let end = slices.len() + (words.len() - before).div_ceil(EVERY);
        slices.extend(wave);
        slices.resize(end, 0);
        let length = u16::try_from(id.as_str().len()).map_err(|_| bad("an identifier is too long"))?;
        directory.extend(((words.len() - before) as u32).to_le_bytes());
        directory.extend(length.to_le_bytes());
        directory.extend(id.as_str().as_bytes());
    }
    if words.len() >= u32::MAX as usize {
        return Err(bad("more words than 32 bits can number"));
    }
    directory.resize(directory.len().next_multiple_of(8), 0);
    let sounding = words.iter().filter(|&&w| w != 0).count();
    // About two postings a slot: the longer the index, the more bits of a word must agree.
    let key_bits = sounding.max(1).ilog2().saturating_sub(1).clamp(4, KEY_BITS);
    let thin = words.len() > full;
    let (table, postings) = post(&words, key_bits, thin);
    let check = if thin { THIN } else { USUAL }.bytes;

    let mut bytes = vec![0; HEAD];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..10].copy_from_slice(&FORM.to_le_bytes());
    bytes[10..12].copy_from_slice(&(key_bits as u16).to_le_bytes());
    bytes[12..16].copy_from_slice(&(references.len() as u32).to_le_bytes());
    bytes[16..20].copy_from_slice(&(directory.len() as u32).to_le_bytes());
    bytes[20..24].copy_from_slice(&u32::from(thin).to_le_bytes());
    bytes[24..32].copy_from_slice(&(words.len() as u64).to_le_bytes());
    bytes[32..40].copy_from_slice(&(postings.len() as u64).to_le_bytes());
    let length = (words.len() + slices.len()) * 8 + table.len() * 4 + postings.len() * (NUMBER + check);
    let mut body = Vec::with_capacity(length);
    body.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    body.extend(table.iter().flat_map(|number| number.to_le_bytes()));
    for number in postings {
        body.extend(number.to_le_bytes());
        let check_bits = behind(words[number as usize], key_bits, check);
        body.extend_from_slice(&check_bits.to_le_bytes()[..check]);
    }
    body.extend(slices.iter().flat_map(|slice| slice.to_le_bytes()));
    bytes[56..60].copy_from_slice(&crc32fast::hash(&body).to_le_bytes());
    let sum = head_sum(&bytes[..60], &directory);
    bytes[60..64].copy_from_slice(&sum.to_le_bytes());
    bytes.extend(directory);
    bytes.extend(body);
    Ok(bytes)
}

/// Gives bytes the checksums that fit them, as a forger would.
#[cfg(test)]
pub fn seal(bytes: &mut [u8]) {
    if bytes.len() < HEAD {
        return;
    }
    let body = HEAD.saturating_add(u32_at(bytes, 16) as usize);
    if body <= bytes.len() {
        let sum = crc32fast::hash(&bytes[body..]);
        bytes[56..60].copy_from_slice(&sum.to_le_bytes());
        let sum = head_sum(&bytes[..60], &bytes[HEAD..body]);
        bytes[60..64].copy_from_slice(&sum.to_le_bytes());
    }
}

fn head_sum(head: &[u8], directory: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(head);
    sum.update(directory);
    sum.finalize()
}

/// So many bytes of bits of a word behind its key.
fn behind(word: u64, key_bits: u32, bytes: usize) -> u64 {
    let bits = 8 * bytes as u32;
    (word << key_bits).checked_shr(u64::BITS - bits).unwrap_or(0)
}

/// What stands behind the number in a posting.
fn check_of(posting: &[u8]) -> u64 {
    match posting[NUMBER..] {
        [a, b] => u64::from(u16::from_le_bytes([a, b])),
        [a, b, c, d, e] => u64::from(u32::from_le_bytes([a, b, c, d])) | u64::from(e) << 32,
        _ => 0,
    }
}

/// The slot of a key; none where it is not posted.
fn slot(key: u64, thin: bool) -> Option<usize> {
    (!thin || key.count_ones().is_multiple_of(2)).then_some(key as usize >> u32::from(thin))
}

/// How many slots there are.
fn slots(key_bits: u32, thin: bool) -> usize {
    1 << (key_bits - u32::from(thin))
}

/// Counting sort of the posted words by key: where each slot begins, and the numbers of the words.
fn post(words: &[u64], key_bits: u32, thin: bool) -> (Vec<u32>, Vec<u32>) {
    let mut table = vec![0u32; slots(key_bits, thin) + 1];
    let slots = words.iter().map(|word| slot(word >> (64 - key_bits), thin));
    let posted = || words.iter().zip(slots.clone()).enumerate();
    let posted =
        || posted().filter_map(|(number, (&word, slot))| Some((number, slot.filter(|_| word != 0)?)));
    for (_, slot) in posted() {
        table[slot + 1] += 1;
    }
    for slot in 1..table.len() {
        table[slot] += table[slot - 1];
    }
    let mut next = table.clone();
    let mut postings = vec![0; table[table.len() - 1] as usize];
    for (number, slot) in posted() {
        let slot = &mut next[slot];
        postings[*slot as usize] = number as u32;
        *slot += 1;
    }
    (table, postings)
}

impl Store {
    /// Opens a segment's bytes.
    pub fn open(bytes: Bytes) -> Result<Self, Error> {
        if bytes.len() < HEAD || &bytes[..8] != MAGIC {
            return Err(bad("no magic at its start"));
        }
        let form = u16::from_le_bytes([bytes[8], bytes[9]]);
        let (check, thin) = match (form, u32_at(&bytes, 20)) {
            (2, 0) => (NOTHING, false),
            (3..=FORM, 0) => (USUAL, false),
            (4..=FORM, 1) => (THIN, true),
            _ => return Err(bad("another version")),
        };
        let key_bits = u32::from(u16::from_le_bytes([bytes[10], bytes[11]]));
        let count = u32_at(&bytes, 12) as usize;
        let body = HEAD + u32_at(&bytes, 16) as usize;
        let words = usize::try_from(u64_at(&bytes, 24)).map_err(|_| bad("too many words"))?;
        let posted = usize::try_from(u64_at(&bytes, 32)).map_err(|_| bad("too many postings"))?;
        let sound = |body: usize| head_sum(&bytes[..60], &bytes[HEAD..body]) == u32_at(&bytes, 60);
        if bytes.len() < body || crate::CHECKED && !sound(body) {
            return Err(bad("the checksum of its directory is wrong"));
        }
        if !(1..=KEY_BITS).contains(&key_bits) || words > u32::MAX as usize || posted > words {
            return Err(bad("impossible sizes"));
        }
        let table = body + words * 8;
        let postings = table + (slots(key_bits, thin) + 1) * 4;
        let (references, starts) = directory(&bytes[HEAD..body], count, words)?;
        let mut slices = Vec::new();
        if form == FORM {
            let mut first = 0;
            slices.push(first);
            for own in starts.windows(2) {
                first += (own[1] - own[0]).div_ceil(EVERY);
                slices.push(first);
            }
        }
        let wave = postings + posted * (NUMBER + check.bytes);
        if bytes.len() != wave + slices.last().copied().unwrap_or(0) * 8 {
            return Err(bad("its length is wrong"));
        }
        let checked = crate::CHECKED && bytes.len() <= CHECKED;
        if checked && crc32fast::hash(&bytes[body..]) != u32_at(&bytes, 56) {
            return Err(bad("its checksum is wrong"));
        }
        Ok(Self {
            bytes,
            key_bits,
            thin,
            words,
            table,
            postings,
            check,
            posted,
            references,
            starts,
            wave,
            slices,
        })
    }

    /// The references.
    pub fn references(&self) -> &[ReferenceId] {
        &self.references
    }

    /// Number of words.
    pub fn len(&self) -> usize {
        self.words
    }

    /// Bits of a word's key.
    pub fn key_bits(&self) -> u32 {
        self.key_bits
    }

    /// The word of a number below [`Self::len`]; 0 beyond it.
    pub fn word(&self, number: usize) -> u64 {
        if number < self.words {
            u64_at(&self.bytes, self.body() + number * 8)
        } else {
            0
        }
    }

    /// Where the words begin.
    fn body(&self) -> usize {
        self.table - self.words * 8
    }

    /// The bytes of all words, and of all slices of waves.
    pub fn read_seldom(&self) -> Vec<Bytes> {
        vec![
            self.bytes.slice(self.body()..self.table),
            self.bytes.slice(self.wave..),
        ]
    }

    /// The slices of a reference's wave in a range of words, each with the word where it begins.
    pub fn wave(&self, reference: usize, words: Range<usize>) -> impl Iterator<Item = (usize, u64)> + '_ {
        let start = self.starts[reference];
        let first = self.slices.get(reference).copied();
        let numbers = (words.start - start).div_ceil(EVERY)..(words.end - start).div_ceil(EVERY);
        let slices = numbers.filter_map(move |number| {
            Some((
                start + number * EVERY,
                u64_at(&self.bytes, self.wave + (first? + number) * 8),
            ))
        });
        slices.filter(|(_, slice)| *slice != 0)
    }

    /// The fingerprint of a reference; without its wave where no slice has anything.
    pub fn fingerprint(&self, reference: usize) -> Option<Fingerprint> {
        let &[first, end] = self.starts.get(reference..reference + 2)?.first_chunk()?;
        let numbers = self.slices.get(reference..reference + 2);
        let slices = numbers.map_or(0..0, |numbers| numbers[0]..numbers[1]);
        let mut slices: Vec<u64> = slices
            .map(|number| u64_at(&self.bytes, self.wave + number * 8))
            .collect();
        if slices.iter().all(|&slice| slice == 0) {
            slices.clear();
        }
        Some(print::of_reference(self.words(first..end), &slices))
    }

    /// The words of a range.
    pub fn words(&self, range: Range<usize>) -> impl Iterator<Item = u64> + '_ {
        range.map(|number| self.word(number))
    }

    /// Where the postings of a key are, if it has any. What a damaged body says of other postings is left out.
    pub fn list(&self, key: u64) -> Range<usize> {
        let Some(slot) = slot(key, self.thin) else {
            return 0..0;
        };
        let at = self.table + slot * 4;
        let first = (u32_at(&self.bytes, at) as usize).min(self.posted);
        let last = (u32_at(&self.bytes, at + 4) as usize).clamp(first, self.posted);
        first..last
    }

    /// The first byte of a list: to have memory fetch it.
    pub fn touch(&self, list: &Range<usize>) -> u8 {
        let at = self.postings + list.start * (NUMBER + self.check.bytes);
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Numbers of the words of a list that differ from `heard` behind their key in as few bits as its [`Check`] allows and `more`. What a damaged body says of no word
    /// is left out.
    pub fn postings(&self, list: Range<usize>, heard: u64, more: u32) -> impl Iterator<Item = usize> + '_ {
        let posting = NUMBER + self.check.bytes;
        let list = &self.bytes[self.postings + list.start * posting..self.postings + list.end * posting];
        let heard = behind(heard, self.key_bits, self.check.bytes);
        let apart = self.check.apart + more;
        list.chunks_exact(posting)
            .filter(move |posting| (check_of(posting) ^ heard).count_ones() <= apart)
            .map(|posting| u32_at(posting, 0) as usize)
            .filter(|&number| number < self.words)
    }

    /// The place of the reference that a word belongs to, and the numbers of its words.
    pub fn owner(&self, number: usize) -> (usize, Range<usize>) {
        let place = self
            .starts
            .partition_point(|&start| start <= number)
            .saturating_sub(1)
            .min(self.references.len() - 1);
        (place, self.starts[place]..self.starts[place + 1])
    }
}

fn directory(mut bytes: &[u8], count: usize, words: usize) -> Result<(Vec<ReferenceId>, Vec<usize>), Error> {
    let mut references = Vec::new();
    let mut starts = vec![0];
    let mut total = 0usize;
    for _ in 0..count {
        if bytes.len() < 6 {
            return Err(bad("its directory is cut off"));
        }
        total += u32_at(bytes, 0) as usize;
        let length = usize::from(u16::from_le_bytes([bytes[4], bytes[5]]));
        let id = bytes
            .get(6..6 + length)
            .ok_or_else(|| bad("its directory is cut off"))?;
        references.push(ReferenceId::from_text(
            std::str::from_utf8(id).map_err(|_| bad("an identifier is no text"))?,
        ));
        starts.push(total);
        bytes = &bytes[6 + length..];
    }
    if total == words {
        Ok((references, starts))
    } else {
        Err(bad("its directory does not fit its words"))
    }
}
