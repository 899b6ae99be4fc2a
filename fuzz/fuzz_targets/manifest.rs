#![no_main]
//! A DASH manifest.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swordnet_crawl::fuzzing::manifest(bytes));
