//! The commands: one file each.

mod brief;
mod crawl;
mod demo;
mod evidence;
mod init;
mod licence;
mod list;
mod r#match;
mod network;
mod patrol;
mod site;
mod verify;
mod work;

use crate::{exit, output};
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use swordnet_campaign::{Campaign, Clock, Error, InputError, Place, Settings};
use swordnet_core::Timestamp;
use swordnet_crawl::Policy;
use url::Url;

/// Checks websites for copies of protected works, proves what it finds, has it removed, and publishes the figures.
#[derive(Debug, Parser)]
#[command(name = "swordnet", version, propagate_version = true)]
pub struct Arguments {
    /// The data folder.
    #[arg(
        long,
        global = true,
        env = "SWORDNET_DATA",
        default_value = "swordnet-data",
        value_name = "DIR"
    )]
    pub data: PathBuf,
    /// Where records are kept: sqlite:///PATH. By default in the data folder.
    #[arg(long, global = true, env = "SWORDNET_STORE", value_name = "URL")]
    pub store: Option<String>,
    /// Where blobs are kept: file:///PATH. By default in the data folder.
    #[arg(long, global = true, env = "SWORDNET_VAULT", value_name = "URL")]
    pub vault: Option<String>,
    /// What carries work: local.
    #[arg(long, global = true, env = "SWORDNET_QUEUE", value_name = "URL")]
    pub queue: Option<String>,
    /// Print JSON Lines.
    #[arg(long, global = true)]
    pub json: bool,
    /// Who runs this, for the evidence.
    #[arg(
        long,
        global = true,
        env = "SWORDNET_OPERATOR",
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    pub operator: String,
    /// Who stands by and can testify, for the evidence; may be given several times. (SWORDNET_WITNESS takes a comma between.)
    #[arg(
        long,
        global = true,
        env = "SWORDNET_WITNESS",
        value_delimiter = ',',
        value_name = "NAME"
    )]
    pub witness: Vec<String>,
    /// A time-stamp authority (RFC 3161) that is asked about every package; may be given several times. (SWORDNET_TSA takes a
    /// comma between.)
    #[arg(
        long,
        global = true,
        env = "SWORDNET_TSA",
        value_delimiter = ',',
        value_name = "URL"
    )]
    pub tsa: Vec<Url>,
    /// Say more on standard error; twice for still more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a data folder: records, vault and a signing key.
    Init,
    /// Register protected works with their reference copies.
    #[command(subcommand)]
    Work(work::Command),
    /// Enter the websites to be checked.
    #[command(subcommand)]
    Site(site::Command),
    /// Enter pre-warning lists and white lists.
    #[command(subcommand)]
    List(list::Command),
    /// Enter licences.
    #[command(subcommand)]
    Licence(licence::Command),
    /// Recognise files against the register; writes no record.
    Match(r#match::Command),
    /// Fetch a site and archive it, recognising nothing.
    Crawl(crawl::Command),
    /// Check sites: fetch, read, recognise, judge, preserve, order removal.
    Patrol(patrol::Command),
    /// Re-check what was ordered removed.
    Verify(verify::Command),
    /// Export and check sealed packages of evidence.
    #[command(subcommand)]
    Evidence(evidence::Command),
    /// Write the briefing.
    Brief(brief::Command),
    /// Run a whole campaign over the built-in proving ground.
    Demo(demo::Command),
}

/// Does what the command line says.
pub async fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let office = Office {
        place: Place {
            data: arguments.data,
            store: arguments.store,
            vault: arguments.vault,
            queue: arguments.queue,
        },
        operator: arguments.operator,
        witnesses: arguments.witness,
        authorities: arguments.tsa,
        json: arguments.json,
    };
    match arguments.command {
        Command::Init => init::run(&office).await,
        Command::Work(command) => work::run(&office, command).await,
        Command::Site(command) => site::run(&office, command).await,
        Command::List(command) => list::run(&office, command).await,
        Command::Licence(command) => licence::run(&office, command).await,
        Command::Match(command) => r#match::run(&office, command).await,
        Command::Crawl(command) => crawl::run(&office, command).await,
        Command::Patrol(command) => patrol::run(&office, command).await,
        Command::Verify(command) => verify::run(&office, command).await,
        Command::Evidence(command) => evidence::run(&office, command).await,
        Command::Brief(command) => brief::run(&office, command).await,
        Command::Demo(command) => demo::run(&office, command).await,
    }
}

/// What every command needs to know.
struct Office {
    place: Place,
    operator: String,
    witnesses: Vec<String>,
    authorities: Vec<Url>,
    json: bool,
}

impl Office {
    /// Opens the campaign with the real clock.
    async fn open(&self, policy: Policy) -> Result<Campaign, Error> {
        self.open_with(policy, self.settings()).await
    }

    async fn open_with(&self, policy: Policy, settings: Settings) -> Result<Campaign, Error> {
        Campaign::open(&self.place, system_clock(), policy, settings).await
    }

    fn settings(&self) -> Settings {
        Settings {
            operator: self.operator.clone(),
            witnesses: self.witnesses.clone(),
            authorities: self.authorities.clone(),
            ..Settings::default()
        }
    }

    /// Opens the campaign for a command that fetches nothing.
    async fn open_offline(&self) -> Result<Campaign, Error> {
        self.open(Policy::default()).await
    }
}

/// The real clock.
fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// Names what was wrong in a batch; the rest was kept.
fn close_batch(kept: usize, errors: &[InputError]) -> ExitCode {
    for error in errors {
        output::error(&error.to_string());
    }
    if errors.is_empty() {
        return ExitCode::from(exit::DONE);
    }
    output::hint(&format!("{kept} good and kept, {} wrong", errors.len()));
    ExitCode::from(exit::INPUT)
}
