//! The block of a record: its digests, and the head of the HTTP message in it.

use crate::index::media_type;
use sha2::{Digest as _, Sha256};
use swordnet_core::Sha256Hex;

/// A head longer than this is no head that a server sends; the rest of the block counts as payload.
const MAX_HEAD: usize = 256 * 1024;

/// The head of an HTTP message: start line and fields, up to and with the empty line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// The bytes, as on the wire.
    pub bytes: Vec<u8>,
}

impl Head {
    /// The status of a response, such as 200.
    pub fn status(&self) -> Option<u16> {
        let line = self.bytes.split(|b| *b == b'\n').next()?;
        let line = std::str::from_utf8(line).ok()?;
        line.strip_prefix("HTTP/")?
            .split_ascii_whitespace()
            .nth(1)?
            .parse()
            .ok()
    }

    /// The first field of that name, trimmed.
    pub fn field(&self, name: &str) -> Option<String> {
        self.bytes.split(|b| *b == b'\n').skip(1).find_map(|line| {
            let colon = line.iter().position(|b| *b == b':')?;
            line[..colon]
                .trim_ascii()
                .eq_ignore_ascii_case(name.as_bytes())
                .then(|| String::from_utf8_lossy(line[colon + 1..].trim_ascii()).into_owned())
        })
    }

    /// The media type of the body, lower case, without parameters.
    pub fn mime(&self) -> Option<String> {
        self.field("content-type").map(|value| media_type(&value))
    }
}

/// Hashes a block while it passes, and keeps the head of an HTTP message.
pub(super) struct Watch {
    block: Sha256,
    payload: Sha256,
    head: Vec<u8>,
    in_head: bool,
    length: u64,
}

/// What a block was.
pub(super) struct Seen {
    pub block: Sha256Hex,
    pub payload: Sha256Hex,
    pub head: Head,
    pub length: u64,
}

impl Watch {
    /// `http`: the block is an HTTP message, so that its payload begins after the first empty line.
    pub fn new(http: bool) -> Self {
        Self {
            block: Sha256::new(),
            payload: Sha256::new(),
            head: Vec::new(),
            in_head: http,
            length: 0,
        }
    }

    pub fn pass(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.block.update(bytes);
        if !self.in_head {
            self.payload.update(bytes);
            return;
        }
        let before = self.head.len();
        let room = MAX_HEAD.saturating_sub(before).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        match end_of_head(&self.head, before.saturating_sub(3)) {
            Some(end) => {
                self.head.truncate(end);
                self.in_head = false;
                self.payload.update(&bytes[end - before..]);
            }
            None if room < bytes.len() || self.head.len() >= MAX_HEAD => {
                self.in_head = false;
                self.payload.update(&bytes[room..]);
            }
            None => {}
        }
    }

    pub fn finish(self) -> Seen {
        Seen {
            block: Sha256Hex::from_array(&self.block.finalize()),
            payload: Sha256Hex::from_array(&self.payload.finalize()),
            head: Head { bytes: self.head },
            length: self.length,
        }
    }
}

/// Where the head ends: after the first empty line. Servers exist that end lines with a bare LF (RFC 9112, 2.2).
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    (from..bytes.len()).find_map(|at| {
        let rest = &bytes[at..];
        if rest.starts_with(b"\r\n\r\n") {
            Some(at + 4)
        } else if rest.starts_with(b"\n\n") {
            Some(at + 2)
        } else {
            rest.starts_with(b"\n\r\n").then_some(at + 3)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(chunks: &[&[u8]]) -> Seen {
        let mut watch = Watch::new(true);
        for chunk in chunks {
            watch.pass(chunk);
        }
        watch.finish()
    }

    #[test]
    fn head_and_payload_part_wherever_the_chunks_end() {
        let message = b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML; charset=gb18030\r\n\r\nbody\r\n\r\nmore";
        let whole = watch(&[message]);
        assert_eq!(whole.head.status(), Some(200));
        assert_eq!(whole.head.mime().as_deref(), Some("text/html"));
        assert_eq!(whole.payload, Sha256Hex::of(b"body\r\n\r\nmore"));
        for cut in 0..message.len() {
            let parts = watch(&[&message[..cut], &message[cut..]]);
            assert_eq!(
                (parts.payload, parts.head),
                (whole.payload.clone(), whole.head.clone()),
                "cut at {cut}"
            );
        }
        let single = message.chunks(1).collect::<Vec<_>>();
        assert_eq!(watch(&single).payload, whole.payload);
    }

    #[test]
    fn bare_line_feeds_end_a_head_too() {
        assert_eq!(
            watch(&[b"HTTP/1.0 404 No\nA: b\n\nx"]).payload,
            Sha256Hex::of(b"x")
        );
    }

    #[test]
    fn an_endless_head_is_not_kept() {
        let seen = watch(&[&vec![b'a'; MAX_HEAD * 2]]);
        assert_eq!(seen.head.bytes.len(), MAX_HEAD);
        assert_eq!(seen.payload, Sha256Hex::of(&vec![b'a'; MAX_HEAD]));
    }
}
