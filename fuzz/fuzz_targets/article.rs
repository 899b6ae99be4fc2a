#![no_main]
//! The main text of a page.

libfuzzer_sys::fuzz_target!(|page: &[u8]| {
    swordnet_crawl::read::main_text(page, Some("text/html; charset=utf-8"), None);
});
