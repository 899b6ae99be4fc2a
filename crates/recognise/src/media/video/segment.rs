//! Segments: many references' codes and points, and the lists by which they are looked up.

use super::print::Print;
use super::search;
use crate::visual::code::Code;
use crate::visual::lists::{self, Lists};
use crate::visual::marks::Spot;
use crate::visual::sections::{Form, Reader, Records};
use crate::visual::spots::{self, Spots};
use crate::{Error, Fingerprint, Match, Segment};
use bytes::Bytes;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};

/// References, codes, stills, points, and the lists of codes. Version 1 had the points in the order of the stills.
const FORM: Form = Form {
    medium: Medium::Video,
    magic: *b"SwordVid",
    version: 2,
    sections: 3 + spots::SECTIONS + lists::SECTIONS,
};
/// Bytes of a point: description, place, scale, still.
pub const POINT: usize = 22;
/// Bytes of it before the segment is put together, and in version 1.
const MARK: usize = 19;
/// Codes a second that are listed; the others serve verification.
const LISTED: f32 = 2.0;

/// One reference's part of the sections.
#[derive(Clone, Debug)]
pub struct Film {
    /// First code.
    pub first_code: usize,
    /// Number of codes.
    pub codes: usize,
    /// Codes a second.
    pub rate: f32,
    /// First still.
    pub first_still: usize,
    /// Number of stills.
    pub stills: usize,
    /// Width and height over the longer of them.
    pub shape: [f32; 2],
}

/// An opened segment.
pub struct Films {
    ids: Vec<ReferenceId>,
    /// In the order of `ids`.
    pub films: Vec<Film>,
    /// All codes.
    pub codes: Records<16>,
    /// All stills: seconds and first point.
    stills: Records<8>,
    /// All points.
    pub points: Spots<POINT>,
    /// What finds codes and points.
    pub lists: Lists,
}

/// Builds a segment.
pub fn build(references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
    let (mut films, mut codes, mut stills, mut points) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut listed: Vec<(Code, u32)> = Vec::new();
    films.extend_from_slice(&(references.len() as u32).to_le_bytes());
    for (id, fingerprint) in references {
        let print = Print::read(fingerprint)?;
        let id = id.as_str().as_bytes();
        films.extend_from_slice(&(id.len() as u16).to_le_bytes());
        films.extend_from_slice(id);
        for value in [
            (codes.len() / 16) as u32,
            print.codes.len() as u32,
            (stills.len() / 8) as u32,
            print.stills.len() as u32,
        ] {
            films.extend_from_slice(&value.to_le_bytes());
        }
        for value in [print.rate, print.shape[0], print.shape[1]] {
            films.extend_from_slice(&value.to_le_bytes());
        }
        let (mut last, mut due) = (Code::default(), 0f32);
        for (i, code) in print.codes.iter().enumerate() {
            let code = code.first().map_or(Code::default(), |d| d.code);
            let at = i as f32 / print.rate;
            if !code.is_none() && at >= due && code.distance(&last) > 3 {
                listed.push((code, (codes.len() / 16) as u32));
                (last, due) = (code, at + 1.0 / LISTED - 1e-3);
            }
            codes.extend_from_slice(&code.to_bytes());
        }
        for still in &print.stills {
            stills.extend_from_slice(&still.time.to_le_bytes());
            stills.extend_from_slice(&((points.len() / MARK) as u32).to_le_bytes());
            let marks = still.marks.iter();
            marks.for_each(|mark| Spots::<POINT>::write(mark, &mut points));
        }
    }
    stills.extend_from_slice(&0f32.to_le_bytes());
    stills.extend_from_slice(&((points.len() / MARK) as u32).to_le_bytes());
    if stills.len() / 8 > spots::OWNERS {
        return Err(FORM.damaged("more stills than can be numbered"));
    }
    let arranged = Spots::<POINT>::arrange(&points, counts(&stills));
    let mut sections = vec![films, codes, stills];
    sections.extend(arranged);
    sections.extend(Lists::write(&listed));
    Ok(FORM.join(&sections))
}

