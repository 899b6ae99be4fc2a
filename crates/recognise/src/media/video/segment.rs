//! Segments: many references' codes and points, and the lists by which they are looked up.

use super::print::{Print, Still};
use super::search;
use crate::visual::code::Code;
use crate::visual::lists::{self, Lists};
use crate::visual::marks::{Mark, Spot};
use crate::visual::sections::{Form, Reader, Records};
use crate::visual::spots::{self, Spots};
use crate::{Error, Fingerprint, Match, Segment, nobody};
use bytes::Bytes;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};

/// References, codes, stills, listed points, and the lists of codes.
const BEFORE: usize = 3 + spots::SECTIONS + lists::SECTIONS;
/// Now points that are not listed and codes that are follow: what is looked up lies close together, so that a search of a large index needs little of it in
/// memory. Versions 1 and 2 listed all points, version 1 in the order of the stills, and their lists were of all codes.
const FORM: Form = Form {
    medium: Medium::Video,
    magic: *b"SwordVid",
    sections: &[BEFORE, BEFORE, BEFORE + 2],
};
/// Bytes of a point: description, place, scale, still.
pub const POINT: usize = 22;
/// Bytes of one that is not listed, and of all in version 1.
const MARK: usize = 19;
/// Bytes of a still: seconds, and the numbers of its first listed point and of its first that is not. The next still's are where they end.
const STILL: usize = 12;
/// Points of a still that are listed, the strongest: half of them. The others are compared once a film is known.
const STRONGEST: usize = 18;
/// Points of a still at most.
const MARKS: usize = 256;
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
    /// All stills, and one more that says where the last one's points end.
    stills: Records<STILL>,
    /// Points that are looked up.
    pub points: Spots<POINT>,
    /// Points that are only compared, in the order of the stills.
    others: Records<MARK>,
    /// Codes that are looked up, each with its number among all.
    listed: Records<20>,
    /// What finds codes and points.
    pub lists: Lists,
}

/// Builds a segment.
pub fn build(references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
    let (mut films, mut codes, mut stills) = (Vec::new(), Vec::new(), Vec::new());
    let (mut points, mut others) = (Vec::new(), Vec::new());
    let (mut listed, mut looked_up) = (Vec::new(), Vec::<(Code, u32)>::new());
    films.extend_from_slice(&(references.len() as u32).to_le_bytes());
    for (id, fingerprint) in references {
        let print = Print::read(fingerprint)?;
        let id = id.as_str().as_bytes();
        films.extend_from_slice(&(id.len() as u16).to_le_bytes());
        films.extend_from_slice(id);
        for value in [
            (codes.len() / 16) as u32,
            print.codes.len() as u32,
            (stills.len() / STILL) as u32,
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
                looked_up.push((code, looked_up.len() as u32));
                listed.extend(numbered(code, codes.len() / 16));
                (last, due) = (code, at + 1.0 / LISTED - 1e-3);
            }
            codes.extend_from_slice(&code.to_bytes());
        }
        for still in &print.stills {
            stills.extend(begin(still.time, &points, &others));
            for (n, mark) in still.marks.iter().enumerate() {
                let kept = if n < STRONGEST { &mut points } else { &mut others };
                Spots::<POINT>::write(mark, kept);
            }
        }
    }
    stills.extend(begin(0.0, &points, &others));
    if stills.len() / STILL > spots::OWNERS {
        return Err(FORM.damaged("more stills than can be numbered"));
    }
    let arranged = Spots::<POINT>::arrange(&points, counts::<STILL>(&stills));
    let mut sections = vec![films, codes, stills];
    sections.extend(arranged);
    sections.extend(Lists::write(&looked_up));
    sections.extend([others, listed]);
    Ok(FORM.join(&sections))
}

/// A still as it is kept, with these points before it.
fn begin(time: f32, points: &[u8], others: &[u8]) -> impl Iterator<Item = u8> {
    let firsts = [points, others].map(|marks| ((marks.len() / MARK) as u32).to_le_bytes());
    time.to_le_bytes().into_iter().chain(firsts.into_iter().flatten())
}

