//! Fetches websites politely and safely, and reads what it fetched.
//!
//! [`Client`] fetches one address, [`crawl()`] a whole site, [`probe()`] a few seconds of a film and [`capture()`] all of
//! it; [`read`] says what a page offers, and a [`Browser`] what its scripts would play.
//!
//! Architecture invariants: this is the only crate that opens an outward socket, and it opens one only in
//! `fetch::connect`, to an address that [`guard`] judged. What came over the wire is kept exactly as it came.

pub mod apk;
mod areas;
mod browser;
mod capture;
mod crawl;
mod fetch;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
pub mod guard;
mod proxy;
pub mod read;
mod resolver;
pub mod robots;

pub use browser::{Browser, Opened, draws_han, installed_browser};
pub use capture::{Captured, Glimpse, Glimpses, Validators, capture, probe, unchanged};
pub use crawl::{BoxError, Kind, Sink, Summary, crawl};
pub use fetch::{
    Client, Earlier, Error, Exchange, FetchError, Fetched, Method, NamedBy, Pin, Policy, Request, Resolve,
    Robots, Route, Spool, TlsFacts, TlsTrust, Truncation,
};
pub use ipnet::IpNet;
pub use read::{Article, Link, Offer, Reading, outline, read};
pub use resolver::resolve;
