//! The one ZIP layout that a package may have.
//!
//! A ZIP file says most things twice, and readers differ in which they believe; bytes between entries, comments and
//! extra fields belong to nobody. So a package has no freedom left: entries are stored, in order, without gaps; every
//! field that is not a name, a length or a CRC is fixed. The verifier derives the headers from the directory and
//! compares byte by byte. (A ZIP library writes what its version likes; this must read the same for decades.)

use std::io::{self, Read, Seek, SeekFrom};

/// Entries that a package may have.
pub(super) const MAX_ENTRIES: usize = 100_000;
/// Longest name of an entry, in bytes.
pub(super) const MAX_NAME: usize = 200;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const SHORT_END: u64 = 22;
const LONG_END: u64 = 56 + 20 + SHORT_END;
/// 1 January 1980, the earliest date that ZIP can say: the true times stand in the manifest.
const DATE: u16 = 0x0021;
const MAX_32: u64 = 0xffff_ffff;

/// One entry: its name and what its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub name: String,
    pub size: u64,
    pub crc: u32,
}

impl Entry {
    /// ZIP64 where 32 bits do not hold the length.
    fn is_long(&self) -> bool {
        self.size >= MAX_32
    }

    /// The bytes before the contents.
    pub fn local_header(&self) -> Vec<u8> {
        let mut out = Bytes::default();
        out.u32(LOCAL);
        self.common(&mut out);
        out.u16(self.name.len() as u16);
        out.u16(if self.is_long() { 20 } else { 0 });
        out.0.extend_from_slice(self.name.as_bytes());
        if self.is_long() {
            out.u16(1);
            out.u16(16);
            out.u64(self.size);
            out.u64(self.size);
        }
        out.0
    }

    fn central_header(&self, offset: u64) -> Vec<u8> {
        let mut long = Bytes::default();
        if self.is_long() {
            long.u64(self.size);
            long.u64(self.size);
        }
        if offset >= MAX_32 {
            long.u64(offset);
        }
        let mut out = Bytes::default();
        out.u32(CENTRAL);
        out.u16(45);
        self.common(&mut out);
        out.u16(self.name.len() as u16);
        out.u16(if long.0.is_empty() {
            0
        } else {
            long.0.len() as u16 + 4
        });
        out.u16(0); // comment
        out.u16(0); // disk
        out.u16(0); // internal attributes
        out.u32(0); // external attributes
        out.u32(offset.min(MAX_32) as u32);
        out.0.extend_from_slice(self.name.as_bytes());
        if !long.0.is_empty() {
            out.u16(1);
            out.u16(long.0.len() as u16);
            out.0.extend_from_slice(&long.0);
        }
        out.0
    }

    /// Version needed, flags, method, time, date, CRC and both lengths.
    fn common(&self, out: &mut Bytes) {
        out.u16(if self.is_long() { 45 } else { 20 });
        out.u16(0);
        out.u16(0);
        out.u16(0);
        out.u16(DATE);
        out.u32(self.crc);
        out.u32(self.size.min(MAX_32) as u32);
        out.u32(self.size.min(MAX_32) as u32);
    }
}

/// The bytes after the last entry: directory and end records.
pub(super) fn directory(entries: &[Entry]) -> Vec<u8> {
    let mut out = Bytes::default();
    let mut offset = 0;
    for entry in entries {
        out.0.extend(entry.central_header(offset));
        offset += entry.local_header().len() as u64 + entry.size;
    }
    let (count, length) = (entries.len() as u64, out.0.len() as u64);
    if count >= 0xffff || length >= MAX_32 || offset >= MAX_32 {
        out.u32(END_64);
        out.u64(44);
        out.u16(45);
        out.u16(45);
        out.u32(0);
        out.u32(0);
        out.u64(count);
        out.u64(count);
        out.u64(length);
        out.u64(offset);
        out.u32(LOCATOR_64);
        out.u32(0);
        out.u64(offset + length);
        out.u32(1);
    }
    out.u32(END);
    out.u16(0);
    out.u16(0);
    out.u16(count.min(0xffff) as u16);
    out.u16(count.min(0xffff) as u16);
    out.u32(length.min(MAX_32) as u32);
    out.u32(offset.min(MAX_32) as u32);
    out.u16(0);
    out.0
}

