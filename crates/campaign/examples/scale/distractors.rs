//! Fingerprints of works that do not exist, as unlike one another as real works are and as like: made from real ones without decoding.
//!
//! Descriptions and codes of pictures are thrown bit by bit, each as likely set as in real ones after the bits before it, so that what is common stays
//! common and no real one comes back. That makes words as common as real ones' are, but whole points too seldom alike: within 36 bits of a real point lay one in
//! 10,000, where of other films' points it is one in 500. So a film's point has its first bytes from chance and half of its other bits from a real point that begins
//! as it does: now it is one in 2,000, and within 24 bits 1.8 in 100,000 where real ones are 2.4. Codes are learnt from pictures that differ, or the one picture of a camera that stands still would come back all
//! over the index. A synthetic scene keeps the changes of a real one in time. A synthetic sound has the quarters of its words from four stretches of real
//! sound. Articles are made in [`crate::articles`].

use crate::Failure;
use crate::articles::Writer;
use swordnet_core::Medium;
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal};

/// Seconds of a synthetic film.
const FILM: f32 = 3600.0;
/// Words of a synthetic sound: five minutes.
const SOUND: usize = 4688;
/// Bytes of a word's place and size, and direction in a still picture, after its description.
const MARK: (usize, usize) = (16 + 5, 16 + 6);

/// First bytes of a film's point that are all thrown: those that it is looked up by.
const WORD: usize = 3;
/// Of the others, so many of 256 bits are thrown again; the rest is of a real point that begins alike.
const THROWN: u64 = 128;
/// Bits in which codes of one film differ at least that are learnt from.
const DIFFERENT: u32 = 24;

/// A small source of chance (Steele, Lea and Flood 2014).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit.max(1)
    }
}

/// How often each bit of real descriptions is set after the bits before it.
struct Walk {
    /// Bits before that are looked at: as many as leave some real descriptions for each of their values.
    memory: u32,
    /// For each bit and each value of those before it, the chance that it is set, of 65536.
    chances: Vec<u32>,
}

impl Walk {
    fn of(real: &[[u8; 16]]) -> Self {
        let memory = (real.len() / 32).max(1).ilog2().min(12);
        let mut counts = vec![(0u32, 0u32); 128 << memory];
        for bytes in real {
            let mut before = 0usize;
            for bit in 0..128 {
                let set = usize::from(bytes[bit / 8] >> (bit % 8) & 1);
                let count = &mut counts[bit << memory | before];
                *count = (count.0 + set as u32, count.1 + 1);
                before = (before << 1 | set) & ((1 << memory) - 1);
            }
        }
        let chance = |&(set, all): &(u32, u32)| (2 * set + 1) * 32768 / (all + 1);
        Self {
            memory,
            chances: counts.iter().map(chance).collect(),
        }
    }

    fn walk(&self, dice: &mut Dice) -> [u8; 16] {
        self.on([0; 16], 0, 256, dice)
    }

    /// The bits from `first` on: of each so many of 256 are thrown, the others stay.
    fn on(&self, mut bytes: [u8; 16], first: usize, share: u64, dice: &mut Dice) -> [u8; 16] {
        let (mut before, mut thrown, mut choice) = (0usize, 0u64, 0u64);
        for bit in 0..128 {
            if bit >= first {
                thrown = if bit % 4 == 0 { dice.next() } else { thrown >> 16 };
                choice = if bit % 8 == 0 && share < 256 {
                    dice.next()
                } else {
                    choice >> 8
                };
                if (choice & 0xff) < share {
                    let set = u8::from((thrown as u32 & 0xffff) < self.chances[bit << self.memory | before]);
                    bytes[bit / 8] = bytes[bit / 8] & !(1 << (bit % 8)) | set << (bit % 8);
                }
            }
            let set = usize::from(bytes[bit / 8] >> (bit % 8) & 1);
            before = (before << 1 | set) & ((1 << self.memory) - 1);
        }
        bytes
    }
}

/// Real descriptions in order of their first bits.
struct Sources(Vec<[u8; 16]>);

impl Sources {
    const FIRST: u32 = 12;

    fn of(mut real: Vec<[u8; 16]>) -> Self {
        real.sort_unstable_by_key(Self::first);
        Self(real)
    }

    fn first(bytes: &[u8; 16]) -> u32 {
        u32::from(u16::from_le_bytes([bytes[0], bytes[1]])) & ((1 << Self::FIRST) - 1)
    }

    /// One with the same first bits, or near them.
    fn like(&self, bytes: &[u8; 16], dice: &mut Dice) -> [u8; 16] {
        let from = self.0.partition_point(|s| Self::first(s) < Self::first(bytes));
        let until = self.0.partition_point(|s| Self::first(s) <= Self::first(bytes));
        self.0[(from + dice.below(until - from)).min(self.0.len() - 1)]
    }
}

