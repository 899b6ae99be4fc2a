//! Streams are joined into one file, within bounds.

use super::server::{Asked, Reply, Server, not_found, response};
use std::sync::{Arc, Mutex};
use swordnet_core::{Access, Sha256Hex};
use swordnet_crawl::{Captured, FetchError, Validators, capture, unchanged};

fn serve(asked: &Asked) -> Reply {
    let file = |body: &[u8]| Reply::Keep(response("200 OK", "", body));
    match asked.path.as_str() {
        "/master.m3u8" => file(
            b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=1280x720\nhd.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=480x270\nv/sd.m3u8\n",
        ),
        "/v/sd.m3u8" => file(
            b"#EXTM3U\n#EXT-X-MAP:URI=\"init\"\n#EXTINF:1,\none\n#EXT-X-BYTERANGE:3@2\n#EXTINF:1,\ntwo\n#EXT-X-DISCONTINUITY\n#EXTINF:1,\n/three\n#EXT-X-ENDLIST\n",
        ),
        "/v/init" => file(b"<init>"),
        "/v/one" => file(b"<one>"),
        "/v/two" => match asked.field("range") {
            Some("bytes=2-4") => Reply::Keep(response("206 Partial", "", b"cde")),
            _ => not_found(),
        },
        "/three" => file(b"<three>"),
        "/locked.m3u8" => file(b"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:1,\none\n#EXT-X-ENDLIST\n"),
        "/inward.m3u8" => file(b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.2/x\n#EXT-X-ENDLIST\n"),
        "/local.m3u8" => file(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"),
        "/x.mpd" => file(
            br#"<MPD mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="v" height="360">
            <SegmentTemplate initialization="v/init" media="seg$Number$" duration="1"/></Representation></AdaptationSet></Period></MPD>"#,
        ),
        "/seg1" => file(b"<1>"),
        "/seg2" => file(b"<2>"),
        "/film.mp4" => file(&[7; 100_000]),
        _ => not_found(),
    }
}

async fn captured(path: &str, access: Access, most: u64) -> Result<(Captured, Vec<u8>, usize), FetchError> {
    let server = Server::start(serve).await;
    let dir = tempfile::tempdir().unwrap();
    let mut seen = 0;
    let taken = capture(
        &server.client(),
        &server.url(path),
        access,
        dir.path(),
        most,
        &mut |_| seen += 1,
    )
    .await?;
    let bytes = std::fs::read(&taken.file).unwrap();
    assert_eq!(
        (taken.bytes, &taken.sha256),
        (bytes.len() as u64, &Sha256Hex::of(&bytes))
    );
    Ok((taken, bytes, seen))
}

#[tokio::test]
async fn streams_and_files_become_one_file() {
    let (taken, bytes, seen) = captured("/master.m3u8", Access::Hls, 1 << 20).await.unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), "<init><one>cde<three>");
    assert_eq!((taken.parts, taken.cut_off, seen), (4, false, 6));
    let (_, bytes, _) = captured("/x.mpd", Access::Dash, 1 << 20).await.unwrap();
    assert_eq!(bytes, b"<init><1><2>");
    let (taken, bytes, _) = captured("/film.mp4", Access::File, 1 << 20).await.unwrap();
    assert_eq!((taken.parts, bytes.len(), taken.cut_off), (1, 100_000, false));
}

#[tokio::test]
async fn bounds_encryption_and_ways_out_are_said() {
    let (taken, bytes, _) = captured("/film.mp4", Access::File, 1000).await.unwrap();
    assert_eq!((bytes.len(), taken.cut_off), (1000, true));
    let (taken, bytes, _) = captured("/master.m3u8", Access::Hls, 8).await.unwrap();
    assert_eq!((&bytes[..], taken.cut_off), (&b"<init><o"[..], true));
    let locked = captured("/locked.m3u8", Access::Hls, 1 << 20).await;
    assert!(matches!(locked, Err(FetchError::Encrypted { .. })), "{locked:?}");
    let inward = captured("/inward.m3u8", Access::Hls, 1 << 20).await;
    assert!(matches!(inward, Err(FetchError::Forbidden { .. })), "{inward:?}");
    let local = captured("/local.m3u8", Access::Hls, 1 << 20).await;
    assert!(matches!(local, Err(FetchError::Address { .. })), "{local:?}");
    let gone = captured("/none.mp4", Access::File, 1 << 20).await;
    assert!(
        matches!(gone, Err(FetchError::Status { status: 404, .. })),
        "{gone:?}"
    );
}

/// A site of which one thing at a time can be changed.
async fn changing(state: Arc<Mutex<&'static str>>) -> Server {
    Server::start(move |asked| {
        let changed = *state.lock().unwrap();
        let tag = match asked.path == changed {
            true => "\"2\"",
            false => "\"1\"",
        };
        let fields = format!("ETag: {tag}\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        let playlist = asked.path.ends_with(".m3u8");
        let plain = asked.path == "/plain.mp4";
        let deaf = asked.path == "/deaf.mp4";
        if asked.field("if-none-match") == Some(tag) && !deaf {
            return Reply::Keep(response("304 Not Modified", &fields, b""));
        }
        if playlist {
            let more = if asked.path == changed { "#\n" } else { "" };
            let body = format!(
                "#EXTM3U\n{more}#EXTINF:1,\none\n#EXTINF:1,\ntwo\n#EXTINF:1,\nthree\n#EXT-X-ENDLIST\n"
            );
            return Reply::Keep(response("200 OK", "", body.as_bytes()));
        }
        match plain {
            true => Reply::Keep(response("200 OK", "", b"film")),
            false => Reply::Keep(response("200 OK", &fields, &[7; 100_000])),
        }
    })
    .await
}

#[tokio::test]
async fn what_has_not_changed_is_not_fetched_again() {
    let state = Arc::new(Mutex::new(""));
    let server = changing(state.clone()).await;
    let (client, dir) = (server.client(), tempfile::tempdir().unwrap());
    for (path, access, asked) in [
        ("/film.mp4", Access::File, 1),
        ("/deaf.mp4", Access::File, 1),
        ("/list.m3u8", Access::Hls, 4),
    ] {
        let mut validators = Validators::default();
        let note = &mut |fetched: &swordnet_crawl::Fetched| validators.note(fetched);
        capture(&client, &server.url(path), access, dir.path(), 1 << 20, note)
            .await
            .unwrap();
        let validators = validators.finish();
        assert_eq!(validators.len(), asked, "{path}");
        let mut bytes = 0;
        let mut count = |fetched: &swordnet_crawl::Fetched| bytes += fetched.last().body.len();
        assert!(
            unchanged(&client, &validators, &mut count).await.unwrap(),
            "{path}"
        );
        assert!(bytes <= 64 << 10, "{path}: {bytes}");
        for validator in &validators {
            let path = validator
                .url
                .split_at(validator.url.rfind('/').unwrap())
                .1
                .to_owned();
            *state.lock().unwrap() = path.clone().leak();
            assert!(
                !unchanged(&client, &validators, &mut |_| ()).await.unwrap(),
                "{path}"
            );
            *state.lock().unwrap() = "";
        }
    }
    // A server that gives nothing to go by is asked for everything again.
    let mut validators = Validators::default();
    let note = &mut |fetched: &swordnet_crawl::Fetched| validators.note(fetched);
    capture(
        &client,
        &server.url("/plain.mp4"),
        Access::File,
        dir.path(),
        1 << 20,
        note,
    )
    .await
    .unwrap();
    assert!(validators.finish().is_empty());
}
