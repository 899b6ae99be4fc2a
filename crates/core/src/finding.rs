//! Findings: judged candidates.

use crate::{
    Area, Candidate, ExhibitId, FindingId, Medium, NoticeId, PageId, SightingId, SiteId, Timestamp, VisitId,
    WorkId, lang::vocabulary,
};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What the judgement says. It indicates; people decide.
    Verdict {
        /// A copy that nothing allows.
        Infringing = "infringing", "infringing", "涉嫌侵权";
        /// A licence covers it.
        Licensed = "licensed", "licensed", "已获授权";
        /// A white list allows it.
        WhiteListed = "white_listed", "white-listed", "白名单";
        /// The law leaves it free.
        Exempt = "exempt", "exempt", "依法不侵权";
        /// A person has to look.
        Unclear = "unclear", "unclear", "待核实";
    }
}

vocabulary! {
    /// The life of a finding.
    FindingState {
        /// Judged, nothing done yet.
        Judged = "judged", "judged", "已研判";
        /// Evidence is sealed.
        Preserved = "preserved", "evidence preserved", "已取证";
        /// Removal is ordered.
        Ordered = "ordered", "removal ordered", "已责令删除";
        /// Still there past the deadline: marked for sanction.
        Overdue = "overdue", "overdue, marked for sanction", "逾期未删，拟处罚";
        /// Gone.
        Removed = "removed", "removed", "已删除";
        /// The same offer stands at another address, which is a finding of its own.
        Moved = "moved", "moved elsewhere", "已转移";
        /// It had been removed and came back: marked for sanction.
        Returned = "returned", "re-uploaded, marked for sanction", "重新上传，拟处罚";
        /// Nothing to do: lawful, or dismissed by a person.
        Closed = "closed", "closed", "已结案";
    }
}

impl FindingState {
    /// Which step may follow which.
    pub fn may_become(self, next: Self) -> bool {
        use FindingState::*;
        matches!(
            (self, next),
            (Judged, Preserved | Closed)
                | (Preserved, Ordered | Closed)
                | (Ordered, Overdue | Removed | Moved | Closed)
                | (Overdue, Removed | Moved | Closed)
                | (Removed | Moved, Returned | Closed)
                | (Returned, Removed | Moved | Closed)
                | (Closed, Judged)
        )
    }

    /// Is the copy marked for sanction in this state?
    pub fn sanctionable(self) -> bool {
        matches!(self, FindingState::Overdue | FindingState::Returned)
    }
}

/// One reason of a judgement, for or against calling the copy infringing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Does it speak for infringement (true) or against (false)?
    pub against_site: bool,
    /// A stable key such as `licence_expired`.
    pub code: String,
    /// The reason in English.
    pub en: String,
    /// The reason in Chinese.
    pub zh: String,
    /// The record or article that it rests on: a licence, a list, a row of law.
    #[serde(default)]
    pub basis: String,
    /// False where it rests on a row of law that nobody has verified.
    pub verified: bool,
}

/// A judged candidate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Derived from site, address of the copy and work: the same copy found again is the same finding.
    pub id: FindingId,
    /// The visit on which it was first seen.
    pub visit: VisitId,
    /// The site.
    pub site: SiteId,
    /// The site's area at the time.
    pub area: Area,
    /// The offer.
    pub sighting: SightingId,
    /// The page.
    pub page: PageId,
    /// The page's address.
    pub page_url: String,
    /// The address of the copy.
    pub url: String,
    /// The work.
    pub work: WorkId,
    /// The work's title, for people.
    pub title: String,
    /// The medium that carries the match (the best-scored one).
    pub medium: Medium,
    /// The best score.
    pub score: f64,
    /// Every recognised span.
    pub candidates: Vec<Candidate>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, both ways.
    pub reasons: Vec<Reason>,
    /// State.
    pub state: FindingState,
    /// When it was judged.
    pub found_at: Timestamp,
    /// The moment of the last change of state.
    pub changed_at: Timestamp,
    /// The exhibit, once sealed.
    #[serde(default)]
    pub exhibit: Option<ExhibitId>,
    /// The notice, once issued.
    #[serde(default)]
    pub notice: Option<NoticeId>,
    /// The finding that this one was before the copy was moved here.
    #[serde(default)]
    pub moved_from: Option<FindingId>,
}

/// A step that the life of a record does not allow.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind} {id} is {from} and cannot become {to}")]
pub struct ForbiddenStep {
    /// Kind of record.
    pub kind: &'static str,
    /// Which one.
    pub id: String,
    /// Its state.
    pub from: String,
    /// The state asked for.
    pub to: String,
}

impl Finding {
    /// The identifier of a copy of a work at an address, offered by a site.
    pub fn id_of(site: &SiteId, url: &str, work: &WorkId) -> FindingId {
        FindingId::derive(&[site.as_str(), url, work.as_str()])
    }

    /// Moves on to `next`, or says that it cannot. Staying in the same state is no step and is allowed.
    pub fn advance(&mut self, next: FindingState, at: Timestamp) -> Result<(), ForbiddenStep> {
        if self.state == next {
            return Ok(());
        }
        if !self.state.may_become(next) {
            return Err(ForbiddenStep {
                kind: "finding",
                id: self.id.to_string(),
                from: self.state.to_string(),
                to: next.to_string(),
            });
        }
        self.state = next;
        self.changed_at = at;
        Ok(())
    }
}
