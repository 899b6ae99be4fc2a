//! What the suites share: where a backend lies, and records to put in.

use std::path::PathBuf;
use std::sync::Arc;
use swordnet_core::{Kind, Outcome, OutcomeKind, Record, Timestamp};
use swordnet_store::{Error, Queue, Records, Vault};

/// A test: its name and what it does with a new backend.
pub type Test = (&'static str, fn(&Place));

/// A new backend; opened as often as one likes, it is the same.
pub struct Place {
    pub url: String,
    pub folder: PathBuf,
}

impl Place {
    pub async fn records(&self) -> Arc<dyn Records> {
        swordnet_store::records::open(&self.url).await.expect("records")
    }
    pub async fn vault(&self) -> Arc<dyn Vault> {
        swordnet_store::vault::open(&self.url).await.expect("vault")
    }
    pub async fn queue(&self) -> Arc<dyn Queue> {
        swordnet_store::queue::open(&self.url).await.expect("queue")
    }
}

/// Runs a test's future on several threads.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// The sample of a kind, as it was written down.
pub fn sample(kind: Kind) -> Option<Record> {
    let path = format!(
        "{}/tests/samples/v1/{}.json",
        env!("CARGO_MANIFEST_DIR"),
        kind.key()
    );
    let body = std::fs::read_to_string(path).ok()?;
    Some(
        Record::from_body(kind, &body)
            .unwrap_or_else(|e| panic!("sample of {} does not read: {e}", kind.key())),
    )
}

/// Microseconds of 2026 as an instant.
pub fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(1_767_225_600_000_000 + micros).expect("a moment")
}

/// A small record: identifier `outcome-00000007`, parent `notice-3`.
pub fn outcome(number: u32, notice: u32, outcome: OutcomeKind, at: i64, detail: &str) -> Outcome {
    Outcome {
        id: swordnet_core::OutcomeId::from_text(format!("outcome-{number:08}")),
        notice: swordnet_core::NoticeId::from_text(format!("notice-{notice}")),
        url: "http://site.example/a".into(),
        outcome,
        seen_at: moment(at),
        moved_to: None,
        detail: detail.into(),
    }
}

pub fn is_conflict<T: std::fmt::Debug>(answer: Result<T, Error>, id: &str) {
    match answer {
        Err(Error::Conflict { id: found, .. }) => assert_eq!(found, id),
        other => panic!("a conflict over {id} was expected: {other:?}"),
    }
}
