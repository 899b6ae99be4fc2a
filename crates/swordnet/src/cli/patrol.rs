//! `patrol`.

use super::{Office, network::Network};
use crate::{exit, output};
use clap::Args;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::{Error, PatrolRequest, Settings};
use swordnet_core::{Area, Finding, Lang, Site, Verdict, Visit, VisitEnd, Vocabulary};

#[derive(Debug, Args)]
pub struct Command {
    /// Sites by host, identifier or address; all registered ones by default.
    sites: Vec<String>,
    /// Only sites of this area.
    #[arg(long)]
    area: Option<Area>,
    #[command(flatten)]
    network: Network,
    /// Open no page in a browser, whatever its player hides.
    #[arg(long)]
    no_browser: bool,
    /// Ask this yt-dlp where the browser finds nothing; it runs locked in, and reaches the network by our rules alone.
    #[arg(long, value_name = "PROGRAM")]
    yt_dlp: Option<PathBuf>,
    /// Exit with 1 when something infringing was found.
    #[arg(long)]
    fail_on_finding: bool,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let settings = Settings {
        browser: !command.no_browser,
        resolver: command.yt_dlp,
        ..office.settings()
    };
    let campaign = office.open_with(command.network.policy(), settings).await?;
    let request = PatrolRequest {
        sites: command.sites,
        area: command.area,
    };
    let summary = campaign.patrol(&request, &output::Console::quiet()).await?;
    for finding in &summary.findings {
        show(office, finding);
    }
    let mut verdicts: BTreeMap<Verdict, u64> = BTreeMap::new();
    for finding in &summary.findings {
        *verdicts.entry(finding.verdict).or_default() += 1;
    }
    let mut ends: BTreeMap<VisitEnd, u64> = BTreeMap::new();
    for visit in &summary.visits {
        *ends.entry(visit.end).or_default() += 1;
        // Else nothing keeps the visit from saying what it found.
        if visit.end == VisitEnd::Complete && visit.remarks.is_empty() {
            continue;
        }
        let site = campaign.records.get::<Site>(visit.site.as_str()).await?;
        let named = site.map_or_else(|| visit.site.to_string(), |site| site.start);
        output::note(&format!("{named}: {}", visit.end.label(Lang::En)));
        visit.remarks.iter().for_each(|remark| output::hint(remark));
    }
    let count = |f: &dyn Fn(&Visit) -> u64| summary.visits.iter().map(f).sum::<u64>();
    if office.json {
        output::json(&json!({
            "patrol": summary.patrol.id,
            "sites": summary.patrol.sites.len(),
            "visits": summary.visits.len(),
            "ends": ends,
            "pages": count(&|v| v.pages),
            "bytes": count(&|v| v.bytes),
            "refused_by_robots": count(&|v| v.refused_by_robots),
            "errors": count(&|v| v.errors),
            "findings": summary.findings.len(),
            "verdicts": verdicts,
            "failures": summary.failures,
        }));
    } else {
        let told = ends.iter().map(|(end, n)| format!("{n} {}", end.label(Lang::En)));
        output::note(&format!(
            "{} sites ({}), {} pages, {} findings",
            summary.visits.len(),
            told.collect::<Vec<_>>().join(", "),
            count(&|v| v.pages),
            summary.findings.len()
        ));
    }
    for failure in &summary.failures {
        output::error(failure);
    }
    Ok(ExitCode::from(match () {
        () if !summary.failures.is_empty() => exit::UNREACHABLE,
        () if ends.contains_key(&VisitEnd::Unreachable) && ends.len() == 1 => exit::UNREACHABLE,
        () if command.fail_on_finding && verdicts.contains_key(&Verdict::Infringing) => exit::FOUND,
        () => exit::DONE,
    }))
}

/// A finding as the contract has it.
pub fn as_json(f: &Finding) -> Value {
    json!({
        "finding": f.id,
        "site": f.site,
        "page": f.page_url,
        "url": f.url,
        "work": f.work,
        "title": f.title,
        "medium": f.medium,
        "score": f.score,
        "verdict": f.verdict,
        "reasons": f.reasons,
        "exhibit": f.exhibit,
        "state": f.state,
    })
}

fn show(office: &Office, f: &Finding) {
    if office.json {
        output::json(&as_json(f));
        return;
    }
    output::line_out(&format!(
        "{}  '{}'  {}",
        f.verdict.label(Lang::En),
        f.title,
        f.url
    ));
    for reason in &f.reasons {
        output::line_out(&format!(
            "    {} {}",
            if reason.against_site { '-' } else { '+' },
            reason.en
        ));
    }
}
