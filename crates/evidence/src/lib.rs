//! Evidence that a court's expert can check without Swordnet.
//!
//! [`warc`] writes and reads the traffic as it was on the wire; [`package`] seals it, with the reports about it,
//! into one signed WACZ, appends what happened later, and checks such packages; [`timestamp`] asks authorities for
//! their word about when (RFC 3161); [`chain`] links what happened since, custody included; [`key`] holds the keys.
//!
//! Architecture invariants: nothing here opens a socket, reads a clock or draws random numbers: bytes, time and
//! seeds are arguments, so that the same contents give the same package, and the verifier can be built for a
//! browser. Every reader treats its input as hostile: bounded memory, no panic.

pub mod chain;
mod index;
pub mod key;
pub mod package;
pub mod timestamp;
pub mod warc;

pub use index::IndexEntry;
pub use key::{BadTrust, PublicKey, Signer, Trust};

use std::io::{Read, Seek};

/// Bytes that can be read more than once: a file, or a cursor over memory.
pub trait Source: Read + Seek {}
impl<T: Read + Seek + ?Sized> Source for T {}
