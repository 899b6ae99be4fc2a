//! Files mapped into memory, and how much of them stays there.
//!
//! Around each page that is looked at, the system maps fifteen more that it has in its cache, so that searches all over a large index soon hold all of it
//! resident. Where more is mapped than [`BUDGET`], pages are therefore given back from time to time. They stay in the system's cache: what is looked at again is
//! mapped again, at some microseconds for sixteen pages.

use bytes::Bytes;
use mmap_io::{MemoryMappedFile, MmapAdvice, MmapIoError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Bytes of mapped files that this process keeps resident, about.
const BUDGET: u64 = 3 << 30;
/// How often it is looked whether they are more: a search maps a hundred megabytes in that time at most.
const PAUSE: Duration = Duration::from_millis(10);
/// Bytes of the pages that Linux counts here.
const PAGE: u64 = 4096;

/// Files that are mapped.
struct Files {
    all: Vec<Weak<MemoryMappedFile>>,
    /// Is somebody looking after them?
    watched: bool,
}

static FILES: Mutex<Files> = Mutex::new(Files {
    all: Vec::new(),
    watched: false,
});

/// A file that does not change while it is mapped.
struct Mapped(Arc<MemoryMappedFile>);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice_bytes(0, self.0.len()).unwrap_or_default()
    }
}

/// A file's bytes; the file must not change. Nothing is read before it is looked at.
pub fn map(path: &Path) -> Result<Bytes, MmapIoError> {
    let file = Arc::new(MemoryMappedFile::open_ro(path)?);
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    files.all.push(Arc::downgrade(&file));
    if files.length() > BUDGET && !files.watched {
        files.watched = true;
        std::thread::spawn(watch);
    }
    drop(files);
    Ok(Bytes::from_owner(Mapped(file)))
}

/// Gives pages back for as long as more is mapped than the budget.
fn watch() {
    loop {
        std::thread::sleep(PAUSE);
        let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
        if files.length() <= BUDGET {
            files.watched = false;
            return;
        }
        files.ease(BUDGET);
    }
}

impl Files {
    /// Bytes mapped; forgets what is mapped no longer.
    fn length(&mut self) -> u64 {
        self.all.retain(|file| file.strong_count() > 0);
        self.all
            .iter()
            .filter_map(Weak::upgrade)
            .map(|file| file.len())
            .sum()
    }

    /// Where more than `budget` bytes are resident, gives back pages of one file after another, in turn, until a quarter of it is free.
    fn ease(&mut self, budget: u64) {
        if resident() <= budget {
            return;
        }
        for _ in 0..self.all.len() {
            if let Some(file) = self.all[0].upgrade() {
                // Advice may be refused: then more stays resident.
                let _ = file.advise(0, file.len(), MmapAdvice::DontNeed);
            }
            self.all.rotate_left(1);
            if resident() <= budget / 4 * 3 {
                return;
            }
        }
    }
}

/// Bytes of files that are resident in this process (Linux; elsewhere 0: nothing is given back).
fn resident() -> u64 {
    let sizes = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = sizes
        .split(' ')
        .nth(2)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * PAGE
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn pages_are_given_back_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0u32..64 << 18).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &bytes).expect("written");
        let mapped = map(&path).expect("mapped");
        assert!(mapped == bytes);
        let before = resident();
        assert!(before >= bytes.len() as u64, "{before}");
        FILES.lock().expect("nobody panicked").ease(32 << 20);
        let after = resident();
        assert!(after < before - (32 << 20), "{before} {after}");
        assert!(mapped == bytes);
    }
}
