//! A film that has not changed since the last patrol is not fetched again, and what was found is found all the same.

use crate::{lines, run, said, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

const PAGE: &str = "<!doctype html><html><head><title>电影</title></head><body><h1>电影</h1>\
    <video src='/copy.mp4'></video><video src='/other.mp4'></video></body></html>";

/// Each answer: what was asked for, the status, how many bytes of body.
type Log = Arc<Mutex<Vec<(String, u16, usize)>>>;

/// Serves the page and the films, whose tag is their length.
fn serve(films: BTreeMap<String, Vec<u8>>) -> (String, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    let log = Log::default();
    let kept = log.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let mut request = BufReader::new(&connection);
            let mut head = Vec::new();
            let mut line = String::new();
            while request.read_line(&mut line).is_ok_and(|n| n > 2) {
                head.push(std::mem::take(&mut line).trim().to_lowercase());
            }
            let Some(path) = head.first().and_then(|first| first.split(' ').nth(1)) else {
                continue;
            };
            let film = films.get(path);
            let tag = film.map_or_else(String::new, |film| format!("\"{}\"", film.len()));
            let (status, body): (u16, &[u8]) = match film {
                Some(_) if head.contains(&format!("if-none-match: {tag}")) => (304, b""),
                Some(film) => (200, film),
                None if path == "/" => (200, PAGE.as_bytes()),
                None => (404, b""),
            };
            let kind = if film.is_some() {
                "video/mp4"
            } else {
                "text/html; charset=utf-8"
            };
            kept.lock()
                .expect("the log")
                .push((path.to_owned(), status, body.len()));
            let etag = if film.is_some() {
                format!("ETag: {tag}\r\n")
            } else {
                String::new()
            };
            let _ = write!(
                &connection,
                "HTTP/1.1 {status} .\r\nContent-Type: {kind}\r\n{etag}Content-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = (&connection).write_all(body);
        }
    });
    (address, log)
}

/// Twelve seconds that look like nothing else.
fn film(out: &Path, source: &str) -> Vec<u8> {
    let made = Command::new("ffmpeg")
        .args([
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
            "-t",
            "12",
            "-pix_fmt",
            "yuv420p",
        ])
        .args(["-c:v", "libx264", "-preset", "ultrafast"])
        .arg(out)
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success());
    std::fs::read(out).expect("the film")
}

fn patrol(data: &Path, address: &str) -> Vec<Value> {
    let net = ["--allow-net", "127.0.0.0/8", "--delay", "0"];
    let output = run(data, &[&["patrol", address, "--area", "film"], &net[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    lines(&output)
}

fn infringing(printed: &[Value]) -> Vec<&str> {
    let found = printed.iter().filter(|line| line["verdict"] == "infringing");
    found
        .map(|line| line["url"].as_str().expect("an address"))
        .collect()
}

#[test]
fn a_film_that_has_not_changed_is_not_fetched_again() {
    let room = tempfile::tempdir().expect("a folder");
    let data = room.path().join("data");
    let work = room.path().join("work.mp4");
    let copy = film(&work, "mandelbrot=size=320x240:rate=12");
    let other = film(
        &room.path().join("other.mp4"),
        "life=size=320x240:rate=12:seed=7:ratio=0.3",
    );
    assert!(run(&data, &["init"]).status.success());
    let added = run(&data, &["work", "add", text(&work), "--title", "分形"]);
    assert!(added.status.success(), "{}", said(&added));
    let films = BTreeMap::from([("/copy.mp4".into(), copy), ("/other.mp4".into(), other)]);
    let (address, log) = serve(films);

    let found = patrol(&data, &address);
    let first = infringing(&found);
    assert_eq!(first, [format!("{address}copy.mp4")], "{found:#?}");
    let whole: Vec<_> = log.lock().expect("the log").drain(..).collect();
    assert!(
        whole
            .iter()
            .any(|(path, status, _)| path == "/other.mp4" && *status == 200)
    );

    let again = patrol(&data, &address);
    let log = log.lock().expect("the log");
    for path in ["/copy.mp4", "/other.mp4"] {
        // The crawl itself may have taken a look at the beginning; the examination asks on a condition.
        let answers: Vec<u16> = log
            .iter()
            .filter(|(p, ..)| p == path)
            .map(|(_, status, _)| *status)
            .collect();
        assert_eq!(answers, [304], "{log:?}");
    }
    assert!(
        again
            .iter()
            .all(|line| line["failures"].as_array().is_none_or(Vec::is_empty)),
        "{again:#?}"
    );
}
