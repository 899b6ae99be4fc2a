//! Fetching one address: politeness, safety, and the bytes as they came.

mod client;
mod connect;
mod courtesy;
mod decode;
mod error;
mod exchange;
mod policy;
mod robots_cache;
mod spool;
mod wire;

pub(crate) use client::Follow;
pub use client::{Client, Method, Request};
pub(crate) use connect::admissible;
pub use error::{Error, FetchError};
pub use exchange::{Exchange, Fetched, TlsFacts, Truncation};
pub use policy::{Pin, Policy, TlsTrust};
pub use robots_cache::Robots;
pub use spool::Spool;
