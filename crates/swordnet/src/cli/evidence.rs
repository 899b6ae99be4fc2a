//! `evidence list`, `evidence export`, `evidence verify`.

use super::Office;
use crate::{exit, output};
use clap::Subcommand;
use serde_json::json;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swordnet_campaign::{Error, InputError};
use swordnet_core::Exhibit;
use swordnet_evidence::{PublicKey, Trust, package};
use swordnet_store::Query;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the exhibits.
    List,
    /// Write one sealed package.
    Export {
        /// The exhibit's identifier.
        exhibit: String,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Check packages with nothing but the file and the keys that are trusted.
    Verify {
        /// The packages.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A public key (SPKI in PEM) whose seals count; may be given several times. By default the key of the data folder where there
        /// is one; without any, the seal is checked but not who made it.
        #[arg(long, value_name = "FILE")]
        trust: Vec<PathBuf>,
    },
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::List => {
            let campaign = office.open_offline().await?;
            for exhibit in campaign.records.all::<Exhibit>(&Query::default()).await? {
                if office.json {
                    output::json(&exhibit);
                } else {
                    output::line_out(&format!(
                        "{}  {}  {}",
                        exhibit.id, exhibit.sealed_at, exhibit.finding
                    ));
                }
            }
            Ok(ExitCode::from(exit::DONE))
        }
        Command::Export { exhibit, out } => export(office, &exhibit, &out).await,
        Command::Verify { files, trust } => verify(office, &files, &trust),
    }
}

async fn export(office: &Office, id: &str, out: &Path) -> Result<ExitCode, Error> {
    let campaign = office.open_offline().await?;
    let exhibit = campaign.export_exhibit(id, out).await?;
    if office.json {
        output::json(&json!({"exhibit": exhibit.id, "file": out, "sha256": exhibit.package}));
    } else {
        output::note(&format!(
            "{} is in {} (SHA-256 {})",
            exhibit.id,
            out.display(),
            exhibit.package
        ));
    }
    Ok(ExitCode::from(exit::DONE))
}

fn verify(office: &Office, files: &[PathBuf], trust: &[PathBuf]) -> Result<ExitCode, Error> {
    let trust = trusted(office, trust)?;
    let mut all_valid = true;
    let mut unreadable = false;
    for path in files {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(e) => {
                output::error(&InputError::path(path, e).to_string());
                unreadable = true;
                continue;
            }
        };
        let report = package::verify(&mut file, &trust);
        all_valid &= report.valid;
        if office.json {
            let mut value = serde_json::to_value(&report).unwrap_or_default();
            value["file"] = json!(path);
            output::json(&value);
            continue;
        }
        output::line_out(&format!(
            "{}: {}",
            path.display(),
            if report.valid { "valid" } else { "INVALID" }
        ));
        for line in report.problems.iter().chain(&report.remarks) {
            output::line_out(&format!("    {line}"));
        }
    }
    Ok(ExitCode::from(match (unreadable, all_valid) {
        (true, _) => exit::INPUT,
        (false, false) => exit::FOUND,
        (false, true) => exit::DONE,
    }))
}

fn trusted(office: &Office, files: &[PathBuf]) -> Result<Trust, Error> {
    let own = office.place.data.join("signing.pub");
    let files = match files {
        [] if own.exists() => std::slice::from_ref(&own),
        [] => return Ok(Trust::anyone()),
        files => files,
    };
    let mut keys = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(|e| InputError::path(path, e))?;
        keys.push(PublicKey::from_pem(&text).map_err(|e| InputError::path(path, e))?);
    }
    Ok(Trust::keys(keys))
}
