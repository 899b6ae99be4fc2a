//! `site add`, `site import`, `site list`.

use super::{Office, close_batch};
use crate::{exit, output};
use clap::Subcommand;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::{Error, NewSite};
use swordnet_core::{Area, ServiceKind, Site};
use swordnet_store::Query;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Enter one site.
    Add {
        /// Where a check begins; http or https.
        url: String,
        /// Area: film, music, news, literature, pictures, cloud_storage, shop, app_store, live, public_account.
        #[arg(long)]
        area: Area,
        /// Name for people; by default the host.
        #[arg(long)]
        name: Option<String>,
        /// Kind of service: content_provider, user_storage, search_link, e_commerce, app_store.
        #[arg(long)]
        service: Option<ServiceKind>,
        /// Who runs it.
        #[arg(long, default_value = "", hide_default_value = true)]
        operator: String,
        /// Administrative division by GB/T 2260, six digits.
        #[arg(long, default_value = "", hide_default_value = true)]
        region: String,
        /// Under key supervision.
        #[arg(long)]
        supervised: bool,
    },
    /// Enter sites in bulk: CSV or JSON Lines with columns url,area (and name,service,operator,region,supervised).
    Import {
        /// The table.
        table: PathBuf,
    },
    /// List the sites.
    List,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    let campaign = office.open_offline().await?;
    match command {
        Command::Add {
            url,
            area,
            name,
            service,
            operator,
            region,
            supervised,
        } => {
            let site = campaign
                .add_site(NewSite {
                    url,
                    area,
                    name,
                    service,
                    operator,
                    region,
                    supervised,
                })
                .await?;
            show(office, &site);
        }
        Command::Import { table } => {
            let (sites, errors) = swordnet_campaign::import_sites(&campaign, &table).await?;
            sites.iter().for_each(|site| show(office, site));
            return Ok(close_batch(sites.len(), &errors));
        }
        Command::List => {
            let sites = campaign.records.all::<Site>(&Query::default()).await?;
            sites.iter().for_each(|site| show(office, site));
        }
    }
    Ok(ExitCode::from(exit::DONE))
}

fn show(office: &Office, site: &Site) {
    if office.json {
        output::json(site);
    } else {
        output::line_out(&format!(
            "{}  {}  {}  ({})",
            site.id, site.start, site.name, site.area
        ));
    }
}
