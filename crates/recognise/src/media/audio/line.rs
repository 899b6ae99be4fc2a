//! The line along which a query runs through a reference, and the span in which it does.
//!
//! From a seed the line grows by doubling: at each length its two ends are tried a little earlier and later, and the
//! one with the best span stays; so any tempo is followed with a few dozen comparisons. The span is the stretch with the largest
//! sum of rewards for right bits (an ungapped local alignment, as in the work cited in `seeds`).

use super::words::FINE;
use std::ops::Range;

/// Share of wrong bits at which a word neither earns nor costs.
pub const EVEN: f64 = 0.44;
/// Words on either side of the seed at first.
const FIRST_REACH: usize = 12;
/// Tempos tried at first, in fiftieths: seconds of the reference for one of the query.
const FIRST_TEMPOS: Range<i32> = 39..65;
/// Words beyond both ends of the span at which growing stops: half a minute.
const FAR: usize = 512;

/// What a line earns or loses where word `number` of the reference sounds at frame `frame` of the query; `None` where either is silent
/// or not there.
pub trait Compare {
    /// The reward, in bits.
    fn reward(&self, number: usize, frame: isize) -> Option<f64>;
}

/// Counts the bits that differ.
impl<F: Fn(usize, isize) -> Option<u32>> Compare for F {
    fn reward(&self, number: usize, frame: isize) -> Option<f64> {
        self(number, frame).map(|wrong| EVEN * 64.0 - f64::from(wrong))
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
        let Some(reward) = compare.reward(number, line.frame(number).round() as isize) else {
            continue;
        };
        gain += reward;
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

/// Words that are bent together: a second.
const LIMB: usize = 16;

/// How much better the pieces of a stretch would fit if each might move a little in time and pitch: fewer wrong bits, over the
/// root of all wrong ones, in the mean of the pieces. A copy is rigid, also under noise; a voice that says its words again,
/// or players that play again, are not. `wrong` compares as [`Compare`] does, at a shift that is lower, the same or higher.
pub fn bend(stretch: &Stretch, wrong: &dyn Fn(isize, usize, isize) -> Option<u32>) -> f64 {
    let (mut sum, mut limbs) = (0.0, 0);
    let mut first = stretch.words.start;
    while first < stretch.words.end {
        let words = first..(first + LIMB).min(stretch.words.end);
        first = words.end;
        let moved = |shift: isize, late: isize| {
            let wrong = words
                .clone()
                .filter_map(|n| wrong(shift, n, stretch.line.frame(n).round() as isize + late));
            wrong.fold((0u32, 0u32), |(count, sum), w| (count + 1, sum + w))
        };
        let (count, straight) = moved(0, 0);
        if (count as usize) < LIMB / 2 {
            continue;
        }
        let moves = (-1..=1).flat_map(|shift| (-3..=3).map(move |late| (shift, 2 * late)));
        let best = moves
            .filter_map(|(s, l)| Some(moved(s, l)).filter(|m| m.0 == count))
            .map(|m| m.1)
            .fold(straight, u32::min);
        // What fits nowhere, as under a voice, does not tell whether it is bent.
        if f64::from(best) > EVEN * 64.0 * f64::from(count) {
            continue;
        }
        sum += f64::from(straight - best) / f64::from(straight.max(16)).sqrt();
        limbs += 1;
    }
    sum / f64::from(limbs.max(1))
}

/// Share of the evidence that counts at a bend: nearly all up to 0.5, which copies reach; retakes lie around 1.
pub fn rigidity(bend: f64) -> f64 {
    1.0 / (1.0 + (bend / 0.9).powi(4))
}

/// The words of `owner` that sound within the `frames` of a query along a line.
pub fn sounding(line: &Line, owner: &Range<usize>, frames: usize) -> Range<usize> {
    let early = (line.number as f64 - line.frame / line.step)
        .ceil()
        .max(owner.start as f64) as usize;
    let late = line.number as f64 + (frames as f64 - line.frame) / line.step;
    early..(late.floor().clamp(early as f64, owner.end.max(early) as f64) as usize)
}

/// The best stretch of the query as it is: at the reference's tempo, through a seed or a frame beside it.
pub fn plain(
    number: usize,
    frame: f64,
    owner: &Range<usize>,
    frames: usize,
    compare: &impl Compare,
) -> Stretch {
    let lines = (-2..=2).map(|late| Line {
        number,
        frame: frame.round() + f64::from(late),
        step: FINE as f64,
    });
    let stretches = lines.map(|line| best_stretch(line, sounding(&line, owner, frames), compare));
    stretches
        .max_by(|a, b| a.gain.total_cmp(&b.gain))
        .unwrap_or_else(|| unreachable!("there are five lines"))
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
    for fiftieths in FIRST_TEMPOS {
        for late in -2..=2 {
            let line = Line {
                number,
                frame: frame as f64 + f64::from(late),
                step: FINE as f64 * 50.0 / f64::from(fiftieths),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORDS: usize = 1000;

    /// Bits that are wrong when word `number` is heard `off` frames from where it sounds: words change slowly.
    fn blur(off: f64, noise: u32) -> u32 {
        (noise + (5.0 * off.abs()) as u32).min(32)
    }

    proptest! {
        #[test]
        fn a_line_is_found_at_any_tempo_from_a_seed_that_is_a_little_off(
            tempo in 0.8..1.25f64, first in 0usize..300, length in 120usize..600, at in 0.2..0.8f64,
            off in -2i32..=2, noise in 2u32..20,
        ) {
            let truth = Line { number: first, frame: 500.0, step: FINE as f64 / tempo };
            let copied = first..first + length;
            let compare = |number: usize, frame: isize| Some(if copied.contains(&number) {
                blur(frame as f64 - truth.frame(number), noise)
            } else {
                32
            });
            let seed = first + (length as f64 * at) as usize;
            let frame = (truth.frame(seed) + f64::from(off)) as usize;
            let grown = grow(seed, frame, &(0..WORDS), 6000, &compare);
            prop_assert!((grown.line.tempo() / tempo - 1.0).abs() < 0.005, "{} for {tempo}", grown.line.tempo());
            prop_assert!(grown.words.start.abs_diff(copied.start) < 8 && grown.words.end.abs_diff(copied.end) < 8);
            let wrong = |shift: isize, number: usize, frame: isize| if shift == 0 { compare(number, frame) } else { Some(32) };
            prop_assert!(bend(&grown, &wrong) < 1.0);
        }

        #[test]
        fn nothing_grows_beyond_the_reference_or_the_query(
            number in 0usize..WORDS, frame in 0usize..400, start in 0usize..500, length in 1usize..500,
        ) {
            let owner = start..(start + length).min(WORDS);
            let compare = |number: usize, frame: isize| {
                assert!(owner.contains(&number), "{number} is not the reference's");
                (0..400).contains(&frame).then_some(1)
            };
            let number = number.clamp(owner.start, owner.end - 1);
            let grown = grow(number, frame, &owner, 400, &compare);
            prop_assert!(grown.words.start >= owner.start && grown.words.end <= owner.end.max(grown.words.start));
        }
    }
}
