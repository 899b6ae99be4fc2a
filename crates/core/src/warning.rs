//! Pre-warning lists (重点作品版权保护预警名单): works under special protection for a window of days.

use crate::{Date, WarningListId, WorkId};
use serde::{Deserialize, Serialize};

/// One batch of a pre-warning list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WarningList {
    /// Derived from title and issuer.
    pub id: WarningListId,
    /// As published, for example "2017 年度第七批重点作品版权保护预警名单".
    pub title: String,
    /// Who issued it.
    pub issuer: String,
    /// When.
    pub published: Date,
    /// Which wording of the duties it carries: a key of [`crate::law::duty_template`].
    pub duty_template: String,
    /// The works.
    pub entries: Vec<WarningEntry>,
}

/// One work of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WarningEntry {
    /// The work.
    pub work: WorkId,
    /// First day of the window.
    pub from: Date,
    /// Last day; a theatrical run gets extended, so this is edited with history.
    #[serde(default)]
    pub to: Option<Date>,
    /// Services entitled to show it: hosts or operators' names.
    #[serde(default)]
    pub authorised: Vec<String>,
}

impl WarningList {
    /// The identifier of a list of this title by this issuer.
    pub fn id_of(title: &str, issuer: &str) -> WarningListId {
        WarningListId::derive(&[title, issuer])
    }

    /// The list's entry for a work whose window holds `day`.
    pub fn active(&self, work: &WorkId, day: Date) -> Option<&WarningEntry> {
        self.entries
            .iter()
            .find(|e| e.work == *work && covers(e.from, e.to, day))
    }
}

/// Whether a term of days, both ends included, holds `day`.
pub fn covers(from: Date, to: Option<Date>, day: Date) -> bool {
    from <= day && to.is_none_or(|to| day <= to)
}
