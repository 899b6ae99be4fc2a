//! A query against some segments: seeds, lines, chance, answers.

use super::chance;
use super::change::Change;
use super::line::{self, Line, Stretch};
use super::print::Query;
use super::seeds;
use super::spectrum::UNITS_PER_SEMITONE;
use super::store::Store;
use super::wave;
use super::words::{
    FINE, GRID_SECONDS, MIDDLE, PART_BITS, PARTS, SHIFT_STEP, SHIFTS, UNSHIFTED, heard_seconds, parts,
};
use crate::{Error, Fingerprint, Match, Segment, nobody, room};
use bytes::Bytes;
use std::collections::HashSet;
use std::ops::Range;
use swordnet_core::{Medium, ReferenceId, Span, Transform};

/// Frames of the query that are seeded at a time: about half a minute.
const STRETCH: usize = 2048;
/// Lines nearer than this to one that was found are the same, in frames.
const SAME: f64 = 24.0;
/// Answers below this excess over chance are not given.
const LEAST_EXCESS: f64 = 3.0;
/// Where another reference that is like it explains the same part of the query this many times better, an answer is an echo of it: the same
/// voice saying the same again, the same instruments. Two editions of one recording differ by less.
const ECHO: f64 = 1.35;
/// Answers to one query, at most.
const ANSWERS: usize = 64;

/// Share of the gain of a line with a change that one without must reach to be taken instead.
const PLAIN_IS_AS_GOOD: f64 = 0.92;

/// Words on either side of a copy's place that count as that place: two seconds.
const HERE: usize = 32;

/// Gain below which a line is not looked at further.
const LEAST_GAIN: f64 = 110.0;

fn semitones(shift: f64) -> f64 {
    (shift - UNSHIFTED as f64) * SHIFT_STEP as f64 / UNITS_PER_SEMITONE as f64
}

/// An opened segment of sound.
pub struct Sounds(Store);

/// A stretch that is heard along a line.
struct Heard {
    shift: usize,
    stretch: Stretch,
    change: Change,
    /// Are its bits trusted as far as they can be under a voice?
    covered: bool,
}

/// Rewards of words whose bits are trusted as far as they can be under a voice.
struct Trusting<'a> {
    store: &'a Store,
    words: &'a [u64],
    trust: &'a [[f32; PARTS]],
}

impl line::Compare for Trusting<'_> {
    fn reward(&self, number: usize, frame: isize) -> Option<f64> {
        let frame = usize::try_from(frame).ok()?;
        let (heard, known) = (*self.words.get(frame)?, self.store.word(number));
        let even = line::EVEN as f32 * PART_BITS;
        let rewards = parts(heard ^ known)
            .into_iter()
            .zip(self.trust[frame])
            .map(|(wrong, trust)| trust * (even - wrong));
        (heard != 0 && known != 0).then(|| f64::from(rewards.sum::<f32>()))
    }
}

/// A stretch that was found.
struct Found {
    segment: usize,
    reference: usize,
    start: usize,
    shift: usize,
    stretch: Stretch,
    excess: f64,
    /// What the excess counts for more since the waves agree; not beside others that it may be an echo of.
    more: f64,
}

impl Sounds {
    /// Opens a segment's bytes.
    pub fn open(bytes: Bytes) -> Result<Self, Error> {
        Store::open(bytes).map(Self)
    }

    fn compare<'a>(&'a self, query: &'a Query, shift: usize) -> impl Fn(usize, isize) -> Option<u32> + 'a {
        let words = query.words(shift);
        move |number, frame| {
            let heard = *words.get(usize::try_from(frame).ok()?)?;
            let known = self.0.word(number);
            (heard != 0 && known != 0).then(|| (heard ^ known).count_ones())
        }
    }

