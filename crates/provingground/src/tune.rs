//! Rendered music: a melody with chords, bass and drums, each piece in a key, a tempo and with instruments of its own.

use crate::dice::Dice;
use std::f32::consts::TAU;

/// Samples a second of rendered sound, mono.
pub const RATE: u32 = 44_100;

/// What a piece sounds like.
struct Band {
    beat: f64,
    tonic: f64,
    scale: [i64; 7],
    lead: Voice,
    pad: Voice,
    drums: Dice,
}

/// A timbre: strengths of the partials, how fast they die away, how much the pitch swings.
struct Voice {
    partials: Vec<f32>,
    decay: f32,
    swing: f32,
}

impl Voice {
    fn drawn(dice: &mut Dice, decay: (f64, f64)) -> Self {
        let tilt = dice.between(0.6, 1.8);
        let odd = dice.chance(0.4);
        let partials = (1..=8)
            .map(|n| {
                let strength = dice.between(0.3, 1.0) / f64::from(n).powf(tilt);
                if odd && n % 2 == 0 { 0.0 } else { strength as f32 }
            })
            .collect();
        Self {
            partials,
            decay: dice.between(decay.0, decay.1) as f32,
            swing: dice.between(0.0, 0.006) as f32,
        }
    }

    /// Adds a note; frequency in hertz, times in seconds.
    fn play(&self, out: &mut [f32], at: f64, length: f64, frequency: f64, loud: f32) {
        let start = (at * f64::from(RATE)) as usize;
        let count = (length * f64::from(RATE)) as usize;
        let step = frequency as f32 * TAU / RATE as f32;
        let mut phase = 0.0f32;
        for (i, sample) in out.iter_mut().skip(start).take(count).enumerate() {
            let time = i as f32 / RATE as f32;
            let attack = (time * 60.0).min(1.0);
            let release = ((count - i) as f32 / 1500.0).min(1.0);
            phase = (phase + step * (1.0 + self.swing * (time * 33.0).sin())) % TAU;
            let sound: f32 = self
                .partials
                .iter()
                .enumerate()
                .map(|(n, p)| p * (phase * (n + 1) as f32).sin())
                .sum();
            *sample += loud * attack * release * (-time * self.decay).exp() * sound;
        }
    }
}

/// A piece of this length in seconds: mono samples, -1..1. `melody` chooses the notes, `band` the instruments, key and
/// tempo, so that two pieces can share a sound and no tune.
pub fn render(melody: &mut Dice, band: &mut Dice, seconds: f64) -> Vec<f32> {
    let scales = [
        [0, 2, 4, 5, 7, 9, 11],
        [0, 2, 3, 5, 7, 8, 10],
        [0, 2, 4, 7, 9, 12, 14],
        [0, 2, 3, 5, 7, 9, 10],
    ];
    let band = Band {
        beat: 60.0 / band.between(74.0, 141.0),
        tonic: 55.0 * 2f64.powf(band.between(1.0, 2.0)),
        scale: *band.pick(&scales),
        lead: Voice::drawn(band, (0.8, 4.0)),
        pad: Voice::drawn(band, (0.3, 1.2)),
        drums: Dice::new(band.bits(), "drums"),
    };
    let mut out = vec![0.0f32; (seconds * f64::from(RATE)) as usize];
    let bar = band.beat * 4.0;
    let bars = (seconds / bar).ceil() as usize;
    let chords: Vec<i64> = (0..8).map(|_| melody.from(0, 6)).collect();
    let motifs: Vec<Vec<(f64, i64)>> = (0..4).map(|_| motif(melody)).collect();
    for index in 0..bars {
        let at = index as f64 * bar;
        let chord = chords[(index + index / 8) % chords.len()];
        for third in [0, 2, 4] {
            band.pad.play(&mut out, at, bar, band.pitch(chord + third), 0.10);
        }
        for (beat, step) in [(0.0, 0), (1.5, 0), (2.0, 4), (3.0, 2)] {
            band.pad.play(
                &mut out,
                at + beat * band.beat,
                band.beat,
                band.pitch(chord + step) / 2.0,
                0.25,
            );
        }
        let shift = melody.from(-1, 1);
        let motif = &motifs[*melody.pick(&[0, 1, 2, 3])];
        for pair in motif.windows(2) {
            let length = (pair[1].0 - pair[0].0) * band.beat;
            let frequency = band.pitch(chord + pair[0].1 + shift) * 2.0;
            band.lead
                .play(&mut out, at + pair[0].0 * band.beat, length, frequency, 0.30);
        }
    }
    drum(&mut out, &band);
    level(&mut out);
    out
}

