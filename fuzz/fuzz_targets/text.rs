//! Any text is folded, indexed and found; any bytes are a segment or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use swordnet_core::ReferenceId;
use swordnet_recognise::media::text::Text;
use swordnet_recognise::{MediumKind, Purpose, Signal};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(segment) = Text.open(bytes.to_vec().into()) {
        for place in 0..segment.references().len() {
            let _ = segment.fingerprint(place);
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let mut extractor = Text.extractor(Purpose::Query);
    extractor.push(Signal::Text(&text)).expect("text is what it wants");
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
