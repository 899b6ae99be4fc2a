//! What the ground holds, in one file: every copy, every decoy, what is right to say of each, and what a re-check must see.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use swordnet_core::{Area, Medium, OutcomeKind, SiteId, Timestamp, Verdict, WorkId};

/// How a platform answers an order to remove. Hours run from the moment of the order, but for [`Answer::Late`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// Removes before the deadline.
    WithinDeadline {
        /// Hours after the order.
        hours: u32,
    },
    /// Removes after the deadline.
    Late {
        /// Hours after the deadline.
        hours: u32,
    },
    /// Does nothing.
    Never,
    /// Moves the file: the old address dies, the page links the new one. An order for the new address is obeyed within 6 hours.
    Moves {
        /// Hours after the order.
        hours: u32,
    },
    /// Removes, and puts it back. An order given after that is obeyed within 6 hours, for good.
    ComesBack {
        /// Hours after the order.
        gone_after: u32,
        /// Hours after the removal.
        back_after: u32,
    },
    /// The whole site stops answering.
    GoesDark {
        /// Hours after the order.
        hours: u32,
    },
}

/// Hours within which a second order is obeyed.
pub(crate) const SECOND: u32 = 6;

impl Answer {
    /// What a re-check at `now` sees of a copy whose removal was ordered once, at `ordered`, due by `deadline`.
    pub fn outcome(self, ordered: Timestamp, deadline: Timestamp, now: Timestamp) -> OutcomeKind {
        let past = |from: Timestamp, hours: u32| now >= after(from, hours);
        match self {
            Answer::WithinDeadline { hours } if past(ordered, hours) => OutcomeKind::Gone,
            Answer::Late { hours } if past(deadline, hours) => OutcomeKind::Gone,
            Answer::Moves { hours } if past(ordered, hours) => OutcomeKind::Moved,
            Answer::ComesBack {
                gone_after,
                back_after,
            } if past(ordered, gone_after + back_after) => OutcomeKind::BackAgain,
            Answer::ComesBack { gone_after, .. } if past(ordered, gone_after) => OutcomeKind::Gone,
            Answer::GoesDark { hours } if past(ordered, hours) => OutcomeKind::Unreachable,
            _ => OutcomeKind::StillThere,
        }
    }
}

/// `hours` after `from`.
pub(crate) fn after(from: Timestamp, hours: u32) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(i64::from(hours)))
        .unwrap_or(Timestamp::MAX)
}

/// A copy of a work that a check of its site must find, and what it must say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Copy {
    /// Host of the page.
    pub host: String,
    /// Path (and query) of the page that offers it.
    pub page_path: String,
    /// Pages that show the same offer: a player in a frame, a list with its thumbnail, a second address.
    pub also_on: Vec<String>,
    /// Paths of the copy itself, the first being the one that the page names: file, playlist, redirect, thumbnail; the page's own for
    /// its text.
    pub url_paths: Vec<String>,
    /// The same as whole addresses, as the page names them: a file may lie on another host.
    pub urls: Vec<String>,
    /// The work.
    pub work: WorkId,
    /// The work's label in the plan, such as `F1`.
    pub label: String,
    /// The work's title.
    pub title: String,
    /// The title under which it is offered.
    pub offered_as: String,
    /// What it is. A film copy may be recognised by its sound as well.
    pub medium: Medium,
    /// How it was made.
    pub made_by: String,
    /// How it was made, in Chinese.
    pub made_by_zh: String,
    /// The part of the work that it holds: seconds; `None` for text and pictures.
    pub part: Option<(f64, f64)>,
    /// The right verdict.
    pub verdict: Verdict,
    /// Why, in a word: `licence_expired`, `credit_missing`.
    pub why: String,
    /// How the platform answers an order; `None` where none must be given.
    pub answer: Option<Answer>,
    /// Where it stands after the platform has moved it: whole address.
    pub moves_to: Option<String>,
    /// What re-checks must see, by the answer: in order of time, assuming a single order with a deadline of 24 hours.
    pub outcomes: Vec<Expected>,
}

/// What a re-check must see from some hour on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Hours after the order.
    pub from_hours: u32,
    /// What is seen from then on.
    pub outcome: OutcomeKind,
}

