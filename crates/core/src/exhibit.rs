//! Exhibits: sealed packages of evidence.

use crate::{EntryId, ExhibitId, FindingId, Sha256Hex, Timestamp, lang::vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The life of an exhibit. It never goes back: what is sealed is never opened for change.
    ExhibitState {
        /// Sealed and in the vault.
        Sealed = "sealed", "sealed", "已封存";
        /// Handed out at least once.
        Delivered = "delivered", "delivered", "已移交";
    }
}

impl ExhibitState {
    /// Which step may follow which.
    pub fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Sealed, Self::Delivered))
    }
}

/// A sealed package.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhibit {
    /// Derived from the finding.
    pub id: ExhibitId,
    /// What it proves.
    pub finding: FindingId,
    /// State.
    pub state: ExhibitState,
    /// The package in the vault.
    pub package: Sha256Hex,
    /// Its size in bytes.
    pub size: u64,
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// Pictures for people, in the vault: reference beside copy.
    #[serde(default)]
    pub pictures: Vec<Picture>,
    /// Time-stamp authorities whose token is still to come, by their addresses.
    #[serde(default)]
    pub awaiting: Vec<String>,
}

impl Exhibit {
    /// The identifier of the exhibit for a finding.
    pub fn id_of(finding: &FindingId) -> ExhibitId {
        ExhibitId::derive(&[finding.as_str()])
    }
}

/// One entry of what happened to an exhibit since it was sealed: who read it, who received it, what was ordered and seen.
/// The entries of an exhibit are a chain: each is signed and names the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Derived from exhibit and number: a place in the chain is taken once.
    pub id: EntryId,
    /// The exhibit.
    pub exhibit: ExhibitId,
    /// Its place, from 1.
    pub number: u64,
    /// What happened, in a word.
    pub what: String,
    /// When.
    pub at: Timestamp,
    /// The signed link, JSON, byte by byte as it goes into the package.
    pub link: String,
}

impl Entry {
    /// The identifier of a place in an exhibit's chain.
    pub fn id_of(exhibit: &ExhibitId, number: u64) -> EntryId {
        EntryId::derive(&[exhibit.as_str(), &number.to_string()])
    }
}

/// A picture for people: the reference beside the copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// JPEG or PNG in the vault, or a fragment of HTML for text.
    pub blob: Sha256Hex,
    /// MIME type.
    pub media_type: String,
    /// What it shows, in English.
    pub en: String,
    /// What it shows, in Chinese.
    pub zh: String,
}
