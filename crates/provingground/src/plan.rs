//! The plan of the ground, as `plan.toml` states it.

use serde::Deserialize;
use swordnet_core::{Area, Exemption, Lang, Right, ServiceKind, Verdict, WorkKind};

/// The whole plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub work: Vec<WorkRow>,
    pub licence: Vec<LicenceRow>,
    pub white: Vec<WhiteRow>,
    pub warning: Vec<WarningRow>,
    pub site: Vec<SiteRow>,
}

/// Works of one kind, language and holder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkRow {
    pub labels: String,
    pub kind: WorkKind,
    pub lang: Lang,
    pub holder: String,
    pub exemption: Option<Exemption>,
}

/// A licence; days from the campaign's start.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenceRow {
    pub work: Option<String>,
    pub grantor: String,
    pub grantee: String,
    #[serde(default = "on_demand")]
    pub rights: Vec<Right>,
    #[serde(default = "china")]
    pub territory: Vec<String>,
    #[serde(default)]
    pub exclusive: bool,
    #[serde(default)]
    pub sublicence: bool,
    pub from: i64,
    pub to: Option<i64>,
}

fn on_demand() -> Vec<Right> {
    vec![Right::InformationNetwork, Right::Reproduction]
}

fn china() -> Vec<String> {
    vec!["CN".into()]
}

/// A white-list entry; every one asks for the credit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhiteRow {
    pub source: String,
    pub reprinters: Vec<String>,
    pub from: i64,
    pub to: Option<i64>,
}

/// A pre-warning list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningRow {
    pub zh: String,
    pub template: String,
    pub published: i64,
    pub works: Vec<WarnedRow>,
}

/// A work on it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarnedRow {
    pub work: String,
    pub from: i64,
    pub to: i64,
    pub authorised: Vec<String>,
}

/// A site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteRow {
    /// First label of the host name.
    pub host: String,
    pub name: String,
    pub area: Area,
    #[serde(default = "provider")]
    pub service: ServiceKind,
    #[serde(default = "chinese")]
    pub lang: Lang,
    /// A folder of templates.
    pub theme: String,
    #[serde(default = "utf8")]
    pub charset: String,
    #[serde(default)]
    pub declared: Declared,
    #[serde(default)]
    pub players: Vec<String>,
    #[serde(default)]
    pub stream: Stream,
    /// Do files lie on a host of their own?
    #[serde(default)]
    pub cdn: bool,
    #[serde(default)]
    pub supervised: bool,
    #[serde(default)]
    pub gzip: bool,
    /// Does it stop answering after an order?
    #[serde(default)]
    pub dark: bool,
    #[serde(default)]
    pub region: String,
    /// `holder:` of a work; otherwise a company of the site's own.
    pub operator: Option<String>,
    /// A path that robots.txt forbids.
    pub robots: Option<String>,
    #[serde(default)]
    pub quirks: Vec<String>,
    /// Pages that offer nothing.
    #[serde(default)]
    pub bare: usize,
    /// Pages that offer what is nobody's registered work.
    #[serde(default)]
    pub innocent: usize,
    #[serde(default)]
    pub items: Vec<ItemRow>,
}

/// Where a page says in which charset it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    #[default]
    Page,
    Header,
    Nowhere,
}

/// How films are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    #[default]
    File,
    Hls,
}

fn provider() -> ServiceKind {
    ServiceKind::ContentProvider
}

fn chinese() -> Lang {
    Lang::Zh
}

fn utf8() -> String {
    "utf-8".into()
}

/// A copy or a decoy on a site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRow {
    pub work: String,
    /// Ways of changing it; `*` draws from the deck.
    #[serde(default)]
    pub how: String,
    pub decoy: Option<String>,
    pub verdict: Option<Verdict>,
    #[serde(default)]
    pub why: String,
    /// Does a reprint name its source?
    #[serde(default)]
    pub credit: bool,
    #[serde(default)]
    pub retitle: bool,
    /// Is it at two addresses?
    #[serde(default)]
    pub twice: bool,
    /// Does robots.txt forbid it?
    #[serde(default)]
    pub forbidden: bool,
    /// Chapters of a novel that are copied.
    #[serde(default)]
    pub chapters: usize,
    /// A text file in this charset instead of pages.
    pub file: Option<String>,
}

impl Plan {
    /// The plan that is built into the program.
    pub fn built_in() -> Plan {
        toml::from_str(include_str!("plan.toml")).expect("plan.toml is checked by a test")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_built_in_plan_has_what_a_campaign_needs() {
        let plan = Plan::built_in();
        let areas: HashSet<_> = plan.site.iter().map(|s| s.area).collect();
        assert!(plan.site.len() >= 40 && areas.len() >= 6);
        let hosts: HashSet<_> = plan.site.iter().map(|s| &s.host).collect();
        assert_eq!(hosts.len(), plan.site.len());
        let labels: Vec<_> = plan.work.iter().flat_map(|w| w.labels.split(' ')).collect();
        for item in plan.site.iter().flat_map(|s| &s.items) {
            assert!(labels.contains(&item.work.as_str()), "{} is no work", item.work);
            let ways = crate::recipe::Way::read(item.how.trim_matches('*'));
            assert!(ways.is_ok(), "{ways:?}");
        }
        for row in &plan.warning {
            assert!(
                swordnet_core::law::duty_template(&row.template).is_some(),
                "{}",
                row.template
            );
        }
    }
}