/// Points of each still.
fn counts(stills: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let first = |still: &[u8]| u32::from_le_bytes([still[4], still[5], still[6], still[7]]) as usize;
    let firsts = stills.chunks_exact(8).map(first);
    firsts
        .clone()
        .zip(firsts.skip(1))
        .map(|(from, until)| until.saturating_sub(from))
}

impl Films {
    /// Opens a segment.
    pub fn open(bytes: Bytes) -> Result<Self, Error> {
        let (mut sections, old) = FORM.split(&bytes)?;
        if old {
            let arranged = Spots::<POINT>::arrange(&sections[3], counts(&sections[2]));
            sections.splice(3..6, arranged.map(Bytes::from));
        }
        let opened = Self::parse(&sections).ok_or_else(|| FORM.damaged("a section's form is wrong"))?;
        let inside = |film: &Film| {
            film.first_code + film.codes <= opened.codes.len()
                && film.first_still + film.stills < opened.stills.len()
        };
        if !opened.films.iter().all(inside) {
            return Err(FORM.damaged("a reference lies outside it"));
        }
        Ok(opened)
    }

    fn parse(sections: &[Bytes]) -> Option<Self> {
        let mut from = Reader(&sections[0]);
        let (mut ids, mut films) = (Vec::new(), Vec::<Film>::new());
        for _ in 0..from.u32()? {
            let length = usize::from(from.u16()?);
            let (id, rest) = from.0.split_at_checked(length)?;
            from.0 = rest;
            ids.push(ReferenceId::from_text(std::str::from_utf8(id).ok()?));
            let numbers = [from.u32()?, from.u32()?, from.u32()?, from.u32()?].map(|n| n as usize);
            let (rate, shape) = (from.f32()?, [from.f32()?, from.f32()?]);
            let film = Film {
                first_code: numbers[0],
                codes: numbers[1],
                first_still: numbers[2],
                stills: numbers[3],
                rate,
                shape,
            };
            let ordered = films.last().is_none_or(|l| {
                l.first_code + l.codes == film.first_code && l.first_still + l.stills == film.first_still
            });
            if !ordered || !(0.1..=1000.0).contains(&rate) {
                return None;
            }
            films.push(film);
        }
        Some(Self {
            ids,
            films,
            codes: Records::of(sections[1].clone())?,
            stills: Records::of(sections[2].clone())?,
            points: Spots::open(&sections[3..])?,
            lists: Lists::open(&sections[3 + spots::SECTIONS..])?,
        })
    }

    /// The identifier of a film.
    pub fn id(&self, film: usize) -> &ReferenceId {
        &self.ids[film]
    }

    /// A code.
    #[inline(always)]
    pub fn code(&self, i: usize) -> Code {
        self.codes
            .get(i)
            .map_or(Code::default(), |b| Code::from_bytes(*b))
    }

    /// The film that a code belongs to.
    pub fn film_of_code(&self, code: usize) -> usize {
        self.films.partition_point(|f| f.first_code + f.codes <= code)
    }

    /// The film that a still belongs to.
    pub fn film_of_still(&self, still: usize) -> usize {
        self.films.partition_point(|f| f.first_still + f.stills <= still)
    }

    /// Seconds of a still.
    pub fn time(&self, still: usize) -> f32 {
        let time = self
            .stills
            .get(still)
            .map_or(0.0, |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        if time.is_finite() { time } else { 0.0 }
    }

    fn first_point(&self, still: usize) -> usize {
        self.stills
            .get(still)
            .map_or(0, |b| u32::from_le_bytes([b[4], b[5], b[6], b[7]]) as usize)
    }

    /// The points of a still.
    pub fn spots(&self, still: usize) -> impl Iterator<Item = Spot> + '_ {
        self.points
            .between(self.first_point(still), self.first_point(still + 1), 256)
    }
}

impl Segment for Films {
    fn references(&self) -> &[ReferenceId] {
        &self.ids
    }

    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error> {
        Ok(search::search(&[self], &Print::read(query)?, removed))
    }
}