impl Copy {
    /// The outcomes of an answer over time, for an order with a deadline of 24 hours.
    pub(crate) fn timeline(answer: Answer) -> Vec<Expected> {
        let start = Timestamp::UNIX_EPOCH;
        let mut line: Vec<Expected> = Vec::new();
        for hour in 0..=240 {
            let outcome = answer.outcome(start, after(start, 24), after(start, hour));
            if line.last().is_none_or(|e| e.outcome != outcome) {
                line.push(Expected {
                    from_hours: hour,
                    outcome,
                });
            }
        }
        line
    }
}

/// Something that looks like a copy of a work and is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decoy {
    /// Host.
    pub host: String,
    /// Page.
    pub page_path: String,
    /// Addresses of what it offers.
    pub urls: Vec<String>,
    /// The work that it resembles.
    pub resembles: WorkId,
    /// What it is: `same-title`, `trailer`, `same-topic`, `remix`.
    pub kind: String,
    /// Title under which it is offered.
    pub offered_as: String,
}

/// A copy that robots.txt forbids to fetch: reporting it is an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forbidden {
    /// Host.
    pub host: String,
    /// Page.
    pub page_path: String,
    /// Addresses.
    pub urls: Vec<String>,
    /// The work.
    pub work: WorkId,
}

/// What is true of a site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteTruth {
    /// Its identifier.
    pub id: SiteId,
    /// Host.
    pub host: String,
    /// Name.
    pub name: String,
    /// Area.
    pub area: Area,
    /// Does it answer at all?
    pub reachable: bool,
    /// Pages that links and robots.txt let a crawler reach; without the endless part of a trap.
    pub pages: usize,
    /// Copies on it, lawful ones included.
    pub copies: usize,
    /// Is any of them infringing?
    pub infringing: bool,
    /// What is odd about it: `slow`, `broken`, `trap`…
    pub quirks: Vec<String>,
}

/// A registered work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkTruth {
    /// Its identifier.
    pub id: WorkId,
    /// Its label in the plan.
    pub label: String,
    /// Title.
    pub title: String,
    /// Where its reference copy comes from: `rendered`, or file and part.
    pub source: String,
    /// Copies in the ground; a control has none.
    pub copies: usize,
}

/// The ground truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// The seed.
    pub seed: u64,
    /// The moment at which the campaign starts.
    pub start: Timestamp,
    /// Works.
    pub works: Vec<WorkTruth>,
    /// Sites.
    pub sites: Vec<SiteTruth>,
    /// Copies.
    pub copies: Vec<Copy>,
    /// Decoys.
    pub decoys: Vec<Decoy>,
    /// Forbidden copies.
    pub forbidden: Vec<Forbidden>,
}

impl Truth {
    /// The copy that a finding means: the same work on the same host, found by the address of the copy or by that of a page.
    pub fn copy(&self, page_url: &str, url: &str, work: &WorkId) -> Option<&Copy> {
        let (host, page) = split(page_url);
        let of_work = || {
            self.copies
                .iter()
                .filter(move |c| c.work == *work && c.host == host)
        };
        of_work()
            .find(|c| c.urls.iter().any(|u| u == url) || c.moves_to.as_deref() == Some(url))
            .or_else(|| of_work().find(|c| c.page_path == page))
            .or_else(|| of_work().find(|c| c.also_on.iter().any(|p| p == page)))
    }
}

/// Host and path (with query) of an http address; the port is left out.
pub(crate) fn split(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let path = path.split('#').next().unwrap_or(path);
    (host.split(':').next().unwrap_or(host), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_splits_into_host_and_path() {
        assert_eq!(
            split("http://a.site.test:8080/v/1.html?x=2#top"),
            ("a.site.test", "/v/1.html?x=2")
        );
        assert_eq!(split("http://a.site.test"), ("a.site.test", "/"));
    }

    #[test]
    fn an_upload_that_comes_back_is_gone_in_between() {
        let line = Copy::timeline(Answer::ComesBack {
            gone_after: 5,
            back_after: 26,
        });
        let seen: Vec<_> = line.iter().map(|e| (e.from_hours, e.outcome)).collect();
        assert_eq!(
            seen,
            [
                (0, OutcomeKind::StillThere),
                (5, OutcomeKind::Gone),
                (31, OutcomeKind::BackAgain)
            ]
        );
    }
}
