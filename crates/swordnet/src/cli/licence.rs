//! `licence import`, `licence list`.

use super::{Office, close_batch};
use crate::{exit, output};
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::Error;
use swordnet_core::Licence;
use swordnet_store::Query;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enter licences: CSV or JSON Lines with columns title,grantor,grantee,rights,territory,from,to,exclusive,sublicence,document.
    Import {
        /// The table; several rights or territories are parted by '|'.
        table: PathBuf,
    },
    /// List the licences.
    List,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let campaign = office.open_offline().await?;
    match command {
        Command::Import { table } => {
            let (licences, errors) = swordnet_campaign::import_licences(&campaign, &table).await?;
            licences.iter().for_each(|licence| show(office, licence));
            Ok(close_batch(licences.len(), &errors))
        }
        Command::List => {
            let licences = campaign.records.all::<Licence>(&Query::default()).await?;
            licences.iter().for_each(|licence| show(office, licence));
            Ok(ExitCode::from(exit::DONE))
        }
    }
}

fn show(office: &Office, licence: &Licence) {
    if office.json {
        output::json(licence);
    } else {
        let until = licence.to.map(|d| d.to_string()).unwrap_or_else(|| "open".into());
        output::line_out(&format!(
            "{}  {} -> {}  {} to {until}",
            licence.id, licence.grantor, licence.grantee, licence.from
        ));
    }
}
