//! Keys: ECDSA on P-256 with SHA-256.
//!
//! That curve because every expert's tool has it (openssl, any browser's WebCrypto), and because wacz-auth 0.1.0
//! asks for ECDSA. Signatures are deterministic (RFC 6979) and written as WebCrypto writes them: r and s, 32 bytes
//! each, in base64. Keys are written as SPKI and PKCS #8.

use crate::timestamp::Authority;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use sha2::{Digest as _, Sha256};
use std::fmt;
use swordnet_core::Sha256Hex;

/// A text that is no key.
#[derive(Debug, thiserror::Error)]
#[error("not a P-256 {what} key: {cause}")]
pub struct BadKey {
    what: &'static str,
    cause: String,
}

/// A private key that seals.
#[derive(Clone)]
pub struct Signer(SigningKey);

impl Signer {
    /// The key of 32 random bytes; the same bytes give the same key.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        // A scalar must lie in [1, n); hashing on until one does almost never takes a second round.
        let mut candidate = Sha256::digest([b"swordnet evidence key 1".as_slice(), &seed].concat());
        loop {
            if let Ok(key) = SigningKey::from_slice(&candidate) {
                return Self(key);
            }
            candidate = Sha256::digest(candidate);
        }
    }

    /// From PKCS #8 in PEM, as openssl and [`Signer::to_pem`] write it.
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let bad = |cause: p256::pkcs8::Error| BadKey {
            what: "private",
            cause: cause.to_string(),
        };
        SigningKey::from_pkcs8_pem(pem).map(Self).map_err(bad)
    }

    /// As PKCS #8 in PEM. Keep it secret.
    pub fn to_pem(&self) -> Result<String, BadKey> {
        let bad = |cause: p256::pkcs8::Error| BadKey {
            what: "private",
            cause: cause.to_string(),
        };
        self.0
            .to_pkcs8_pem(LineEnding::LF)
            .map(|pem| pem.to_string())
            .map_err(bad)
    }

    /// The key that checks what this one signs.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// 32 bytes for a purpose that nobody without the key can guess, the same each time: salts and nonces.
    pub fn secret(&self, purpose: &str) -> [u8; 32] {
        // The signature is deterministic and is shown to nobody.
        let signature = self.sign(&format!("swordnet secret for {purpose}"));
        Sha256::digest(signature.as_bytes()).into()
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        let signature: Signature = self.0.sign(text.as_bytes());
        STANDARD.encode(signature.to_bytes())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public_key().fingerprint())
    }
}

