//! Segments: many pictures' codes and points, and the lists by which they are looked up.

use super::print::{Print, VERSION};
use super::search;
use crate::visual::code::Code;
use crate::visual::lists::{self, Lists};
use crate::visual::marks::{Spot, Spots};
use crate::visual::sections::{Form, Reader, Records};
use crate::{Error, Fingerprint, Match, Segment};
use bytes::Bytes;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};

/// Identifiers, codes, first points, points, and the lists.
const FORM: Form = Form {
    medium: Medium::Image,
    magic: *b"SwordPic",
    version: VERSION,
    sections: 4 + lists::SECTIONS,
};
/// Bytes of a point: description, place, scale, direction.
const POINT: usize = 20;

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
    let (mut words, mut listed) = (Vec::new(), Vec::new());
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
        firsts.extend_from_slice(&((points.len() / POINT) as u32).to_le_bytes());
        for mark in &print.marks {
            words.push((mark.description.bits[0] as u32, (points.len() / POINT) as u32));
            Spots::<POINT>::write(mark, &mut points);
        }
    }
    firsts.extend_from_slice(&((points.len() / POINT) as u32).to_le_bytes());
    let mut sections = vec![ids, codes, firsts, points];
    sections.extend(Lists::write(&words, &listed));
    Ok(FORM.join(&sections))
}

impl Pictures {
    /// Opens a segment.
    pub fn open(bytes: Bytes) -> Result<Self, Error> {
        let sections = FORM.split(&bytes)?;
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
            points: Spots::open(sections[3].clone())?,
            lists: Lists::open(&sections[4..])?,
            ids,
            shapes,
        };
        (opened.firsts.len() == opened.ids.len() + 1).then_some(opened)
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
        let picture = u32::from_le_bytes([b[16], b[17], b[18], b[19]]) as usize;
        (picture < self.ids.len()).then_some((Code::from_bytes(*b.first_chunk()?), picture))
    }

    /// The picture that a point belongs to.
    pub fn picture_of(&self, point: usize) -> usize {
        let (mut low, mut high) = (0, self.ids.len().saturating_sub(1));
        while low < high {
            let middle = (low + high) / 2;
            if self.firsts.number(middle + 1).unwrap_or(0) as usize <= point {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
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

    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error> {
        Ok(search::search(&[self], &Print::read(query)?, removed))
    }
}
