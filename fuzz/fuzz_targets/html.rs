#![no_main]
//! A page of any area.

use swordnet_core::{Area, Vocabulary};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((area, page)) = bytes.split_first() else { return };
    let area = Area::ALL[usize::from(*area) % Area::ALL.len()];
    let url = url::Url::parse("http://site.test/play/1.html").unwrap();
    swordnet_crawl::read(area, &url, Some("text/html"), page);
});
