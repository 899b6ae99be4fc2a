//! `verify`.

use super::{Office, network::Network};
use crate::{exit, output};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use swordnet_campaign::{Error, Settings};
use swordnet_core::{Lang, Outcome, Vocabulary};

#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    network: Network,
    /// Open no page in a browser; where a page hides what it plays, nobody can tell whether the copy moved.
    #[arg(long)]
    no_browser: bool,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let settings = Settings {
        browser: !command.no_browser,
        ..office.settings()
    };
    let campaign = office.open_with(command.network.policy(), settings).await?;
    let (outcomes, failures) = campaign.verify(&output::Console::quiet()).await?;
    for outcome in &outcomes {
        if office.json {
            output::json(&as_json(outcome));
        } else {
            output::line_out(&format!("{}  {}", outcome.outcome.label(Lang::En), outcome.url));
        }
    }
    for failure in &failures {
        output::error(failure);
    }
    Ok(ExitCode::from(if failures.is_empty() {
        exit::DONE
    } else {
        exit::UNREACHABLE
    }))
}

/// An outcome as the contract has it.
pub fn as_json(o: &Outcome) -> Value {
    json!({
        "notice": o.notice,
        "url": o.url,
        "outcome": o.outcome,
        "seen_at": o.seen_at,
        "moved_to": o.moved_to,
        "detail": o.detail,
    })
}
