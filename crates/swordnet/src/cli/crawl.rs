//! `crawl`.

use super::{Office, network::Network};
use crate::{exit, output};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::{Error, InputError};
use swordnet_core::{Lang, VisitEnd, Vocabulary};
use url::Url;

#[derive(Debug, Args)]
pub struct Command {
    /// Where to begin.
    #[arg(required = true)]
    urls: Vec<String>,
    /// The archive: WARC 1.1, gzip a record.
    #[arg(long, value_name = "FILE")]
    warc: PathBuf,
    #[command(flatten)]
    network: Network,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let starts: Vec<Url> = command
        .urls
        .iter()
        .map(|text| Url::parse(text).map_err(|e| InputError::new(text, e)))
        .collect::<Result<_, _>>()?;
    let summary =
        swordnet_campaign::crawl(command.network.policy(), &starts, &command.warc, &office.operator).await?;
    for remark in &summary.remarks {
        output::hint(remark);
    }
    if office.json {
        output::json(&json!({
            "pages": summary.pages,
            "bytes": summary.bytes,
            "refused_by_robots": summary.refused_by_robots,
            "errors": summary.errors,
            "duplicates": summary.duplicates,
            "end": summary.end,
            "remarks": summary.remarks,
        }));
    } else {
        output::note(&format!(
            "{}: {} pages, {} bytes, {} refused by robots.txt, {} errors",
            summary.end.label(Lang::En),
            summary.pages,
            summary.bytes,
            summary.refused_by_robots,
            summary.errors
        ));
    }
    Ok(ExitCode::from(if summary.end == VisitEnd::Unreachable {
        exit::UNREACHABLE
    } else {
        exit::DONE
    }))
}
