//! A segment of films or pictures as a file would bring it: an error or answers, whatever the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::{Medium, ReferenceId};
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal, media};

/// Queries of something that has points and a code.
static QUERIES: LazyLock<Vec<(&dyn MediumKind, Fingerprint)>> = LazyLock::new(|| {
    let luma: Vec<u8> = (0..160 * 90u32)
        .map(|i| ((i % 160 / 9 * 37) ^ (i / 160 / 7 * 91)) as u8)
        .collect();
    let kinds = [Medium::Video, Medium::Image].into_iter().filter_map(media::of);
    let query = |kind: &'static dyn MediumKind| {
        let mut extractor = kind.extractor(Purpose::Query);
        let signal = Signal::Frame {
            time: 0.0,
            width: 160,
            height: 90,
            pixels: &luma,
        };
        extractor.push(signal).expect("a frame");
        (kind, extractor.finish().expect("it shows something"))
    };
    kinds.map(query).collect()
});

fuzz_target!(|bytes: &[u8]| {
    for (kind, query) in QUERIES.iter() {
        if let Ok(segment) = kind.open(bytes.to_vec().into()) {
            let _ = segment.search(query, &HashSet::new());
            for place in 0..segment.references().len() {
                let _ = segment.fingerprint(place);
            }
        }
        // The same bytes as a fingerprint.
        let print = Fingerprint {
            bytes: bytes.to_vec(),
            ..query.clone()
        };
        let _ = kind.build(&[(ReferenceId::from_text("one"), &print)]);
    }
});
