//! Sound, from samples rendered here: what must be found, what must not, and what hostile bytes do.

use bytes::Bytes;
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::HashSet;
use std::f64::consts::TAU;
use swordnet_core::{Medium, ReferenceId};
use swordnet_recognise::media::audio::Audio;
use swordnet_recognise::{Demand, Error, Fingerprint, Match, MediumKind, Purpose, Segment, Signal, room};

/// A small source of chance.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }
}

fn rate() -> f64 {
    match Audio.demand(Purpose::Query) {
        Demand::Samples { rate } => f64::from(rate),
        _ => unreachable!("sound wants samples"),
    }
}

/// A tune: notes with overtones that begin at any moment and fade. `speed` plays it faster, `pitch` moves the notes by semitones.
fn tune(seed: u64, seconds: f64, speed: f64, pitch: f64) -> Vec<f32> {
    play(seed, seconds, speed, pitch, || 0.0)
}

/// A tune whose notes begin where in their waves they may.
fn play(seed: u64, seconds: f64, speed: f64, pitch: f64, mut phase: impl FnMut() -> f64) -> Vec<f32> {
    let mut dice = Dice(seed);
    let mut samples = vec![0f32; (seconds / speed * rate()) as usize];
    let mut onset = 0.0;
    while onset < seconds {
        let hertz = 110.0 * 2f64.powf((dice.next() * 36.0).floor() / 12.0) * 2f64.powf(pitch / 12.0);
        let (length, loud, bright) = (0.2 + dice.next(), 0.1 + 0.2 * dice.next(), dice.next());
        let first = (onset / speed * rate()) as usize;
        let last = (((onset + length) / speed * rate()) as usize).min(samples.len());
        let begin = [(); 5].map(|()| TAU * phase());
        for (at, sample) in samples.iter_mut().enumerate().take(last).skip(first) {
            let t = (at - first) as f64 / rate();
            let fade = (-4.0 * t * speed / length).exp() * loud;
            let wave: f64 = (1..6)
                .zip(begin)
                .map(|(n, begin)| bright.powi(n - 1) * (TAU * hertz * f64::from(n) * t + begin).sin())
                .sum();
            *sample += (wave * fade) as f32;
        }
        onset += 0.05 + 0.2 * dice.next();
    }
    samples
}

fn noise(seed: u64, seconds: f64) -> Vec<f32> {
    let mut dice = Dice(seed);
    (0..(seconds * rate()) as usize)
        .map(|_| (dice.next() - 0.5) as f32)
        .collect()
}

fn tone(seconds: f64) -> Vec<f32> {
    (0..(seconds * rate()) as usize)
        .map(|i| (TAU * 440.0 * i as f64 / rate()).sin() as f32 * 0.5)
        .collect()
}

fn mix(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
    a.iter()
        .zip(b.iter().cycle())
        .map(|(a, b)| a + share * b)
        .collect()
}

fn part(samples: &[f32], from: f64, until: f64) -> &[f32] {
    &samples[(from * rate()) as usize..(until * rate()) as usize]
}

fn print(purpose: Purpose, samples: &[f32]) -> Result<Fingerprint, Error> {
    let mut extractor = Audio.extractor(purpose);
    for piece in samples.chunks(4321) {
        extractor.push(Signal::Samples(piece))?;
    }
    extractor.finish()
}

fn id(name: &str) -> ReferenceId {
    ReferenceId::from_text(name)
}

fn segment_bytes(works: &[(&str, Vec<f32>)]) -> Vec<u8> {
    let prints: Vec<_> = works
        .iter()
        .map(|(name, s)| {
            (
                id(name),
                print(Purpose::Reference, s).expect("a reference sounds"),
            )
        })
        .collect();
    Audio
        .build(
            &prints
                .iter()
                .map(|(id, print)| (id.clone(), print))
                .collect::<Vec<_>>(),
        )
        .expect("prints are whole")
}

fn segment(works: &[(&str, Vec<f32>)]) -> Box<dyn Segment> {
    Audio
        .open(Bytes::from(segment_bytes(works)))
        .expect("a segment just built opens")
}

fn register() -> Box<dyn Segment> {
    segment(&[
        ("one", tune(1, 60.0, 1.0, 0.0)),
        ("two", tune(2, 60.0, 1.0, 0.0)),
        ("three", tune(3, 60.0, 1.0, 0.0)),
    ])
}

/// What the query matches from the shipped threshold on.
fn search(segment: &dyn Segment, samples: &[f32]) -> Vec<Match> {
    let query = print(Purpose::Query, samples).expect("the query sounds");
    let mut found = segment
        .search(&query, &HashSet::new())
        .expect("the query is whole");
    found.retain(|m| m.score >= Audio.threshold());
    found
}

