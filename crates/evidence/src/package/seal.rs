//! Sealing.

use super::layout::{self, Entry};
use super::manifest::{self, Digest, Manifest, Own, Resource};
use super::{DIGEST, FORMAT, MANIFEST};
use crate::Source;
use crate::index::{IndexEntry, cdxj};
use crate::key::Signer;
use crate::warc;
use flate2::Crc;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::io::{self, Cursor, Read, Write};
use swordnet_core::{Sha256Hex, Timestamp};

/// Why a package was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading what is to be sealed, or writing the package, failed.
    #[error("{what}: {source}")]
    Io {
        /// Which file, or the package.
        what: String,
        /// The cause.
        source: io::Error,
    },
    /// A name that a package cannot have.
    #[error(
        "'{0}' cannot be sealed: a path is FOLDER/NAME in ASCII letters, digits, '.', '_' and '-', \
             at most 200 bytes, used once, and not in archive/, indexes/ or pages/; what is private must be there"
    )]
    Path(String),
    /// A broken archive is not sealed.
    #[error("archive '{name}': {problem}")]
    Archive {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Something else than a sealed package was to be added to.
    #[error("no package that can be added to: {0}")]
    Package(String),
}

/// What goes into a package.
pub struct Contents<'a> {
    /// Identifier, such as the exhibit's.
    pub id: String,
    /// For people.
    pub title: String,
    /// For people, longer.
    pub description: Option<String>,
    /// When it is sealed.
    pub created_at: Timestamp,
    /// Name, version and build of the program.
    pub software: String,
    /// The traffic.
    pub archives: Vec<Archive<'a>>,
    /// The pages in it that a reader opens; the first is the main one.
    pub pages: Vec<Page>,
    /// Everything else.
    pub files: Vec<File<'a>>,
    /// Paths, as they come to lie in the package, of what a public version leaves out. What is short enough to be guessed
    /// should hold a salt: its digest stays.
    pub private: Vec<String>,
    /// The authorities that will be asked for a time-stamp: the package promises that one answers.
    pub time_stamps: Vec<String>,
}

/// A WARC file.
pub struct Archive<'a> {
    /// Its name, such as `data.warc.gz`; it comes to lie in `archive/`.
    pub name: String,
    /// Its bytes.
    pub source: Box<dyn Source + 'a>,
    /// Its index, as [`warc::Writer::finish`] gives it. Without one the archive is read and its digests are checked.
    pub index: Option<Vec<IndexEntry>>,
}

/// A page.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// Its address, as in the archive.
    pub url: String,
    /// When it was captured.
    #[serde(rename = "ts")]
    pub at: Timestamp,
    /// Its title.
    pub title: String,
    /// Its main text, for search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A further file.
pub struct File<'a> {
    /// `FOLDER/NAME`, such as `report/match.json`. (One folder deep: wacz validate cuts off anything above.)
    pub path: String,
    /// Its bytes.
    pub source: Box<dyn Source + 'a>,
}

impl<'a> File<'a> {
    /// A file in memory.
    pub fn new(path: impl Into<String>, bytes: impl AsRef<[u8]> + 'a) -> Self {
        Self {
            path: path.into(),
            source: Box::new(Cursor::new(bytes)),
        }
    }
}

/// A package as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of the whole file.
    pub sha256: Sha256Hex,
    /// Its length, in bytes.
    pub size: u64,
}

