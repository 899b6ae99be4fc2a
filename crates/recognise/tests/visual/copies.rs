//! What is found, and what is not.

use crate::drawn::{Frame, H, Random, W, draw};
use crate::{built, film, films, id, kind, picture, pictures, search};
use swordnet_core::Medium;
use swordnet_recognise::{Purpose, Signal};

/// Part of a frame, drawn into another rectangle of a frame.
fn paste(from: &Frame, part: [f32; 4], onto: &mut Frame, place: [f32; 4]) {
    let (left, top) = ((place[0] * W as f32) as usize, (place[1] * H as f32) as usize);
    let (right, bottom) = ((place[2] * W as f32) as usize, (place[3] * H as f32) as usize);
    for y in top..bottom.min(H) {
        for x in left..right.min(W) {
            let fx = part[0] + (part[2] - part[0]) * (x - left) as f32 / (right - left) as f32;
            let fy = part[1] + (part[3] - part[1]) * (y - top) as f32 / (bottom - top) as f32;
            onto[y * W + x] =
                from[((fy * H as f32) as usize).min(H - 1) * W + ((fx * W as f32) as usize).min(W - 1)];
        }
    }
}

const WHOLE: [f32; 4] = [0.0, 0.0, 1.0, 1.0];

/// One edit and what it must be found with.
struct Edit {
    name: &'static str,
    speed: f32,
    mirrored: bool,
    apply: fn(Frame, f32) -> Frame,
}

fn edits() -> Vec<Edit> {
    let plain = Edit {
        name: "plain",
        speed: 1.0,
        mirrored: false,
        apply: |f, _| f,
    };
    vec![
        Edit {
            name: "mirrored",
            mirrored: true,
            apply: |f, _| f.chunks(W).flat_map(|r| r.iter().rev().copied()).collect(),
            ..plain
        },
        Edit {
            name: "cropped",
            apply: |f, _| {
                let mut out = f.clone();
                paste(&f, [0.08, 0.05, 0.92, 0.88], &mut out, WHOLE);
                out
            },
            ..plain
        },
        Edit {
            name: "letterboxed",
            apply: |f, _| {
                let mut out = vec![16; W * H];
                paste(&f, WHOLE, &mut out, [0.0, 0.15, 1.0, 0.85]);
                out
            },
            ..plain
        },
        Edit {
            name: "with a logo and a subtitle",
            apply: |mut f, _| {
                paste(&draw(99, 1.0), WHOLE, &mut f, [0.02, 0.03, 0.22, 0.2]);
                paste(&draw(98, 1.0), WHOLE, &mut f, [0.25, 0.85, 0.75, 0.97]);
                f
            },
            ..plain
        },
        Edit {
            name: "in a corner of another film",
            apply: |f, t| {
                let mut out = draw(97, t);
                paste(&f, WHOLE, &mut out, [0.35, 0.35, 0.95, 0.95]);
                out
            },
            ..plain
        },
        Edit {
            name: "sped up",
            speed: 1.25,
            apply: |f, _| f,
            ..plain
        },
        Edit {
            name: "slowed down",
            speed: 0.85,
            apply: |f, _| f,
            ..plain
        },
        Edit {
            name: "darkened",
            apply: |f, _| f.iter().map(|&v| (f32::from(v) * 0.5 + 8.0) as u8).collect(),
            ..plain
        },
        plain,
    ]
}

#[test]
fn copies_of_a_film_are_found_where_they_are() {
    let segment = kind(Medium::Video).open(films().into()).expect("opens");
    for edit in edits() {
        let copy = |t: f32| (edit.apply)(draw(2, 6.0 + t * edit.speed), t);
        let query = film(Purpose::Query, 14.0, copy).expect("a film");
        let found = search(segment.as_ref(), Medium::Video, &query);
        let best = found.first().unwrap_or_else(|| panic!("{} is found", edit.name));
        assert_eq!(best.reference, id(2), "{}", edit.name);
        assert_eq!(best.transform.mirrored, edit.mirrored, "{}", edit.name);
        assert!(
            best.query.start < 1.5 && best.query.end > 12.5,
            "{}: {best:?}",
            edit.name
        );
        let (start, end) = (
            6.0 + best.query.start * f64::from(edit.speed),
            6.0 + best.query.end * f64::from(edit.speed),
        );
        assert!(
            (best.in_reference.start - start).abs() < 1.0 && (best.in_reference.end - end).abs() < 1.0,
            "{}: {best:?}",
            edit.name
        );
        assert!(found.iter().all(|m| m.reference == id(2)), "{}", edit.name);
    }
}

#[test]
fn an_excerpt_inside_another_film_is_found() {
    let segment = kind(Medium::Video).open(films().into()).expect("opens");
    let host = |t: f32| {
        if (15.0..25.0).contains(&t) {
            draw(3, t - 5.0)
        } else {
            draw(50, t)
        }
    };
    let found = search(
        segment.as_ref(),
        Medium::Video,
        &film(Purpose::Query, 40.0, host).expect("a film"),
    );
    assert_eq!(found.len(), 1, "{found:?}");
    let m = &found[0];
    assert!(
        (m.query.start - 15.0).abs() < 1.0 && (m.query.end - 25.0).abs() < 1.0,
        "{m:?}"
    );
    assert!(
        (m.in_reference.start - 10.0).abs() < 1.0 && (m.in_reference.end - 20.0).abs() < 1.0,
        "{m:?}"
    );
}

