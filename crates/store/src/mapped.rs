//! Files mapped into memory, and how much of them stays there.
//!
//! Around each place that is looked at, the system maps what its cache holds in one piece, up to 2 MiB, so that a search that goes all over a large index soon holds
//! all of it resident, within some tens of milliseconds: faster than anybody beside it gives back. So searches do that themselves. They say at how many places
//! they are about to look ([`make_room`]), and where more could become resident than [`BUDGET`], pages are given back before they go on. These stay in the system's
//! cache: what is looked at again is mapped again. First those parts are given back that are said to be looked at [`seldom`].

use bytes::Bytes;
use mmap_io::{MemoryMappedFile, MmapAdvice, MmapIoError};
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Bytes of mapped files that this process keeps resident.
const BUDGET: u64 = 7 << 29;
/// Bytes that one look makes resident, at most: what a page of Linux's tables maps.
const LOOK: u64 = 2 << 20;
/// Looks for which there must be room. To read how much is resident takes as long as dozens of them.
const LEAST: u64 = 64;
/// Room where all that is mapped may be resident.
const BOUNDLESS: i64 = i64::MAX;
/// Bytes of the pages that Linux counts here.
const PAGE: u64 = 4096;

/// A file that is mapped, and its parts that are looked at seldom.
struct File {
    map: Weak<MemoryMappedFile>,
    seldom: Vec<Range<u64>>,
}

/// Files that are mapped, and how much of them is kept resident.
struct Memory {
    budget: u64,
    files: Mutex<Vec<File>>,
    /// Looks for which there is room, as it was last read.
    room: AtomicI64,
}

static MEMORY: Memory = Memory::of(BUDGET);

/// A file that does not change while it is mapped.
struct Mapped(Arc<MemoryMappedFile>);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice_bytes(0, self.0.len()).unwrap_or_default()
    }
}

/// A file's bytes; the file must not change. Nothing is read before it is looked at.
pub fn map(path: &Path) -> Result<Bytes, MmapIoError> {
    MEMORY.map(path)
}

/// Says that a part of a mapped file is looked at here and there only. Of other bytes nothing is noted.
pub fn seldom(part: &Bytes) {
    MEMORY.seldom(part);
}

/// Gives pages back where so many looks at mapped files could make more resident than there is room for. To be called before them, for a hundred or so at a time:
/// as much as those bring may be resident beyond the budget.
pub fn make_room(looks: usize) {
    MEMORY.make_room(looks);
}

impl Memory {
    const fn of(budget: u64) -> Self {
        Self {
            budget,
            files: Mutex::new(Vec::new()),
            room: AtomicI64::new(0),
        }
    }

