//! `evidence`: what is sealed, who had it, and whether a package holds.

use super::{Office, network::Network};
use crate::{exit, output};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::{Campaign, Delivery, Error, Handover, InputError};
use swordnet_core::{Entry, Exhibit, NoticeId, Sha256Hex, Timestamp};
use swordnet_evidence::package::{self, Version};
use swordnet_evidence::{Trust, chain::Link};
use swordnet_store::Query;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the exhibits.
    List,
    /// Write one sealed package, with all that happened since.
    Export(Export),
    /// Print a file of an exhibit's package; without one, list its files. The reading is noted in the exhibit's log.
    Read {
        /// The exhibit's identifier.
        exhibit: String,
        /// The file, such as report/judgement.json.
        file: Option<String>,
        /// What it is read for.
        #[arg(long, default_value = "", hide_default_value = true)]
        purpose: String,
    },
    /// Tell what happened to an exhibit since it was sealed, and who had it in hands.
    Log {
        /// The exhibit's identifier.
        exhibit: String,
    },
    /// Obtain the time-stamps that exhibits await, from the authorities that were promised and those of --tsa.
    Timestamp {
        /// The exhibits' identifiers; all by default.
        exhibits: Vec<String>,
        /// One more time-stamp over all that happened since the sealing.
        #[arg(long)]
        again: bool,
        #[command(flatten)]
        network: Network,
    },
    /// Note in the exhibit's log that a notice reached its addressee.
    Delivered(Delivered),
    /// Check packages with nothing but the file and a list of those who are trusted.
    Verify {
        /// The packages.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// A trust list: public keys whose seals count, and certificates of time-stamp authorities, in PEM, one after another. May be
        /// given several times. Where it names authorities, a package without a time-stamp by one of them is invalid. By default the
        /// key of the data folder where there is one; without any key, the seal is checked but not who made it.
        #[arg(long, value_name = "FILE")]
        trust: Vec<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct Export {
    /// The exhibit's identifier.
    exhibit: String,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Leave out what may hold personal data: the traffic, names, the machine's own files. The rest verifies without it.
    #[arg(long)]
    public: bool,
    /// To whom it is handed out, for the exhibit's log.
    #[arg(long, default_value = "", hide_default_value = true)]
    to: String,
    /// What for, for the exhibit's log.
    #[arg(long, default_value = "", hide_default_value = true)]
    purpose: String,
}

#[derive(Debug, Args)]
pub struct Delivered {
    /// The notice's identifier.
    notice: String,
    /// To whom.
    #[arg(long)]
    to: String,
    /// By what way: letter, e-mail, the platform's form.
    #[arg(long)]
    by: String,
    /// When, as 2026-01-31T08:00:00Z; now by default.
    #[arg(long)]
    at: Option<Timestamp>,
    /// The receipt; its SHA-256 goes into the log.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Verify { files, trust } => return verify(office, &files, &trust),
        Command::Timestamp {
            exhibits,
            again,
            network,
        } => return timestamp(office, &exhibits, again, &network).await,
        _ => {}
    }
    let campaign = office.open_offline().await?;
    match command {
        Command::List => list(office, &campaign).await?,
        Command::Export(command) => export(office, &campaign, command).await?,
        Command::Read {
            exhibit,
            file,
            purpose,
        } => read(office, &campaign, &exhibit, file.as_deref(), &purpose).await?,
        Command::Log { exhibit } => log(office, &campaign, &exhibit).await?,
        Command::Delivered(command) => delivered(&campaign, command).await?,
        Command::Verify { .. } | Command::Timestamp { .. } => {}
    }
    Ok(ExitCode::from(exit::DONE))
}

async fn list(office: &Office, campaign: &Campaign) -> Result<(), Error> {
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
    Ok(())
}

async fn export(office: &Office, campaign: &Campaign, command: Export) -> Result<(), Error> {
    let version = if command.public {
        Version::Public
    } else {
        Version::Whole
    };
    let handover = Handover {
        version,
        to: command.to,
        purpose: command.purpose,
    };
    let (exhibit, written) = campaign
        .export_exhibit(&command.exhibit, &command.out, &handover)
        .await?;
    let path = &command.out;
    let mut file = File::open(path).map_err(|e| InputError::path(path, e))?;
    let head = package::head(&mut file).map_err(|e| Error::Bug(e.to_string()))?;
    if !exhibit.awaiting.is_empty() {
        let authorities = exhibit.awaiting.join(", ");
        output::hint(&format!(
            "it awaits a time-stamp by {authorities}: run `swordnet evidence timestamp {}`",
            exhibit.id
        ));
    }
    if office.json {
        output::json(&json!({
            "exhibit": exhibit.id, "file": path, "sha256": written.sha256, "version": version.as_str(), "head": head,
        }));
    } else {
        output::note(&format!(
            "{} is in {} (SHA-256 {})",
            exhibit.id,
            path.display(),
            written.sha256
        ));
        output::note(&format!(
            "say this in the letter that goes with it: its log ends with {head}"
        ));
    }
    Ok(())
}

