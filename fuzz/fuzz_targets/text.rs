//! Any text is folded, indexed and found; any bytes are a segment or an error.
#![no_main]

mod forge;

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::ReferenceId;
use swordnet_recognise::media::text::Text;
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal};

const TEXTS: [&str; 2] = [
    "看灯塔的人把每一条过往的船都记在一本蓝皮簿子里：挂什么旗，点几盏灯，几点几分经过，一条也不漏。",
    "The keeper of the light wrote every ship that passed into a blue book: her flag, her lamps, the hour and the minute.",
];
static PRINTS: LazyLock<[Fingerprint; 2]> = LazyLock::new(|| {
    TEXTS.map(|text| {
        let mut extractor = Text.extractor(Purpose::Query);
        extractor.push(Signal::Text(text)).expect("text is what it wants");
        extractor.finish().expect("letters")
    })
});
static SEGMENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let [one, two] = &*PRINTS;
    let both = [
        (ReferenceId::from_text("one"), one),
        (ReferenceId::from_text("two"), two),
    ];
    Text.build(&both).expect("its own fingerprints")
});

fn ask(bytes: Vec<u8>) {
    if let Ok(segment) = Text.open(bytes.into()) {
        for place in 0..segment.references().len() {
            let _ = segment.fingerprint(place);
        }
        for print in PRINTS.iter() {
            let _ = segment.search(print, &HashSet::new());
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    ask(bytes.to_vec());
    ask(forge::forged(&SEGMENT, bytes));
    for print in PRINTS.iter() {
        let print = Fingerprint {
            bytes: forge::forged(&print.bytes, bytes),
            ..print.clone()
        };
        let _ = Text.build(&[(ReferenceId::from_text("one"), &print)]);
        if let Ok(segment) = Text.open(SEGMENT.clone().into()) {
            let _ = segment.search(&print, &HashSet::new());
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let mut extractor = Text.extractor(Purpose::Query);
    extractor
        .push(Signal::Text(&text))
        .expect("text is what it wants");
    let Ok(print) = extractor.finish() else { return };
    let built = Text
        .build(&[(ReferenceId::from_text("one"), &print)])
        .expect("its own fingerprint");
    let segment = Text.open(built.into()).expect("its own segment");
    assert_eq!(segment.fingerprint(0).expect("its own reference"), print);
    for found in segment.search(&print, &HashSet::new()).expect("its own query") {
        assert!((0.0..=1.0).contains(&found.score));
        assert!(found.query.end <= text.chars().count() as f64);
    }
});
