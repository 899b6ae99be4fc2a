#![no_main]
//! The indexes of MP4 and Matroska files.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swordnet_crawl::fuzzing::film(bytes));
