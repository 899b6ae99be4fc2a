//! The manifest and what is signed.

use crate::chain::{Link, compact};
use crate::key::Signer;
use serde::{Deserialize, Serialize};
use swordnet_core::{Sha256Hex, Timestamp};

/// `datapackage.json`, a Frictionless data package. A later version may add fields: they are signed with the rest.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub profile: String,
    pub wacz_version: String,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub created: String,
    pub software: String,
    #[serde(rename = "mainPageUrl", default, skip_serializing_if = "Option::is_none")]
    pub main_page: Option<String>,
    #[serde(rename = "mainPageDate", default, skip_serializing_if = "Option::is_none")]
    pub main_page_date: Option<String>,
    pub resources: Vec<Resource>,
    pub swordnet: Own,
}

/// One sealed file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Resource {
    pub name: String,
    pub path: String,
    pub hash: String,
    pub bytes: u64,
}

/// What WACZ has no word for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Own {
    pub format: u32,
    pub id: String,
    /// Files that a public version leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private: Vec<String>,
    /// Authorities that were to be asked for a time-stamp: without one the package is not whole.
    #[serde(rename = "timeStamps", default, skip_serializing_if = "Vec::is_empty")]
    pub time_stamps: Vec<String>,
}

/// `datapackage-digest.json`. It is no part of what the manifest covers, so it may be written in one way only:
/// these fields, in this order, without spaces. What happens after sealing is appended here, each entry signed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digest {
    pub path: String,
    pub hash: String,
    #[serde(rename = "signedData")]
    pub signed: Signed,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appended: Vec<Link>,
}

/// wacz-auth 0.1.0, anonymous signature. Only `hash` is signed; the verifier holds the other fields against the manifest.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    pub hash: String,
    pub created: String,
    pub software: String,
    pub version: String,
    pub signature: String,
    #[serde(rename = "publicKey")]
    pub public_key: String,
}

pub(super) const WACZ: &str = "1.1.1";
pub(super) const WACZ_AUTH: &str = "0.1.0";

/// As manifests write a digest.
pub(super) fn hash_of(digest: &Sha256Hex) -> String {
    format!("sha256:{digest}")
}

impl Digest {
    /// Signs a manifest.
    pub fn sign(manifest: &[u8], created: Timestamp, software: &str, signer: &Signer) -> Self {
        let hash = hash_of(&Sha256Hex::of(manifest));
        let signed = Signed {
            created: created.to_string(),
            software: software.to_owned(),
            version: WACZ_AUTH.to_owned(),
            signature: signer.sign(&hash),
            public_key: signer.public_key().to_base64(),
            hash: hash.clone(),
        };
        Self {
            path: super::MANIFEST.to_owned(),
            hash,
            signed,
            appended: Vec::new(),
        }
    }

    /// SHA-256 of `signedData` as compact JSON: what authorities stamp and the appended entries continue.
    pub fn root(&self) -> Sha256Hex {
        Sha256Hex::of(&compact(&self.signed))
    }
}
