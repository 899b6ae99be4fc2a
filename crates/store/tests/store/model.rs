//! Random commits, compared with a map.

use crate::material::{Place, Test, outcome, run};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use swordnet_core::{Kind, Outcome, OutcomeKind};
use swordnet_store::{Error, Expect, Query};

pub const SUITE: &[Test] = &[("random_commits_agree_with_a_map", random_commits_agree_with_a_map)];

#[derive(Clone, Debug)]
enum Step {
    /// Records (number, notice, state, moment) and expectations (number, state).
    Commit(Vec<(u32, u32, usize, i64)>, Vec<(u32, Option<usize>)>),
    Remove(u32),
    Select {
        notice: Option<u32>,
        states: Vec<usize>,
        from: Option<i64>,
        until: Option<i64>,
        after: Option<u32>,
        limit: Option<u64>,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (number, notice, state, at) = (0..12_u32, 0..3_u32, 0..3_usize, -5..5_i64);
    let records = prop::collection::vec((number.clone(), notice.clone(), state.clone(), at.clone()), 0..20);
    let expected = prop::collection::vec((number.clone(), prop::option::of(state.clone())), 0..3);
    let select = (
        prop::option::of(notice),
        prop::collection::vec(state, 0..3),
        prop::option::of(at.clone()),
        prop::option::of(at),
        prop::option::of(number.clone()),
        prop::option::of(0..5_u64),
    );
    let step = prop_oneof![
        4 => (records, expected).prop_map(|(records, expected)| Step::Commit(records, expected)),
        1 => number.prop_map(Step::Remove),
        3 => select.prop_map(|(notice, states, from, until, after, limit)| {
            Step::Select { notice, states, from, until, after, limit }
        }),
    ];
    prop::collection::vec(step, 1..30)
}

const STATES: [OutcomeKind; 3] = [OutcomeKind::Gone, OutcomeKind::Moved, OutcomeKind::StillThere];

fn random_commits_agree_with_a_map(place: &Place) {
    let mut runner = TestRunner::new(Config {
        cases: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let agreed = runner.run(&steps(), |steps| run(follow(place, steps)));
    agreed.unwrap_or_else(|e| panic!("{e}"));
}

async fn follow(place: &Place, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let store = place.records().await;
    let mut model: BTreeMap<String, Outcome> = BTreeMap::new();
    for old in store.all::<Outcome>(&Query::default()).await.unwrap() {
        store.remove(Kind::Outcome, old.id.as_str()).await.unwrap();
    }
    for step in steps {
        match step {
            Step::Commit(records, expected) => {
                let records: Vec<Outcome> = records
                    .into_iter()
                    .map(|(number, notice, state, at)| outcome(number, notice, STATES[state], at, ""))
                    .collect();
                let expected: Vec<Expect> = expected
                    .into_iter()
                    .map(|(number, state)| Expect {
                        kind: Kind::Outcome,
                        id: format!("outcome-{number:08}"),
                        state: state.map(|state| STATES[state].to_string()),
                    })
                    .collect();
                let holds = expected
                    .iter()
                    .all(|one| model.get(&one.id).map(|o| o.outcome.to_string()) == one.state);
                let answer = store
                    .commit(records.iter().cloned().map(Into::into).collect(), expected)
                    .await;
                prop_assert_eq!(answer.is_ok(), holds, "{:?}", answer);
                if holds {
                    model.extend(records.into_iter().map(|record| (record.id.to_string(), record)));
                } else {
                    let conflict = matches!(answer, Err(Error::Conflict { .. }));
                    prop_assert!(conflict, "{:?}", answer);
                }
            }
            Step::Remove(number) => {
                let id = format!("outcome-{number:08}");
                let was_there = store.remove(Kind::Outcome, &id).await.unwrap();
                prop_assert_eq!(was_there, model.remove(&id).is_some());
            }
            Step::Select {
                notice,
                states,
                from,
                until,
                after,
                limit,
            } => {
                let query = Query {
                    parent: notice.map(|notice| format!("notice-{notice}")),
                    states: states.iter().map(|&state| STATES[state].to_string()).collect(),
                    from: from.map(crate::material::moment),
                    until: until.map(crate::material::moment),
                    after: after.map(|number| format!("outcome-{number:08}")),
                    limit,
                    ..Query::default()
                };
                let fits = |o: &&Outcome| {
                    query
                        .parent
                        .as_deref()
                        .is_none_or(|parent| o.notice.as_str() == parent)
                        && (query.states.is_empty() || query.states.contains(&o.outcome.to_string()))
                        && query.from.is_none_or(|from| o.seen_at >= from)
                        && query.until.is_none_or(|until| o.seen_at < until)
                        && query.after.as_deref().is_none_or(|after| o.id.as_str() > after)
                };
                let fitting: Vec<&Outcome> = model.values().filter(fits).collect();
                prop_assert_eq!(
                    store.count(Kind::Outcome, &query).await.unwrap(),
                    fitting.len() as u64
                );
                let most = limit.map_or(usize::MAX, |limit| limit as usize);
                let found: Vec<Outcome> = store.all(&query).await.unwrap();
                prop_assert_eq!(
                    found.iter().collect::<Vec<_>>(),
                    fitting.into_iter().take(most).collect::<Vec<_>>()
                );
            }
        }
    }
    Ok(())
}
