//! Answers of successive windows joined into spans.

use crate::Match;
use swordnet_core::Span;

/// Seconds by which two answers may disagree on where in the work a moment is, and still lie on one line.
const OFF: f64 = 0.5;
/// Seconds of the stream for which a line may be lost, under talk or noise, before its span has ended.
const PATIENCE: f64 = 10.0;
/// Spans that may be open at a time; of more, those that were found least lately are dropped. A window gives at most 64 answers.
const OPEN: usize = 256;

/// What is told of a span: once when it is recognised, once more when it has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Telling {
    /// The span so far: `query` in seconds of the stream.
    pub found: Match,
    /// Seconds of the stream heard when it was recognised.
    pub told_at: f64,
    /// Has it ended?
    pub ended: bool,
}

/// A line that is followed.
struct Open {
    found: Match,
    /// The latest answer on it.
    latest: Match,
    told_at: Option<f64>,
}

impl Open {
    /// Does an answer go on where this one was found, on the same line?
    fn holds(&self, next: &Match) -> bool {
        let (a, b) = (&self.latest.query, &next.query);
        // Both lines at the ends of what the two have in common, or of the gap between them.
        let moments = [a.start.max(b.start), a.end.min(b.end)];
        let off = |&moment: &f64| (place(&self.latest, moment) - place(next, moment)).abs() <= OFF;
        next.reference == self.found.reference
            && next.query.start <= self.found.query.end + PATIENCE
            && moments.iter().all(off)
    }

    fn take(&mut self, next: Match) {
        let all = &mut self.found;
        if next.score > all.score {
            all.transform = next.transform.clone();
        }
        all.query.start = all.query.start.min(next.query.start);
        all.query.end = all.query.end.max(next.query.end);
        all.in_reference.start = all.in_reference.start.min(next.in_reference.start);
        all.in_reference.end = all.in_reference.end.max(next.in_reference.end);
        all.score = all.score.max(next.score);
        self.latest = next;
    }
}

/// Where in the work a moment of the stream is.
fn place(found: &Match, moment: f64) -> f64 {
    let speed = found.in_reference.length() / found.query.length().max(1e-3);
    found.in_reference.start + (moment - found.query.start) * speed
}

/// Joins answers of the windows of one stream.
pub struct Join {
    least: f64,
    open: Vec<Open>,
}

impl Join {
    /// Tells spans that score at least `least`.
    pub fn new(least: f64) -> Self {
        Self {
            least,
            open: Vec::new(),
        }
    }

    /// Takes what a window that began at second `start` of the stream matched, best first, `heard` seconds of the stream having been heard. Answers under
    /// the score that is told carry on the span of one that was told.
    pub fn push(&mut self, start: f64, heard: f64, matches: Vec<Match>, tell: &mut dyn FnMut(Telling)) {
        for mut found in matches {
            found.query = Span {
                start: found.query.start + start,
                end: found.query.end + start,
            };
            match self.open.iter_mut().find(|open| open.holds(&found)) {
                Some(open) => open.take(found),
                None => self.open.push(Open {
                    latest: found.clone(),
                    found,
                    told_at: None,
                }),
            }
        }
        let over = self.open.len().saturating_sub(OPEN);
        if over > 0 {
            self.open
                .sort_by(|a, b| a.latest.query.end.total_cmp(&b.latest.query.end));
            self.open.drain(..over).for_each(|old| close(old, tell));
        }
        for place in 0..self.open.len() {
            if self.to_be_told(place) {
                let open = &mut self.open[place];
                open.told_at = Some(heard);
                tell(Telling {
                    found: open.found.clone(),
                    told_at: heard,
                    ended: false,
                });
            }
        }
        let over = |open: &mut Open| open.found.query.end + PATIENCE < heard;
        self.open.extract_if(.., over).for_each(|old| close(old, tell));
    }

    /// The stream has ended, and all that was open with it.
    pub fn finish(self, tell: &mut dyn FnMut(Telling)) {
        self.open.into_iter().for_each(|old| close(old, tell));
    }

    /// Is it certain enough, and not a refrain of what was told of the same moments?
    fn to_be_told(&self, place: usize) -> bool {
        let this = &self.open[place];
        let told_better = |other: &Open| {
            let (a, b) = (&this.found.query, &other.found.query);
            other.told_at.is_some()
                && other.found.reference == this.found.reference
                && other.found.score >= this.found.score
                && a.end.min(b.end) - a.start.max(b.start) > 0.5 * a.length()
        };
        this.told_at.is_none() && this.found.score >= self.least && !self.open.iter().any(told_better)
    }
}