    /// What grows from a seed, in an index of so many words: the best of a line at any tempo, the same with bits trusted as far as they can be
    /// under a voice, and so a line without a change.
    fn extend(&self, query: &Query, seed: &seeds::Seed, indexed: f64) -> Option<Found> {
        let bent = self.bent(query, seed);
        let changed = bent.as_ref().filter(|bent| bent.change != Change::None);
        let trusted = changed.map(|bent| {
            let (line, trusting) = (bent.stretch.line, self.trusting(query, bent.shift));
            Heard {
                stretch: line::best_stretch(line, self.sounding(query, seed.word, &line), &trusting),
                covered: true,
                ..*bent
            }
        });
        let lines = [bent, trusted, self.covered(query, seed)];
        let found = lines.into_iter().flatten();
        let weighed = found.filter_map(|line| self.weigh(query, seed, line, indexed));
        weighed.max_by(|a, b| a.excess.total_cmp(&b.excess))
    }

    /// The line that grows from a seed at whatever tempo.
    fn bent(&self, query: &Query, seed: &seeds::Seed) -> Option<Heard> {
        let (_, owner) = self.0.owner(seed.word);
        let grown = line::grow(
            seed.word,
            seed.frame,
            &owner,
            query.frames(),
            &self.compare(query, seed.shift),
        );
        // The neighbouring shift may fit better now that the line is known.
        let near = seed.shift.saturating_sub(1)..(seed.shift + 2).min(SHIFTS);
        let (shift, stretch) = near
            .map(|shift| {
                (
                    shift,
                    line::best_stretch(grown.line, grown.words.clone(), &self.compare(query, shift)),
                )
            })
            .max_by(|a, b| a.1.gain.total_cmp(&b.1.gain))?;
        if stretch.gain < LEAST_GAIN {
            return None;
        }
        // Most copies keep tempo and pitch: what does as well without a change is taken to have none.
        let (tempo, rise) = (stretch.line.tempo(), semitones(shift as f64));
        let middle = (stretch.words.start + stretch.words.end) / 2;
        let plain = line::plain(
            middle,
            stretch.line.frame(middle),
            &owner,
            query.frames(),
            &self.compare(query, UNSHIFTED),
        );
        Some(if plain.gain >= PLAIN_IS_AS_GOOD * stretch.gain {
            Heard {
                shift: UNSHIFTED,
                stretch: plain,
                change: Change::None,
                covered: false,
            }
        } else {
            Heard {
                shift,
                change: Change::of(tempo, rise, &stretch),
                stretch,
                covered: false,
            }
        })
    }

    /// The line without a change through a seed, its bits trusted as far as they can be under a voice.
    fn covered(&self, query: &Query, seed: &seeds::Seed) -> Option<Heard> {
        if seed.shift != UNSHIFTED {
            return None;
        }
        let (_, owner) = self.0.owner(seed.word);
        let trusting = self.trusting(query, UNSHIFTED);
        let stretch = line::plain(seed.word, seed.frame as f64, &owner, query.frames(), &trusting);
        (stretch.gain >= LEAST_GAIN).then_some(Heard {
            shift: UNSHIFTED,
            stretch,
            change: Change::None,
            covered: true,
        })
    }

    fn trusting<'a>(&'a self, query: &'a Query, shift: usize) -> Trusting<'a> {
        Trusting {
            store: &self.0,
            words: query.words(shift),
            trust: query.trust(),
        }
    }

    /// The words of the reference of a word that sound in the query along a line.
    fn sounding(&self, query: &Query, word: usize, line: &Line) -> Range<usize> {
        line::sounding(line, &self.0.owner(word).1, query.frames())
    }

