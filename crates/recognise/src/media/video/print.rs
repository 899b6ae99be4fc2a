//! The fingerprint of moving pictures: codes at a fixed rate, and described points of the frames where the picture has changed.

use crate::visual::code::{BITS, Code, Measured};
use crate::visual::describe::{self, Description, WORD_BITS};
use crate::visual::lookup::doubtful;
use crate::visual::points::Point;
use crate::visual::sections::Reader;
use crate::{Error, Fingerprint};
use swordnet_core::Medium;

/// Version of fingerprints and segments.
pub const VERSION: u16 = 1;
/// Words that a code is looked up by.
pub const CHUNKS: usize = BITS / 16;
/// Least certain bits kept for each word.
pub const DOUBTS: usize = 4;

/// A code, and what its search should doubt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Doubted {
    /// The code.
    pub code: Code,
    /// For each of its words the least certain bits, least certain first.
    pub doubts: [[u8; DOUBTS]; CHUNKS],
}

impl Doubted {
    /// Of a measured code.
    pub fn of(measured: &Measured) -> Self {
        let mut doubts = [[0; DOUBTS]; CHUNKS];
        for (sizes, to) in measured.sizes.chunks_exact(16).zip(&mut doubts) {
            to.copy_from_slice(&doubtful(sizes, DOUBTS));
        }
        Self {
            code: measured.code,
            doubts,
        }
    }
}

/// A point as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// From the left, in units of the longer side.
    pub x: f32,
    /// From the top, in the same units.
    pub y: f32,
    /// Binary logarithm of its size in units of the longer side, in eighths, plus 128.
    pub scale: u8,
    /// Description; sizes are kept in queries only.
    pub description: Description,
}

impl Mark {
    /// Of a found point.
    pub fn of(point: &Point, longer: f32) -> Self {
        let scale = ((point.scale / longer).log2() * 8.0 + 128.0)
            .round()
            .clamp(0.0, 255.0) as u8;
        Self {
            x: point.x / longer,
            y: point.y / longer,
            scale,
            description: point.description,
        }
    }
}

/// The points of one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Still {
    /// Seconds.
    pub time: f32,
    /// Its points.
    pub marks: Vec<Mark>,
}

/// A parsed fingerprint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Print {
    /// Codes a second.
    pub rate: f32,
    /// Width and height over the longer of them.
    pub shape: [f32; 2],
    /// For each moment the codes of the picture's possible extents; none where it is flat. References have one at most.
    pub codes: Vec<Vec<Doubted>>,
    /// Frames with points, in order of time.
    pub stills: Vec<Still>,
}

impl Print {
    /// Seconds covered.
    pub fn length(&self) -> f64 {
        self.codes.len() as f64 / f64::from(self.rate)
    }

    /// As bytes. `query` keeps what a search doubts.
    pub fn write(&self, query: bool) -> Fingerprint {
        let mut out = vec![u8::from(query)];
        let mut put = |bytes: &[u8]| out.extend_from_slice(bytes);
        put(&self.rate.to_le_bytes());
        put(&self.shape[0].to_le_bytes());
        put(&self.shape[1].to_le_bytes());
        put(&(self.codes.len() as u32).to_le_bytes());
        put(&(self.stills.len() as u32).to_le_bytes());
        for codes in &self.codes {
            if query {
                put(&[codes.len() as u8]);
                for doubted in codes {
                    put(&doubted.code.to_bytes());
                    doubted
                        .doubts
                        .iter()
                        .flatten()
                        .collect::<Vec<_>>()
                        .chunks(2)
                        .for_each(|d| put(&[d[0] | d[1] << 4]));
                }
            } else {
                put(&codes.first().map_or(Code::default(), |d| d.code).to_bytes());
            }
        }
        for still in &self.stills {
            put(&still.time.to_le_bytes());
            put(&[still.marks.len() as u8]);
            for mark in &still.marks {
                put(&describe::to_bytes(mark.description.bits));
                put(&((mark.x * 65535.0) as u16).to_le_bytes());
                put(&((mark.y * 65535.0) as u16).to_le_bytes());
                put(&[mark.scale]);
                if query {
                    mark.description
                        .sizes
                        .chunks(2)
                        .for_each(|s| put(&[s[0] | s[1] << 4]));
                }
            }
        }
        Fingerprint {
            medium: Medium::Video,
            version: VERSION,
            bytes: out,
        }
    }

    /// From bytes.
    pub fn read(fingerprint: &Fingerprint) -> Result<Self, Error> {
        let damaged = |why: &str| Error::Damaged {
            medium: Medium::Video,
            what: "fingerprint",
            why: why.into(),
        };
        if fingerprint.medium != Medium::Video || fingerprint.version != VERSION {
            return Err(damaged("another medium or version"));
        }
        Self::parse(&fingerprint.bytes).ok_or_else(|| damaged("it ends early or holds an impossible value"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let query = from.u8()? != 0;
        let rate = from.f32().filter(|r| (0.1..=1000.0).contains(r))?;
        let shape = [from.f32()?, from.f32()?];
        let (codes, stills) = (from.u32()?, from.u32()?);
        // Counts are believed only as far as bytes follow: nothing is reserved from them.
        let mut print = Self {
            rate,
            shape,
            ..Self::default()
        };
        for _ in 0..codes {
            let mut found = Vec::new();
            let count = if query { from.u8()? } else { 1 };
            for _ in 0..count {
                let code = Code::from_bytes(from.take()?);
                let mut doubts = [[0; DOUBTS]; CHUNKS];
                if query {
                    let packed: [u8; DOUBTS * CHUNKS / 2] = from.take()?;
                    let nibbles = packed.iter().flat_map(|b| [b & 15, b >> 4]);
                    doubts
                        .iter_mut()
                        .flatten()
                        .zip(nibbles)
                        .for_each(|(to, nibble)| *to = nibble);
                }
                if !code.is_none() {
                    found.push(Doubted { code, doubts });
                }
            }
            print.codes.push(found);
        }
        for _ in 0..stills {
            let time = from.f32()?;
            let count = from.u8()?;
            let mut marks = Vec::with_capacity(usize::from(count));
            for _ in 0..count {
                let bits = describe::from_bytes(from.take()?);
                let (x, y) = (f32::from(from.u16()?) / 65535.0, f32::from(from.u16()?) / 65535.0);
                let scale = from.u8()?;
                let mut sizes = [0; WORD_BITS];
                if query {
                    let packed: [u8; WORD_BITS / 2] = from.take()?;
                    sizes
                        .iter_mut()
                        .zip(packed.iter().flat_map(|b| [b & 15, b >> 4]))
                        .for_each(|(to, nibble)| *to = nibble);
                }
                marks.push(Mark {
                    x,
                    y,
                    scale,
                    description: Description { bits, sizes },
                });
            }
            if print.stills.last().is_some_and(|s| s.time > time) {
                return None;
            }
            print.stills.push(Still { time, marks });
        }
        from.0.is_empty().then_some(print)
    }
}
