//! What honest files give.

use crate::material::{Folder, Test, media};
use std::ops::ControlFlow;
use std::path::Path;
use swordnet_media::{Decoded, Depth, FrameRequest, SampleRequest};

pub const TESTS: &[Test] = &[
    ("facts_of_a_film", facts_of_a_film),
    (
        "frame_n_is_on_screen_at_n_over_rate",
        frame_n_is_on_screen_at_n_over_rate,
    ),
    (
        "a_late_picture_track_keeps_its_times",
        a_late_picture_track_keeps_its_times,
    ),
    ("key_frames_have_their_own_times", key_frames_have_their_own_times),
    ("a_quick_look_is_nearly_in_time", a_quick_look_is_nearly_in_time),
    ("shapes_and_turns", shapes_and_turns),
    ("a_film_that_changes_size_midway", a_film_that_changes_size_midway),
    ("samples_are_in_time", samples_are_in_time),
    ("breaking_off_is_quiet", breaking_off_is_quiet),
    ("pictures_of_every_kind", pictures_of_every_kind),
    (
        "pictures_are_as_ffmpeg_shows_them",
        pictures_are_as_ffmpeg_shows_them,
    ),
    (
        "what_is_known_of_a_file_goes_with_its_bytes",
        what_is_known_of_a_file_goes_with_its_bytes,
    ),
    ("a_still_is_what_is_on_screen", a_still_is_what_is_on_screen),
    ("a_spectrogram_shows_the_tone", a_spectrogram_shows_the_tone),
    (
        "a_truncated_film_gives_its_beginning_and_a_note",
        a_truncated_film_gives_its_beginning_and_a_note,
    ),
    ("this_system_confines_fully", this_system_confines_fully),
];

/// Times and mean brightness of the frames.
fn frames(path: &Path, request: &FrameRequest) -> (Vec<(f64, u8)>, Decoded) {
    let mut seen = Vec::new();
    let decoded = media()
        .frames(path, request, &mut |frame| {
            let channels = usize::from(request.channels);
            assert_eq!(
                frame.pixels.len(),
                frame.width as usize * frame.height as usize * channels
            );
            let sum: u64 = frame.pixels.iter().map(|&p| u64::from(p)).sum();
            seen.push((frame.time, (sum / frame.pixels.len() as u64) as u8));
            ControlFlow::Continue(())
        })
        .expect("frames");
    assert_eq!(decoded.count, seen.len() as u64);
    (seen, decoded)
}

/// Which frame of `Folder::film` has this full-range brightness.
fn frame_number(brightness: u8) -> f64 {
    f64::from(brightness) / 255.0 * 219.0 / 2.0
}

fn facts_of_a_film() {
    let folder = Folder::new();
    let facts = media().probe(&folder.film("a.mp4", 2)).unwrap();
    assert!(facts.container.contains("mp4") && !facts.still);
    assert!((facts.seconds - 2.0).abs() < 0.1);
    let video = facts.video.unwrap();
    assert_eq!(
        (video.codec.as_str(), video.width, video.height, video.rate),
        ("h264", 320, 180, 25.0)
    );
    let audio = facts.audio.unwrap();
    assert_eq!(
        (audio.codec.as_str(), audio.rate, audio.channels),
        ("aac", 44100, 1)
    );
}

fn frame_n_is_on_screen_at_n_over_rate() {
    let folder = Folder::new();
    for name in ["a.mp4", "a.mkv", "a.ts", "a.flv"] {
        let film = folder.film(name, 4);
        for (from, until) in [
            (None, None),
            (Some(1.5), None),
            (Some(0.5), Some(2.0)),
            (Some(2.02), Some(3.0)),
        ] {
            let request = FrameRequest {
                rate: 8.0,
                from,
                until,
                ..FrameRequest::default()
            };
            let (seen, decoded) = frames(&film, &request);
            let first = from.unwrap_or(0.0);
            let expected = ((until.unwrap_or(4.0) - first) * 8.0).ceil() as usize;
            // At the end of the film, its clock's rounding may leave the last picture on screen for one moment more.
            let more = seen.len().wrapping_sub(expected);
            assert!(
                more == 0 || (until.is_none() && more == 1),
                "{name} {from:?} {until:?} {decoded:?}"
            );
            for (n, &(time, brightness)) in seen.iter().enumerate().take(expected) {
                assert!((time - (first + n as f64 / 8.0)).abs() < 1e-9);
                let shown = frame_number(brightness);
                // Matroska's clock ticks in milliseconds: a picture may come one tick late.
                let on_screen = (time * 25.0 + 1e-6).floor();
                assert!(
                    (shown - on_screen).abs() < 1.3,
                    "{name} {from:?} at {time}: {shown} for {on_screen}"
                );
            }
            assert!(decoded.notes.is_empty(), "{:?}", decoded.notes);
        }
    }
}

