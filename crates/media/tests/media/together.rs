//! The pictures and the sound of a film in one run: what each gives alone.

use crate::material::{Folder, Test, limited, media};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;
use swordnet_media::{Decoded, Depth, Error, FrameRequest, Limits, Media, SampleRequest};

pub const TESTS: &[Test] = &[
    (
        "together_they_are_what_each_is_alone",
        together_they_are_what_each_is_alone,
    ),
    (
        "a_late_sound_keeps_its_times_in_every_container",
        a_late_sound_keeps_its_times_in_every_container,
    ),
    (
        "a_long_track_does_not_wait_for_a_short_one",
        a_long_track_does_not_wait_for_a_short_one,
    ),
    (
        "a_broken_track_leaves_the_other_to_be_had",
        a_broken_track_leaves_the_other_to_be_had,
    ),
    ("either_receiver_ends_both", either_receiver_ends_both),
    ("a_limit_ends_both", a_limit_ends_both),
];

const SOUND: SampleRequest = SampleRequest {
    rate: 8000,
    from: None,
    until: None,
};

/// Times and pixels, one frame after another.
type Frames = Vec<(f64, Vec<u8>)>;
type Got<T> = (T, Decoded);

fn pictures_of(media: &Media, path: &Path, request: &FrameRequest) -> Result<Got<Frames>, Error> {
    let mut seen = Vec::new();
    let decoded = media.frames(path, request, &mut |frame| {
        seen.push((frame.time, frame.pixels.to_vec()));
        ControlFlow::Continue(())
    })?;
    Ok((seen, decoded))
}

fn sound_of(media: &Media, path: &Path) -> Result<Got<Vec<f32>>, Error> {
    let mut heard = Vec::new();
    let decoded = media.samples(path, &SOUND, &mut |samples| {
        heard.extend_from_slice(samples);
        ControlFlow::Continue(())
    })?;
    Ok((heard, decoded))
}

fn both_of(
    media: &Media,
    path: &Path,
    request: &FrameRequest,
) -> Result<(Got<Frames>, Got<Vec<f32>>), Error> {
    let (mut seen, mut heard) = (Vec::new(), Vec::new());
    let (pictures, sound) = media.film(
        path,
        request,
        &SOUND,
        &mut |frame| {
            seen.push((frame.time, frame.pixels.to_vec()));
            ControlFlow::Continue(())
        },
        &mut |samples| {
            heard.extend_from_slice(samples);
            ControlFlow::Continue(())
        },
    )?;
    Ok(((seen, pictures), (heard, sound)))
}

/// Films of every sort that has once gone wrong somewhere.
fn films(folder: &Folder) -> Vec<PathBuf> {
    let base = folder.film("base.mp4", 6);
    let copies = [
        ("even", "-i base.mp4 -c copy"),
        (
            "late-sound",
            "-i base.mp4 -itsoffset 2.6 -i base.mp4 -map 0:v -map 1:a -c copy",
        ),
        (
            "late-pictures",
            "-itsoffset 1.3 -i base.mp4 -i base.mp4 -map 0:v -map 1:a -c copy",
        ),
        (
            "long-sound",
            "-t 2 -i base.mp4 -i base.mp4 -map 0:v -map 1:a -c copy",
        ),
        (
            "long-pictures",
            "-i base.mp4 -t 2 -i base.mp4 -map 0:v -map 1:a -c copy",
        ),
    ];
    let mut films = vec![base];
    for (name, arguments) in copies {
        for container in ["mp4", "mkv", "ts", "flv"] {
            films.push(folder.render(arguments, &format!("{name}.{container}")));
        }
    }
    films.push(folder.render("-i base.mp4 -c copy -metadata:s:v rotate=90", "turned.mp4"));
    for (name, size, offset) in [("one.ts", "320x180", 0), ("two.ts", "640x480", 3)] {
        folder.render(
            &format!(
                "-f lavfi -i testsrc2=s={size}:r=25:d=3 -f lavfi -i sine=d=3 -c:v mpeg2video -c:a mp2 \
                 -output_ts_offset {offset} -f mpegts"
            ),
            name,
        );
    }
    let parts = ["one.ts", "two.ts"].map(|name| std::fs::read(folder.path().join(name)).unwrap());
    films.push(folder.write("changing.ts", parts.concat()));
    let whole = std::fs::read(folder.path().join("even.mkv")).unwrap();
    films.push(folder.write("half.mkv", &whole[..whole.len() / 2]));
    films
}

fn together_they_are_what_each_is_alone() {
    let (folder, media) = (Folder::new(), media());
    for film in films(&folder) {
        for depth in [Depth::Full, Depth::Quick] {
            let request = FrameRequest {
                rate: 4.0,
                max_side: 96,
                depth,
                ..FrameRequest::default()
            };
            let (pictures, sound) = both_of(&media, &film, &request).unwrap();
            let alone = pictures_of(&media, &film, &request).unwrap();
            let what = format!("{} {depth:?}", film.display());
            assert!(
                !pictures.0.is_empty() && pictures.0 == alone.0,
                "pictures of {what}"
            );
            assert_eq!(
                (pictures.1.count, pictures.1.end, pictures.1.stopped),
                (alone.1.count, alone.1.end, false),
                "{what}"
            );
            let alone = sound_of(&media, &film).unwrap();
            assert!(!sound.0.is_empty() && sound.0 == alone.0, "sound of {what}");
            assert_eq!(
                (sound.1.count, sound.1.end),
                (alone.1.count, alone.1.end),
                "{what}"
            );
        }
    }
}

