//! Requests, responses and tokens.

use super::Error;
use super::asn1::{CertId, MessageImprint, SigningCertificate, TimeStampReq, TimeStampResp, TstInfo, oid};
use super::authority::{self, Authority};
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode, Encode, Tag, Tagged};
use sha1::Sha1;
use sha2::Digest as _;
use swordnet_core::{Sha256Hex, Timestamp};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Longest token that is read, in bytes: they are a few thousand.
const MAX_TOKEN: usize = 256 * 1024;

/// A TimeStampReq in DER, to be sent by HTTP POST as `application/timestamp-query`; the answer must carry `nonce`
/// (random) and the authority's certificate.
pub fn request(digest: &Sha256Hex, nonce: u64) -> Result<Vec<u8>, Error> {
    let what = "a time-stamp request";
    let algorithm = AlgorithmIdentifierOwned {
        oid: oid::SHA_256,
        parameters: None,
    };
    let digest = OctetString::new(bytes_of(digest)).map_err(Error::malformed(what))?;
    let request = TimeStampReq {
        version: 1,
        imprint: MessageImprint { algorithm, digest },
        nonce,
        cert_req: true,
    };
    request.to_der().map_err(Error::malformed(what))
}

/// A time-stamp token.
#[derive(Clone, Debug)]
pub struct Token {
    der: Vec<u8>,
    signed: SignedData,
    info: TstInfo,
    at: Timestamp,
}

/// What a token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The digest existed at this moment.
    pub at: Timestamp,
    /// Name of the authority.
    pub authority: String,
    /// The authority's certificate leads to one that is trusted; else the word is a stranger's.
    pub trusted: bool,
}

impl Token {
    /// Reads a token, ContentInfo in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_TOKEN {
            return Err(Error::Wrong("is too long"));
        }
        let content = ContentInfo::from_der(der).map_err(Error::malformed("a time-stamp token"))?;
        Self::from_content(content, der.to_vec())
    }

    /// Reads the answer to a request, TimeStampResp in DER, and holds it against what was asked.
    pub fn from_response(der: &[u8], digest: &Sha256Hex, nonce: u64) -> Result<Self, Error> {
        let what = "a time-stamp response";
        if der.len() > MAX_TOKEN {
            return Err(Error::Wrong("is too long"));
        }
        let response = TimeStampResp::from_der(der).map_err(Error::malformed(what))?;
        if response.status.status > 1 {
            let texts = response.status.text.unwrap_or_default();
            let texts: Vec<_> = texts
                .iter()
                .map(|text| String::from_utf8_lossy(text.value()).into_owned())
                .collect();
            return Err(Error::Refused(format!(
                "status {}: {}",
                response.status.status,
                texts.join("; ")
            )));
        }
        let content = response.token.ok_or(Error::Refused("it sent no token".into()))?;
        let der = content.to_der().map_err(Error::malformed(what))?;
        let token = Self::from_content(content, der)?;
        if token.digest().as_ref() != Some(digest) {
            return Err(Error::Wrong("is for another digest"));
        }
        let nonce = nonce.to_der().ok();
        if token.info.nonce.as_ref().and_then(|given| given.to_der().ok()) != nonce {
            return Err(Error::Wrong("answers another request: its nonce differs"));
        }
        Ok(token)
    }

    fn from_content(content: ContentInfo, der: Vec<u8>) -> Result<Self, Error> {
        let what = "a time-stamp token";
        if content.content_type != oid::SIGNED_DATA {
            return Err(Error::Wrong("is not signed data"));
        }
        let signed: SignedData = content.content.decode_as().map_err(Error::malformed(what))?;
        if signed.encap_content_info.econtent_type != oid::TST_INFO {
            return Err(Error::Wrong("holds something else than a time"));
        }
        let info = TstInfo::from_der(content_of(&signed)?).map_err(Error::malformed(what))?;
        if info.version != 1 {
            return Err(Error::Wrong("is of an unknown version"));
        }
        let at = moment(&info).ok_or(Error::Wrong("states no moment"))?;
        Ok(Self {
            der,
            signed,
            info,
            at,
        })
    }

    /// The token in DER, as `openssl ts -verify -token_in` reads it.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The moment that it states.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The SHA-256 digest that it is for; nothing if it is over another kind of digest.
    pub fn digest(&self) -> Option<Sha256Hex> {
        let imprint = &self.info.imprint;
        let bytes = imprint.digest.as_bytes();
        (imprint.algorithm.oid == oid::SHA_256 && bytes.len() == 32).then(|| Sha256Hex::from_array(bytes))
    }

    /// Checks the token for `digest`, offline. Errs where its own signature does not hold; whether its signer leads to one
    /// of `trusted` is told in the result.
    pub fn check(&self, digest: &Sha256Hex, trusted: &[Authority]) -> Result<Stamp, Error> {
        if self.digest().as_ref() != Some(digest) {
            return Err(Error::Wrong("is for another digest"));
        }
        let [signer] = self.signed.signer_infos.0.as_slice() else {
            return Err(Error::Wrong("has not exactly one signer"));
        };
        let carried: Vec<Certificate> = self.certificates();
        let known = trusted.iter().map(|authority| &authority.0);
        let certificate = carried
            .iter()
            .chain(known)
            .find(|certificate| is_signer(&signer.sid, certificate))
            .ok_or(Error::Wrong(
                "does not carry its signer's certificate, nor is it known",
            ))?;
        check_attributes(signer, certificate, content_of(&self.signed)?)?;
        let attributes = signer
            .signed_attrs
            .as_ref()
            .and_then(|attributes| attributes.to_der().ok());
        let holds = attributes.is_some_and(|message| {
            let (algorithm, digest) = (&signer.signature_algorithm, signer.digest_alg.oid);
            authority::signature_holds(
                certificate,
                algorithm,
                Some(digest),
                &message,
                signer.signature.as_bytes(),
            )
        });
        if !holds {
            return Err(Error::Wrong("has a signature that does not hold"));
        }
        if !authority::is_for_time_stamps(certificate) {
            return Err(Error::Wrong(
                "was signed with a certificate that is not for time-stamps",
            ));
        }
        Ok(Stamp {
            at: self.at,
            authority: certificate.tbs_certificate().subject().to_string(),
            trusted: authority::leads_to_trust(certificate, &carried, trusted, self.at),
        })
    }

    fn certificates(&self) -> Vec<Certificate> {
        let carried = self.signed.certificates.iter().flat_map(|set| set.0.iter());
        carried
            .filter_map(|choice| match choice {
                CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
                CertificateChoices::Other(_) => None,
            })
            .collect()
    }
}

