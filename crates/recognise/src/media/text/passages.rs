//! From common runs to passages: which of them belong together, whatever their order.
//!
//! A copy that was rewritten, reordered or cut keeps its runs close to one another in both texts. Along the query each
//! run is worth its characters and each gap costs some; the maximal stretches (Ruzzo and Tompa 1999, linear time) are
//! kept, and the same is done along the reference, until neither divides a passage any more. Ends need no trimming: a
//! stray run outside costs more than it is worth.

use super::runs::Run;

/// What one character between two runs costs; a run's character is worth up to 1.
const GAP: f32 = 0.2;
/// No gap costs more than so many characters: large parts hold together over an inserted paragraph.
const DEAREST: f32 = 14.0;
/// But nothing holds over more than this.
const WIDEST: f32 = 400.0;
/// A passage is worth at least so much.
const LEAST: f32 = 8.0;

/// What real texts share is divided in three or four rounds; runs made to peel off one by one are not followed further.
const ROUNDS: u32 = 12;

/// Runs that belong together.
#[derive(Clone, Debug)]
pub struct Passage {
    /// By place in the query.
    pub runs: Vec<Run>,
}

/// The two texts that a run lies in.
#[derive(Clone, Copy)]
enum Side {
    Query,
    Reference,
}

impl Side {
    fn start(self, run: &Run) -> u32 {
        match self {
            Self::Query => run.query,
            Self::Reference => run.reference,
        }
    }

    fn end(self, run: &Run) -> u32 {
        self.start(run) + run.length
    }
}

/// Divides the runs into passages, the longest first. `letters` is how many characters say as much as one Chinese
/// character: all lengths are counted in those.
pub fn passages(runs: Vec<Run>, letters: f32) -> Vec<Passage> {
    let mut whole = Vec::new();
    let mut open = vec![(explained(runs), 0, 0)];
    // A division lets both sides be tried again, so a list of runs that neither side divides is a passage.
    while let Some((runs, undivided, rounds)) = open.pop() {
        if undivided == 2 || rounds == ROUNDS {
            whole.push(Passage { runs });
            continue;
        }
        let side = if undivided == 1 {
            Side::Query
        } else {
            Side::Reference
        };
        let count = runs.len();
        for part in divide(runs, side, letters) {
            let next = if part.len() == count { undivided + 1 } else { 0 };
            open.push((part, next, rounds + 1));
        }
    }
    for passage in &mut whole {
        passage
            .runs
            .sort_unstable_by_key(|run| (run.query, run.reference));
    }
    whole
}

/// The runs less those that lie within a longer one in the query: what a text repeats within itself is matched to each
/// of its places, and the longest match is the one that was copied.
fn explained(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_unstable_by_key(|run| (run.query, std::cmp::Reverse(run.length), run.reference));
    let (mut start, mut end) = (0, 0);
    runs.retain(|run| {
        let until = run.query + run.length;
        let within = until < end || (until == end && run.query > start);
        if until > end {
            (start, end) = (run.query, until);
        }
        !within
    });
    runs
}

/// The maximal stretches along one side.
fn divide(mut runs: Vec<Run>, side: Side, letters: f32) -> Vec<Vec<Run>> {
    runs.sort_unstable_by_key(|run| (side.start(run), run.length));
    let mut found = Vec::new();
    let mut from = 0;
    let mut end = 0;
    for at in 0..=runs.len() {
        let torn = at == runs.len()
            || (at > from && side.start(&runs[at]).saturating_sub(end) as f32 > WIDEST * letters);
        if torn && at > from {
            found.extend(stretches(&runs[from..at], side, letters));
            from = at;
        }
        if at < runs.len() {
            end = end.max(side.end(&runs[at]));
        }
    }
    found
}

/// A candidate of Ruzzo and Tompa's: runs `first..last` with the sums of worth before and after them.
struct Stretch {
    first: usize,
    last: usize,
    before: f32,
    after: f32,
    /// The last earlier one that starts lower.
    lower: Option<usize>,
}

