//! RFC 3161 time-stamps: an authority's word that a digest existed at a moment.
//!
//! [`request`] makes what is sent to an authority, [`Token::from_response`] reads what comes back, [`Token::check`]
//! checks it offline. A token proves "not after"; what happened before it rests on the sealer's word.
//! Not checked: revocation. A certificate must be valid at the moment that the token states.

mod asn1;
mod authority;
mod token;

pub use authority::Authority;
pub use token::{Stamp, Token, request};

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are no such thing.
    #[error("not {what}: {cause}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What the decoder said.
        cause: String,
    },
    /// The authority said no.
    #[error("the time-stamp authority refused: {0}")]
    Refused(String),
    /// It is a token, but not one for this.
    #[error("the time-stamp {0}")]
    Wrong(&'static str),
}

impl Error {
    fn malformed(what: &'static str) -> impl Fn(der::Error) -> Self {
        move |cause| Self::Malformed {
            what,
            cause: cause.to_string(),
        }
    }
}
