//! Archives written and read back.

use crate::material::{FILM, PAGE, archive, at, exchange, noise};
use std::io::{Cursor, Read};
use swordnet_evidence::warc::{Digest, Ended, Http, Info, Original, Reader, Writer};
use url::Url;

fn read(bytes: &[u8]) -> Vec<Ended> {
    let mut reader = Reader::new(bytes, u64::MAX);
    let mut records = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        records.push(record.finish().unwrap());
    }
    records
}

#[test]
fn what_was_written_is_read_and_its_digests_hold() {
    let (bytes, index) = archive();
    let records = read(&bytes);
    let kinds: Vec<&str> = records.iter().map(|record| record.header.kind()).collect();
    assert_eq!(
        kinds[..5],
        ["warcinfo", "response", "response", "request", "metadata"]
    );
    assert!(
        records
            .iter()
            .all(|record| record.block == Digest::Right && record.payload != Digest::Wrong)
    );
    let ids: std::collections::HashSet<_> = records
        .iter()
        .map(|r| r.header.field("WARC-Record-ID").unwrap())
        .collect();
    assert_eq!(ids.len(), records.len(), "every record has a name of its own");
    let film = records
        .iter()
        .find(|r| r.header.target() == Some(FILM) && r.header.kind() == "response")
        .unwrap();
    assert_eq!(
        (film.head.status(), film.head.mime().as_deref()),
        (Some(200), Some("video/mp4"))
    );
    assert_eq!(film.header.at(), Some(at(3)));
    assert_eq!(film.header.field("WARC-IP-Address"), Some("127.0.0.1"));
    let request = records
        .iter()
        .find(|r| r.header.target() == Some(FILM) && r.header.kind() == "request")
        .unwrap();
    assert_eq!(
        request.header.field("WARC-Concurrent-To"),
        film.header.field("WARC-Record-ID")
    );

    let found: Vec<_> = records.iter().filter_map(Ended::index_entry).collect();
    assert_eq!(
        found, index,
        "the index is the same whether noted while writing or read off the file"
    );
    assert_eq!(archive().0, bytes, "the same exchanges give the same bytes");
}

#[test]
fn each_record_stands_alone_where_the_index_says() {
    let (bytes, index) = archive();
    let entry = index.iter().find(|entry| entry.url == PAGE).unwrap();
    let member = &bytes[entry.offset as usize..][..entry.length as usize];
    let mut reader = Reader::new(member, u64::MAX);
    let mut record = reader.next().unwrap().unwrap();
    let mut block = String::new();
    record.read_to_string(&mut block).unwrap();
    assert!(block.ends_with("Debian") && block.starts_with("HTTP/1.1 200"));
    assert_eq!(record.finish().unwrap().payload, Digest::Right);
    assert!(reader.next().unwrap().is_none());
}

#[test]
fn duplicates_fold_into_revisits_on_wish() {
    let mut writer = Writer::new(Vec::new(), &Info::default(), at(0)).unwrap();
    writer.fold_duplicates();
    exchange(&mut writer, 1, FILM, "video/mp4", &noise(9_000));
    exchange(
        &mut writer,
        2,
        "http://mirror.example/7.mp4",
        "video/mp4",
        &noise(9_000),
    );
    let (bytes, index) = writer.finish().unwrap();
    assert!(bytes.len() < 12_000);
    let revisit = read(&bytes)
        .into_iter()
        .find(|record| record.header.kind() == "revisit")
        .unwrap();
    assert_eq!(revisit.header.field("WARC-Refers-To-Target-URI"), Some(FILM));
    assert_eq!(revisit.block, Digest::Right);
    assert_eq!(index[1].mime, "warc/revisit");
    assert_eq!(index[1].digest, index[0].digest);
    assert_eq!(revisit.index_entry().as_ref(), Some(&index[1]));
}

