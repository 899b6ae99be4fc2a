//! Streams that come through a pipe.

use crate::contract::{RATE, melody, tune, wav_head};
use crate::{lines, run, said, swordnet, text};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A register with one song.
fn office(room: &Path) -> PathBuf {
    let (data, song) = (room.join("data"), room.join("song.wav"));
    melody(&song, 1);
    assert!(run(&data, &["init"]).status.success());
    let added = run(&data, &["work", "add", text(&song), "--title", "夜曲"]);
    assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    data
}

/// The program, hearing a stream.
fn hearing(data: &Path, source: &str) -> Child {
    let mut command = swordnet();
    command
        .arg("--data")
        .arg(data)
        .args(["--json", "match", "--live", source]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

fn seconds(tune: &[i16], from: usize, until: usize) -> &[i16] {
    &tune[from * RATE as usize..until * RATE as usize]
}

/// A WAV without an end: 12 s of a stranger, 10 s of the song from its eighth second on, and the rest of the stranger.
fn stream() -> Vec<u8> {
    let (song, stranger) = (tune(1), tune(2));
    let samples = [
        seconds(&stranger, 0, 12),
        seconds(&song, 8, 18),
        seconds(&stranger, 12, 28),
    ];
    let mut wav = wav_head(u32::MAX);
    wav.extend(samples.concat().iter().flat_map(|s| s.to_le_bytes()));
    wav
}

fn number(line: &Value, key: &str) -> f64 {
    line[key].as_f64().unwrap_or_else(|| panic!("{key} in {line}"))
}

/// Both lines tell the song at its place; all is told within five seconds of the piece's end.
fn tells_the_song(lines: &[Value]) {
    let [first, last] = lines else { panic!("{lines:?}") };
    assert!(first["ended"] == false && last["ended"] == true, "{lines:?}");
    for line in lines {
        assert!(
            line["title"] == "夜曲" && line["medium"] == "audio" && line["query"] == "-",
            "{line}"
        );
        assert!(
            (number(line, "ref_start") - number(line, "query_start") + 4.0).abs() < 0.1,
            "{line}"
        );
        assert!(number(line, "told_at") <= 22.0 + 5.0, "{line}");
    }
    assert_eq!(first["told_at"], last["told_at"]);
    // Where an interrupt ends what is heard, nobody knows.
    let (start, end) = (number(last, "query_start"), number(last, "query_end"));
    assert!((start - 12.0).abs() < 0.5 && end > start && end < 22.5, "{last}");
}

#[test]
fn a_piece_in_a_stream_is_told_and_ended_and_a_work_taken_out_is_not() {
    let room = tempfile::tempdir().expect("a folder");
    let data = office(room.path());
    let play = || {
        let mut child = hearing(&data, "-");
        let mut input = child.stdin.take().expect("a pipe");
        let writer = std::thread::spawn(move || input.write_all(&stream()));
        let output = child.wait_with_output().expect("an end");
        writer.join().expect("no panic").expect("all is read");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        output
    };
    let heard = lines(&play());
    tells_the_song(&heard);
    assert!((number(&heard[1], "query_end") - 22.0).abs() < 0.5, "{heard:?}");
    let id = heard[0]["work"].as_str().expect("an identifier").to_owned();
    assert!(run(&data, &["work", "remove", &id]).status.success());
    assert!(lines(&play()).is_empty());
}

#[test]
fn a_piece_is_told_while_the_stream_goes_on_and_an_interrupt_ends_it_cleanly() {
    let room = tempfile::tempdir().expect("a folder");
    let mut child = hearing(&office(room.path()), "-");
    let mut input = child.stdin.take().expect("a pipe");
    let sound = stream();
    // Held open: the stream does not end.
    input
        .write_all(&sound[..sound.len() - 13 * 2 * RATE as usize])
        .expect("it is read");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut told = String::new();
    output.read_line(&mut told).expect("a line");
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.expect("kill runs").success());
    let mut ended = String::new();
    output.read_line(&mut ended).expect("a line");
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    tells_the_song(&[read(&told), read(&ended)]);
    assert_eq!(child.wait().expect("an end").code(), Some(0));
}

#[test]
fn a_named_pipe_without_a_writer_can_be_interrupted() {
    let room = tempfile::tempdir().expect("a folder");
    let (data, pipe) = (office(room.path()), room.path().join("pipe"));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo runs")
            .success()
    );
    let mut child = hearing(&data, text(&pipe));
    let mut writer = std::fs::OpenOptions::new()
        .write(true)
        .open(&pipe)
        .expect("a reader is there");
    writer.write_all(&stream()).expect("it is read");
    drop(writer);
    let mut first = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    output.read_line(&mut first).expect("a line");
    assert!(first.contains("夜曲"), "{first}");
    assert_eq!(child.wait().expect("an end").code(), Some(0));

    let mut child = hearing(&data, text(&pipe));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(ended.expect("kill runs").success());
    // Before the program awaits signals one ends it as ever.
    let code = child.wait().expect("an end").code();
    assert!(code == Some(0) || code.is_none(), "{code:?}");
}

#[test]
fn what_is_no_stream_of_sound_is_named() {
    let room = tempfile::tempdir().expect("a folder");
    let data = office(room.path());
    let mut child = hearing(&data, "-");
    let mut input = child.stdin.take().expect("a pipe");
    let _ = input.write_all("#EXTM3U\nfile:///etc/passwd\n".repeat(4000).as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains("standard input: "), "{}", said(&output));
    let missing = run(&data, &["match", "--live", text(&room.path().join("none"))]);
    assert_eq!(missing.status.code(), Some(3), "{}", said(&missing));
}
