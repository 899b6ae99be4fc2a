//! Archives that anybody may have written: read to the end or given up, within what may be unpacked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use swordnet_evidence::warc::Reader;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = Reader::new(bytes, 1 << 20);
    while let Ok(Some(record)) = reader.next() {
        match record.finish() {
            Ok(ended) => drop(ended.index_entry()),
            Err(_) => return,
        }
    }
});