fn close(open: Open, tell: &mut dyn FnMut(Telling)) {
    if let Some(told_at) = open.told_at {
        tell(Telling {
            found: open.found,
            told_at,
            ended: true,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use swordnet_core::{ReferenceId, Transform};

    /// An answer about a window that begins at `start`: these seconds of it are those of the work.
    fn answer(work: &str, query: (f64, f64), place: f64, speed: f64, score: f64) -> Match {
        Match {
            reference: ReferenceId::from_text(work),
            score,
            query: Span {
                start: query.0,
                end: query.1,
            },
            in_reference: Span {
                start: place,
                end: place + (query.1 - query.0) * speed,
            },
            transform: Transform::default(),
        }
    }

    /// What is told of windows of ten seconds every five, each with its answers in seconds of the stream.
    fn told(windows: &[Vec<Match>]) -> Vec<Telling> {
        let (mut join, mut told) = (Join::new(0.5), Vec::new());
        for (number, found) in windows.iter().enumerate() {
            let start = 5.0 * number as f64;
            let mut found = found.clone();
            for m in &mut found {
                (m.query.start, m.query.end) = (m.query.start - start, m.query.end - start);
            }
            join.push(start, start + 10.0, found, &mut |t| told.push(t));
        }
        join.finish(&mut |t| told.push(t));
        told
    }

    #[test]
    fn answers_on_one_line_are_one_span_told_at_once_and_ended_when_it_is_over() {
        let told = told(&[
            vec![answer("a", (4.0, 10.0), 30.0, 1.03, 0.3)],
            vec![answer("a", (5.0, 15.0), 31.0, 1.03, 0.97)],
            vec![
                answer("a", (10.0, 17.0), 36.2, 1.03, 0.4),
                answer("b", (10.0, 12.0), 3.0, 1.0, 0.1),
            ],
            vec![],
            vec![],
            vec![],
        ]);
        assert_eq!(told.len(), 2, "{told:?}");
        let (first, last) = (&told[0], &told[1]);
        assert_eq!(
            (first.told_at, first.ended, first.found.query.end),
            (15.0, false, 15.0)
        );
        assert_eq!((last.told_at, last.ended), (15.0, true));
        assert_eq!((last.found.query.start, last.found.query.end), (4.0, 17.0));
        assert_eq!(last.found.score, 0.97);
        assert!((last.found.in_reference.start - 30.0).abs() < 1e-9);
        assert!((last.found.in_reference.end - 43.41).abs() < 1e-6);
    }

    #[test]
    fn a_work_played_twice_is_two_spans() {
        // Ten seconds of it, and at once the same ten seconds again; and once more after a minute.
        let mut windows = vec![vec![]; 16];
        windows[0] = vec![answer("a", (0.0, 10.0), 30.0, 1.0, 0.9)];
        windows[1] = vec![
            answer("a", (5.0, 10.0), 35.0, 1.0, 0.9),
            answer("a", (10.0, 15.0), 30.0, 1.0, 0.8),
        ];
        windows[2] = vec![answer("a", (10.0, 20.0), 30.0, 1.0, 0.9)];
        windows[14] = vec![answer("a", (70.0, 80.0), 30.0, 1.0, 0.9)];
        let told = told(&windows);
        let mut spans: Vec<f64> = told
            .iter()
            .filter(|t| t.ended)
            .map(|t| t.found.query.start)
            .collect();
        spans.sort_by(f64::total_cmp);
        assert_eq!(spans, [0.0, 10.0, 70.0]);
        assert_eq!(told.len(), 6);
    }

    #[test]
    fn a_line_lost_for_a_while_is_the_same_span() {
        let told = told(&[
            vec![answer("a", (0.0, 10.0), 30.0, 1.0, 0.9)],
            vec![],
            vec![answer("a", (17.0, 20.0), 47.1, 1.0, 0.4)],
        ]);
        assert_eq!(told.len(), 2);
        assert_eq!(told[1].found.query.end, 20.0);
    }

    #[test]
    fn a_refrain_and_a_mere_suspicion_are_not_told() {
        let told = told(&[
            vec![answer("a", (0.0, 10.0), 30.0, 1.0, 0.9)],
            vec![
                answer("a", (5.0, 15.0), 35.0, 1.0, 0.9),
                // The refrain also stands a minute later in the work.
                answer("a", (6.0, 14.0), 96.0, 1.0, 0.7),
                answer("b", (6.0, 14.0), 5.0, 1.0, 0.4),
            ],
        ]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().all(|t| t.found.in_reference.start == 30.0));
    }

    #[test]
    fn what_is_open_is_bounded() {
        let (mut join, mut told) = (Join::new(0.5), 0);
        for n in 0..1000u32 {
            let found = vec![answer(&format!("w{n}"), (1.0, 9.0), 3.0, 1.0, 0.9)];
            join.push(f64::from(n) / 1000.0, 10.0, found, &mut |_| told += 1);
            assert!(join.open.len() <= OPEN);
        }
        join.finish(&mut |_| told += 1);
        assert_eq!(told, 2000);
    }
}
