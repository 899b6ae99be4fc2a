//! `verify`.

use super::{Office, network::Network};
use crate::{exit, output};
use clap::Args;
use serde_json::{Value, json};
use std::process::ExitCode;
use swordnet_campaign::Error;
use swordnet_core::{Lang, Outcome, Vocabulary};

#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    network: Network,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let campaign = office.open(command.network.policy()).await?;
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
