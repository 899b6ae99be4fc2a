//! A queue inside one process.
//!
//! It forgets everything when the process ends; the records say what is due, and whoever starts next offers it again.

use crate::{Error, Lease, Queue};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long a key may be held before it is handed out again.
const LEASE: Duration = Duration::from_secs(15 * 60);

/// Opens the queue that a URL names: `local`, inside this process.
pub async fn open(url: &str) -> Result<Arc<dyn Queue>, Error> {
    match url {
        "local" => Ok(Arc::new(LocalQueue::new(LEASE))),
        _ => Err(Error::BadUrl(url.into(), "the queue is local")),
    }
}

/// A queue inside one process, first come, first served; a key that comes back goes to the end.
pub struct LocalQueue {
    lease: Duration,
    state: Mutex<State>,
    more: Notify,
}

#[derive(Default)]
struct State {
    ready: VecDeque<String>,
    /// What waits until a moment: keys given back, and leases that run out. By moment and order of arrival.
    later: BTreeMap<(Instant, u64), Later>,
    /// Where each known key is.
    keys: HashMap<String, Entry>,
    next: u64,
}

enum Later {
    Back(String),
    LeaseEnds(String),
}

struct Entry {
    attempt: u32,
    place: Place,
}

#[derive(PartialEq)]
enum Place {
    /// In `ready`, or in `later` after being given back.
    Waiting,
    /// Handed out under this token; `again`: offered once more meanwhile.
    Out {
        token: u64,
        ends: (Instant, u64),
        again: bool,
    },
}

impl LocalQueue {
    /// A queue that hands a key out again when it was not settled within `lease`.
    pub fn new(lease: Duration) -> Self {
        Self {
            lease,
            state: Mutex::default(),
            more: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Brings back what is due by `now`.
    fn wake(&mut self, now: Instant) {
        while let Some(first) = self.later.first_entry().filter(|first| first.key().0 <= now) {
            match first.remove() {
                Later::Back(key) => self.ready.push_back(key),
                Later::LeaseEnds(key) => {
                    if let Some(entry) = self.keys.get_mut(&key) {
                        entry.place = Place::Waiting;
                        self.ready.push_back(key);
                    }
                }
            }
        }
    }

    fn take(&mut self, now: Instant, lease: Duration) -> Option<Lease> {
        self.wake(now);
        let key = self.ready.pop_front()?;
        let token = self.number();
        let entry = self.keys.get_mut(&key)?;
        entry.attempt += 1;
        let ends = (now + lease, token);
        entry.place = Place::Out {
            token,
            ends,
            again: false,
        };
        let attempt = entry.attempt;
        self.later.insert(ends, Later::LeaseEnds(key.clone()));
        Some(Lease { key, attempt, token })
    }

    /// Ends a lease; `None` when it had run out already and is somebody else's now. Otherwise: offered meanwhile?
    fn settle(&mut self, lease: &Lease) -> Option<bool> {
        let entry = self.keys.get_mut(&lease.key)?;
        match entry.place {
            Place::Out { token, ends, again } if token == lease.token => {
                self.later.remove(&ends);
                Some(again)
            }
            _ => None,
        }
    }
}

#[async_trait]
impl Queue for LocalQueue {
    async fn push(&self, key: &str) -> Result<(), Error> {
        let mut state = self.state();
        match state.keys.get_mut(key) {
            Some(Entry {
                place: Place::Waiting,
                ..
            }) => {}
            Some(Entry {
                place: Place::Out { again, .. },
                ..
            }) => *again = true,
            None => {
                state.keys.insert(
                    key.into(),
                    Entry {
                        attempt: 0,
                        place: Place::Waiting,
                    },
                );
                state.ready.push_back(key.into());
                self.more.notify_one();
            }
        }
        Ok(())
    }

    async fn take(&self, wait: Duration) -> Result<Option<Lease>, Error> {
        let until = Instant::now() + wait;
        loop {
            let next = {
                let mut state = self.state();
                if let Some(lease) = state.take(Instant::now(), self.lease) {
                    // One notice may stand for several keys: pass it on.
                    if !state.ready.is_empty() {
                        self.more.notify_one();
                    }
                    return Ok(Some(lease));
                }
                state.later.keys().next().map(|&(moment, _)| moment)
            };
            let wake = next.map_or(until, |next| next.min(until));
            if timeout_at(wake, self.more.notified()).await.is_err() && Instant::now() >= until {
                // What became due at this very moment still counts.
                return Ok(self.state().take(Instant::now(), self.lease));
            }
        }
    }

    async fn done(&self, lease: Lease) -> Result<(), Error> {
        let mut state = self.state();
        match state.settle(&lease) {
            Some(true) => {
                state.keys.insert(
                    lease.key.clone(),
                    Entry {
                        attempt: 0,
                        place: Place::Waiting,
                    },
                );
                state.ready.push_back(lease.key);
                self.more.notify_one();
            }
            Some(false) => _ = state.keys.remove(&lease.key),
            None => {}
        }
        Ok(())
    }

    async fn retry(&self, lease: Lease, delay: Duration) -> Result<(), Error> {
        let mut state = self.state();
        if state.settle(&lease).is_some() {
            let number = state.number();
            if let Some(entry) = state.keys.get_mut(&lease.key) {
                entry.place = Place::Waiting;
            }
            state
                .later
                .insert((Instant::now() + delay, number), Later::Back(lease.key));
            // Whoever waits must wait for this too.
            self.more.notify_one();
        }
        Ok(())
    }
}
