//! How likely a passage is a copy.
//!
//! A copy is dense: most of what lies between its first and last character is taken. Texts that merely speak of the same
//! thing share names and stock phrases, scattered. So a passage is weighed by the rare characters it shares, times a
//! power of its density: a verbatim excerpt of 70 characters weighs as much as 270 of 600 characters reworded. The
//! two numbers of the curve are fitted to half a thousand articles that are no copies though they resemble a reference
//! most (yearly telegrams, reports of one match, background sentences), beside excerpts of 100 characters; see
//! docs/RECOGNITION.md.

use super::passages::Passage;

/// The power of the density.
const DENSITY: f64 = 1.8;
/// Characters of weight at which a passage is as likely a copy as not.
const EVEN: f64 = 63.0;
/// How fast the odds rise with the weight: by this power.
const STEEP: f64 = 9.0;
/// The first line of a text is its headline, which others may name: a passage that begins within so many characters of
/// the start of a reference and reaches no further than so many weighs half.
const HEADLINE: (f64, f64) = (5.0, 110.0);

/// What a passage shows, in characters of the folded text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traits {
    /// Characters that lie in a run, in the text where they are fewer.
    pub kept: f64,
    /// The same, each weighted by the rarity of its run.
    pub rare: f64,
    /// From the first to the last character, in the text where that is longer.
    pub span: f64,
    /// Where it starts and ends in the reference.
    pub in_reference: (f64, f64),
}

impl Traits {
    /// The traits of a passage.
    pub fn of(passage: &Passage) -> Self {
        let mut runs: Vec<_> = passage
            .runs
            .iter()
            .map(|run| (run.query, run.length, run.rarity))
            .collect();
        let (query, from, to) = measure(&mut runs);
        let mut traits = Self {
            kept: query.0,
            rare: query.1,
            span: to - from,
            in_reference: (0.0, 0.0),
        };
        runs.clear();
        runs.extend(
            passage
                .runs
                .iter()
                .map(|run| (run.reference, run.length, run.rarity)),
        );
        let (reference, from, to) = measure(&mut runs);
        traits.kept = traits.kept.min(reference.0);
        traits.rare = traits.rare.min(reference.1);
        traits.span = traits.span.max(to - from);
        traits.in_reference = (from, to);
        traits
    }

    /// Share of the passage that was kept character by character, 0 to 1.
    pub fn density(&self) -> f64 {
        self.kept / self.span.max(1.0)
    }

    /// The score, 0 to 1.
    pub fn score(&self) -> f64 {
        let (start, end) = self.in_reference;
        let headline = if start <= HEADLINE.0 && end <= HEADLINE.1 {
            0.5
        } else {
            1.0
        };
        let weight = headline * self.rare * self.density().powf(DENSITY);
        1.0 / (1.0 + (EVEN / weight.max(1e-9)).powf(STEEP))
    }
}

/// Characters covered, the same weighted, and where the cover starts and ends.
fn measure(runs: &mut [(u32, u32, f32)]) -> ((f64, f64), f64, f64) {
    runs.sort_unstable_by_key(|run| (run.0, run.1));
    let (mut kept, mut rare, mut end) = (0.0, 0.0, 0);
    for &(start, length, rarity) in runs.iter() {
        let fresh = f64::from((start + length).saturating_sub(start.max(end)));
        kept += fresh;
        rare += fresh * f64::from(rarity);
        end = end.max(start + length);
    }
    (
        (kept, rare),
        runs.first().map_or(0.0, |run| run.0.into()),
        end.into(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::runs::Run;
    use super::*;

    fn score(runs: &[(u32, u32, u32)]) -> f64 {
        let run = |&(query, reference, length): &(u32, u32, u32)| Run {
            query,
            reference,
            length,
            rarity: 1.0,
        };
        Traits::of(&Passage {
            runs: runs.iter().map(run).collect(),
        })
        .score()
    }

    #[test]
    fn a_quotation_is_no_copy_and_a_paragraph_is() {
        assert!(score(&[(500, 300, 40)]) < 0.1);
        assert!(score(&[(500, 300, 80)]) > 0.8);
        assert!(score(&[(500, 300, 200)]) > 0.99);
    }

    #[test]
    fn a_headline_is_no_copy() {
        assert!(score(&[(500, 0, 90)]) < 0.1);
        assert!(score(&[(500, 0, 190)]) > 0.9);
    }

    #[test]
    fn scattered_phrases_weigh_less_than_a_passage() {
        let scattered: Vec<_> = (0..10).map(|at| (at * 60, at * 60, 12)).collect();
        let together: Vec<_> = (0..10).map(|at| (at * 16, 200 + at * 16, 12)).collect();
        assert!(score(&scattered) < 0.1);
        assert!(score(&together) > 0.5);
    }

    #[test]
    fn one_phrase_repeated_counts_once() {
        let repeated: Vec<_> = (0..20).map(|at| (at * 30, 700, 29)).collect();
        assert!(score(&repeated) < 0.1);
    }
}
