//! Fingerprints of sound as bytes.
//!
//! Little-endian: magic (4), purpose (1), shifts in a frame (1), frames at the start of a query that were looked up before (u16; 0 but in the windows of a
//! stream), frames (u32), then the frames, of a reference then the slices of its wave (u64), one for each [`EVERY`] words, then the CRC-32 of all before. A
//! reference's frame is a word; a query's is a [`Heard`] for each shift, the loudness of each part of the scale and the signs of the wave. Fingerprints of purpose 1
//! (reference) and 3 (query), which had nothing of the wave, are read, too. (Queries of purpose 2 had no loudness.)

use super::spectrum::Spectrum;
use super::wave::{EVERY, FRAME_BYTES, Signs, Wave};
use super::words::{FINE, GRID, Heard, History, LOUD_STEPS, PARTS, SHIFTS, UNSHIFTED, WEAK};
use super::{VERSION, damaged};
use crate::{Error, Extractor, Fingerprint, Purpose, Signal};
use swordnet_core::Medium;

const MAGIC: &[u8; 4] = b"swn\x61";
const HEAD: usize = 12;
const HEARD: usize = 8 + WEAK;
/// Bytes of a frame of a query, without and with its wave.
const BARE: usize = SHIFTS * HEARD + PARTS;
const FRAME: usize = BARE + FRAME_BYTES;
const BARE_REFERENCE: u8 = 1;
const BARE_QUERY: u8 = 3;
const REFERENCE: u8 = 4;
const QUERY: u8 = 5;

/// Samples that are worked on at a time: what is kept of them is bounded, however many come at once.
const PIECE: usize = 1 << 14;

/// A sample that arithmetic can bear.
fn bounded(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-8.0, 8.0)
    } else {
        0.0
    }
}

/// Samples to a fingerprint.
pub struct Listener {
    purpose: Purpose,
    spectrum: Spectrum,
    history: History,
    signs: Signs,
    bytes: Vec<u8>,
    /// Slices of a reference's wave.
    slices: Vec<u8>,
    frames: u32,
    heard: bool,
}

impl Listener {
    /// A listener for a reference or for a query.
    pub fn new(purpose: Purpose) -> Self {
        let per_grid = if purpose == Purpose::Query { FINE } else { 1 };
        Self {
            purpose,
            spectrum: Spectrum::new(GRID / per_grid),
            history: History::new(per_grid),
            signs: Signs::new(),
            slices: Vec::new(),
            bytes: vec![0; HEAD],
            frames: 0,
            heard: false,
        }
    }
}

impl Extractor for Listener {
    fn push(&mut self, signal: Signal<'_>) -> Result<(), Error> {
        let Signal::Samples(samples) = signal else {
            return Err(Error::WrongSignal(Medium::Audio));
        };
        let Self {
            purpose,
            spectrum,
            history,
            signs,
            bytes,
            slices,
            frames,
            heard,
        } = self;
        for piece in samples.chunks(PIECE) {
            let piece: Vec<f32> = piece.iter().map(|&sample| bounded(sample)).collect();
            signs.push(&piece);
            spectrum.push(&piece, &mut |row| {
                history.push(row);
                *frames += 1;
                if *purpose == Purpose::Reference {
                    let slice = signs.slice();
                    if (*frames as usize - 1).is_multiple_of(EVERY) {
                        slices.extend(slice.to_le_bytes());
                    }
                    let word = history.word(UNSHIFTED, 0).word;
                    *heard |= word != 0;
                    bytes.extend(word.to_le_bytes());
                } else {
                    for shift in 0..SHIFTS {
                        let Heard { word, weak } =
                            history.word(shift, if shift == UNSHIFTED { WEAK } else { 2 });
                        *heard |= word != 0;
                        bytes.extend(word.to_le_bytes());
                        bytes.extend(weak);
                    }
                    bytes.extend(history.loudness());
                    bytes.extend(signs.frame());
                }
            });
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Fingerprint, Error> {
        if !self.heard {
            return Err(Error::Empty(Medium::Audio));
        }
        let (purpose, shifts) = match self.purpose {
            Purpose::Query => (QUERY, SHIFTS as u8),
            Purpose::Reference => (REFERENCE, 1),
        };
        let mut bytes = self.bytes;
        bytes.extend(self.slices);
        Ok(seal(bytes, purpose, shifts, 0, self.frames))
    }
}

/// Fills in the head, for which room was left, and adds the checksum.
fn seal(mut bytes: Vec<u8>, purpose: u8, shifts: u8, known: u16, frames: u32) -> Fingerprint {
    bytes[..4].copy_from_slice(MAGIC);
    bytes[4] = purpose;
    bytes[5] = shifts;
    bytes[6..8].copy_from_slice(&known.to_le_bytes());
    bytes[8..HEAD].copy_from_slice(&frames.to_le_bytes());
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_le_bytes());
    Fingerprint {
        medium: Medium::Audio,
        version: VERSION,
        bytes,
    }
}

/// The last frames of a stream, as queries.
pub struct Tail {
    listener: Listener,
    /// Frames that went before those that are kept.
    gone: u64,
}

impl Tail {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self {
            listener: Listener::new(Purpose::Query),
            gone: 0,
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) -> Result<(), Error> {
        self.listener.push(Signal::Samples(samples))
    }

