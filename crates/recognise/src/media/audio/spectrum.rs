//! Sound as rows of band levels on a logarithmic frequency scale.

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Samples a second that the spectrum wants.
pub const RATE: u32 = 8000;
/// Samples under one window: 192 ms, long enough to even out echoes and the frame grids of codecs, short enough to hear
/// music in the gaps of speech.
pub const WINDOW: usize = 1536;
/// Units of the frequency scale in a semitone.
pub const UNITS_PER_SEMITONE: usize = 4;
/// Units that one band is wide: two and a quarter semitones, so that a pitch between two tried shifts still fits.
pub const BAND: usize = 9;
/// Units over which the lower edges of a word's bands are spread.
pub const SPREAD: usize = 192;
/// Largest shift of pitch that is searched, in units, up or down: that of a speed of 0.8 or 1.25.
pub const MAX_SHIFT: usize = 15;
/// Levels in a row: the lower edge of a band may stand on any unit.
pub const LEVELS: usize = SPREAD + 2 * MAX_SHIFT + 1;

/// Lower edge of the lowest band of an unshifted sound, in Hz.
const LOWEST: f64 = 165.0;
/// Energy below which a window counts as silent: a sine at about -80 dB of full scale.
const SILENCE: f64 = 1e-8 * (WINDOW * WINDOW / 16) as f64;
/// Share of a window's energy that is added to each band, so that rounding does not decide a bit.
const FLOOR: f64 = 3e-8;

/// One row: the amplitude of a band at every unit of the scale, or silence. Amplitudes did better than logarithms: what is
/// loud in a band pair decides, and noise lies mostly in what is faint.
pub type Row = Option<Box<[f32; LEVELS]>>;

/// A short-time Fourier transform over a stream of samples.
pub struct Spectrum {
    plan: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    hop: usize,
    pending: Vec<f32>,
    frame: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    below: Vec<f64>,
    edges: Vec<f64>,
}

impl Spectrum {
    /// A spectrum with a window every `hop` samples.
    pub fn new(hop: usize) -> Self {
        let plan = RealFftPlanner::<f32>::new().plan_fft_forward(WINDOW);
        let turn = std::f32::consts::TAU / WINDOW as f32;
        let edges = (0..LEVELS + BAND).map(|unit| {
            let semitones = (unit as f64 - MAX_SHIFT as f64) / UNITS_PER_SEMITONE as f64;
            LOWEST * 2f64.powf(semitones / 12.0) * WINDOW as f64 / f64::from(RATE)
        });
        Self {
            window: (0..WINDOW).map(|i| 0.5 - 0.5 * (turn * i as f32).cos()).collect(),
            hop,
            pending: Vec::new(),
            frame: plan.make_input_vec(),
            bins: plan.make_output_vec(),
            scratch: plan.make_scratch_vec(),
            below: Vec::with_capacity(WINDOW / 2 + 2),
            edges: edges.collect(),
            plan,
        }
    }

    /// Takes the next samples, all finite, and gives the row of each window that they complete.
    pub fn push(&mut self, samples: &[f32], row: &mut dyn FnMut(Row)) {
        self.pending.extend(samples);
        let mut start = 0;
        while start + WINDOW <= self.pending.len() {
            row(self.row(start));
            start += self.hop;
        }
        self.pending.drain(..start.min(self.pending.len()));
    }

    fn row(&mut self, start: usize) -> Row {
        let samples = &self.pending[start..start + WINDOW];
        for ((into, sample), weight) in self.frame.iter_mut().zip(samples).zip(&self.window) {
            *into = sample * weight;
        }
        self.plan
            .process_with_scratch(&mut self.frame, &mut self.bins, &mut self.scratch)
            .ok()?;
        // Energy below each bin's lower border, so that a band of any width is one subtraction.
        self.below.clear();
        let mut sum = 0.0;
        self.below.push(sum);
        for bin in &self.bins {
            sum += f64::from(bin.norm_sqr());
            self.below.push(sum);
        }
        let at = |edge: f64| {
            let place = edge + 0.5;
            let bin = place as usize;
            self.below[bin] + (self.below[bin + 1] - self.below[bin]) * (place - bin as f64)
        };
        let below: Vec<f64> = self.edges.iter().map(|&edge| at(edge)).collect();
        let total = below[LEVELS + BAND - 1] - below[0];
        if total < SILENCE {
            return None;
        }
        let floor = total * FLOOR;
        let mut row = Box::new([0.0; LEVELS]);
        for (unit, level) in row.iter_mut().enumerate() {
            *level = ((below[unit + BAND] - below[unit] + floor) as f32).sqrt();
        }
        Some(row)
    }
}
