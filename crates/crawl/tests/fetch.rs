//! Fetching, crawling and capturing against a local server that behaves as badly as real ones do.

#[path = "fetch/bounds.rs"]
mod bounds;
#[path = "fetch/browsing.rs"]
mod browsing;
#[path = "fetch/capturing.rs"]
mod capturing;
#[path = "fetch/crawling.rs"]
mod crawling;
#[path = "fetch/encrypted.rs"]
mod encrypted;
#[path = "fetch/exchanges.rs"]
mod exchanges;
#[path = "fetch/forgery.rs"]
mod forgery;
#[path = "fetch/oddities.rs"]
mod oddities;
#[path = "fetch/probing.rs"]
mod probing;
#[path = "fetch/safety.rs"]
mod safety;
#[path = "fetch/server.rs"]
mod server;
