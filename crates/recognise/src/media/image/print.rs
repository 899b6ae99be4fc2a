//! The fingerprint of a still picture.

use crate::visual::code::{Code, Measured};
use crate::visual::marks::{Doubted, Mark};
use crate::visual::sections::Reader;
use crate::{Error, Fingerprint};
use swordnet_core::Medium;

/// Version of fingerprints and segments.
pub const VERSION: u16 = 1;

/// A code of the picture in one of its orientations.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnedCode {
    /// The code.
    pub doubted: Doubted,
    /// Right angles that the picture was turned by, before it was mirrored.
    pub quarters: u8,
    /// Is the orientation a mirrored one?
    pub mirrored: bool,
    /// Is it of the whole picture, rather than of what lies within its border?
    pub whole: bool,
}

impl TurnedCode {
    /// Of a measured code.
    pub fn of(measured: &Measured, (quarters, mirrored): (u8, bool), whole: bool) -> Self {
        Self {
            doubted: Doubted::of(measured),
            quarters,
            mirrored,
            whole,
        }
    }
}

/// A reference's code: of the picture as it is.
impl From<Code> for TurnedCode {
    fn from(code: Code) -> Self {
        Self {
            doubted: code.into(),
            quarters: 0,
            mirrored: false,
            whole: false,
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
        out.extend_from_slice(&self.shape[0].to_le_bytes());
        out.extend_from_slice(&self.shape[1].to_le_bytes());
        out.push(self.codes.len() as u8);
        out.extend_from_slice(&(self.marks.len() as u16).to_le_bytes());
        for code in &self.codes {
            code.doubted.write(query, &mut out);
            if query {
                out.push(code.quarters | u8::from(code.mirrored) << 2 | u8::from(code.whole) << 3);
            }
        }
        self.marks
            .iter()
            .for_each(|mark| mark.write(true, query, &mut out));
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
            let doubted = Doubted::read(&mut from, query)?;
            let flags = if query { from.u8()? } else { 0 };
            print.codes.push(TurnedCode {
                doubted,
                quarters: flags & 3,
                mirrored: flags & 4 != 0,
                whole: flags & 8 != 0,
            });
        }
        for _ in 0..marks {
            print.marks.push(Mark::read(&mut from, true, query)?);
        }
        from.0.is_empty().then_some(print)
    }
}
