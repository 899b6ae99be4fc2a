//! Certificates: whom to trust, and whether a chain leads there.

use super::{Error, asn1::oid};
use der::asn1::ObjectIdentifier;
use der::{Decode, DecodePem, Encode};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs1v15;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::fmt;
use swordnet_core::Timestamp;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Certificates between an authority's own and the trusted one.
const MAX_CHAIN: usize = 4;

/// A time-stamp authority that is trusted: its own certificate, or one that issued it.
#[derive(Clone, PartialEq, Eq)]
pub struct Authority(pub(super) Certificate);

impl Authority {
    /// From a certificate in PEM.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        Certificate::from_pem(pem)
            .map(Self)
            .map_err(Error::malformed("a certificate"))
    }

    /// From a certificate in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        Certificate::from_der(der)
            .map(Self)
            .map_err(Error::malformed("a certificate"))
    }

    /// Its name.
    pub fn subject(&self) -> String {
        self.0.tbs_certificate().subject().to_string()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({})", self.subject())
    }
}

/// RFC 3161, 2.3: a certificate for time-stamps and nothing else, and says so critically.
pub(super) fn is_for_time_stamps(certificate: &Certificate) -> bool {
    matches!(
        certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>(),
        Ok(Some((true, ExtendedKeyUsage(uses)))) if uses == [oid::TIME_STAMPING]
    )
}

/// Whether `certificate` was valid at `at` and a chain of valid certificates leads from it to a trusted one.
pub(super) fn leads_to_trust(
    certificate: &Certificate,
    others: &[Certificate],
    trusted: &[Authority],
    at: Timestamp,
) -> bool {
    let mut current = certificate;
    for below in 0..MAX_CHAIN {
        if !is_valid_at(current, at) {
            return false;
        }
        if trusted.iter().any(|authority| authority.0 == *current) {
            return true;
        }
        let issues = |candidate: &&Certificate| issued(candidate, current, below);
        if let Some(root) = trusted.iter().map(|authority| &authority.0).find(issues) {
            return is_valid_at(root, at);
        }
        match others.iter().find(issues) {
            Some(next) if next != current => current = next,
            _ => return false,
        }
    }
    false
}

fn is_valid_at(certificate: &Certificate, at: Timestamp) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let seconds =
        |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    (seconds(validity.not_before)..=seconds(validity.not_after)).contains(&at.as_second())
}

/// Whether `issuer` may issue certificates, with `below` more of them under the one in question, and issued `certificate`.
fn issued(issuer: &Certificate, certificate: &Certificate, below: usize) -> bool {
    let (above, tbs) = (issuer.tbs_certificate(), certificate.tbs_certificate());
    let may_issue = matches!(above.get_extension::<BasicConstraints>(), Ok(Some((_, limits)))
        if limits.ca && limits.path_len_constraint.is_none_or(|most| below <= usize::from(most)));
    let may_sign = match above.get_extension::<KeyUsage>() {
        Ok(None) => true,
        Ok(Some((_, usage))) => usage.key_cert_sign(),
        Err(_) => false,
    };
    above.subject() == tbs.issuer()
        && may_issue
        && may_sign
        && tbs.to_der().is_ok_and(|signed| {
            let signature = certificate.signature().raw_bytes();
            certificate.signature_algorithm() == tbs.signature()
                && signature_holds(
                    issuer,
                    certificate.signature_algorithm(),
                    None,
                    &signed,
                    signature,
                )
        })
}

/// Whether the key of `signer` made `signature` over `message`. `digest`: the digest that the signer named apart from
/// the signature algorithm, which must agree.
pub(super) fn signature_holds(
    signer: &Certificate,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<ObjectIdentifier>,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let (family, named) = match algorithm.oid {
        oid::RSA => (oid::RSA, digest),
        oid::RSA_SHA_256 => (oid::RSA, Some(oid::SHA_256)),
        oid::RSA_SHA_384 => (oid::RSA, Some(oid::SHA_384)),
        oid::RSA_SHA_512 => (oid::RSA, Some(oid::SHA_512)),
        oid::ECDSA_SHA_256 => (oid::EC, Some(oid::SHA_256)),
        oid::ECDSA_SHA_384 => (oid::EC, Some(oid::SHA_384)),
        oid::ECDSA_SHA_512 => (oid::EC, Some(oid::SHA_512)),
        _ => return false,
    };
    let Some(named) = named.filter(|named| digest.is_none_or(|digest| digest == *named)) else {
        return false;
    };
    let Some(hash) = hash(named, message) else {
        return false;
    };
    let key = signer.tbs_certificate().subject_public_key_info();
    let point = key.subject_public_key.raw_bytes();
    let curve = || {
        key.algorithm
            .parameters
            .as_ref()
            .and_then(|p| p.decode_as::<ObjectIdentifier>().ok())
    };
    if key.algorithm.oid != family {
        return false;
    }
    match (family, named) {
        (oid::RSA, _) => rsa_holds(point, named, &hash, signature),
        (_, _) if curve() == Some(oid::P_256) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point);
            let signature = p256::ecdsa::Signature::from_der(signature);
            matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(&hash, &signature).is_ok())
        }
        (_, _) if curve() == Some(oid::P_384) => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point);
            let signature = p384::ecdsa::Signature::from_der(signature);
            matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(&hash, &signature).is_ok())
        }
        _ => false,
    }
}

fn rsa_holds(key: &[u8], digest: ObjectIdentifier, hash: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = rsa::PublicKey::from_pkcs1_der(key) else {
        return false;
    };
    let Ok(signature) = pkcs1v15::Signature::try_from(signature) else {
        return false;
    };
    match digest {
        oid::SHA_256 => pkcs1v15::VerifyingKey::<Sha256>::new(key)
            .verify_prehash(hash, &signature)
            .is_ok(),
        oid::SHA_384 => pkcs1v15::VerifyingKey::<Sha384>::new(key)
            .verify_prehash(hash, &signature)
            .is_ok(),
        oid::SHA_512 => pkcs1v15::VerifyingKey::<Sha512>::new(key)
            .verify_prehash(hash, &signature)
            .is_ok(),
        _ => false,
    }
}

/// The digests that a signature may rest on.
pub(super) fn hash(algorithm: ObjectIdentifier, message: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        oid::SHA_256 => Sha256::digest(message).to_vec(),
        oid::SHA_384 => Sha384::digest(message).to_vec(),
        oid::SHA_512 => Sha512::digest(message).to_vec(),
        _ => return None,
    })
}
