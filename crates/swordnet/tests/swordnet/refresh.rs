//! Works that were registered by a program before: read as they are, and heard anew from their copies.

use crate::contract::melody;
use crate::{lines, run, said, text};
use std::path::Path;
use swordnet_core::{Kind, Segment, SegmentId};
use swordnet_store::{Query, records, vault};

/// A segment of one sound in the form before, which had nothing of its wave.
fn before_waves(bytes: &[u8]) -> Vec<u8> {
    let number = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let (words, body) = (number(24) as usize, 64 + number(16) as usize);
    let mut old = bytes[..bytes.len() - 8 * words.div_ceil(8)].to_vec();
    old[8] = 4;
    let sum = crc32fast::hash(&old[body..]);
    old[56..60].copy_from_slice(&sum.to_le_bytes());
    let sum = crc32fast::hash(&[&old[..60], &old[64..body]].concat());
    old[60..64].copy_from_slice(&sum.to_le_bytes());
    old
}

/// Puts the segment in the form before in the place of an office's only one.
fn age(data: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = records::open(&format!("sqlite://{}/records.db", data.display()))
            .await
            .expect("records");
        let vault = vault::open(&format!("file://{}/vault", data.display()))
            .await
            .expect("a vault");
        let segment: Segment = store.all(&Query::default()).await.expect("segments").remove(0);
        let bytes = vault.get(&segment.blob).await.expect("its bytes");
        let blob = vault.put(before_waves(&bytes).into()).await.expect("a blob");
        let old = Segment {
            id: SegmentId::derive(&["audio", blob.as_str()]),
            blob,
            ..segment.clone()
        };
        let gone = (Kind::Segment, segment.id.to_string());
        store
            .replace(vec![old.into()], vec![gone])
            .await
            .expect("replaced");
    });
}

#[test]
fn sound_of_a_form_before_is_heard_anew_from_its_copy() {
    let room = tempfile::tempdir().expect("a folder");
    let (data, song) = (room.path().join("data"), room.path().join("song.wav"));
    melody(&song, 1);
    assert!(run(&data, &["init"]).status.success());
    let added = run(&data, &["work", "add", text(&song), "--title", "夜曲"]);
    assert_eq!(added.status.code(), Some(0), "{}", said(&added));
    let works = lines(&added);
    let score = || {
        let matched = run(&data, &["match", text(&song)]);
        lines(&matched)[0]["score"].as_f64().expect("a score")
    };
    let now = score();
    age(&data);
    assert!(score() < now, "the wave says that it is the recording");

    let unknown = run(&data, &["work", "refresh", "work-x"]);
    assert_eq!(unknown.status.code(), Some(3), "{}", said(&unknown));
    let refreshed = run(&data, &["work", "refresh"]);
    assert_eq!(refreshed.status.code(), Some(0), "{}", said(&refreshed));
    assert_eq!(lines(&refreshed), works);
    assert_eq!(score(), now);
    let again = run(&data, &["work", "refresh"]);
    assert!(again.status.success() && lines(&again).is_empty());
    let id = works[0]["work"].as_str().expect("an identifier");
    assert_eq!(lines(&run(&data, &["work", "refresh", "--all", id])), works);
    assert_eq!(score(), now);
}
