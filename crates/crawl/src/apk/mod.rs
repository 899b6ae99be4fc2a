//! Android packages: who made an app, and whom it talks to.
//!
//! Nothing is installed or run. The list of files, the manifest and the signatures are read where they stand; the code is
//! searched for addresses and nothing else.

mod manifest;
mod signature;
mod zip;

use crate::Spool;
use std::{
    collections::BTreeSet,
    fmt,
    io::{self, Read},
};
use swordnet_core::Sha256Hex;
use zip::{Archive, Entry};

/// Most bytes of a manifest, of a signature file, and of all the code that is searched.
const MAX_MANIFEST: u64 = 8 << 20;
const MAX_SIGNATURE: u64 = 1 << 20;
const MAX_SEARCHED: u64 = 256 << 20;
/// Most addresses that are kept, and their length.
const MAX_ADDRESSES: usize = 2000;
const MAX_ADDRESS: usize = 500;
/// How many of them are shown to people.
const SHOWN: usize = 20;

/// What a package says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Package {
    /// Its name (`org.example.app`).
    pub name: String,
    /// Its version for people.
    pub version: String,
    /// Its version for machines.
    pub version_code: u64,
    /// SHA-256 digests of the certificates that it is signed with, by any of the schemes v1, v2 and v3. The signatures
    /// themselves are not checked.
    pub signers: Vec<Sha256Hex>,
    /// Web addresses in its code and its data, in order.
    pub addresses: Vec<String>,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "package {} {} ({})",
            self.name, self.version, self.version_code
        )?;
        for signer in &self.signers {
            write!(f, ", signed by sha256 {signer}")?;
        }
        for address in self.addresses.iter().take(SHOWN) {
            write!(f, ", {address}")?;
        }
        match self.addresses.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more addresses"),
        }
    }
}

/// Reads a package; `None` where the bytes are none. What is damaged in it is left out.
pub fn read(file: &Spool) -> Option<Package> {
    let archive = Archive::open(file)?;
    let manifest = archive.entry("AndroidManifest.xml")?;
    let manifest = manifest::read(&archive.content(manifest, MAX_MANIFEST).ok()?)?;
    let mut package = Package {
        name: manifest.package,
        version: manifest.version,
        version_code: manifest.version_code,
        ..Package::default()
    };
    let mut certificates = signature::of_block(&archive.before_directory().unwrap_or_default());
    for entry in archive.entries.iter().filter(|entry| signs(entry)).take(16) {
        let signature = archive.content(entry, MAX_SIGNATURE).unwrap_or_default();
        certificates.extend(signature::of_file(&signature));
    }
    for certificate in certificates {
        let digest = Sha256Hex::of(&certificate);
        if !package.signers.contains(&digest) {
            package.signers.push(digest);
        }
    }
    let mut found = BTreeSet::new();
    let mut left = MAX_SEARCHED;
    for entry in archive.entries.iter().filter(|entry| speaks(entry)) {
        let Ok(content) = archive.reader(entry) else {
            continue;
        };
        left -= search(&mut content.take(left), &mut found).unwrap_or(0).min(left);
    }
    package.addresses = found.into_iter().collect();
    Some(package)
}

/// A signature of scheme v1.
fn signs(entry: &Entry) -> bool {
    let name = entry.name.to_ascii_uppercase();
    name.starts_with("META-INF/") && [".RSA", ".DSA", ".EC"].iter().any(|end| name.ends_with(end))
}

