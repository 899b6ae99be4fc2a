//! Fetching one address: politeness, safety, and the bytes as they came.

mod client;
mod connect;
mod courtesy;
mod decode;
mod earlier;
mod error;
mod exchange;
mod names;
mod policy;
mod request;
mod robots_cache;
mod spool;
mod transfer;
mod wire;

pub use client::Client;
pub(crate) use connect::admissible;
pub use earlier::Earlier;
pub use error::{Error, FetchError};
pub use exchange::{Exchange, Fetched, NamedBy, Route, TlsFacts, Truncation};
pub use names::Resolve;
pub use policy::{Pin, Policy, TlsTrust};
pub(crate) use request::Follow;
pub use request::{Method, Request};
pub use robots_cache::Robots;
pub use spool::Spool;
