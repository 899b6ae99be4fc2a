//! What every store of records must do.

use crate::material::{Place, Test, is_conflict, moment, outcome, run, sample};
use std::time::Duration;
use swordnet_core::{Kind, Outcome, OutcomeKind, Record};
use swordnet_store::{Expect, Query};

pub const SUITE: &[Test] = &[
    ("every_kind_is_kept", every_kind_is_kept),
    ("queries_narrow", queries_narrow),
    ("a_commit_is_whole_or_nothing", a_commit_is_whole_or_nothing),
    (
        "records_take_the_place_of_others",
        records_take_the_place_of_others,
    ),
    ("of_two_alike_the_later_counts", of_two_alike_the_later_counts),
    ("one_of_many_racing_writers_wins", one_of_many_racing_writers_wins),
    ("large_commits", large_commits),
    ("opening_at_once_from_many_sides", opening_at_once_from_many_sides),
    ("a_wrong_url_is_named", a_wrong_url_is_named),
];

fn expect(number: u32, state: Option<OutcomeKind>) -> Expect {
    Expect {
        kind: Kind::Outcome,
        id: format!("outcome-{number:08}"),
        state: state.map(|state| state.to_string()),
    }
}

fn every_kind_is_kept(place: &Place) {
    run(async {
        let store = place.records().await;
        let all: Vec<Record> = Kind::ALL.iter().filter_map(|&kind| sample(kind)).collect();
        store.put(all.clone()).await.unwrap();
        drop(store);
        let store = place.records().await;
        for kind in Kind::ALL {
            assert_eq!(store.fetch(*kind, "nobody").await.unwrap(), None);
        }
        for record in all {
            assert_eq!(
                store.fetch(record.kind(), record.id()).await.unwrap().as_ref(),
                Some(&record)
            );
            assert_eq!(store.count(record.kind(), &Query::default()).await.unwrap(), 1);
            assert!(store.remove(record.kind(), record.id()).await.unwrap());
            assert!(!store.remove(record.kind(), record.id()).await.unwrap());
            assert_eq!(store.fetch(record.kind(), record.id()).await.unwrap(), None);
        }
    });
}

fn queries_narrow(place: &Place) {
    run(async {
        use OutcomeKind::{Gone, Moved, StillThere};
        let store = place.records().await;
        let outcomes = [
            outcome(1, 1, Gone, 10, ""),
            outcome(2, 1, StillThere, 20, ""),
            outcome(3, 2, Gone, 30, ""),
            outcome(4, 2, Moved, 40, ""),
        ];
        store
            .put(outcomes.iter().rev().cloned().map(Record::from).collect())
            .await
            .unwrap();
        let any = Query::default;
        let ask = async |query: Query| {
            let found: Vec<Outcome> = store.all(&query).await.unwrap();
            let count = store
                .count(Kind::Outcome, &Query { limit: None, ..query })
                .await
                .unwrap();
            let numbers: Vec<u32> = found
                .iter()
                .map(|o| o.id.as_str()[8..].parse().unwrap())
                .collect();
            (numbers, count)
        };
        assert_eq!(ask(any()).await, (vec![1, 2, 3, 4], 4));
        assert_eq!(
            ask(Query {
                parent: Some("notice-1".into()),
                ..any()
            })
            .await,
            (vec![1, 2], 2)
        );
        assert_eq!(
            ask(Query {
                states: vec!["gone".into()],
                ..any()
            })
            .await,
            (vec![1, 3], 2)
        );
        let two = vec!["gone".into(), "moved".into()];
        assert_eq!(ask(Query { states: two, ..any() }).await, (vec![1, 3, 4], 3));
        assert_eq!(
            ask(Query {
                from: Some(moment(20)),
                ..any()
            })
            .await
            .0,
            [2, 3, 4]
        );
        assert_eq!(
            ask(Query {
                until: Some(moment(20)),
                ..any()
            })
            .await
            .0,
            [1]
        );
        let both = Query {
            from: Some(moment(20)),
            until: Some(moment(40)),
            ..any()
        };
        assert_eq!(ask(both).await, (vec![2, 3], 2));
        assert_eq!(
            ask(Query {
                limit: Some(2),
                ..any()
            })
            .await
            .0,
            [1, 2]
        );
        let behind = Query {
            after: Some("outcome-00000002".into()),
            limit: Some(1),
            ..any()
        };
        assert_eq!(ask(behind).await, (vec![3], 2));
        assert_eq!(
            ask(Query {
                site: Some("site".into()),
                ..any()
            })
            .await,
            (vec![], 0)
        );
        assert_eq!(
            ask(Query {
                due_by: Some(moment(99)),
                ..any()
            })
            .await,
            (vec![], 0),
            "none of them is due"
        );

        let Some(Record::Notice(mut notice)) = sample(Kind::Notice) else {
            panic!("no sample of a notice")
        };
        notice.next_check = Some(moment(50));
        store.put(vec![notice.clone().into()]).await.unwrap();
        let due = async |at| {
            store
                .count(
                    Kind::Notice,
                    &Query {
                        due_by: Some(moment(at)),
                        ..Query::default()
                    },
                )
                .await
                .unwrap()
        };
        assert_eq!((due(49).await, due(50).await), (0, 1));
        for key in [notice.site.as_str(), "another"] {
            let found = store
                .count(
                    Kind::Notice,
                    &Query {
                        site: Some(key.into()),
                        ..any()
                    },
                )
                .await
                .unwrap();
            assert_eq!(found, u64::from(key != "another"));
        }
        let found = store
            .count(
                Kind::Notice,
                &Query {
                    work: Some(notice.work.to_string()),
                    ..any()
                },
            )
            .await
            .unwrap();
        assert_eq!(found, 1);
    });
}

