#![no_main]
//! A sitemap.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| swordnet_crawl::fuzzing::sitemap(bytes));