fn a_late_picture_track_keeps_its_times() {
    let folder = Folder::new();
    folder.film("a.mp4", 2);
    let late = folder.render(
        "-itsoffset 1 -i a.mp4 -i a.mp4 -map 0:v -map 1:a -c copy",
        "late.mkv",
    );
    let (seen, _) = frames(
        &late,
        &FrameRequest {
            rate: 5.0,
            ..FrameRequest::default()
        },
    );
    assert!((15..=16).contains(&seen.len()), "{}", seen.len());
    assert!(
        seen[..6].iter().all(|&(_, b)| b < 3),
        "the first picture stands in for what is missing: {seen:?}"
    );
    assert!((frame_number(seen[10].1) - 25.0).abs() < 1.1, "{seen:?}");
}

fn a_quick_look_is_nearly_in_time() {
    let folder = Folder::new();
    // The longest rows of frames that nothing is built on.
    let film = folder.render(
        "-f lavfi -i color=black:s=16x16:r=25:d=4,format=yuv420p,geq=lum=16+mod(N\\,110)*2:cb=128:cr=128,scale=320:180 \
         -c:v libx264 -bf 4 -b_strategy 0 -x264-params b-pyramid=none -qp 4",
        "b.mp4",
    );
    let request = FrameRequest {
        rate: 4.0,
        depth: Depth::Quick,
        ..FrameRequest::default()
    };
    let (seen, _) = frames(&film, &request);
    assert_eq!(seen.len(), 16);
    for (time, brightness) in seen {
        let late = time * 25.0 - frame_number(brightness);
        assert!((-1.1..=5.1).contains(&late), "{time}: {late} frames late");
    }
}

fn key_frames_have_their_own_times() {
    let folder = Folder::new();
    for name in ["a.mp4", "a.ts"] {
        let film = folder.film(name, 7);
        let every = FrameRequest {
            depth: Depth::KeyFrames,
            ..FrameRequest::default()
        };
        let times = |request| {
            frames(&film, &request)
                .0
                .into_iter()
                .map(|(t, _)| t)
                .collect::<Vec<_>>()
        };
        let near =
            |a: Vec<f64>, b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.05);
        assert!(near(times(every.clone()), &[0.0, 2.0, 4.0, 6.0]), "{name}");
        assert!(
            near(
                times(FrameRequest {
                    from: Some(3.0),
                    until: Some(5.0),
                    ..every.clone()
                }),
                &[4.0]
            ),
            "{name}"
        );
        assert!(
            near(times(FrameRequest { rate: 0.3, ..every }), &[0.0, 4.0]),
            "{name}: at most 0.3 a second"
        );
    }
}

fn shapes_and_turns() {
    let folder = Folder::new();
    // Left half white; turned, it is the upper or lower half.
    folder.render(
        "-f lavfi -i color=black:s=320x180:d=1:r=5 -vf drawbox=0:0:160:180:white:fill -c:v libx264",
        "plain.mp4",
    );
    let size = |name: &str, max_side| {
        let picture = media().picture(&folder.path().join(name), max_side, 1).unwrap();
        let mean = |rows: &[u8]| rows.iter().map(|&p| u32::from(p)).sum::<u32>() / rows.len() as u32;
        let (upper, lower) = picture.pixels.split_at(picture.pixels.len() / 2);
        (
            picture.width,
            picture.height,
            mean(upper) > 200,
            mean(lower) > 200,
        )
    };
    assert_eq!(size("plain.mp4", 160), (160, 90, false, false));
    assert_eq!(size("plain.mp4", 1000), (320, 180, false, false), "never larger");
    for (degrees, upper) in [(90, true), (270, false)] {
        let name = format!("turned{degrees}.mp4");
        folder.render(
            &format!("-i plain.mp4 -c copy -metadata:s:v rotate={degrees}"),
            &name,
        );
        // ffmpeg's own turning is the measure.
        let reference = folder.render(
            &format!("-i {name} -frames:v 1 -pix_fmt gray"),
            &format!("{degrees}.png"),
        );
        let own = media().picture(&reference, 160, 1).unwrap();
        let ours = media().picture(&folder.path().join(&name), 160, 1).unwrap();
        assert_eq!(
            (own.width, own.height, own.pixels[0] > 128),
            (ours.width, ours.height, ours.pixels[0] > 128)
        );
        assert_eq!(
            (ours.width, ours.height, ours.pixels[0] > 128),
            (90, 160, !upper),
            "{degrees}"
        );
        let facts = media().probe(&folder.path().join(&name)).unwrap().video.unwrap();
        assert_eq!((facts.width, facts.height), (180, 320));
    }
    folder.render(
        "-f lavfi -i color=white:s=360x288:d=1:r=5,setsar=16/11 -c:v libx264",
        "wide.mp4",
    );
    assert_eq!(size("wide.mp4", 10_000), (360, 198, true, true));
    assert_eq!(size("wide.mp4", 180), (180, 99, true, true));
}