#[test]
fn key_frames_alone_show_a_copy() {
    let segment = kind(Medium::Video).open(films().into()).expect("opens");
    let keys = |at: &dyn Fn(f32) -> Frame| {
        let mut extractor = kind(Medium::Video).extractor(Purpose::Query);
        for time in [0.0, 2.4, 4.0, 6.8, 9.6, 12.0, 14.8, 17.6, 20.0, 22.8] {
            let signal = Signal::Frame {
                time,
                width: W as u32,
                height: H as u32,
                pixels: &at(time as f32),
            };
            extractor.push(signal).expect("a frame");
        }
        extractor.finish().expect("a film")
    };
    let found = search(segment.as_ref(), Medium::Video, &keys(&|t| draw(2, 4.0 + t)));
    assert_eq!(found.len(), 1, "{found:?}");
    let m = &found[0];
    assert_eq!(m.reference, id(2));
    assert!(m.query.start < 3.0 && m.query.end > 20.0, "{m:?}");
    assert!((m.in_reference.start - m.query.start - 4.0).abs() < 1.0, "{m:?}");
    let strange = keys(&|t| draw(61, t));
    assert_eq!(search(segment.as_ref(), Medium::Video, &strange), []);
}

#[test]
fn strangers_do_not_match() {
    let segment = kind(Medium::Video).open(films().into()).expect("opens");
    for seed in 60..64 {
        let query = film(Purpose::Query, 20.0, |t| draw(seed, t)).expect("a film");
        assert_eq!(search(segment.as_ref(), Medium::Video, &query), [], "seed {seed}");
    }
    let segment = kind(Medium::Image).open(pictures().into()).expect("opens");
    for seed in 60..90 {
        let query = picture(Purpose::Query, &draw(seed, 0.0)).expect("a picture");
        assert_eq!(search(segment.as_ref(), Medium::Image, &query), [], "seed {seed}");
    }
}

/// A frame of a game: a scene, and below it one of many weapons and messages.
fn game(scene: u64, time: f32) -> Frame {
    let mut frame = draw(scene, time);
    let weapon = Random(7 + (time / 2.0) as u64 % 13).next() * 64.0;
    let held = draw(500 + weapon as u64, 0.0);
    paste(&held, [0.0, 0.6, 1.0, 1.0], &mut frame, [0.0, 0.58, 1.0, 1.0]);
    frame
}

#[test]
fn another_round_of_a_game_does_not_match() {
    let round = film(Purpose::Reference, 40.0, |t| game(1, t)).expect("a film");
    let segment = built(Medium::Video, &[(1, round)]);
    let segment = kind(Medium::Video).open(segment.into()).expect("opens");
    // The same weapons at the same moments, before another scene.
    let other = film(Purpose::Query, 20.0, |t| game(2, t + 12.0)).expect("a film");
    assert_eq!(search(segment.as_ref(), Medium::Video, &other), []);
    // The same scene, and a banner over the weapons.
    let covered = |t: f32| {
        let mut frame = game(1, t + 12.0);
        paste(&draw(9, 0.0), WHOLE, &mut frame, [0.0, 0.58, 1.0, 1.0]);
        frame
    };
    let copy = film(Purpose::Query, 20.0, covered).expect("a film");
    assert_eq!(search(segment.as_ref(), Medium::Video, &copy).len(), 1);
}

#[test]
fn copies_of_a_picture_are_found() {
    let segment = kind(Medium::Image).open(pictures().into()).expect("opens");
    for edit in edits() {
        let mut missed = Vec::new();
        for n in 1..=20 {
            let query = picture(Purpose::Query, &(edit.apply)(draw(n, 0.0), 0.0)).expect("a picture");
            let found = search(segment.as_ref(), Medium::Image, &query);
            match found.iter().find(|m| m.reference == id(n)) {
                Some(own) => assert_eq!(own.transform.mirrored, edit.mirrored, "{} {n}", edit.name),
                None => missed.push(n),
            }
        }
        // Corners of boxes all look alike: in the midst of another picture's, some are too few.
        let allowed = if edit.name.contains("corner") { 8 } else { 1 };
        assert!(missed.len() <= allowed, "{}: {missed:?}", edit.name);
    }
}

#[test]
fn a_static_film_counts_once() {
    let prints = [(
        1,
        film(Purpose::Reference, 60.0, |_| draw(7, 0.0)).expect("a film"),
    )];
    let segment = kind(Medium::Video)
        .open(built(Medium::Video, &prints).into())
        .expect("opens");
    let copy = film(Purpose::Query, 20.0, |_| draw(7, 0.0)).expect("a film");
    assert_eq!(search(segment.as_ref(), Medium::Video, &copy).len(), 1);
    let stranger = film(Purpose::Query, 60.0, |_| draw(8, 0.0)).expect("a film");
    assert_eq!(search(segment.as_ref(), Medium::Video, &stranger), []);
}
