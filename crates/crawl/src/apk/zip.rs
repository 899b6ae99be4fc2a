//! The list of files of a ZIP archive (APPNOTE.TXT 4.3), and their contents.

use crate::Spool;
use flate2::read::DeflateDecoder;
use std::io::{self, Read};

/// Most bytes of the list, and most files in it.
const MAX_DIRECTORY: u64 = 32 << 20;
const MAX_ENTRIES: usize = 200_000;
/// Largest signing block.
const MAX_BLOCK: u64 = 8 << 20;

/// A file in the archive.
pub(super) struct Entry {
    pub name: String,
    stored: bool,
    at: u64,
    packed: u64,
}

/// An archive whose list was read.
pub(super) struct Archive<'a> {
    file: &'a Spool,
    directory: u64,
    pub entries: Vec<Entry>,
}

fn short(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)))
}

pub(super) fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)))
}

impl<'a> Archive<'a> {
    pub fn open(file: &'a Spool) -> Option<Archive<'a>> {
        let start = file.len().saturating_sub((64 << 10) + 22);
        let tail = file.slice(start, file.len()).bytes().ok()?;
        let end = memchr::memmem::rfind(&tail, b"PK\x05\x06")?;
        let (size, directory) = (long(&tail, end + 12)?, long(&tail, end + 16)?);
        if size > MAX_DIRECTORY || directory.checked_add(size)? > file.len() {
            return None;
        }
        let list = file.slice(directory, directory + size).bytes().ok()?;
        let mut entries = Vec::new();
        let mut rest = &list[..];
        while let Some(entry) = rest.strip_prefix(b"PK\x01\x02") {
            let Some((name, extra, comment)) = short(entry, 24)
                .zip(short(entry, 26))
                .zip(short(entry, 28))
                .map(|((a, b), c)| (a, b, c))
            else {
                break;
            };
            let Some(bytes) = entry.get(42..42 + name as usize) else {
                break;
            };
            entries.push(Entry {
                name: String::from_utf8_lossy(bytes).into_owned(),
                // Android takes whatever is not deflated for stored.
                stored: short(entry, 6)? != 8,
                packed: long(entry, 16)?,
                at: long(entry, 38)?,
            });
            let Some(next) = entry.get((42 + name + extra + comment) as usize..) else {
                break;
            };
            rest = next;
            if entries.len() >= MAX_ENTRIES {
                break;
            }
        }
        Some(Archive {
            file,
            directory,
            entries,
        })
    }

    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The content of a file, as it comes.
    pub fn reader(&self, entry: &Entry) -> io::Result<Box<dyn Read>> {
        let head = self.file.slice(entry.at, entry.at.saturating_add(30)).bytes()?;
        let lengths = head
            .starts_with(b"PK\x03\x04")
            .then(|| short(&head, 26).zip(short(&head, 28)))
            .flatten();
        let (name, extra) = lengths.ok_or(io::ErrorKind::InvalidData)?;
        let start = entry.at.saturating_add(30 + name + extra);
        let content = self
            .file
            .slice(start, start.saturating_add(entry.packed))
            .reader();
        Ok(if entry.stored {
            Box::new(content)
        } else {
            Box::new(DeflateDecoder::new(content))
        })
    }

    /// The content of a file, up to so many bytes.
    pub fn content(&self, entry: &Entry, most: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.reader(entry)?.take(most).read_to_end(&mut content)?;
        Ok(content)
    }

    /// The signing block (source.android.com, "APK Signature Scheme v2"), which ends where the list begins: its pairs of
    /// number and value.
    pub fn before_directory(&self) -> Option<Vec<u8>> {
        let foot = self
            .file
            .slice(self.directory.checked_sub(24)?, self.directory)
            .bytes()
            .ok()?;
        let size = u64::from_le_bytes(*foot.first_chunk()?);
        if !foot.ends_with(b"APK Sig Block 42") || !(24..MAX_BLOCK).contains(&size) {
            return None;
        }
        let start = self.directory.checked_sub(size)?;
        Some(self.file.slice(start, self.directory - 24).bytes().ok()?.to_vec())
    }
}