#[test]
fn an_answer_that_nothing_changed_refers_to_the_record_of_then() {
    let (then, index) = archive();
    let page = index.iter().find(|entry| entry.url == PAGE).unwrap();
    let page = &read(&then[page.offset as usize..])[0];
    let original = Original::of(page).unwrap();
    let url = Url::parse(PAGE).unwrap();
    let answer = b"HTTP/1.1 304 Not Modified\r\nETag: \"7\"\r\n\r\n";
    let mut writer = Writer::new(Vec::new(), &Info::default(), at(90)).unwrap();
    let mut http = Http {
        url: &url,
        at: at(91),
        peer: "127.0.0.1".parse().unwrap(),
        request: b"GET / HTTP/1.1\r\nIf-None-Match: \"7\"\r\n\r\n",
        response: &mut Cursor::new(answer),
        truncated: None,
        metadata: &[],
        original: Some(&original),
    };
    writer.exchange(&mut http).unwrap();
    let (now, index) = writer.finish().unwrap();
    let mut reader = Reader::new(&now[index[0].offset as usize..], u64::MAX);
    let mut record = reader.next().unwrap().unwrap();
    let mut block = Vec::new();
    record.read_to_end(&mut block).unwrap();
    assert_eq!(block, answer);
    let revisit = record.finish().unwrap();
    let said = |name| revisit.header.field(name);
    let named = |name| page.header.field(name);
    let profile = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";
    assert_eq!(
        (revisit.header.kind(), said("WARC-Profile")),
        ("revisit", Some(profile))
    );
    assert_eq!(said("WARC-Refers-To"), named("WARC-Record-ID"));
    assert_eq!(said("WARC-Refers-To-Target-URI"), named("WARC-Target-URI"));
    assert_eq!(said("WARC-Refers-To-Date"), named("WARC-Date"));
    assert_eq!(said("WARC-Payload-Digest"), named("WARC-Payload-Digest"));
    assert_eq!(revisit.block, Digest::Right);
    assert_eq!(
        (index[0].mime.as_str(), index[0].status),
        ("warc/revisit", Some(304))
    );
    // The reader began at the record.
    let mut entry = revisit.index_entry().unwrap();
    entry.offset += index[0].offset;
    assert_eq!(entry, index[0]);
}

#[test]
fn truncation_is_marked_and_fields_cannot_be_smuggled_in() {
    let mut writer = Writer::new(Vec::new(), &Info::default(), at(0)).unwrap();
    let url = Url::parse("http://film.example/").unwrap();
    let metadata = [("note".to_owned(), "a\r\nWARC-Type: warcinfo".to_owned())];
    let mut http = Http {
        url: &url,
        at: at(1),
        peer: "::1".parse().unwrap(),
        request: b"GET / HTTP/1.1\r\n\r\n",
        response: &mut Cursor::new(b"HTTP/1.1 200 OK\r\n\r\nhal"),
        truncated: Some("disconnect"),
        metadata: &metadata,
        original: None,
    };
    writer.exchange(&mut http).unwrap();
    let records = read(&writer.finish().unwrap().0);
    assert_eq!(records.len(), 4);
    assert_eq!(records[1].header.field("WARC-Truncated"), Some("disconnect"));
}

#[test]
fn plain_archives_of_others_are_read_too() {
    let plain = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: <http://a.example/>\r\n\
        WARC-Date: 2014-02-13T15:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n\
        WARC-Payload-Digest: sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ\r\nContent-Length: 22\r\n\r\n\
        HTTP/1.0 404 No\n\nempty\r\n\r\n";
    let records = read(plain);
    assert_eq!(records[0].header.target(), Some("http://a.example/"));
    assert_eq!(
        (records[0].payload, records[0].block),
        (Digest::Unchecked, Digest::Absent)
    );
    assert_eq!(records[0].head.status(), Some(404));
    assert_eq!(records[0].stored, plain.len() as u64);
}

#[test]
fn broken_archives_name_the_record() {
    let (bytes, index) = archive();
    let cut = &bytes[..index[1].offset as usize + 40];
    let mut reader = Reader::new(cut, u64::MAX);
    let error = loop {
        match reader.next().map(|record| record.unwrap().finish()) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) | Err(error) => break error,
        }
    };
    assert!(
        error
            .to_string()
            .starts_with(&format!("record at byte {}", index[1].offset)),
        "{error}"
    );
}
