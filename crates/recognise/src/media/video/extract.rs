//! From frames to a fingerprint.

use super::print::{Print, Still};
use super::window::Window;
use super::{QUERY, REFERENCE, Settings};
use crate::visual::code::{Code, Spectrum};
use crate::visual::marks::{Doubted, Mark};
use crate::visual::picture::found;
use crate::visual::plane::{Area, Plane, Sums};
use crate::visual::points::{self, Places, Wanted};
use crate::{Error, Extractor, Fingerprint, Purpose, Signal};
use swordnet_core::Medium;

/// Smallest side of a frame that is looked at.
const SMALLEST: u32 = 16;
/// A gap in the frames longer than this many of them is closed up.
const GAP: usize = 4800;

/// Takes the fingerprint of moving pictures.
pub struct Frames {
    settings: &'static Settings,
    print: Print,
    last_still: Option<(f64, Code)>,
    /// Where the extrema of the last still were.
    places: Places,
    /// Where small pictures are looked for, in queries.
    window: Window,
    seen: bool,
}

impl Frames {
    /// For references or queries.
    pub fn new(purpose: Purpose) -> Self {
        let settings = match purpose {
            Purpose::Reference => &REFERENCE,
            Purpose::Query => &QUERY,
        };
        Self {
            settings,
            print: Print {
                rate: settings.rate as f32,
                ..Print::default()
            },
            last_still: None,
            places: Places::new(),
            window: Window::default(),
            seen: false,
        }
    }

    fn frame(&mut self, time: f64, width: usize, height: usize, luma: &[u8]) {
        let longer = width.max(height) as f32;
        self.print.shape = [width as f32 / longer, height as f32 / longer];
        let due = ((time * self.settings.rate).round().max(0.0) as usize).min(self.print.codes.len() + GAP);
        while self.print.codes.len() < due {
            self.print.codes.push(Vec::new());
        }
        let sums = Sums::of(width, height, luma);
        let whole = Area::whole(width, height);
        let area = found(width, height, luma);
        let mut codes: Vec<Doubted> = Vec::new();
        codes.extend(Spectrum::of(&sums, area).map(|s| Doubted::of(&s.code())));
        if self.settings.query && area != whole {
            codes.extend(Spectrum::of(&sums, whole).map(|s| Doubted::of(&s.code())));
        }
        let code = codes.first().map(|d| d.code);
        self.print.codes.push(codes);
        if self.settings.query {
            self.window.push(&mut self.print, (width, height), luma);
        }
        let Some(code) = code else { return };
        let changed = self.last_still.is_none_or(|(at, last)| {
            let waited = time - at + 1e-3;
            let enough = if code.distance(&last) >= self.settings.change {
                self.settings.soonest
            } else {
                self.settings.latest
            };
            waited >= enough
        });
        if changed {
            self.last_still = Some((time, code));
            let (found, places) = points::find(
                &Plane::of(width, height, luma),
                Wanted {
                    before: &self.places,
                    most: self.settings.points,
                    turned: false,
                },
            );
            self.places = places;
            if !found.is_empty() {
                let marks = found.iter().map(|p| Mark::of(p, longer)).collect();
                self.print.stills.push(Still {
                    time: time as f32,
                    marks,
                });
            }
        }
    }
}

impl Extractor for Frames {
    fn push(&mut self, signal: Signal<'_>) -> Result<(), Error> {
        let Signal::Frame {
            time,
            width,
            height,
            pixels,
        } = signal
        else {
            return Err(Error::WrongSignal(Medium::Video));
        };
        if pixels.len() != width as usize * height as usize
            || !time.is_finite()
            || width > 4096
            || height > 4096
        {
            return Err(Error::WrongSignal(Medium::Video));
        }
        if width >= SMALLEST && height >= SMALLEST {
            self.seen = true;
            self.frame(time, width as usize, height as usize, pixels);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Fingerprint, Error> {
        self.window.tell(&mut self.print);
        if !self.seen || (self.print.stills.is_empty() && self.print.codes.iter().all(Vec::is_empty)) {
            return Err(Error::Empty(Medium::Video));
        }
        Ok(self.print.write(self.settings.query))
    }
}
