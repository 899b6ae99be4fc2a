//! The line along which a query runs through a reference, and the span in which it does.
//!
//! From a seed the line grows by doubling: at each length its two ends are tried a little earlier and later, and the
//! one with the best span stays; so any tempo is followed with a few dozen comparisons. The span is the stretch with the largest
//! sum of rewards for right bits (an ungapped local alignment, as in the work cited in `seeds`).

use super::words::FINE;
use std::ops::Range;

/// Share of wrong bits at which a word neither earns nor costs.
const EVEN: f64 = 0.44;
/// Words on either side of the seed at first.
const FIRST_REACH: usize = 12;
/// Tempos tried at first, in hundredths: seconds of the reference for one of the query.
const FIRST_TEMPOS: Range<i32> = 82..123;
/// Words beyond both ends of the span at which growing stops: half a minute.
const FAR: usize = 512;

/// Bits that differ between word `number` of the reference and frame `frame` of the query at a shift; `None` where
/// either is silent or not there.
pub trait Compare {
    /// The bits.
    fn wrong(&self, number: usize, frame: isize) -> Option<u32>;
}

impl<F: Fn(usize, isize) -> Option<u32>> Compare for F {
    fn wrong(&self, number: usize, frame: isize) -> Option<u32> {
        self(number, frame)
    }
}

/// Word `number` of the reference sounds at frame `frame + (number - self.number) * step` of the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// A word of the reference.
    pub number: usize,
    /// The frame of the query at which it sounds.
    pub frame: f64,
    /// Frames of the query from one word to the next.
    pub step: f64,
}

impl Line {
    /// The frame at which a word sounds.
    pub fn frame(&self, number: usize) -> f64 {
        self.frame + (number as f64 - self.number as f64) * self.step
    }

    /// Seconds of the reference for one second of the query.
    pub fn tempo(&self) -> f64 {
        FINE as f64 / self.step
    }

    /// The same line through the frames `at` and `to` for the words `first` and `last`.
    fn through(first: usize, at: f64, last: usize, to: f64) -> Self {
        Line {
            number: first,
            frame: at,
            step: (to - at) / (last as f64 - first as f64),
        }
    }
}

/// A stretch of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The line.
    pub line: Line,
    /// The words.
    pub words: Range<usize>,
    /// Sum of rewards.
    pub gain: f64,
}

/// The best stretch of a line within `words`.
pub fn best_stretch(line: Line, words: Range<usize>, compare: &impl Compare) -> Stretch {
    let mut best = Stretch {
        line,
        words: words.start..words.start,
        gain: 0.0,
    };
    let (mut gain, mut start) = (0.0, words.start);
    for number in words {
        let Some(wrong) = compare.wrong(number, line.frame(number).round() as isize) else {
            continue;
        };
        gain += EVEN * 64.0 - f64::from(wrong);
        if gain <= 0.0 {
            (gain, start) = (0.0, number + 1);
        } else if gain > best.gain {
            best = Stretch {
                line,
                words: start..number + 1,
                gain,
            };
        }
    }
    best
}

/// Grows a line from a seed. `owner` is the range of the reference's words, `frames` the number of frames of the query.
pub fn grow(
    number: usize,
    frame: usize,
    owner: &Range<usize>,
    frames: usize,
    compare: &impl Compare,
) -> Stretch {
    let reach = |line: &Line, reach: usize| {
        // The words that sound within the query.
        let early = (line.number as f64 - line.frame / line.step)
            .ceil()
            .max(owner.start as f64) as usize;
        let late = (line.number as f64 + (frames as f64 - line.frame) / line.step)
            .floor()
            .clamp(0.0, owner.end as f64) as usize;
        let range = number.saturating_sub(reach).max(early)..(number + reach + 1).min(late);
        range.start.min(range.end)..range.end
    };
    let mut best: Option<Stretch> = None;
    for hundredths in FIRST_TEMPOS {
        for late in -2..=2 {
            let line = Line {
                number,
                frame: frame as f64 + f64::from(late),
                step: FINE as f64 * 100.0 / f64::from(hundredths),
            };
            let stretch = best_stretch(line, reach(&line, FIRST_REACH), compare);
            if best.as_ref().is_none_or(|b| stretch.gain > b.gain) {
                best = Some(stretch);
            }
        }
    }
    let mut best = best.unwrap_or(Stretch {
        line: Line {
            number,
            frame: frame as f64,
            step: FINE as f64,
        },
        words: number..number,
        gain: 0.0,
    });
    let mut length = FIRST_REACH;
    loop {
        length *= 2;
        let range = reach(&best.line, length);
        if range.len() < 2 {
            return best;
        }
        let (first, last) = (range.start, range.end - 1);
        let (at, to) = (best.line.frame(first), best.line.frame(last));
        for (a, b) in (0..25).map(|i| (f64::from(i / 5 - 2), f64::from(i % 5 - 2))) {
            let line = Line::through(first, at + a, last, to + b);
            let stretch = best_stretch(line, range.clone(), compare);
            if stretch.gain > best.gain {
                best = stretch;
            }
        }
        let whole = reach(&best.line, usize::MAX / 4);
        let inside = best.words.start > range.start + FAR && best.words.end + FAR < range.end;
        if range == whole || inside {
            return best;
        }
    }
}
