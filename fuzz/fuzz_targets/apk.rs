#![no_main]
//! Android packages.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swordnet_crawl::fuzzing::apk(bytes));
