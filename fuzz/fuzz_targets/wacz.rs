//! Packages that anybody may have written: checked, added to, handed out and taken apart. Nothing of it is trusted, so none is
//! valid but what the one key has sealed, and nobody has that key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::io::{Cursor, sink};
use swordnet_core::Timestamp;
use swordnet_evidence::chain::Event;
use swordnet_evidence::package::{Version, append, export, extract, files, verify};
use swordnet_evidence::{Signer, Trust};

fuzz_target!(|bytes: &[u8]| {
    let mut file = Cursor::new(bytes);
    let signer = Signer::from_seed([200; 32]);
    assert!(!verify(&mut file, &Trust::keys([signer.public_key()])).valid);
    let _ = verify(&mut file, &Trust::anyone());
    let event = Event::new("order", Timestamp::UNIX_EPOCH, [("to", String::new())]);
    let _ = append(&mut file, [event], &signer, sink());
    let _ = export(&mut file, vec![], Version::Public, sink());
    for (path, _) in files(&mut file).unwrap_or_default().into_iter().take(4) {
        let _ = extract(&mut file, &path, sink());
    }
});
