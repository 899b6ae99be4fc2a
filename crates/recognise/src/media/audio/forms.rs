//! Bytes of every form: those of before are read, forged ones refused or borne.

use super::store::{assemble, seal};
use super::{Audio, wave};
use crate::{Fingerprint, MediumKind, Purpose, Signal};
use proptest::prelude::*;
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::ReferenceId;

/// Six seconds of noise whose colour changes, so that it has many words.
fn print(purpose: Purpose) -> Fingerprint {
    let (mut state, mut last) = (1u32, 0.0f32);
    let samples: Vec<f32> = (0..48_000)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let white = (state >> 16) as f32 / 65_536.0 - 0.5;
            last += (white - last) * (0.1 + 0.8 * (at as f32 / 3000.0).sin().abs());
            last
        })
        .collect();
    let mut extractor = Audio.extractor(purpose);
    extractor.push(Signal::Samples(&samples)).unwrap();
    extractor.finish().unwrap()
}

static SEGMENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let print = print(Purpose::Reference);
    let id = |name: &str| ReferenceId::from_text(name);
    Audio.build(&[(id("one"), &print), (id("two"), &print)]).unwrap()
});
static QUERY: LazyLock<Fingerprint> = LazyLock::new(|| print(Purpose::Query));

proptest! {
    #[test]
    fn forged_bytes_give_an_error_or_an_answer(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        in_head in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = SEGMENT.clone();
        let reach = if in_head { 96 } else { bytes.len() };
        for (at, value) in changes {
            let at = at.index(reach);
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        seal(&mut bytes);
        if let Ok(opened) = Audio.open(bytes.into()) {
            let given = (0..opened.references().len()).map(|place| opened.fingerprint(place));
            prop_assert!(given.collect::<Result<Vec<_>, _>>().is_ok());
            for found in opened.search(&QUERY, &HashSet::new()).unwrap() {
                prop_assert!((0.0..=1.0).contains(&found.score));
            }
        }
    }
}

/// A segment of references without waves is form 4 with zeros behind it, form 3 differs from form 4 by its number, form 2 has no bits beside the numbers
/// of words either.
#[test]
fn forms_before_are_read() {
    let words = u32::from_le_bytes(SEGMENT[24..28].try_into().unwrap()) as usize;
    let posted = u32::from_le_bytes(SEGMENT[32..36].try_into().unwrap()) as usize;
    let without = SEGMENT.len() - 2 * 8 * (words / 2).div_ceil(wave::EVERY);
    let (rest, postings) = SEGMENT[..without].split_at(without - 6 * posted);
    let of = |form: u16, postings: &mut dyn Iterator<Item = u8>| {
        let mut bytes = rest.to_vec();
        bytes[8..10].copy_from_slice(&form.to_le_bytes());
        bytes.extend(postings);
        seal(&mut bytes);
        bytes
    };
    let reference = print(Purpose::Reference);
    let words = &reference.bytes[12..12 + 4 * words];
    let found = |bytes: Vec<u8>| {
        let now = bytes == *SEGMENT;
        let opened = Audio.open(bytes.into()).unwrap();
        let given = opened.fingerprint(1).unwrap();
        assert!(given.bytes[12..].starts_with(words));
        assert_eq!(Audio.is_current(&given), given == reference);
        assert_eq!(Audio.is_current(&given), now);
        opened.search(&QUERY, &HashSet::new()).unwrap()
    };
    let numbers = &mut postings.chunks_exact(6).flat_map(|posting| posting[..4].to_vec());
    let fourth = found(of(4, &mut postings.iter().copied()));
    assert!(fourth[0].score > 0.9);
    assert_eq!(found(of(3, &mut postings.iter().copied())), fourth);
    assert_eq!(found(of(2, numbers)), fourth);
    let now = found(SEGMENT.clone());
    assert_eq!(now.len(), fourth.len());
    assert!(
        now[0].score > fourth[0].score,
        "the wave says that it is the recording"
    );
}

/// A reference and a query from before waves were kept.
#[test]
fn fingerprints_before_are_read() {
    let bare = |print: &Fingerprint, purpose: u8, body: Vec<u8>| {
        let mut bytes = print.bytes[..12].to_vec();
        bytes[4] = purpose;
        bytes.extend(body);
        let sum = crc32fast::hash(&bytes);
        bytes.extend(sum.to_le_bytes());
        Fingerprint {
            bytes,
            ..print.clone()
        }
    };
    let (reference, query) = (print(Purpose::Reference), QUERY.clone());
    let frames = |print: &Fingerprint| u32::from_le_bytes(print.bytes[8..12].try_into().unwrap()) as usize;
    let old_reference = bare(
        &reference,
        1,
        reference.bytes[12..12 + 8 * frames(&reference)].to_vec(),
    );
    let heard = query.bytes[12..query.bytes.len() - 4]
        .chunks_exact(query.bytes.len().saturating_sub(16) / frames(&query));
    let old_query = bare(
        &query,
        3,
        heard
            .flat_map(|frame| frame[..frame.len() - wave::FRAME_BYTES].to_vec())
            .collect(),
    );
    let bytes = Audio.build(&[(ReferenceId::from_text("one"), &old_reference)]);
    let opened = Audio.open(bytes.unwrap().into()).unwrap();
    assert_eq!(opened.fingerprint(0).unwrap(), old_reference);
    let score = |reference: &Fingerprint, query: &Fingerprint| {
        let bytes = Audio
            .build(&[(ReferenceId::from_text("one"), reference)])
            .unwrap();
        let opened = Audio.open(bytes.into()).unwrap();
        opened.search(query, &HashSet::new()).unwrap()[0].score
    };
    let before = score(&old_reference, &old_query);
    assert_eq!(score(&reference, &old_query), before);
    assert_eq!(score(&old_reference, &query), before);
    assert!(score(&reference, &query) > before && before > 0.9);
}

#[test]
fn a_thin_segment_is_smaller_and_answers_the_same() {
    let print = print(Purpose::Reference);
    let references = ["one", "two"].map(|name| (ReferenceId::from_text(name), &print));
    let thin = assemble(&references, 0).unwrap();
    assert!(thin.len() < SEGMENT.len());
    let found = |bytes: &[u8]| {
        let opened = Audio.open(bytes.to_vec().into()).unwrap();
        opened.search(&QUERY, &HashSet::new()).unwrap()
    };
    assert_eq!(found(&thin), found(&SEGMENT));
    assert_eq!(found(&thin).len(), 2);
    let thin = Audio.open(thin.into()).unwrap();
    assert_eq!(thin.fingerprint(1).unwrap(), print);
}

#[test]
fn sealing_again_changes_nothing() {
    let mut bytes = SEGMENT.clone();
    seal(&mut bytes);
    assert_eq!(bytes, *SEGMENT);
}