/// What the directory at the end of a file says: nothing in it is checked beyond what it takes to read it.
/// `Err` holds what is wrong.
pub(super) fn read_directory(file: &mut (impl Read + Seek)) -> io::Result<Result<Vec<Entry>, String>> {
    let length = file.seek(SeekFrom::End(0))?;
    let tail_length = length.min(LONG_END);
    file.seek(SeekFrom::Start(length - tail_length))?;
    let mut tail = vec![0; tail_length as usize];
    file.read_exact(&mut tail)?;
    let Some(short) = (tail_length >= SHORT_END).then(|| tail.len() - SHORT_END as usize) else {
        return Ok(Err("the file is too short to be a package".into()));
    };
    let mut end = Fields(&tail[short..]);
    if end.u32() != Some(END) {
        return Ok(Err(
            "the file does not end with a ZIP directory: it is cut off, no package, or bytes follow".into(),
        ));
    }
    end.skip(8);
    let (mut size, mut offset) = (end.u32().unwrap_or(0).into(), end.u32().unwrap_or(0).into());
    if size == MAX_32 || offset == MAX_32 || Fields(&tail[short + 10..]).u16() == Some(0xffff) {
        let mut long = Fields(&tail);
        if tail_length < LONG_END || long.u32() != Some(END_64) {
            return Ok(Err("the ZIP64 end record is missing".into()));
        }
        long.skip(36);
        (size, offset) = (long.u64().unwrap_or(0), long.u64().unwrap_or(0));
    }
    let most = (MAX_ENTRIES * (46 + MAX_NAME + 28)) as u64;
    if size > most || offset.checked_add(size).is_none_or(|end| end > length) {
        return Ok(Err("the ZIP directory does not lie inside the file".into()));
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; size as usize];
    file.read_exact(&mut bytes)?;
    let mut fields = Fields(&bytes);
    let mut entries = Vec::new();
    while !fields.0.is_empty() {
        match entry(&mut fields) {
            Some(entry) if entries.len() < MAX_ENTRIES => entries.push(entry),
            Some(_) => return Ok(Err(format!("it has more than {MAX_ENTRIES} entries"))),
            None => {
                return Ok(Err(format!(
                    "the ZIP directory is broken after {} entries",
                    entries.len()
                )));
            }
        }
    }
    Ok(Ok(entries))
}

fn entry(fields: &mut Fields<'_>) -> Option<Entry> {
    if fields.u32()? != CENTRAL {
        return None;
    }
    fields.skip(12);
    let (crc, stored, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    fields.skip(12);
    let name = fields.take(name.into())?;
    let mut extra = Fields(fields.take(extra.into())?);
    fields.take(comment.into())?;
    let fits = name.len() <= MAX_NAME && name.iter().all(|b| b.is_ascii_graphic()) && stored == size;
    let name = String::from_utf8(name.to_vec())
        .ok()
        .filter(|name| fits && !name.is_empty())?;
    let mut size = u64::from(size);
    if size == MAX_32 {
        extra.skip(4);
        size = extra.u64()?;
    }
    Some(Entry { name, size, crc })
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u16(&mut self, n: u16) {
        self.0.extend(n.to_le_bytes());
    }
    fn u32(&mut self, n: u32) {
        self.0.extend(n.to_le_bytes());
    }
    fn u64(&mut self, n: u64) {
        self.0.extend(n.to_le_bytes());
    }
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }
    fn skip(&mut self, n: usize) {
        self.0 = self.0.get(n..).unwrap_or_default();
    }
    fn u16(&mut self) -> Option<u16> {
        self.take(2)
            .and_then(|b| b.try_into().ok())
            .map(u16::from_le_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.take(4)
            .and_then(|b| b.try_into().ok())
            .map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.take(8)
            .and_then(|b| b.try_into().ok())
            .map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Headers and directory where they belong; zeros for contents.
    struct Sparse {
        pieces: BTreeMap<u64, Vec<u8>>,
        length: u64,
        at: u64,
    }

    impl Read for Sparse {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap();
            let n = buffer.len().min(left);
            for byte in &mut buffer[..n] {
                let piece = self.pieces.range(..=self.at).next_back();
                *byte = piece
                    .and_then(|(start, piece)| piece.get((self.at - start) as usize))
                    .copied()
                    .unwrap_or(0);
                self.at += 1;
            }
            Ok(n)
        }
    }

    impl Seek for Sparse {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::End(by) => self.length.saturating_add_signed(by),
                SeekFrom::Current(by) => self.at.saturating_add_signed(by),
            };
            Ok(self.at)
        }
    }

    fn entries(sizes: &[u64]) -> Vec<Entry> {
        let entry = |(n, size): (usize, &u64)| Entry {
            name: format!("files/{n}"),
            size: *size,
            crc: n as u32,
        };
        sizes.iter().enumerate().map(entry).collect()
    }

    fn file(entries: &[Entry]) -> Sparse {
        let mut file = Sparse {
            pieces: BTreeMap::new(),
            length: 0,
            at: 0,
        };
        for entry in entries {
            let header = entry.local_header();
            let contents = file.length + header.len() as u64;
            file.pieces.insert(file.length, header);
            file.length = contents + entry.size;
        }
        let directory = directory(entries);
        let end = file.length + directory.len() as u64;
        file.pieces.insert(file.length, directory);
        Sparse { length: end, ..file }
    }

    #[test]
    fn directories_are_read_as_written_however_long_the_files() {
        const GIB: u64 = 1 << 30;
        for sizes in [
            &[0, 1, 2][..],
            &[5 * GIB, 7],
            &[3 * GIB, 3 * GIB, 9, MAX_32],
            &[MAX_32 - 1, 0],
        ] {
            let entries = entries(sizes);
            assert_eq!(
                read_directory(&mut file(&entries)).unwrap().unwrap(),
                entries,
                "{sizes:?}"
            );
            // A ZIP library that is not ours reads the same.
            let mut other = zip::ZipArchive::new(file(&entries)).unwrap();
            let read: Vec<u64> = (0..other.len())
                .map(|n| other.by_index_raw(n).unwrap().size())
                .collect();
            assert_eq!(read, sizes);
        }
        let many = entries(&vec![0; 70_000]);
        assert_eq!(read_directory(&mut file(&many)).unwrap().unwrap().len(), 70_000);
    }
}
