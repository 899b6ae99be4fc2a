//! A small exhibit: two pages and a film, with the reports about them.

use std::io::Cursor;
use swordnet_core::Timestamp;
use swordnet_evidence::package::{Archive, Contents, File, Page, seal};
use swordnet_evidence::warc::{Http, Info, Writer};
use swordnet_evidence::{IndexEntry, PublicKey, Signer, Trust};
use url::Url;

pub const PAGE: &str = "http://film.example/play/7?list=1";
pub const FILM: &str = "http://media.example:8080/7.mp4";

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

pub fn signer() -> Signer {
    Signer::from_seed([7; 32])
}

pub fn trust() -> Trust {
    Trust::keys([signer().public_key()])
}

/// Bytes that do not deflate, the same each time.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .flatten()
    .take(length)
    .collect()
}

pub fn exchange(writer: &mut Writer<Vec<u8>>, second: i64, url: &str, kind: &str, body: &[u8]) -> (u64, u64) {
    let url = Url::parse(url).unwrap();
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
        url.path(),
        url.host_str().unwrap()
    );
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut response = Cursor::new([head.as_bytes(), body].concat());
    let metadata = [("tls-version".to_owned(), "TLSv1.3".to_owned())];
    writer
        .exchange(&mut Http {
            url: &url,
            at: at(second),
            peer: "127.0.0.1".parse().unwrap(),
            request: request.as_bytes(),
            response: &mut response,
            truncated: None,
            metadata: &metadata,
            original: None,
        })
        .unwrap()
}

pub fn archive() -> (Vec<u8>, Vec<IndexEntry>) {
    let info = Info {
        software: "swordnet 0.1.0",
        operator: "Copyright Office",
        fields: &[("robots", "obey")],
    };
    let mut writer = Writer::new(Vec::new(), &info, at(0)).unwrap();
    writer
        .dns(
            "film.example",
            at(0),
            None,
            &["film.example. 300 IN A 127.0.0.1".into()],
        )
        .unwrap();
    exchange(
        &mut writer,
        1,
        "http://film.example/",
        "text/html",
        "<title>片</title> films of Debian".as_bytes(),
    );
    exchange(
        &mut writer,
        2,
        PAGE,
        "text/html; charset=utf-8",
        b"<video src=//media.example:8080/7.mp4> Debian",
    );
    exchange(&mut writer, 3, FILM, "video/mp4", &noise(20_000));
    writer
        .resource(
            "urn:screenshot:1",
            at(4),
            "image/png",
            &mut Cursor::new(noise(500)),
        )
        .unwrap();
    writer.metadata(PAGE, at(4), &[("outlink", FILM)]).unwrap();
    writer.finish().unwrap()
}

pub fn contents<'a>() -> Contents<'a> {
    let (warc, _) = archive();
    Contents {
        id: "exhibit-0123456789abcdef01234567".into(),
        title: "《片》 on film.example".into(),
        description: Some("a copy of a protected film".into()),
        created_at: at(10),
        software: "swordnet 0.1.0".into(),
        archives: vec![Archive {
            name: "data.warc.gz".into(),
            source: Box::new(Cursor::new(warc)),
            index: None,
        }],
        pages: vec![Page {
            url: PAGE.into(),
            at: at(2),
            title: "片".into(),
            text: Some("films".into()),
        }],
        private: Vec::new(),
        time_stamps: Vec::new(),
        files: vec![
            File::new("report/match.json", br#"{"score":0.97,"query":[[0.0,41.5]]}"#),
            File::new(
                "report/judgement.json",
                br#"{"verdict":"infringing","reasons":[]}"#,
            ),
            File::new("rights/consulted.json", b"[]"),
            File::new(
                "capture/environment.json",
                br#"{"resolver":"127.0.0.1","clock_offset_ms":0}"#,
            ),
            File::new("pictures/frames.png", noise(3_000)),
        ],
    }
}

/// The exhibit, sealed.
pub fn package() -> Vec<u8> {
    static PACKAGE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let seal = || {
        let mut out = Vec::new();
        seal(contents(), &signer(), &mut out).unwrap();
        out
    };
    PACKAGE.get_or_init(seal).clone()
}

/// What the verifier says, with `key` trusted.
pub fn problems(package: &[u8], key: PublicKey) -> Vec<String> {
    swordnet_evidence::package::verify(&mut Cursor::new(package), &Trust::keys([key])).problems
}