fn content_of(signed: &SignedData) -> Result<&[u8], Error> {
    let content = signed.encap_content_info.econtent.as_ref();
    let content = content.filter(|content| content.tag() == Tag::OctetString);
    content
        .map(|content| content.value())
        .ok_or(Error::Wrong("is empty"))
}

fn is_signer(id: &SignerIdentifier, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            matches!(tbs.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *id)
        }
    }
}

/// RFC 5652, 11.1 and 11.2; RFC 5035: the signed attributes bind the contents and the signer's certificate.
fn check_attributes(signer: &SignerInfo, certificate: &Certificate, content: &[u8]) -> Result<(), Error> {
    let kind: Option<ObjectIdentifier> = attribute(signer, oid::CONTENT_TYPE);
    if kind != Some(oid::TST_INFO) {
        return Err(Error::Wrong("does not sign what kind of content it holds"));
    }
    let digest: Option<OctetString> = attribute(signer, oid::MESSAGE_DIGEST);
    let actual = authority::hash(signer.digest_alg.oid, content);
    if actual.is_none() || digest.as_ref().map(OctetString::as_bytes) != actual.as_deref() {
        return Err(Error::Wrong("was altered: its digest does not fit"));
    }
    let der = certificate.to_der().map_err(Error::malformed("a certificate"))?;
    let first = |list: SigningCertificate| list.certs.into_iter().next();
    let named = attribute(signer, oid::SIGNING_CERTIFICATE_V2)
        .and_then(first)
        .map(|id: CertId| {
            let algorithm = id.algorithm.map_or(oid::SHA_256, |algorithm| algorithm.oid);
            authority::hash(algorithm, &der).as_deref() == Some(id.hash.as_bytes())
        });
    let named = named.or_else(|| {
        // The older form knows SHA-1 alone (RFC 2634); to deceive, a second preimage of a certificate would be needed.
        let id = attribute(signer, oid::SIGNING_CERTIFICATE).and_then(first)?;
        Some(Sha1::digest(&der).as_slice() == id.hash.as_bytes())
    });
    if named == Some(true) {
        Ok(())
    } else {
        Err(Error::Wrong("does not name its signer's certificate"))
    }
}

/// The single value of an attribute that occurs once.
fn attribute<T: for<'a> Decode<'a, Error = der::Error>>(
    signer: &SignerInfo,
    kind: ObjectIdentifier,
) -> Option<T> {
    let mut found = signer
        .signed_attrs
        .as_ref()?
        .iter()
        .filter(|attribute| attribute.oid == kind);
    let (attribute, None) = (found.next()?, found.next()) else {
        return None;
    };
    let [value] = attribute.values.as_slice() else {
        return None;
    };
    T::from_der(&value.to_der().ok()?).ok()
}

/// GeneralizedTime as RFC 3161 restricts it: `YYYYMMDDhhmmss[.f…]Z`.
fn moment(info: &TstInfo) -> Option<Timestamp> {
    let text = std::str::from_utf8(info.time.value())
        .ok()
        .filter(|_| info.time.tag() == Tag::GeneralizedTime)?;
    let (digits, rest) = text.split_at_checked(14)?;
    let fraction = rest.strip_suffix('Z')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) || fraction.len() > 10 {
        return None;
    }
    let part = |from: usize, to: usize| &digits[from..to];
    format!(
        "{}-{}-{}T{}:{}:{}{fraction}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    )
    .parse()
    .ok()
}

fn bytes_of(digest: &Sha256Hex) -> Vec<u8> {
    let text = digest.as_str().as_bytes();
    let nibble = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
    text.chunks(2)
        .map(|pair| nibble(pair[0]) << 4 | nibble(pair[1]))
        .collect()
}
