//! The briefing: one value, from which every form of it is made.

use crate::{Books, Date, Figure, Timestamp};
use serde::{Deserialize, Serialize};

/// A figure over time: the value at the end of each day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The figure's name.
    pub figure: String,
    /// Days and values, ascending.
    pub points: Vec<(Date, f64)>,
}

/// The results of a campaign over a period, frozen at a cut-off.
#[derive(Clone, Debug)]
pub struct Briefing {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// The instant up to which records were counted.
    pub cut_off: Timestamp,
    /// The figures: totals, then breakdowns.
    pub figures: Vec<Figure>,
    /// Main figures over time.
    pub series: Vec<Series>,
    /// The records that were counted.
    pub books: Books,
}

impl Briefing {
    /// Counts the books of a period.
    pub fn of(books: Books, from: Date, to: Date, cut_off: Timestamp) -> Self {
        let figures = crate::tally(&books);
        let series = series(&books, from, to);
        Self {
            from,
            to,
            cut_off,
            figures,
            series,
            books,
        }
    }

    /// The total with this name.
    pub fn total(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|f| f.by.is_none() && f.figure == name)
    }
}

/// Cumulated counts at the end of each day of the period, from the eve of the first.
fn series(books: &Books, from: Date, to: Date) -> Vec<Series> {
    let days: Vec<Date> =
        std::iter::successors(Some(from.yesterday().unwrap_or(from)), |day| day.tomorrow().ok())
            .take_while(|day| *day <= to)
            .take(3660)
            .collect();
    let over = |name: &str, moments: Vec<Timestamp>| Series {
        figure: name.into(),
        points: days
            .iter()
            .map(|&day| {
                (
                    day,
                    moments.iter().filter(|&&at| crate::china_day(at) <= day).count() as f64,
                )
            })
            .collect(),
    };
    let infringing = || {
        books
            .findings
            .iter()
            .filter(|f| f.verdict == crate::Verdict::Infringing)
    };
    vec![
        over("site_visits", books.visits.iter().map(|v| v.started_at).collect()),
        over("links_found", infringing().map(|f| f.found_at).collect()),
        over(
            "links_ordered",
            books.notices.iter().map(|n| n.issued_at).collect(),
        ),
        over(
            "links_deleted",
            books.notices.iter().filter_map(|n| n.removed_at).collect(),
        ),
    ]
}
