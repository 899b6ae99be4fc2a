//! Blobs under their SHA-256, in an object store.
//!
//! A blob is written under a name of its own in `incoming/`, flushed, and then renamed to its digest's place, `aa/bb/aabb…`:
//! it is there whole or not at all, and never changes. Many are flushed together, with the whole file system.

use crate::{Content, Error, Vault, mapped};
use async_trait::async_trait;
use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Location;
use object_store::{ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use swordnet_core::Sha256Hex;

/// Folder of what is being written.
const INCOMING: &str = "incoming";
/// What is being written is younger than this; older leftovers of killed processes are taken away on opening.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// Bytes of a file read at once.
const PIECE: usize = 8 << 20;

/// Opens the vault that a URL names, making what is missing: `file:///path/to/folder`.
pub async fn open(url: &str) -> Result<Arc<dyn Vault>, Error> {
    let path = url.strip_prefix("file://").filter(|path| path.starts_with('/'));
    let path = path.ok_or_else(|| Error::BadUrl(url.into(), "blobs are kept at file:///FOLDER"))?;
    Ok(Arc::new(FolderVault::open(Path::new(path))?))
}

/// A vault in a folder.
struct FolderVault {
    /// Reads, and writes into `incoming/` without waiting for the disk.
    store: LocalFileSystem,
    /// Renames, and waits until the disk has it.
    lasting: LocalFileSystem,
    root: PathBuf,
}

fn backend(error: impl std::fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

/// Runs what waits for the disk where it keeps nobody else waiting.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(backend)
}

fn place(blob: &Sha256Hex) -> Location {
    let digits = blob.as_str();
    Location::from_iter([&digits[..2], &digits[2..4], digits])
}

/// A name that no other writer uses.
fn incoming() -> Location {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let moment = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    Location::from_iter([INCOMING, &format!("{}-{moment}-{number}", std::process::id())])
}

impl FolderVault {
    fn open(root: &Path) -> Result<Self, Error> {
        let failed = |e: std::io::Error| Error::Backend(format!("{}: {e}", root.display()));
        std::fs::create_dir_all(root.join(INCOMING)).map_err(failed)?;
        let root = root.canonicalize().map_err(failed)?;
        let store = LocalFileSystem::new_with_prefix(&root).map_err(backend)?;
        let lasting = store.clone().with_fsync(true);
        for entry in std::fs::read_dir(root.join(INCOMING)).map_err(failed)?.flatten() {
            let age = entry
                .metadata()
                .and_then(|found| found.modified())
                .map(|at| at.elapsed().unwrap_or_default());
            if age.is_ok_and(|age| age > STALE) {
                // Another process may have taken it away already.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(Self { store, lasting, root })
    }

    /// Writes a blob into `incoming/`, without waiting for the disk; `None` where it is in its place already.
    async fn bring(&self, content: Content) -> Result<(Option<Location>, Sha256Hex), Error> {
        match content {
            Content::Bytes(bytes) => {
                let blob = Sha256Hex::of(&bytes);
                if self.has(&blob).await? {
                    return Ok((None, blob));
                }
                let from = incoming();
                let payload = PutPayload::from_bytes(bytes);
                self.store.put(&from, payload).await.map_err(backend)?;
                Ok((Some(from), blob))
            }
            Content::File(path) => {
                let (from, blob) = self.bring_file(&path).await?;
                Ok((Some(from), blob))
            }
        }
    }

    async fn bring_file(&self, path: &Path) -> Result<(Location, Sha256Hex), Error> {
        let unreadable = |e: std::io::Error| Error::Backend(format!("{}: {e}", path.display()));
        let mut file = std::fs::File::open(path).map_err(unreadable)?;
        let from = incoming();
        let mut upload = self.store.put_multipart(&from).await.map_err(backend)?;
        let mut hash = Sha256::new();
        loop {
            let read = move || -> std::io::Result<_> {
                let mut piece = Vec::with_capacity(PIECE);
                file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
                hash.update(&piece);
                Ok((file, hash, piece))
            };
            let piece;
            (file, hash, piece) = blocking(read).await?.map_err(unreadable)?;
            if piece.is_empty() {
                break;
            }
            upload.put_part(PutPayload::from(piece)).await.map_err(backend)?;
        }
        upload.complete().await.map_err(backend)?;
        Ok((from, Sha256Hex::from_array(hash.finalize().as_ref())))
    }

    /// Moves what was written to its place, once the disk has it; what is there already has the same bytes.
    async fn settle(&self, from: &Location, blob: &Sha256Hex) -> Result<(), Error> {
        let file = self.store.path_to_filesystem(from).map_err(backend)?;
        blocking(move || std::fs::File::open(file)?.sync_all())
            .await?
            .map_err(backend)?;
        self.lasting.rename(from, &place(blob)).await.map_err(backend)
    }

    /// Waits until the disk has all that was written on the vault's file system.
    async fn flush(&self) -> Result<(), Error> {
        let root = self.root.clone();
        blocking(move || Ok(rustix::fs::syncfs(std::fs::File::open(root)?)?))
            .await?
            .map_err(|e: std::io::Error| backend(e))
    }

    fn error(blob: &Sha256Hex, error: object_store::Error) -> Error {
        match error {
            object_store::Error::NotFound { .. } => Error::Missing(blob.clone()),
            other => backend(other),
        }
    }
}

#[async_trait]
impl Vault for FolderVault {
    async fn put(&self, bytes: Bytes) -> Result<Sha256Hex, Error> {
        let (from, blob) = self.bring(Content::Bytes(bytes)).await?;
        if let Some(from) = from {
            self.settle(&from, &blob).await?;
        }
        Ok(blob)
    }

    async fn put_file(&self, path: &Path) -> Result<Sha256Hex, Error> {
        let (from, blob) = self.bring_file(path).await?;
        self.settle(&from, &blob).await?;
        Ok(blob)
    }

    async fn put_all(&self, contents: Vec<Content>) -> Result<Vec<Sha256Hex>, Error> {
        if contents.is_empty() {
            // What is registered again brings nothing, and the whole file system need not be flushed for it.
            return Ok(Vec::new());
        }
        let mut brought = Vec::with_capacity(contents.len());
        for content in contents {
            brought.push(self.bring(content).await?);
        }
        // Bytes before names, names before this returns.
        self.flush().await?;
        for (from, blob) in &brought {
            if let Some(from) = from {
                self.store.rename(from, &place(blob)).await.map_err(backend)?;
            }
        }
        self.flush().await?;
        Ok(brought.into_iter().map(|(_, blob)| blob).collect())
    }

    async fn get(&self, blob: &Sha256Hex) -> Result<Bytes, Error> {
        let found = self
            .store
            .get(&place(blob))
            .await
            .map_err(|e| Self::error(blob, e))?;
        found.bytes().await.map_err(backend)
    }

    async fn map(&self, blob: &Sha256Hex) -> Result<Bytes, Error> {
        mapped::map(&self.local(blob).await?).map_err(backend)
    }

    async fn get_range(&self, blob: &Sha256Hex, offset: u64, length: u64) -> Result<Bytes, Error> {
        let size = self
            .store
            .head(&place(blob))
            .await
            .map_err(|e| Self::error(blob, e))?
            .size;
        let end = offset.saturating_add(length).min(size);
        if offset >= end {
            return Ok(Bytes::new());
        }
        self.store
            .get_range(&place(blob), offset..end)
            .await
            .map_err(|e| Self::error(blob, e))
    }

    async fn has(&self, blob: &Sha256Hex) -> Result<bool, Error> {
        match self.store.head(&place(blob)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(backend(error)),
        }
    }

    async fn remove(&self, blob: &Sha256Hex) -> Result<(), Error> {
        match self.store.delete(&place(blob)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(backend(error)),
        }
    }

    async fn local(&self, blob: &Sha256Hex) -> Result<PathBuf, Error> {
        if self.has(blob).await? {
            let digits = blob.as_str();
            Ok(self.root.join(&digits[..2]).join(&digits[2..4]).join(digits))
        } else {
            Err(Error::Missing(blob.clone()))
        }
    }
}