/// Seals `contents` into `out`. The same contents and key give the same bytes.
///
/// Every source is read twice, once to be measured and once to be copied, so that the package can be written from front
/// to back; one that changes in between is an error.
pub fn seal(mut contents: Contents<'_>, signer: &Signer, out: impl Write) -> Result<Sealed, Error> {
    let mut sources: Vec<(String, Box<dyn Source + '_>)> = Vec::new();
    let mut indexes = Vec::new();
    contents.archives.sort_by(|a, b| a.name.cmp(&b.name));
    contents.files.sort_by(|a, b| a.path.cmp(&b.path));
    for mut archive in contents.archives {
        let index = match archive.index.take() {
            Some(index) => index,
            None => read_index(&archive.name, &mut archive.source)?,
        };
        sources.push((format!("archive/{}", archive.name), archive.source));
        indexes.push((archive.name, index));
    }
    let index = cdxj(
        indexes
            .iter()
            .map(|(name, index)| (name.as_str(), index.as_slice())),
    );
    sources.push(("indexes/index.cdx".into(), Box::new(Cursor::new(index))));
    sources.push((
        "pages/pages.jsonl".into(),
        Box::new(Cursor::new(pages_file(&contents.pages))),
    ));
    for file in contents.files {
        if ["archive/", "indexes/", "pages/"]
            .iter()
            .any(|folder| file.path.starts_with(folder))
        {
            return Err(Error::Path(file.path));
        }
        sources.push((file.path, file.source));
    }

    let mut names = HashSet::new();
    let mut entries = Vec::new();
    let mut resources = Vec::new();
    for (path, source) in &mut sources {
        if !is_path(path) || !names.insert(path.clone()) {
            return Err(Error::Path(std::mem::take(path)));
        }
        let (entry, hash) = measure(path, source).map_err(|source| Error::Io {
            what: path.clone(),
            source,
        })?;
        resources.push(Resource {
            name: path.replace('/', "-").to_ascii_lowercase(),
            path: path.clone(),
            hash: manifest::hash_of(&hash),
            bytes: entry.size,
        });
        entries.push(entry);
    }
    if let Some(absent) = contents.private.iter().find(|path| !names.contains(*path)) {
        return Err(Error::Path(absent.clone()));
    }
    let main_page = contents.pages.first();
    let manifest = Manifest {
        profile: "data-package".into(),
        wacz_version: manifest::WACZ.into(),
        title: contents.title,
        description: contents.description,
        created: contents.created_at.to_string(),
        software: contents.software,
        main_page: main_page.map(|page| page.url.clone()),
        main_page_date: main_page.map(|page| page.at.to_string()),
        resources,
        swordnet: Own {
            format: FORMAT,
            id: contents.id,
            private: contents.private,
            time_stamps: contents.time_stamps,
        },
    };
    let manifest_bytes = to_json(&manifest)?;
    let digest = Digest::sign(&manifest_bytes, contents.created_at, &manifest.software, signer);
    for (name, bytes) in [(MANIFEST, manifest_bytes), (DIGEST, to_json(&digest)?)] {
        let mut source = Cursor::new(bytes);
        let measured = measure(name, &mut source).map_err(|source| Error::Io {
            what: name.into(),
            source,
        });
        entries.push(measured?.0);
        sources.push((name.into(), Box::new(source)));
    }
    write(&entries, &mut sources, out)
}

/// Writes the entries in the one layout.
fn write(
    entries: &[Entry],
    sources: &mut [(String, Box<dyn Source + '_>)],
    out: impl Write,
) -> Result<Sealed, Error> {
    let package = |source| Error::Io {
        what: "the package".into(),
        source,
    };
    let mut out = Hashing {
        out,
        hash: Sha256::new(),
        size: 0,
    };
    for (entry, (name, source)) in entries.iter().zip(sources) {
        out.write_all(&entry.local_header()).map_err(package)?;
        let failed = |source| Error::Io {
            what: name.clone(),
            source,
        };
        source.rewind().map_err(failed)?;
        let mut copy = Checksum {
            input: source.take(entry.size),
            crc: Crc::new(),
        };
        let copied = io::copy(&mut copy, &mut out).map_err(failed)?;
        if copied != entry.size || copy.crc.sum() != entry.crc {
            return Err(failed(io::Error::other("it changed while it was sealed")));
        }
    }
    out.write_all(&layout::directory(entries)).map_err(package)?;
    out.flush().map_err(package)?;
    Ok(Sealed {
        sha256: Sha256Hex::from_array(&out.hash.finalize()),
        size: out.size,
    })
}

fn measure(name: &str, source: &mut dyn Source) -> io::Result<(Entry, Sha256Hex)> {
    source.rewind()?;
    let mut hash = Hashing {
        out: io::sink(),
        hash: Sha256::new(),
        size: 0,
    };
    let mut input = Checksum {
        input: source,
        crc: Crc::new(),
    };
    io::copy(&mut input, &mut hash)?;
    let entry = Entry {
        name: name.to_owned(),
        size: hash.size,
        crc: input.crc.sum(),
    };
    Ok((entry, Sha256Hex::from_array(&hash.hash.finalize())))
}

/// Reads an archive through: what is broken is not sealed.
fn read_index(name: &str, source: &mut dyn Source) -> Result<Vec<IndexEntry>, Error> {
    let archive = |problem: String| Error::Archive {
        name: name.to_owned(),
        problem,
    };
    source.rewind().map_err(|error| archive(error.to_string()))?;
    let mut reader = warc::Reader::new(source, u64::MAX);
    let mut index = Vec::new();
    while let Some(record) = reader.next().map_err(|error| archive(error.to_string()))? {
        let ended = record.finish().map_err(|error| archive(error.to_string()))?;
        if [ended.block, ended.payload].contains(&warc::Digest::Wrong) {
            return Err(archive(format!(
                "record at byte {}: its digest does not fit",
                ended.header.offset
            )));
        }
        index.extend(ended.index_entry());
    }
    Ok(index)
}

fn pages_file(pages: &[Page]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Line<'a> {
        id: String,
        #[serde(flatten)]
        page: &'a Page,
    }
    let mut out = b"{\"format\":\"json-pages-1.0\",\"id\":\"pages\",\"title\":\"All Pages\"}\n".to_vec();
    for page in pages {
        let id = Sha256Hex::of(format!("{} {}", page.at, page.url).as_bytes()).as_str()[..20].to_owned();
        out.extend(serde_json::to_vec(&Line { id, page }).unwrap_or_default());
        out.push(b'\n');
    }
    out
}

/// One folder, one name: what every tool unpacks to the same place.
fn is_path(path: &str) -> bool {
    let part = |part: &str| {
        part.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    path.len() <= layout::MAX_NAME
        && path
            .split_once('/')
            .is_some_and(|(folder, name)| part(folder) && part(name))
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| Error::Io {
        what: "the manifest".into(),
        source: error.into(),
    })
}

pub(super) struct Hashing<W> {
    pub out: W,
    pub hash: Sha256,
    pub size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.hash.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Checksum<R> {
    input: R,
    crc: Crc,
}

impl<R: Read> Read for Checksum<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.crc.update(&buffer[..n]);
        Ok(n)
    }
}