#[track_caller]
fn assert_place(found: &[Match], work: &str, speed: f64, offset: f64, pitch: f64) {
    let best = found.first().expect("something is found");
    assert_eq!(best.reference, id(work), "{best:?}");
    let told = best.transform.speed.unwrap_or(1.0);
    assert!((told / speed - 1.0).abs() < 0.005, "speed {told} for {speed}");
    let error = best.in_reference.start - (offset + best.query.start * speed);
    assert!(error.abs() < 0.05, "{error} s off: {best:?}");
    let told = best.transform.pitch.unwrap_or(0.0);
    assert!((told - pitch).abs() < 0.25, "pitch {told} for {pitch}");
}

#[test]
fn a_whole_work_matches_itself() {
    let found = search(&*register(), &tune(2, 60.0, 1.0, 0.0));
    assert_place(&found, "two", 1.0, 0.0, 0.0);
    assert!(found[0].query.length() > 55.0, "{found:?}");
}

#[test]
fn an_excerpt_is_placed() {
    let found = search(&*register(), part(&tune(1, 60.0, 1.0, 0.0), 31.234, 39.0));
    assert_place(&found, "one", 1.0, 31.234, 0.0);
}

/// Words alone do not tell them apart.
#[test]
fn the_same_notes_played_again_are_told_from_the_recording() {
    let copy = part(&mix(&tune(2, 60.0, 1.0, 0.0), &noise(5, 7.0), 1.0), 20.0, 32.0).to_vec();
    let mut dice = Dice(99);
    let again = play(2, 60.0, 1.0, 0.0, || dice.next());
    let again = part(&mix(&again, &noise(5, 7.0), 1.0), 20.0, 32.0).to_vec();
    let score = |samples: &[f32]| {
        let query = print(Purpose::Query, samples).expect("it sounds");
        let found = register()
            .search(&query, &HashSet::new())
            .expect("the query is whole");
        found.first().map_or(0.0, |best| best.score)
    };
    let (copy, again) = (score(&copy), score(&again));
    assert!(copy > 0.99 && again < 0.5, "{copy}, {again}");
}

#[test]
fn speed_tempo_and_pitch_are_undone() {
    for (speed, pitch) in [
        (25.0 / 24.0, 0.0),
        (0.92, 0.0),
        (1.0, 2.0),
        (1.0, -1.5),
        (1.06, 12.0 * 1.06f64.log2()),
    ] {
        // The tune renders a change of tempo and one of pitch; both at once are a change of speed.
        let copy = tune(3, 60.0, speed, pitch);
        let found = search(&*register(), part(&copy, 20.0, 40.0));
        assert_place(&found, "three", speed, 20.0 * speed, pitch - 12.0 * speed.log2());
    }
}

#[test]
fn noise_over_it_and_strangers_around_it_do_not_hide_a_piece() {
    let mut film = tune(77, 20.0, 1.0, 0.0);
    film.extend(part(
        &mix(&tune(2, 60.0, 1.0, 0.0), &noise(5, 7.0), 0.2),
        10.0,
        25.0,
    ));
    film.extend(tune(78, 20.0, 1.0, 0.0));
    let found = search(&*register(), &film);
    assert_place(&found, "two", 1.0, -10.0, 0.0);
    let span = found[0].query;
    assert!(
        (span.start - 20.0).abs() < 1.0 && (span.end - 35.0).abs() < 1.0,
        "{span:?}"
    );
}

#[test]
fn several_works_in_one_query_are_all_told() {
    let mut medley = part(&tune(1, 60.0, 1.0, 0.0), 5.0, 20.0).to_vec();
    medley.extend(part(&tune(2, 60.0, 1.04, 0.0), 30.0, 45.0));
    medley.extend(part(&tune(3, 60.0, 1.0, 0.0), 40.0, 55.0));
    let works: HashSet<_> = search(&*register(), &medley)
        .into_iter()
        .map(|m| m.reference)
        .collect();
    assert_eq!(works, HashSet::from([id("one"), id("two"), id("three")]));
}

#[test]
fn strangers_noise_and_tones_match_nothing() {
    let segment = segment(&[
        ("tune", tune(1, 60.0, 1.0, 0.0)),
        ("rain", noise(9, 30.0)),
        ("tone", tone(30.0)),
    ]);
    for (name, samples) in [("tune", tune(50, 30.0, 1.0, 0.0)), ("rain", noise(10, 30.0))] {
        assert_eq!(search(&*segment, &samples), [], "{name}");
    }
    // A steady tone is like every other: nothing may be said of it.
    if let Ok(query) = print(Purpose::Query, &tone(20.0)) {
        let found = segment
            .search(&query, &HashSet::new())
            .expect("the query is whole");
        assert!(found.iter().all(|m| m.score < Audio.threshold()), "{found:?}");
    }
}

