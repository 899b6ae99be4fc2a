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
    let mut open = vec![(explained(runs), 0)];
    // A division lets both sides be tried again, so a list of runs that neither side divides is a passage.
    while let Some((runs, undivided)) = open.pop() {
        if undivided == 2 {
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
            open.push((part, next));
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
        };
        sum += worth;
        // Merge with the last stretch that starts lower, if it also ends lower; repeat.
        while let Some(lower) = list.iter().rposition(|earlier| earlier.before < stretch.before) {
            if list[lower].after >= stretch.after {
                break;
            }
            stretch.first = list[lower].first;
            stretch.before = list[lower].before;
            list.truncate(lower);
        }
        list.push(stretch);
    }
    list.retain(|stretch| stretch.after - stretch.before >= LEAST);
    list.iter()
        .map(|stretch| runs[stretch.first..stretch.last].to_vec())
        .collect()
}
