//! `match`.

mod live;

use super::Office;
use crate::{exit, output};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use swordnet_campaign::{Effort, Error, InputError};
use swordnet_core::Candidate;

#[derive(Debug, Args)]
pub struct Command {
    /// Files to recognise.
    #[arg(required_unless_present_any = ["list", "live"])]
    files: Vec<PathBuf>,
    /// A file that names files, one a line; a path that is not absolute is relative to the working folder.
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
    /// Only spans that score at least so much; by default what the program itself would act upon. 0 shows every suspicion.
    #[arg(long, value_name = "S")]
    min_score: Option<f64>,
    /// Look at the key frames of films first, and at all of a film only where they leave doubt: a tenth of the cost, ends of
    /// spans known to some seconds.
    #[arg(long)]
    sweep: bool,
    /// Hear a stream for as long as it goes on: a named pipe, a device or a file, or `-` for standard input. What its sound is of the register's works is told
    /// once as soon as it is known and once more when it has ended. Streams: MPEG-TS, FLV, Matroska, Ogg, ADTS, MP3, FLAC, WAV.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "list", "sweep"])]
    live: Option<PathBuf>,
    /// Exit with 1 when something was found.
    #[arg(long)]
    fail_on_finding: bool,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    if let Some(source) = &command.live {
        return live::run(office, source, command.min_score, command.fail_on_finding).await;
    }
    let mut files = command.files;
    if let Some(list) = &command.list {
        let text = std::fs::read_to_string(list).map_err(|e| InputError::path(list, e))?;
        files.extend(text.lines().filter(|l| !l.trim().is_empty()).map(PathBuf::from));
    }
    let campaign = office.open_offline().await?;
    let register = campaign.register().await?;
    let mut found = false;
    let mut wrong = Vec::new();
    let effort = if command.sweep {
        Effort::Sweep
    } else {
        Effort::Whole
    };
    let answers = campaign.match_files(&files, effort, command.min_score, |file, answer| match answer {
        Ok(candidates) => {
            for candidate in &candidates {
                found = true;
                show(office, file, register.title(&candidate.work), candidate);
            }
            Ok(())
        }
        Err(Error::Input(e)) => {
            output::error(&e.to_string());
            wrong.push(e);
            Ok(())
        }
        Err(e) => Err(e),
    });
    answers.await?;
    let code = match (wrong.is_empty(), found && command.fail_on_finding) {
        (false, _) => exit::INPUT,
        (true, true) => exit::FOUND,
        (true, false) => exit::DONE,
    };
    Ok(ExitCode::from(code))
}

fn show(office: &Office, file: &Path, title: &str, c: &Candidate) {
    if office.json {
        output::json(&object(file, title, c));
    } else {
        output::line_out(&line(file, title, c));
    }
}

/// A span as programs read it.
fn object(file: &Path, title: &str, c: &Candidate) -> Value {
    json!({
        "query": file,
        "work": c.work,
        "title": title,
        "medium": c.medium,
        "score": c.score,
        "ref_start": c.in_reference.start,
        "ref_end": c.in_reference.end,
        "query_start": c.in_query.start,
        "query_end": c.in_query.end,
        "transform": c.transform,
        "carried_by": c.carried_by,
    })
}

/// A span as people read it.
fn line(file: &Path, title: &str, c: &Candidate) -> String {
    format!(
        "{}  {:.1}-{:.1}  is '{title}'  {:.1}-{:.1}  ({}, score {:.3})",
        file.display(),
        c.in_query.start,
        c.in_query.end,
        c.in_reference.start,
        c.in_reference.end,
        c.medium,
        c.score
    )
}
