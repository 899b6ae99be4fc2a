//! What a time-stamp authority, or somebody in its place, may send; and trust lists.
#![no_main]

use libfuzzer_sys::fuzz_target;
use swordnet_core::Sha256Hex;
use swordnet_evidence::Trust;
use swordnet_evidence::timestamp::{Authority, Token};

fuzz_target!(|bytes: &[u8]| {
    let digest = Sha256Hex::of(b"a package");
    let trusted: Vec<Authority> = Authority::from_der(bytes).into_iter().collect();
    for token in [Token::from_der(bytes), Token::from_response(bytes, &digest, 7)].into_iter().flatten() {
        if let Some(own) = token.digest() {
            let _ = token.check(&own, &trusted);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Trust::from_pem([text]);
    }
});
