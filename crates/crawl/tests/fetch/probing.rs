//! A long film is looked at through a few keyholes; a transfer that breaks off goes on where it broke off.

use super::server::{Asked, Reply, Server, not_found, response};
use std::sync::atomic::{AtomicU32, Ordering};
use swordnet_core::Access;
use swordnet_crawl::{Glimpses, capture, probe};

const FILM: u64 = 400 << 20;

fn range(asked: &Asked) -> Option<(u64, u64)> {
    let (from, to) = asked.field("range")?.strip_prefix("bytes=")?.split_once('-')?;
    Some((from.parse().ok()?, to.parse().unwrap_or(u64::MAX)))
}

/// A part of a transport stream that exists nowhere: packets of 188 bytes.
fn packets(asked: &Asked, length: u64) -> Reply {
    let Some((from, to)) = range(asked) else {
        return not_found();
    };
    let to = to.min(length - 1);
    let body: Vec<u8> = (from..=to)
        .map(|at| if at % 188 == 0 { 0x47 } else { 1 })
        .collect();
    let head = format!("Content-Range: bytes {from}-{to}/{length}\r\nETag: \"a\"\r\n");
    Reply::Keep(response("206 Partial Content", &head, &body))
}

async fn probed(access: Access, path: &str, serve: fn(&Asked) -> Reply) -> (Option<Glimpses>, Vec<String>) {
    let server = Server::start(serve).await;
    let dir = tempfile::tempdir().unwrap();
    let glimpses = probe(
        &server.client(),
        &server.url(path),
        access,
        dir.path(),
        &mut |_| (),
    )
    .await
    .unwrap();
    if let Some(glimpses) = &glimpses {
        assert!(
            glimpses
                .places
                .iter()
                .all(|place| place.file.metadata().unwrap().len() > 0)
        );
    }
    (glimpses, server.paths())
}

#[tokio::test]
async fn a_transport_stream_is_cut_at_five_places() {
    let (glimpses, _) = probed(Access::File, "/film.ts", |asked| packets(asked, FILM)).await;
    let glimpses = glimpses.unwrap();
    assert_eq!((glimpses.places.len(), glimpses.of), (5, Some(FILM)));
    assert!(glimpses.bytes <= FILM / 50, "{}", glimpses.bytes);
}

#[tokio::test]
async fn what_is_short_or_cannot_be_cut_is_left_whole() {
    assert_eq!(
        probed(Access::File, "/clip.ts", |asked| packets(asked, 1 << 20))
            .await
            .0,
        None
    );
    let whole = |_: &Asked| Reply::Keep(response("200 OK", "", &[0x47; 4000]));
    assert_eq!(probed(Access::File, "/film.ts", whole).await.0, None);
}

fn stream(asked: &Asked) -> Reply {
    let playlist = |segments: u32| {
        let list: String = (0..segments)
            .map(|n| format!("#EXTINF:6.0,\ns{n}.m4s\n"))
            .collect();
        let text =
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"init.mp4\"\n{list}#EXT-X-ENDLIST\n");
        Reply::Keep(response("200 OK", "", text.as_bytes()))
    };
    match asked.path.as_str() {
        "/film.m3u8" => playlist(1200),
        "/clip.m3u8" => playlist(20),
        path if path.starts_with("/robots") => not_found(),
        path => Reply::Keep(response("200 OK", "", path.as_bytes())),
    }
}

#[tokio::test]
async fn of_a_playlist_a_few_segments_are_fetched() {
    let (glimpses, paths) = probed(Access::Hls, "/film.m3u8", stream).await;
    assert_eq!(glimpses.unwrap().places.len(), 5);
    let segments: Vec<&str> = paths
        .iter()
        .map(String::as_str)
        .filter(|path| path.ends_with(".m4s"))
        .collect();
    assert_eq!(
        segments,
        ["/s120.m4s", "/s360.m4s", "/s600.m4s", "/s840.m4s", "/s1080.m4s"]
    );
    assert_eq!(probed(Access::Hls, "/clip.m3u8", stream).await.0, None);
}

#[tokio::test]
async fn a_transfer_that_breaks_off_goes_on() {
    static TIMES: AtomicU32 = AtomicU32::new(0);
    let film: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    let served = film.clone();
    let server = Server::start(move |asked| {
        if asked.path == "/robots.txt" {
            return not_found();
        }
        let from = range(asked).map_or(0, |(from, _)| from as usize);
        let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
        let all = served.len();
        let head = format!("ETag: \"f\"\r\nContent-Range: bytes {from}-{}/{all}\r\n", all - 1);
        let mut reply = response(status, &head, &served[from..]);
        // Twice the line goes dead after 60,000 bytes.
        if TIMES.fetch_add(1, Ordering::SeqCst) < 2 {
            reply.truncate(60_000);
            return Reply::Close(reply);
        }
        assert_eq!(asked.field("if-range"), Some("\"f\""));
        Reply::Keep(reply)
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let taken = capture(
        &server.client(),
        &server.url("/film.mp4"),
        Access::File,
        dir.path(),
        1 << 30,
        &mut |_| (),
    )
    .await
    .unwrap();
    assert_eq!((taken.bytes, taken.cut_off), (200_000, false));
    assert!(std::fs::read(&taken.file).unwrap() == film);
}
