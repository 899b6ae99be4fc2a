//! Figures that keep the records behind them.

use crate::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One figure. A figure without records behind it does not exist: `value` follows from `ids`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stable name, for example `links_ordered`.
    pub figure: String,
    /// Its value.
    pub value: f64,
    /// What it counts: `sites`, `links`, `hours`…
    pub unit: String,
    /// What it is narrowed to, when it is one row of a breakdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Slice>,
    /// The kind of record behind it.
    pub records: Kind,
    /// The records behind it.
    pub ids: Vec<String>,
}

/// One row of a breakdown: `area` = `film`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slice {
    /// `area`, `region`, `work`, `warning_list`.
    pub dimension: String,
    /// Its value: an area's key, a region's code, an identifier.
    pub key: String,
    /// The value as people read it.
    pub label: String,
}

/// Everything that a tally counts: the records of a period.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Protected works.
    pub works: Vec<Work>,
    /// Pre-warning lists.
    pub warning_lists: Vec<WarningList>,
    /// Registered sites.
    pub sites: Vec<Site>,
    /// Visits of the period.
    pub visits: Vec<Visit>,
    /// Examinations of the period.
    pub examinations: Vec<Examination>,
    /// Findings of the period.
    pub findings: Vec<Finding>,
    /// Exhibits of these findings.
    pub exhibits: Vec<Exhibit>,
    /// Notices to these findings.
    pub notices: Vec<Notice>,
    /// Re-checks of these notices.
    pub outcomes: Vec<Outcome>,
}

fn figure(name: &str, unit: &str, records: Kind, ids: impl IntoIterator<Item = String>) -> Figure {
    let ids: BTreeSet<String> = ids.into_iter().collect();
    Figure {
        figure: name.into(),
        value: ids.len() as f64,
        unit: unit.into(),
        by: None,
        records,
        ids: ids.into_iter().collect(),
    }
}

/// Counts the books: totals first, then each breakdown.
pub fn tally(books: &Books) -> Vec<Figure> {
    let mut figures = site_figures(books);
    figures.extend(link_figures(books));
    figures.extend(response_figures(books));
    figures.extend(breakdowns(books));
    figures
}

fn site_figures(books: &Books) -> Vec<Figure> {
    let sites_of = |findings: &mut dyn Iterator<Item = &Finding>| -> Vec<String> {
        findings.map(|f| f.site.to_string()).collect()
    };
    let reached = |v: &&Visit| v.end != VisitEnd::Unreachable;
    vec![
        figure(
            "works_protected",
            "works",
            Kind::Work,
            books.works.iter().map(|w| w.id.to_string()),
        ),
        figure(
            "works_on_warning_lists",
            "works",
            Kind::Work,
            books
                .warning_lists
                .iter()
                .flat_map(|l| &l.entries)
                .map(|e| e.work.to_string()),
        ),
        figure(
            "warning_lists",
            "lists",
            Kind::WarningList,
            books.warning_lists.iter().map(|l| l.id.to_string()),
        ),
        figure(
            "site_visits",
            "visits",
            Kind::Visit,
            books.visits.iter().map(|v| v.id.to_string()),
        ),
        figure(
            "sites_checked",
            "sites",
            Kind::Site,
            books.visits.iter().filter(reached).map(|v| v.site.to_string()),
        ),
        figure(
            "sites_unreachable",
            "sites",
            Kind::Site,
            books
                .visits
                .iter()
                .filter(|v| v.end == VisitEnd::Unreachable)
                .map(|v| v.site.to_string()),
        ),
        figure(
            "sites_supervised",
            "sites",
            Kind::Site,
            books
                .sites
                .iter()
                .filter(|s| s.supervised)
                .map(|s| s.id.to_string()),
        ),
        figure(
            "sites_infringing",
            "sites",
            Kind::Site,
            sites_of(&mut infringing(books)),
        ),
        figure(
            "sites_marked_for_sanction",
            "sites",
            Kind::Site,
            sites_of(&mut infringing(books).filter(|f| f.state.sanctionable())),
        ),
        figure(
            "works_infringed",
            "works",
            Kind::Work,
            infringing(books).map(|f| f.work.to_string()),
        ),
    ]
}

fn infringing(books: &Books) -> impl Iterator<Item = &Finding> {
    books.findings.iter().filter(|f| f.verdict == Verdict::Infringing)
}

fn findings_figure<'a>(name: &str, findings: impl Iterator<Item = &'a Finding>) -> Figure {
    figure(name, "links", Kind::Finding, findings.map(|f| f.id.to_string()))
}

