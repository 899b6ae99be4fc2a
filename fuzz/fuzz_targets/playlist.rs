#![no_main]
//! An HLS playlist.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swordnet_crawl::fuzzing::playlist(bytes));
