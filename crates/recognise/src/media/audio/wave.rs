//! Is it the same recording, or only the same music? Signs of the wave itself, where words tell of loudness alone.
//!
//! A tune that is played again by the same instruments, note for note, has the same words, and nothing in common with the first recording's
//! wave. Of every eighth word's 64 ms a reference keeps 64 signs of its wave between 200 and 1,000 Hz; a query has all of them. Where both
//! are laid on one another without a change of tempo or pitch, signs that agree at one delay tell of a direct copy, and slices that agree with
//! one another on how they agree tell of one through a room, whose echoes spread it. One-bit correlation: Van Vleck and Middleton 1966.

use super::spectrum::RATE;
use super::words::{FINE, GRID};
use std::collections::VecDeque;

/// Words of a reference from one that has a slice of the wave to the next.
pub const EVERY: usize = 8;
/// Samples from one sign of a slice to the next.
const STRIDE: usize = GRID / u64::BITS as usize;
/// Samples of a frame of a query.
pub const FRAME: usize = GRID / FINE;
/// Bytes of the signs of a frame of a query: for each remainder of a sample's number by [`STRIDE`] its signs, the first sample lowest.
pub const FRAME_BYTES: usize = FRAME / 8;

/// Edges of the band that is looked at, in Hz: where codecs and small loudspeakers keep the wave.
const BAND: [f32; 2] = [200.0, 1000.0];
/// Quality factors of the two halves of a Butterworth filter of fourth order.
const BUTTERWORTH: [f32; 2] = [0.541_196_1, 1.306_563];
/// What is fainter is nothing, and would make arithmetic slow.
const FAINT: f32 = 1e-15;

/// One second-order section (R. Bristow-Johnson, Cookbook formulae for audio equalizer biquad filter coefficients), transposed.
#[derive(Clone, Copy)]
struct Section {
    /// What the newest sample and those before weigh: 1, 2, 1 or 1, -2, 1 times this.
    gain: f32,
    middle: f32,
    back: [f32; 2],
    state: [f32; 2],
}

impl Section {
    fn new(edge: f32, quality: f32, high: bool) -> Self {
        let (sin, cos) = (std::f32::consts::TAU * edge / RATE as f32).sin_cos();
        let alpha = sin / (2.0 * quality);
        let (side, middle) = if high { (1.0 + cos, -2.0) } else { (1.0 - cos, 2.0) };
        Self {
            gain: side / 2.0 / (1.0 + alpha),
            middle,
            back: [-2.0 * cos / (1.0 + alpha), (1.0 - alpha) / (1.0 + alpha)],
            state: [0.0; 2],
        }
    }

    fn next(&mut self, sample: f32) -> f32 {
        let heard = self.gain * sample;
        let out = heard + self.state[0];
        self.state[0] = self.middle * heard - self.back[0] * out + self.state[1];
        self.state[1] = heard - self.back[1] * out;
        for state in &mut self.state {
            if state.abs() < FAINT {
                *state = 0.0;
            }
        }
        out
    }
}

/// Samples to signs.
pub struct Signs {
    band: [Section; 4],
    /// Those that were not taken yet.
    signs: VecDeque<bool>,
}

impl Signs {
    /// Nothing heard yet.
    pub fn new() -> Self {
        let [low, high] = BAND;
        let [one, two] = BUTTERWORTH;
        Self {
            band: [
                Section::new(low, one, true),
                Section::new(low, two, true),
                Section::new(high, one, false),
                Section::new(high, two, false),
            ],
            signs: VecDeque::new(),
        }
    }

    /// Takes the next samples, all finite.
    pub fn push(&mut self, samples: &[f32]) {
        let band = &mut self.band;
        self.signs.extend(
            samples
                .iter()
                .map(|&sample| band.iter_mut().fold(sample, |heard, section| section.next(heard)) > 0.0),
        );
    }

    /// The signs of the next 64 ms for a reference.
    pub fn slice(&mut self) -> u64 {
        let mut slice = 0;
        for (at, sign) in self.take(GRID).enumerate().step_by(STRIDE) {
            slice |= u64::from(sign) << (at / STRIDE);
        }
        slice
    }

    /// The signs of the next frame of a query.
    pub fn frame(&mut self) -> [u8; FRAME_BYTES] {
        let mut bytes = [0; FRAME_BYTES];
        for (at, sign) in self.take(FRAME).enumerate() {
            let bit = at % STRIDE * (FRAME / STRIDE) + at / STRIDE;
            bytes[bit / 8] |= u8::from(sign) << (bit % 8);
        }
        bytes
    }

    fn take(&mut self, count: usize) -> impl Iterator<Item = bool> + '_ {
        self.signs.drain(..count.min(self.signs.len()))
    }
}

/// The wave of a query.
#[derive(Default)]
pub struct Wave {
    /// For each remainder of a sample's number by [`STRIDE`] its signs, sixteen a frame.
    signs: [Vec<u64>; STRIDE],
    frames: usize,
}

