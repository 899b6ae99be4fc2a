//! Records written by earlier versions are read by this one.
//!
//! `tests/samples/v1` holds one record of each kind, as small as it was when the kind came in: a later field must have a
//! default. A sample is never changed; when a kind's form changes, a new folder joins.

use crate::material::{Place, Test, run, sample};
use swordnet_core::{Kind, Record};

pub const SUITE: &[Test] = &[
    ("old_samples_read", old_samples_read),
    (
        "a_body_that_does_not_read_is_named",
        a_body_that_does_not_read_is_named,
    ),
];

fn old_samples_read(place: &Place) {
    let missing: Vec<&str> = Kind::ALL
        .iter()
        .filter(|&&kind| sample(kind).is_none())
        .map(|kind| kind.key())
        .collect();
    assert!(
        missing.is_empty(),
        "add a sample to tests/samples/v1 for {missing:?}"
    );
    run(async {
        let store = place.records().await;
        for &kind in Kind::ALL {
            let record = sample(kind).expect("a sample");
            store.put(vec![record.clone()]).await.unwrap();
            let read = store.fetch(kind, record.id()).await.unwrap().expect("the record");
            assert_eq!(read, record);
            assert_eq!(Record::from_body(kind, &read.body().unwrap()).unwrap(), record);
        }
    });
}

fn a_body_that_does_not_read_is_named(_: &Place) {
    for kind in Kind::ALL {
        for body in ["", "{}", "[1]", "{\"id\":7}", "nonsense"] {
            assert!(
                Record::from_body(*kind, body).is_err(),
                "{} read {body}",
                kind.key()
            );
        }
    }
}
