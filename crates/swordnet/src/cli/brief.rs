//! `brief`.

use super::Office;
use crate::{exit, output};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::{Error, InputError};
use swordnet_core::{Date, Lang};

#[derive(Debug, Args)]
pub struct Command {
    /// First day, as YYYY-MM-DD; by default the first on record.
    #[arg(long, value_name = "D")]
    from: Option<Date>,
    /// Last day; by default today.
    #[arg(long, value_name = "D")]
    to: Option<Date>,
    /// Form.
    #[arg(long, value_enum, default_value_t = Format::Html)]
    format: Format,
    /// Language of the HTML.
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Html,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    En,
    Zh,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let campaign = office.open_offline().await?;
    let shown = swordnet_campaign::brief(&campaign, command.from, command.to).await?;
    let text = match (command.format, command.lang) {
        (Format::Json, _) => swordnet_campaign::to_json(&shown.briefing).to_string(),
        (Format::Html, Language::En) => swordnet_campaign::to_html(&shown, Lang::En)?,
        (Format::Html, Language::Zh) => swordnet_campaign::to_html(&shown, Lang::Zh)?,
    };
    std::fs::write(&command.out, text).map_err(|e| InputError::path(&command.out, e))?;
    if office.json {
        output::json(&json!({"file": command.out, "figures": shown.briefing.figures.len()}));
    } else {
        output::note(&format!("the briefing is in {}", command.out.display()));
    }
    Ok(ExitCode::from(exit::DONE))
}