impl Wave {
    /// Takes the signs of the next frame.
    pub fn push(&mut self, frame: &[u8]) {
        let place = self.frames % 4 * 16;
        for (signs, bytes) in self.signs.iter_mut().zip(frame.chunks_exact(2)) {
            let new = u64::from(u16::from_le_bytes([bytes[0], bytes[1]])) << place;
            match signs.last_mut() {
                Some(last) if place > 0 => *last |= new,
                _ => signs.push(new),
            }
        }
        self.frames += 1;
    }

    /// The signs of 64 samples, [`STRIDE`] apart, from one on; `None` where they are not all there.
    fn slice(&self, first: isize) -> Option<u64> {
        let first = usize::try_from(first).ok()?;
        let signs = &self.signs[first % STRIDE];
        let (at, shift) = (first / STRIDE / 64, first / STRIDE % 64);
        let &[low, high] = signs.get(at..at + 2)? else {
            return None;
        };
        Some(((u128::from(high) << 64 | u128::from(low)) >> shift) as u64)
    }
}

/// Slices that are compared, at most: over more than sixteen seconds clocks drift apart.
const MOST: usize = 32;
/// How far, in samples, what is a copy may lie from where it was found: 50 ms.
const NEAR: isize = 400;
/// Samples over which echoes are summed: 25 ms.
const ECHOES: usize = 200;
/// Drifts of the copy's clock that are tried, in millionths.
const DRIFTS: [f64; 7] = [-90.0, -60.0, -30.0, 0.0, 30.0, 60.0, 90.0];

/// What two waves have in common.
#[derive(Clone, Copy, Debug)]
pub struct Common {
    /// Slices that were compared.
    slices: usize,
    /// The largest mean correlation of signs, of either polarity, at one delay, and how many times that of all delays it is: a steady tone is like itself at many.
    peak: f64,
    apart: f64,
    /// Energy of the sum of all slices' correlations over 25 ms of delays, as a multiple of what it would be if each slice had a phase of its own.
    together: f64,
}

/// Compares slices of a reference with a query's wave, each from the sample on at which it was found in the query. Of a query without one nothing is compared.
pub fn common(slices: &[(u64, isize)], wave: &Wave) -> Common {
    let slices = if wave.signs[0].is_empty() { &[] } else { slices };
    let slices = &slices[slices.len().saturating_sub(MOST) / 2..];
    let slices = &slices[..slices.len().min(MOST)];
    let count = slices.len().max(1) as f64;
    let middle = slices.iter().map(|(_, place)| *place as f64).sum::<f64>() / count;
    let (mut peak, mut all_delays, mut together) = (0.0f64, 0.0, 0.0f64);
    for drift in DRIFTS {
        // Where each slice should lie if the copy's clock drifts so.
        let late = |place: isize| place + (drift * 1e-6 * (place as f64 - middle)).round() as isize;
        let slices: Vec<(u64, isize)> = slices
            .iter()
            .map(|&(slice, place)| (slice, late(place)))
            .collect();
        // For each delay the square of the sum of all slices' correlations, in signs, and the sum of their squares.
        let delays: Vec<(f64, f64)> = (-NEAR..NEAR)
            .map(|delay| {
                let alike = slices.iter().map(|&(slice, place)| {
                    let there = wave.slice(place + delay);
                    there.map_or(0, |there| 64 - 2 * (slice ^ there).count_ones() as i32)
                });
                let (sum, squares) =
                    alike.fold((0, 0), |(sum, squares), one| (sum + one, squares + one * one));
                (f64::from(sum).powi(2), f64::from(squares))
            })
            .collect();
        peak = delays.iter().fold(peak, |peak, delay| peak.max(delay.0));
        all_delays += delays.iter().map(|delay| delay.0).sum::<f64>();
        for window in delays.windows(ECHOES).step_by(ECHOES / 10) {
            let (sums, squares) = window
                .iter()
                .fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
            together = together.max(sums / f64::max(squares, 1.0));
        }
    }
    Common {
        slices: slices.len(),
        peak: peak.sqrt() / (64.0 * count),
        apart: (peak / f64::max(all_delays, 1.0) * (DRIFTS.len() as isize * 2 * NEAR) as f64).sqrt(),
        together,
    }
}

