//! The facts of MP4 files, with ffprobe and without.

use crate::material::{Folder, Test, media};
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use swordnet_media::{Facts, Media, Options, SampleRequest};

pub const TESTS: &[Test] = &[
    (
        "ordinary_films_are_known_without_ffprobe",
        ordinary_films_are_known_without_ffprobe,
    ),
    (
        "what_is_not_ordinary_is_left_to_ffprobe",
        what_is_not_ordinary_is_left_to_ffprobe,
    ),
    ("a_second_opinion_is_asked", a_second_opinion_is_asked),
    ("damaged_indexes_deceive_nobody", damaged_indexes_deceive_nobody),
];

const PICTURE: &str = "-f lavfi -i testsrc=s=320x180:r=25:d=2,setsar=1";
const SOUND: &str = "-f lavfi -i sine=f=440:r=48000:d=2";
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// With an ffprobe that fails.
fn alone(folder: &Folder) -> Media {
    let ffmpeg = folder.path().join("ffmpeg");
    let path = std::env::var_os("PATH").unwrap();
    let mut found = std::env::split_paths(&path).map(|dir| dir.join("ffmpeg"));
    symlink(found.find(|path| path.is_file()).unwrap(), &ffmpeg).unwrap();
    symlink("/bin/false", folder.path().join("ffprobe")).unwrap();
    let ffmpeg = Some(ffmpeg);
    Media::new(Options {
        ffmpeg,
        ..Options::default()
    })
    .unwrap()
}

/// The file with a box behind it that means nothing to ffmpeg.
fn odd(path: &Path) -> PathBuf {
    let odd = path.with_extension("odd");
    let bytes = [&std::fs::read(path).unwrap()[..], b"\0\0\0\x08none"].concat();
    std::fs::write(&odd, bytes).unwrap();
    odd
}

fn same(one: &Facts, other: &Facts) -> bool {
    let rate = |facts: &Facts| facts.video.as_ref().map_or(0.0, |video| video.rate);
    let mut near = other.clone();
    if let (Some(video), Some(told)) = (&mut near.video, &one.video) {
        video.rate = told.rate;
    }
    near == *one && (rate(one) - rate(other)).abs() <= 1e-6 * rate(one)
}

fn ordinary_films_are_known_without_ffprobe() {
    let folder = Folder::new();
    let alone = alone(&folder);
    let ordinary = [
        format!("{PICTURE} {SOUND} {H264} -c:a aac -shortest"),
        format!("{PICTURE} {SOUND} {H264} -c:a aac -ac 2 -ar 44100 -movflags +faststart"),
        format!("{SOUND} {PICTURE} {H264} -c:a aac -map 0 -map 1"),
        format!("{PICTURE} {H264} -bf 2 -g 12"),
        format!("{SOUND} -c:a aac"),
        // Cropped and interlaced, in 4:4:4, at uneven times.
        format!("{PICTURE} -vf scale=322:184,setsar=1 {H264} -flags +ilme+ildct"),
        format!("{PICTURE} -vf scale=321:181,setsar=1 -c:v libx264 -preset ultrafast -pix_fmt yuv444p"),
        format!("{PICTURE} -vf select=not(mod(n\\,3))+not(mod(n\\,7)) -vsync vfr {H264}"),
        format!("{PICTURE} -r 30000/1001 {H264}"),
        format!("{PICTURE} {H264} -bsf:v dump_extra"),
    ];
    for (n, arguments) in ordinary.iter().enumerate() {
        let film = folder.render(arguments, &format!("{n}.mp4"));
        let facts = alone.probe(&film);
        let facts = facts.unwrap_or_else(|e| panic!("{arguments}: {e}"));
        let told = media().probe(&odd(&film)).unwrap();
        assert!(same(&facts, &told), "{arguments}:\n{facts:?}\n{told:?}");
        // The tracks are found under their numbers.
        assert_eq!(alone.picture(&film, 64, 1).is_ok(), facts.video.is_some());
        let all = SampleRequest {
            rate: 8000,
            from: None,
            until: None,
        };
        let heard = alone.samples(&film, &all, &mut |_| ControlFlow::Continue(()));
        assert_eq!(heard.is_ok(), facts.audio.is_some(), "{arguments}");
    }
    let film = folder.path().join("0.mp4");
    let cut = format!("-ss 0.5 -i {} -c copy", film.display());
    let cut = folder.render(&cut, "cut.mp4");
    let told = media().probe(&odd(&cut)).unwrap();
    assert!(same(&media().probe(&cut).unwrap(), &told), "{told:?}");
}

