//! Alterations of a good package. Those of the published comparison of WACZ checkers come first, under their numbers.

use crate::adversary::{Entries, close, edit, edit_json, open, rehash, replace};
use crate::material::{self, PAGE, at, package, signer, trust};
use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use serde_json::{Value, json};
use std::io::{Cursor, Read, Write};
use swordnet_core::Sha256Hex;
use swordnet_evidence::package::{seal, verify};
use swordnet_evidence::{Signer, Trust};

const WARC: &str = "archive/data.warc.gz";

/// Rewrites the archive's text and, on wish, the digests in it.
fn rewarc(entries: Entries, from: &str, to: &str) -> Entries {
    edit(entries, WARC, |bytes| gzip(&replace(&gunzip(&bytes), from, to)))
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

/// One member a record, as it was.
fn gzip(plain: &[u8]) -> Vec<u8> {
    let member = |record: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(record).unwrap();
        gzip.finish().unwrap()
    };
    records(plain)
        .into_iter()
        .map(member)
        .collect::<Vec<_>>()
        .concat()
}

fn records(plain: &[u8]) -> Vec<&[u8]> {
    let start = plain
        .windows(10)
        .enumerate()
        .filter(|(_, w)| w == b"WARC/1.1\r\n")
        .map(|(i, _)| i);
    let starts: Vec<usize> = start.chain([plain.len()]).collect();
    starts.windows(2).map(|pair| &plain[pair[0]..pair[1]]).collect()
}

/// The body of the page altered and its WARC digests renewed.
fn altered_body(entries: Entries) -> Entries {
    edit(entries, WARC, |bytes| {
        let plain = gunzip(&bytes);
        let text = String::from_utf8_lossy(&plain);
        let record = text
            .split("WARC/1.1\r\n")
            .find(|r| r.contains("Type: response") && r.contains(PAGE))
            .unwrap();
        let (header, block) = record.split_once("\r\n\r\n").unwrap();
        let block = block.strip_suffix("\r\n\r\n").unwrap();
        let payload = block.split_once("\r\n\r\n").unwrap().1;
        let (new_block, new_payload) = (
            block.replace("Debian", "Debiam"),
            payload.replace("Debian", "Debiam"),
        );
        let mut plain = replace(&plain, block, &new_block);
        for (old, new) in [(block, &new_block), (payload, &new_payload)] {
            let (old, new) = (Sha256Hex::of(old.as_bytes()), Sha256Hex::of(new.as_bytes()));
            assert!(header.contains(old.as_str()));
            plain = replace(&plain, old.as_str(), new.as_str());
        }
        gzip(&plain)
    })
}

fn without_a_response(entries: Entries) -> Entries {
    edit(entries, WARC, |bytes| {
        let plain = gunzip(&bytes);
        let kept = records(&plain);
        let dropped = kept
            .iter()
            .position(|r| String::from_utf8_lossy(r).contains("Type: response\r\n"))
            .unwrap();
        let kept: Vec<&[u8]> = kept
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != dropped)
            .map(|(_, r)| *r)
            .collect();
        gzip(&kept.concat())
    })
}

fn rename(entries: Entries, from: &str, to: &str) -> Entries {
    entries
        .into_iter()
        .map(|(name, bytes)| (if name == from { to.into() } else { name }, bytes))
        .collect()
}

fn resealed(signer: &Signer) -> Vec<u8> {
    let mut out = Vec::new();
    seal(material::contents(), signer, &mut out).unwrap();
    out
}

