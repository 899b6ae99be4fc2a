//! Tally → Briefing: the records of a period counted, and shown.

mod html;
mod plot;
mod words;

use crate::{Campaign, Error};
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use swordnet_core::*;
use swordnet_store::Query;

pub use html::to_html;

/// Findings of a briefing that are shown with their pictures; all the others stand in its tables.
const ILLUSTRATED: usize = 400;

/// A briefing with the pictures of its findings.
pub struct Illustrated {
    /// The figures and the records behind them.
    pub briefing: Briefing,
    /// Pictures of findings: the picture and its bytes.
    pub pictures: BTreeMap<FindingId, Vec<(Picture, bytes::Bytes)>>,
}

/// Counts the records of a period; without days, of all there is.
pub async fn brief(campaign: &Campaign, from: Option<Date>, to: Option<Date>) -> Result<Illustrated, Error> {
    let records = &campaign.records;
    let cut_off = campaign.now();
    let everything = Query::default();
    let visits: Vec<Visit> = records.all(&everything).await?;
    let findings: Vec<Finding> = records.all(&everything).await?;
    let days = || {
        visits
            .iter()
            .map(|v| v.started_at)
            .chain(findings.iter().map(|f| f.found_at))
            .map(china_day)
    };
    let from = from
        .or_else(|| days().min())
        .unwrap_or_else(|| china_day(cut_off));
    let to = to.unwrap_or_else(|| china_day(cut_off));
    let within = |at: Timestamp| covers(from, Some(to), china_day(at));
    let visits: Vec<Visit> = visits.into_iter().filter(|v| within(v.started_at)).collect();
    let findings: Vec<Finding> = findings.into_iter().filter(|f| within(f.found_at)).collect();
    let of: HashSet<&FindingId> = findings.iter().map(|f| &f.id).collect();
    let mut notices: Vec<Notice> = records.all(&everything).await?;
    notices.retain(|n| of.contains(&n.finding) && n.issued_at <= cut_off);
    let mut exhibits: Vec<Exhibit> = records.all(&everything).await?;
    exhibits.retain(|e| of.contains(&e.finding));
    let orders: HashSet<&NoticeId> = notices.iter().map(|n| &n.id).collect();
    let mut outcomes: Vec<Outcome> = records.all(&everything).await?;
    outcomes.retain(|o| orders.contains(&o.notice) && within(o.seen_at));
    let mut examinations: Vec<Examination> = records.all(&everything).await?;
    examinations.retain(|e| within(e.at));
    let mut pictures = BTreeMap::new();
    for exhibit in exhibits.iter().take(ILLUSTRATED) {
        let mut shown = Vec::new();
        for picture in &exhibit.pictures {
            shown.push((picture.clone(), campaign.vault.get(&picture.blob).await?));
        }
        pictures.insert(exhibit.finding.clone(), shown);
    }
    let books = Books {
        works: records.all(&everything).await?,
        warning_lists: records.all(&everything).await?,
        sites: records.all(&everything).await?,
        visits,
        examinations,
        findings,
        exhibits,
        notices,
        outcomes,
    };
    Ok(Illustrated {
        briefing: Briefing::of(books, from, to, cut_off),
        pictures,
    })
}

/// The briefing as one JSON object: the period, and every figure with the records behind it.
pub fn to_json(briefing: &Briefing) -> serde_json::Value {
    json!({
        "from": briefing.from,
        "to": briefing.to,
        "cut_off": briefing.cut_off,
        "figures": briefing.figures,
        "series": briefing.series,
    })
}