fn a_late_sound_keeps_its_times_in_every_container() {
    let (folder, media) = (Folder::new(), media());
    films(&folder);
    for container in ["mp4", "mkv", "ts", "flv"] {
        let film = folder.path().join(format!("late-sound.{container}"));
        let (heard, _) = sound_of(&media, &film).unwrap();
        let onset = heard.iter().position(|s| s.abs() > 0.05).unwrap() as f64 / 8000.0;
        assert!((onset - 2.6).abs() < 0.1, "{container}: {onset}");
    }
}

/// Each pipe holds a small part of what comes: who reads one to its end before the other waits for ever.
fn a_long_track_does_not_wait_for_a_short_one() {
    let folder = Folder::new();
    let hasty = limited(Limits {
        quiet: Duration::from_secs(60),
        ..Limits::default()
    });
    for (pictures, sound) in [(2, 900), (900, 2)] {
        let film = folder.render(
            &format!(
                "-f lavfi -i testsrc=s=320x240:r=5:d={pictures} -f lavfi -i sine=d={sound}:r=8000 -c:v mjpeg -q:v 20 \
                 -c:a pcm_s16le"
            ),
            "uneven.mkv",
        );
        let ((seen, _), (heard, _)) = both_of(&hasty, &film, &FrameRequest::default()).unwrap();
        assert!(seen.len().abs_diff(pictures * 8) <= 2, "{}", seen.len());
        assert!(heard.len().abs_diff(sound * 8000) < 800, "{}", heard.len());
    }
}

fn a_broken_track_leaves_the_other_to_be_had() {
    let (folder, media) = (Folder::new(), media());
    folder.film("base.mp4", 4);
    let request = FrameRequest::default();
    let whole = folder.path().join("base.mp4");
    let (all_seen, _) = pictures_of(&media, &whole, &request).unwrap();
    let (all_heard, _) = sound_of(&media, &whole).unwrap();
    for (kind, container) in [("a", "mkv"), ("a", "mp4"), ("v", "mkv"), ("v", "mp4")] {
        let film = folder.render(
            &format!("-i base.mp4 -c copy -bsf:{kind} noise=amount=1"),
            &format!("broken.{container}"),
        );
        let alone = (pictures_of(&media, &film, &request), sound_of(&media, &film));
        match both_of(&media, &film, &request) {
            Ok((pictures, sound)) => {
                assert_eq!(pictures.0, alone.0.as_ref().unwrap().0, "{kind} {container}");
                assert_eq!(sound.0, alone.1.as_ref().unwrap().0, "{kind} {container}");
            }
            Err(Error::Limit(limit)) => panic!("{kind} {container}: {limit}"),
            Err(_) => {}
        }
        if kind == "a" {
            assert!(
                alone.0.unwrap().0.len().abs_diff(all_seen.len()) <= 1,
                "{container}"
            );
        } else {
            let heard = alone.1.unwrap().0.len();
            assert!(heard.abs_diff(all_heard.len()) < 800, "{container}: {heard}");
        }
    }
    let silent = folder.render("-i base.mp4 -c copy -an", "silent.mp4");
    assert!(matches!(
        both_of(&media, &silent, &request),
        Err(Error::NotMedia(_))
    ));
}

fn either_receiver_ends_both() {
    let (folder, media) = (Folder::new(), media());
    let film = folder.film("a.mp4", 20);
    for (most_frames, most_pieces) in [(3, 1_000_000), (1_000_000, 2)] {
        let (mut seen, mut heard) = (0, 0);
        let until = |count: &mut u64, most| {
            *count += 1;
            if *count == most {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let (pictures, sound) = media
            .film(
                &film,
                &FrameRequest::default(),
                &SOUND,
                &mut |_| until(&mut seen, most_frames),
                &mut |_| {
                    heard += 1;
                    if heard == most_pieces {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                },
            )
            .unwrap();
        assert!(pictures.stopped && sound.stopped, "{pictures:?} {sound:?}");
        assert!(
            pictures.notes.is_empty() && sound.notes.is_empty(),
            "{pictures:?} {sound:?}"
        );
        assert_eq!(pictures.count, seen);
    }
}

fn a_limit_ends_both() {
    let folder = Folder::new();
    let film = folder.film("a.mp4", 12);
    let request = FrameRequest::default();
    let broken = |limits: Limits| both_of(&limited(limits), &film, &request).unwrap_err();
    let limits = Limits::default;
    for (limits, named) in [
        (
            Limits {
                output: 100_000,
                ..limits()
            },
            "output",
        ),
        (
            Limits {
                seconds: 5.0,
                ..limits()
            },
            "length",
        ),
        (
            Limits {
                quiet: Duration::from_millis(1),
                ..limits()
            },
            "time without output",
        ),
    ] {
        assert_eq!(broken(limits), Error::Limit(named));
    }
    let part = FrameRequest {
        from: Some(1.0),
        ..request.clone()
    };
    assert!(matches!(both_of(&media(), &film, &part), Err(Error::Refused(_))));
}