/// A public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// From SPKI in PEM.
    pub fn from_pem(pem: &str) -> Result<Self, BadKey> {
        let bad = |cause: p256::pkcs8::spki::Error| BadKey {
            what: "public",
            cause: cause.to_string(),
        };
        VerifyingKey::from_public_key_pem(pem).map(Self).map_err(bad)
    }

    /// As SPKI in PEM.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    /// From SPKI in base64, as packages hold it; only the one form that [`PublicKey::to_base64`] writes.
    pub fn from_base64(text: &str) -> Result<Self, BadKey> {
        let bad = |cause: String| BadKey {
            what: "public",
            cause,
        };
        let der = STANDARD.decode(text).map_err(|error| bad(error.to_string()))?;
        let key = VerifyingKey::from_public_key_der(&der)
            .map(Self)
            .map_err(|error| bad(error.to_string()))?;
        if key.to_base64() == text {
            Ok(key)
        } else {
            Err(bad("it is not written in the usual form".into()))
        }
    }

    /// As SPKI in base64.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.der())
    }

    /// SHA-256 of the SPKI: what people compare.
    pub fn fingerprint(&self) -> Sha256Hex {
        Sha256Hex::of(&self.der())
    }

    fn der(&self) -> Vec<u8> {
        self.0
            .to_public_key_der()
            .map(|der| der.as_bytes().to_vec())
            .unwrap_or_default()
    }

    pub(crate) fn accepts(&self, text: &str, signature: &str) -> bool {
        let decoded = STANDARD.decode(signature).ok();
        let signature = decoded.and_then(|bytes| Signature::from_slice(&bytes).ok());
        signature.is_some_and(|signature| self.0.verify(text.as_bytes(), &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

/// Whose seals count.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys that seal for somebody known.
    pub keys: Vec<PublicKey>,
    /// Take a package whoever sealed it: then it shows that nothing changed since, not who made it.
    pub anyone: bool,
    /// Time-stamp authorities. If any are given, a package without a time-stamp by one of them is not valid.
    pub authorities: Vec<Authority>,
}

/// Why a trust list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadTrust {
    /// Nothing in it.
    #[error("it names nobody: a trust list holds public keys and certificates in PEM, one after another")]
    Empty,
    /// Something in it that names nobody.
    #[error("a {0} has no place in a trust list, only PUBLIC KEY and CERTIFICATE have")]
    Kind(String),
    /// A key that is none.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// A certificate that is none.
    #[error(transparent)]
    Certificate(#[from] crate::timestamp::Error),
}

impl Trust {
    /// From trust lists: public keys of sealers and certificates of time-stamp authorities (their own, or of whoever issued
    /// it) in PEM, one after another, with any text between them. Where they name no key, whoever sealed a package is taken
    /// at their word.
    pub fn from_pem<'a>(lists: impl IntoIterator<Item = &'a str>) -> Result<Self, BadTrust> {
        let mut trust = Self::default();
        for list in lists {
            let mut blocks = list.split("-----BEGIN ").skip(1).peekable();
            if blocks.peek().is_none() {
                return Err(BadTrust::Empty);
            }
            for block in blocks {
                let pem = format!("-----BEGIN {block}");
                let kind = block.split("-----").next().unwrap_or_default();
                let end = format!("-----END {kind}-----");
                let pem = match pem.find(&end) {
                    Some(at) => &pem[..at + end.len()],
                    None => pem.as_str(),
                };
                match kind {
                    "PUBLIC KEY" => trust.keys.push(PublicKey::from_pem(pem)?),
                    "CERTIFICATE" => trust.authorities.push(Authority::from_pem(pem)?),
                    other => {
                        return Err(BadTrust::Kind(
                            other
                                .chars()
                                .filter(|c| c.is_ascii_graphic() || *c == ' ')
                                .take(40)
                                .collect(),
                        ));
                    }
                }
            }
        }
        trust.anyone = trust.keys.is_empty();
        Ok(trust)
    }

    /// Only these keys.
    pub fn keys(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Whoever sealed it.
    pub fn anyone() -> Self {
        Self {
            anyone: true,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_their_text_forms() {
        let signer = Signer::from_seed([7; 32]);
        let again = Signer::from_pem(&signer.to_pem().unwrap()).unwrap();
        assert_eq!(again.public_key(), signer.public_key());
        let public = signer.public_key();
        assert_eq!(PublicKey::from_pem(&public.to_pem()).unwrap(), public);
        assert_eq!(PublicKey::from_base64(&public.to_base64()).unwrap(), public);
        assert!(PublicKey::from_base64("AAAA").is_err());
        assert!(Signer::from_pem("-----BEGIN PRIVATE KEY-----\n").is_err());
    }

    #[test]
    fn a_trust_list_holds_keys_and_certificates_and_nothing_else() {
        let (one, two) = (Signer::from_seed([1; 32]), Signer::from_seed([2; 32]));
        let certificate = include_str!("../tests/samples/authority.pem");
        let list = format!(
            "the office\n{}the other\n{}and time\n{certificate}",
            one.public_key().to_pem(),
            two.public_key().to_pem()
        );
        let trust = Trust::from_pem([list.as_str()]).unwrap();
        assert_eq!(trust.keys, [one.public_key(), two.public_key()]);
        assert_eq!((trust.authorities.len(), trust.anyone), (1, false));
        assert!(Trust::from_pem([certificate]).unwrap().anyone);
        for wrong in [
            "",
            "nobody",
            &one.to_pem().unwrap(),
            "-----BEGIN PUBLIC KEY-----\nAAAA\n",
        ] {
            assert!(Trust::from_pem([list.as_str(), wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_differ_by_purpose_and_key() {
        let (one, two) = (Signer::from_seed([1; 32]), Signer::from_seed([2; 32]));
        assert_eq!(one.secret("salt"), one.secret("salt"));
        assert_ne!(one.secret("salt"), one.secret("nonce"));
        assert_ne!(one.secret("salt"), two.secret("salt"));
    }

    #[test]
    fn a_signature_holds_for_its_text_and_key_alone() {
        let (signer, other) = (Signer::from_seed([1; 32]), Signer::from_seed([2; 32]));
        let signature = signer.sign("text");
        assert_eq!(signature, signer.sign("text"), "RFC 6979: no randomness");
        assert!(signer.public_key().accepts("text", &signature));
        assert!(!signer.public_key().accepts("texu", &signature));
        assert!(!other.public_key().accepts("text", &signature));
        assert!(!signer.public_key().accepts("text", ""));
        assert_ne!(signer.public_key(), other.public_key());
    }
}
