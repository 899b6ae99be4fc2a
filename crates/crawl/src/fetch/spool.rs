//! Bytes that stay in memory while they are few and go to a temporary file when they are many.

use bytes::Bytes;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

/// Most bytes that a spool keeps in memory.
const MEMORY: usize = 1 << 20;

/// Bytes, in memory or in an unnamed temporary file; cheap to clone.
#[derive(Clone)]
pub struct Spool(Store);

#[derive(Clone)]
enum Store {
    Memory(Bytes),
    File { file: Arc<File>, start: u64, len: u64 },
}

impl Spool {
    /// The bytes of a file, which must not change meanwhile.
    pub fn open(path: &Path) -> io::Result<Spool> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let file = Arc::new(file);
        Ok(Spool(Store::File { file, start: 0, len }))
    }

    /// How many bytes.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Store::Memory(bytes) => bytes.len() as u64,
            Store::File { len, .. } => *len,
        }
    }

    /// None at all?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reader of its own; readers do not disturb one another.
    pub fn reader(&self) -> Reader {
        Reader {
            spool: self.clone(),
            at: 0,
        }
    }

    /// All of them in memory. The caller knows from the policy how many they can be.
    pub fn bytes(&self) -> io::Result<Bytes> {
        match &self.0 {
            Store::Memory(bytes) => Ok(bytes.clone()),
            Store::File { .. } => {
                let mut all = Vec::with_capacity(self.len() as usize);
                self.reader().read_to_end(&mut all)?;
                Ok(all.into())
            }
        }
    }

    /// A part of them; beyond the end there is nothing.
    pub fn slice(&self, from: u64, to: u64) -> Spool {
        let to = to.min(self.len());
        let from = from.min(to);
        Spool(match &self.0 {
            Store::Memory(bytes) => Store::Memory(bytes.slice(from as usize..to as usize)),
            Store::File { file, start, .. } => Store::File {
                file: file.clone(),
                start: start + from,
                len: to - from,
            },
        })
    }

    /// Writes them to a file of this name, replacing what was there.
    pub fn persist_to(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        io::copy(&mut self.reader(), &mut file)?;
        file.flush()
    }
}

impl From<Bytes> for Spool {
    fn from(bytes: Bytes) -> Self {
        Spool(Store::Memory(bytes))
    }
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if matches!(self.0, Store::Memory(_)) {
            "memory"
        } else {
            "file"
        };
        write!(f, "Spool({} bytes in {kind})", self.len())
    }
}

/// Reads a [`Spool`].
pub struct Reader {
    spool: Spool,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.spool.len().saturating_sub(self.at);
        let want = left.min(buf.len() as u64) as usize;
        let got = match &self.spool.0 {
            Store::Memory(bytes) => {
                let at = self.at.min(bytes.len() as u64) as usize;
                buf[..want].copy_from_slice(&bytes[at..at + want]);
                want
            }
            Store::File { file, start, .. } => file.read_at(&mut buf[..want], start + self.at)?,
        };
        self.at += got as u64;
        Ok(got)
    }
}

impl Seek for Reader {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        let to = match pos {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.spool.len().checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Collects a [`Spool`].
#[derive(Default)]
pub(crate) struct SpoolWriter {
    memory: Vec<u8>,
    file: Option<File>,
    len: u64,
}

impl SpoolWriter {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// What is still in memory: all of it below [`MEMORY`] bytes.
    pub(crate) fn in_memory(&self) -> &[u8] {
        &self.memory
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() && self.memory.len() + bytes.len() > MEMORY {
            let mut file = tempfile::tempfile()?;
            file.write_all(&self.memory)?;
            self.memory = Vec::new();
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes)?,
            None => self.memory.extend_from_slice(bytes),
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    pub(crate) fn finish(self) -> Spool {
        Spool(match self.file {
            Some(file) => Store::File {
                file: Arc::new(file),
                start: 0,
                len: self.len,
            },
            None => Store::Memory(self.memory.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_reads_the_same_from_memory_and_from_a_file() {
        for size in [0usize, 10, MEMORY, MEMORY + 1, 3 * MEMORY] {
            let data: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            let mut writer = SpoolWriter::default();
            for part in data.chunks(4099) {
                writer.push(part).unwrap();
            }
            let spool = writer.finish();
            assert_eq!(spool.len(), size as u64);
            assert_eq!(spool.bytes().unwrap(), data);
            let part = spool.slice(3, 9);
            assert_eq!(part.bytes().unwrap(), data[3.min(size)..9.min(size)]);
            let mut reader = spool.reader();
            reader.seek(SeekFrom::End(0)).unwrap();
            assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
            reader.seek(SeekFrom::Start(1 << 40)).unwrap();
            assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
        }
    }
}
