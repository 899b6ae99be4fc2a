//! A copy that was removed and is uploaded again is caught: at its old address and at a new one, by a later patrol.

use crate::{lines, run, said, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

const ARTICLE: &str = "山城的早晨从一碗面开始。老人把面下进锅里，孩子背着书包跑过石阶，江上的雾还没有散，卖报的人已经走远了。\
    后来桥修好了，渡口的人就少了，只有摆渡的那只狗还每天坐在水边等船。船工说，它等的不是船，是当年那个把它抱上岸的人。\
    镇上的人从此给它留一碗汤，谁家办喜事，也不忘端一块骨头到河边去。";

/// A site whose pages can be put up and taken down.
#[derive(Clone, Default)]
struct Site(Arc<Mutex<BTreeMap<String, String>>>);

impl Site {
    /// Serves it on a port of its own for as long as the test runs; gives its address.
    fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}/", listener.local_addr().expect("an address"));
        let site = self.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let mut request = BufReader::new(&connection);
                let mut first = String::new();
                let _ = request.read_line(&mut first);
                let mut line = String::new();
                while request.read_line(&mut line).is_ok_and(|n| n > 2) {
                    line.clear();
                }
                let path = first.split(' ').nth(1).unwrap_or_default();
                let page = site.0.lock().expect("the pages").get(path).cloned();
                let (status, body) = page.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
                let _ = write!(
                    &connection,
                    "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        address
    }

    fn put(&self, path: &str, body: &str) {
        let page =
            format!("<!doctype html><html><head><title>江湖小报</title></head><body>{body}</body></html>");
        self.0.lock().expect("the pages").insert(path.to_owned(), page);
    }

    fn put_article(&self, path: &str) {
        self.put(
            path,
            &format!("<article><h1>山城的早晨</h1><p>{ARTICLE}</p></article>"),
        );
    }

    fn remove(&self, path: &str) {
        self.0.lock().expect("the pages").remove(path);
    }
}

const NET: [&str; 4] = ["--allow-net", "127.0.0.0/8", "--delay", "0"];

/// What a command prints, and that it went well.
fn done(data: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = run(data, &[arguments, &NET[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    lines(&output)
}

/// The addresses that a patrol found to infringe.
fn patrol(data: &Path, address: &str) -> Vec<String> {
    let printed = done(data, &["patrol", address, "--area", "news"]);
    let infringing = printed.iter().filter(|line| line["verdict"] == "infringing");
    infringing
        .map(|line| line["url"].as_str().expect("an address").to_owned())
        .collect()
}

/// What the re-check of each notice says, by address.
fn verify(data: &Path) -> BTreeMap<String, String> {
    let printed = done(data, &["verify"]);
    let outcomes = printed.iter().filter(|line| line["outcome"].is_string());
    let word = |v: &Value| v.as_str().expect("a word").to_owned();
    outcomes.map(|o| (word(&o["url"]), word(&o["outcome"]))).collect()
}

fn figure(data: &Path, name: &str) -> f64 {
    let out = data.join("briefing.json");
    let output = run(data, &["brief", "--format", "json", "--out", text(&out)]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let briefing: Value =
        serde_json::from_slice(&std::fs::read(&out).expect("a briefing")).expect("it is JSON");
    let figures = briefing["figures"].as_array().expect("figures");
    let one = figures.iter().find(|f| f["figure"] == name && f["by"].is_null());
    one.and_then(|f| f["value"].as_f64())
        .unwrap_or_else(|| panic!("no figure {name}"))
}

#[test]
fn what_comes_back_is_caught_at_its_old_address_and_at_a_new_one() {
    let room = tempfile::tempdir().expect("a folder");
    let data = room.path().join("data");
    let article = room.path().join("a.txt");
    std::fs::write(&article, ARTICLE).expect("a file is written");
    assert!(run(&data, &["init"]).status.success());
    assert!(
        run(&data, &["work", "add", text(&article), "--title", "山城"])
            .status
            .success()
    );
    let site = Site::default();
    site.put(
        "/",
        "<p><a href='/1.html'>山城的早晨</a> <a href='/2.html'>别的</a></p>",
    );
    site.put_article("/1.html");
    site.put(
        "/2.html",
        "<article><p>今天下雨，菜市场里没有什么人，摊主们坐在一起打牌，等着雨停。</p></article>",
    );
    let address = site.serve();
    let (old, new) = (format!("{address}1.html"), format!("{address}3.html"));

    assert_eq!(patrol(&data, &address), std::slice::from_ref(&old));
    assert_eq!(verify(&data)[&old], "still_there");
    site.remove("/1.html");
    assert_eq!(verify(&data)[&old], "gone");
    assert_eq!(figure(&data, "links_deleted"), 1.0);

    site.put_article("/1.html");
    assert_eq!(
        patrol(&data, &address),
        std::slice::from_ref(&old),
        "the later patrol sees it again"
    );
    assert_eq!(figure(&data, "links_found"), 1.0, "and counts it once");
    assert_eq!(figure(&data, "links_back_again"), 1.0);

    site.remove("/1.html");
    site.put("/", "<p><a href='/3.html'>山城的早晨（重发）</a></p>");
    site.put_article("/3.html");
    assert_eq!(
        patrol(&data, &address),
        std::slice::from_ref(&new),
        "under a new address it is a new link"
    );
    assert_eq!(figure(&data, "links_found"), 2.0);
    let outcomes = verify(&data);
    assert_eq!(outcomes[&new], "still_there");
    assert_eq!(outcomes[&old], "gone");
}
