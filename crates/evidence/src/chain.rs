//! Chains of signed statements, each of which names the one before it: what happened to a package after it was sealed,
//! and who held it.
//!
//! A statement cannot be altered, left out or put elsewhere without breaking the chain behind it. What a chain alone
//! cannot show is that its end was cut off: whoever hands it on should say its head.

use crate::key::{PublicKey, Signer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use swordnet_core::{Sha256Hex, Timestamp};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// A word: `time-stamp`, `time-stamp-missing`, `order`, `delivery`, `re-check`, `reading`, `export`.
    pub kind: String,
    /// When, by the clock of whoever says so.
    pub at: Timestamp,
    /// What else is known, name by name: who, to whom, the digest of a receipt.
    pub facts: BTreeMap<String, String>,
}

impl Event {
    /// An event with these facts.
    pub fn new<'a>(kind: &str, at: Timestamp, facts: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let facts = facts
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Self {
            kind: kind.to_owned(),
            at,
            facts,
        }
    }
}

/// What is signed: compact JSON with the fields in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Its place, from 1.
    pub number: u64,
    /// [`Event::kind`].
    pub kind: String,
    /// [`Event::at`].
    pub at: Timestamp,
    /// [`Event::facts`].
    pub facts: BTreeMap<String, String>,
    /// SHA-256 of the link before, as compact JSON; of the root for the first.
    pub previous: Sha256Hex,
    /// The key that signs, SPKI in base64.
    #[serde(rename = "publicKey")]
    pub public_key: String,
}

/// A statement with its signature, which is over the text `sha256:` and the statement's SHA-256.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What is said.
    pub statement: Statement,
    /// By whom.
    pub signature: String,
}

/// Where a chain stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    head: Sha256Hex,
    length: u64,
}

impl Chain {
    /// A chain without links, bound to what it is about.
    pub fn new(root: Sha256Hex) -> Self {
        Self {
            head: root,
            length: 0,
        }
    }

    /// SHA-256 of the last link, or the root.
    pub fn head(&self) -> &Sha256Hex {
        &self.head
    }

    /// Number of links.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds a statement about `event`.
    pub fn append(&mut self, event: Event, signer: &Signer) -> Link {
        let statement = Statement {
            number: self.length + 1,
            kind: event.kind,
            at: event.at,
            facts: event.facts,
            previous: self.head.clone(),
            public_key: signer.public_key().to_base64(),
        };
        let link = Link {
            signature: signer.sign(&signed_text(&statement)),
            statement,
        };
        self.advance(&link);
        link
    }

    /// Checks that `link` is the next one; gives the key that signed it, whose trust is for the caller to judge.
    /// `Err` says what is wrong. The chain goes on either way, so that every broken link is told.
    pub fn follow(&mut self, link: &Link) -> Result<PublicKey, String> {
        let Statement {
            number,
            previous,
            public_key,
            ..
        } = &link.statement;
        let (expected, head) = (self.length + 1, self.head.clone());
        self.advance(link);
        if *number != expected {
            return Err(format!("it is number {number} where {expected} belongs"));
        }
        if *previous != head {
            return Err("it does not continue what stands before it".to_owned());
        }
        let key = PublicKey::from_base64(public_key).map_err(|error| error.to_string())?;
        if !key.accepts(&signed_text(&link.statement), &link.signature) {
            return Err("its signature does not hold".to_owned());
        }
        Ok(key)
    }

    fn advance(&mut self, link: &Link) {
        self.head = Sha256Hex::of(&compact(link));
        self.length += 1;
    }
}

fn signed_text(statement: &Statement) -> String {
    format!("sha256:{}", Sha256Hex::of(&compact(statement)))
}

/// The one way in which links are written.
pub(crate) fn compact(value: &impl Serialize) -> Vec<u8> {
    // Maps with text keys and plain structs: serialising them does not fail.
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links() -> Vec<Link> {
        let mut chain = Chain::new(Sha256Hex::of(b"root"));
        let signer = Signer::from_seed([1; 32]);
        (1..=3)
            .map(|n| {
                let at = Timestamp::from_second(n).unwrap();
                chain.append(
                    Event::new("reading", at, [("by", format!("officer {n}"))]),
                    &signer,
                )
            })
            .collect()
    }

    fn broken(links: &[Link]) -> Vec<usize> {
        let mut chain = Chain::new(Sha256Hex::of(b"root"));
        links
            .iter()
            .enumerate()
            .filter(|(_, link)| chain.follow(link).is_err())
            .map(|(at, _)| at)
            .collect()
    }

    #[test]
    fn a_chain_holds_until_it_is_touched() {
        assert_eq!(broken(&links()), [] as [usize; 0]);
        let mut altered = links();
        altered[1].statement.facts.insert("by".into(), "nobody".into());
        assert_eq!(
            broken(&altered),
            [1, 2],
            "the link itself and the one that names it"
        );
        let mut dropped = links();
        dropped.remove(0);
        assert_eq!(broken(&dropped), [0, 1]);
        let mut swapped = links();
        swapped.swap(0, 1);
        assert!(!broken(&swapped).is_empty());
        let mut other = Chain::new(Sha256Hex::of(b"another root"));
        assert!(other.follow(&links()[0]).is_err());
    }
}
