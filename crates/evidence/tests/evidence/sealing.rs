//! Packages as they are sealed.

use crate::adversary::open;
use crate::material::{archive, at, contents, package, signer, trust};
use std::io::{Cursor, Read, Seek, SeekFrom};
use swordnet_core::Sha256Hex;
use swordnet_evidence::package::{Archive, Error, File, seal, verify};

#[test]
fn a_sealed_package_verifies_and_tells_what_it_is() {
    let mut out = Vec::new();
    let sealed = seal(contents(), &signer(), &mut out).unwrap();
    assert_eq!(
        (sealed.sha256, sealed.size),
        (Sha256Hex::of(&out), out.len() as u64)
    );
    let report = verify(&mut Cursor::new(&out), &trust());
    assert!(report.valid, "{:#?}", report.problems);
    assert_eq!(report.id.as_deref(), Some("exhibit-0123456789abcdef01234567"));
    assert_eq!(report.created, Some(at(10).to_string()));
    assert_eq!(
        report.signer,
        Some(signer().public_key().fingerprint().to_string())
    );
    assert_eq!(report.files, 8);
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    let first = package();
    let mut again = Vec::new();
    seal(contents(), &signer(), &mut again).unwrap();
    assert_eq!(first, again);
    let mut other = contents();
    other.files.reverse();
    other.archives[0].index = Some(archive().1);
    let mut out = Vec::new();
    seal(other, &signer(), &mut out).unwrap();
    assert_eq!(
        first, out,
        "neither the order of files nor who made the index matters"
    );
}

#[test]
fn other_programs_find_the_parts_of_a_wacz() {
    let entries = open(&package());
    let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names[..3],
        ["archive/data.warc.gz", "indexes/index.cdx", "pages/pages.jsonl"]
    );
    assert_eq!(
        names[names.len() - 2..],
        ["datapackage.json", "datapackage-digest.json"]
    );
    let index = String::from_utf8(entries[1].1.clone()).unwrap();
    assert!(
        index
            .lines()
            .any(|line| line.starts_with("example,film)/play/7?list=1 20260921")),
        "{index}"
    );
    assert!(index.lines().is_sorted());
    let pages = String::from_utf8(entries[2].1.clone()).unwrap();
    assert!(
        pages.starts_with("{\"format\":\"json-pages-1.0\"") && pages.contains("\"ts\":\"2026-09-21T"),
        "{pages}"
    );
}

#[test]
fn names_that_tools_would_unpack_elsewhere_are_refused() {
    for path in [
        "../x/y",
        "/etc/passwd",
        "a",
        "a/b/c",
        "a/",
        "/a",
        "a/.b",
        "证/据",
        "a/b c",
        "archive/x.warc",
        "a\\b/c",
    ] {
        let mut contents = contents();
        contents.files.push(File::new(path, b""));
        assert!(
            matches!(seal(contents, &signer(), Vec::new()), Err(Error::Path(p)) if p == path),
            "{path}"
        );
    }
    let mut contents = contents();
    contents.files.push(File::new("report/match.json", b""));
    assert!(
        matches!(seal(contents, &signer(), Vec::new()), Err(Error::Path(_))),
        "twice"
    );
}

#[test]
fn a_broken_archive_is_not_sealed() {
    let (mut warc, index) = archive();
    warc[index[1].offset as usize + 100] ^= 1;
    let mut contents = contents();
    contents.archives = vec![Archive {
        name: "data.warc.gz".into(),
        source: Box::new(Cursor::new(warc)),
        index: None,
    }];
    assert!(matches!(
        seal(contents, &signer(), Vec::new()),
        Err(Error::Archive { .. })
    ));
}

/// Reads differently each time.
struct Fickle(u8, u64);

impl Read for Fickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = buffer.len().min(usize::try_from(self.1).unwrap());
        buffer[..n].fill(self.0);
        self.1 -= n as u64;
        Ok(n)
    }
}

impl Seek for Fickle {
    fn seek(&mut self, _: SeekFrom) -> std::io::Result<u64> {
        *self = Self(self.0 + 1, 100);
        Ok(0)
    }
}

#[test]
fn a_file_that_changes_while_it_is_sealed_is_an_error() {
    let mut contents = contents();
    contents.files.push(File {
        path: "capture/log.txt".into(),
        source: Box::new(Fickle(0, 100)),
    });
    assert!(
        matches!(seal(contents, &signer(), Vec::new()), Err(Error::Io { what, .. }) if what == "capture/log.txt")
    );
}
