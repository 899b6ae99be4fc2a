//! Streams are joined into one file, within bounds.

use super::server::{Asked, Reply, Server, not_found, response};
use swordnet_core::{Access, Sha256Hex};
use swordnet_crawl::{Captured, FetchError, capture};

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