/// Codes of a film that are of different pictures.
fn different(codes: &[[u8; 16]]) -> Vec<[u8; 16]> {
    let mut kept: Vec<[u8; 16]> = Vec::new();
    for &code in codes {
        let number = u128::from_le_bytes(code);
        let apart = |k: &[u8; 16]| (u128::from_le_bytes(*k) ^ number).count_ones() >= DIFFERENT;
        if kept.iter().all(apart) {
            kept.push(code);
        }
    }
    kept
}

fn sixteen(bytes: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&bytes[..16]);
    out
}

/// What a film's fingerprint holds.
struct Film {
    /// Its first bytes: purpose, rate, shape.
    head: Vec<u8>,
    rate: f32,
    codes: Vec<[u8; 16]>,
    /// Seconds, and marks.
    stills: Vec<(f32, Vec<u8>)>,
}

impl Film {
    fn of(print: &Fingerprint) -> Self {
        let bytes = &print.bytes;
        let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let (codes, count) = (number(13) as usize, number(17));
        let mut at = 21 + 16 * codes;
        let mut stills = Vec::new();
        for _ in 0..count {
            let marks = usize::from(bytes[at + 4]) * MARK.0;
            stills.push((f32::from_bits(number(at)), bytes[at + 5..at + 5 + marks].to_vec()));
            at += 5 + marks;
        }
        Self {
            head: bytes[..13].to_vec(),
            rate: f32::from_bits(number(1)),
            codes: bytes[21..21 + 16 * codes].chunks_exact(16).map(sixteen).collect(),
            stills,
        }
    }
}

/// Hours, pictures or articles of a fingerprint.
pub fn size(print: &Fingerprint) -> f64 {
    match print.medium {
        Medium::Video => {
            let number = |at: usize| [0, 1, 2, 3].map(|i| print.bytes[at + i]);
            let (rate, codes) = (f32::from_le_bytes(number(1)), u32::from_le_bytes(number(13)));
            f64::from(codes) / f64::from(rate) / 3600.0
        }
        Medium::Audio => heard(print).len() as f64 / 8.0 * 0.064 / 3600.0,
        _ => 1.0,
    }
}

/// The words of a sound.
fn heard(print: &Fingerprint) -> &[u8] {
    let frames = [8, 9, 10, 11].map(|at| print.bytes[at]);
    &print.bytes[12..12 + 8 * u32::from_le_bytes(frames) as usize]
}

/// Makes one distractor after another.
pub struct Maker {
    kind: &'static dyn MediumKind,
    dice: Dice,
    films: Vec<Film>,
    pictures: Vec<Vec<u8>>,
    sources: Sources,
    points: Walk,
    codes: Walk,
    words: Vec<u64>,
    writer: Writer,
}

impl Maker {
    /// From the fingerprints of real works, or their texts.
    pub fn new(kind: &'static dyn MediumKind, real: &[Fingerprint], texts: &[String]) -> Self {
        let medium = kind.medium();
        let of = |wanted: Medium| real.iter().filter(move |_| medium == wanted);
        let films: Vec<Film> = of(Medium::Video).map(Film::of).collect();
        let pictures: Vec<Vec<u8>> = of(Medium::Image).map(|p| p.bytes.clone()).collect();
        let marks = films
            .iter()
            .flat_map(|f| &f.stills)
            .flat_map(|s| s.1.chunks_exact(MARK.0));
        let mut points: Vec<[u8; 16]> = marks.map(sixteen).collect();
        let mut codes: Vec<[u8; 16]> = films.iter().flat_map(|f| different(&f.codes)).collect();
        for picture in &pictures {
            let marks = 12 + 16 * usize::from(picture[9]);
            codes.extend(picture[12..marks].chunks_exact(16).map(sixteen));
            points.extend(picture[marks..].chunks_exact(MARK.1).map(sixteen));
        }
        codes.retain(|code| *code != [0; 16]);
        let word = |b: &[u8]| b.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        let words = of(Medium::Audio).flat_map(|p| heard(p).chunks_exact(8).map(word));
        Self {
            kind,
            dice: Dice(1),
            points: Walk::of(&points),
            sources: Sources::of(points),
            codes: Walk::of(&codes),
            words: words.collect(),
            writer: Writer::new(texts),
            films,
            pictures,
        }
    }

