//! What happened to an exhibit since it was sealed, and who had it in hands: a chain of signed entries, one record each,
//! that goes with every copy handed out.
//!
//! An entry is committed in one transaction with what it tells of, on the condition that its place in the chain is free:
//! a kill at any moment neither loses nor doubles one, and of two writers one begins anew.

use crate::{Campaign, Error, InputError};
use std::fs::File;
use std::path::Path;
use swordnet_core::*;
use swordnet_evidence::chain::{Chain, Event, Link};
use swordnet_evidence::package::{self, Sealed, Version};
use swordnet_store::{Expect, Query};

/// How often a writer begins anew when another took its place in a chain.
const ATTEMPTS: u32 = 20;

/// How a copy of an exhibit is handed out.
#[derive(Clone, Debug)]
pub struct Handover {
    /// Which version.
    pub version: Version,
    /// To whom; empty when it is not said.
    pub to: String,
    /// What for; empty when it is not said.
    pub purpose: String,
}

/// How a notice reached its addressee.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: String,
    /// By what way: letter, e-mail, the platform's own form.
    pub by: String,
    /// SHA-256 of the receipt, where there is one.
    pub receipt: Option<Sha256Hex>,
}

impl Campaign {
    /// An exhibit's entry about `event`, and the condition on which it is to be committed.
    pub(crate) async fn entry(&self, exhibit: &Exhibit, event: Event) -> Result<(Record, Expect), Error> {
        let (mut chain, _) = self.chain(exhibit).await?;
        let (what, at) = (event.kind.clone(), event.at);
        let link = chain.append(event, &self.signer);
        let number = link.statement.number;
        let entry = Entry {
            id: Entry::id_of(&exhibit.id, number),
            exhibit: exhibit.id.clone(),
            number,
            what,
            at,
            link: serde_json::to_string(&link).map_err(|e| Error::Bug(e.to_string()))?,
        };
        let free = Expect {
            kind: Kind::Entry,
            id: entry.id.to_string(),
            state: None,
        };
        Ok((entry.into(), free))
    }

    /// What happened to an exhibit, in order.
    pub async fn history(&self, exhibit: &ExhibitId) -> Result<Vec<Entry>, Error> {
        let query = Query {
            parent: Some(exhibit.to_string()),
            ..Query::default()
        };
        let mut entries = self.records.all::<Entry>(&query).await?;
        entries.sort_by_key(|entry| entry.number);
        Ok(entries)
    }

    /// An exhibit's chain, every link of it checked, as far as it goes.
    async fn chain(&self, exhibit: &Exhibit) -> Result<(Chain, Vec<Link>), Error> {
        let broken = |number: u64, why: String| {
            Error::Evidence(format!(
                "the log of {} is broken at entry {number}: {why}",
                exhibit.id
            ))
        };
        let path = self.vault.local(&exhibit.package).await?;
        let mut package = File::open(&path).map_err(|e| Error::file(&path, e))?;
        let root =
            package::head(&mut package).map_err(|e| Error::Evidence(format!("{}: {e}", exhibit.id)))?;
        let mut chain = Chain::new(root);
        let mut links = Vec::new();
        for entry in self.history(&exhibit.id).await? {
            let link = serde_json::from_str(&entry.link).map_err(|e| broken(entry.number, e.to_string()))?;
            let key = chain.follow(&link).map_err(|why| broken(entry.number, why))?;
            if key != self.signer.public_key() {
                return Err(broken(entry.number, "it is signed with another key".into()));
            }
            links.push(link);
        }
        Ok((chain, links))
    }

    /// SHA-256 of the last entry, or of the seal.
    pub(crate) async fn head_of(&self, exhibit: &Exhibit) -> Result<Sha256Hex, Error> {
        Ok(self.chain(exhibit).await?.0.head().clone())
    }

    /// An exhibit on record.
    async fn exhibit(&self, id: &str) -> Result<Exhibit, Error> {
        let found = self.records.get::<Exhibit>(id).await?;
        found.ok_or_else(|| InputError::new(id, "is no exhibit on record").into())
    }

