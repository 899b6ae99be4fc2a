//! What happens after sealing.
//!
//! Entries go into `datapackage-digest.json`, the last file of a package and the only one that the manifest does not
//! cover; everything before it stays as it was, byte by byte.

use super::layout::{self, Entry};
use super::manifest::Digest;
use super::seal::{Error, Hashing, Sealed};
use super::verify::{MAX_MANIFEST, Placed, place};
use super::{DIGEST, TIME_STAMP};
use crate::chain::{Chain, Event, compact};
use crate::key::Signer;
use crate::timestamp::Token;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::Crc;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Seek, Write};
use swordnet_core::{Sha256Hex, Timestamp};

/// The entry that holds a time-stamp token. `of`: the [`head`] that was stamped; `source`: where the token came from;
/// `at`: when it was received.
pub fn time_stamp(of: &Sha256Hex, token: &Token, source: &str, at: Timestamp) -> Event {
    let token = STANDARD.encode(token.der());
    Event::new(
        TIME_STAMP,
        at,
        [
            ("of", of.to_string()),
            ("source", source.to_owned()),
            ("token", token),
        ],
    )
}

/// The digest that an authority is asked to stamp: of the last appended entry, or of the seal. Either way the stamp
/// covers the whole package so far.
pub fn head(file: &mut (impl Read + Seek)) -> Result<Sha256Hex, Error> {
    let (_, _, chain) = open(file)?;
    Ok(chain.head().clone())
}

/// Writes the package again with further entries. Only the chain is checked: whoever doubts the package verifies it first.
pub fn append(
    file: &mut (impl Read + Seek),
    events: impl IntoIterator<Item = Event>,
    signer: &Signer,
    out: impl Write,
) -> Result<Sealed, Error> {
    let (placed, mut digest, mut chain) = open(file)?;
    digest
        .appended
        .extend(events.into_iter().map(|event| chain.append(event, signer)));
    let bytes = compact(&digest);
    let mut crc = Crc::new();
    crc.update(&bytes);
    let last = Entry {
        name: DIGEST.to_owned(),
        size: bytes.len() as u64,
        crc: crc.sum(),
    };

    let kept = placed.last().map_or(0, |last| last.at - last.header.len() as u64);
    let mut entries: Vec<Entry> = placed.into_iter().map(|placed| placed.entry).collect();
    entries.pop();
    entries.push(last.clone());
    let mut out = Hashing {
        out,
        hash: Sha256::new(),
        size: 0,
    };
    let written = (|| {
        file.rewind()?;
        io::copy(&mut file.take(kept), &mut out)?;
        out.write_all(&last.local_header())?;
        out.write_all(&bytes)?;
        out.write_all(&layout::directory(&entries))?;
        out.flush()
    })();
    written.map_err(|source| Error::Io {
        what: "the package".into(),
        source,
    })?;
    Ok(Sealed {
        sha256: Sha256Hex::from_array(&out.hash.finalize()),
        size: out.size,
    })
}

fn open(file: &mut (impl Read + Seek)) -> Result<(Vec<Placed>, Digest, Chain), Error> {
    let io = |source| Error::Io {
        what: "the package".into(),
        source,
    };
    let (placed, _) = place(
        layout::read_directory(file)
            .map_err(io)?
            .map_err(Error::Package)?,
    );
    let last = placed
        .last()
        .filter(|last| last.entry.name == DIGEST && last.entry.size <= MAX_MANIFEST);
    let last = last.ok_or_else(|| Error::Package(format!("{DIGEST} is not its last entry")))?;
    let bytes = last.read(file).map_err(io)?;
    let digest: Digest =
        serde_json::from_slice(&bytes).map_err(|error| Error::Package(format!("{DIGEST}: {error}")))?;
    let mut chain = Chain::new(digest.root());
    for link in &digest.appended {
        let number = link.statement.number;
        chain
            .follow(link)
            .map_err(|problem| Error::Package(format!("appended entry {number}: {problem}")))?;
    }
    Ok((placed, digest, chain))
}
