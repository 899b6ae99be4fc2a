//! Exhibit → time-stamp: authorities say when a package was there (RFC 3161).
//!
//! A package is sealed and removal is ordered whether an authority answers or not; its token is appended when it comes.
//! Until then the package promises a token that it does not have, and does not verify.

use super::Job;
use super::order::expectation;
use crate::{Campaign, Error, InputError};
use std::fs::File;
use swordnet_core::*;
use swordnet_crawl::Request;
use swordnet_evidence::chain::Event;
use swordnet_evidence::package;
use swordnet_evidence::timestamp::{Token, request};
use swordnet_store::Query;
use url::Url;

/// Seconds for which an authority that did not answer is not asked again.
const SILENT: i64 = 300;

/// What became of a request to an authority.
#[derive(Clone, Debug)]
pub struct Stamping {
    /// The exhibit.
    pub exhibit: ExhibitId,
    /// The authority's address.
    pub authority: String,
    /// The moment that the authority states, or why there is none.
    pub stated: Result<Timestamp, String>,
    /// From the sealing to that moment, in seconds: for so long the package rests on the office's word.
    pub gap: Option<i64>,
}

impl Campaign {
    /// Asks every authority that an exhibit awaits. That one does not answer is no failure: it is noted, and asked again.
    pub(super) async fn stamp(&self, id: &ExhibitId) -> Result<Vec<Job>, Error> {
        let exhibit = self.need::<Exhibit>(id.as_str()).await?;
        for authority in &exhibit.awaiting {
            self.stamp_by(id, authority, false).await?;
        }
        Ok(vec![])
    }

    /// Exhibits that await a time-stamp.
    pub(super) async fn due_for_stamps(&self) -> Result<Vec<Job>, Error> {
        let waiting = Query {
            due_by: Some(self.now()),
            ..Query::default()
        };
        let exhibits = self.records.all::<Exhibit>(&waiting).await?;
        Ok(exhibits
            .into_iter()
            .map(|e| Job::Stamp { exhibit: e.id })
            .collect())
    }

    /// Obtains the time-stamps of these exhibits, or of all that await one; with `again` also one more by each of the office's
    /// authorities over all that happened since.
    pub async fn stamp_exhibits(&self, exhibits: &[String], again: bool) -> Result<Vec<Stamping>, Error> {
        let mut chosen = Vec::new();
        for id in exhibits {
            let found = self.records.get::<Exhibit>(id).await?;
            chosen.push(found.ok_or_else(|| InputError::new(id, "is no exhibit on record"))?);
        }
        if exhibits.is_empty() {
            chosen = self.records.all::<Exhibit>(&Query::default()).await?;
        }
        let mut done = Vec::new();
        for exhibit in chosen {
            let stamped = self.stamped_by(&exhibit.id).await?;
            let mut asked = exhibit.awaiting.clone();
            let own = self.settings.authorities.iter().map(Url::to_string);
            asked.extend(own.filter(|url| !exhibit.awaiting.contains(url) && !stamped.contains(url)));
            for authority in &asked {
                done.push(self.stamp_by(&exhibit.id, authority, false).await?);
            }
            if again {
                for authority in &self.settings.authorities {
                    done.push(self.stamp_by(&exhibit.id, authority.as_str(), true).await?);
                }
            }
        }
        Ok(done)
    }

    /// The authorities whose token an exhibit has.
    async fn stamped_by(&self, id: &ExhibitId) -> Result<Vec<String>, Error> {
        self.sources(id, package::TIME_STAMP).await
    }

    /// The authorities that an exhibit's entries of a kind name.
    async fn sources(&self, id: &ExhibitId, what: &str) -> Result<Vec<String>, Error> {
        let entries = self.history(id).await?;
        let of_kind = entries.iter().filter(|entry| entry.what == what);
        let source = |entry: &Entry| {
            let link: serde_json::Value = serde_json::from_str(&entry.link).ok()?;
            Some(link["statement"]["facts"]["source"].as_str()?.to_owned())
        };
        Ok(of_kind.filter_map(source).collect())
    }