/// Name, altered package, and what one of the problems must say.
fn alterations() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = package();
    let base = || open(&good);
    let fake = || ("screenshots/fake.png".to_owned(), b"\x89PNG fake".to_vec());
    let film = |entries: Entries| {
        edit(entries, "pictures/frames.png", |mut bytes| {
            bytes[1000] ^= 1;
            bytes
        })
    };
    let digest = |change: fn(&mut Value)| edit_json(base(), "datapackage-digest.json", change);
    let zip_end = good.len() - 22;
    let date = at(2).to_string();
    vec![
        (
            "1 page body altered",
            close(&rewarc(base(), "Debian", "Debiam")),
            "does not fit its own digest",
        ),
        (
            "2 body and WARC digests altered",
            close(&altered_body(base())),
            "archive/data.warc.gz was altered",
        ),
        (
            "3 body altered, all hashes renewed",
            close(&rehash(altered_body(base()))),
            "signature does not hold",
        ),
        (
            "4 WARC-Date moved",
            close(&rehash(rewarc(base(), &date, "2020-01-01T00:00:00Z"))),
            "signature does not",
        ),
        (
            "5 response dropped",
            close(&rehash(without_a_response(base()))),
            "signature does not hold",
        ),
        (
            "6 target swapped",
            close(&rehash(rewarc(base(), PAGE, "http://other.example/"))),
            "signature does not",
        ),
        (
            "7 pages.jsonl altered",
            close(&edit(base(), "pages/pages.jsonl", |b| {
                replace(&b, "\"ts\"", "\"ts\" ")
            })),
            "pages/pages.jsonl was altered",
        ),
        (
            "8 title altered",
            close(&edit(base(), "datapackage.json", |b| {
                replace(&b, "on film", "on Film")
            })),
            "datapackage.json was altered",
        ),
        (
            "9 unlisted file",
            close(&base().into_iter().chain([fake()]).collect()),
            "fake.png is not listed",
        ),
        (
            "10 the same name twice",
            close(
                &base()
                    .into_iter()
                    .chain([altered_body(base()).swap_remove(0)])
                    .collect(),
            ),
            "archive/data.warc.gz is there more than once",
        ),
        (
            "11 index emptied, hashes renewed",
            close(&rehash(edit(base(), "indexes/index.cdx", |_| Vec::new()))),
            "signature does not hold",
        ),
        (
            "12 digest file removed",
            close(
                &base()
                    .into_iter()
                    .filter(|(n, _)| n != "datapackage-digest.json")
                    .collect(),
            ),
            "datapackage-digest.json is missing",
        ),
        // Others.
        (
            "a picture altered",
            close(&film(base())),
            "pictures/frames.png was altered",
        ),
        (
            "a picture altered, hashes renewed",
            close(&rehash(film(base()))),
            "signature does not hold",
        ),
        (
            "sealed again by a stranger",
            resealed(&Signer::from_seed([8; 32])),
            "a key that is not trusted",
        ),
        (
            "manifest removed",
            close(
                &base()
                    .into_iter()
                    .filter(|(n, _)| n != "datapackage.json")
                    .collect(),
            ),
            "is missing",
        ),
        (
            "listed file removed",
            close(
                &base()
                    .into_iter()
                    .filter(|(n, _)| n != "rights/consulted.json")
                    .collect(),
            ),
            "rights/consulted.json is missing",
        ),
        (
            "file renamed",
            close(&rename(base(), "report/match.json", "report/hatch.json")),
            "report/match.json is missing",
        ),
        (
            "signature removed",
            close(&digest(|d| drop(d.as_object_mut().unwrap().remove("signedData")))),
            "holds no signature",
        ),
        (
            "signature emptied",
            close(&digest(|d| d["signedData"]["signature"] = json!(""))),
            "signature does not hold",
        ),
        (
            "created moved beside the signature",
            close(&digest(|d| {
                d["signedData"]["created"] = json!("2020-01-01T00:00:00Z")
            })),
            "were altered",
        ),
        (
            "field added to the digest",
            close(&digest(|d| d["signedData"]["domain"] = json!("court.gov.cn"))),
            "cannot be read",
        ),
        (
            "key given twice in the digest",
            close(&edit(base(), "datapackage-digest.json", |b| {
                replace(&b, "{\"path\"", "{\"path\":\"x\",\"path\"")
            })),
            "duplicate field",
        ),
        (
            "digest spaced out",
            close(&edit(base(), "datapackage-digest.json", |b| {
                replace(&b, ",\"hash\"", ", \"hash\"")
            })),
            "not written as a sealed package's",
        ),
        (
            "entries in another order",
            close(&{
                let mut entries = base();
                entries.swap(3, 4);
                entries
            }),
            "another order",
        ),
        (
            "bytes behind the end",
            [good.as_slice(), b"x"].concat(),
            "does not end with a ZIP directory",
        ),
        (
            "bytes before the beginning",
            [b"MZ".as_slice(), &good].concat(),
            "ZIP directory is broken",
        ),
        (
            "ZIP comment",
            [&good[..good.len() - 2], &[5, 0], b"hello"].concat(),
            "does not end with a ZIP directory",
        ),
        (
            "cut off",
            good[..good.len() / 2].to_vec(),
            "does not end with a ZIP directory",
        ),
        ("emptied", Vec::new(), "too short"),
        (
            "bytes between last entry and directory",
            {
                let directory =
                    u32::from_le_bytes(good[zip_end + 16..zip_end + 20].try_into().unwrap()) as usize;
                let mut file = [&good[..directory], b"hidden", &good[directory..]].concat();
                let field = zip_end + 6 + 16;
                file[field..field + 4].copy_from_slice(&(directory as u32 + 6).to_le_bytes());
                file
            },
            "something lies between",
        ),
        (
            "local header of another name",
            replace(&good, "report/match.json", "report/hatch.json"),
            "ZIP header before report/match.json",
        ),
        (
            "rewritten by another ZIP program",
            {
                let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
                let options = zip::write::SimpleFileOptions::default()
                    .compression_method(zip::CompressionMethod::Stored);
                for (name, bytes) in base() {
                    zip.start_file(name, options).unwrap();
                    zip.write_all(&bytes).unwrap();
                }
                zip.finish().unwrap().into_inner()
            },
            "not written as a sealed package's",
        ),
    ]
}

#[test]
fn the_adversary_writes_packages_as_we_do() {
    let good = package();
    assert_eq!(close(&open(&good)), good);
    assert_eq!(close(&rehash(open(&good))), good);
    assert!(verify(&mut Cursor::new(&good), &trust()).valid);
}

#[test]
fn every_alteration_is_caught_and_named() {
    for (name, altered, told) in alterations() {
        let problems = material::problems(&altered, signer().public_key());
        assert!(
            problems.iter().any(|problem| problem.contains(told)),
            "{name}: {problems:#?}"
        );
    }
}

#[test]
fn whoever_trusts_anyone_still_sees_alterations() {
    for (name, altered, _) in alterations() {
        let report = verify(&mut Cursor::new(altered), &Trust::anyone());
        if name == "sealed again by a stranger" {
            assert!(
                report.valid && report.remarks[0].contains("not trusted"),
                "{report:?}"
            );
        } else {
            assert!(!report.valid, "{name}");
        }
    }
}
