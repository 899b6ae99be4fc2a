//! What segments keep, and what becomes of it: removed, damaged, written by earlier versions.

use crate::drawn::{Random, draw};
use crate::{built, film, films, id, kind, picture, pictures, search};
use std::cell::Cell;
use std::collections::HashSet;
use swordnet_core::Medium;
use swordnet_recognise::{Error, Fingerprint, Purpose, room};

#[test]
fn a_segment_is_built_again_from_what_it_gives_back() {
    for (medium, bytes) in [(Medium::Video, films()), (Medium::Image, pictures())] {
        let opened = kind(medium).open(bytes.clone().into()).expect("opens");
        let count = opened.references().len();
        let given = (0..count).map(|n| opened.fingerprint(n).expect("it is there"));
        let again = built(medium, &(1..).zip(given).collect::<Vec<_>>());
        assert!(again == bytes, "{medium}");
        assert!(opened.fingerprint(count).is_err());
    }
}

#[test]
fn removed_references_are_silent() {
    let moving = film(Purpose::Query, 10.0, |t| draw(2, t)).expect("a film");
    let still = picture(Purpose::Query, &draw(2, 0.0)).expect("a picture");
    for (medium, bytes, query) in [
        (Medium::Video, films(), moving),
        (Medium::Image, pictures(), still),
    ] {
        let segment = kind(medium).open(bytes.into()).expect("opens");
        assert!(!search(segment.as_ref(), medium, &query).is_empty(), "{medium}");
        let left = segment.search(&query, &HashSet::from([id(2)])).expect("searches");
        assert!(left.iter().all(|m| m.reference != id(2)), "{medium}");
    }
}

#[test]
fn damage_is_told_and_never_a_panic() {
    for (medium, segment, print) in [
        (
            Medium::Video,
            films(),
            film(Purpose::Query, 4.0, |t| draw(2, t)).expect("a film"),
        ),
        (
            Medium::Image,
            pictures(),
            picture(Purpose::Query, &draw(2, 0.0)).expect("a picture"),
        ),
    ] {
        let mut random = Random(5);
        for _ in 0..60 {
            let mut bytes = segment.clone();
            let at = (random.next() * bytes.len() as f32) as usize;
            bytes[at] ^= 1 << (random.next() * 8.0) as u32;
            assert!(
                matches!(kind(medium).open(bytes.into()), Err(Error::Damaged { .. })),
                "{medium} at {at}"
            );
            let cut = (random.next() * segment.len() as f32) as usize;
            assert!(kind(medium).open(segment[..cut].to_vec().into()).is_err());
        }
        let opened = kind(medium).open(segment.into()).expect("opens");
        for _ in 0..60 {
            let mut query = print.clone();
            let at = (random.next() * query.bytes.len() as f32) as usize;
            query.bytes[at] ^= 1 << (random.next() * 8.0) as u32;
            let _ = opened.search(&query, &HashSet::new());
            query.bytes.truncate(at);
            assert!(matches!(
                opened.search(&query, &HashSet::new()),
                Err(Error::Damaged { .. })
            ));
        }
        let old = Fingerprint { version: 99, ..print };
        assert!(matches!(
            opened.search(&old, &HashSet::new()),
            Err(Error::Damaged { .. })
        ));
    }
}

/// Fingerprints of version 1 and segments of each version, as they were first written: whatever is written now, they are read. A change of
/// form adds a sample beside these.
#[test]
fn what_was_written_before_is_read() {
    type Sample = (Medium, &'static [u8], &'static [&'static [u8]]);
    let samples: [Sample; 2] = [
        (
            Medium::Video,
            include_bytes!("../samples/video-1.print"),
            &[
                include_bytes!("../samples/video-1.segment"),
                include_bytes!("../samples/video-2.segment"),
                include_bytes!("../samples/video-3.segment"),
            ],
        ),
        (
            Medium::Image,
            include_bytes!("../samples/image-1.print"),
            &[
                include_bytes!("../samples/image-1.segment"),
                include_bytes!("../samples/image-2.segment"),
            ],
        ),
    ];
    for (medium, print, segments) in samples {
        let query = match medium {
            Medium::Video => film(Purpose::Query, 8.0, |t| draw(2, 2.0 + t)),
            _ => picture(Purpose::Query, &draw(2, 0.0)),
        };
        let query = query.expect("something to recognise");
        let print = Fingerprint {
            medium,
            version: 1,
            bytes: print.to_vec(),
        };
        let first = built(medium, &[(2, print)]);
        for &bytes in segments.iter().chain([&&first[..]]) {
            let opened = kind(medium).open(bytes.to_vec().into()).expect("opens");
            let found = search(opened.as_ref(), medium, &query);
            assert_eq!(
                found.first().map(|m| m.reference.clone()),
                Some(id(2)),
                "{medium}"
            );
            let again = opened.fingerprint(0).expect("it is there");
            assert!(kind(medium).is_current(&again));
            assert!(built(medium, &[(2, again)]) == first, "{medium}");
        }
    }
}

#[test]
fn a_search_says_at_how_many_places_it_is_about_to_look() {
    thread_local!(static LOOKS: Cell<usize> = const { Cell::new(0) });
    room::made_by(|looks| LOOKS.set(LOOKS.get() + looks));
    let segment = kind(Medium::Video).open(films().into()).expect("opens");
    let query = film(Purpose::Query, 14.0, |t| draw(2, 6.0 + t)).expect("a film");
    search(segment.as_ref(), Medium::Video, &query);
    assert!(LOOKS.replace(0) > 100);
    let segment = kind(Medium::Image).open(pictures().into()).expect("opens");
    let query = picture(Purpose::Query, &draw(2, 0.0)).expect("a picture");
    search(segment.as_ref(), Medium::Image, &query);
    assert!(LOOKS.get() > 100);
}
