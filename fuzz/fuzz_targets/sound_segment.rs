//! A segment of sound as a file would bring it: an error or answers, whatever the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::ReferenceId;
use swordnet_recognise::media::audio::Audio;
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal};

static QUERY: LazyLock<Fingerprint> = LazyLock::new(|| {
    let samples: Vec<f32> = (0..24_000u32)
        .map(|at| (at.wrapping_mul(at) % 509) as f32 / 509.0 - 0.5)
        .collect();
    let mut extractor = Audio.extractor(Purpose::Query);
    extractor.push(Signal::Samples(&samples)).expect("samples");
    extractor.finish().expect("it sounds")
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(segment) = Audio.open(bytes.to_vec().into()) {
        let _ = segment.search(&QUERY, &HashSet::new());
        for place in 0..segment.references().len() {
            let _ = segment.fingerprint(place);
        }
    }
    // The same bytes as a fingerprint.
    let print = Fingerprint {
        medium: QUERY.medium,
        version: QUERY.version,
        bytes: bytes.to_vec(),
    };
    let _ = Audio.build(&[(ReferenceId::from_text("one"), &print)]);
});
