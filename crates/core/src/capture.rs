//! What was captured at an address, so that it is not fetched again as long as it has not changed.

use crate::*;
use serde::{Deserialize, Serialize};

/// What was captured at an address when it was last looked at, and how its server would know it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Derived from address and access.
    pub id: CaptureId,
    /// The address.
    pub url: String,
    /// Digest of the bytes that were looked at; [`Recognition`] says what they are. Of a page: of its decoded body.
    pub sha256: Sha256Hex,
    /// What is asked to learn whether anything has changed; never empty.
    pub validators: Vec<Validator>,
    /// Where the archive holds the traffic, last the exchange itself; empty where nothing was recognised, and so nothing kept.
    pub archived: Vec<WarcSpan>,
    /// What was said of the look, for people.
    #[serde(default)]
    pub remark: String,
    /// When the bytes were fetched.
    pub at: Timestamp,
}

impl Capture {
    /// The identifier of what is captured at an address.
    pub fn id_of(url: &str, access: Access) -> CaptureId {
        CaptureId::derive(&[url, &access.to_string()])
    }
}

/// What a server called the state of what it gave (RFC 9110, section 8.8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validator {
    /// The address that was asked for.
    pub url: String,
    /// A strong entity tag.
    #[serde(default)]
    pub etag: Option<String>,
    /// The moment of the last change, as the server wrote it.
    #[serde(default)]
    pub last_modified: Option<String>,
    /// Digest of the body, where it is a playlist or manifest: short enough to be fetched again.
    #[serde(default)]
    pub sha256: Option<Sha256Hex>,
}
