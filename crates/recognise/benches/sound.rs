//! Stages of the recognition of sound, on a rendered hour: `cargo bench -p swordnet-recognise --bench sound`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::collections::HashSet;
use std::hint::black_box;
use swordnet_core::ReferenceId;
use swordnet_recognise::media::audio::Audio;
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal};

const RATE: usize = 8000;

/// Noise through a filter that wanders: many words, no two minutes alike.
fn sound(seed: u32, seconds: usize) -> Vec<f32> {
    let (mut state, mut low, mut band) = (seed, 0.0f32, 0.0f32);
    (0..seconds * RATE)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = (state >> 16) as f32 / 65_536.0 - 0.5;
            let pitch = 0.05 + 0.4 * (at as f32 / (900.0 + (seed % 97) as f32 * 17.0)).sin().abs();
            low += pitch * band;
            band += pitch * (white - low - 0.3 * band);
            band
        })
        .collect()
}

fn print(purpose: Purpose, samples: &[f32]) -> Fingerprint {
    let mut extractor = Audio.extractor(purpose);
    extractor.push(Signal::Samples(samples)).expect("samples");
    extractor.finish().expect("it sounds")
}

fn stages(criterion: &mut Criterion) {
    let works: Vec<_> = (1..=60).map(|seed| (seed, sound(seed * 7919, 60))).collect();
    let prints: Vec<_> = works
        .iter()
        .map(|(seed, samples)| {
            (
                ReferenceId::from_text(format!("{seed}")),
                print(Purpose::Reference, samples),
            )
        })
        .collect();
    let borrowed: Vec<_> = prints.iter().map(|(id, print)| (id.clone(), print)).collect();
    let bytes = Audio.build(&borrowed).expect("whole prints");
    let segment = Audio.open(bytes.clone().into()).expect("just built");
    let piece = &works[30].1[20 * RATE..37 * RATE];
    let query = print(Purpose::Query, piece);
    let stranger = print(Purpose::Query, &sound(1, 17));

    let mut group = criterion.benchmark_group("sound");
    group.sample_size(20);
    group.throughput(Throughput::Elements(60));
    group.bench_function("fingerprint of a minute of a work", |b| {
        b.iter(|| print(Purpose::Reference, black_box(&works[0].1)));
    });
    group.throughput(Throughput::Elements(17));
    group.bench_function("fingerprint of a query of 17 s", |b| {
        b.iter(|| print(Purpose::Query, black_box(piece)))
    });
    group.bench_function("search of a copy of 17 s in an hour", |b| {
        b.iter(|| segment.search(black_box(&query), &HashSet::new()));
    });
    group.bench_function("search of a stranger of 17 s in an hour", |b| {
        b.iter(|| segment.search(black_box(&stranger), &HashSet::new()));
    });
    group.throughput(Throughput::Elements(3600));
    group.bench_function("segment of an hour", |b| {
        b.iter(|| Audio.build(black_box(&borrowed)))
    });
    group.bench_function("opening of an hour", |b| {
        b.iter(|| Audio.open(black_box(bytes.clone().into())))
    });
}

criterion_group!(benches, stages);
criterion_main!(benches);
