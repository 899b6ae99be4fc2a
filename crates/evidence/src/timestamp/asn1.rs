//! The structures of RFC 3161, and of RFC 5035 as far as time-stamps use them, that the CMS crate does not bring.

use cms::content_info::ContentInfo;
use der::Sequence;
use der::asn1::{Any, BitString, Int, ObjectIdentifier, OctetString};
use x509_cert::spki::AlgorithmIdentifierOwned;

pub(super) mod oid {
    use der::asn1::ObjectIdentifier;

    macro_rules! oids {
        ($($name:ident = $text:literal;)*) => {
            $(pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($text);)*
        };
    }

    oids! {
        SIGNED_DATA = "1.2.840.113549.1.7.2";
        TST_INFO = "1.2.840.113549.1.9.16.1.4";
        CONTENT_TYPE = "1.2.840.113549.1.9.3";
        MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
        SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
        SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
        TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
        SHA_256 = "2.16.840.1.101.3.4.2.1";
        SHA_384 = "2.16.840.1.101.3.4.2.2";
        SHA_512 = "2.16.840.1.101.3.4.2.3";
        RSA = "1.2.840.113549.1.1.1";
        RSA_SHA_256 = "1.2.840.113549.1.1.11";
        RSA_SHA_384 = "1.2.840.113549.1.1.12";
        RSA_SHA_512 = "1.2.840.113549.1.1.13";
        EC = "1.2.840.10045.2.1";
        ECDSA_SHA_256 = "1.2.840.10045.4.3.2";
        ECDSA_SHA_384 = "1.2.840.10045.4.3.3";
        ECDSA_SHA_512 = "1.2.840.10045.4.3.4";
        P_256 = "1.2.840.10045.3.1.7";
        P_384 = "1.3.132.0.34";
    }
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct MessageImprint {
    pub algorithm: AlgorithmIdentifierOwned,
    pub digest: OctetString,
}

#[derive(Sequence)]
pub(super) struct TimeStampReq {
    pub version: u8,
    pub imprint: MessageImprint,
    pub nonce: u64,
    pub cert_req: bool,
}

#[derive(Sequence)]
pub(super) struct TimeStampResp {
    pub status: StatusInfo,
    #[asn1(optional = "true")]
    pub token: Option<ContentInfo>,
}

#[derive(Sequence)]
pub(super) struct StatusInfo {
    pub status: u8,
    #[asn1(optional = "true")]
    pub text: Option<Vec<Any>>,
    #[asn1(optional = "true")]
    pub failure: Option<BitString>,
}

/// The moment is kept as it stands: RFC 3161 allows fractions of a second, which DER's own reader does not.
#[derive(Clone, Debug, Sequence)]
pub(super) struct TstInfo {
    pub version: u8,
    pub policy: ObjectIdentifier,
    pub imprint: MessageImprint,
    pub serial: Int,
    pub time: Any,
    #[asn1(optional = "true")]
    pub accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub ordering: bool,
    #[asn1(optional = "true")]
    pub nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub authority: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub extensions: Option<x509_cert::ext::Extensions>,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct Accuracy {
    #[asn1(optional = "true")]
    pub seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub micros: Option<u16>,
}

/// ESSCertIDv2; without an algorithm it is SHA-256.
#[derive(Sequence)]
pub(super) struct CertId {
    #[asn1(optional = "true")]
    pub algorithm: Option<AlgorithmIdentifierOwned>,
    pub hash: OctetString,
    #[asn1(optional = "true")]
    pub issuer: Option<Any>,
}

/// SigningCertificate and SigningCertificateV2: the first names the signer.
#[derive(Sequence)]
pub(super) struct SigningCertificate {
    pub certs: Vec<CertId>,
    #[asn1(optional = "true")]
    pub policies: Option<Any>,
}
