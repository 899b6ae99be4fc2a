//! Segments: many pictures' codes and points, and the lists by which they are looked up.

use super::print::{CHUNKS, Print, VERSION};
use super::search;
use crate::visual::code::Code;
use crate::visual::describe;
use crate::visual::lookup::{Lookup, word_bits};
use crate::visual::sections::{Form, Reader, Records};
use crate::{Error, Fingerprint, Match, Segment};
use bytes::Bytes;
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};

/// Identifiers, codes, first points, points, two sections of lists for points, and two for each word of a code.
const FORM: Form = Form {
    medium: Medium::Image,
    magic: *b"SwordPic",
    version: VERSION,
    sections: 6 + 2 * CHUNKS,
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
    points: Records<POINT>,
    /// Points by the first bits of their descriptions.
    pub by_point: Lookup,
    /// Codes by each of their words.
    pub by_word: Vec<Lookup>,
}

/// A reference's point.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Description.
    pub bits: [u64; 2],
    /// Place, in units of the longer side.
    pub at: [f32; 2],
    /// As in a print's mark.
    pub scale: u8,
    /// As in a print's mark.
    pub angle: u8,
}

/// Builds a segment.
pub fn build(references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
    let (mut ids, mut codes, mut firsts, mut points) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut words, mut listed): (Vec<(u32, u32)>, Vec<Code>) = (Vec::new(), Vec::new());
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
            listed.push(code.code);
            codes.extend_from_slice(&code.code.to_bytes());
            codes.extend_from_slice(&(n as u32).to_le_bytes());
        }
        firsts.extend_from_slice(&((points.len() / POINT) as u32).to_le_bytes());
        for mark in &print.marks {
            words.push((mark.description.bits[0] as u32, (points.len() / POINT) as u32));
            points.extend_from_slice(&describe::to_bytes(mark.description.bits));
            let byte = |v: f32| (v * 255.0).round() as u8;
            points.extend_from_slice(&[byte(mark.at[0]), byte(mark.at[1]), mark.scale, mark.angle]);
        }
    }
    firsts.extend_from_slice(&((points.len() / POINT) as u32).to_le_bytes());
    let mut sections = vec![ids, codes, firsts, points];
    let (starts, items) = Lookup::write(
        words.iter().copied(),
        word_bits(words.len(), describe::WORD_BITS as u32),
    );
    sections.extend([starts, items]);
    for chunk in 0..CHUNKS {
        let words = listed
            .iter()
            .enumerate()
            .map(|(i, code)| (word_of(code, chunk), i as u32));
        let (starts, items) = Lookup::write(words, word_bits(listed.len(), 16));
        sections.extend([starts, items]);
    }
    Ok(FORM.join(&sections))
}

/// The bits of a code that one of its lists goes by.
pub fn word_of(code: &Code, chunk: usize) -> u32 {
    (code.0[chunk / 4] >> (chunk % 4 * 16)) as u32 & 0xffff
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
        let by_word: Option<Vec<Lookup>> = (0..CHUNKS)
            .map(|i| Lookup::open(sections[6 + 2 * i].clone(), sections[7 + 2 * i].clone()))
            .collect();
        let opened = Self {
            codes: Records::of(sections[1].clone())?,
            firsts: Records::of(sections[2].clone())?,
            points: Records::of(sections[3].clone())?,
            by_point: Lookup::open(sections[4].clone(), sections[5].clone())?,
            by_word: by_word?,
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
        (from..until.min(self.points.len()).min(from + 4096)).filter_map(|i| self.spot(i))
    }

    /// A point.
    pub fn spot(&self, i: usize) -> Option<Spot> {
        let b = self.points.get(i)?;
        let bits = describe::from_bytes(*b.first_chunk()?);
        Some(Spot {
            bits,
            at: [f32::from(b[16]) / 255.0, f32::from(b[17]) / 255.0],
            scale: b[18],
            angle: b[19],
        })
    }

    /// A point's description.
    pub fn bits(&self, i: usize) -> Option<[u64; 2]> {
        self.points
            .get(i)?
            .first_chunk()
            .map(|b| describe::from_bytes(*b))
    }
}

impl Segment for Pictures {
    fn references(&self) -> &[ReferenceId] {
        &self.ids
    }

    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error> {
        let query = Print::read(query)?;
        Ok(search::search(self, &query, &|picture| {
            removed.contains(self.id(picture))
        }))
    }
}
