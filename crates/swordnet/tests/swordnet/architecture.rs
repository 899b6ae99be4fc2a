//! The arrows between crates are those of ARCHITECTURE.md, and no dependency is carried without being used.

use crate::root;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// Which crates of ours each crate may import.
const ARROWS: [(&str, &[&str]); 9] = [
    ("swordnet-core", &[]),
    ("swordnet-crawl", &["core"]),
    ("swordnet-media", &["core"]),
    ("swordnet-recognise", &["core"]),
    ("swordnet-evidence", &["core"]),
    ("swordnet-store", &["core"]),
    ("swordnet-provingground", &["core"]),
    (
        "swordnet-campaign",
        &["core", "crawl", "media", "recognise", "evidence", "store"],
    ),
    (
        "swordnet",
        &[
            "core",
            "crawl",
            "media",
            "recognise",
            "evidence",
            "store",
            "campaign",
            "provingground",
        ],
    ),
];

fn packages() -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

#[test]
fn crates_import_only_what_is_drawn() {
    let drawn: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    let packages = packages();
    assert_eq!(
        packages.len(),
        drawn.len(),
        "a crate is missing in the drawing, or drawn and not there"
    );
    for package in &packages {
        let name = package["name"].as_str().expect("name");
        let allowed = drawn.get(name).unwrap_or_else(|| panic!("{name} is not drawn"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            // A test may build on any crate.
            if dependency["kind"] == "dev" {
                continue;
            }
            if let Some(ours) = dependency["name"]
                .as_str()
                .and_then(|d| d.strip_prefix("swordnet-"))
            {
                assert!(allowed.contains(&ours), "{name} must not import swordnet-{ours}");
            }
        }
    }
}

#[test]
fn no_dependency_is_carried_unused() {
    for package in packages() {
        let folder = Path::new(package["manifest_path"].as_str().expect("path"))
            .parent()
            .expect("a folder")
            .to_owned();
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let name = dependency["name"].as_str().expect("name").replace('-', "_");
            let places: &[&str] = if dependency["kind"] == "dev" {
                &["src", "tests", "benches", "examples"]
            } else {
                &["src"]
            };
            let used = places.iter().any(|place| mentions(&folder.join(place), &name));
            assert!(used, "{} depends on {name} and does not use it", package["name"]);
        }
    }
}

fn mentions(folder: &Path, name: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return mentions(&path, name);
        }
        path.extension().is_some_and(|e| e == "rs")
            && std::fs::read_to_string(&path).is_ok_and(|text| text.contains(name))
    })
}
