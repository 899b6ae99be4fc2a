//! Words, JSON keys and exit codes on which scripts rely.

use crate::{lines, run, said, swordnet, text};
use std::path::Path;
use std::process::Command;

/// A sound of our own making: a melody of sines that does not repeat, drawn from a seed.
pub fn melody(path: &Path, seed: u64) {
    let samples = tune(seed);
    let mut wav = wav_head(samples.len() as u32 * 2);
    wav.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    std::fs::write(path, wav).expect("a file is written");
}

/// Samples a second of a tune.
pub const RATE: u32 = 22_050;

/// The samples of that melody: 30 s.
pub fn tune(seed: u64) -> Vec<i16> {
    let (rate, seconds) = (RATE, 30u32);
    let mut state = seed;
    let mut draw = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut samples: Vec<i16> = Vec::new();
    let mut phase = [0f64; 3];
    while samples.len() < (rate * seconds) as usize {
        let notes: Vec<f64> = (0..3)
            .map(|_| 110.0 * 2f64.powf(draw(40) as f64 / 12.0))
            .collect();
        for i in 0..rate / 4 {
            let mut value = 0.0;
            for (voice, note) in notes.iter().enumerate() {
                phase[voice] += note / f64::from(rate);
                let turn = phase[voice] * std::f64::consts::TAU;
                value += turn.sin() + 0.5 * (2.0 * turn).sin() + 0.25 * (3.0 * turn).sin();
            }
            let fade = 1.0 - f64::from(i) / f64::from(rate / 4) * 0.8;
            samples.push((value * fade * 4000.0) as i16);
        }
    }
    samples
}

