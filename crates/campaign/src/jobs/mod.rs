//! The jobs: one file an arrow of the path. Each is a serialisable value with a key; doing it twice changes nothing.

mod again;
mod browse;
mod capture;
mod examine;
mod order;
mod patrol;
mod preserve;
mod recall;
mod stamp;
mod verify;

pub(crate) use order::expectation;
pub use patrol::{PatrolRequest, PatrolSummary};
pub(crate) use preserve::Clocks;
pub use stamp::Stamping;

use crate::{Campaign, Error, Observer};
use serde::{Deserialize, Serialize};
use swordnet_core::{ExhibitId, FindingId, NoticeId, PatrolId, SightingId, SiteId, Timestamp};

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Fetch and read a site: Site → Page → Sighting.
    Visit {
        /// The patrol.
        patrol: PatrolId,
        /// The site.
        site: SiteId,
    },
    /// Fetch, recognise and judge an offer: Sighting → Candidate → Finding.
    Examine {
        /// The offer.
        sighting: SightingId,
    },
    /// Seal evidence: Finding → Exhibit.
    Preserve {
        /// The finding.
        finding: FindingId,
    },
    /// Order removal: Exhibit → Notice.
    Order {
        /// The finding.
        finding: FindingId,
    },
    /// Obtain the time-stamps that an exhibit awaits.
    Stamp {
        /// The exhibit.
        exhibit: ExhibitId,
    },
    /// Check what became of it: Notice → Outcome.
    Verify {
        /// The notice.
        notice: NoticeId,
        /// The instant of the check.
        at: Timestamp,
    },
}

impl Job {
    /// The job as a queue carries it.
    pub fn key(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// A job from its key.
    pub fn from_key(key: &str) -> Option<Self> {
        serde_json::from_str(key).ok()
    }

    /// What it is about, for people.
    pub fn about(&self) -> String {
        match self {
            Job::Visit { site, .. } => format!("visit {site}"),
            Job::Examine { sighting } => format!("examine {sighting}"),
            Job::Preserve { finding } => format!("preserve {finding}"),
            Job::Order { finding } => format!("order {finding}"),
            Job::Stamp { exhibit } => format!("time-stamp {exhibit}"),
            Job::Verify { notice, .. } => format!("verify {notice}"),
        }
    }
}

impl Campaign {
    /// Does a job and says what follows from it.
    pub(crate) async fn perform(&self, job: &Job, observer: &dyn Observer) -> Result<Vec<Job>, Error> {
        match job {
            Job::Visit { patrol, site } => self.visit(patrol, site).await,
            Job::Examine { sighting } => self.examine(sighting, observer).await,
            Job::Preserve { finding } => self.preserve(finding).await,
            Job::Order { finding } => self.order(finding, observer).await,
            Job::Stamp { exhibit } => self.stamp(exhibit).await,
            Job::Verify { notice, at } => self.verify_notice(notice, *at, observer).await,
        }
    }
}
