//! Removal orders and their deadlines.

use crate::{
    FindingId, NoticeId, ServiceKind, SiteId, Timestamp, WorkId, finding::ForbiddenStep, lang::vocabulary,
    law::Duty,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The life of a notice.
    NoticeState {
        /// Sent, its deadline running.
        Issued = "issued", "issued", "已发出";
        /// Done in time.
        Complied = "complied", "complied in time", "按期履行";
        /// The deadline has passed and the copy stands.
        Overdue = "overdue", "overdue", "逾期";
        /// Done, but late.
        CompliedLate = "complied_late", "complied late", "逾期履行";
        /// Done, and then undone by a new upload.
        Breached = "breached", "breached by re-upload", "重新上传";
        /// Withdrawn by a person; kept, never deleted.
        Withdrawn = "withdrawn", "withdrawn", "已撤回";
    }
}

impl NoticeState {
    /// Which step may follow which.
    pub fn may_become(self, next: Self) -> bool {
        use NoticeState::*;
        matches!(
            (self, next),
            (Issued, Complied | Overdue | Withdrawn)
                | (Overdue, CompliedLate | Withdrawn)
                | (Complied | CompliedLate, Breached | Withdrawn)
                | (Breached, CompliedLate | Withdrawn)
        )
    }
}

/// An order to remove one copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Derived from the finding.
    pub id: NoticeId,
    /// The finding.
    pub finding: FindingId,
    /// The site.
    pub site: SiteId,
    /// The work.
    pub work: WorkId,
    /// The page's address.
    pub page_url: String,
    /// The address to be removed.
    pub url: String,
    /// State.
    pub state: NoticeState,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When the copy must be gone.
    pub deadline: Timestamp,
    /// The duty that sets the deadline.
    pub duty: Duty,
    /// When it was first seen gone.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
    /// When it is to be checked next.
    pub next_check: Option<Timestamp>,
    /// The notice to which a moved copy's removal was first ordered.
    #[serde(default)]
    pub follows: Option<NoticeId>,
}

impl Notice {
    /// The identifier of the notice for a finding.
    pub fn id_of(finding: &FindingId) -> NoticeId {
        NoticeId::derive(&[finding.as_str()])
    }

    /// Moves on to `next`, or says that it cannot. Staying in the same state is no step and is allowed.
    pub fn advance(&mut self, next: NoticeState) -> Result<(), ForbiddenStep> {
        if self.state != next && !self.state.may_become(next) {
            return Err(ForbiddenStep {
                kind: "notice",
                id: self.id.to_string(),
                from: self.state.to_string(),
                to: next.to_string(),
            });
        }
        self.state = next;
        Ok(())
    }
}

/// The moment that is `hours` after `from`.
pub fn after_hours(from: Timestamp, hours: u32) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(i64::from(hours)))
        .unwrap_or(Timestamp::MAX)
}

/// What a notice is due to: the strictest duty in force for this kind of service, see [`crate::law::duty_for`].
pub fn deadline(
    service: ServiceKind,
    area: crate::Area,
    warned: bool,
    issued_at: Timestamp,
) -> (Timestamp, Duty) {
    let duty = crate::law::duty_for(service, area, warned, crate::china_day(issued_at));
    (after_hours(issued_at, duty.hours), duty)
}
