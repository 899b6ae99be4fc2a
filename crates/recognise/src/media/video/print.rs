//! The fingerprint of moving pictures: codes at a fixed rate, and described points of the frames where the picture has changed.

use crate::visual::marks::{Doubted, Mark};
use crate::visual::sections::Reader;
use crate::{Error, Fingerprint};
use swordnet_core::Medium;

/// Version of fingerprints and segments.
pub const VERSION: u16 = 1;

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

/// Moments by which successive looks of a film that was looked at throughout lie apart, at most.
const CLOSE: usize = 3;

impl Print {
    /// The moments at which the picture was looked at and was not flat.
    fn looks(&self) -> impl Iterator<Item = usize> {
        let codes = self.codes.iter().enumerate();
        codes
            .filter(|(_, codes)| !codes.is_empty())
            .map(|(moment, _)| moment)
    }

    /// Seconds from one look at the picture to the next, on average.
    pub fn spacing(&self) -> f32 {
        self.codes.len() as f32 / self.looks().count().max(1) as f32 / self.rate
    }

    /// Were only key frames looked at? Then next to none follows another at once, while a dark film, in which few have a code, has most of them together.
    pub fn is_sparse(&self) -> bool {
        let gaps = || {
            self.looks()
                .zip(self.looks().skip(1))
                .map(|(one, next)| next - one)
        };
        match gaps().count() {
            0 => self.codes.len() > CLOSE,
            all => gaps().filter(|&gap| gap <= CLOSE).count() <= all / 2,
        }
    }

    /// Seconds covered.
    pub fn length(&self) -> f64 {
        self.codes.len() as f64 / f64::from(self.rate)
    }

    /// As bytes. `query` keeps what a search doubts.
    pub fn write(&self, query: bool) -> Fingerprint {
        let mut out = vec![u8::from(query)];
        for value in [self.rate, self.shape[0], self.shape[1]] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        out.extend_from_slice(&(self.codes.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.stills.len() as u32).to_le_bytes());
        for codes in &self.codes {
            if query {
                out.push(codes.len() as u8);
                codes.iter().for_each(|doubted| doubted.write(query, &mut out));
            } else {
                let code = codes.first().cloned().unwrap_or_default();
                code.write(query, &mut out);
            }
        }
        for still in &self.stills {
            out.extend_from_slice(&still.time.to_le_bytes());
            out.push(still.marks.len() as u8);
            still
                .marks
                .iter()
                .for_each(|mark| mark.write(false, query, &mut out));
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
                found.push(Doubted::read(&mut from, query)?);
            }
            found.retain(|doubted| !doubted.code.is_none());
            print.codes.push(found);
        }
        for _ in 0..stills {
            let time = from.f32()?;
            let count = from.u8()?;
            let mut marks = Vec::with_capacity(usize::from(count));
            for _ in 0..count {
                marks.push(Mark::read(&mut from, false, query)?);
            }
            if print.stills.last().is_some_and(|s| s.time > time) {
                return None;
            }
            print.stills.push(Still { time, marks });
        }
        from.0.is_empty().then_some(print)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four looks a second, of which those that `told` names have a code.
    fn looked(told: impl Fn(usize) -> bool) -> Print {
        let codes = |moment| {
            if told(moment) {
                vec![Doubted::default()]
            } else {
                vec![]
            }
        };
        Print {
            rate: 4.0,
            codes: (0..80).map(codes).collect(),
            ..Print::default()
        }
    }

    #[test]
    fn a_film_is_sparse_when_its_key_frames_are_not_when_it_is_dark() {
        assert!(!looked(|_| true).is_sparse());
        assert!(
            !looked(|moment| (30..45).contains(&moment)).is_sparse(),
            "one scene that is not dark"
        );
        assert!(looked(|moment| moment % 8 == 0).is_sparse());
        assert!(looked(|moment| moment == 3).is_sparse(), "one key frame");
    }
}
