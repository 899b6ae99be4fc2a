//! How likely a passage is a copy.
//!
//! A copy is dense: most of what lies between its first and last character is taken. Texts that merely speak of the same
//! thing share names and stock phrases, scattered and in any order. So a passage is weighed by the rare characters it
//! shares times a power of its density, and short runs that keep no order count for little; one unbroken run weighs more
//! than as many characters in several, as a sentence of background is edited whenever a desk uses it again. A verbatim excerpt of 80
//! letters weighs as much as a reworded passage of 500 of which half was kept. The curve is fitted to articles
//! that are no copies though they resemble a reference most (yearly telegrams, reports of one match, background
//! sentences) beside excerpts of 100 characters; docs/RECOGNITION.md has the figures.

use super::grams::{CHARACTERS, LETTERS};
use super::passages::Passage;
use super::runs::Run;

/// The power of the density.
const DENSITY: f64 = 2.2;
/// What characters in several runs weigh beside those of one run.
const BROKEN: f64 = 0.75;
/// Characters of weight at which a passage is as likely a copy as not where one text in twenty holds one: Chinese ones, and letters.
const EVEN: (f64, f64) = (56.0, 73.5);
/// How fast the odds rise with the weight: by this power. Both fitted by bench/calibrate.py.
const STEEP: f64 = 14.3;
/// Of a run whose neighbours do not follow it in the reference, nothing counts up to the first and all from the second
/// length, in Chinese characters.
const LOOSE: (f64, f64) = (10.0, 30.0);
/// Neighbours keep the order when no more than so many characters lie between them in either text.
const NEXT: f64 = 40.0;
/// The first line of a text is its headline, which others may name: a passage that begins within so many characters of
/// the start of a reference and reaches no further than so many Chinese characters weighs half.
const HEADLINE: (f64, f64) = (5.0, 47.0);

/// What an echo weighs, of its weight: its odds fall to a hundredth.
const ECHO: f64 = 0.6;

/// What a passage shows, in characters of the folded text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits {
    /// Characters that lie in a run, in the text where they are fewer.
    pub kept: f64,
    /// The same, each weighted by the rarity of its run; those of loose runs count in part.
    pub rare: f64,
    /// The weightiest single run.
    pub longest: f64,
    /// From the first to the last character, in the text where that is longer.
    pub span: f64,
    /// Is it no more than the headline?
    pub headline: bool,
    /// Does the text have it from another work? See [`super::echo`].
    pub echo: bool,
    /// How many characters of this text say as much as one Chinese character.
    pub letters: f64,
}

impl Traits {
    /// The traits of a passage. `letters` is how many characters say as much as one Chinese character.
    pub fn of(passage: &Passage, letters: f32) -> Self {
        let letters = f64::from(letters);
        let runs = &passage.runs;
        let mut follows = vec![false; runs.len()];
        for at in 1..runs.len() {
            if keeps_order(&runs[at - 1], &runs[at], letters) {
                follows[at - 1] = true;
                follows[at] = true;
            }
        }
        let weight = |(run, follows): (&Run, &bool)| {
            let loose = (f64::from(run.length) / letters - LOOSE.0) / (LOOSE.1 - LOOSE.0);
            f64::from(run.rarity) * if *follows { 1.0 } else { loose.clamp(0.0, 1.0) }
        };
        let weights: Vec<f64> = runs.iter().zip(&follows).map(weight).collect();
        let side = |start: fn(&Run) -> u32| {
            measure(
                runs.iter()
                    .zip(&weights)
                    .map(|(run, &weight)| (start(run), run.length, weight))
                    .collect(),
            )
        };
        let (query, reference) = (side(|run| run.query), side(|run| run.reference));
        Self {
            kept: query.kept.min(reference.kept),
            rare: query.rare.min(reference.rare),
            longest: runs
                .iter()
                .map(|run| f64::from(run.length) * f64::from(run.rarity))
                .fold(0.0, f64::max),
            span: (query.end - query.start).max(reference.end - reference.start),
            headline: reference.start <= HEADLINE.0 && reference.end <= HEADLINE.1 * letters,
            echo: false,
            letters,
        }
    }

