//! `list warning`, `list white`, `list show`.

use super::{Office, close_batch};
use crate::{exit, output};
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::Error;
use swordnet_core::{WarningList, WhiteListEntry};
use swordnet_store::Query;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enter a pre-warning list from TOML: title, issuer, published, duty_template and [[entry]] with title, from, to, authorised.
    Warning {
        /// The list.
        file: PathBuf,
    },
    /// Enter a white list: CSV or JSON Lines with columns source,credits,reprinters,credit_required,from,to.
    White {
        /// The table.
        table: PathBuf,
    },
    /// Show all lists.
    Show,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let campaign = office.open_offline().await?;
    match command {
        Command::Warning { file } => {
            let (list, errors) = swordnet_campaign::import_warning_list(&campaign, &file).await?;
            show_warning(office, &list);
            Ok(close_batch(list.entries.len(), &errors))
        }
        Command::White { table } => {
            let (entries, errors) = swordnet_campaign::import_white_list(&campaign, &table).await?;
            entries.iter().for_each(|entry| show_white(office, entry));
            Ok(close_batch(entries.len(), &errors))
        }
        Command::Show => {
            for list in campaign.records.all::<WarningList>(&Query::default()).await? {
                show_warning(office, &list);
            }
            for entry in campaign.records.all::<WhiteListEntry>(&Query::default()).await? {
                show_white(office, &entry);
            }
            Ok(ExitCode::from(exit::DONE))
        }
    }
}

fn show_warning(office: &Office, list: &WarningList) {
    if office.json {
        output::json(list);
    } else {
        output::line_out(&format!(
            "{}  {}  ({} works)",
            list.id,
            list.title,
            list.entries.len()
        ));
    }
}

fn show_white(office: &Office, entry: &WhiteListEntry) {
    if office.json {
        output::json(entry);
    } else {
        output::line_out(&format!("{}  {}", entry.id, entry.source));
    }
}