    fn files(&self) -> MutexGuard<'_, Vec<File>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn map(&self, path: &Path) -> Result<Bytes, MmapIoError> {
        let file = Arc::new(MemoryMappedFile::open_ro(path)?);
        let mut files = self.files();
        files.push(File {
            map: Arc::downgrade(&file),
            seldom: Vec::new(),
        });
        // Those before may have been read to their ends as they were opened.
        self.ease(&mut files, 0);
        Ok(Bytes::from_owner(Mapped(file)))
    }

    fn seldom(&self, part: &Bytes) {
        let from = part.as_ptr() as usize;
        for file in self.files().iter_mut() {
            let Some(map) = file.map.upgrade() else { continue };
            let bytes = map.as_slice_bytes(0, map.len()).unwrap_or_default();
            if bytes.as_ptr_range().contains(&part.as_ptr()) {
                let start = (from - bytes.as_ptr() as usize) as u64;
                file.seldom.push(start..start + part.len() as u64);
            }
        }
    }

    fn make_room(&self, looks: usize) {
        let looks = looks as i64;
        let boundless = self.room.load(Ordering::Relaxed) == BOUNDLESS;
        if boundless || self.room.fetch_sub(looks, Ordering::Relaxed) >= looks {
            return;
        }
        // Whoever else needs room waits here, and finds it made.
        let mut files = self.files();
        if self.room.load(Ordering::Relaxed) < 0 {
            self.ease(&mut files, looks);
        }
    }

    /// Gives pages back where there is room for few looks, and notes for how many there is then, less those that come now.
    fn ease(&self, files: &mut Vec<File>, looks: i64) {
        files.retain(|file| file.map.strong_count() > 0);
        let maps = files.iter().filter_map(|file| file.map.upgrade());
        let room = if maps.map(|map| map.len()).sum::<u64>() <= self.budget {
            BOUNDLESS
        } else {
            if self.free() < LEAST * LOOK {
                self.give_back(files);
            }
            (self.free() / LOOK).max(LEAST) as i64 - looks
        };
        self.room.store(room, Ordering::Relaxed);
    }

    /// Bytes of the budget that are not resident.
    fn free(&self) -> u64 {
        self.budget.saturating_sub(resident())
    }

    /// Gives pages back until an eighth of the budget is free: what is looked at seldom, then whole files, in turn.
    fn give_back(&self, files: &mut [File]) {
        for whole in [false, true] {
            for _ in 0..files.len() {
                files[0].give_back(whole);
                files.rotate_left(1);
                if self.free() >= self.budget / 8 {
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
    use std::sync::atomic::AtomicU64;

    /// What is resident is of the process: one test at a time.
    static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn pages_are_given_back_and_read_again() {
        let _alone = ALONE.lock();
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let bytes: Vec<u8> = (0u32..64 << 18).flat_map(u32::to_le_bytes).collect();
        std::fs::write(&path, &bytes).expect("written");
        let mut memory = Memory::of(u64::MAX);
        let mapped = memory.map(&path).expect("mapped");
        assert!(mapped == bytes);
        let before = resident();
        assert!(before >= bytes.len() as u64, "{before}");
        memory.seldom(&mapped.slice(8 << 20..24 << 20));
        memory.budget = before;
        memory.give_back(&mut memory.files());
        let between = resident();
        assert!(
            (12 << 20..20 << 20).contains(&(before - between)),
            "{before} {between}"
        );
        memory.budget = 8 << 20;
        memory.give_back(&mut memory.files());
        let after = resident();
        assert!(before - after > 60 << 20, "{before} {after}");
        assert!(mapped == bytes);
    }

    /// However fast it is looked at: the cache holds the files in pieces as large as they come.
    #[test]
    fn no_more_is_resident_than_the_budget_and_what_a_few_looks_bring() {
        const LENGTH: usize = 512 << 20;
        const BUDGET: u64 = 256 << 20;
        const TOGETHER: usize = 8;
        let _alone = ALONE.lock();
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Memory::of(BUDGET);
        let mapped = ["one", "other"].map(|name| {
            let path = folder.path().join(name);
            let file = std::fs::File::create(&path).expect("created");
            file.set_len(LENGTH as u64).expect("there is room for holes");
            let mut file = std::fs::File::open(&path).expect("there");
            std::io::copy(&mut file, &mut std::io::sink()).expect("read into the cache");
            memory.map(&path).expect("mapped")
        });
        let (before, most) = (resident(), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (memory, mapped, most) = (&memory, &mapped, &most);
                scope.spawn(move || {
                    let places = (0..4000).map(|n| (thread + 1 + 4 * n) * 104_729 * 4096 % LENGTH);
                    for places in places.collect::<Vec<_>>().chunks(TOGETHER) {
                        memory.make_room(2 * places.len());
                        let looks = places
                            .iter()
                            .flat_map(|&place| mapped.iter().map(move |file| file[place]));
                        assert_eq!(looks.max(), Some(0));
                        most.fetch_max(resident(), Ordering::Relaxed);
                    }
                });
            }
        });
        let most = most.into_inner();
        let beyond = 4 * 2 * TOGETHER as u64 * LOOK;
        assert!(most <= before.max(BUDGET) + beyond, "{most} beside {before}");
        assert!(most > BUDGET / 4, "{most}: little was looked at");
    }
}
