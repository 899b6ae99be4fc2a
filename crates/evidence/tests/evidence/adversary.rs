//! Somebody who holds a package, knows its form and has every tool but the key.

use flate2::Crc;
use serde_json::{Value, json};
use std::io::{Cursor, Read};
use swordnet_core::Sha256Hex;

pub type Entries = Vec<(String, Vec<u8>)>;

/// Takes a package apart, with a ZIP library that is not ours.
pub fn open(package: &[u8]) -> Entries {
    let mut zip = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

/// Puts it together again exactly as a sealed package is written, so that only the alteration differs.
pub fn close(entries: &Entries) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let mut crc = Crc::new();
        crc.update(bytes);
        let (size, length) = (bytes.len() as u32, name.len() as u16);
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(length.to_le_bytes());
        common.extend([0, 0]);
        directory.extend([b"PK\x01\x02\x2d\0".as_slice(), &common, &[0; 10]].concat());
        directory.extend((out.len() as u32).to_le_bytes());
        directory.extend(name.as_bytes());
        out.extend([b"PK\x03\x04".as_slice(), &common, name.as_bytes(), bytes].concat());
    }
    let offset = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0, 0]);
    out
}

pub fn edit(mut entries: Entries, name: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Entries {
    let entry = entries.iter_mut().find(|(n, _)| n == name).unwrap();
    entry.1 = change(std::mem::take(&mut entry.1));
    entries
}

pub fn edit_json(entries: Entries, name: &str, change: impl FnOnce(&mut Value)) -> Entries {
    edit(entries, name, |bytes| {
        let mut value: Value = serde_json::from_slice(&bytes).unwrap();
        change(&mut value);
        serde_json::to_vec(&value).unwrap()
    })
}

/// Replaces the first occurrence, which must exist.
pub fn replace(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from.as_bytes())
        .expect(from);
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

fn hash(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256Hex::of(bytes))
}

/// Renews every hash that stands anywhere; the signature alone stays as it was. Text edits keep the field order.
pub fn rehash(entries: Entries) -> Entries {
    let listed = entries.clone();
    let manifest = &listed.iter().find(|(n, _)| n == "datapackage.json").unwrap().1;
    let before: Value = serde_json::from_slice(manifest).unwrap();
    let entries = edit(entries, "datapackage.json", |bytes| {
        let resources: Vec<Value> = before["resources"].as_array().unwrap().clone();
        resources.iter().fold(bytes, |text, old| {
            let Some((_, contents)) = listed.iter().find(|(n, _)| n.as_str() == old["path"]) else {
                return text;
            };
            let old_text = format!("{},\"bytes\":{}", old["hash"], old["bytes"]);
            replace(
                &text,
                &old_text,
                &format!("{},\"bytes\":{}", json!(hash(contents)), contents.len()),
            )
        })
    });
    let renewed = hash(&entries.iter().find(|(n, _)| n == "datapackage.json").unwrap().1);
    edit(entries, "datapackage-digest.json", |bytes| {
        let old: Value = serde_json::from_slice(&bytes).unwrap();
        let old = old["hash"].as_str().unwrap();
        replace(&replace(&bytes, old, &renewed), old, &renewed)
    })
}
