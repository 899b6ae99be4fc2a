//! Records, blobs and the job queue, on whichever backend a URL names.
//!
//! Records are the truth; the queue carries only keys, so a lost or doubled message changes nothing.
//!
//! | what | trait | opened by | backends |
//! | --- | --- | --- | --- |
//! | records | [`Records`] | [`records::open`] | `sqlite:///FILE` |
//! | blobs | [`Vault`] | [`vault::open`] | `file:///FOLDER` |
//! | keys of work to be done | [`Queue`] | [`queue::open`] | `local` |
//!
//! A further backend is one file, one line in its `open`, and one line in `tests/` that names the trait's suite.
//!
//! ```no_run
//! # async fn example(site: swordnet_core::Site) -> Result<(), swordnet_store::Error> {
//! use swordnet_store::{Query, records, vault};
//! let records = records::open("sqlite:///var/lib/swordnet/records.db").await?;
//! records.put(vec![site.into()]).await?;
//! let films = Query { states: vec!["film".into()], ..Query::default() };
//! let sites: Vec<swordnet_core::Site> = records.all(&films).await?;
//! let vault = vault::open("file:///var/lib/swordnet/vault").await?;
//! let blob = vault.put("some bytes".into()).await?;
//! # Ok(()) }
//! ```
//!
//! Architecture invariants: only this crate knows SQL; nothing in the traits assumes one process.

pub mod mapped;
pub mod queue;
pub mod records;
pub mod vault;

use async_trait::async_trait;
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::time::Duration;
use swordnet_core::{Kind, Noun, Record, Sha256Hex, Timestamp};

/// Which records of a kind: every condition that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The record above.
    pub parent: Option<String>,
    /// The site.
    pub site: Option<String>,
    /// The work.
    pub work: Option<String>,
    /// One of these states; empty is any.
    pub states: Vec<String>,
    /// Sorted at or after.
    pub from: Option<Timestamp>,
    /// Sorted before.
    pub until: Option<Timestamp>,
    /// Due at or before.
    pub due_by: Option<Timestamp>,
    /// Continue behind this identifier (records come in the order of their identifiers).
    pub after: Option<String>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// A condition on which a commit stands: a record's state as the writer saw it.
#[derive(Clone, Debug)]
pub struct Expect {
    /// Kind of record.
    pub kind: Kind,
    /// Which one.
    pub id: String,
    /// The state in its keys; `None`: it does not exist yet.
    pub state: Option<String>,
}

/// Keeps records.
#[async_trait]
pub trait Records: Send + Sync {
    /// Writes all records or none; one with the same kind and identifier is replaced. When an expectation does not hold,
    /// nothing is written and the answer is [`Error::Conflict`].
    async fn commit(&self, records: Vec<Record>, expect: Vec<Expect>) -> Result<(), Error>;
    /// The record with this identifier.
    async fn fetch(&self, kind: Kind, id: &str) -> Result<Option<Record>, Error>;
    /// The records that fit, in the order of their identifiers.
    async fn select(&self, kind: Kind, query: &Query) -> Result<Vec<Record>, Error>;
    /// How many fit.
    async fn count(&self, kind: Kind, query: &Query) -> Result<u64, Error>;
    /// Removes a record; only licences, list entries and works are ever taken out, and segments by [`Self::replace`]. True when it was there.
    async fn remove(&self, kind: Kind, id: &str) -> Result<bool, Error>;
    /// Writes records in the place of others, all or none. When one of those is there no more, nothing is done and the answer is [`Error::Conflict`].
    async fn replace(&self, records: Vec<Record>, gone: Vec<(Kind, String)>) -> Result<(), Error>;
}

impl dyn Records {
    /// The noun with this identifier.
    pub async fn get<T: Noun>(&self, id: &str) -> Result<Option<T>, Error> {
        Ok(self.fetch(T::KIND, id).await?.and_then(T::from_record))
    }

    /// The nouns that fit.
    pub async fn all<T: Noun>(&self, query: &Query) -> Result<Vec<T>, Error> {
        Ok(self
            .select(T::KIND, query)
            .await?
            .into_iter()
            .filter_map(T::from_record)
            .collect())
    }

    /// Writes records without conditions.
    pub async fn put(&self, records: Vec<Record>) -> Result<(), Error> {
        self.commit(records, Vec::new()).await
    }
}

/// What becomes a blob.
#[derive(Clone, Debug)]
pub enum Content {
    /// Some bytes.
    Bytes(Bytes),
    /// A file's bytes, read in pieces.
    File(PathBuf),
}

/// Keeps blobs under their SHA-256; what is there is never changed. Only what can be had again is ever removed: segments that were joined.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Keeps some bytes.
    async fn put(&self, bytes: Bytes) -> Result<Sha256Hex, Error>;
    /// Keeps a file's bytes, reading it in pieces.
    async fn put_file(&self, path: &Path) -> Result<Sha256Hex, Error>;
    /// Keeps many, which disks wait for once and not for each; their digests in the order of the contents.
    async fn put_all(&self, contents: Vec<Content>) -> Result<Vec<Sha256Hex>, Error>;
    /// The bytes.
    async fn get(&self, blob: &Sha256Hex) -> Result<Bytes, Error>;
    /// The bytes, mapped from where they lie if they lie in a file: nothing is read before it is looked at.
    async fn map(&self, blob: &Sha256Hex) -> Result<Bytes, Error> {
        self.get(blob).await
    }
    /// Some of the bytes.
    async fn get_range(&self, blob: &Sha256Hex, offset: u64, length: u64) -> Result<Bytes, Error>;
    /// Is it there?
    async fn has(&self, blob: &Sha256Hex) -> Result<bool, Error>;
    /// Gives the room of a blob back, which nothing names any more. One that is not there is no error; what maps it still reads it.
    async fn remove(&self, blob: &Sha256Hex) -> Result<(), Error>;
    /// A local file with these bytes, for decoders and maps: the blob itself, or a copy of it in a cache. Read only.
    async fn local(&self, blob: &Sha256Hex) -> Result<PathBuf, Error>;
}

/// A key taken from a queue; it comes back to others when it is not settled in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What is to be done.
    pub key: String,
    /// How often it was handed out, this time included.
    pub attempt: u32,
    /// The queue's own token.
    pub token: u64,
}

/// Carries keys of work to be done. Delivery is at least once.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Offers a key; one that waits already is not doubled.
    async fn push(&self, key: &str) -> Result<(), Error>;
    /// The next key, or `None` when nothing came within `wait`.
    async fn take(&self, wait: Duration) -> Result<Option<Lease>, Error>;
    /// It is done.
    async fn done(&self, lease: Lease) -> Result<(), Error>;
    /// Give it back, to be handed out again after `delay`.
    async fn retry(&self, lease: Lease, delay: Duration) -> Result<(), Error>;
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A condition of a commit did not hold: read again and decide again.
    #[error("{kind} {id} was changed by somebody else")]
    Conflict {
        /// Kind of record.
        kind: String,
        /// Which one.
        id: String,
    },
    /// The blob is not in the vault.
    #[error("blob {0} is not in the vault")]
    Missing(Sha256Hex),
    /// A URL that names no backend.
    #[error("'{0}' names no backend: {1}")]
    BadUrl(String, &'static str),
    /// A record that does not read.
    #[error("record {0} does not read: {1}")]
    Unreadable(String, String),
    /// The backend failed.
    #[error("{0}")]
    Backend(String),
}
