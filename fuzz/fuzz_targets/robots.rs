#![no_main]
//! robots.txt.

use swordnet_crawl::robots::Rules;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let url = url::Url::parse("http://site.test/a/b/c.html?d=e*f$").unwrap();
    Rules::parse(bytes, "Swordnet").allows(&url);
});
