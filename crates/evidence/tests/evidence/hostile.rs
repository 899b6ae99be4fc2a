//! Foreign bytes: no panic, no endless work.

use crate::material::{archive, package, trust};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use swordnet_evidence::package::verify;
use swordnet_evidence::warc::Reader;

/// Reads to the end or the first error; gives the number of records.
fn read(bytes: &[u8]) -> usize {
    let mut reader = Reader::new(bytes, 1 << 22);
    let mut records = 0;
    while let Ok(Some(record)) = reader.next() {
        if record.finish().is_err() {
            break;
        }
        records += 1;
    }
    records
}

fn header_like() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("WARC/1.1\r\n".to_owned()),
        Just("Content-Length: 3\r\n".to_owned()),
        Just("Content-Length: 99999999999999999999\r\n".to_owned()),
        Just("WARC-Type: response\r\n".to_owned()),
        Just("Content-Type: application/http\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("abc\r\n\r\n".to_owned()),
        "[ -~]{0,30}\r?\n",
    ];
    prop::collection::vec(line, 0..20).prop_map(|lines| lines.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_bytes_can_be_offered(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        read(&bytes);
        prop_assert!(!verify(&mut Cursor::new(&bytes), &trust()).valid);
    }

    #[test]
    fn any_header_can_be_offered(plain in header_like()) {
        read(&plain);
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&plain).unwrap();
        read(&gzip.finish().unwrap());
    }

    #[test]
    fn damaged_archives_end_in_time(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut bytes, index) = archive();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()));
        prop_assert!(read(&bytes) <= 3 * index.len() + 6);
    }

    #[test]
    fn damaged_packages_are_not_valid(
        at in any::<prop::sample::Index>(), inserted in prop::collection::vec(any::<u8>(), 1..20), over in any::<bool>(),
    ) {
        let good = package();
        let at = at.index(good.len());
        let rest = if over { (at + inserted.len()).min(good.len()) } else { at };
        let altered = [&good[..at], &inserted, &good[rest..]].concat();
        prop_assume!(altered != good);
        prop_assert!(!verify(&mut Cursor::new(&altered), &trust()).valid);
    }
}

#[test]
fn bombs_and_endless_headers_are_given_up() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(b"WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 1000000000\r\n\r\n")
        .unwrap();
    for _ in 0..64 {
        gzip.write_all(&[0; 1 << 20]).unwrap();
    }
    assert_eq!(read(&gzip.finish().unwrap()), 0);
    let endless = [b"WARC/1.1\r\nA: ".as_slice(), &vec![b'a'; 1 << 20]].concat();
    let error = Reader::new(endless.as_slice(), u64::MAX).next().err().unwrap();
    assert!(error.to_string().contains("header is too long"), "{error}");
}

#[test]
fn a_directory_that_claims_the_world_is_refused() {
    let mut file = vec![0; 100];
    file.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff");
    file.extend(0xffff_fff0_u32.to_le_bytes());
    file.extend([0; 6]);
    assert!(!verify(&mut Cursor::new(&file), &trust()).valid);
}
