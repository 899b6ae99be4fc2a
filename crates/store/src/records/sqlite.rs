//! What is particular to SQLite: one file, a write-ahead log, one writer at a time among all processes.

use super::{SqlRecords, backend, schema};
use crate::Error;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, SqliteTransactionMode, TransactionOptions};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a writer waits for another process before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Readers beside the one writer.
const CONNECTIONS: u32 = 4;

pub async fn open(url: &str) -> Result<SqlRecords, Error> {
    let bad = |why| Error::BadUrl(url.into(), why);
    let path = url.strip_prefix("sqlite://").filter(|path| !path.is_empty());
    let path = PathBuf::from(path.ok_or_else(|| bad("sqlite:///FILE names a file"))?);
    let failed = |e: std::io::Error| Error::Backend(format!("{}: {e}", path.display()));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    // Processes that open a new database at once take turns, or each would make the same tables.
    let _alone = lock(path.clone()).await?;
    let mut options = ConnectOptions::new("sqlite::memory:");
    let file = path.clone();
    options
        .max_connections(CONNECTIONS)
        // A file does not hang up: asking each time whether it is still there would double the cost of a look-up.
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&file)
                .in_memory(false)
                .shared_cache(false)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                // What was committed outlives a power cut, not only a crash: an order that was sent must stay known.
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(PATIENCE)
                // 32 MiB, so that a large commit need not spill; and the log is folded in every 32 MiB, not every 4.
                .pragma("cache_size", "-32768")
                .pragma("wal_autocheckpoint", "8192")
        });
    let database = Database::connect(options).await.map_err(backend)?;
    schema::prepare(&database).await.map_err(backend)?;
    Ok(SqlRecords {
        database,
        // Taking the lock at once: a reader that turns writer midway could be refused, whatever its patience.
        writing: TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        },
        turn: tokio::sync::Mutex::new(()),
    })
}

/// Holds the file `NAME.lock` beside the database; released when dropped, also by a process that is killed.
async fn lock(database: PathBuf) -> Result<File, Error> {
    let lock = move || -> std::io::Result<File> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(Path::new(&name))?;
        file.lock()?;
        Ok(file)
    };
    let locked = tokio::task::spawn_blocking(lock)
        .await
        .map_err(|e| Error::Backend(e.to_string()))?;
    locked.map_err(|e| Error::Backend(format!("locking the database: {e}")))
}
