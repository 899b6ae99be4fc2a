//! The fingerprint of a still picture.

use crate::visual::code::{Code, Measured};
use crate::visual::describe::{self, Description, WORD_BITS};
use crate::visual::lookup::doubtful;
use crate::visual::points::Point;
use crate::visual::sections::Reader;
use crate::{Error, Fingerprint};
use std::f32::consts::TAU;
use swordnet_core::Medium;

/// Version of fingerprints and segments.
pub const VERSION: u16 = 1;
/// Words that a code is looked up by.
pub const CHUNKS: usize = 8;
/// Least certain bits kept for each word.
pub const DOUBTS: usize = 4;

/// A code of the picture in one of its orientations.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnedCode {
    /// The code.
    pub code: Code,
    /// Right angles that the picture was turned by, before it was mirrored.
    pub quarters: u8,
    /// Is the orientation a mirrored one?
    pub mirrored: bool,
    /// Is it of the whole picture, rather than of what lies within its border?
    pub whole: bool,
    /// For each of its words the least certain bits.
    pub doubts: [[u8; DOUBTS]; CHUNKS],
}

impl TurnedCode {
    /// Of a measured code.
    pub fn of(measured: &Measured, (quarters, mirrored): (u8, bool), whole: bool) -> Self {
        let mut doubts = [[0; DOUBTS]; CHUNKS];
        for (sizes, to) in measured.sizes.chunks_exact(16).zip(&mut doubts) {
            to.copy_from_slice(&doubtful(sizes, DOUBTS));
        }
        Self {
            code: measured.code,
            quarters,
            mirrored,
            whole,
            doubts,
        }
    }
}

/// A point as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// From the left and from the top, in units of the longer side.
    pub at: [f32; 2],
    /// Binary logarithm of its size in units of the longer side, in eighths, plus 128.
    pub scale: u8,
    /// Direction in 256ths of a turn.
    pub angle: u8,
    /// Description; sizes are kept in queries only.
    pub description: Description,
}

impl Mark {
    /// Of a found point.
    pub fn of(point: &Point, longer: f32) -> Self {
        let scale = ((point.scale / longer).log2() * 8.0 + 128.0)
            .round()
            .clamp(0.0, 255.0) as u8;
        let angle = (point.angle / TAU * 256.0).round() as i32 as u8;
        Self {
            at: [point.x / longer, point.y / longer],
            scale,
            angle,
            description: point.description,
        }
    }
}

/// A parsed fingerprint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Print {
    /// Width and height over the longer of them.
    pub shape: [f32; 2],
    /// Codes: of references upright, of queries in every orientation; of the whole, and of the picture within its border.
    pub codes: Vec<TurnedCode>,
    /// Points.
    pub marks: Vec<Mark>,
}

impl Print {
    /// As bytes. `query` keeps what a search doubts.
    pub fn write(&self, query: bool) -> Fingerprint {
        let mut out = vec![u8::from(query)];
        let mut put = |bytes: &[u8]| out.extend_from_slice(bytes);
        put(&self.shape[0].to_le_bytes());
        put(&self.shape[1].to_le_bytes());
        put(&[self.codes.len() as u8]);
        put(&(self.marks.len() as u16).to_le_bytes());
        for code in &self.codes {
            put(&code.code.to_bytes());
            if query {
                put(&[code.quarters | u8::from(code.mirrored) << 2 | u8::from(code.whole) << 3]);
                code.doubts
                    .iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .chunks(2)
                    .for_each(|d| put(&[d[0] | d[1] << 4]));
            }
        }
        for mark in &self.marks {
            put(&describe::to_bytes(mark.description.bits));
            put(&((mark.at[0] * 65535.0) as u16).to_le_bytes());
            put(&((mark.at[1] * 65535.0) as u16).to_le_bytes());
            put(&[mark.scale, mark.angle]);
            if query {
                mark.description
                    .sizes
                    .chunks(2)
                    .for_each(|s| put(&[s[0] | s[1] << 4]));
            }
        }
        Fingerprint {
            medium: Medium::Image,
            version: VERSION,
            bytes: out,
        }
    }

    /// From bytes.
    pub fn read(fingerprint: &Fingerprint) -> Result<Self, Error> {
        let damaged = |why: &str| Error::Damaged {
            medium: Medium::Image,
            what: "fingerprint",
            why: why.into(),
        };
        if fingerprint.medium != Medium::Image || fingerprint.version != VERSION {
            return Err(damaged("another medium or version"));
        }
        Self::parse(&fingerprint.bytes).ok_or_else(|| damaged("it ends early or holds an impossible value"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let query = from.u8()? != 0;
        let mut print = Self {
            shape: [from.f32()?, from.f32()?],
            ..Self::default()
        };
        let (codes, marks) = (from.u8()?, from.u16()?);
        for _ in 0..codes {
            let code = Code::from_bytes(from.take()?);
            let mut turned = TurnedCode {
                code,
                quarters: 0,
                mirrored: false,
                whole: false,
                doubts: [[0; DOUBTS]; CHUNKS],
            };
            if query {
                let flags = from.u8()?;
                (turned.quarters, turned.mirrored, turned.whole) =
                    (flags & 3, flags & 4 != 0, flags & 8 != 0);
                let packed: [u8; DOUBTS * CHUNKS / 2] = from.take()?;
                turned
                    .doubts
                    .iter_mut()
                    .flatten()
                    .zip(packed.iter().flat_map(|b| [b & 15, b >> 4]))
                    .for_each(|(to, n)| *to = n);
            }
            print.codes.push(turned);
        }
        for _ in 0..marks {
            let bits = describe::from_bytes(from.take()?);
            let at = [f32::from(from.u16()?) / 65535.0, f32::from(from.u16()?) / 65535.0];
            let (scale, angle) = (from.u8()?, from.u8()?);
            let mut sizes = [0; WORD_BITS];
            if query {
                let packed: [u8; WORD_BITS / 2] = from.take()?;
                sizes
                    .iter_mut()
                    .zip(packed.iter().flat_map(|b| [b & 15, b >> 4]))
                    .for_each(|(to, n)| *to = n);
            }
            print.marks.push(Mark {
                at,
                scale,
                angle,
                description: Description { bits, sizes },
            });
        }
        from.0.is_empty().then_some(print)
    }
}
