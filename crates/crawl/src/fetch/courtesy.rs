//! Waiting one's turn: no host gets more than it was asked to bear.

use super::FetchError;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

/// Hosts that are remembered before those at rest are forgotten.
const REMEMBERED: usize = 4096;

/// Keeps the distance between requests to the same host, and the number of those under way.
pub(crate) struct Courtesy {
    delay: Duration,
    per_host: usize,
    max_wait: Duration,
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

struct Host {
    slots: Arc<Semaphore>,
    pace: Mutex<Pace>,
}

struct Pace {
    next: Instant,
    delay: Duration,
}

/// Leave to send one request; given back when dropped.
pub(crate) struct Turn {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Courtesy {
    pub(crate) fn new(delay: Duration, per_host: usize, concurrency: usize, max_wait: Duration) -> Courtesy {
        Courtesy {
            delay,
            per_host: per_host.max(1),
            max_wait,
            all: Arc::new(Semaphore::new(concurrency.max(1))),
            hosts: Mutex::default(),
        }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(name) {
            return host.clone();
        }
        if hosts.len() >= REMEMBERED {
            let now = Instant::now();
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || host.pace().next > now);
        }
        let host = Arc::new(Host {
            slots: Arc::new(Semaphore::new(self.per_host)),
            pace: Mutex::new(Pace {
                next: Instant::now(),
                delay: self.delay,
            }),
        });
        hosts.insert(name.to_owned(), host.clone());
        host
    }

    /// Waits for leave to send a request to this host.
    pub(crate) async fn turn(&self, name: &str) -> Result<Turn, FetchError> {
        let host = self.host(name);
        let closed = |_| FetchError::Connect {
            host: name.to_owned(),
            why: "we are shutting down".into(),
        };
        let slot = host.slots.clone().acquire_owned().await.map_err(closed)?;
        let start = {
            let mut pace = host.pace();
            let now = Instant::now();
            let start = pace.next.max(now);
            if start - now > self.max_wait.max(pace.delay) {
                return Err(FetchError::Later {
                    host: name.to_owned(),
                    seconds: (start - now).as_secs(),
                });
            }
            pace.next = start + pace.delay;
            start
        };
        // A timer takes a millisecond even where there is nothing to wait for.
        if start > Instant::now() {
            sleep_until(start).await;
        }
        let all = self.all.clone().acquire_owned().await.map_err(closed)?;
        Ok(Turn {
            _host: slot,
            _all: all,
        })
    }

    /// The host asked to be left alone for a while.
    pub(crate) fn pause(&self, name: &str, wait: Duration) {
        let host = self.host(name);
        let mut pace = host.pace();
        pace.next = pace.next.max(Instant::now() + wait);
    }

    /// The host asks for this distance (Crawl-delay): granted up to the longest wait.
    pub(crate) fn slow_down(&self, name: &str, delay: Duration) {
        let host = self.host(name);
        let mut pace = host.pace();
        pace.delay = pace.delay.max(delay.min(self.max_wait));
    }
}

impl Host {
    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
