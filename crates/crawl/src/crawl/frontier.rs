//! The addresses still to be fetched, and those that were seen: few in memory, any number on disk.

use std::{
    collections::{HashSet, VecDeque},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
};

/// Addresses that wait in memory at either end of the queue.
const QUEUED_IN_MEMORY: usize = 4096;
/// Fingerprints that are kept in memory before they go to disk.
const SEEN_IN_MEMORY: usize = 1 << 15;
/// Recent fingerprints that are looked up without touching the disk: most links of a page are its site's menu.
const RECENT: usize = 1 << 15;

/// An address that waits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) url: String,
    /// Links from the start.
    pub(super) depth: u32,
    /// Redirects that led here, one after the other.
    pub(super) hops: u8,
    pub(super) role: Role,
}

/// What it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Where the crawl began.
    Start,
    /// A page of the site.
    Page,
    /// A sitemap, so many indexes down.
    Sitemap(u8),
    /// The frame of a player elsewhere: looked into, not followed.
    Frame,
}

/// First in, first out, but for what is put off; each address once.
pub(super) struct Frontier {
    queue: Queue,
    /// What was put off: taken when nothing else waits.
    later: Queue,
    seen: Seen,
}

impl Frontier {
    pub(super) fn new() -> Frontier {
        Frontier {
            queue: Queue::default(),
            later: Queue::default(),
            seen: Seen::new(),
        }
    }

    /// Marks a fingerprint as seen; was it new?
    pub(super) fn mark(&mut self, fingerprint: u64) -> io::Result<bool> {
        self.seen.insert(fingerprint)
    }

    pub(super) fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.queue.push(entry)
    }

    /// The next address; those that can be put off come after all others.
    pub(super) fn pop(&mut self, put_off: impl Fn(&Entry) -> bool) -> io::Result<Option<Entry>> {
        while let Some(entry) = self.queue.pop()? {
            if !put_off(&entry) {
                return Ok(Some(entry));
            }
            self.later.push(entry)?;
        }
        self.later.pop()
    }

    pub(super) fn len(&self) -> u64 {
        self.queue.len + self.later.len
    }
}

/// A queue whose middle is a file.
#[derive(Default)]
struct Queue {
    head: VecDeque<Entry>,
    spilled: Option<Spilled>,
    tail: VecDeque<Entry>,
    len: u64,
}

struct Spilled {
    file: File,
    read_at: u64,
    write_at: u64,
}

impl Queue {
    fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.len += 1;
        if self.spilled.is_none() && self.head.len() < QUEUED_IN_MEMORY {
            self.head.push_back(entry);
            return Ok(());
        }
        self.tail.push_back(entry);
        if self.tail.len() >= QUEUED_IN_MEMORY {
            self.spill()
        } else {
            Ok(())
        }
    }

    fn pop(&mut self) -> io::Result<Option<Entry>> {
        if self.head.is_empty() {
            self.refill()?;
        }
        let entry = self.head.pop_front();
        self.len -= u64::from(entry.is_some());
        Ok(entry)
    }

    fn spill(&mut self) -> io::Result<()> {
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => none.insert(Spilled {
                file: tempfile::tempfile()?,
                read_at: 0,
                write_at: 0,
            }),
        };
        let mut block = Vec::new();
        for entry in self.tail.drain(..) {
            write_entry(&mut block, &entry);
        }
        // Each block is preceded by its length, and read back whole.
        spilled
            .file
            .write_all_at(&(block.len() as u64).to_le_bytes(), spilled.write_at)?;
        spilled.file.write_all_at(&block, spilled.write_at + 8)?;
        spilled.write_at += 8 + block.len() as u64;
        Ok(())
    }

    fn refill(&mut self) -> io::Result<()> {
        if let Some(spilled) = &mut self.spilled {
            let mut length = [0; 8];
            spilled.file.read_exact_at(&mut length, spilled.read_at)?;
            let mut block = vec![0; u64::from_le_bytes(length) as usize];
            spilled.file.read_exact_at(&mut block, spilled.read_at + 8)?;
            spilled.read_at += 8 + block.len() as u64;
            let mut rest = &block[..];
            while let Some(entry) = read_entry(&mut rest) {
                self.head.push_back(entry);
            }
            if spilled.read_at == spilled.write_at {
                self.spilled = None;
            }
        } else {
            std::mem::swap(&mut self.head, &mut self.tail);
        }
        Ok(())
    }
}

fn write_entry(out: &mut Vec<u8>, entry: &Entry) {
    let role = match entry.role {
        Role::Start => 0,
        Role::Page => 1,
        Role::Frame => 2,
        Role::Sitemap(level) => 16 + level.min(200),
    };
    out.push(role);
    out.push(entry.hops);
    out.extend(entry.depth.to_le_bytes());
    out.extend((entry.url.len() as u32).to_le_bytes());
    out.extend(entry.url.as_bytes());
}