async fn read(
    office: &Office,
    campaign: &Campaign,
    id: &str,
    file: Option<&str>,
    purpose: &str,
) -> Result<(), Error> {
    let (_, mut sealed) = campaign.read_exhibit(id, purpose).await?;
    let failed = |e: package::Error| InputError::new(id, e);
    if let Some(file) = file {
        return Ok(package::extract(&mut sealed, file, std::io::stdout().lock()).map_err(failed)?);
    }
    for (path, size) in package::files(&mut sealed).map_err(failed)? {
        if office.json {
            output::json(&json!({"file": path, "size": size}));
        } else {
            output::line_out(&format!("{size:>12}  {path}"));
        }
    }
    Ok(())
}

async fn log(office: &Office, campaign: &Campaign, id: &str) -> Result<(), Error> {
    let exhibit = campaign.records.get::<Exhibit>(id).await?;
    let exhibit = exhibit.ok_or_else(|| InputError::new(id, "is no exhibit on record"))?;
    for entry in campaign.history(&exhibit.id).await? {
        let facts = facts(&entry);
        if office.json {
            output::json(
                &json!({"number": entry.number, "what": entry.what, "at": entry.at, "facts": facts}),
            );
            continue;
        }
        output::line_out(&format!("{:>4}  {}  {}", entry.number, entry.at, entry.what));
        for (name, value) in facts.as_object().into_iter().flatten() {
            output::line_out(&format!("      {name}: {}", value.as_str().unwrap_or_default()));
        }
    }
    Ok(())
}

/// What an entry says, without the bytes of time-stamps.
fn facts(entry: &Entry) -> Value {
    let link: Result<Link, _> = serde_json::from_str(&entry.link);
    let mut facts = link.map(|link| link.statement.facts).unwrap_or_default();
    facts.remove("token");
    json!(facts)
}

async fn delivered(campaign: &Campaign, command: Delivered) -> Result<(), Error> {
    let receipt = match &command.receipt {
        Some(path) => Some(Sha256Hex::of(
            &std::fs::read(path).map_err(|e| InputError::path(path, e))?,
        )),
        None => None,
    };
    let delivery = Delivery {
        at: command.at.unwrap_or_else(|| campaign.now()),
        to: command.to,
        by: command.by,
        receipt,
    };
    campaign
        .note_delivery(&NoticeId::from_text(command.notice), &delivery)
        .await
}

async fn timestamp(
    office: &Office,
    exhibits: &[String],
    again: bool,
    network: &Network,
) -> Result<ExitCode, Error> {
    let campaign = office.open(network.policy()).await?;
    let mut failed = false;
    for stamping in campaign.stamp_exhibits(exhibits, again).await? {
        failed |= stamping.stated.is_err();
        let (exhibit, authority) = (&stamping.exhibit, &stamping.authority);
        let (at, problem) = match &stamping.stated {
            Ok(at) => (Some(at), None),
            Err(why) => (None, Some(why)),
        };
        if office.json {
            output::json(&json!({
                "exhibit": exhibit, "authority": authority, "at": at, "gap": stamping.gap, "problem": problem,
            }));
            continue;
        }
        match (at, problem) {
            (Some(at), _) => output::line_out(&format!(
                "{exhibit}  {at}  {authority}, {} s after the sealing",
                stamping.gap.unwrap_or_default()
            )),
            (_, why) => output::error(&format!(
                "{exhibit}  {authority}: {}",
                why.map_or("no answer", String::as_str)
            )),
        }
    }
    Ok(ExitCode::from(if failed {
        exit::UNREACHABLE
    } else {
        exit::DONE
    }))
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

/// The trust lists that are named; else this office's own key.
fn trusted(office: &Office, files: &[PathBuf]) -> Result<Trust, Error> {
    let own = office.place.data.join("signing.pub");
    let files = match files {
        [] if own.exists() => std::slice::from_ref(&own),
        [] => return Ok(Trust::anyone()),
        files => files,
    };
    let mut trust = Trust::default();
    for path in files {
        let text = std::fs::read_to_string(path).map_err(|e| InputError::path(path, e))?;
        let list = Trust::from_pem([text.as_str()]).map_err(|e| InputError::path(path, e))?;
        trust.keys.extend(list.keys);
        trust.authorities.extend(list.authorities);
    }
    trust.anyone = trust.keys.is_empty();
    Ok(trust)
}
