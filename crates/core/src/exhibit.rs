//! Exhibits: sealed packages of evidence.

use crate::{ExhibitId, FindingId, Sha256Hex, Timestamp, lang::vocabulary};
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
}

impl Exhibit {
    /// The identifier of the exhibit for a finding.
    pub fn id_of(finding: &FindingId) -> ExhibitId {
        ExhibitId::derive(&[finding.as_str()])
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
