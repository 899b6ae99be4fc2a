//! What is kept of a picture, still or moving: its codes and its described points, as they are written into fingerprints and
//! segments, and as a query's are compared with them.

use super::code::{BITS, Code, Measured};
use super::describe::{self, Description, WORD_BITS};
use super::geometry::Pair;
use super::lookup::doubtful;
use super::points::Point;
use super::sections::Reader;
use std::f32::consts::TAU;

/// Words that a code is looked up by.
pub const CHUNKS: usize = BITS / 16;
/// Least certain bits kept for each word.
const DOUBTS: usize = 4;

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

    /// Of the mirrored picture.
    pub fn mirrored(&self) -> Self {
        Self {
            code: self.code.mirrored(),
            doubts: self.doubts,
        }
    }

    /// Appends the code and, for a query, the doubts.
    pub fn write(&self, query: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.code.to_bytes());
        if query {
            out.extend(nibbles(self.doubts.as_flattened()));
        }
    }

    /// What `write` wrote.
    pub fn read(from: &mut Reader, query: bool) -> Option<Self> {
        let mut doubted = Self {
            code: Code::from_bytes(from.take()?),
            ..Self::default()
        };
        if query {
            let packed: [u8; DOUBTS * CHUNKS / 2] = from.take()?;
            unpack(&packed, doubted.doubts.as_flattened_mut());
        }
        Some(doubted)
    }
}

/// A code of which nothing is doubted, as a reference's.
impl From<Code> for Doubted {
    fn from(code: Code) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }
}

/// The bits of a code that one of its lists goes by.
pub fn word_of(code: &Code, chunk: usize) -> u32 {
    (code.0[chunk / 4] >> (chunk % 4 * 16)) as u32 & 0xffff
}

fn nibbles(values: &[u8]) -> impl Iterator<Item = u8> + '_ {
    values.chunks_exact(2).map(|pair| pair[0] | pair[1] << 4)
}

fn unpack(packed: &[u8], to: &mut [u8]) {
    let values = packed.iter().flat_map(|b| [b & 15, b >> 4]);
    to.iter_mut().zip(values).for_each(|(to, value)| *to = value);
}

/// A point as a fingerprint keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// From the left and from the top, in units of the longer side.
    pub at: [f32; 2],
    /// Binary logarithm of its size in units of the longer side, in eighths, plus 128.
    pub scale: u8,
    /// Direction in 256ths of a turn; 0 where pictures are taken to be upright.
    pub angle: u8,
    /// Description; sizes are kept in queries only.
    pub description: Description,
}

impl Mark {
    /// Of a found point.
    pub fn of(point: &Point, longer: f32) -> Self {
        let scale = (point.scale / longer).log2() * 8.0 + 128.0;
        Self {
            at: [point.x / longer, point.y / longer],
            scale: scale.round().clamp(0.0, 255.0) as u8,
            angle: (point.angle / TAU * 256.0).round() as i32 as u8,
            description: point.description,
        }
    }

    /// Appends it: with its direction if `turned`, with what a search doubts for a query.
    pub fn write(&self, turned: bool, query: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&describe::to_bytes(self.description.bits));
        for place in self.at {
            out.extend_from_slice(&((place * 65535.0) as u16).to_le_bytes());
        }
        out.push(self.scale);
        out.extend(turned.then_some(self.angle));
        if query {
            out.extend(nibbles(&self.description.sizes));
        }
    }

    /// What `write` wrote.
    pub fn read(from: &mut Reader, turned: bool, query: bool) -> Option<Self> {
        let bits = describe::from_bytes(from.take()?);
        let at = [f32::from(from.u16()?) / 65535.0, f32::from(from.u16()?) / 65535.0];
        let scale = from.u8()?;
        let angle = if turned { from.u8()? } else { 0 };
        let mut sizes = [0; WORD_BITS];
        if query {
            let packed: [u8; WORD_BITS / 2] = from.take()?;
            unpack(&packed, &mut sizes);
        }
        Some(Self {
            at,
            scale,
            angle,
            description: Description { bits, sizes },
        })
    }
}

/// A point as a segment keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Description.
    pub bits: [u64; 2],
    /// Place, in units of the longer side.
    pub at: [f32; 2],
    /// As in a mark.
    pub scale: u8,
    /// As in a mark.
    pub angle: u8,
}

/// A mark that a segment keeps as this point: its place is rounded, as it was then.
impl From<Spot> for Mark {
    fn from(spot: Spot) -> Self {
        Self {
            at: spot.at,
            scale: spot.scale,
            angle: spot.angle,
            description: Description {
                bits: spot.bits,
                ..Description::default()
            },
        }
    }
}

/// A query's mark as it is compared: as found, or mirrored.
#[derive(Clone, Copy)]
pub struct Seen {
    /// Description.
    pub description: Description,
    /// Place.
    pub at: [f32; 2],
    /// As in a mark.
    pub scale: u8,
    /// As in a mark.
    pub angle: u8,
}

impl Seen {
    /// A mark, mirrored in a picture of that width or as it is.
    pub fn of(mark: &Mark, mirrored: bool, width: f32) -> Self {
        let (description, at, angle) = if mirrored {
            let at = [width - mark.at[0], mark.at[1]];
            (mark.description.mirrored(), at, mark.angle.wrapping_neg())
        } else {
            (mark.description, mark.at, mark.angle)
        };
        Self {
            description,
            at,
            scale: mark.scale,
            angle,
        }
    }

    /// This with a reference's point.
    pub fn pair(&self, spot: &Spot) -> Pair {
        Pair {
            from: self.at,
            to: spot.at,
            scale: ((f32::from(spot.scale) - f32::from(self.scale)) / 8.0).exp2(),
            turn: f32::from(spot.angle.wrapping_sub(self.angle)) / 256.0 * TAU,
        }
    }
}
