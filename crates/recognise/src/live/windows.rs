//! A stream of samples cut into windows.

use crate::media::audio::{FRAMES_A_SECOND, Tail};
use crate::{Error, Fingerprint};

/// How a stream is cut, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Length of a window: how far back evidence reaches.
    pub window: f64,
    /// From one window to the next: how long telling may take.
    pub step: f64,
    /// The end of a window that is fresh in the next one, too: what follows a moment helps to find it.
    pub again: f64,
}

impl Default for Pace {
    /// Chosen by measurement, see docs/RECOGNITION.md.
    fn default() -> Self {
        Self {
            window: 20.0,
            step: 2.5,
            again: 0.5,
        }
    }
}

/// A stretch of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Where its fingerprint begins, in seconds of the stream.
    pub start: f64,
    /// Seconds of the stream heard so far.
    pub heard: f64,
    /// What to ask for; nothing where all that is fresh is silent.
    pub print: Option<Fingerprint>,
}

/// Samples to windows, however the samples are cut into pieces.
pub struct Windows {
    tail: Tail,
    window: u64,
    step: u64,
    again: u64,
    /// The frame from which the next window is fresh.
    fresh: u64,
    /// The frame at which the next window ends.
    due: u64,
}

fn frames(seconds: f64) -> u64 {
    (seconds * FRAMES_A_SECOND).round().max(0.0) as u64
}

impl Windows {
    /// Windows of a stream of samples at the rate that the medium of sound demands. A window is at least a second longer than its step, and at most ten minutes
    /// long.
    pub fn new(pace: Pace) -> Self {
        let step = frames(pace.step.clamp(0.5, 60.0));
        Self {
            tail: Tail::new(),
            window: frames(pace.window.min(600.0)).max(step + frames(1.0)),
            step,
            again: frames(pace.again).min(step / 2),
            fresh: 0,
            due: step,
        }
    }

    /// Takes the next samples, -1 to 1, and hands on each window that they complete.
    pub fn push<E: From<Error>>(
        &mut self,
        samples: &[f32],
        mut each: impl FnMut(Window) -> Result<(), E>,
    ) -> Result<(), E> {
        // A long piece would be kept whole before it is cut.
        for piece in samples.chunks(1 << 12) {
            self.tail.push(piece)?;
            while self.tail.frames() >= self.due {
                let window = self.window(self.due);
                self.fresh = self.due - self.again;
                self.due += self.step;
                each(window)?;
            }
            self.tail.forget((self.window + self.step) as usize);
        }
        Ok(())
    }

    /// What is left when the stream has ended.
    pub fn finish(self) -> Option<Window> {
        let end = self.tail.frames();
        (end > self.fresh).then(|| self.window(end))
    }

    fn window(&self, end: u64) -> Window {
        let first = end.saturating_sub(self.window);
        Window {
            start: first as f64 / FRAMES_A_SECOND,
            heard: end as f64 / FRAMES_A_SECOND,
            print: self.tail.query(first, self.fresh, end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(count: usize) -> Vec<f32> {
        let mut state = 7u32;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 16_777_216.0 - 0.5
        })
        .take(count)
        .collect()
    }

    fn cut(samples: &[f32], mut sizes: impl Iterator<Item = usize>) -> Vec<Window> {
        let mut windows = Windows::new(Pace {
            window: 3.0,
            step: 1.0,
            again: 0.25,
        });
        let (mut found, mut left) = (Vec::new(), samples);
        while !left.is_empty() {
            let (now, later) = left.split_at(sizes.next().unwrap_or(1).clamp(1, left.len()));
            windows
                .push(now, |w| {
                    found.push(w);
                    Ok::<(), Error>(())
                })
                .unwrap();
            left = later;
        }
        found.extend(windows.finish());
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn windows_are_the_same_however_samples_are_cut(
            sizes in proptest::collection::vec(1usize..30_000, 1..40), length in 1usize..90_000,
        ) {
            let samples = noise(length);
            let whole = cut(&samples, std::iter::repeat(length));
            prop_assert!(whole == cut(&samples, sizes.into_iter().cycle()));
        }
    }

    #[test]
    fn every_moment_is_fresh_in_some_window_and_memory_is_bounded() {
        let mut windows = Windows::new(Pace::default());
        let samples = noise(8000);
        let (mut until, mut longest) = (0.0f64, 0);
        for _ in 0..90 {
            let fresh = windows.fresh as f64 / FRAMES_A_SECOND;
            windows
                .push(&samples, |window| {
                    assert!(fresh <= until && window.start <= fresh, "{fresh} after {until}");
                    until = window.heard;
                    longest = longest.max(window.print.map_or(0, |p| p.bytes.len()));
                    Ok::<(), Error>(())
                })
                .unwrap();
        }
        assert!(until >= 87.0);
        assert!((240_000..250_000).contains(&longest), "{longest}");
    }

    #[test]
    fn silence_is_not_asked_for() {
        let found = cut(&vec![0.0; 40_000], std::iter::repeat(999));
        assert!(found.len() >= 4 && found.iter().all(|w| w.print.is_none()));
    }
}