    /// Frames heard so far.
    pub fn frames(&self) -> u64 {
        self.gone + self.kept() as u64
    }

    fn kept(&self) -> usize {
        (self.listener.bytes.len() - HEAD) / FRAME
    }

    /// Forgets all but the last `most` frames.
    pub fn forget(&mut self, most: usize) {
        let old = self.kept().saturating_sub(most);
        self.listener.bytes.drain(HEAD..HEAD + old * FRAME);
        self.gone += old as u64;
    }

    /// The query of the frames from `first` to `end`, counted in the whole stream and still kept, and in which nothing before `fresh` need be looked up.
    /// Nothing where what is fresh is silent.
    pub fn query(&self, first: u64, fresh: u64, end: u64) -> Option<Fingerprint> {
        let place = |frame: u64| HEAD + (frame - self.gone) as usize * FRAME;
        let bytes = &self.listener.bytes;
        let sounds = |frame: &[u8]| frame[SHIFTS * HEARD..BARE] != [0; PARTS];
        if !bytes[place(fresh)..place(end)].chunks_exact(FRAME).any(sounds) {
            return None;
        }
        let mut query = vec![0; HEAD];
        query.extend(&bytes[place(first)..place(end)]);
        let known = (fresh - first) as u16;
        Some(seal(query, QUERY, SHIFTS as u8, known, (end - first) as u32))
    }
}

/// The purpose of a fingerprint, the number of its frames and all that follows its head, checked.
fn body(print: &Fingerprint) -> Result<(u8, usize, &[u8]), Error> {
    let bad = |why: &str| Err(damaged("fingerprint", why));
    let bytes = &print.bytes[..];
    if print.medium != Medium::Audio || print.version != VERSION {
        return bad("another medium or version");
    }
    if bytes.len() < HEAD + 4 || &bytes[..4] != MAGIC {
        return bad("no magic at its start");
    }
    let (body, sum) = bytes.split_at(bytes.len() - 4);
    if crate::CHECKED && crc32fast::hash(body).to_le_bytes() != sum {
        return bad("its checksum is wrong");
    }
    let count = u32::from_le_bytes([body[8], body[9], body[10], body[11]]) as usize;
    let (shifts, length) = match body[4] {
        BARE_REFERENCE => (1, count.checked_mul(8)),
        REFERENCE => (
            1,
            count
                .checked_add(count.div_ceil(EVERY))
                .and_then(|words| words.checked_mul(8)),
        ),
        BARE_QUERY => (SHIFTS as u8, count.checked_mul(BARE)),
        QUERY => (SHIFTS as u8, count.checked_mul(FRAME)),
        _ => return bad("made for another purpose"),
    };
    if body[5] != shifts || length != Some(body.len() - HEAD) {
        return bad("its length is wrong");
    }
    Ok((body[4], count, &body[HEAD..]))
}

fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

/// The words of a reference, and the slices of its wave, none of a fingerprint that has none.
pub fn reference(
    print: &Fingerprint,
) -> Result<(impl Iterator<Item = u64> + '_, impl Iterator<Item = u64> + '_), Error> {
    let (purpose, count, body) = body(print)?;
    if !matches!(purpose, REFERENCE | BARE_REFERENCE) {
        return Err(damaged("fingerprint", "made for another purpose"));
    }
    let (words, slices) = body.split_at(count * 8);
    Ok((words.chunks_exact(8).map(word), slices.chunks_exact(8).map(word)))
}

/// The fingerprint of a reference from its words and the slices of its wave; from no slices one that has none.
pub fn of_reference(words: impl Iterator<Item = u64>, slices: &[u64]) -> Fingerprint {
    let mut bytes = vec![0; HEAD];
    bytes.extend(words.flat_map(u64::to_le_bytes));
    let frames = ((bytes.len() - HEAD) / 8) as u32;
    bytes.extend(slices.iter().flat_map(|slice| slice.to_le_bytes()));
    let purpose = if slices.is_empty() {
        BARE_REFERENCE
    } else {
        REFERENCE
    };
    seal(bytes, purpose, 1, 0, frames)
}

/// Is this the fingerprint of a reference with slices of its wave?
pub fn has_wave(print: &Fingerprint) -> bool {
    matches!(body(print), Ok((REFERENCE, ..)))
}

/// What a query heard, one list a shift.
pub struct Query {
    words: Vec<u64>,
    weak: Vec<[u8; WEAK]>,
    trust: Vec<[f32; PARTS]>,
    wave: Wave,
    frames: usize,
    known: usize,
}

/// Energy, as a share of the median, below which a part of the scale is not trusted more.
const QUIET: f32 = 0.1;

/// How far each part of each frame can be trusted where something lies over the work that comes and goes, as a voice does: the likelier
/// heard through it, the quieter all is. A bit tells of the work in proportion to its share of the amplitude. 1 in the mean.
fn trust(loud: &[[u8; PARTS]]) -> Vec<[f32; PARTS]> {
    let mut trust = vec![[0.0; PARTS]; loud.len()];
    for part in 0..PARTS {
        let mut sounding: Vec<u8> = loud.iter().map(|l| l[part]).filter(|&l| l > 0).collect();
        if sounding.is_empty() {
            continue;
        }
        let middle = sounding.len() / 2;
        let median = f32::from(*sounding.select_nth_unstable(middle).1);
        let of = |loud: u8| {
            let energy = ((f32::from(loud) - median) / LOUD_STEPS).exp2();
            (energy + QUIET).powf(-0.5)
        };
        let mean = sounding.iter().map(|&l| of(l)).sum::<f32>() / sounding.len() as f32;
        for (into, loud) in trust.iter_mut().zip(loud) {
            into[part] = of(loud[part]) / mean;
        }
    }
    trust
}

impl Query {
    /// Reads a query's fingerprint.
    pub fn read(print: &Fingerprint) -> Result<Self, Error> {
        let (purpose, frames, bytes) = body(print)?;
        let frame = match purpose {
            QUERY => FRAME,
            BARE_QUERY => BARE,
            _ => return Err(damaged("fingerprint", "made for another purpose")),
        };
        let mut words = vec![0; SHIFTS * frames];
        let mut weak = vec![[0; WEAK]; SHIFTS * frames];
        let mut loud = vec![[0; PARTS]; frames];
        let mut wave = Wave::default();
        for (at, frame) in bytes.chunks_exact(frame).enumerate() {
            let (heard, rest) = frame.split_at(SHIFTS * HEARD);
            let (loudness, signs) = rest.split_at(PARTS);
            loud[at].copy_from_slice(loudness);
            wave.push(signs);
            for (shift, heard) in heard.chunks_exact(HEARD).enumerate() {
                let place = shift * frames + at;
                words[place] = word(&heard[..8]);
                for (into, &bit) in weak[place].iter_mut().zip(&heard[8..]) {
                    *into = bit & 63;
                }
            }
        }
        let known = usize::from(u16::from_le_bytes([print.bytes[6], print.bytes[7]]));
        Ok(Self {
            words,
            weak,
            trust: trust(&loud),
            wave,
            frames,
            known,
        })
    }

    /// Number of frames at the start that were looked up before, as the end of an earlier window.
    pub fn known(&self) -> usize {
        self.known
    }

    /// Number of frames, [`FINE`] in 64 ms.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// The words at one shift of pitch.
    pub fn words(&self, shift: usize) -> &[u64] {
        &self.words[shift * self.frames..][..self.frames]
    }

    /// The weak bits of each word at one shift of pitch.
    pub fn weak(&self, shift: usize) -> &[[u8; WEAK]] {
        &self.weak[shift * self.frames..][..self.frames]
    }

    /// The part of a frame that is trusted least.
    pub fn covered(&self, frame: usize) -> usize {
        let trust = &self.trust[frame];
        (1..PARTS).fold(
            0,
            |least, part| if trust[part] < trust[least] { part } else { least },
        )
    }

    /// How far each part of each frame is trusted against what comes and goes.
    pub fn trust(&self) -> &[[f32; PARTS]] {
        &self.trust
    }

    /// Its wave; empty where the fingerprint has none.
    pub fn wave(&self) -> &Wave {
        &self.wave
    }
}