    /// Asks one authority about the seal, or about everything so far.
    async fn stamp_by(&self, id: &ExhibitId, authority: &str, all: bool) -> Result<Stamping, Error> {
        let mut exhibit = self.need::<Exhibit>(id.as_str()).await?;
        let of = self.to_be_stamped(&exhibit, all).await?;
        let answer = self.token(&of, authority).await;
        let received = self.now();
        let stamping = |stated: Result<Timestamp, String>| Stamping {
            exhibit: id.clone(),
            authority: authority.to_owned(),
            gap: stated
                .as_ref()
                .ok()
                .map(|at| at.as_second() - exhibit.sealed_at.as_second()),
            stated,
        };
        match answer {
            Ok(token) => {
                let mut event = package::time_stamp(&of, &token, authority, received);
                let offset = token.at().duration_since(received).as_millis();
                event.facts.insert("clock_offset_ms".into(), offset.to_string());
                let result = stamping(Ok(token.at()));
                let (entry, free) = self.entry(&exhibit, event).await?;
                let before = expectation(&exhibit);
                exhibit.awaiting.retain(|waiting| waiting != authority);
                self.records
                    .commit(vec![exhibit.into(), entry], vec![before, free])
                    .await?;
                Ok(result)
            }
            Err(why) => {
                tracing::warn!(%id, authority, "no time-stamp: {why}");
                let result = stamping(Err(why.clone()));
                let noted = self.sources(id, "time-stamp-missing").await?;
                if !all && !noted.iter().any(|source| source == authority) {
                    let facts = [("source", authority.to_owned()), ("why", why)];
                    let (entry, free) = self
                        .entry(&exhibit, Event::new("time-stamp-missing", received, facts))
                        .await?;
                    self.records.commit(vec![entry], vec![free]).await?;
                }
                Ok(result)
            }
        }
    }

    async fn to_be_stamped(&self, exhibit: &Exhibit, all: bool) -> Result<Sha256Hex, Error> {
        if all {
            return self.head_of(exhibit).await;
        }
        let path = self.vault.local(&exhibit.package).await?;
        let mut sealed = File::open(&path).map_err(|e| Error::file(&path, e))?;
        package::head(&mut sealed).map_err(|e| Error::Evidence(format!("{}: {e}", exhibit.id)))
    }

    /// Asks an authority over the guarded client; the answer must be a good token for this very question.
    async fn token(&self, of: &Sha256Hex, authority: &str) -> Result<Token, String> {
        let now = self.now().as_second();
        let mut silent = self.silent.lock().await;
        if silent
            .get(authority)
            .is_some_and(|since| (0..SILENT).contains(&(now - since)))
        {
            return Err("it did not answer a moment ago".into());
        }
        let answer = self.ask_authority(of, authority).await;
        match &answer {
            Ok(_) => silent.remove(authority),
            Err(_) => silent.insert(authority.to_owned(), now),
        };
        answer
    }

    async fn ask_authority(&self, of: &Sha256Hex, authority: &str) -> Result<Token, String> {
        let said = |e: &dyn std::fmt::Display| e.to_string();
        let url = Url::parse(authority).map_err(|e| said(&e))?;
        let secret = self.signer.secret(&format!("nonce of {of} at {}", self.now()));
        let nonce = secret
            .iter()
            .take(8)
            .fold(0, |nonce: u64, byte| nonce << 8 | u64::from(*byte));
        let question = request(of, nonce).map_err(|e| said(&e))?;
        let asked = Request::post(url, "application/timestamp-query", question.into());
        let answer = self.client.ask(asked).await.map_err(|e| said(&e))?;
        if answer.status != 200 {
            return Err(format!("it answered {}", answer.status));
        }
        let body = answer.body.bytes().map_err(|e| said(&e))?;
        let token = Token::from_response(&body, of, nonce).map_err(|e| said(&e))?;
        token.check(of, &[]).map_err(|e| said(&e))?;
        Ok(token)
    }
}
