//! What each stage of recognising pictures costs: `cargo bench -p swordnet-recognise --bench visual`.

#[path = "../tests/drawn/mod.rs"]
mod drawn;

use criterion::{Criterion, criterion_group, criterion_main};
use drawn::{Frame, H, Random, W, draw};
use std::collections::HashSet;
use std::hint::black_box;
use swordnet_core::{Medium, ReferenceId};
use swordnet_recognise::{Demand, Fingerprint, MediumKind, Purpose, Signal, media};

fn kind(medium: Medium) -> &'static dyn MediumKind {
    media::of(medium).expect("registered")
}

fn print(medium: Medium, purpose: Purpose, frames: &[(f64, Frame)]) -> Fingerprint {
    let mut extractor = kind(medium).extractor(purpose);
    for (time, pixels) in frames {
        let (width, height) = (W as u32, H as u32);
        let signal = Signal::Frame {
            time: *time,
            width,
            height,
            pixels,
        };
        extractor.push(signal).expect("a frame");
    }
    extractor.finish().expect("something to recognise")
}

/// Frames of a drawn film, as a purpose demands them.
fn film(purpose: Purpose, seed: u64, from: f64, seconds: f64) -> Vec<(f64, Frame)> {
    let Demand::Frames { rate, .. } = kind(Medium::Video).demand(purpose) else {
        panic!("frames are wanted")
    };
    let times = (0..(seconds * rate) as usize).map(|i| i as f64 / rate);
    times.map(|t| (t, draw(seed, (from + t) as f32))).collect()
}

fn segment(medium: Medium, prints: &[Fingerprint]) -> Vec<u8> {
    let references: Vec<(ReferenceId, &Fingerprint)> = prints
        .iter()
        .enumerate()
        .map(|(n, print)| (ReferenceId::derive(&[&n.to_string()]), print))
        .collect();
    kind(medium).build(&references).expect("builds")
}

fn visual(criterion: &mut Criterion) {
    let none = HashSet::new();
    let frames = film(Purpose::Query, 2, 5.0, 10.0);
    let reference = film(Purpose::Reference, 2, 0.0, 10.0);
    criterion.bench_function("fingerprint 10 s of a query film", |b| {
        b.iter(|| print(Medium::Video, Purpose::Query, black_box(&frames)));
    });
    criterion.bench_function("fingerprint 10 s of a reference film", |b| {
        b.iter(|| print(Medium::Video, Purpose::Reference, black_box(&reference)));
    });
    let prints: Vec<Fingerprint> = (0..8)
        .map(|n| {
            print(
                Medium::Video,
                Purpose::Reference,
                &film(Purpose::Reference, n, 0.0, 30.0),
            )
        })
        .collect();
    criterion.bench_function("build a segment of 4 minutes of film", |b| {
        b.iter(|| segment(Medium::Video, black_box(&prints)));
    });
    let films = segment(Medium::Video, &prints);
    criterion.bench_function("open it", |b| {
        b.iter(|| {
            kind(Medium::Video)
                .open(black_box(films.clone().into()))
                .expect("opens")
        });
    });
    let films = kind(Medium::Video).open(films.into()).expect("opens");
    for (name, seed) in [("a copy", 2), ("a stranger", 77)] {
        let query = print(
            Medium::Video,
            Purpose::Query,
            &film(Purpose::Query, seed, 5.0, 10.0),
        );
        criterion.bench_function(&format!("search for {name} of 10 s"), |b| {
            b.iter(|| films.search(black_box(&query), &none).expect("searches"));
        });
    }
    let mut random = Random(9);
    let stills: Vec<Frame> = (0..100).map(|n| draw(n, random.next() * 20.0)).collect();
    let one = |purpose, frame: &Frame| print(Medium::Image, purpose, &[(0.0, frame.clone())]);
    criterion.bench_function("fingerprint a query picture", |b| {
        b.iter(|| one(Purpose::Query, black_box(&stills[3])));
    });
    let prints: Vec<Fingerprint> = stills.iter().map(|s| one(Purpose::Reference, s)).collect();
    let pictures = kind(Medium::Image)
        .open(segment(Medium::Image, &prints).into())
        .expect("opens");
    let query = one(Purpose::Query, &stills[3]);
    criterion.bench_function("search for a picture among 100", |b| {
        b.iter(|| pictures.search(black_box(&query), &none).expect("searches"));
    });
}

criterion_group!(benches, visual);
criterion_main!(benches);