impl Common {
    /// What the evidence of words is to be multiplied by. Less where so much was compared that a copy's wave would show, and none does: so do 4 of 550 copies by
    /// the bench's transformations, through rooms and crowds louder than the work, and nine in ten pieces whose phases chance drew. A third leaves in doubt what
    /// words alone had at 0.99, and leaves what is alike for half a minute, as a copy is of which a vocoder kept no phase. More where slices agree with one another,
    /// as one in thirty pieces with drawn phases does and no stranger of 7,000 without a recording in common; more yet where one delay stands out.
    pub fn weight(&self) -> f64 {
        let agreeing = self.together >= 2.5;
        let one_delay = self.peak >= 0.35;
        if self.slices >= 15 && !agreeing && self.peak < 0.25 {
            return 1.0 / 3.0;
        }
        if self.slices < 7 || self.apart < 2.5 {
            return 1.0;
        }
        match (agreeing, one_delay) {
            (true, true) => 1.9,
            (true, false) => 1.5,
            (false, true) => 1.3,
            (false, false) => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source of chance between -1 and 1.
    fn dice(mut state: u64) -> impl FnMut() -> f32 {
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
        }
    }

    const SECONDS: usize = 14;

    /// Chords of four tones, three a second; the notes come from one seed, the phases from another.
    fn music(notes: u64, phases: u64) -> Vec<f32> {
        let (mut notes, mut phases) = (dice(notes), dice(phases));
        let length = RATE as usize / 3;
        let chords = (0..3 * SECONDS).flat_map(|_| {
            let tones =
                [(); 4].map(|()| (220.0 * 2f32.powf((notes() * 12.0).floor() / 12.0), 3.2 * phases()));
            (0..length).map(move |at| {
                let seconds = at as f32 / RATE as f32;
                let tone =
                    |(hertz, phase): (f32, f32)| (std::f32::consts::TAU * hertz * seconds + phase).sin();
                tones.map(tone).iter().sum::<f32>() * (-4.0 * seconds).exp()
            })
        });
        chords.collect()
    }

    /// What a reference has in common with a copy that begins `early` samples before the claimed place.
    fn told(reference: &[f32], copy: &[f32], early: isize) -> Common {
        let mut signs = Signs::new();
        signs.push(reference);
        let slices: Vec<u64> = (0..reference.len() / GRID).map(|_| signs.slice()).collect();
        let slices = slices.into_iter().enumerate().step_by(EVERY);
        let slices: Vec<_> = slices
            .map(|(word, slice)| (slice, (word * GRID) as isize + early))
            .collect();
        let (mut signs, mut wave) = (Signs::new(), Wave::default());
        signs.push(copy);
        for _ in 0..copy.len() / FRAME {
            wave.push(&signs.frame());
        }
        common(&slices, &wave)
    }

    #[test]
    fn music_that_is_played_again_has_another_wave() {
        let weights = (0..20).map(|seed| told(&music(seed, 50), &music(seed, 51), 0).weight());
        let another = weights.filter(|&weight| weight < 1.0).count();
        assert!(another >= 12, "{another} of 20");
    }

    #[test]
    fn a_copy_has_the_wave_turned_late_in_noise_and_by_another_clock() {
        for seed in 0..20 {
            let (work, mut chance) = (music(seed, 50), dice(seed + 100));
            let turned: Vec<f32> = work.iter().map(|sample| 0.3 * chance() - sample).collect();
            assert_eq!(told(&work, &turned, 0).weight(), 1.9);
            assert_eq!(told(&work, &work, 210).weight(), 1.9, "late by 26 ms");
            let clock = 1.0 + 80e-6;
            let drifted: Vec<f32> = (0..work.len())
                .map(|at| {
                    let (place, part) = ((at as f64 * clock) as usize, (at as f64 * clock).fract() as f32);
                    let of = |place: usize| work.get(place).copied().unwrap_or(0.0);
                    of(place) * (1.0 - part) + of(place + 1) * part
                })
                .collect();
            assert_eq!(told(&work, &drifted, 0).weight(), 1.9, "a clock that is slow");
        }
    }

    #[test]
    fn a_copy_through_a_room_keeps_some_of_it() {
        let mut chance = dice(7);
        let room: Vec<f32> = (0..2400)
            .map(|at| chance() * (-(at as f32) / 600.0).exp())
            .collect();
        for seed in 0..5 {
            let work = music(seed, 50);
            let mut far = vec![0.0; work.len()];
            for (late, echo) in room.iter().enumerate() {
                for (into, sample) in far[late..].iter_mut().zip(&work) {
                    *into += echo * sample;
                }
            }
            assert!(told(&work, &far, 0).weight() >= 1.0);
        }
    }

    #[test]
    fn silence_and_what_is_short_say_nothing() {
        let work = music(1, 50);
        let silence = vec![0.0; work.len()];
        assert_eq!(
            told(&work, &silence, 0).weight(),
            1.0 / 3.0,
            "nothing of it is there"
        );
        assert_eq!(told(&work, &[], 0).weight(), 1.0, "a query from before waves");
        assert_eq!(common(&[], &Wave::default()).weight(), 1.0);
        assert_eq!(told(&work[..GRID * EVERY * 5], &music(1, 51), 0).weight(), 1.0);
    }

    #[test]
    fn the_band_is_let_through_and_the_rest_is_not() {
        for (hertz, least, most) in [(50.0, 0.0, 0.01), (450.0, 0.95, 1.05), (3000.0, 0.0, 0.01)] {
            let mut signs = Signs::new();
            let turn = std::f32::consts::TAU * hertz / RATE as f32;
            let through = (0..8000).map(|at| {
                let sample = (turn * at as f32).sin();
                signs
                    .band
                    .iter_mut()
                    .fold(sample, |heard, section| section.next(heard))
            });
            let loudest = through
                .skip(4000)
                .fold(0.0f32, |loudest, sample| loudest.max(sample.abs()));
            assert!((least..=most).contains(&loudest), "{hertz} Hz: {loudest}");
        }
    }
}
