//! A player whose address only its scripts know: a browser finds it, the exhibit shows the page as it looked, and the re-check
//! opens the page again.

use crate::contract::melody;
use crate::site::Site;
use crate::{lines, run, said, text};
use serde_json::Value;
use std::path::Path;

const NET: [&str; 4] = ["--allow-net", "127.0.0.0/8", "--delay", "0"];

/// What a command prints, and that it went well.
fn done(data: &Path, arguments: &[&str], network: &[&str]) -> Vec<Value> {
    let output = run(data, &[arguments, network].concat());
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    lines(&output)
}

/// A page that learns from its server, piece by piece, what to play.
fn put_player(site: &Site, song: &Path, address: &str) {
    let pieces: Vec<String> = address.chars().map(String::from).collect();
    let pieces = serde_json::to_vec(&pieces).expect("JSON");
    site.put_file("/what", "application/json", pieces);
    site.put_file(address, "audio/wav", std::fs::read(song).expect("the song"));
    site.put(
        "/play.html",
        "<h1>夜曲</h1><div style='height:3000px;background:#246'><audio id='player' controls></audio></div><script>
        fetch('/what').then(r => r.json()).then(pieces => {
            document.getElementById('player').src = pieces.join('');
        })</script>",
    );
}

#[test]
fn a_hidden_player_is_opened_shown_and_opened_again() {
    let room = tempfile::tempdir().expect("a folder");
    let (data, song) = (room.path().join("data"), room.path().join("song.wav"));
    melody(&song, 1);
    assert!(run(&data, &["init"]).status.success());
    assert!(
        run(&data, &["work", "add", text(&song), "--title", "夜曲"])
            .status
            .success()
    );
    let site = Site::default();
    site.put("/", "<p><a href='/play.html'>夜曲</a></p>");
    put_player(&site, &song, "/m/0451.wav");
    let address = site.serve();

    let printed = done(&data, &["patrol", &address, "--area", "music"], &NET);
    let found: Vec<&Value> = printed
        .iter()
        .filter(|line| line["verdict"] == "infringing")
        .collect();
    assert_eq!(found.len(), 1, "{printed:#?}");
    assert_eq!(found[0]["url"], format!("{address}m/0451.wav"));

    let exhibit = done(&data, &["evidence", "list"], &[]).remove(0);
    let id = exhibit["id"].as_str().expect("an identifier");
    let read = |path: &str| {
        let output = run(&data, &["evidence", "read", id, path]);
        assert_eq!(output.status.code(), Some(0), "{path}: {}", said(&output));
        output.stdout
    };
    let offer: Value = serde_json::from_slice(&read("report/offer.json")).expect("JSON");
    assert_eq!(
        offer["page"]["rendered"]["asked"][0],
        format!("{address}m/0451.wav")
    );
    let markup = String::from_utf8(read("private/rendered.html")).expect("a page");
    assert!(markup.contains("src=\"/m/0451.wav\""), "{markup}");
    let png = read("private/screenshot.png");
    assert!(png.starts_with(b"\x89PNG"));
    let height = u32::from_be_bytes(png[20..24].try_into().expect("four bytes"));
    assert!(height > 3000, "the whole page, not a window of it: {height}");

    // It moves: only a browser can tell.
    site.remove("/m/0451.wav");
    put_player(&site, &song, "/m/0452.wav");
    let without = done(&data, &["verify"], &[&NET[..], &["--no-browser"]].concat());
    assert_eq!(
        without[0]["outcome"], "unreachable",
        "nobody can tell: {without:#?}"
    );
    let outcomes = done(&data, &["verify"], &NET);
    let moved = outcomes
        .iter()
        .find(|line| line["outcome"] == "moved")
        .unwrap_or_else(|| panic!("{outcomes:#?}"));
    assert_eq!(moved["moved_to"], format!("{address}m/0452.wav"));
}