    /// What a line is worth.
    fn weigh(&self, query: &Query, seed: &seeds::Seed, heard: Heard, indexed: f64) -> Option<Found> {
        let Heard {
            shift,
            stretch,
            change,
            covered,
        } = heard;
        let (reference, owner) = self.0.owner(seed.word);
        let words = query.words(shift);
        // What is silent in either says nothing, and is no part of what chance must match either.
        let along: Vec<(u64, [f32; PARTS])> = stretch
            .words
            .clone()
            .zip(self.0.words(stretch.words.clone()))
            .map(|(number, known)| {
                let frame = stretch.line.frame(number).round() as usize;
                let heard = words.get(frame).copied().filter(|_| known != 0).unwrap_or(0);
                let trust = query.trust().get(frame).filter(|_| covered);
                (heard, trust.copied().unwrap_or([1.0; PARTS]))
            })
            .collect();
        let sounding = along.iter().filter(|(heard, _)| *heard != 0).count();
        if sounding < 8 {
            return None;
        }
        // A draw that meets the very place says nothing of chance, so they start well after it and end well before.
        let (here, len) = (stretch.words.start, self.0.len());
        let places = len.saturating_sub(2 * HERE).max(1);
        room::make(chance::DRAWS);
        let wrong = chance::share(&along, 1, |at| self.0.word(here + at))?;
        let deviations = chance::deviations(wrong, &along, places, |n| self.0.word((here + HERE + n) % len));
        let bend = line::bend(&stretch, &|up, number, frame| {
            let words = query.words(shift.checked_add_signed(up).filter(|&s| s < SHIFTS)?);
            let (heard, known) = (*words.get(usize::try_from(frame).ok()?)?, self.0.word(number));
            (heard != 0 && known != 0).then(|| (heard ^ known).count_ones())
        });
        let seconds = heard_seconds(sounding);
        let whole = heard_seconds(self.sounding(query, seed.word, &stretch.line).len());
        let mut excess = line::rigidity(bend)
            * chance::brevity(seconds, whole)
            * chance::excess(deviations, indexed * change.trials())
            - change.cost(seconds);
        let mut more = 1.0;
        if change == Change::None && excess >= LEAST_EXCESS {
            let weight = self.common(query, reference, &stretch).weight();
            excess *= weight.min(1.0);
            more = weight.max(1.0);
        }
        (excess >= LEAST_EXCESS).then_some(Found {
            segment: seed.segment,
            reference,
            start: owner.start,
            shift,
            stretch,
            excess,
            more,
        })
    }

    /// What the waves have in common along a line without a change.
    fn common(&self, query: &Query, reference: usize, stretch: &Stretch) -> wave::Common {
        let heard = query.words(UNSHIFTED);
        let slices = self.0.wave(reference, stretch.words.clone());
        let slices: Vec<(u64, isize)> = slices
            .filter_map(|(number, slice)| {
                let frame = stretch.line.frame(number).round() as usize;
                let sounds = self.0.word(number) != 0 && *heard.get(frame)? != 0;
                sounds.then_some((slice, (frame * wave::FRAME) as isize))
            })
            .collect();
        wave::common(&slices, query.wave())
    }

    fn answer(&self, query: &Query, found: &Found) -> Match {
        let Found { stretch, shift, .. } = found;
        let whole = |shift: usize, late: f64| {
            let mut line = stretch.line;
            line.frame += late;
            let compare = self.compare(query, shift);
            let wrong = stretch
                .words
                .clone()
                .filter_map(|n| compare(n, line.frame(n).round() as isize));
            wrong.map(f64::from).sum::<f64>()
        };
        let here = whole(*shift, 0.0);
        let late = valley(whole(*shift, -1.0), here, whole(*shift, 1.0));
        let finer = if *shift > 0 && shift + 1 < SHIFTS {
            valley(whole(shift - 1, 0.0), here, whole(shift + 1, 0.0))
        } else {
            0.0
        };
        let speed = stretch.line.tempo();
        let rise = semitones(*shift as f64 + finer);
        let pitch = rise - 12.0 * speed.log2();
        let frame_seconds = GRID_SECONDS / FINE as f64;
        let at = |number: usize| (stretch.line.frame(number) + late) * frame_seconds + MIDDLE;
        let known = |number: usize| (number - found.start) as f64 * GRID_SECONDS + MIDDLE;
        Match {
            reference: self.0.references()[found.reference].clone(),
            score: chance::score(found.excess * found.more),
            query: Span {
                start: at(stretch.words.start),
                end: at(stretch.words.end),
            },
            in_reference: Span {
                start: known(stretch.words.start),
                end: known(stretch.words.end),
            },
            transform: Transform {
                speed: ((speed - 1.0).abs() > 0.002).then_some(speed),
                pitch: (pitch.abs() > 0.15).then_some(pitch),
                ..Transform::default()
            },
        }
    }
}

