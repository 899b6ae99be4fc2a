//! Identifiers, derived from what they name, so that doing a job twice writes the same record twice.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// SHA-256 of some bytes, as 64 lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

impl Sha256Hex {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_array(Sha256::digest(bytes).as_ref())
    }

    /// From the 32 bytes that a hasher gave.
    pub fn from_array(digest: &[u8]) -> Self {
        use fmt::Write;
        let mut text = String::with_capacity(64);
        for byte in digest {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text))
        } else {
            Err(format!(
                "'{text}' is not a SHA-256 digest: 64 lower-case hexadecimal digits are wanted"
            ))
        }
    }
}

impl From<Sha256Hex> for String {
    fn from(digest: Sha256Hex) -> String {
        digest.0
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `prefix-` and 24 hexadecimal digits of the SHA-256 of the parts, each preceded by its length, so that
/// no two lists of parts run together.
fn derive(prefix: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = Sha256Hex::from_array(hash.finalize().as_ref());
    format!("{prefix}-{}", &digest.as_str()[..24])
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The identifier of whatever these parts name: equal parts give equal identifiers.
            pub fn derive(parts: &[&str]) -> Self {
                Self(derive($prefix, parts))
            }

            /// An identifier as it was written down before.
            pub fn from_text(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A protected work.
    WorkId = "work";
    /// One reference copy of a work.
    ReferenceId = "ref";
    /// A licence, or one link of a chain of licences.
    LicenceId = "licence";
    /// An entry of a white list.
    WhiteListId = "white";
    /// A pre-warning list.
    WarningListId = "warning";
    /// A website.
    SiteId = "site";
    /// One run over a selection of sites.
    PatrolId = "patrol";
    /// One check of one site.
    VisitId = "visit";
    /// A page as it was fetched on a visit.
    PageId = "page";
    /// Something that a page offers.
    SightingId = "sighting";
    /// What recognition said of some bytes.
    RecognitionId = "recognition";
    /// What was captured at an address.
    CaptureId = "capture";
    /// A judged candidate.
    FindingId = "finding";
    /// A sealed package of evidence.
    ExhibitId = "exhibit";
    /// One entry of what happened to an exhibit.
    EntryId = "entry";
    /// An order to remove.
    NoticeId = "notice";
    /// One re-check of what was ordered removed.
    OutcomeId = "outcome";
    /// A file of the recognition index.
    SegmentId = "segment";
}