/// The head of a WAV of so many bytes of samples.
pub fn wav_head(bytes: u32) -> Vec<u8> {
    let mut wav = Vec::new();
    wav.extend_from_slice(b"RIFF");
    wav.extend_from_slice(&bytes.saturating_add(36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend_from_slice(&RATE.to_le_bytes());
    wav.extend_from_slice(&(RATE * 2).to_le_bytes());
    wav.extend_from_slice(b"\x02\0\x10\0data");
    wav.extend_from_slice(&bytes.to_le_bytes());
    wav
}

#[test]
fn a_work_is_registered_and_recognised_and_taken_out() {
    let room = tempfile::tempdir().expect("a folder");
    let (data, song, other) = (
        room.path().join("data"),
        room.path().join("song.wav"),
        room.path().join("other.wav"),
    );
    melody(&song, 1);
    melody(&other, 2);
    assert!(run(&data, &["init"]).status.success());
    let added = run(
        &data,
        &["work", "add", text(&song), "--title", "夜曲", "--holder", "甲"],
    );
    assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    let work = &lines(&added)[0];
    assert_eq!(work["title"], "夜曲");
    assert_eq!(work["references"][0]["medium"], "audio");
    assert_eq!(work["references"][0]["file"], "song.wav");
    assert!((work["references"][0]["length"].as_f64().expect("seconds") - 30.0).abs() < 0.5);

    let list = room.path().join("list.txt");
    std::fs::write(&list, format!("{}\n{}\n", song.display(), other.display())).expect("a file is written");
    let matched = run(&data, &["match", "--list", text(&list)]);
    assert_eq!(matched.status.code(), Some(0), "{}", said(&matched));
    let spans = lines(&matched);
    assert!(
        !spans.is_empty() && spans.iter().all(|s| s["query"] == text(&song)),
        "{spans:?}"
    );
    for key in [
        "work",
        "title",
        "medium",
        "score",
        "ref_start",
        "ref_end",
        "query_start",
        "query_end",
        "transform",
    ] {
        assert!(!spans[0][key].is_null(), "{key} is missing");
    }
    assert!(spans[0]["ref_end"].as_f64().expect("seconds") > 25.0);
    let strict = run(&data, &["match", text(&song), "--fail-on-finding"]);
    assert_eq!(strict.status.code(), Some(1));

    let id = work["work"].as_str().expect("an identifier");
    assert!(run(&data, &["work", "remove", id]).status.success());
    assert!(
        lines(&run(&data, &["match", text(&song)])).is_empty(),
        "a removed work answers no more"
    );
}

#[test]
fn bad_rows_and_files_are_named_and_the_good_ones_kept() {
    let room = tempfile::tempdir().expect("a folder");
    let data = room.path().join("data");
    assert!(run(&data, &["init"]).status.success());
    let article = "山城的早晨从一碗面开始。老人把面下进锅里，孩子背着书包跑过石阶，江上的雾还没有散。"
        .repeat(3)
        + "后来桥修好了，渡口的人就少了，只有摆渡的那只狗还每天坐在水边等船。";
    std::fs::write(room.path().join("a.txt"), article).expect("a file is written");
    std::fs::write(room.path().join("noise.mp4"), [0u8; 4096]).expect("a file is written");
    let manifest = room.path().join("works.csv");
    std::fs::write(&manifest, "file,title,kind,holder\na.txt,山城,news_article,甲\nnoise.mp4,噪声,film,乙\n,空,film,丙\nmissing.txt,无,novel,丁\n")
        .expect("a file is written");
    let imported = run(&data, &["work", "import", text(&manifest)]);
    assert_eq!(imported.status.code(), Some(3));
    assert_eq!(lines(&imported).len(), 1, "the good row is kept");
    let complaints = said(&imported);
    for named in ["noise.mp4", "works.csv line 4", "missing.txt"] {
        assert!(
            complaints.contains(named),
            "{named} is not named in: {complaints}"
        );
    }
    assert_eq!(lines(&run(&data, &["work", "list"])).len(), 1);
}

#[test]
fn exit_codes_tell_usage_input_and_missing_folders_apart() {
    let room = tempfile::tempdir().expect("a folder");
    let data = room.path().join("data");
    assert_eq!(
        swordnet()
            .arg("no-such-command")
            .output()
            .expect("it runs")
            .status
            .code(),
        Some(2)
    );
    let unmade = run(&data, &["work", "list"]);
    assert_eq!(unmade.status.code(), Some(2));
    assert!(said(&unmade).contains("swordnet init"));
    assert!(run(&data, &["init"]).status.success());
    assert_eq!(run(&data, &["match", "/no/such/file"]).status.code(), Some(3));
    assert_eq!(
        run(&data, &["site", "add", "ftp://a.test/", "--area", "film"])
            .status
            .code(),
        Some(3)
    );
    let torn = Command::new(env!("CARGO_BIN_EXE_swordnet"))
        .args(["--data", text(&data), "--store", "oracle://x", "work", "list"])
        .output()
        .expect("it runs");
    assert_eq!(torn.status.code(), Some(5), "{}", said(&torn));
}

#[test]
fn loopback_is_refused_unless_its_range_is_opened() {
    let room = tempfile::tempdir().expect("a folder");
    let warc = room.path().join("site.warc.gz");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("not blocking");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let refused = run(room.path(), &["crawl", &url, "--warc", text(&warc)]);
    assert_eq!(refused.status.code(), Some(4), "{}", said(&refused));
    assert!(listener.accept().is_err(), "no connection may be made");
}

#[test]
fn a_site_that_cannot_be_reached_is_named_with_the_reason() {
    let room = tempfile::tempdir().expect("a folder");
    let data = room.path().join("data");
    assert!(run(&data, &["init"]).status.success());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let site = format!("http://{}/", listener.local_addr().expect("an address"));
    assert!(
        run(&data, &["site", "add", &site, "--area", "film"])
            .status
            .success()
    );
    let patrol = run(&data, &["patrol"]);
    assert_eq!(patrol.status.code(), Some(4), "{}", said(&patrol));
    assert_eq!(lines(&patrol)[0]["ends"]["unreachable"], 1);
    let told = said(&patrol);
    assert!(
        told.contains(&format!("{site}: unreachable")) && told.contains("open the range"),
        "{told}"
    );
}

#[test]
fn a_package_that_is_none_is_invalid_and_an_absent_one_an_input_error() {
    let room = tempfile::tempdir().expect("a folder");
    let fake = room.path().join("fake.wacz");
    std::fs::write(&fake, b"PK\x03\x04 not a package").expect("a file is written");
    let checked = run(room.path(), &["evidence", "verify", text(&fake)]);
    assert_eq!(checked.status.code(), Some(1));
    assert_eq!(lines(&checked)[0]["valid"], false);
    assert!(
        !lines(&checked)[0]["problems"]
            .as_array()
            .expect("problems")
            .is_empty()
    );
    assert_eq!(
        run(room.path(), &["evidence", "verify", "/no/such.wacz"])
            .status
            .code(),
        Some(3)
    );
}