    /// Notes something that is no part of another record; gives the exhibit as it was then.
    async fn note(&self, id: &str, event: Event, state: Option<ExhibitState>) -> Result<Exhibit, Error> {
        for _ in 0..ATTEMPTS {
            let mut exhibit = self.exhibit(id).await?;
            let (entry, free) = self.entry(&exhibit, event.clone()).await?;
            let before = super::jobs::expectation(&exhibit);
            if let Some(next) = state.filter(|next| exhibit.state.may_become(*next)) {
                exhibit.state = next;
            }
            match self
                .records
                .commit(vec![exhibit.clone().into(), entry], vec![before, free])
                .await
            {
                Err(swordnet_store::Error::Conflict { .. }) => continue,
                done => return done.map(|()| exhibit).map_err(Error::from),
            }
        }
        Err(Error::Evidence(format!(
            "too many write to the log of {id} at once: try again"
        )))
    }

    /// Opens an exhibit's package for somebody who reads it; the reading is noted first.
    pub async fn read_exhibit(&self, id: &str, purpose: &str) -> Result<(Exhibit, File), Error> {
        let facts = [
            ("by", self.settings.operator.clone()),
            ("purpose", purpose.to_owned()),
        ];
        let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
        let exhibit = self
            .note(id, Event::new("reading", self.now(), known), None)
            .await?;
        let path = self.vault.local(&exhibit.package).await?;
        let file = File::open(&path).map_err(|e| Error::file(&path, e))?;
        Ok((exhibit, file))
    }

    /// Writes a version of an exhibit's package, with all that happened since, to a file, which appears when it is whole. The
    /// export is noted first: one that was cut off stands in the log, one that is not in the log did not happen.
    pub async fn export_exhibit(
        &self,
        id: &str,
        out: &Path,
        handover: &Handover,
    ) -> Result<(Exhibit, Sealed), Error> {
        let failed = |e| InputError::path(out, e);
        let folder = out
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let Handover { version, to, purpose } = handover;
        let event = package::exported(*version, self.now(), &self.settings.operator, to, purpose);
        let exhibit = self.note(id, event, Some(ExhibitState::Delivered)).await?;
        let (_, links) = self.chain(&exhibit).await?;
        let path = self.vault.local(&exhibit.package).await?;
        let mut sealed = File::open(&path).map_err(|e| Error::file(&path, e))?;
        let (version, target) = (*version, draft.reopen().map_err(failed)?);
        let written = self
            .compute(move || package::export(&mut sealed, links, version, std::io::BufWriter::new(target)))
            .await?
            .map_err(|e| Error::Evidence(format!("{id}: {e}")))?;
        draft.persist(out).map_err(|e| failed(e.error))?;
        Ok((exhibit, written))
    }

    /// Notes in the exhibit's log that its notice reached the addressee; saying the same again changes nothing.
    pub async fn note_delivery(&self, notice: &NoticeId, delivery: &Delivery) -> Result<(), Error> {
        let found = self.records.get::<Notice>(notice.as_str()).await?;
        let found = found.ok_or_else(|| InputError::new(notice, "is no notice on record"))?;
        let finding = self.need::<Finding>(found.finding.as_str()).await?;
        let Some(exhibit) = finding.exhibit else {
            return Err(InputError::new(notice, "belongs to no exhibit").into());
        };
        let mut facts = vec![
            ("notice", notice.to_string()),
            ("to", delivery.to.clone()),
            ("way", delivery.by.clone()),
        ];
        facts.extend(
            delivery
                .receipt
                .iter()
                .map(|digest| ("receipt", digest.to_string())),
        );
        let event = Event::new("delivery", delivery.at, facts);
        let (_, links) = self.chain(&self.exhibit(exhibit.as_str()).await?).await?;
        let is_same = |link: &Link| {
            let said = &link.statement;
            (&said.kind, said.at, &said.facts) == (&event.kind, event.at, &event.facts)
        };
        if !links.iter().any(is_same) {
            self.note(exhibit.as_str(), event, None).await?;
        }
        Ok(())
    }
}