fn read_entry(rest: &mut &[u8]) -> Option<Entry> {
    let (role, tail) = rest.split_first()?;
    let (hops, tail) = tail.split_first()?;
    let (depth, tail) = tail.split_first_chunk::<4>()?;
    let (length, tail) = tail.split_first_chunk::<4>()?;
    let (url, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = tail;
    let role = match role {
        0 => Role::Start,
        1 => Role::Page,
        2 => Role::Frame,
        level => Role::Sitemap(level - 16),
    };
    Some(Entry {
        url: String::from_utf8_lossy(url).into_owned(),
        depth: u32::from_le_bytes(*depth),
        hops: *hops,
        role,
    })
}

/// A set of 64-bit fingerprints. A million addresses collide with a chance of 3 in 10^8.
struct Seen {
    recent: Box<[u64]>,
    memory: HashSet<u64>,
    table: Option<Table>,
}

impl Seen {
    fn new() -> Seen {
        Seen {
            recent: vec![0; RECENT].into(),
            memory: HashSet::new(),
            table: None,
        }
    }

    fn insert(&mut self, fingerprint: u64) -> io::Result<bool> {
        // Zero marks an empty place.
        let fingerprint = fingerprint.max(1);
        let recent = &mut self.recent[fingerprint as usize % RECENT];
        if *recent == fingerprint {
            return Ok(false);
        }
        *recent = fingerprint;
        if let Some(table) = &mut self.table {
            return table.insert(fingerprint);
        }
        let new = self.memory.insert(fingerprint);
        if self.memory.len() > SEEN_IN_MEMORY {
            let mut table = Table::new(4 * SEEN_IN_MEMORY as u64)?;
            for fingerprint in std::mem::take(&mut self.memory) {
                table.insert(fingerprint)?;
            }
            self.table = Some(table);
        }
        Ok(new)
    }
}

/// An open-addressing hash table in a file: places of eight bytes, never more than half of them taken.
struct Table {
    file: File,
    places: u64,
    taken: u64,
}

/// Places that are read at once.
const BUCKET: u64 = 16;

impl Table {
    fn new(places: u64) -> io::Result<Table> {
        let file = tempfile::tempfile()?;
        file.set_len(places * 8)?;
        Ok(Table {
            file,
            places,
            taken: 0,
        })
    }

    fn insert(&mut self, fingerprint: u64) -> io::Result<bool> {
        if self.taken * 2 >= self.places {
            self.grow()?;
        }
        let buckets = self.places / BUCKET;
        let mut bucket = (fingerprint >> 8) % buckets;
        let mut bytes = [0u8; (BUCKET * 8) as usize];
        loop {
            self.file.read_exact_at(&mut bytes, bucket * BUCKET * 8)?;
            for (place, value) in bytes.as_chunks::<8>().0.iter().enumerate() {
                match u64::from_le_bytes(*value) {
                    0 => {
                        let at = (bucket * BUCKET + place as u64) * 8;
                        self.file.write_all_at(&fingerprint.to_le_bytes(), at)?;
                        self.taken += 1;
                        return Ok(true);
                    }
                    value if value == fingerprint => return Ok(false),
                    _ => {}
                }
            }
            bucket = (bucket + 1) % buckets;
        }
    }

    fn grow(&mut self) -> io::Result<()> {
        let mut larger = Table::new(self.places * 4)?;
        self.file.seek(SeekFrom::Start(0))?;
        let mut piece = vec![0u8; 64 << 10];
        loop {
            let n = self.file.read(&mut piece)?;
            if n == 0 {
                break;
            }
            for value in piece[..n].as_chunks::<8>().0 {
                let value = u64::from_le_bytes(*value);
                if value != 0 {
                    larger.insert(value)?;
                }
            }
        }
        *self = larger;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64) -> Entry {
        let role = [Role::Start, Role::Page, Role::Frame, Role::Sitemap(3)][n as usize % 4];
        Entry {
            url: format!("http://a.test/{n}/片"),
            depth: n as u32,
            hops: n as u8,
            role,
        }
    }

    #[test]
    fn what_goes_in_comes_out_in_order_also_through_the_disk() {
        let mut queue = Queue::default();
        let (mut put, mut got) = (0, 0);
        for (pushes, pops) in [(10, 5), (30_000, 2_000), (0, 20_000), (9_000, 3_000), (0, 14_005)] {
            for _ in 0..pushes {
                queue.push(entry(put)).unwrap();
                put += 1;
            }
            for _ in 0..pops {
                assert_eq!(queue.pop().unwrap(), Some(entry(got)));
                got += 1;
            }
            assert_eq!(queue.len, put - got);
        }
        assert_eq!(queue.pop().unwrap(), None);
    }

    #[test]
    fn each_fingerprint_is_new_once_in_memory_and_on_disk() {
        let mut seen = Seen::new();
        let mix = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n << 7);
        for n in 1..=200_000 {
            assert!(seen.insert(mix(n)).unwrap(), "{n}");
            assert!(!seen.insert(mix(n / 2 + 1)).unwrap(), "{n}");
        }
        assert!(seen.table.is_some());
    }
}
