//! Moving and still pictures: what every medium must do, on films and pictures that the tests draw themselves.

mod copies;
#[path = "../drawn/mod.rs"]
mod drawn;
mod segments;

use drawn::{Frame, H, W, draw};
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::{Medium, ReferenceId};
use swordnet_recognise::{Demand, Error, Fingerprint, Match, MediumKind, Purpose, Segment, Signal, media};

fn kind(medium: Medium) -> &'static dyn MediumKind {
    media::of(medium).expect("registered")
}

/// The fingerprint of `seconds` of a film given by time.
fn film(purpose: Purpose, seconds: f32, at: impl Fn(f32) -> Frame) -> Result<Fingerprint, Error> {
    let Demand::Frames { rate, .. } = kind(Medium::Video).demand(purpose) else {
        panic!("frames are wanted")
    };
    let mut extractor = kind(Medium::Video).extractor(purpose);
    for i in 0..(f64::from(seconds) * rate) as usize {
        let time = i as f64 / rate;
        extractor.push(Signal::Frame {
            time,
            width: W as u32,
            height: H as u32,
            pixels: &at(time as f32),
        })?;
    }
    extractor.finish()
}

fn picture(purpose: Purpose, frame: &Frame) -> Result<Fingerprint, Error> {
    let mut extractor = kind(Medium::Image).extractor(purpose);
    extractor.push(Signal::Frame {
        time: 0.0,
        width: W as u32,
        height: H as u32,
        pixels: frame,
    })?;
    extractor.finish()
}

fn id(n: u64) -> ReferenceId {
    ReferenceId::derive(&[&n.to_string()])
}

fn built(medium: Medium, prints: &[(u64, Fingerprint)]) -> Vec<u8> {
    let references: Vec<(ReferenceId, &Fingerprint)> = prints.iter().map(|(n, p)| (id(*n), p)).collect();
    kind(medium).build(&references).expect("builds")
}

/// A segment of three films of 30 seconds.
fn films() -> Vec<u8> {
    FILMS.clone()
}

static FILMS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let prints: Vec<(u64, Fingerprint)> = (1..=3)
        .map(|n| (n, film(Purpose::Reference, 30.0, |t| draw(n, t)).expect("a film")))
        .collect();
    built(Medium::Video, &prints)
});

fn pictures() -> Vec<u8> {
    let prints: Vec<(u64, Fingerprint)> = (1..=20)
        .map(|n| (n, picture(Purpose::Reference, &draw(n, 0.0)).expect("a picture")))
        .collect();
    built(Medium::Image, &prints)
}

fn search(segment: &dyn Segment, medium: Medium, query: &Fingerprint) -> Vec<Match> {
    let found = segment.search(query, &HashSet::new()).expect("searches");
    found
        .into_iter()
        .filter(|m| m.score >= kind(medium).threshold())
        .collect()
}

#[test]
fn odd_inputs_are_answered_calmly() {
    for medium in [Medium::Video, Medium::Image] {
        for purpose in [Purpose::Reference, Purpose::Query] {
            let nothing = kind(medium).extractor(purpose).finish();
            assert!(matches!(nothing, Err(Error::Empty(m)) if m == medium));
            let mut extractor = kind(medium).extractor(purpose);
            assert!(matches!(
                extractor.push(Signal::Text("words")),
                Err(Error::WrongSignal(_))
            ));
            let short = Signal::Frame {
                time: 0.0,
                width: 100,
                height: 100,
                pixels: &[0; 10],
            };
            assert!(extractor.push(short).is_err());
            let tiny = Signal::Frame {
                time: 0.0,
                width: 3,
                height: 2,
                pixels: &[0; 6],
            };
            assert!(extractor.push(tiny).is_ok());
            assert!(extractor.finish().is_err());
        }
        let empty = kind(medium)
            .open(built(medium, &[]).into())
            .expect("an empty segment opens");
        assert!(empty.references().is_empty());
    }
    let segment = kind(Medium::Video).open(films().into()).expect("opens");
    // Black has nothing to recognise; one frame and a static scene are recognised without trouble.
    assert!(matches!(
        film(Purpose::Query, 5.0, |_| vec![16; W * H]),
        Err(Error::Empty(_))
    ));
    for query in [
        film(Purpose::Query, 0.3, |t| draw(2, t)),
        film(Purpose::Query, 60.0, |_| draw(77, 0.0)),
    ] {
        let found = search(segment.as_ref(), Medium::Video, &query.expect("a film"));
        assert!(found.iter().all(|m| m.reference == id(2)));
    }
    let late = Signal::Frame {
        time: 1e12,
        width: W as u32,
        height: H as u32,
        pixels: &draw(1, 0.0),
    };
    let mut extractor = kind(Medium::Video).extractor(Purpose::Query);
    extractor.push(late).expect("a late frame is taken");
    assert!(extractor.finish().expect("a film").bytes.len() < 1 << 20);
}