#[test]
fn a_removed_reference_does_not_answer() {
    let segment = register();
    let query = print(Purpose::Query, part(&tune(1, 60.0, 1.0, 0.0), 10.0, 20.0)).expect("it sounds");
    assert!(!segment.search(&query, &HashSet::new()).expect("whole").is_empty());
    let left = segment
        .search(&query, &HashSet::from([id("one")]))
        .expect("whole");
    assert!(left.iter().all(|m| m.reference != id("one")));
}

#[test]
fn nothing_to_hear_is_empty() {
    for samples in [vec![], vec![0.0; 40_000], vec![0.3; 1000], vec![f32::NAN; 40_000]] {
        for purpose in [Purpose::Reference, Purpose::Query] {
            assert!(matches!(
                print(purpose, &samples),
                Err(Error::Empty(Medium::Audio))
            ));
        }
    }
    let mut extractor = Audio.extractor(Purpose::Query);
    assert!(matches!(
        extractor.push(Signal::Text("words")),
        Err(Error::WrongSignal(Medium::Audio))
    ));
}

#[test]
fn eight_hours_are_heard_to_the_end() {
    // A minute that is heard again and again with another tune in between, and one piece in the last hour.
    let piece = tune(41, 20.0, 1.0, 0.0);
    let minute = mix(&noise(40, 60.0), &tune(42, 60.0, 1.0, 0.0), 2.0);
    let mut extractor = Audio.extractor(Purpose::Reference);
    for number in 0..480 {
        extractor.push(Signal::Samples(&minute)).expect("samples");
        if number == 460 {
            extractor.push(Signal::Samples(&piece)).expect("samples");
        }
    }
    let whole = extractor.finish().expect("it sounds");
    let bytes = Audio.build(&[(id("day"), &whole)]).expect("the print is whole");
    let segment = Audio
        .open(Bytes::from(bytes))
        .expect("a segment just built opens");
    let found = search(&*segment, part(&piece, 5.0, 15.0));
    assert_place(&found, "day", 1.0, 461.0 * 60.0 + 5.0, 0.0);
}

#[test]
fn a_segment_gives_back_the_fingerprints_that_it_was_built_from() {
    let tunes = [("one", tune(1, 7.3, 1.0, 0.0)), ("two", tune(2, 5.0, 1.0, 0.0))];
    let segment = segment(&tunes);
    for (place, (_, samples)) in tunes.iter().enumerate() {
        let print = print(Purpose::Reference, samples).expect("it sounds");
        assert!(Audio.is_current(&print));
        assert_eq!(segment.fingerprint(place).expect("it is there"), print);
    }
    assert!(segment.fingerprint(2).is_err());
}

#[test]
fn an_index_of_nothing_answers_nothing() {
    assert!(search(&*segment(&[]), &tune(1, 5.0, 1.0, 0.0)).is_empty());
}

#[test]
fn foreign_and_cut_bytes_are_refused() {
    let bytes = segment_bytes(&[("one", tune(1, 5.0, 1.0, 0.0))]);
    for wrong in [
        vec![],
        vec![0; 63],
        vec![0xff; 500],
        bytes[..bytes.len() - 1].to_vec(),
        bytes[..70].to_vec(),
    ] {
        assert!(matches!(
            Audio.open(Bytes::from(wrong)),
            Err(Error::Damaged { what: "segment", .. })
        ));
    }
    let query = print(Purpose::Query, &tune(1, 5.0, 1.0, 0.0)).expect("it sounds");
    let segment = Audio.open(Bytes::from(bytes)).expect("whole");
    let cut = Fingerprint {
        bytes: query.bytes[..query.bytes.len() / 2].to_vec(),
        ..query.clone()
    };
    let foreign = Fingerprint {
        medium: Medium::Video,
        ..query.clone()
    };
    let reference = print(Purpose::Reference, &tune(1, 5.0, 1.0, 0.0)).expect("it sounds");
    for wrong in [
        cut,
        foreign,
        reference,
        Fingerprint {
            bytes: vec![],
            ..query
        },
    ] {
        let said = segment.search(&wrong, &HashSet::new());
        assert!(matches!(
            said,
            Err(Error::Damaged {
                what: "fingerprint",
                ..
            })
        ));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_wrong_byte_is_noticed(place: prop::sample::Index, flip in 1u8..) {
        let mut bytes = segment_bytes(&[("one", tune(1, 2.0, 1.0, 0.0))]);
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Audio.open(Bytes::from(bytes)).is_err());
    }
}

#[test]
fn a_search_says_at_how_many_places_it_is_about_to_look() {
    thread_local!(static LOOKS: Cell<usize> = const { Cell::new(0) });
    room::made_by(|looks| LOOKS.set(LOOKS.get() + looks));
    search(&*register(), part(&tune(1, 60.0, 1.0, 0.0), 31.234, 39.0));
    assert!(LOOKS.get() > 100, "{}", LOOKS.get());
}
