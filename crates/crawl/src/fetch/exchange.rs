//! One request and its response, as they stood on the wire.

use super::Spool;
use bytes::Bytes;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use swordnet_core::Timestamp;
use url::Url;

/// Why a response was not taken in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// It exceeded a bound on its length.
    Length,
    /// It exceeded a bound on its time.
    Time,
    /// The connection ended, or the framing broke, before the body did.
    Disconnect,
}

impl Truncation {
    /// As WARC 1.1 writes it in `WARC-Truncated`.
    pub fn as_str(self) -> &'static str {
        match self {
            Truncation::Length => "length",
            Truncation::Time => "time",
            Truncation::Disconnect => "disconnect",
        }
    }
}

/// What is known of the encrypted connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// Protocol version, as `TLSv1_3`.
    pub version: String,
    /// Cipher suite, as `TLS13_AES_128_GCM_SHA256`.
    pub cipher: String,
    /// The certificates that the server sent, DER, its own first.
    pub chain: Vec<Bytes>,
    /// What is wrong with them, where [`TlsTrust::Record`](crate::TlsTrust::Record) let the request pass all the same.
    pub problem: Option<String>,
}

/// Who says where a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The address of the page is a number itself.
    Number,
    /// [`Policy::resolve`](crate::Policy::resolve): no resolver was asked.
    Pin,
    /// The system's resolver, its hosts file included.
    Resolver,
}

/// The way to a server, as it was found when the connection was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The host asked for.
    pub host: String,
    /// When its address was asked for.
    pub at: Timestamp,
    /// Who said where it is.
    pub named_by: NamedBy,
    /// Every address that came back, those that are closed to us included.
    pub answers: Vec<IpAddr>,
    /// Our own end of the connection.
    pub local: Option<SocketAddr>,
}

/// One request and its response.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The address asked for, without fragment and credentials.
    pub url: Url,
    /// When the request was sent.
    pub at: Timestamp,
    /// Who answered.
    pub peer: SocketAddr,
    /// How the connection came about; one that was kept has the route of its opening.
    pub route: Arc<Route>,
    /// The request, as on the wire.
    pub request: Bytes,
    /// The response, head and body, as on the wire.
    pub response: Spool,
    /// Length of its head in bytes, interim responses and the empty line included.
    pub head_length: u64,
    /// Its status.
    pub status: u16,
    /// Its fields in order; names in lower case, values with bytes outside ASCII replaced.
    pub headers: Vec<(String, String)>,
    /// Its body with transfer and content coding undone.
    pub body: Spool,
    /// Why the response was not taken in full.
    pub truncated: Option<Truncation>,
    /// The response is "not modified": status, fields and body are those of an [`Earlier`](super::Earlier) answer.
    pub unchanged: bool,
    /// The encrypted connection, where there was one.
    pub tls: Option<TlsFacts>,
}

impl Exchange {
    /// The first field of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Is the status one that sends us elsewhere, and where to?
    pub fn redirect(&self) -> Option<Url> {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        self.url.join(self.header("location")?.trim()).ok()
    }
}

/// What a request led to: every hop, the last of which is the answer.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// In order; never empty. The last may be a redirect that was not to be followed.
    pub hops: Vec<Exchange>,
}

impl Fetched {
    /// The answer.
    pub fn last(&self) -> &Exchange {
        self.hops.last().expect("a fetch has at least one exchange")
    }
}