/// Code and data in which addresses stand.
fn speaks(entry: &Entry) -> bool {
    let name = &entry.name;
    name == "resources.arsc"
        || [
            ".dex",
            ".json",
            ".xml",
            ".js",
            ".html",
            ".properties",
            ".txt",
            ".so",
            ".bundle",
        ]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Collects the web addresses in a stream; gives its length.
fn search(content: &mut impl Read, found: &mut BTreeSet<String>) -> io::Result<u64> {
    let (mut piece, mut kept, mut total) = (vec![0; 256 << 10], 0, 0);
    loop {
        let n = content.read(&mut piece[kept..])?;
        total += n as u64;
        let end = kept + n;
        // An address that may go on in the next piece is looked at with it.
        let (searched, rest) = if n == 0 {
            (end, end)
        } else {
            (end, end.saturating_sub(MAX_ADDRESS))
        };
        for at in memchr::memmem::find_iter(&piece[..searched], b"http") {
            if at >= rest || found.len() >= MAX_ADDRESSES {
                break;
            }
            found.extend(address(&piece[at..searched]));
        }
        if n == 0 {
            return Ok(total);
        }
        piece.copy_within(rest..end, 0);
        kept = end - rest;
    }
}

/// The address that these bytes begin with, unless it only names a schema.
fn address(bytes: &[u8]) -> Option<String> {
    let end = bytes
        .iter()
        .take(MAX_ADDRESS)
        .position(|b| !b.is_ascii_graphic() || b"\"'<>\\`{}|^".contains(b))
        .unwrap_or(bytes.len().min(MAX_ADDRESS));
    let text = std::str::from_utf8(&bytes[..end]).ok()?;
    let host = text.strip_prefix("http://").or(text.strip_prefix("https://"))?;
    let host = host.split(['/', '?', '#', ':']).next()?;
    let schema = [
        "schemas.android.com",
        "www.w3.org",
        "xmlpull.org",
        "xml.org",
        "java.sun.com",
        "ns.adobe.com",
    ];
    (host.contains('.') && !host.starts_with('.') && !schema.contains(&host)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_read() {
        use flate2::{Compression, write::DeflateEncoder};
        use std::io::Write;
        let (mut file, mut list) = (Vec::new(), Vec::new());
        let files: [(&str, Vec<u8>); 2] = [
            ("AndroidManifest.xml", manifest::tests::sample()),
            ("classes.dex", b"..http://cdn.pirate.test/a.m3u8\0".to_vec()),
        ];
        for (name, content) in &files {
            let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(content).unwrap();
            let packed = packed.finish().unwrap();
            let at = file.len() as u32;
            let (size, length) = (packed.len() as u32, (name.len() as u16).to_le_bytes());
            let mut record = [0; 26];
            record[4] = 8;
            record[22..24].copy_from_slice(&length);
            file.extend([b"PK\x03\x04", &record[..], name.as_bytes(), &packed].concat());
            let mut record = [0; 42];
            record[6] = 8;
            record[16..20].copy_from_slice(&size.to_le_bytes());
            record[24..26].copy_from_slice(&length);
            record[38..42].copy_from_slice(&at.to_le_bytes());
            list.extend([b"PK\x01\x02", &record[..], name.as_bytes()].concat());
        }
        let mut end = b"PK\x05\x06".to_vec();
        end.extend([0; 8]);
        end.extend((list.len() as u32).to_le_bytes());
        end.extend((file.len() as u32).to_le_bytes());
        end.extend([0; 2]);
        file.extend(list);
        file.extend(end);
        let package = read(&Spool::from(bytes::Bytes::from(file))).unwrap();
        assert_eq!(
            (package.name.as_str(), package.version_code),
            ("org.pirate.app", 31)
        );
        assert_eq!(package.addresses, ["http://cdn.pirate.test/a.m3u8"]);
        assert_eq!(read(&Spool::from(bytes::Bytes::from_static(b"PK\x05\x06"))), None);
    }

    #[test]
    fn addresses_are_found_wherever_a_piece_ends() {
        for at in [0, 262_100, 262_140, 262_144, 300_000] {
            let mut code = vec![0u8; at];
            code.extend(
                b"\x1ahttps://api.pirate.test/v1?x=1\0http://schemas.android.com/apk/res\0https://%s/\0",
            );
            let mut found = BTreeSet::new();
            assert_eq!(search(&mut &code[..], &mut found).unwrap(), code.len() as u64);
            assert_eq!(
                found.into_iter().collect::<Vec<_>>(),
                ["https://api.pirate.test/v1?x=1"],
                "{at}"
            );
        }
    }
}
