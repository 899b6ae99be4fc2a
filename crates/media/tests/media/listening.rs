//! Streams that come through a pipe.

use crate::material::{Folder, Test, limited};
use std::fs::File;
use std::io::{PipeWriter, Write, pipe};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use swordnet_media::{Decoded, Error, Limits};

pub const TESTS: &[Test] = &[
    ("streams_are_heard_to_their_end", streams_are_heard_to_their_end),
    ("what_does_not_stream_is_refused", what_does_not_stream_is_refused),
    (
        "a_stream_that_stalls_is_given_up",
        a_stream_that_stalls_is_given_up,
    ),
    ("a_stream_can_be_stopped", a_stream_can_be_stopped),
];

/// Limits that would end a film of these seconds at once, but for the one that streams keep.
fn limits(quiet: Duration) -> Limits {
    Limits {
        wall: Duration::from_millis(1),
        seconds: 0.1,
        output: 1000,
        cpu: Duration::from_secs(1),
        quiet,
        ..Limits::default()
    }
}

/// Hears what is written into a pipe; `hold` keeps the pipe open behind it.
fn hear(bytes: Vec<u8>, hold: bool, quiet: Duration, stop: &AtomicBool) -> Result<Decoded, Error> {
    let (reader, mut writer) = pipe().unwrap();
    let written = std::thread::spawn(move || -> Option<PipeWriter> {
        // Whoever is refused reads no further.
        writer.write_all(&bytes).ok();
        hold.then_some(writer)
    });
    let heard = limited(limits(quiet)).listen(File::from(OwnedFd::from(reader)), 8000, stop, &mut |_| {
        ControlFlow::Continue(())
    });
    drop(written.join().unwrap());
    heard
}

fn streams_are_heard_to_their_end() {
    let folder = Folder::new();
    for (name, codec) in [
        ("a.ts", "aac"),
        ("a.flv", "aac"),
        ("a.mkv", "aac"),
        ("a.mp3", "libmp3lame"),
        ("a.ogg", "libopus"),
        ("a.wav", "pcm_s16le"),
        ("a.aac", "aac"),
    ] {
        let file = folder.render(&format!("-f lavfi -i sine=f=440:r=48000:d=6 -c:a {codec}"), name);
        let bytes = std::fs::read(file).unwrap();
        let heard = hear(bytes, false, Duration::from_secs(60), &AtomicBool::new(false)).unwrap();
        assert!(
            (heard.end - 6.0).abs() < 0.2 && !heard.stopped,
            "{name}: {heard:?}"
        );
    }
}

fn what_does_not_stream_is_refused() {
    let folder = Folder::new();
    let no_stop = AtomicBool::new(false);
    let hear = |bytes| hear(bytes, false, Duration::from_secs(60), &no_stop).unwrap_err();
    let film = std::fs::read(folder.film("a.mp4", 1)).unwrap();
    assert!(matches!(hear(film), Error::Refused(_)));
    let silent = folder.render("-f lavfi -i testsrc=d=1 -c:v libx264", "a.ts");
    assert!(matches!(hear(std::fs::read(silent).unwrap()), Error::NotMedia(_)));
    assert!(matches!(hear(vec![b'x'; 100_000]), Error::NotMedia(_)));
}

fn a_stream_that_stalls_is_given_up() {
    let folder = Folder::new();
    let sound = folder.render("-f lavfi -i sine=f=440:r=8000:d=3", "a.wav");
    let bytes = std::fs::read(sound).unwrap();
    let heard = hear(bytes, true, Duration::from_secs(3), &AtomicBool::new(false));
    assert_eq!(heard.unwrap_err(), Error::Limit("time without output"));
}

fn a_stream_can_be_stopped() {
    let folder = Folder::new();
    let sound = folder.render("-f lavfi -i sine=f=440:r=8000:d=3", "a.wav");
    let bytes = std::fs::read(sound).unwrap();
    let stop = AtomicBool::new(false);
    let heard = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(2));
            stop.store(true, Ordering::Relaxed);
        });
        hear(bytes, true, Duration::from_secs(60), &stop)
    });
    assert!(heard.unwrap().stopped);
}
