//! What every vault must do.

use crate::material::{Place, Test, run};
use swordnet_core::Sha256Hex;
use swordnet_store::{Content, Error};

pub const SUITE: &[Test] = &[
    ("blobs_are_kept", blobs_are_kept),
    ("files_are_kept", files_are_kept),
    ("many_are_kept_at_once", many_are_kept_at_once),
    ("pieces_of_blobs", pieces_of_blobs),
    ("what_is_removed_is_gone", what_is_removed_is_gone),
    ("what_is_missing_is_named", what_is_missing_is_named),
    ("many_writers_of_the_same_blob", many_writers_of_the_same_blob),
    ("leftovers_are_taken_away", leftovers_are_taken_away),
];

fn noise(length: usize) -> Vec<u8> {
    (0..length as u64)
        .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8)
        .collect()
}

fn blobs_are_kept(place: &Place) {
    run(async {
        let vault = place.vault().await;
        for bytes in [Vec::new(), b"abc".to_vec(), noise(3 << 20)] {
            let blob = vault.put(bytes.clone().into()).await.unwrap();
            assert_eq!(blob, Sha256Hex::of(&bytes));
            assert_eq!(
                vault.put(bytes.clone().into()).await.unwrap(),
                blob,
                "twice is once"
            );
            let again = place.vault().await;
            assert!(again.has(&blob).await.unwrap());
            assert_eq!(again.get(&blob).await.unwrap(), bytes);
            assert_eq!(std::fs::read(again.local(&blob).await.unwrap()).unwrap(), bytes);
        }
    });
}

fn files_are_kept(place: &Place) {
    run(async {
        let vault = place.vault().await;
        // Below, at and over the size of a piece.
        for length in [0, 1, 8 << 20, (20 << 20) + 1] {
            let bytes = noise(length);
            let path = place.folder.join("file");
            std::fs::write(&path, &bytes).unwrap();
            let blob = vault.put_file(&path).await.unwrap();
            assert_eq!(blob, Sha256Hex::of(&bytes), "{length}");
            assert_eq!(vault.put_file(&path).await.unwrap(), blob);
            assert!(vault.get(&blob).await.unwrap() == bytes, "{length}");
        }
        assert!(matches!(
            vault.put_file(&place.folder.join("nothing")).await,
            Err(Error::Backend(_))
        ));
    });
}

fn many_are_kept_at_once(place: &Place) {
    run(async {
        let vault = place.vault().await;
        let known = vault.put(b"known"[..].into()).await.unwrap();
        let path = place.folder.join("file");
        std::fs::write(&path, noise((8 << 20) + 5)).unwrap();
        // New and known, doubled, empty, a file and its bytes.
        let mut contents: Vec<Content> = [&b"new"[..], b"known", b"", b"new"]
            .map(|bytes| Content::Bytes(bytes.into()))
            .to_vec();
        contents.push(Content::File(path));
        contents.push(Content::Bytes(noise((8 << 20) + 5).into()));
        let blobs = vault.put_all(contents).await.unwrap();
        let film = Sha256Hex::of(&noise((8 << 20) + 5));
        let (new, none) = (Sha256Hex::of(b"new"), Sha256Hex::of(b""));
        assert_eq!(
            blobs,
            [new.clone(), known, none, new.clone(), film.clone(), film.clone()]
        );
        let again = place.vault().await;
        assert_eq!(again.get(&new).await.unwrap(), &b"new"[..]);
        assert!(again.get(&film).await.unwrap() == noise((8 << 20) + 5));
        assert_eq!(vault.put_all(vec![]).await.unwrap(), []);
        let nothing = Content::File(place.folder.join("nothing"));
        assert!(matches!(
            vault.put_all(vec![nothing]).await,
            Err(Error::Backend(_))
        ));
    });
}

fn pieces_of_blobs(place: &Place) {
    run(async {
        let vault = place.vault().await;
        let blob = vault.put(b"0123456789"[..].into()).await.unwrap();
        assert_eq!(vault.map(&blob).await.unwrap(), vault.get(&blob).await.unwrap());
        for (offset, length, piece) in [
            (0, 4, "0123"),
            (4, 4, "4567"),
            (8, 100, "89"),
            (10, 1, ""),
            (99, 5, ""),
            (3, 0, ""),
            (1, u64::MAX, "123456789"),
        ] {
            assert_eq!(
                vault.get_range(&blob, offset, length).await.unwrap(),
                piece,
                "{offset} {length}"
            );
        }
    });
}

fn what_is_removed_is_gone(place: &Place) {
    run(async {
        let vault = place.vault().await;
        let blob = vault.put(noise(1 << 16).into()).await.unwrap();
        let mapped = vault.map(&blob).await.unwrap();
        for _ in 0..2 {
            vault.remove(&blob).await.unwrap();
            assert!(!place.vault().await.has(&blob).await.unwrap());
        }
        assert_eq!(mapped, noise(1 << 16), "what maps it still reads it");
        assert_eq!(vault.put(noise(1 << 16).into()).await.unwrap(), blob);
        assert!(vault.has(&blob).await.unwrap());
    });
}

fn what_is_missing_is_named(place: &Place) {
    run(async {
        let vault = place.vault().await;
        let nobody = Sha256Hex::of(b"nobody");
        assert!(!vault.has(&nobody).await.unwrap());
        let missing = |error: Error| matches!(error, Error::Missing(blob) if blob == nobody);
        assert!(missing(vault.get(&nobody).await.unwrap_err()));
        assert!(missing(vault.get_range(&nobody, 0, 1).await.unwrap_err()));
        assert!(missing(vault.local(&nobody).await.unwrap_err()));
        for url in ["", "file://", "file://relative", "ftp://x/y"] {
            assert!(
                matches!(swordnet_store::vault::open(url).await, Err(Error::BadUrl(..))),
                "{url}"
            );
        }
    });
}

fn many_writers_of_the_same_blob(place: &Place) {
    run(async {
        let (one, other) = (place.vault().await, place.vault().await);
        let path = place.folder.join("file");
        std::fs::write(&path, noise(1 << 20)).unwrap();
        let writers = (0..12).map(|n| {
            let (vault, path) = (if n % 2 == 0 { one.clone() } else { other.clone() }, path.clone());
            tokio::spawn(async move {
                match n % 3 {
                    0 => vault.put_file(&path).await,
                    _ => vault.put(noise(1 << 20).into()).await,
                }
            })
        });
        let expected = Sha256Hex::of(&noise(1 << 20));
        for writer in writers.collect::<Vec<_>>() {
            assert_eq!(writer.await.unwrap().unwrap(), expected);
        }
        assert_eq!(one.get(&expected).await.unwrap(), noise(1 << 20));
    });
}

/// Particular to a folder: other vaults have no leftovers, and then this holds without doing anything.
fn leftovers_are_taken_away(place: &Place) {
    run(async {
        drop(place.vault().await);
        let incoming = place.folder.join("vault/incoming");
        let (old, young) = (incoming.join("1-1-1"), incoming.join("2-2-2"));
        for path in [&old, &young] {
            std::fs::write(path, b"half a blo").unwrap();
        }
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(48 * 3600);
        std::fs::File::options()
            .write(true)
            .open(&old)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        drop(place.vault().await);
        assert!(
            !old.exists() && young.exists(),
            "another process may be writing the young one"
        );
    });
}
