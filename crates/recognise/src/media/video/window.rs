//! Small pictures in a query's frames. Whether a rectangle stands can be told over some time only, so frames are held until then.

use super::print::Print;
use crate::visual::code::Spectrum;
use crate::visual::inset;
use crate::visual::marks::Doubted;
use crate::visual::plane::Sums;

/// Frames that are held, at most.
const HELD: usize = 32;
/// Frames of which nothing is told.
const TOO_FEW: usize = 7;
/// One frame in so many tells where borders stand.
const EVERY: usize = 2;

/// The frames since it was last told where a small picture stands.
#[derive(Default)]
pub struct Window {
    /// Width and height of the frames.
    size: (usize, usize),
    /// Luma of each, and the number of its moment.
    held: Vec<(usize, Vec<u8>)>,
}

impl Window {
    /// Holds the frame of the print's last moment.
    pub fn push(&mut self, print: &mut Print, size: (usize, usize), luma: &[u8]) {
        if self.held.len() == HELD || self.size != size {
            self.tell(print);
            self.size = size;
        }
        self.held.push((print.codes.len() - 1, luma.to_vec()));
    }

    /// Adds the codes of the small picture that stands in the frames that are held, if one does, and lets them go.
    pub fn tell(&mut self, print: &mut Print) {
        let held = std::mem::take(&mut self.held);
        if held.len() <= TOO_FEW {
            return;
        }
        let (width, height) = self.size;
        let looked_at = held.iter().step_by(EVERY);
        let frames: Vec<&[u8]> = looked_at.map(|(_, luma)| &luma[..]).collect();
        let Some(area) = inset::find(&frames, width, height) else {
            return;
        };
        for (moment, luma) in &held {
            let code = Spectrum::of(&Sums::of(width, height, luma), area);
            print.codes[*moment].extend(code.map(|s| Doubted::of(&s.code())));
        }
    }
}
