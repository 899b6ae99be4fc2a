//! What a commit, a look-up and a blob cost: `cargo bench -p swordnet-store --bench store`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use swordnet_core::{NoticeId, Outcome, OutcomeId, OutcomeKind, Record, Timestamp};
use swordnet_store::Query;

fn record(n: u32) -> Record {
    Outcome {
        id: OutcomeId::derive(&[&n.to_string()]),
        notice: NoticeId::derive(&[&(n / 10).to_string()]),
        url: format!("https://video.example/watch/{n}"),
        outcome: OutcomeKind::StillThere,
        seen_at: Timestamp::UNIX_EPOCH,
        moved_to: None,
        detail: String::new(),
    }
    .into()
}

fn store(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display();
    let records = runtime
        .block_on(swordnet_store::records::open(&format!(
            "sqlite://{path}/records.db"
        )))
        .expect("records");
    let vault = runtime
        .block_on(swordnet_store::vault::open(&format!("file://{path}/vault")))
        .expect("vault");
    let batch: Vec<Record> = (0..1000).map(record).collect();

    let mut group = criterion.benchmark_group("records");
    group.sample_size(20);
    for size in [1, 1000] {
        group.throughput(Throughput::Elements(size as u64));
        group.bench_function(format!("commit {size}"), |bencher| {
            bencher.iter(|| {
                runtime
                    .block_on(records.put(batch[..size].to_vec()))
                    .expect("a commit")
            });
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("fetch one", |bencher| {
        let id = OutcomeId::derive(&["500"]);
        bencher.iter(|| {
            black_box(
                runtime
                    .block_on(records.get::<Outcome>(id.as_str()))
                    .expect("a record"),
            )
        });
    });
    group.throughput(Throughput::Elements(10));
    group.bench_function("list ten by their parent", |bencher| {
        let query = Query {
            parent: Some(NoticeId::derive(&["50"]).to_string()),
            ..Query::default()
        };
        bencher.iter(|| black_box(runtime.block_on(records.all::<Outcome>(&query)).expect("records")));
    });
    group.finish();

    let mut group = criterion.benchmark_group("vault");
    group.sample_size(20).throughput(Throughput::Bytes(100_000));
    let mut n = 0_u64;
    group.bench_function("put 100 kB", |bencher| {
        bencher.iter(|| {
            n += 1;
            let mut bytes = vec![7; 100_000];
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            runtime.block_on(vault.put(bytes.into())).expect("a blob")
        });
    });
    group.finish();
}

criterion_group!(benches, store);
criterion_main!(benches);
