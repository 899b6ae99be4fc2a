//! Stages of the recognition of text, on rendered articles: `cargo bench -p swordnet-recognise --bench text`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::HashSet;
use std::hint::black_box;
use swordnet_core::ReferenceId;
use swordnet_recognise::media::text::Text;
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal};

/// An article of 2,000 Chinese characters, of which some are much more frequent than others.
fn article(seed: u32) -> String {
    let mut state = seed.wrapping_mul(2_654_435_761);
    (0..2000)
        .filter_map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let share = (state >> 16) as f32 / 65_536.0;
            char::from_u32(0x4e00 + (share * share * 3000.0) as u32)
        })
        .collect()
}

fn print(text: &str) -> Fingerprint {
    let mut extractor = Text.extractor(Purpose::Query);
    extractor.push(Signal::Text(text)).expect("text");
    extractor.finish().expect("letters")
}

fn stages(criterion: &mut Criterion) {
    let texts: Vec<String> = (0..2000).map(article).collect();
    let prints: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(at, text)| (ReferenceId::from_text(format!("{at}")), print(text)))
        .collect();
    let borrowed: Vec<_> = prints.iter().map(|(id, print)| (id.clone(), print)).collect();
    let bytes = Text.build(&borrowed).expect("whole prints");
    let segment = Text.open(bytes.clone().into()).expect("just built");
    let copy = print(&texts[700]);
    let stranger = print(&article(1_000_000));

    let mut group = criterion.benchmark_group("text");
    group.sample_size(20);
    group.throughput(Throughput::Elements(2000));
    group.bench_function("folding of 2,000 characters", |b| {
        b.iter(|| print(black_box(&texts[0])))
    });
    group.bench_function("search of a copy among 2,000 articles", |b| {
        b.iter(|| segment.search(black_box(&copy), &HashSet::new()));
    });
    group.bench_function("search of a stranger among 2,000 articles", |b| {
        b.iter(|| segment.search(black_box(&stranger), &HashSet::new()));
    });
    group.bench_function("segment of 2,000 articles", |b| {
        b.iter(|| Text.build(black_box(&borrowed)))
    });
    group.bench_function("opening of 2,000 articles", |b| {
        b.iter(|| Text.open(black_box(bytes.clone().into())))
    });
}

criterion_group!(benches, stages);
criterion_main!(benches);
