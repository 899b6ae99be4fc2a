//! Writes and reads back many records, to see what it costs:
//!
//! ```sh
//! cargo build --release -p swordnet-store --example fill
//! /usr/bin/time -v target/release/examples/fill sqlite:///tmp/fill.db 100000
//! ```

use std::io::Write;
use std::time::Instant;
use swordnet_core::{NoticeId, Outcome, OutcomeId, OutcomeKind, Record, Timestamp};
use swordnet_store::Query;

/// Records of one commit.
const BATCH: u32 = 1000;

fn record(n: u32) -> Record {
    Outcome {
        id: OutcomeId::derive(&[&n.to_string()]),
        notice: NoticeId::derive(&[&(n / 10).to_string()]),
        url: format!("https://video.example/watch/{n}?from=list"),
        outcome: OutcomeKind::StillThere,
        seen_at: Timestamp::UNIX_EPOCH,
        moved_to: None,
        detail: "the same bytes at the same address".into(),
    }
    .into()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, count] = &arguments[..] else {
        return Err("which URL, and how many?".into());
    };
    let count: u32 = count.parse()?;
    let store = swordnet_store::records::open(url).await?;
    let mut out = std::io::stdout();
    for what in ["inserted", "replaced"] {
        let began = Instant::now();
        for start in (0..count).step_by(BATCH as usize) {
            store
                .put((start..count.min(start + BATCH)).map(record).collect())
                .await?;
        }
        writeln!(out, "{count} {what} in {:.2?}", began.elapsed())?;
    }
    let began = Instant::now();
    for n in (0..count).step_by(10) {
        store
            .get::<Outcome>(OutcomeId::derive(&[&n.to_string()]).as_str())
            .await?
            .ok_or("lost")?;
    }
    writeln!(
        out,
        "{} fetched one by one in {:.2?}",
        count / 10,
        began.elapsed()
    )?;
    let began = Instant::now();
    for n in (0..count / 10).step_by(10) {
        let parent = Some(NoticeId::derive(&[&n.to_string()]).to_string());
        store
            .all::<Outcome>(&Query {
                parent,
                ..Query::default()
            })
            .await?;
    }
    writeln!(
        out,
        "{} lists of ten by their parent in {:.2?}",
        count / 100,
        began.elapsed()
    )?;
    let began = Instant::now();
    let all = store.all::<Outcome>(&Query::default()).await?;
    writeln!(out, "{} listed at once in {:.2?}", all.len(), began.elapsed())?;
    Ok(())
}