fn link_figures(books: &Books) -> Vec<Figure> {
    let with = |verdict| books.findings.iter().filter(move |f| f.verdict == verdict);
    let seen = |kind| {
        let of: BTreeSet<&NoticeId> = books
            .outcomes
            .iter()
            .filter(|o| o.outcome == kind)
            .map(|o| &o.notice)
            .collect();
        let ids: Vec<String> = of.into_iter().map(ToString::to_string).collect();
        ids
    };
    let now = |states: &'static [FindingState]| infringing(books).filter(|f| states.contains(&f.state));
    vec![
        figure(
            "offers_examined",
            "offers",
            Kind::Examination,
            books
                .examinations
                .iter()
                .filter(|e| matches!(e.end, ExaminationEnd::Compared | ExaminationEnd::Known))
                .map(|e| e.id.to_string()),
        ),
        figure(
            "offers_not_judged",
            "offers",
            Kind::Examination,
            books
                .examinations
                .iter()
                .filter(|e| matches!(e.end, ExaminationEnd::NotJudged | ExaminationEnd::Unfetched))
                .map(|e| e.id.to_string()),
        ),
        findings_figure("links_found", infringing(books)),
        findings_figure("links_licensed", with(Verdict::Licensed)),
        findings_figure("links_white_listed", with(Verdict::WhiteListed)),
        findings_figure("links_exempt", with(Verdict::Exempt)),
        findings_figure("links_unclear", with(Verdict::Unclear)),
        figure(
            "exhibits_sealed",
            "exhibits",
            Kind::Exhibit,
            books.exhibits.iter().map(|e| e.id.to_string()),
        ),
        figure(
            "links_ordered",
            "links",
            Kind::Notice,
            books.notices.iter().map(|n| n.id.to_string()),
        ),
        findings_figure(
            "links_deleted",
            now(&[FindingState::Removed, FindingState::Moved]),
        ),
        findings_figure(
            "links_standing",
            now(&[
                FindingState::Ordered,
                FindingState::Overdue,
                FindingState::Returned,
            ]),
        ),
        findings_figure(
            "links_marked_for_sanction",
            infringing(books).filter(|f| f.state.sanctionable()),
        ),
        figure("links_moved", "links", Kind::Notice, seen(OutcomeKind::Moved)),
        figure(
            "links_back_again",
            "links",
            Kind::Notice,
            seen(OutcomeKind::BackAgain),
        ),
        figure(
            "links_unreachable",
            "links",
            Kind::Notice,
            seen(OutcomeKind::Unreachable),
        ),
    ]
}

fn response_figures(books: &Books) -> Vec<Figure> {
    let mut answered: Vec<(&Notice, f64)> = books
        .notices
        .iter()
        .filter_map(|n| {
            let hours = n.removed_at?.duration_since(n.issued_at).as_secs_f64() / 3600.0;
            Some((n, hours))
        })
        .collect();
    answered.sort_by(|a, b| a.1.total_cmp(&b.1));
    let ids: Vec<String> = answered.iter().map(|(n, _)| n.id.to_string()).collect();
    let in_time = answered
        .iter()
        .filter(|(n, _)| n.removed_at.is_some_and(|at| at <= n.deadline));
    let mut figures = vec![figure(
        "links_deleted_in_time",
        "links",
        Kind::Notice,
        in_time.map(|(n, _)| n.id.to_string()),
    )];
    if let Some(&(_, median)) = answered.get((answered.len().max(1) - 1) / 2) {
        let longest = answered[answered.len() - 1].1;
        for (name, value) in [
            ("hours_to_deletion_median", median),
            ("hours_to_deletion_longest", longest),
        ] {
            figures.push(Figure {
                figure: name.into(),
                value,
                unit: "hours".into(),
                by: None,
                records: Kind::Notice,
                ids: ids.clone(),
            });
        }
    }
    figures
}

/// Found, ordered and deleted links by area, region, work and warning list.
fn breakdowns(books: &Books) -> Vec<Figure> {
    let sites: BTreeMap<&SiteId, &Site> = books.sites.iter().map(|s| (&s.id, s)).collect();
    let mut rows: BTreeMap<Slice, Vec<&Finding>> = BTreeMap::new();
    for finding in infringing(books) {
        let mut slices = vec![
            slice("area", finding.area.key(), finding.area.label(Lang::En)),
            slice("work", finding.work.as_str(), &finding.title),
        ];
        if let Some(province) = sites.get(&finding.site).and_then(|s| province_of(&s.region)) {
            slices.push(slice("region", &province, &province_name(&province, Lang::En)));
        }
        for list in &books.warning_lists {
            if list.active(&finding.work, china_day(finding.found_at)).is_some() {
                slices.push(slice("warning_list", list.id.as_str(), &list.title));
            }
        }
        for slice in slices {
            rows.entry(slice).or_default().push(finding);
        }
    }
    let mut figures = Vec::new();
    for (slice, findings) in rows {
        let counted = [
            findings_figure("links_found", findings.iter().copied()),
            findings_figure(
                "links_ordered",
                findings.iter().copied().filter(|f| f.notice.is_some()),
            ),
            findings_figure(
                "links_deleted",
                findings
                    .iter()
                    .copied()
                    .filter(|f| matches!(f.state, FindingState::Removed | FindingState::Moved)),
            ),
            findings_figure(
                "links_marked_for_sanction",
                findings.iter().copied().filter(|f| f.state.sanctionable()),
            ),
        ];
        figures.extend(counted.into_iter().map(|f| Figure {
            by: Some(slice.clone()),
            ..f
        }));
    }
    figures
}

fn slice(dimension: &str, key: &str, label: &str) -> Slice {
    Slice {
        dimension: dimension.into(),
        key: key.into(),
        label: label.into(),
    }
}