fn a_film_that_changes_size_midway() {
    let folder = Folder::new();
    folder.render(
        "-f lavfi -i color=red:s=320x180:d=2:r=10 -c:v mpeg2video -f mpegts",
        "one.ts",
    );
    folder.render(
        "-f lavfi -i color=red:s=640x480:d=2:r=10 -c:v mpeg2video -output_ts_offset 2 -f mpegts",
        "two.ts",
    );
    let parts = ["one.ts", "two.ts"].map(|name| std::fs::read(folder.path().join(name)).unwrap());
    let both = folder.write("both.ts", parts.concat());
    let (seen, _) = frames(
        &both,
        &FrameRequest {
            rate: 5.0,
            max_side: 160,
            ..FrameRequest::default()
        },
    );
    assert!((19..=21).contains(&seen.len()), "{}", seen.len());
}

fn samples_are_in_time() {
    let folder = Folder::new();
    // Silence, then a tone from second 1 on.
    let sound = folder.render(
        "-f lavfi -i aevalsrc=gte(t\\,1)*0.5*sin(2*PI*440*t):d=3:s=48000 -c:a aac",
        "s.m4a",
    );
    let load = |from, until| {
        let mut all: Vec<f32> = Vec::new();
        let request = SampleRequest {
            rate: 8000,
            from,
            until,
        };
        let decoded = media().samples(&sound, &request, &mut |s| {
            all.extend_from_slice(s);
            ControlFlow::Continue(())
        });
        assert_eq!(decoded.unwrap().count, all.len() as u64);
        all
    };
    let onset = |samples: &[f32]| samples.iter().position(|s| s.abs() > 0.1).unwrap() as f64 / 8000.0;
    let all = load(None, None);
    assert!((all.len() as f64 / 8000.0 - 3.0).abs() < 0.1);
    assert!((onset(&all) - 1.0).abs() < 0.03, "{}", onset(&all));
    let part = load(Some(0.5), Some(1.5));
    assert!((part.len() as f64 / 8000.0 - 1.0).abs() < 0.05, "{}", part.len());
    assert!((onset(&part) - 0.5).abs() < 0.03, "{}", onset(&part));
}