fn what_is_not_ordinary_is_left_to_ffprobe() {
    let folder = Folder::new();
    let alone = alone(&folder);
    folder.write("a.srt", "1\n00:00:00,000 --> 00:00:01,000\nA\n");
    folder.render("-f lavfi -i color=red:s=64x64 -frames:v 1", "cover.png");
    folder.render(&format!("{PICTURE} {SOUND} {H264} -c:a aac"), "a.mp4");
    let others = [
        format!("{PICTURE} -vf setsar=4/3 {H264}"),
        format!("{PICTURE} {H264} -aspect 4:3"),
        format!("{PICTURE} {H264} -movflags +frag_keyframe+empty_moov"),
        format!("{PICTURE} -f srt -i a.srt {H264} -c:s mov_text"),
        "-i a.mp4 -i cover.png -map 0 -map 1 -c copy -disposition:v:1 attached_pic".into(),
        "-i a.mp4 -map 0:v -map 0:v -c copy".into(),
        "-i a.mp4 -map 0:v -c copy -frames:v 1".into(),
        "-i a.mp4 -c copy -timecode 00:00:01:00".into(),
        "-i a.mp4 -c copy -encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb \
         -encryption_kid a7e61c373e219033c21091fa607bf3b8"
            .into(),
        format!("{SOUND} -c:a aac -ar 22050"),
        format!("{SOUND} -c:a libmp3lame"),
        format!("{PICTURE} -c:v mpeg4"),
    ];
    for (n, arguments) in others.iter().enumerate() {
        let film = folder.render(arguments, &format!("{n}.mp4"));
        assert!(alone.probe(&film).is_err(), "{arguments}");
        assert!(media().probe(&film).is_ok(), "{arguments}");
    }
}

/// What says one thing to us and another to ffmpeg.
fn a_second_opinion_is_asked() {
    let folder = Folder::new();
    let alone = alone(&folder);
    let arguments = format!("{PICTURE} {SOUND} {H264} -bsf:v dump_extra -c:a aac");
    let film = folder.render(&arguments, "a.mp4");
    let bytes = std::fs::read(&film).unwrap();
    let find = |from: usize, word: &[u8]| from + bytes[from..].windows(4).position(|w| w == word).unwrap();
    let index = find(0, b"moov");
    let at = |word: &[u8]| find(index, word);
    let with = |at: usize, new: &[u8]| {
        let mut changed = bytes.clone();
        changed[at..at + new.len()].copy_from_slice(new);
        changed
    };
    let set = &bytes[at(b"avcC") + 12..][..16];
    let again = bytes.windows(16).position(|w| w == set).unwrap();
    assert!(again < index);
    let moov = &bytes[at(b"moov") - 4..];
    let mut hidden = moov.to_vec();
    hidden[4..8].copy_from_slice(b"free");
    let head = &bytes[..find(0, b"mdat") - 12];
    let quarter = [[0; 4], [0, 1, 0, 0], [0; 4], [0xff, 0xff, 0, 0], [0; 4]].concat();
    let forged = [
        ("turned", with(at(b"tkhd") + 44, &quarter)),
        ("another width", with(at(b"avc1") + 28, &[0, 90])),
        ("a hidden index", [head, &hidden, &bytes[head.len()..]].concat()),
        ("two indexes", [&bytes[..], moov].concat()),
        ("another rate", with(at(b"mp4a") + 28, &[0x56, 0x22])),
        ("another level", with(again + 3, &[0xff])),
        ("no end", bytes[..bytes.len() - 9].to_vec()),
        ("no frames", bytes[at(b"moov") - 4..].to_vec()),
    ];
    assert!(alone.probe(&film).is_ok());
    for (what, bytes) in forged {
        let path = folder.write("forged.mp4", bytes);
        assert!(alone.probe(&path).is_err(), "{what}");
    }
}

/// Whatever is wrong with an index, ffprobe says the same of it or is asked.
fn damaged_indexes_deceive_nobody() {
    let folder = Folder::new();
    let alone = alone(&folder);
    let film = folder.render(&format!("{PICTURE} {SOUND} {H264} -c:a aac"), "a.mp4");
    let whole = std::fs::read(&film).unwrap();
    let index = whole.windows(4).position(|w| w == b"moov").unwrap() - 4;
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let rounds = std::env::var("SWORDNET_ROUNDS").map_or(60, |text| text.parse().unwrap());
    let mut answered = 0;
    for round in 0..rounds {
        let mut bytes = whole.clone();
        for _ in 0..=random(3) {
            let at = index + random(bytes.len() - index - 8);
            match random(6) {
                0 => bytes.truncate(at + 8),
                1 => bytes[at..at + 4].copy_from_slice(&[0xff; 4]),
                2 => bytes[at..at + 4].copy_from_slice(&[0; 4]),
                3 => {
                    // Boxes in boxes, as deep as they go.
                    let nested = (8..bytes.len() - at).step_by(8).rev();
                    let nested = nested.flat_map(|size| [(size as u32).to_be_bytes(), *b"moov"].concat());
                    let nested: Vec<u8> = nested.collect();
                    bytes[at..at + nested.len()].copy_from_slice(&nested);
                }
                _ => bytes[at] = random(256) as u8,
            }
            if bytes.len() < index + 16 {
                break;
            }
        }
        let path = folder.write(&format!("{round}.mp4"), &bytes);
        if let Ok(facts) = alone.probe(&path) {
            answered += 1;
            let told = media().probe(&odd(&path)).unwrap();
            assert!(same(&facts, &told), "round {round}:\n{facts:?}\n{told:?}");
        }
    }
    assert!(answered > rounds / 10, "{answered} of {rounds} were answered");
}
