//! `work add`, `work import`, `work list`, `work refresh`, `work remove`.

use super::{Office, close_batch};
use crate::{exit, output};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use swordnet_campaign::{Error, InputError, NewWork, Registered};
use swordnet_core::{Date, Exemption, Work, WorkId, WorkKind};
use swordnet_store::Query;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register one work with its reference copies.
    Add(Add),
    /// Register works in bulk: CSV or JSON Lines with columns file,title,kind,holder (and published,alias,exemption).
    Import {
        /// The manifest; files are relative to it.
        manifest: PathBuf,
    },
    /// List the registered works.
    List,
    /// Take the fingerprints of works anew from the copies in the vault, where they are of a form before today's; show the works
    /// that had such. Ended before its time, it goes on when it is given again.
    Refresh {
        /// The works' identifiers; by default all works.
        works: Vec<String>,
        /// Every fingerprint, whatever its form.
        #[arg(long)]
        all: bool,
    },
    /// Take a work out of the register: it answers no more.
    Remove {
        /// The work's identifier.
        work: String,
    },
}

#[derive(Debug, Args)]
pub struct Add {
    /// Reference copies: films, music, pictures, texts.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Title.
    #[arg(long)]
    title: String,
    /// Kind: film, series_episode, audiovisual, song, news_article, novel, photograph, software, other. By default what the first file suggests.
    #[arg(long)]
    kind: Option<WorkKind>,
    /// Holder of the right.
    #[arg(long, default_value = "", hide_default_value = true)]
    holder: String,
    /// Another title; may be given several times.
    #[arg(long)]
    alias: Vec<String>,
    /// First published, as YYYY-MM-DD.
    #[arg(long)]
    published: Option<Date>,
    /// Why the law leaves it free: facts_news, term_ended, official_document.
    #[arg(long)]
    exemption: Option<Exemption>,
}

pub async fn run(office: &Office, command: Command) -> Result<ExitCode, Error> {
    match command {
        Command::Add(add) => {
            let work = NewWork {
                title: add.title,
                aliases: add.alias,
                kind: add.kind,
                holder: add.holder,
                published: add.published,
                exemption: add.exemption,
                files: add.files,
                line: None,
            };
            register(office, vec![work], vec![]).await
        }
        Command::Import { manifest } => {
            let (works, errors) = swordnet_campaign::manifest(&manifest)?;
            register(office, works, errors).await
        }
        Command::List => {
            let campaign = office.open_offline().await?;
            let works = campaign.records.all::<Work>(&Query::default()).await?;
            works.iter().for_each(|work| show(office, work));
            Ok(ExitCode::from(exit::DONE))
        }
        Command::Refresh { works, all } => {
            let campaign = office.open_offline().await?;
            let ids: Vec<_> = works.iter().map(WorkId::from_text).collect();
            let bar = output::Console::quiet();
            let Registered { works, errors } = campaign.refresh_works(&ids, all, &bar).await?;
            works.iter().for_each(|work| show(office, work));
            Ok(close_batch(works.len(), &errors))
        }
        Command::Remove { work } => {
            let campaign = office.open_offline().await?;
            if !campaign.remove_work(&WorkId::from_text(&work)).await? {
                return Err(InputError::new(work, "is no registered work").into());
            }
            if office.json {
                output::json(&json!({"removed": work}));
            }
            Ok(ExitCode::from(exit::DONE))
        }
    }
}

async fn register(
    office: &Office,
    works: Vec<NewWork>,
    mut wrong: Vec<InputError>,
) -> Result<ExitCode, Error> {
    let campaign = office.open_offline().await?;
    let Registered { works, errors } = campaign.add_works(works, &output::Console::quiet()).await?;
    works.iter().for_each(|work| show(office, work));
    wrong.extend(errors);
    Ok(close_batch(works.len(), &wrong))
}

fn show(office: &Office, work: &Work) {
    if !office.json {
        let files: Vec<_> = work.references.iter().map(|r| r.file.as_str()).collect();
        output::line_out(&format!(
            "{}  {}  ({}; {})",
            work.id,
            work.title,
            work.kind,
            files.join(", ")
        ));
        return;
    }
    let references: Vec<_> = work
        .references
        .iter()
        .map(|r| json!({"file": r.file, "medium": r.medium, "length": r.length, "sha256": r.sha256}))
        .collect();
    output::json(&json!({
        "work": work.id, "title": work.title, "kind": work.kind, "holder": work.holder, "references": references,
    }));
}
