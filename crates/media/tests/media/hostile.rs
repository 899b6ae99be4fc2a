//! What hostile files do not get.

use crate::material::{Folder, Test, limited, media};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;
use swordnet_media::{Error, FrameRequest, Limits, Media, Options, SampleRequest};

pub const TESTS: &[Test] = &[
    ("playlists_are_refused", playlists_are_refused),
    ("garbage_is_no_media", garbage_is_no_media),
    (
        "a_decoder_taken_over_can_do_nothing",
        a_decoder_taken_over_can_do_nothing,
    ),
    (
        "a_clock_that_jumps_wears_nobody_out",
        a_clock_that_jumps_wears_nobody_out,
    ),
    ("damaged_films_end", damaged_films_end),
    ("a_huge_picture_is_given_up", a_huge_picture_is_given_up),
    ("limits_end_the_decoder", limits_end_the_decoder),
    ("a_missing_program_is_named", a_missing_program_is_named),
    (
        "a_launcher_that_does_not_report_is_told",
        a_launcher_that_does_not_report_is_told,
    ),
];

fn both_ways(media: &Media, path: &Path) -> Vec<Error> {
    let frames = FrameRequest::default();
    [
        media.probe(path).err(),
        media
            .frames(path, &frames, &mut |_| ControlFlow::Continue(()))
            .err(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Texts that name another file or an address, under the names and contents by which ffmpeg would follow them.
fn playlists_are_refused() {
    let folder = Folder::new();
    let secret = folder.film("secret.ts", 1);
    let secret = secret.display();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let net = format!("http://{}/x.ts", listener.local_addr().unwrap());
    let hls =
        |target: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n");
    let dash = |target: &str| {
        format!(
            "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" \
             mediaPresentationDuration=\"PT1S\"><Period><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" \
             bandwidth=\"1\"><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
        )
    };
    let svg = |target: &str| {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><image href=\"{target}\"/></svg>"
        )
    };
    let texts = [
        ("film.m3u8", hls(&format!("file://{secret}"))),
        ("film.mp4", hls(&format!("file:{secret}"))),
        ("film.avi", hls(&format!("concat:{secret}|{secret}"))),
        ("net.mp4", hls(&net)),
        ("sub.mp4", hls(&format!("subfile,,start,0,end,0,,:{secret}"))),
        (
            "list.ffconcat",
            format!("ffconcat version 1.0\nfile '{secret}'\n"),
        ),
        ("list.mp4", format!("ffconcat version 1.0\nfile '{net}'\n")),
        ("film.mpd", dash(&format!("file://{secret}"))),
        ("dash.mp4", dash(&net)),
        ("drawing.svg", svg(&format!("file://{secret}"))),
        ("drawing.jpg", svg(&net)),
        (
            "session.sdp",
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n"
                .into(),
        ),
        ("redirect.mov", format!("[Reference]\r\nRef1={net}\r\n")),
        (
            "list.asx",
            format!("<ASX version=\"3.0\"><Entry><Ref href=\"{net}\"/></Entry></ASX>"),
        ),
        (
            "story.txt",
            "Once upon a time there was no film here.\n".repeat(40),
        ),
        ("graph.mp4", "testsrc=s=64x64:d=1".into()),
        ("art.nfo", "\u{1b}[31mred\u{1b}[0m\n".repeat(40)),
    ];
    for (name, text) in texts {
        let path = folder.write(name, text);
        let errors = both_ways(&media(), &path);
        assert_eq!(errors.len(), 2, "{name} gave media");
        for error in errors {
            assert!(
                matches!(error, Error::Refused(_) | Error::NotMedia(_)),
                "{name}: {error:?}"
            );
        }
    }
    let nobody = listener.accept().unwrap_err();
    assert_eq!(
        nobody.kind(),
        std::io::ErrorKind::WouldBlock,
        "somebody connected"
    );
}

fn garbage_is_no_media() {
    let folder = Folder::new();
    let mut state = 7_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(100_000)
    .collect();
    for (name, bytes) in [
        ("noise.mp4", noise.as_slice()),
        ("empty.mp4", b""),
        ("short.jpg", b"\xff\xd8\xff"),
    ] {
        let error = media().probe(&folder.write(name, bytes)).unwrap_err();
        assert!(matches!(error, Error::NotMedia(_)), "{name}: {error:?}");
    }
    let folder_error = media().probe(folder.path()).unwrap_err();
    assert!(matches!(folder_error, Error::Unreadable(..)), "{folder_error:?}");
}

fn a_huge_picture_is_given_up() {
    let folder = Folder::new();
    let picture = folder.render("-f lavfi -i color=white:s=3000x3000 -frames:v 1", "p.png");
    assert!(media().picture(&picture, 100, 1).is_ok());
    let small = limited(Limits {
        pixels: 1_000_000,
        ..Limits::default()
    });
    for error in [
        small.probe(&picture).unwrap_err(),
        small.picture(&picture, 100, 1).unwrap_err(),
    ] {
        assert_eq!(error, Error::Limit("pixels"));
    }
    // The head of a picture of 60 000 by 60 000 pixels: only its claim.
    let mut bytes = std::fs::read(&picture).unwrap();
    bytes[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let claim = folder.write("claim.png", bytes);
    assert!(matches!(
        media().probe(&claim),
        Err(Error::Limit("pixels") | Error::NotMedia(_))
    ));
}

fn limits_end_the_decoder() {
    let folder = Folder::new();
    let film = folder.film("a.mp4", 12);
    let broken = |limits: Limits| {
        limited(limits)
            .frames(
                &film,
                &FrameRequest::default(),
                &mut |_| ControlFlow::Continue(()),
            )
            .unwrap_err()
    };
    let limits = Limits::default;
    assert_eq!(
        broken(Limits {
            output: 100_000,
            ..limits()
        }),
        Error::Limit("output")
    );
    assert_eq!(
        broken(Limits {
            seconds: 5.0,
            ..limits()
        }),
        Error::Limit("length")
    );
    assert_eq!(
        broken(Limits {
            wall: Duration::from_millis(1),
            ..limits()
        }),
        Error::Limit("time")
    );
    assert_eq!(
        broken(Limits {
            quiet: Duration::from_millis(1),
            ..limits()
        }),
        Error::Limit("time without output")
    );
    // A film that would decode for long.
    let long = folder.render(
        "-f lavfi -i testsrc2=s=1280x720:r=50:d=12 -c:v libx264 -preset ultrafast",
        "long.mp4",
    );
    let hasty = limited(Limits {
        cpu: Duration::from_secs(1),
        ..limits()
    });
    let request = FrameRequest {
        rate: 50.0,
        max_side: 1280,
        ..FrameRequest::default()
    };
    let error = hasty
        .frames(&long, &request, &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert_eq!(error, Error::Limit("CPU time"));
    let poor = limited(Limits {
        memory: 24 << 20,
        ..limits()
    });
    let error = poor
        .frames(&long, &request, &mut |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert_eq!(error, Error::Limit("memory"));
}

fn a_missing_program_is_named() {
    let options = Options {
        ffmpeg: Some("/nowhere/ffmpeg".into()),
        ..Options::default()
    };
    assert_eq!(
        Media::new(options).unwrap_err(),
        Error::Missing("/nowhere/ffmpeg".into())
    );
}

fn a_launcher_that_does_not_report_is_told() {
    let options = Options {
        launcher: Some("/bin/true".into()),
        ..Options::default()
    };
    let error = Media::new(options).unwrap().probe(Path::new("/dev/null"));
    assert!(matches!(error, Err(Error::Unreadable(..))));
    let folder = Folder::new();
    let options = Options {
        launcher: Some("/bin/true".into()),
        ..Options::default()
    };
    let error = Media::new(options)
        .unwrap()
        .probe(&folder.write("a", b"a"))
        .unwrap_err();
    assert!(error.to_string().contains("enter_if_confined"), "{error}");
}

/// What a decoder that an input has taken over would try; every word that comes back is something it could do.
///
/// The tests' own program stands in for ffprobe: `main` comes here when it is started under that name.
pub fn try_everything() -> std::process::ExitCode {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixDatagram;
    use std::process::{Command, ExitCode};
    // The test wrote into its input where the other files and the listener are.
    let mut input = String::new();
    let _ = std::fs::File::open("/proc/self/fd/0").map(|mut file| file.read_to_string(&mut input));
    let mut words = input.lines();
    let (Some(secret), Some(address), Some(socket)) = (words.next(), words.next(), words.next()) else {
        return ExitCode::FAILURE;
    };
    let parent = rustix::process::getppid();
    let own = std::fs::metadata("/proc/self/fd/0");
    let attempts: [(&str, bool); 17] = [
        ("read a file", std::fs::read(secret).is_ok()),
        ("list a folder", std::fs::read_dir("/").is_ok()),
        ("read the users", std::fs::read("/etc/passwd").is_ok()),
        (
            "read its parent",
            parent.is_some_and(|p| std::fs::read(format!("/proc/{p}/environ")).is_ok()),
        ),
        (
            "write its input",
            std::fs::File::options()
                .write(true)
                .open("/proc/self/fd/0")
                .is_ok(),
        ),
        (
            "write a file",
            std::fs::write(format!("{secret}.new"), "x").is_ok(),
        ),
        (
            "make a folder",
            std::fs::create_dir(format!("{secret}.folder")).is_ok(),
        ),
        ("remove a file", std::fs::remove_file(secret).is_ok()),
        (
            "rename a file",
            std::fs::rename(secret, format!("{secret}.moved")).is_ok(),
        ),
        (
            "change a mode",
            own.is_ok_and(|found| std::fs::set_permissions(secret, found.permissions()).is_ok()),
        ),
        (
            "change an owner",
            std::os::unix::fs::chown(secret, Some(1), Some(1)).is_ok(),
        ),
        ("connect", std::net::TcpStream::connect(address).is_ok()),
        (
            "send a datagram",
            std::net::UdpSocket::bind("127.0.0.1:0").is_ok(),
        ),
        (
            "reach a local socket",
            UnixDatagram::unbound().is_ok_and(|s| s.send_to(b"x", socket).is_ok()),
        ),
        ("start a program", Command::new("/bin/true").spawn().is_ok()),
        (
            "signal its parent",
            parent.is_some_and(|p| rustix::process::test_kill_process(p).is_ok()),
        ),
        (
            "start no thread",
            std::thread::Builder::new().spawn(|| ()).is_err(),
        ),
    ];
    let could: Vec<&str> = attempts
        .iter()
        .filter(|(_, done)| *done)
        .map(|(what, _)| *what)
        .collect();
    let answer = format!(
        r#"{{"format":{{"format_name":"could: {}"}},"streams":[{{"index":0,"codec_type":"audio","codec_name":"x",
        "sample_rate":"8000","channels":1}}]}}"#,
        could.join(", ")
    );
    match std::io::stdout().write_all(answer.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn a_decoder_taken_over_can_do_nothing() {
    let folder = Folder::new();
    for name in ["ffmpeg", "ffprobe"] {
        std::fs::copy("/proc/self/exe", folder.path().join(name)).expect("a copy of this program");
    }
    let secret = folder.write("secret", "what it must not read");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let socket = folder.path().join("socket");
    let datagrams = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    datagrams.set_nonblocking(true).unwrap();
    let lines = format!(
        "{}\n{}\n{}\n",
        secret.display(),
        listener.local_addr().unwrap(),
        socket.display()
    );
    let input = folder.write("input", lines);
    let options = Options {
        ffmpeg: Some(folder.path().join("ffmpeg")),
        ..Options::default()
    };
    let media = Media::new(options).unwrap();
    let could = media.probe(&input).unwrap().container;
    if media.confinement().unwrap().landlock == "full" {
        assert_eq!(could, "could: ");
    } else {
        // Without Landlock the filter of calls still holds.
        for what in [
            "connect", "datagram", "socket", "program", "mode", "owner", "signal", "remove", "thread",
        ] {
            assert!(!could.contains(what), "{could}");
        }
    }
    assert!(listener.accept().is_err() && datagrams.recv(&mut [0; 8]).is_err());
    assert_eq!(std::fs::read(&secret).unwrap(), b"what it must not read");
    // The same program, not confined, could do these: the attempts are real.
    let free = std::process::Command::new(folder.path().join("ffprobe"))
        .stdin(std::fs::File::open(&input).unwrap())
        .output()
        .unwrap();
    let free = String::from_utf8(free.stdout).unwrap();
    for what in [
        "read a file",
        "write a file",
        "connect",
        "send a datagram",
        "start a program",
        "signal its parent",
    ] {
        assert!(free.contains(what), "{free}");
    }
}

/// A track whose clock jumps by ten hours, which would fill gigabytes with silence: what is behind the jump still comes.
fn a_clock_that_jumps_wears_nobody_out() {
    let folder = Folder::new();
    folder.render(
        "-f lavfi -i sine=d=2:r=8000 -f lavfi -i testsrc=s=64x48:r=10:d=2 -c:a pcm_s16le -c:v mjpeg",
        "even.mkv",
    );
    let jump = "-bsf:a setts=pts=PTS+gt(N\\,10)*36000000 -bsf:v setts=pts=PTS+gt(N\\,10)*36000000 -c copy";
    let film = folder.render(&format!("-i even.mkv {jump}"), "jump.mkv");
    let mut samples = 0;
    let request = SampleRequest {
        rate: 8000,
        from: None,
        until: None,
    };
    let sound = media().samples(&film, &request, &mut |piece| {
        samples += piece.len();
        ControlFlow::Continue(())
    });
    assert!(
        sound.is_ok() && (100 * 8000..140 * 8000).contains(&samples),
        "{samples} {sound:?}"
    );
    let mut frames = 0;
    let request = FrameRequest {
        rate: 2.0,
        ..FrameRequest::default()
    };
    let pictures = media().frames(&film, &request, &mut |_| {
        frames += 1;
        ControlFlow::Continue(())
    });
    assert!(
        pictures.is_ok() && (1190..1220).contains(&frames),
        "{frames} {pictures:?}"
    );
}

/// Films with bytes overturned at random: whatever comes of them, it comes soon, and nothing panics.
fn damaged_films_end() {
    let folder = Folder::new();
    let mut state = 99_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for name in ["a.mp4", "a.mkv", "a.ts"] {
        let whole = std::fs::read(folder.film(name, 2)).unwrap();
        for round in 0..4 {
            let mut bytes = whole.clone();
            for _ in 0..10_usize.pow(round) {
                // Half of the damage to the head, where the tables are.
                let reach = if random() % 2 == 0 {
                    2000.min(bytes.len())
                } else {
                    bytes.len()
                };
                bytes[random() % reach] = random() as u8;
            }
            let damaged = folder.write("damaged", &bytes);
            let media = limited(Limits {
                quiet: Duration::from_secs(20),
                seconds: 600.0,
                ..Limits::default()
            });
            let mut count = 0;
            let answer = media.frames(&damaged, &FrameRequest::default(), &mut |_| {
                count += 1;
                ControlFlow::Continue(())
            });
            match answer {
                Ok(decoded) => assert_eq!(decoded.count, count),
                Err(Error::NotMedia(_) | Error::Refused(_) | Error::Failed(_) | Error::Limit(_)) => {}
                Err(other) => panic!("{name}: {other:?}"),
            }
        }
    }
}
