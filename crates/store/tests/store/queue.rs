//! What every queue must do.

use crate::material::{Place, Test, run};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use swordnet_store::queue::LocalQueue;
use swordnet_store::{Lease, Queue};

pub const SUITE: &[Test] = &[
    ("first_come_first_served", first_come_first_served),
    ("what_waits_is_not_doubled", what_waits_is_not_doubled),
    ("offered_again_while_in_hand", offered_again_while_in_hand),
    (
        "given_back_it_comes_after_its_delay",
        given_back_it_comes_after_its_delay,
    ),
    ("a_taker_waits_for_what_comes", a_taker_waits_for_what_comes),
    ("many_takers_get_each_key_once", many_takers_get_each_key_once),
    ("leases_run_out", leases_run_out),
];

const SHORT: Duration = Duration::from_millis(50);

async fn take(queue: &Arc<dyn Queue>) -> Option<Lease> {
    queue.take(SHORT).await.unwrap()
}

fn first_come_first_served(place: &Place) {
    run(async {
        let queue = place.queue().await;
        for key in ["a", "b", "c"] {
            queue.push(key).await.unwrap();
        }
        for key in ["a", "b", "c"] {
            let lease = take(&queue).await.unwrap();
            assert_eq!((lease.key.as_str(), lease.attempt), (key, 1));
            queue.done(lease).await.unwrap();
        }
        assert_eq!(take(&queue).await, None);
    });
}

fn what_waits_is_not_doubled(place: &Place) {
    run(async {
        let queue = place.queue().await;
        for key in ["a", "b", "a", "a"] {
            queue.push(key).await.unwrap();
        }
        for key in ["a", "b"] {
            let lease = take(&queue).await.unwrap();
            assert_eq!(lease.key, key);
            queue.done(lease).await.unwrap();
        }
        assert_eq!(take(&queue).await, None);
        queue.push("a").await.unwrap();
        assert_eq!(
            take(&queue).await.unwrap().attempt,
            1,
            "done and offered again, it is new"
        );
    });
}

fn offered_again_while_in_hand(place: &Place) {
    run(async {
        let queue = place.queue().await;
        queue.push("a").await.unwrap();
        let lease = take(&queue).await.unwrap();
        queue.push("a").await.unwrap();
        queue.done(lease).await.unwrap();
        let lease = take(&queue).await.expect("what came meanwhile is not lost");
        queue.done(lease).await.unwrap();
        assert_eq!(take(&queue).await, None);
    });
}

fn given_back_it_comes_after_its_delay(place: &Place) {
    run(async {
        let queue = place.queue().await;
        queue.push("a").await.unwrap();
        queue.push("b").await.unwrap();
        let lease = take(&queue).await.unwrap();
        queue.retry(lease, Duration::from_millis(200)).await.unwrap();
        let began = Instant::now();
        let other = take(&queue).await.unwrap();
        assert_eq!(other.key, "b");
        queue.done(other).await.unwrap();
        queue.push("a").await.unwrap();
        let lease = queue.take(Duration::from_secs(5)).await.unwrap().unwrap();
        assert!(
            began.elapsed() >= Duration::from_millis(150),
            "it waited its delay, although offered again"
        );
        assert_eq!((lease.key.as_str(), lease.attempt), ("a", 2));
        queue.retry(lease, Duration::ZERO).await.unwrap();
        assert_eq!(take(&queue).await.unwrap().attempt, 3);
    });
}

fn a_taker_waits_for_what_comes(place: &Place) {
    run(async {
        let queue = place.queue().await;
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.take(Duration::from_secs(20)).await.unwrap() }
        });
        tokio::time::sleep(SHORT).await;
        let began = Instant::now();
        queue.push("a").await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap().key, "a");
        assert!(began.elapsed() < Duration::from_secs(10));
    });
}

fn many_takers_get_each_key_once(place: &Place) {
    run(async {
        let queue = place.queue().await;
        let takers: Vec<_> = (0..8)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move {
                    let mut got = Vec::new();
                    while let Some(lease) = queue.take(Duration::from_millis(500)).await.unwrap() {
                        got.push(lease.key.clone());
                        queue.done(lease).await.unwrap();
                    }
                    got
                })
            })
            .collect();
        for n in 0..500 {
            queue.push(&format!("key {n}")).await.unwrap();
        }
        let mut all = Vec::new();
        for taker in takers {
            all.extend(taker.await.unwrap());
        }
        assert_eq!(all.len(), 500);
        assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 500);
    });
}

/// With a short lease, which each backend has its own way to set.
fn leases_run_out(_: &Place) {
    /// Longer than a busy machine keeps a thread waiting.
    const LEASE: Duration = Duration::from_secs(1);
    run(async {
        let queue: Arc<dyn Queue> = Arc::new(LocalQueue::new(LEASE));
        queue.push("a").await.unwrap();
        let lost = take(&queue).await.unwrap();
        assert_eq!(take(&queue).await, None, "in hand");
        let again = queue.take(20 * LEASE).await.unwrap().expect("the lease ran out");
        assert_eq!((again.key.as_str(), again.attempt), ("a", 2));
        queue.done(lost).await.unwrap();
        queue.push("b").await.unwrap();
        let other = take(&queue).await.unwrap();
        assert_eq!(
            other.key, "b",
            "the late word of the first holder changes nothing"
        );
        queue.done(again).await.unwrap();
        queue.done(other).await.unwrap();
        assert_eq!(queue.take(LEASE * 3 / 2).await.unwrap(), None);
    });
}
