//! Fetches websites politely and safely, and reads what it fetched.
//!
//! [`Client`] fetches one address, [`crawl()`] a whole site, [`capture()`] one film, song or stream; [`read`] says what a
//! page offers.
//!
//! Architecture invariants: this is the only crate that opens an outward socket, and it opens one only in
//! `fetch::connect`, to an address that [`guard`] judged. What came over the wire is kept exactly as it came.

mod areas;
mod capture;
mod crawl;
mod fetch;
pub mod guard;
pub mod read;
pub mod robots;

pub use capture::{Captured, capture};
pub use crawl::{BoxError, Kind, Sink, Summary, crawl};
pub use fetch::{
    Client, Error, Exchange, FetchError, Fetched, Method, Pin, Policy, Request, Robots, Spool, TlsFacts,
    TlsTrust, Truncation,
};
pub use ipnet::IpNet;
pub use read::{Article, Link, Offer, Reading, read};
