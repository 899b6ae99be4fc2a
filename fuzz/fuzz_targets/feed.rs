#![no_main]
//! RSS, Atom and JSON Feed.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swordnet_crawl::fuzzing::feed(bytes));
