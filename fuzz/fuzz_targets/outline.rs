#![no_main]
//! Where a page leads.

libfuzzer_sys::fuzz_target!(|page: &[u8]| {
    let url = url::Url::parse("http://site.test/play/1.html").unwrap();
    swordnet_crawl::outline(&url, None, page);
});