/// Where between -1 and 1 a parabola through three values has its lowest point.
fn valley(before: f64, here: f64, after: f64) -> f64 {
    let bend = before - 2.0 * here + after;
    if bend > 0.0 {
        ((before - after) / (2.0 * bend)).clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

impl Found {
    /// Does a seed lie on this stretch?
    fn holds(&self, seed: &seeds::Seed) -> bool {
        let words = &self.stretch.words;
        seed.segment == self.segment
            && seed.word + 32 >= words.start
            && seed.word < words.end + 32
            && (self.stretch.line.frame(seed.word) - seed.frame as f64).abs() < SAME
    }

    fn frames(&self) -> Range<f64> {
        self.stretch.line.frame(self.stretch.words.start)..self.stretch.line.frame(self.stretch.words.end)
    }

    /// Is most of this one's part of the query told better by another: one of the same reference, or a far better one that is like it?
    fn repeats(&self, other: &Found, segments: &[&Sounds]) -> bool {
        let (a, b) = (self.frames(), other.frames());
        let common = a.end.min(b.end) - a.start.max(b.start);
        if common <= 0.5 * (a.end - a.start) {
            return false;
        }
        let same = (self.segment, self.reference) == (other.segment, other.reference);
        same || other.excess > ECHO * self.excess && self.resembles(other, segments)
    }

    /// Do the references agree where both lie on the query? What lies under a voice does not agree with what the voice says.
    fn resembles(&self, other: &Found, segments: &[&Sounds]) -> bool {
        let (mut bits, mut wrong) = (0u32, 0u32);
        for number in self.stretch.words.clone() {
            let line = &other.stretch.line;
            let there = line.number as f64 + (self.stretch.line.frame(number) - line.frame) / line.step;
            let there = there.round() as usize;
            let (a, b) = (
                segments[self.segment].0.word(number),
                segments[other.segment].0.word(there),
            );
            if other.stretch.words.contains(&there) && a != 0 && b != 0 {
                bits += 64;
                wrong += (a ^ b).count_ones();
            }
        }
        f64::from(wrong) < line::EVEN * f64::from(bits.max(1))
    }
}

impl Segment for Sounds {
    fn references(&self) -> &[ReferenceId] {
        self.0.references()
    }

    fn fingerprint(&self, place: usize) -> Result<Fingerprint, Error> {
        self.0
            .fingerprint(place)
            .ok_or_else(|| nobody(Medium::Audio, place))
    }

    fn search(&self, query: &Fingerprint, removed: &HashSet<ReferenceId>) -> Result<Vec<Match>, Error> {
        Ok(search(&[self], &Query::read(query)?, removed))
    }

    fn seldom(&self) -> Vec<Bytes> {
        self.0.read_seldom()
    }
}

/// Matches of a query in some segments, best first. They are searched as one: seeds of all compete, and chance had all of them to try.
pub fn search(segments: &[&Sounds], query: &Query, removed: &HashSet<ReferenceId>) -> Vec<Match> {
    let stores: Vec<&Store> = segments.iter().map(|sounds| &sounds.0).collect();
    let indexed: f64 = stores.iter().map(|store| store.len() as f64).sum();
    let answering = |store: &&Store| store.references().iter().map(|r| !removed.contains(r)).collect();
    let answers: Vec<Vec<bool>> = stores.iter().map(answering).collect();
    let answer = |segment: usize, word: usize| answers[segment][stores[segment].owner(word).0];
    let mut found: Vec<Found> = Vec::new();
    for first in (query.known()..query.frames()).step_by(STRETCH) {
        let frames = first..(first + STRETCH).min(query.frames());
        for seed in seeds::find(query, frames, &stores, &answer) {
            if !found.iter().any(|f| f.holds(&seed)) {
                found.extend(segments[seed.segment].extend(query, &seed, indexed));
            }
        }
    }
    found.sort_by(|a, b| b.excess.total_cmp(&a.excess));
    let mut kept: Vec<Found> = Vec::new();
    for one in found {
        if kept.len() < ANSWERS && !kept.iter().any(|k| one.repeats(k, segments)) {
            kept.push(one);
        }
    }
    kept.sort_by(|a, b| (b.excess * b.more).total_cmp(&(a.excess * a.more)));
    kept.iter()
        .map(|f| segments[f.segment].answer(query, f))
        .collect()
}
