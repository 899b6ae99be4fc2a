//! The custody log of an exhibit: every sealing, reading, export and check, as a chain in JSON Lines. Append-only: lines
//! are added, never changed; where they are kept is the caller's business.

use crate::chain::{Chain, Event, Link, compact};
use crate::key::{Signer, Trust};
use swordnet_core::Sha256Hex;

/// Longest line that is read, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Why a log is not to be relied on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the custody log: {problem}")]
pub struct Broken {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// A custody log as far as it goes.
#[derive(Clone, Debug)]
pub struct Log {
    chain: Chain,
}

impl Log {
    /// The empty log of an exhibit.
    pub fn new(exhibit: &str) -> Self {
        Self {
            chain: Chain::new(Sha256Hex::of(format!("custody of {exhibit}").as_bytes())),
        }
    }

    /// Reads a log and checks every line of it; gives what happened, and where to go on.
    pub fn read(exhibit: &str, text: &str, trust: &Trust) -> Result<(Self, Vec<Event>), Broken> {
        let mut log = Self::new(exhibit);
        let mut events = Vec::new();
        for (at, line) in text.split_terminator('\n').enumerate() {
            let broken = |problem: String| Broken {
                line: at + 1,
                problem,
            };
            if line.len() > MAX_LINE {
                return Err(broken("it is too long".into()));
            }
            let link: Link = serde_json::from_str(line).map_err(|error| broken(error.to_string()))?;
            if compact(&link) != line.as_bytes() {
                return Err(broken("it is not written as this log writes".into()));
            }
            let key = log.chain.follow(&link).map_err(broken)?;
            if !trust.anyone && !trust.keys.contains(&key) {
                return Err(broken(format!(
                    "it is signed with a key that is not trusted: {}",
                    key.fingerprint()
                )));
            }
            let statement = link.statement;
            events.push(Event {
                kind: statement.kind,
                at: statement.at,
                facts: statement.facts,
            });
        }
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(Broken {
                line: events.len(),
                problem: "it is cut off".into(),
            });
        }
        Ok((log, events))
    }

    /// The line to append, with its end.
    pub fn append(&mut self, event: Event, signer: &Signer) -> String {
        let line = compact(&self.chain.append(event, signer));
        String::from_utf8(line).unwrap_or_default() + "\n"
    }

    /// SHA-256 of the last line: whoever receives an exhibit should receive this too, then nothing can be cut off later.
    pub fn head(&self) -> &Sha256Hex {
        self.chain.head()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use swordnet_core::Timestamp;

    fn text() -> (String, Trust) {
        let signer = Signer::from_seed([3; 32]);
        let mut log = Log::new("exhibit-1");
        let mut text = String::new();
        for (second, kind) in ["sealing", "reading", "export"].into_iter().enumerate() {
            let at = Timestamp::from_second(second as i64).unwrap();
            text += &log.append(Event::new(kind, at, [("by", "李 雷".to_owned())]), &signer);
        }
        (text, Trust::keys([signer.public_key()]))
    }

    #[test]
    fn a_log_is_read_and_continued() {
        let (text, trust) = text();
        let (mut log, events) = Log::read("exhibit-1", &text, &trust).unwrap();
        assert_eq!(
            events.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>(),
            ["sealing", "reading", "export"]
        );
        let more = log.append(events[1].clone(), &Signer::from_seed([3; 32]));
        let (again, _) = Log::read("exhibit-1", &(text.clone() + &more), &trust).unwrap();
        assert_eq!(again.head(), log.head());
        assert!(
            Log::read("exhibit-2", &text, &trust).is_err(),
            "a log speaks about one exhibit"
        );
        let stranger = Trust::keys([Signer::from_seed([4; 32]).public_key()]);
        assert_eq!(Log::read("exhibit-1", &text, &stranger).unwrap_err().line, 1);
    }

    proptest! {
        #[test]
        fn no_byte_of_a_log_can_be_altered(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let (text, trust) = text();
            let mut bytes = text.clone().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            if let Ok(altered) = String::from_utf8(bytes) {
                prop_assert!(Log::read("exhibit-1", &altered, &trust).is_err());
            }
        }

        #[test]
        fn any_text_can_be_offered(text in "\\PC{0,200}") {
            let _ = Log::read("exhibit-1", &text, &Trust::anyone());
        }
    }
}
