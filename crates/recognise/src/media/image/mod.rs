//! Still pictures.
//!
//! Codes of the whole picture, in all eight orientations, find what was blurred, recoded or recoloured; described points find what
//! was cut, turned, framed or pasted into something else. A map between the two pictures must hold, and is then used to look for
//! the points that were missed.

mod print;
mod search;
mod segment;

use crate::visual::code::Spectrum;
use crate::visual::marks::Mark;
use crate::visual::picture::found;
use crate::visual::plane::{Area, Plane, Sums};
use crate::visual::points::{self, Places, Wanted};
use crate::{Demand, Error, Extractor, Fingerprint, Match, MediumKind, Purpose, Segment, Signal, opened};
use bytes::Bytes;
use print::{Print, TurnedCode};
use std::collections::HashSet;
use swordnet_core::{Medium, ReferenceId};

/// Longer side of the pictures.
const MAX_SIDE: u32 = 400;
/// Points of a reference.
const REFERENCE_POINTS: usize = 180;
/// Points of a query.
const QUERY_POINTS: usize = 300;
/// Smallest side of a picture that is looked at.
const SMALLEST: u32 = 16;

/// The medium.
pub struct Image;

impl MediumKind for Image {
    fn medium(&self) -> Medium {
        Medium::Image
    }

    fn version(&self) -> u16 {
        print::VERSION
    }

    fn demand(&self, _: Purpose) -> Demand {
        Demand::Picture {
            max_side: MAX_SIDE,
            channels: 1,
        }
    }

    fn extractor(&self, purpose: Purpose) -> Box<dyn Extractor> {
        Box::new(Picture {
            query: purpose == Purpose::Query,
            print: None,
        })
    }

    fn build(&self, references: &[(ReferenceId, &Fingerprint)]) -> Result<Vec<u8>, Error> {
        segment::build(references)
    }

    fn open(&self, bytes: Bytes) -> Result<Box<dyn Segment>, Error> {
        Ok(Box::new(segment::Pictures::open(bytes)?))
    }

    fn search(
        &self,
        segments: &[Box<dyn Segment>],
        query: &Fingerprint,
        removed: &HashSet<ReferenceId>,
    ) -> Result<Vec<Match>, Error> {
        let pictures = opened(segments, Medium::Image)?;
        Ok(search::search(&pictures, &Print::read(query)?, removed))
    }

    fn threshold(&self) -> f64 {
        crate::EVEN
    }
}

/// Takes the fingerprint of one picture: the first that it is given.
struct Picture {
    query: bool,
    print: Option<Print>,
}

impl Extractor for Picture {
    fn push(&mut self, signal: Signal<'_>) -> Result<(), Error> {
        let Signal::Frame {
            width,
            height,
            pixels,
            ..
        } = signal
        else {
            return Err(Error::WrongSignal(Medium::Image));
        };
        if pixels.len() != width as usize * height as usize || width > 4096 || height > 4096 {
            return Err(Error::WrongSignal(Medium::Image));
        }
        if self.print.is_none() && width >= SMALLEST && height >= SMALLEST {
            self.print = Some(look(width as usize, height as usize, pixels, self.query));
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Fingerprint, Error> {
        match self.print {
            Some(print) if !print.codes.is_empty() || !print.marks.is_empty() => Ok(print.write(self.query)),
            _ => Err(Error::Empty(Medium::Image)),
        }
    }
}

fn look(width: usize, height: usize, luma: &[u8], query: bool) -> Print {
    let sums = Sums::of(width, height, luma);
    let whole = Area::whole(width, height);
    let area = found(width, height, luma);
    let areas = [Some(whole), (area != whole).then_some(area)];
    let turns: &[(u8, bool)] = if query {
        &[
            (0, false),
            (0, true),
            (1, false),
            (1, true),
            (2, false),
            (2, true),
            (3, false),
            (3, true),
        ]
    } else {
        &[(0, false)]
    };
    let mut codes = Vec::new();
    for area in areas.into_iter().flatten() {
        let Some(spectrum) = Spectrum::of(&sums, area) else {
            continue;
        };
        codes.extend(
            turns
                .iter()
                .map(|&turn| TurnedCode::of(&spectrum.turned(turn.0, turn.1), turn, area == whole)),
        );
    }
    let most = if query { QUERY_POINTS } else { REFERENCE_POINTS };
    let wanted = Wanted {
        before: &Places::new(),
        most,
        turned: true,
    };
    let (found, _) = points::find(&Plane::of(width, height, luma), wanted);
    let longer = width.max(height) as f32;
    let marks = found.iter().map(|p| Mark::of(p, longer)).collect();
    Print {
        shape: [width as f32 / longer, height as f32 / longer],
        codes,
        marks,
    }
}
