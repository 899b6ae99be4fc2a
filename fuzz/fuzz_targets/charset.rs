#![no_main]
//! Character sets.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    swordnet_crawl::read::decode(bytes, Some("text/html; charset=gbk"));
    swordnet_crawl::read::decode(bytes, None);
});