fn breaking_off_is_quiet() {
    let folder = Folder::new();
    let film = folder.film("a.mp4", 20);
    let mut count = 0;
    let decoded = media().frames(&film, &FrameRequest::default(), &mut |_| {
        count += 1;
        if count == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let decoded = decoded.unwrap();
    assert!(decoded.stopped && decoded.notes.is_empty(), "{decoded:?}");
    assert_eq!((count, decoded.count), (3, 3));
}

fn pictures_of_every_kind() {
    let folder = Folder::new();
    for name in ["p.jpg", "p.png", "p.webp", "p.gif", "p.bmp", "p.tif", "p.ppm"] {
        let path = folder.render("-f lavfi -i color=0xff8000:s=64x48 -frames:v 1", name);
        let facts = media().probe(&path).unwrap();
        assert!(facts.still && facts.audio.is_none(), "{name}: {facts:?}");
        let picture = media().picture(&path, 32, 3).unwrap();
        assert_eq!(
            (picture.width, picture.height, picture.channels),
            (32, 24, 3),
            "{name}"
        );
        let (r, g, b) = (picture.pixels[0], picture.pixels[1], picture.pixels[2]);
        assert!(
            r > 240 && (110..=145).contains(&g) && b < 20,
            "{name}: {r} {g} {b}"
        );
    }
    // A photograph taken with the camera on its side (Exif orientation 6): the player turns it right.
    let upright = std::fs::read(folder.render("-f lavfi -i color=red:s=64x48 -frames:v 1", "q.jpg")).unwrap();
    let exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let segment = [b"\xff\xe1\0".as_slice(), &[exif.len() as u8 + 2], exif].concat();
    let turned = folder.write("turned.jpg", [&upright[..2], &segment, &upright[2..]].concat());
    let facts = media().probe(&turned).unwrap().video.unwrap();
    assert_eq!((facts.width, facts.height), (48, 64));
    let picture = media().picture(&turned, 32, 1).unwrap();
    assert_eq!((picture.width, picture.height), (24, 32));
    // The name means nothing, not even one that ffmpeg would take for a numbered series.
    let odd = folder.path().join("%03d holiday*.mp4");
    std::fs::copy(folder.path().join("p.png"), &odd).unwrap();
    assert!(media().probe(&odd).unwrap().still);
    let moving = folder.render("-f lavfi -i testsrc=s=64x48:d=1:r=10", "moving.gif");
    assert!(!media().probe(&moving).unwrap().still);
    assert_eq!(media().picture(&moving, 64, 1).unwrap().pixels.len(), 64 * 48);
}

/// Pictures are decoded without ffmpeg; ffmpeg's own rendering is the measure.
fn pictures_are_as_ffmpeg_shows_them() {
    let folder = Folder::new();
    let scene = "-f lavfi -i testsrc2=s=640x480 -frames:v 1";
    for name in ["p.jpg", "p.png", "p.webp", "p.bmp"] {
        let path = folder.render(scene, name);
        let ours = media().picture(&path, 200, 1).unwrap();
        let theirs = folder.render(
            &format!("-i {name} -vf scale=200:150:flags=area -pix_fmt gray -f rawvideo"),
            "theirs",
        );
        let theirs = std::fs::read(theirs).unwrap();
        assert_eq!(
            (ours.width, ours.height, ours.pixels.len()),
            (200, 150, theirs.len())
        );
        let apart: u32 = ours
            .pixels
            .iter()
            .zip(&theirs)
            .map(|(&a, &b)| u32::from(a.abs_diff(b)))
            .sum();
        assert!(
            apart < 4 * theirs.len() as u32,
            "{name}: {apart} over {} pixels",
            theirs.len()
        );
    }
    // Cut off, it still shows its upper half; a series of pictures is a film.
    let whole = std::fs::read(folder.path().join("p.jpg")).unwrap();
    let half = folder.write("half.jpg", &whole[..whole.len() / 2]);
    assert_eq!(media().picture(&half, 200, 1).unwrap().pixels.len(), 200 * 150);
    let series = folder.render(
        "-f lavfi -i testsrc2=s=64x48:d=2:r=10 -c:v mjpeg -f mjpeg",
        "series.jpg",
    );
    assert!(!media().probe(&series).unwrap().still);
}

fn what_is_known_of_a_file_goes_with_its_bytes() {
    let folder = Folder::new();
    let media = media();
    let path = folder.film("a.mp4", 2);
    assert!(media.probe(&path).unwrap().audio.is_some());
    folder.render("-f lavfi -i color=white:s=64x48:d=1:r=5 -c:v libx264", "a.mp4");
    let facts = media.probe(&path).unwrap();
    assert!(facts.audio.is_none() && facts.video.unwrap().width == 64);
}

fn a_still_is_what_is_on_screen() {
    let folder = Folder::new();
    let film = folder.film("a.mp4", 4);
    for at in [0.0, 0.5, 1.99, 3.3, 3.99] {
        let still = media().still(&film, at, 64).unwrap();
        let mean = still.pixels.iter().map(|&p| u32::from(p)).sum::<u32>() / still.pixels.len() as u32;
        let shown = frame_number(mean as u8);
        assert!((shown - (at * 25.0_f64).floor()).abs() < 1.1, "at {at}: {shown}");
    }
}

fn a_spectrogram_shows_the_tone() {
    let folder = Folder::new();
    let sound = folder.render("-f lavfi -i sine=f=2750:d=4", "s.flac");
    let picture = media().spectrogram(&sound, 1.0, 3.0, 200, 100).unwrap();
    assert_eq!(
        (picture.width, picture.height, picture.pixels.len()),
        (200, 100, 60_000)
    );
    let light = |row: usize| {
        picture.pixels[row * 600..(row + 1) * 600]
            .iter()
            .map(|&p| u32::from(p))
            .sum::<u32>()
    };
    let brightest = (0..100).max_by_key(|&row| light(row)).unwrap();
    assert!(
        (45..=55).contains(&brightest),
        "half of 5512 Hz is in the middle: {brightest}"
    );
}

fn a_truncated_film_gives_its_beginning_and_a_note() {
    let folder = Folder::new();
    folder.film("a.mp4", 10);
    let whole = folder.render("-i a.mp4 -c copy -movflags faststart", "fast.mp4");
    let bytes = std::fs::read(whole).unwrap();
    let half = folder.write("half.mp4", &bytes[..bytes.len() / 2]);
    let (seen, decoded) = frames(&half, &FrameRequest::default());
    assert!((20..70).contains(&seen.len()), "{}", seen.len());
    assert!(
        decoded.notes.iter().any(|note| note.contains("cut off")),
        "{:?}",
        decoded.notes
    );
}

fn this_system_confines_fully() {
    let confinement = media().confinement().unwrap();
    assert!(
        confinement.seccomp,
        "seccomp is in every kernel that Debian ships: {confinement:?}"
    );
    // An older kernel (before 5.13) has no Landlock; what it lacks is then told with every decoding.
    assert_eq!(confinement.note().is_none(), confinement.landlock == "full");
}
