//! A segment of films or pictures as a file would bring it: an error or answers, whatever the bytes.
#![no_main]

mod forge;

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::{Medium, ReferenceId};
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal, media};

/// What is asked of one medium.
struct Asked {
    kind: &'static dyn MediumKind,
    /// Of something that has points and a code.
    query: Fingerprint,
    /// Of the same.
    reference: Fingerprint,
    segment: Vec<u8>,
}

static ASKED: LazyLock<Vec<Asked>> = LazyLock::new(|| {
    let luma: Vec<u8> = (0..160 * 90u32)
        .map(|i| ((i % 160 / 9 * 37) ^ (i / 160 / 7 * 91)) as u8)
        .collect();
    let kinds = [Medium::Video, Medium::Image].into_iter().filter_map(media::of);
    let print = |kind: &dyn MediumKind, purpose: Purpose| {
        let mut extractor = kind.extractor(purpose);
        for frame in 0..8 {
            let signal = Signal::Frame {
                time: f64::from(frame) / 4.0,
                width: 160,
                height: 90,
                pixels: &luma,
            };
            extractor.push(signal).expect("a frame");
        }
        extractor.finish().expect("it shows something")
    };
    let asked = |kind: &'static dyn MediumKind| {
        let reference = print(kind, Purpose::Reference);
        let two = ["one", "two"].map(|id| (ReferenceId::from_text(id), &reference));
        let segment = kind.build(&two).expect("its own fingerprints");
        Asked {
            kind,
            query: print(kind, Purpose::Query),
            reference,
            segment,
        }
    };
    kinds.map(asked).collect()
});

impl Asked {
    fn ask(&self, bytes: Vec<u8>) {
        if let Ok(segment) = self.kind.open(bytes.into()) {
            let _ = segment.search(&self.query, &HashSet::new());
            for place in 0..segment.references().len() {
                let _ = segment.fingerprint(place);
            }
        }
    }

    /// Is it an error or a fingerprint, as a reference and as a query?
    fn read(&self, bytes: Vec<u8>, like: &Fingerprint) {
        let print = Fingerprint {
            bytes,
            ..like.clone()
        };
        let _ = self.kind.build(&[(ReferenceId::from_text("one"), &print)]);
        if let Ok(segment) = self.kind.open(self.segment.clone().into()) {
            let _ = segment.search(&print, &HashSet::new());
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    for asked in ASKED.iter() {
        asked.ask(bytes.to_vec());
        asked.ask(forge::forged(&asked.segment, bytes));
        asked.read(bytes.to_vec(), &asked.query);
        for print in [&asked.query, &asked.reference] {
            asked.read(forge::forged(&print.bytes, bytes), print);
        }
    }
});
