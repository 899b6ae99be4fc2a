//! WARC 1.1 (ISO 28500:2017): the traffic as it was on the wire, one gzip member a record.
//!
//! Digests are SHA-256 in hexadecimal. The payload of an HTTP record is what follows the head on the wire, transfer
//! coding included, as warcio and most archives take it: nothing has to be decoded to check it.

mod block;
mod gzip;
mod read;
mod write;

pub use block::Head;
pub use read::{Digest, Ended, Error, Header, Reader, Record};
pub use write::{Http, Info, Original, Writer};
