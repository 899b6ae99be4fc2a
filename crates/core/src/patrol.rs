//! Patrols and the visits they consist of.

use crate::{Area, PatrolId, SiteId, Timestamp, VisitId, lang::vocabulary};
use serde::{Deserialize, Serialize};

/// One run over a selection of sites. A patrol that was cut off is taken up again under its own instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Patrol {
    /// Derived from the selection and the start.
    pub id: PatrolId,
    /// The area asked for, if one was.
    pub area: Option<Area>,
    /// The sites, in the order of their identifiers.
    pub sites: Vec<SiteId>,
    /// The instant by which everything in this patrol is judged.
    pub started_at: Timestamp,
    /// Are all sites done?
    pub done: bool,
}

vocabulary! {
    /// How a visit ended.
    VisitEnd {
        /// Every page within the limits was fetched.
        Complete = "complete", "complete", "完成";
        /// A limit or errors left some of the site unseen.
        Partial = "partial", "partial", "部分完成";
        /// Nothing could be fetched: an outcome of its own, never "clean".
        Unreachable = "unreachable", "unreachable", "无法访问";
        /// robots.txt forbids the start page.
        Refused = "refused", "refused by robots.txt", "被 robots.txt 拒绝";
    }
}

/// One check of one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Derived from patrol and site.
    pub id: VisitId,
    /// The patrol it belongs to.
    pub patrol: PatrolId,
    /// The site.
    pub site: SiteId,
    /// When the first request went out.
    pub started_at: Timestamp,
    /// When the last reply was in.
    pub finished_at: Timestamp,
    /// How it ended.
    pub end: VisitEnd,
    /// What went wrong or looked odd, a line each.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// Pages fetched and read.
    pub pages: u64,
    /// Bytes received.
    pub bytes: u64,
    /// Addresses left alone because robots.txt forbids them.
    pub refused_by_robots: u64,
    /// Requests that failed.
    pub errors: u64,
    /// The archive of the visit in the vault (WARC, gzip a record).
    pub warc: Option<crate::Sha256Hex>,
    /// What was seen of our own machine when the visit began, JSON in the vault.
    #[serde(default)]
    pub environment: Option<crate::Sha256Hex>,
}

impl Visit {
    /// The identifier of a patrol's visit to a site.
    pub fn id_of(patrol: &PatrolId, site: &SiteId) -> VisitId {
        VisitId::derive(&[patrol.as_str(), site.as_str()])
    }
}