impl Band {
    /// The frequency of a step of the scale, counted from the tonic.
    fn pitch(&self, step: i64) -> f64 {
        let octave = step.div_euclid(7);
        let tone = self.scale[step.rem_euclid(7) as usize];
        self.tonic * 2f64.powf((tone + 12 * octave) as f64 / 12.0)
    }
}

/// Notes of a bar as (beat, step), closed by the bar's end.
fn motif(dice: &mut Dice) -> Vec<(f64, i64)> {
    let (mut notes, mut beat, mut step) = (Vec::new(), 0.0, dice.from(0, 4));
    while beat < 4.0 {
        notes.push((beat, step));
        step = (step + dice.from(-3, 3)).clamp(-3, 9);
        beat += *dice.pick(&[0.5, 0.5, 1.0, 1.0, 1.5, 0.25]);
    }
    notes.push((4.0, 0));
    notes
}

/// Kick, snare and hat in a pattern of the band's own.
fn drum(out: &mut [f32], band: &Band) {
    let mut dice = band.drums.clone();
    let pattern: Vec<usize> = (0..16)
        .map(|i| {
            if i % 8 == 0 {
                1
            } else {
                *dice.pick(&[0, 0, 1, 2, 3, 3])
            }
        })
        .collect();
    let (deep, sharp) = (dice.between(45.0, 70.0) as f32, dice.between(12.0, 30.0) as f32);
    let step = band.beat / 4.0;
    let total = out.len() as f64 / f64::from(RATE);
    for hit in 0..(total / step) as usize {
        let start = (hit as f64 * step * f64::from(RATE)) as usize;
        let kind = pattern[hit % pattern.len()];
        for (i, sample) in out.iter_mut().skip(start).take(RATE as usize / 5).enumerate() {
            let time = i as f32 / RATE as f32;
            let hiss = dice.bits() as i32 as f32 / i32::MAX as f32;
            *sample += match kind {
                1 => {
                    0.5 * (-time * 14.0).exp()
                        * (TAU * deep * (time + 0.03 * (1.0 - (-time * 40.0).exp()))).sin()
                }
                2 => 0.25 * (-time * sharp).exp() * hiss,
                3 => 0.10 * (-time * 70.0).exp() * hiss,
                _ => 0.0,
            };
        }
    }
}

fn level(out: &mut [f32]) {
    let peak = out.iter().fold(1e-6f32, |m, s| m.max(s.abs()));
    for sample in out {
        *sample *= 0.9 / peak;
    }
}

/// The samples as a WAV file, 16 bits.
pub fn wav(samples: &[f32]) -> Vec<u8> {
    let bytes = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + bytes as usize);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + bytes).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&bytes.to_le_bytes());
    for sample in samples {
        file.extend_from_slice(&((sample.clamp(-1.0, 1.0) * 32767.0) as i16).to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_has_its_length_and_sounds() {
        let piece = render(&mut Dice::new(1, "melody"), &mut Dice::new(1, "band"), 2.0);
        assert_eq!(piece.len(), 2 * RATE as usize);
        let loud = piece.iter().map(|s| s * s).sum::<f32>() / piece.len() as f32;
        assert!(loud > 0.001, "mean square {loud}");
        assert_eq!(wav(&piece).len(), 44 + piece.len() * 2);
    }
}