fn stretches(runs: &[Run], side: Side, letters: f32) -> Vec<Vec<Run>> {
    let mut list: Vec<Stretch> = Vec::new();
    let mut sum = 0.0;
    let mut end = side.start(&runs[0]);
    for (at, run) in runs.iter().enumerate() {
        let start = side.start(run);
        sum -= (start.saturating_sub(end) as f32 / letters * GAP).min(DEAREST);
        let fresh = side.end(run).saturating_sub(start.max(end));
        let worth = fresh as f32 / letters * (0.3 + 0.7 * run.rarity.sqrt());
        end = end.max(side.end(run));
        let mut stretch = Stretch {
            first: at,
            last: at + 1,
            before: sum,
            after: sum + worth,
            lower: list.len().checked_sub(1),
        };
        sum += worth;
        loop {
            while let Some(lower) = stretch.lower.filter(|&at| list[at].before >= stretch.before) {
                stretch.lower = list[lower].lower;
            }
            // One that starts lower and ends lower becomes its beginning; what lies between is part of it.
            let Some(lower) = stretch.lower.filter(|&at| list[at].after < stretch.after) else {
                break;
            };
            (stretch.first, stretch.before) = (list[lower].first, list[lower].before);
            stretch.lower = list[lower].lower;
            list.truncate(lower);
        }
        list.push(stretch);
    }
    list.retain(|stretch| stretch.after - stretch.before >= LEAST);
    list.iter()
        .map(|stretch| runs[stretch.first..stretch.last].to_vec())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(query: u32, reference: u32, length: u32) -> Run {
        Run {
            query,
            reference,
            length,
            rarity: 1.0,
        }
    }

    /// First and last character in the query and in the reference of each passage.
    fn spans(runs: Vec<Run>) -> Vec<(u32, u32, u32, u32)> {
        let span = |passage: Passage| {
            let end = |side: Side| passage.runs.iter().map(|run| side.end(run)).max().unwrap();
            let start = |side: Side| passage.runs.iter().map(|run| side.start(run)).min().unwrap();
            (
                start(Side::Query),
                end(Side::Query),
                start(Side::Reference),
                end(Side::Reference),
            )
        };
        let mut found: Vec<_> = passages(runs, 1.0).into_iter().map(span).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn an_inserted_and_a_left_out_sentence_divide_nothing() {
        assert_eq!(
            spans(vec![run(0, 500, 60), run(100, 560, 60), run(160, 660, 60)]),
            [(0, 220, 500, 720)]
        );
    }

    #[test]
    fn reordered_sentences_are_one_passage() {
        assert_eq!(
            spans(vec![
                run(0, 80, 40),
                run(40, 120, 40),
                run(80, 0, 40),
                run(120, 40, 40)
            ]),
            [(0, 160, 0, 160)]
        );
    }

    #[test]
    fn excerpts_far_apart_are_two() {
        assert_eq!(
            spans(vec![run(0, 0, 100), run(900, 150, 100)]),
            [(0, 100, 0, 100), (900, 1000, 150, 250)]
        );
        assert_eq!(
            spans(vec![run(0, 0, 100), run(150, 900, 100)]),
            [(0, 100, 0, 100), (150, 250, 900, 1000)]
        );
    }

    #[test]
    fn a_stray_phrase_does_not_stretch_the_ends() {
        assert_eq!(
            spans(vec![run(20, 940, 6), run(100, 1000, 200), run(360, 1290, 6)]),
            [(100, 300, 1000, 1200)]
        );
    }

    /// Every maximal stretch by trying all: not extendable to a better one, in the sense of Ruzzo and Tompa.
    fn slow(worth: &[f32]) -> Vec<(usize, usize)> {
        if worth.is_empty() {
            return Vec::new();
        }
        let sums = (0..worth.len()).flat_map(|from| (from + 1..=worth.len()).map(move |to| (from, to)));
        let best = sums.max_by(|a, b| {
            let sum = |s: &(usize, usize)| worth[s.0..s.1].iter().sum::<f32>();
            sum(a).total_cmp(&sum(b)).then((b.1 - b.0).cmp(&(a.1 - a.0)))
        });
        match best {
            Some((from, to)) if worth[from..to].iter().sum::<f32>() > 0.0 => {
                let mut found = slow(&worth[..from]);
                found.push((from, to));
                found.extend(slow(&worth[to..]).into_iter().map(|(a, b)| (a + to, b + to)));
                found
            }
            _ => Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn stretches_are_the_maximal_ones(parts in proptest::collection::vec((1u32..12, 6u32..40), 1..12)) {
            let (mut at, mut runs, mut worth) = (0, Vec::new(), Vec::new());
            for (cost, length) in parts {
                // Gaps that cost whole numbers, so that sums are exact and a stretch is worth the least or is not.
                let gap = 5 * cost;
                if !runs.is_empty() {
                    at += gap;
                    worth.push(-(gap as f32 * GAP).min(DEAREST));
                }
                runs.push(run(at, at, length));
                worth.push(length as f32);
                at += length;
            }
            let found: Vec<(u32, u32)> = stretches(&runs, Side::Query, 1.0).iter()
                .map(|part| (part[0].query, part[part.len() - 1].query)).collect();
            let wanted: Vec<(u32, u32)> = slow(&worth).into_iter()
                .filter(|&(from, to)| worth[from..to].iter().sum::<f32>() >= LEAST)
                .map(|(from, to)| (runs[from / 2].query, runs[(to - 1) / 2].query)).collect();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn any_runs_are_divided_in_time_and_none_is_made_up(parts in proptest::collection::vec((0u32..5000, 0u32..5000, 1u32..90, 0f32..1.0), 0..400)) {
            let runs: Vec<Run> = parts.into_iter().map(|(query, reference, length, rarity)| Run { query, reference, length, rarity }).collect();
            for passage in passages(runs.clone(), 1.0) {
                prop_assert!(!passage.runs.is_empty());
                prop_assert!(passage.runs.iter().all(|run| runs.contains(run)));
            }
        }
    }
}
