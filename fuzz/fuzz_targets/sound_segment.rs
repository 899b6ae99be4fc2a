//! A segment of sound as a file would bring it: an error or answers, whatever the bytes.
#![no_main]

mod forge;

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::ReferenceId;
use swordnet_recognise::media::audio::Audio;
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal};

/// A sound as a query and as a reference, and a segment of the reference.
static SOUND: LazyLock<[Fingerprint; 2]> = LazyLock::new(|| {
    let samples: Vec<f32> = (0..24_000u32)
        .map(|at| (at.wrapping_mul(at) % 509) as f32 / 509.0 - 0.5)
        .collect();
    [Purpose::Query, Purpose::Reference].map(|purpose| {
        let mut extractor = Audio.extractor(purpose);
        extractor.push(Signal::Samples(&samples)).expect("samples");
        extractor.finish().expect("it sounds")
    })
});
static SEGMENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let two = ["one", "two"].map(|id| (ReferenceId::from_text(id), &SOUND[1]));
    Audio.build(&two).expect("its own fingerprints")
});

fn ask(bytes: Vec<u8>) {
    if let Ok(segment) = Audio.open(bytes.into()) {
        for found in segment.search(&SOUND[0], &HashSet::new()).expect("its own query") {
            assert!((0.0..=1.0).contains(&found.score));
        }
        for place in 0..segment.references().len() {
            let _ = segment.fingerprint(place);
        }
    }
}

/// Is it an error or a fingerprint, as a reference and as a query?
fn read(bytes: Vec<u8>, like: &Fingerprint) {
    let print = Fingerprint {
        bytes,
        ..like.clone()
    };
    let _ = Audio.build(&[(ReferenceId::from_text("one"), &print)]);
    if let Ok(segment) = Audio.open(SEGMENT.clone().into()) {
        let _ = segment.search(&print, &HashSet::new());
    }
}

fuzz_target!(|bytes: &[u8]| {
    // One of these an input: a search takes long under the fuzzer's eyes.
    match bytes.first().map_or(0, |first| first >> 1 & 3) {
        0 => ask(forge::forged(&SEGMENT, bytes)),
        1 => read(forge::forged(&SOUND[0].bytes, bytes), &SOUND[0]),
        2 => read(forge::forged(&SOUND[1].bytes, bytes), &SOUND[1]),
        _ => {
            ask(bytes.to_vec());
            read(bytes.to_vec(), &SOUND[0]);
        }
    }
});
