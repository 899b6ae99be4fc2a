//! What a line says was done to a copy, and how far evidence for it goes.

use super::line::Stretch;
use super::words::FINE;
use std::ops::RangeInclusive;

/// A tempo, as a share, and a pitch, in semitones, beyond which a change of both is far.
const FAR_TEMPO: f64 = 0.12;
const FAR_PITCH: f64 = 2.0;
/// Tempos at which copies are offered: a fifth slower to a quarter faster, and what measuring adds.
const BEARABLE: RangeInclusive<f64> = 0.79..=1.27;

/// What a theme that is played at another tempo is like it by, for the root of each second: two such themes reached 4.6, the faintest copy of ten seconds and
/// more 5.7.
const THEME: f64 = 3.0;

/// What was done to tempo and pitch. The odder it is, the likelier that it was made up to fit: a voice that says the same
/// words again, or a tune played again, meets its other take at some odd tempo and pitch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// One thing: speed, tempo or pitch.
    One,
    /// Tempo and pitch, each by an amount of its own.
    Two,
    /// Both by far, or the tempo by more than anybody listens to: hardly anything is left of how the work sounded.
    Far,
}

impl Change {
    /// Of a tempo (seconds of the reference a second) and a rise of all frequencies (semitones) found along a stretch.
    pub fn of(tempo: f64, rise: f64, stretch: &Stretch) -> Self {
        let pitch = rise - 12.0 * tempo.log2();
        // Over a short stretch the tempo is known to a frame or two only.
        let unsure = 2.0 / (stretch.words.len() * FINE).max(1) as f64;
        let one =
            rise.abs() < 0.4 || pitch.abs() < 0.4 + 17.0 * unsure || (tempo - 1.0).abs() < unsure.max(0.002);
        let both = !one && (tempo - 1.0).abs() > FAR_TEMPO && pitch.abs() > FAR_PITCH;
        if both || !BEARABLE.contains(&tempo) {
            Change::Far
        } else if one {
            Change::One
        } else {
            Change::Two
        }
    }

    /// Tempos and pitches that were tried for each place.
    pub fn trials(self) -> f64 {
        match self {
            Change::None => 1.0,
            Change::One => 64.0,
            Change::Two | Change::Far => 1024.0,
        }
    }

    /// What is taken off the excess of a stretch of some seconds. Strangers that a change makes fit reach nearly three times what those reach that fit as they
    /// are, 16.7 beside 6: a voice that says a sentence again, a theme played at another tempo, whose likeness grows with the root of its length. Copies with a
    /// change do not lie under much else and can afford it.
    pub fn cost(self, seconds: f64) -> f64 {
        match self {
            Change::None => 0.0,
            Change::One | Change::Two => (THEME * seconds.sqrt()).max(10.7),
            Change::Far => (THEME * seconds.sqrt()).max(14.0),
        }
    }
}