    /// The next.
    pub fn next(&mut self) -> Result<Fingerprint, Failure> {
        let bytes = match self.kind.medium() {
            Medium::Video => self.film(),
            Medium::Image => self.picture(),
            Medium::Audio => self.sound(),
            _ => return self.article(),
        };
        Ok(Fingerprint {
            medium: self.kind.medium(),
            version: self.kind.version(),
            bytes,
        })
    }

    fn film(&mut self) -> Vec<u8> {
        let mut bytes = self.films[0].head.clone();
        let rate = self.films[0].rate;
        let frames = (FILM * rate) as usize;
        let (mut codes, mut stills) = (Vec::with_capacity(frames), Vec::new());
        while codes.len() < frames {
            let film = &self.films[self.dice.below(self.films.len())];
            let length = ((4 + self.dice.below(9)) as f32 * rate) as usize;
            let from = self.dice.below(film.codes.len().saturating_sub(length));
            let until = (from + length).min(film.codes.len());
            let (scene, first) = (self.codes.walk(&mut self.dice), film.codes[from]);
            let (start, begins) = (codes.len() as f32 / rate, from as f32 / rate);
            let salt = self.dice.next();
            // A code changes as the real one does.
            codes.extend(film.codes[from..until].iter().map(|code| {
                let mut changed = scene;
                (0..16).for_each(|n| changed[n] ^= code[n] ^ first[n]);
                changed
            }));
            let within = film
                .stills
                .iter()
                .filter(|s| s.0 >= begins && s.0 < until as f32 / rate);
            for (time, marks) in within {
                let mut changed = marks.clone();
                for mark in changed.chunks_exact_mut(MARK.0) {
                    // A point that stays where it is stays what it is, but for two bits.
                    let place = u64::from(mark[17] >> 4)
                        | u64::from(mark[19] >> 4) << 4
                        | u64::from(mark[20] >> 2) << 8;
                    let mut dice = Dice(salt ^ place << 32);
                    let word = self.points.walk(&mut dice);
                    let mut point = self.sources.like(&word, &mut dice);
                    point[..WORD].copy_from_slice(&word[..WORD]);
                    mark[..16].copy_from_slice(&self.points.on(point, 8 * WORD, THROWN, &mut dice));
                    (0..2).for_each(|_| mark[self.dice.below(16)] ^= 1 << self.dice.below(8));
                }
                stills.push((start + time - begins, changed));
            }
        }
        bytes.extend((codes.len() as u32).to_le_bytes());
        bytes.extend((stills.len() as u32).to_le_bytes());
        bytes.extend(codes.as_flattened());
        for (time, marks) in stills {
            bytes.extend(time.to_le_bytes());
            bytes.push((marks.len() / MARK.0) as u8);
            bytes.extend(marks);
        }
        bytes
    }

    fn picture(&mut self) -> Vec<u8> {
        let mut bytes = self.pictures[self.dice.below(self.pictures.len())].clone();
        let marks = 12 + 16 * usize::from(bytes[9]);
        let (codes, marks) = bytes.split_at_mut(marks);
        codes[12..]
            .chunks_exact_mut(16)
            .for_each(|code| code.copy_from_slice(&self.codes.walk(&mut self.dice)));
        marks
            .chunks_exact_mut(MARK.1)
            .for_each(|mark| mark[..16].copy_from_slice(&self.points.walk(&mut self.dice)));
        bytes
    }

    fn sound(&mut self) -> Vec<u8> {
        let mut words = Vec::with_capacity(SOUND);
        while words.len() < SOUND {
            let length = (160 + self.dice.below(320))
                .min(SOUND - words.len())
                .min(self.words.len());
            let from = [(); 4].map(|()| self.dice.below(self.words.len() - length));
            words.extend((0..length).map(|at| {
                let quarters = from.iter().enumerate();
                let word = quarters.fold(0, |word, (n, from)| {
                    word | self.words[from + at] & 0xffff << (16 * n)
                });
                word.max(1)
            }));
        }
        // A wave has nothing in common with any other, so chance draws it.
        let slice = |_| (self.dice.below(1 << 32) as u64) << 32 | self.dice.below(1 << 32) as u64;
        let slices: Vec<u64> = (0..words.len().div_ceil(8)).map(slice).collect();
        let mut bytes = b"swn\x61\x04\x01\0\0".to_vec();
        bytes.extend((words.len() as u32).to_le_bytes());
        words
            .iter()
            .chain(&slices)
            .for_each(|word| bytes.extend(word.to_le_bytes()));
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    fn article(&mut self) -> Result<Fingerprint, Failure> {
        let mut extractor = self.kind.extractor(Purpose::Reference);
        extractor.push(Signal::Text(&self.writer.write()))?;
        Ok(extractor.finish()?)
    }
}