    /// Share of the passage that was kept character by character, 0 to 1.
    pub fn density(&self) -> f64 {
        (self.kept / self.span.max(1.0)).min(1.0)
    }

    /// The score, 0 to 1.
    pub fn score(&self) -> f64 {
        let weight = (BROKEN * self.rare * self.density().powf(DENSITY)).max(self.longest)
            * if self.headline { 0.5 } else { 1.0 }
            * if self.echo { ECHO } else { 1.0 };
        let alphabet = (self.letters - 1.0) / (LETTERS as f64 / CHARACTERS as f64 - 1.0);
        let even = EVEN.0 + alphabet * (EVEN.1 - EVEN.0);
        1.0 / (1.0 + (even / weight.max(1e-9)).powf(STEEP))
    }
}

/// Does `next` follow `run` in the reference as it does in the query?
fn keeps_order(run: &Run, next: &Run, letters: f64) -> bool {
    let gap = |start: u32, before: u32| f64::from(start) - f64::from(before) - f64::from(run.length);
    let (query, reference) = (gap(next.query, run.query), gap(next.reference, run.reference));
    query < NEXT * letters
        && (-10.0..NEXT * letters).contains(&reference)
        && (query - reference).abs() <= 6.0 * letters + query / 2.0
}

struct Cover {
    kept: f64,
    rare: f64,
    start: f64,
    end: f64,
}

/// What runs, given by start, length and weight, cover of one text.
fn measure(mut runs: Vec<(u32, u32, f64)>) -> Cover {
    runs.sort_unstable_by_key(|run| (run.0, run.1));
    let mut cover = Cover {
        kept: 0.0,
        rare: 0.0,
        start: runs.first().map_or(0.0, |run| run.0.into()),
        end: 0.0,
    };
    for (start, length, weight) in runs {
        let (start, end) = (f64::from(start), f64::from(start + length));
        let fresh = (end - start.max(cover.end)).max(0.0);
        cover.kept += fresh;
        cover.rare += fresh * weight;
        cover.end = cover.end.max(end);
    }
    cover
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(runs: &[(u32, u32, u32)]) -> f64 {
        let run = |&(query, reference, length): &(u32, u32, u32)| Run {
            query,
            reference,
            length,
            rarity: 1.0,
        };
        Traits::of(
            &Passage {
                runs: runs.iter().map(run).collect(),
            },
            1.0,
        )
        .score()
    }

    #[test]
    fn a_quotation_is_no_copy_and_a_paragraph_is() {
        assert!(score(&[(500, 300, 40)]) < 0.1);
        assert!(score(&[(500, 300, 90)]) > 0.9);
        assert!(score(&[(500, 300, 200)]) > 0.99);
    }

    #[test]
    fn a_headline_is_no_copy() {
        assert!(score(&[(500, 0, 46)]) < 0.01);
        assert!(score(&[(500, 0, 190)]) > 0.9);
    }

    #[test]
    fn scattered_phrases_weigh_less_than_a_passage() {
        let scattered: Vec<_> = (0..12).map(|at| (at * 60, at * 60, 12)).collect();
        let together: Vec<_> = (0..12).map(|at| (at * 16, 200 + at * 16, 12)).collect();
        let shuffled: Vec<_> = (0..12).map(|at| (at * 16, 200 + at * 7 % 12 * 16, 12)).collect();
        assert!(score(&scattered) < 0.1);
        assert!(score(&together) > 0.5);
        assert!(score(&shuffled) < 0.1);
    }

    #[test]
    fn one_phrase_repeated_counts_once() {
        let repeated: Vec<_> = (0..20).map(|at| (at * 30, 700, 29)).collect();
        assert!(score(&repeated) < 0.1);
    }
}
