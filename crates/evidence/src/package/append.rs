//! What happens after sealing.
//!
//! Entries go into `datapackage-digest.json`, the last file of a package and the only one that the manifest does not
//! cover; every file before it stays as it was, byte by byte.

use super::layout::{self, Entry};
use super::manifest::{Digest, Manifest};
use super::seal::{Error, Hashing, Sealed};
use super::verify::{MAX_MANIFEST, Placed, place};
use super::{DIGEST, EXPORT, MANIFEST, TIME_STAMP};
use crate::chain::{Chain, Event, Link, compact};
use crate::key::Signer;
use crate::timestamp::Token;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::Crc;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Seek, SeekFrom, Write};
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

/// The files of a package with their lengths in bytes, as its directory names them; whoever doubts it verifies it first.
pub fn files(file: &mut (impl Read + Seek)) -> Result<Vec<(String, u64)>, Error> {
    let (placed, _, _) = open(file)?;
    Ok(placed
        .into_iter()
        .map(|placed| (placed.entry.name, placed.entry.size))
        .collect())
}

/// Copies one file of a package out of it.
pub fn extract(file: &mut (impl Read + Seek), path: &str, mut out: impl Write) -> Result<(), Error> {
    let (placed, _, _) = open(file)?;
    let found = placed.iter().find(|placed| placed.entry.name == path);
    let found = found.ok_or_else(|| Error::Package(format!("it holds no {path}")))?;
    let copied = file
        .seek(SeekFrom::Start(found.at))
        .and_then(|_| io::copy(&mut file.take(found.entry.size), &mut out));
    copied.map(drop).map_err(|source| Error::Io {
        what: path.to_owned(),
        source,
    })
}

/// Writes the package again with further entries. Only the chain is checked: whoever doubts the package verifies it first.
pub fn append(
    file: &mut (impl Read + Seek),
    events: impl IntoIterator<Item = Event>,
    signer: &Signer,
    out: impl Write,
) -> Result<Sealed, Error> {
    let (_, _, mut chain) = open(file)?;
    let links: Vec<Link> = events
        .into_iter()
        .map(|event| chain.append(event, signer))
        .collect();
    export(file, links, Version::Whole, out)
}

/// Which version of a package is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Every file.
    Whole,
    /// Without what was sealed as private.
    Public,
}

impl Version {
    /// As the entry about an export says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Whole => "whole",
            Version::Public => "public",
        }
    }
}

/// The entry about an export. `at`: when; `by`: who hands it out; `to`: to whom; `purpose`: what for. What is not known is empty.
pub fn exported(version: Version, at: Timestamp, by: &str, to: &str, purpose: &str) -> Event {
    let facts = [
        ("version", version.as_str()),
        ("by", by),
        ("to", to),
        ("purpose", purpose),
    ];
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    Event::new(EXPORT, at, known.map(|(name, value)| (name, value.to_owned())))
}

/// Writes a version of the package with further entries, signed before. A public version verifies only if the last entry
/// of kind `export` is [one](exported) about it.
pub fn export(
    file: &mut (impl Read + Seek),
    links: Vec<Link>,
    version: Version,
    out: impl Write,
) -> Result<Sealed, Error> {
    let (mut placed, mut digest, mut chain) = open(file)?;
    for link in &links {
        chain.follow(link).map_err(|problem| {
            Error::Package(format!(
                "entry {} to be appended: {problem}",
                link.statement.number
            ))
        })?;
    }
    digest.appended.extend(links);
    placed.pop();
    if version == Version::Public {
        let private = private_files(file, &placed)?;
        placed.retain(|placed| !private.contains(&placed.entry.name));
    }
    let bytes = compact(&digest);
    let mut crc = Crc::new();
    crc.update(&bytes);
    let last = Entry {
        name: DIGEST.to_owned(),
        size: bytes.len() as u64,
        crc: crc.sum(),
    };

    let mut out = Hashing {
        out,
        hash: Sha256::new(),
        size: 0,
    };
    let written = (|| {
        for kept in &placed {
            file.seek(SeekFrom::Start(kept.at))?;
            out.write_all(&kept.header)?;
            io::copy(&mut file.take(kept.entry.size), &mut out)?;
        }
        out.write_all(&last.local_header())?;
        out.write_all(&bytes)?;
        let entries: Vec<Entry> = placed
            .into_iter()
            .map(|placed| placed.entry)
            .chain([last])
            .collect();
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

/// The names of the files that were sealed as private.
fn private_files(file: &mut (impl Read + Seek), placed: &[Placed]) -> Result<Vec<String>, Error> {
    let unreadable = |error: String| Error::Package(format!("{MANIFEST}: {error}"));
    let manifest = placed
        .iter()
        .find(|placed| placed.entry.name == MANIFEST && placed.entry.size <= MAX_MANIFEST)
        .ok_or_else(|| unreadable("it is missing or too long".into()))?;
    let bytes = manifest
        .read(file)
        .map_err(|error| unreadable(error.to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    Ok(manifest.swordnet.private)
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
