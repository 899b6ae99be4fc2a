//! What a re-check of an ordered removal showed.

use crate::{NoticeId, OutcomeId, Timestamp, lang::vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The five answers of a re-check; they are never mixed up.
    OutcomeKind {
        /// Neither the address nor the page offers the work any more.
        Gone = "gone", "gone", "已删除";
        /// It is where it was.
        StillThere = "still_there", "still there", "仍存在";
        /// The old address is dead and the page offers the same work at another.
        Moved = "moved", "moved", "已转移";
        /// It had been gone and is there again.
        BackAgain = "back_again", "back again", "重新上传";
        /// The site did not answer: nothing is known.
        Unreachable = "unreachable", "unreachable", "无法访问";
    }
}

/// One re-check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Derived from notice and instant.
    pub id: OutcomeId,
    /// The notice.
    pub notice: NoticeId,
    /// The address that was checked.
    pub url: String,
    /// What was seen.
    pub outcome: OutcomeKind,
    /// When.
    pub seen_at: Timestamp,
    /// Where it is now, when it moved.
    #[serde(default)]
    pub moved_to: Option<String>,
    /// What the answer was: status or error, for people.
    #[serde(default)]
    pub detail: String,
}

impl Outcome {
    /// The identifier of the re-check of a notice at an instant.
    pub fn id_of(notice: &NoticeId, at: Timestamp) -> OutcomeId {
        OutcomeId::derive(&[notice.as_str(), &at.to_string()])
    }
}
