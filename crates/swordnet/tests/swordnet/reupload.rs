//! A copy that was removed and is uploaded again is caught: at its old address and at a new one, by a later patrol.

use crate::site::{ARTICLE, Site};
use crate::{lines, run, said, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

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
