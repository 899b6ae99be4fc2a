//! Files mapped into memory, and how much of them stays there.
//!
//! Around each page that is looked at, the system maps fifteen more that it has in its cache, so that a search all over a large index soon holds all of
//! it. Nothing is wrong with that but the figure: those pages are the cache's. Where more is mapped than [`BUDGET`], pages are therefore given back from time to
//! time; what is looked at again is mapped again, at a microsecond for sixteen pages while they are in the cache.

use bytes::Bytes;
use mmap_io::{MemoryMappedFile, MmapAdvice, MmapIoError};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Bytes of mapped files that this process keeps resident.
const BUDGET: u64 = 3 << 30;
/// How often it is looked whether they are more. A search can map some hundred megabytes in that time.
const PAUSE: Duration = Duration::from_millis(10);
/// Bytes of a page on the machines that tell their pages resident.
const PAGE: u64 = 4096;

type Files = Vec<Weak<MemoryMappedFile>>;

/// All files that are mapped, if their pages are to be given back.
static WATCHED: Mutex<Files> = Mutex::new(Vec::new());

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
    let mut files = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    files.retain(|file| file.strong_count() > 0);
    files.push(Arc::downgrade(&file));
    if files.len() == 1 {
        std::thread::spawn(watch);
    }
    drop(files);
    Ok(Bytes::from_owner(Mapped(file)))
}

/// Gives pages back as long as anything is mapped.
fn watch() {
    loop {
        std::thread::sleep(PAUSE);
        let mut files = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|file| file.strong_count() > 0);
        if files.is_empty() {
            return;
        }
        let mapped: u64 = files
            .iter()
            .filter_map(Weak::upgrade)
            .map(|file| file.len())
            .sum();
        if mapped > BUDGET {
            ease(&mut files);
        }
    }
}

/// Gives back pages of one file after another, in turn, until a quarter of the budget is free.
fn ease(files: &mut Files) {
    if resident() <= BUDGET {
        return;
    }
    for _ in 0..files.len() {
        if let Some(file) = files[0].upgrade() {
            // Advice may be refused; then more stays resident.
            let _ = file.advise(0, file.len(), MmapAdvice::DontNeed);
        }
        files.rotate_left(1);
        if resident() <= BUDGET / 4 * 3 {
            return;
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
