//! What can go wrong between an address and its bytes.

use std::{io, net::IpAddr};

/// Why an address could not be fetched.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// Not an address that is fetched at all: not http or https, no host, or a port of another service.
    #[error("'{url}' is not fetched: {why}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The name leads into a network that is closed to us.
    #[error("'{host}' is at {addr}, {why}; open the range explicitly if that is meant")]
    Forbidden {
        /// The host asked for.
        host: String,
        /// Where it is.
        addr: IpAddr,
        /// The range.
        why: String,
    },
    /// robots.txt forbids it.
    #[error("robots.txt forbids '{url}'")]
    Robots {
        /// The address.
        url: String,
    },
    /// The name has no address.
    #[error("'{host}' cannot be resolved: {why}")]
    Resolve {
        /// The host.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// No connection came about, or it broke before a response.
    #[error("no connection to '{host}': {why}")]
    Connect {
        /// The host.
        host: String,
        /// What the system said.
        why: String,
    },
    /// The server's certificate or its TLS does not hold.
    #[error("TLS with '{host}' failed: {why}")]
    Tls {
        /// The host.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// No response in time.
    #[error("'{url}' did not answer in time")]
    Timeout {
        /// The address.
        url: String,
    },
    /// The response breaks HTTP, or a bound on its head.
    #[error("'{url}' answered with something that is not HTTP as we accept it: {why}")]
    Malformed {
        /// The address.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// A chain of redirects without end.
    #[error("'{url}' redirects too often")]
    Redirects {
        /// Where it began.
        url: String,
    },
    /// The host asked us to come back later than we are ready to wait.
    #[error("'{host}' asks for {seconds} s of patience")]
    Later {
        /// The host.
        host: String,
        /// How long it wants to be left alone.
        seconds: u64,
    },
    /// A status that is no success, for [`capture`](crate::capture()).
    #[error("'{url}' answered {status}")]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
    },
    /// The stream is encrypted; it is not decrypted.
    #[error("the stream at '{url}' is encrypted ({method})")]
    Encrypted {
        /// The playlist or manifest.
        url: String,
        /// How.
        method: String,
    },
    /// A playlist or manifest that cannot be followed.
    #[error("the playlist at '{url}' cannot be followed: {why}")]
    Playlist {
        /// The playlist or manifest.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// Our own disk.
    #[error("what was fetched cannot be kept: {0}")]
    Io(String),
}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        FetchError::Io(error.to_string())
    }
}

impl FetchError {
    /// Would another try make sense? Only what may pass by itself: a broken connection, silence.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            FetchError::Connect { .. } | FetchError::Timeout { .. } | FetchError::Resolve { .. }
        )
    }
}

/// Why a crawl could not be carried out at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing to start from.
    #[error("no address to start from")]
    NoStart,
    /// A start address that is not fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The TLS set-up of this build does not work.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// What was fetched could not be handed on.
    #[error("what was fetched could not be stored: {0}")]
    Sink(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The frontier's own files.
    #[error("the list of addresses could not be kept: {0}")]
    Frontier(#[from] io::Error),
}