/// A listed code as it is kept, and its number among all.
fn numbered(code: Code, number: usize) -> impl Iterator<Item = u8> {
    code.to_bytes().into_iter().chain((number as u32).to_le_bytes())
}

/// Listed points of each still, of which each takes `N` bytes.
fn counts<const N: usize>(stills: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let first = |still: &[u8]| u32::from_le_bytes([still[4], still[5], still[6], still[7]]) as usize;
    let firsts = stills.chunks_exact(N).map(first);
    firsts
        .clone()
        .zip(firsts.skip(1))
        .map(|(from, until)| until.saturating_sub(from))
}

impl Films {
    /// Opens a segment.
    pub fn open(bytes: Bytes) -> Result<Self, Error> {
        let (version, mut sections) = FORM.split(&bytes)?;
        if version == 1 {
            let arranged = Spots::<POINT>::arrange(&sections[3], counts::<8>(&sections[2]));
            sections.splice(3..6, arranged.map(Bytes::from));
        }
        if version < 3 {
            let stills = sections[2].chunks_exact(8);
            let stills: Vec<u8> = stills
                .flat_map(|still| still.iter().copied().chain([0; 4]))
                .collect();
            sections[2] = stills.into();
            let codes = sections[1].chunks_exact(16).zip(0u32..);
            let listed: Vec<u8> = codes
                .flat_map(|(code, n)| code.iter().copied().chain(n.to_le_bytes()))
                .collect();
            sections.extend([Bytes::new(), listed.into()]);
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
            lists: Lists::open(&sections[3 + spots::SECTIONS..BEFORE])?,
            others: Records::of(sections[BEFORE].clone())?,
            listed: Records::of(sections[BEFORE + 1].clone())?,
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

    /// A listed code.
    #[inline(always)]
    pub fn listed(&self, i: usize) -> Option<Code> {
        Some(Code::from_bytes(*self.listed.get(i)?.first_chunk()?))
    }

    /// The number of a listed code among all.
    pub fn number(&self, listed: usize) -> usize {
        let number = self.listed.get(listed).and_then(|b| b.last_chunk());
        number.map_or(0, |&b| u32::from_le_bytes(b) as usize)
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

    /// The numbers of a still's first listed point and of its first that is not.
    fn firsts(&self, still: usize) -> [usize; 2] {
        let number = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize;
        self.stills
            .get(still)
            .map_or([0; 2], |b| [number(&b[4..8]), number(&b[8..])])
    }

    /// The points of a still.
    pub fn spots(&self, still: usize) -> impl Iterator<Item = Spot> + '_ {
        let (from, until) = (self.firsts(still), self.firsts(still + 1));
        let listed = self.points.between(from[0], until[0], MARKS);
        let end = until[1].min(from[1].saturating_add(MARKS)).min(self.others.len());
        let others = self.others.between(from[1].min(end)..end);
        listed.chain(others.filter_map(|mark| Spots::<POINT>::parse(mark)))
    }
}

impl Segment for Films {
    fn references(&self) -> &[ReferenceId] {
        &self.ids
    }

    fn fingerprint(&self, place: usize) -> Result<Fingerprint, Error> {
        let film = self
            .films
            .get(place)
            .ok_or_else(|| nobody(Medium::Video, place))?;
        let codes = film.first_code..film.first_code + film.codes;
        let stills = film.first_still..film.first_still + film.stills;
        let print = Print {
            rate: film.rate,
            shape: film.shape,
            codes: codes.map(|i| vec![self.code(i).into()]).collect(),
            stills: stills
                .map(|i| Still {
                    time: self.time(i),
                    marks: self.spots(i).map(Mark::from).collect(),
                })
                .collect(),
        };
        Ok(print.write(false))
    }

    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error> {
        Ok(search::search(&[self], &Print::read(query)?, removed))
    }
    fn seldom(&self) -> Vec<Bytes> {
        vec![self.codes.bytes(), self.points.places(), self.others.bytes()]
    }
}
