//! What a check found.

use serde::Serialize;
use std::collections::BTreeMap;
use swordnet_core::{Sha256Hex, Timestamp};

/// Longest problem that is told, in characters.
const MAX_PROBLEM: usize = 1_000;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Nothing is wrong.
    pub valid: bool,
    /// What is wrong, each naming the thing at fault.
    pub problems: Vec<String>,
    /// What a reader should know though it is not wrong.
    pub remarks: Vec<String>,
    /// Identifier, as the manifest gives it.
    pub id: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// When it was sealed, by the sealer's clock.
    pub created: Option<String>,
    /// Fingerprint of the key that sealed it; given only if its signature holds.
    pub signer: Option<String>,
    /// What happened since, as appended.
    pub events: Vec<Happened>,
    /// The time-stamps among it that hold.
    pub time_stamps: Vec<Stamped>,
    /// What this public version leaves out; empty for a whole package.
    pub withheld: Vec<Withheld>,
    /// SHA-256 of the last appended entry, or of the seal: whoever hands a package on should say it, since a chain does
    /// not show that its end was cut off.
    pub head: Option<Sha256Hex>,
    /// Sealed files.
    pub files: usize,
    /// Length of the package, in bytes.
    pub size: u64,
}

/// A sealed file that a public version leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Withheld {
    /// Its path.
    pub path: String,
    /// Its digest, as the manifest gives it.
    pub hash: String,
}

/// An appended entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Happened {
    /// Its place, from 1.
    pub number: u64,
    /// What.
    pub kind: String,
    /// When, by the clock of whoever says so.
    pub at: Timestamp,
    /// What else is said; without the bytes of time-stamps.
    pub facts: BTreeMap<String, String>,
}

/// A time-stamp whose signature holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stamped {
    /// By whom.
    pub authority: String,
    /// Whether the authority is one that is trusted.
    pub trusted: bool,
    /// When.
    pub at: Timestamp,
    /// The last appended entry that it covers, with all before; 0 if it covers the seal alone.
    pub covers: u64,
    /// Seconds from the moment that the sealer states to the one that the authority states: for that long the package
    /// rests on the sealer's word alone.
    pub gap: Option<i64>,
}

impl Report {
    pub(super) fn problem(&mut self, problem: impl AsRef<str>) {
        self.problems.push(printable(problem.as_ref()));
    }

    pub(super) fn remark(&mut self, remark: impl AsRef<str>) {
        self.remarks.push(printable(remark.as_ref()));
    }
}

/// Names in a hostile package may be long, or hold what would steer a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .take(MAX_PROBLEM)
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}
