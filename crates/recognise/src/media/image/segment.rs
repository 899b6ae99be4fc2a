//! Segments: many pictures' codes and points, and the lists by which they are looked up.

use super::print::{Print, TurnedCode};
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

/// Identifiers, codes, first points, points, and the lists of codes.
const SECTIONS: usize = 3 + spots::SECTIONS + lists::SECTIONS;
/// Version 1 had the points in the order of the pictures.
const FORM: Form = Form {
    medium: Medium::Image,
    magic: *b"SwordPic",
    sections: &[SECTIONS, SECTIONS],
};
/// Bytes of a point: description, place, scale, direction, picture.
const POINT: usize = 23;
/// Bytes of it before the segment is put together, and in version 1.
const MARK: usize = 20;

/// An opened segment.
pub struct Pictures {
    ids: Vec<ReferenceId>,
    shapes: Vec<[f32; 2]>,
    /// Codes, each with the number of its picture.
    codes: Records<20>,
    /// First point of each picture, and the number of all points.
    firsts: Records<4>,
    /// All points.
    pub points: Spots<POINT>,
    /// What finds codes and points.
    pub lists: Lists,
}

/// Builds a segment.
pub fn build(references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
    let (mut ids, mut codes, mut firsts, mut points) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut listed = Vec::new();
    ids.extend_from_slice(&(references.len() as u32).to_le_bytes());
    for (n, (id, fingerprint)) in references.iter().enumerate() {
        let print = Print::read(fingerprint)?;
        let id = id.as_str().as_bytes();
        ids.extend_from_slice(&(id.len() as u16).to_le_bytes());
        ids.extend_from_slice(id);
        print
            .shape
            .iter()
            .for_each(|side| ids.extend_from_slice(&side.to_le_bytes()));
        for code in &print.codes {
            listed.push((code.doubted.code, listed.len() as u32));
            codes.extend_from_slice(&code.doubted.code.to_bytes());
            codes.extend_from_slice(&(n as u32).to_le_bytes());
        }
        firsts.extend_from_slice(&((points.len() / MARK) as u32).to_le_bytes());
        let marks = print.marks.iter();
        marks.for_each(|mark| Spots::<POINT>::write(mark, &mut points));
    }
    firsts.extend_from_slice(&((points.len() / MARK) as u32).to_le_bytes());
    if references.len() > spots::OWNERS {
        return Err(FORM.damaged("more pictures than can be numbered"));
    }
    let arranged = Spots::<POINT>::arrange(&points, counts(&firsts));
    let mut sections = vec![ids, codes, firsts];
    sections.extend(arranged);
    sections.extend(Lists::write(&listed));
    Ok(FORM.join(&sections))
}

/// Points of each picture.
fn counts(firsts: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let number = |first: &[u8]| u32::from_le_bytes([first[0], first[1], first[2], first[3]]) as usize;
    let firsts = firsts.chunks_exact(4).map(number);
    firsts
        .clone()
        .zip(firsts.skip(1))
        .map(|(from, until)| until.saturating_sub(from))
}

/// The number of a code's picture.
fn owner(code: &[u8; 20]) -> usize {
    u32::from_le_bytes([code[16], code[17], code[18], code[19]]) as usize
}

impl Pictures {
    /// Opens a segment.
    pub fn open(bytes: Bytes) -> Result<Self, Error> {
        let (version, mut sections) = FORM.split(&bytes)?;
        if version == 1 {
            let arranged = Spots::<POINT>::arrange(&sections[3], counts(&sections[2]));
            sections.splice(3..6, arranged.map(Bytes::from));
        }
        Self::parse(&sections).ok_or_else(|| FORM.damaged("a section's form is wrong"))
    }

    fn parse(sections: &[Bytes]) -> Option<Self> {
        let mut from = Reader(&sections[0]);
        let (mut ids, mut shapes) = (Vec::new(), Vec::new());
        for _ in 0..from.u32()? {
            let length = usize::from(from.u16()?);
            let (id, rest) = from.0.split_at_checked(length)?;
            from.0 = rest;
            ids.push(ReferenceId::from_text(std::str::from_utf8(id).ok()?));
            shapes.push([from.f32()?, from.f32()?]);
        }
        let opened = Self {
            codes: Records::of(sections[1].clone())?,
            firsts: Records::of(sections[2].clone())?,
            points: Spots::open(&sections[3..])?,
            lists: Lists::open(&sections[3 + spots::SECTIONS..])?,
            ids,
            shapes,
        };
        (opened.firsts.len() == opened.ids.len() + 1).then_some(opened)
    }

    /// How many pictures.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The identifier of a picture.
    pub fn id(&self, picture: usize) -> &ReferenceId {
        &self.ids[picture]
    }

    /// Width and height of a picture over the longer of them.
    pub fn shape(&self, picture: usize) -> [f32; 2] {
        self.shapes[picture]
    }

    /// A code and its picture.
    pub fn code(&self, i: usize) -> Option<(Code, usize)> {
        let b = self.codes.get(i)?;
        let picture = owner(b);
        (picture < self.ids.len()).then_some((Code::from_bytes(*b.first_chunk()?), picture))
    }

    /// The codes of a picture: all lie in the order of the pictures.
    fn codes_of(&self, picture: usize) -> impl Iterator<Item = Code> + '_ {
        let first = self.codes.first(|code| owner(code) >= picture);
        let own = (first..).map_while(|i| self.code(i));
        own.take_while(move |(_, of)| *of == picture)
            .map(|(code, _)| code)
    }

    /// The points of a picture.
    pub fn spots(&self, picture: usize) -> impl Iterator<Item = Spot> + '_ {
        let from = self.firsts.number(picture).unwrap_or(0) as usize;
        let until = self.firsts.number(picture + 1).unwrap_or(0) as usize;
        self.points.between(from, until, 4096)
    }
}

impl Segment for Pictures {
    fn references(&self) -> &[ReferenceId] {
        &self.ids
    }

    fn fingerprint(&self, place: usize) -> Result<Fingerprint, Error> {
        let &shape = self
            .shapes
            .get(place)
            .ok_or_else(|| nobody(Medium::Image, place))?;
        let print = Print {
            shape,
            codes: self.codes_of(place).map(TurnedCode::from).collect(),
            marks: self.spots(place).map(Mark::from).collect(),
        };
        Ok(print.write(false))
    }

    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error> {
        Ok(search::search(&[self], &Print::read(query)?, removed))
    }
    fn seldom(&self) -> Vec<Bytes> {
        vec![self.points.places()]
    }
}
