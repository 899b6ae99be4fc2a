//! Hostile responses cost a bounded amount of time and memory, and what was cut off says so.

use super::server::{Reply, Server, not_found, response};
use std::{io::Write, time::Duration};
use swordnet_crawl::{Client, FetchError, Policy, Request, Truncation};
use tokio::time::Instant;

fn bomb() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..64 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

async fn hostile() -> Server {
    let bomb = bomb();
    Server::start(move |asked| match asked.path.as_str() {
        "/bomb" => Reply::Keep(response("200 OK", "Content-Encoding: gzip\r\n", &bomb)),
        "/endless" => Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1 << 16]),
        "/drip" => Reply::Drip(
            b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
            b"x".to_vec(),
            Duration::from_millis(200),
        ),
        "/drip-head" => Reply::Drip(
            b"HTTP/1.1 200 OK\r\n".to_vec(),
            b"A: b\r\n".to_vec(),
            Duration::from_millis(200),
        ),
        "/endless-head" => Reply::Endless(b"HTTP/1.1 200 OK\r\nA: ".to_vec(), vec![b'x'; 1 << 16]),
        "/many-fields" => Reply::Keep(response("200 OK", &"A: b\r\n".repeat(2000), b"x")),
        "/interim" => Reply::Endless(Vec::new(), b"HTTP/1.1 103 Early\r\n\r\n".repeat(1000)),
        "/hang" => Reply::Hang,
        "/two-lengths" => {
            Reply::Keep(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nabcde".to_vec())
        }
        "/bad-chunk" => Reply::Close(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\nabc".to_vec(),
        ),
        "/chunk-headers" => Reply::Endless(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            b"1;ext=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n".repeat(1000),
        ),
        "/tiny-chunks" => Reply::Endless(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
            b"1\r\nx\r\n".repeat(1000),
        ),
        "/noise" => Reply::Close(vec![0x16; 4096]),
        _ => not_found(),
    })
    .await
}

#[tokio::test]
async fn nothing_hostile_takes_longer_or_more_than_allowed() {
    let server = hostile().await;
    let policy = Policy {
        retries: 0,
        max_body: 2 << 20,
        ..server.policy()
    };
    let client = Client::new(policy).unwrap();
    for (path, expected) in [
        ("/bomb", Ok(Truncation::Length)),
        ("/endless", Ok(Truncation::Length)),
        ("/drip", Ok(Truncation::Time)),
        ("/bad-chunk", Ok(Truncation::Disconnect)),
        ("/chunk-headers", Ok(Truncation::Disconnect)),
        ("/tiny-chunks", Ok(Truncation::Length)),
        ("/drip-head", Err("time")),
        ("/hang", Err("time")),
        ("/endless-head", Err("malformed")),
        ("/many-fields", Err("malformed")),
        ("/two-lengths", Err("malformed")),
        ("/noise", Err("malformed")),
        ("/interim", Err("any")),
    ] {
        let began = Instant::now();
        let result = client.fetch(Request::get(server.url(path))).await;
        assert!(
            began.elapsed() < Duration::from_secs(7),
            "{path} took {:?}",
            began.elapsed()
        );
        match (result, expected) {
            (Ok(fetched), Ok(truncation)) => {
                let last = fetched.last();
                assert_eq!(last.truncated, Some(truncation), "{path}");
                assert!(last.body.len() <= 2 << 20, "{path}: {}", last.body.len());
                // A piece of one byte costs as much as one of sixteen thousand.
                assert!(
                    path != "/tiny-chunks" || last.body.len() <= 70_000,
                    "{}",
                    last.body.len()
                );
                assert!(last.response.len() <= 13 << 20, "{path}: {}", last.response.len());
            }
            (Err(FetchError::Timeout { .. }), Err("time" | "any"))
            | (Err(FetchError::Malformed { .. }), Err("malformed" | "any"))
            | (Err(FetchError::Connect { .. }), Err("any")) => {}
            (other, _) => panic!("{path}: {other:?}"),
        }
    }
}
