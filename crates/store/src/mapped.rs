//! Files mapped into memory, and how much of them stays there.
//!
//! Around each page that is looked at, the system maps fifteen more that it has in its cache, so that searches all over a large index soon hold all of it
//! resident. Where more is mapped than [`BUDGET`], pages are therefore given back from time to time. They stay in the system's cache: what is looked at again is
//! mapped again, at some microseconds for sixteen pages. First those parts are given back that are said to be looked at [`seldom`].

use bytes::Bytes;
use mmap_io::{MemoryMappedFile, MmapAdvice, MmapIoError};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// Bytes of mapped files that this process keeps resident, about.
const BUDGET: u64 = 13 << 28;
/// How often it is looked whether they are more, while nothing was mapped since the last look and while something was: a search maps ten megabytes a
/// millisecond.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(2)];
/// Bytes of the pages that Linux counts here.
const PAGE: u64 = 4096;

/// A file that is mapped, and its parts that are looked at seldom.
struct File {
    map: Weak<MemoryMappedFile>,
    seldom: Vec<Range<u64>>,
}

/// Files that are mapped.
struct Files {
    all: Vec<File>,
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
    files.all.push(File {
        map: Arc::downgrade(&file),
        seldom: Vec::new(),
    });
    if files.length() > BUDGET && !files.watched {
        files.watched = true;
        // Where the cache holds a file in pages of 2 MiB, each look would map as much, 130 MiB a millisecond, faster than anybody looks. Where this
        // is refused, more is resident now and then.
        #[cfg(target_os = "linux")]
        let _ = rustix::thread::disable_transparent_huge_pages(true);
        std::thread::spawn(watch);
    }
    drop(files);
    Ok(Bytes::from_owner(Mapped(file)))
}

/// Says that a part of a mapped file is looked at here and there only. Of other bytes nothing is noted.
pub fn seldom(part: &Bytes) {
    let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let from = part.as_ptr() as usize;
    for file in &mut files.all {
        let Some(map) = file.map.upgrade() else { continue };
        let bytes = map.as_slice_bytes(0, map.len()).unwrap_or_default();
        if bytes.as_ptr_range().contains(&part.as_ptr()) {
            let start = (from - bytes.as_ptr() as usize) as u64;
            file.seldom.push(start..start + part.len() as u64);
        }
    }
}

/// Gives pages back for as long as more is mapped than the budget.
fn watch() {
    let mut before = 0;
    loop {
        let now = resident();
        std::thread::sleep(PAUSES[usize::from(now != before)]);
        before = now;
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
        self.all.retain(|file| file.map.strong_count() > 0);
        self.all
            .iter()
            .filter_map(|file| file.map.upgrade())
            .map(|map| map.len())
            .sum()
    }

    /// Where more than `budget` bytes are resident, gives back pages until an eighth of it is free: what is looked at seldom, then whole files, in turn.
    fn ease(&mut self, budget: u64) {
        if resident() <= budget {
            return;
        }
        let enough = budget / 8 * 7;
        for whole in [false, true] {
            for _ in 0..self.all.len() {
                self.all[0].give_back(whole);
                self.all.rotate_left(1);
                if resident() <= enough {
                    return;
                }
            }
        }
    }
}

impl File {
    /// Gives the pages of the whole file back, or those that are looked at seldom.
    fn give_back(&self, whole: bool) {
        let Some(map) = self.map.upgrade() else { return };
        let all = 0..map.len();
        let parts = if whole {
            std::slice::from_ref(&all)
        } else {
            &self.seldom
        };
        for part in parts {
            // Advice may be refused: then more stays resident.
            let _ = map.advise(part.start, part.end - part.start, MmapAdvice::DontNeed);
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
        seldom(&mapped.slice(8 << 20..24 << 20));
        FILES.lock().expect("nobody panicked").ease(before - (1 << 20));
        let between = resident();
        assert!(
            (12 << 20..20 << 20).contains(&(before - between)),
            "{before} {between}"
        );
        FILES.lock().expect("nobody panicked").ease(8 << 20);
        let after = resident();
        assert!(before - after > 60 << 20, "{before} {after}");
        assert!(mapped == bytes);
    }
}