fn a_commit_is_whole_or_nothing(place: &Place) {
    run(async {
        let store = place.records().await;
        let put = async |numbers: &[u32], kind, expectations: Vec<Expect>| {
            let records = numbers
                .iter()
                .map(|&n| outcome(n, 0, kind, 0, "").into())
                .collect();
            store.commit(records, expectations).await
        };
        put(&[1], OutcomeKind::Gone, vec![expect(1, None)]).await.unwrap();
        is_conflict(
            put(&[2, 3], OutcomeKind::Gone, vec![expect(1, None)]).await,
            "outcome-00000001",
        );
        let wrong = vec![expect(2, None), expect(1, Some(OutcomeKind::Moved))];
        is_conflict(put(&[1, 2], OutcomeKind::Gone, wrong).await, "outcome-00000001");
        assert_eq!(store.count(Kind::Outcome, &Query::default()).await.unwrap(), 1);
        is_conflict(
            put(&[], OutcomeKind::Gone, vec![expect(9, Some(OutcomeKind::Gone))]).await,
            "outcome-00000009",
        );
        let right = vec![expect(2, None), expect(1, Some(OutcomeKind::Gone))];
        put(&[1, 2], OutcomeKind::Moved, right).await.unwrap();
        let now: Vec<Outcome> = store.all(&Query::default()).await.unwrap();
        assert!(now.len() == 2 && now.iter().all(|o| o.outcome == OutcomeKind::Moved));
    });
}

fn records_take_the_place_of_others(place: &Place) {
    run(async {
        let store = place.records().await;
        let of = |number| outcome(number, 1, OutcomeKind::Gone, 0, "").into();
        let name = |number| (Kind::Outcome, format!("outcome-{number:08}"));
        store.put(vec![of(1), of(2)]).await.unwrap();
        let here = || async {
            let all: Vec<Outcome> = store.all(&Query::default()).await.unwrap();
            all.iter().map(|o| o.id.to_string()).collect::<Vec<_>>()
        };
        store.replace(vec![of(3)], vec![name(1), name(2)]).await.unwrap();
        assert_eq!(here().await, [name(3).1]);
        // One of those is there no more: somebody else took it.
        let late = store.replace(vec![of(4)], vec![name(3), name(1)]).await;
        is_conflict(late, &name(1).1);
        assert_eq!(here().await, [name(3).1]);
    });
}

fn of_two_alike_the_later_counts(place: &Place) {
    run(async {
        let store = place.records().await;
        let records = ["first", "second"].map(|text| outcome(1, 0, OutcomeKind::Gone, 0, text).into());
        store.put(records.into()).await.unwrap();
        assert_eq!(
            store
                .get::<Outcome>("outcome-00000001")
                .await
                .unwrap()
                .unwrap()
                .detail,
            "second"
        );
    });
}

fn one_of_many_racing_writers_wins(place: &Place) {
    run(async {
        // Half of them through the same opening, half through another, as another process would.
        let (one, other) = (place.records().await, place.records().await);
        for round in 0..5 {
            let writers = (0..8).map(|n| {
                let store = if n % 2 == 0 { one.clone() } else { other.clone() };
                tokio::spawn(async move {
                    let record = outcome(round, n, OutcomeKind::Gone, 0, "").into();
                    store.commit(vec![record], vec![expect(round, None)]).await
                })
            });
            let mut won = 0;
            for writer in writers.collect::<Vec<_>>() {
                match writer.await.unwrap() {
                    Ok(()) => won += 1,
                    lost => is_conflict(lost, &format!("outcome-{round:08}")),
                }
            }
            assert_eq!(won, 1);
        }
    });
}

fn large_commits(place: &Place) {
    run(async {
        let store = place.records().await;
        // More than any one statement takes, and a body of a few megabytes.
        let many = |detail: &str| {
            (0..3333)
                .map(|n| outcome(n, n % 7, OutcomeKind::Gone, 0, detail).into())
                .collect()
        };
        let all = || (0..3333).map(|n| expect(n, None)).collect();
        store.commit(many("first"), all()).await.unwrap();
        is_conflict(store.commit(many("second"), all()).await, "outcome-00000000");
        store.put(many("second")).await.unwrap();
        let found: Vec<Outcome> = store.all(&Query::default()).await.unwrap();
        assert!(found.len() == 3333 && found.iter().all(|o| o.detail == "second"));
        let long = "长".repeat(1 << 20);
        store
            .put(vec![outcome(0, 0, OutcomeKind::Gone, 0, &long).into()])
            .await
            .unwrap();
        assert_eq!(
            store
                .get::<Outcome>("outcome-00000000")
                .await
                .unwrap()
                .unwrap()
                .detail,
            long
        );
    });
}

fn opening_at_once_from_many_sides(place: &Place) {
    run(async {
        let all = futures::future::join_all((0..6).map(|n| async move {
            let store = place.records().await;
            for step in 0..5 {
                store
                    .put(vec![outcome(n * 10 + step, n, OutcomeKind::Gone, 0, "").into()])
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }));
        all.await;
        assert_eq!(
            place
                .records()
                .await
                .count(Kind::Outcome, &Query::default())
                .await
                .unwrap(),
            30
        );
    });
}

fn a_wrong_url_is_named(_: &Place) {
    run(async {
        for url in ["", "sqlite", "sqlite://", "oracle://x", "/just/a/path"] {
            match swordnet_store::records::open(url).await {
                Err(swordnet_store::Error::BadUrl(named, _)) => assert_eq!(named, url),
                Err(other) => panic!("{url}: {other}"),
                Ok(_) => panic!("{url} was opened"),
            }
        }
    });
}
