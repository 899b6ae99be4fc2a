//! How likely a passage is a copy.

use super::passages::Passage;

/// What a passage shows, in characters of the folded text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traits {
    /// Characters of the query that lie in a run.
    pub kept: f64,
    /// The same, each weighted by its run's rarity.
    pub rare: f64,
    /// The same, only of runs that keep the order of a neighbour.
    pub ordered: f64,
    /// The longest run.
    pub longest: f64,
    /// The longest run times its rarity.
    pub longest_rare: f64,
    /// From the first to the last character, in the query and in the reference.
    pub spans: (f64, f64),
    /// Characters that say as much as one Chinese character.
    pub letters: f64,
}

impl Traits {
    /// The traits of a passage.
    pub fn of(passage: &Passage, letters: f64) -> Self {
        let mut traits = Self {
            letters,
            ..Self::default()
        };
        let mut end = 0u32;
        let (mut low, mut high, mut start) = (u32::MAX, 0, u32::MAX);
        for (at, run) in passage.runs.iter().enumerate() {
            let fresh = f64::from((run.query + run.length).saturating_sub(run.query.max(end)));
            let rarity = f64::from(run.rarity);
            traits.kept += fresh;
            traits.rare += fresh * rarity;
            let near = |other: Option<&super::runs::Run>| {
                other.is_some_and(|other| {
                    let (dq, dr) = (
                        i64::from(other.query) - i64::from(run.query),
                        i64::from(other.reference) - i64::from(run.reference),
                    );
                    (dq - dr).abs() <= 8 + dq.abs() / 4
                })
            };
            if near(at.checked_sub(1).and_then(|at| passage.runs.get(at))) || near(passage.runs.get(at + 1)) {
                traits.ordered += fresh * rarity;
            }
            traits.longest = traits.longest.max(f64::from(run.length));
            traits.longest_rare = traits.longest_rare.max(f64::from(run.length) * rarity);
            end = end.max(run.query + run.length);
            start = start.min(run.query);
            low = low.min(run.reference);
            high = high.max(run.reference + run.length);
        }
        traits.spans = (f64::from(end - start.min(end)), f64::from(high - low.min(high)));
        traits
    }

    /// 0 to 1.
    pub fn score(&self) -> f64 {
        let evidence = (0.4 * self.rare + 0.6 * self.ordered.max(self.longest_rare)) / self.letters.sqrt();
        1.0 / (1.0 + (-4.0 * (evidence / 42.0).ln()).exp())
    }
}
