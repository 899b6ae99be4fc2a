//! What each host's robots.txt says, kept for a day.

use super::{Client, FetchError, Fetched, Request};
use crate::robots::{MAX_BYTES, Rules};
use jiff::SignedDuration;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use swordnet_core::Timestamp;
use url::Url;

/// RFC 9309, section 2.4: not to be used for more than 24 hours.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// A host that did not answer is asked again sooner.
const KEPT_SILENCE: SignedDuration = SignedDuration::from_mins(5);
/// RFC 9309, section 2.3.1.2: at least five consecutive redirects are followed, beyond them it counts as unavailable.
const REDIRECTS: usize = 5;
/// Hosts that are remembered before all are forgotten.
const REMEMBERED: usize = 10_000;

/// The robots.txt of one scheme, host and port.
#[derive(Debug)]
pub struct Robots {
    /// What it says to us.
    pub rules: Rules,
    /// How it was fetched; `None` when nothing answered.
    pub fetched: Option<Fetched>,
    /// Why nothing answered.
    pub problem: Option<FetchError>,
    /// When it was fetched.
    pub at: Timestamp,
}

impl Robots {
    /// Did the host give an answer that holds for a day?
    fn answered(&self) -> bool {
        self.problem.is_none()
            && self
                .fetched
                .as_ref()
                .is_none_or(|fetched| fetched.last().status < 500)
    }
}

type Slot = Arc<tokio::sync::Mutex<Option<Arc<Robots>>>>;

#[derive(Default)]
pub(crate) struct RobotsCache {
    origins: Mutex<HashMap<String, Slot>>,
}

impl RobotsCache {
    fn slot(&self, url: &Url) -> Slot {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.len() >= REMEMBERED {
            origins.clear();
        }
        origins
            .entry(url.origin().ascii_serialization())
            .or_default()
            .clone()
    }
}

impl Client {
    /// The robots.txt that governs an address: from the last 24 hours, or fetched now.
    ///
    /// 2xx is read; 4xx, and redirects without end, mean that everything is allowed; 5xx and silence mean that
    /// nothing is (RFC 9309, section 2.3.1).
    pub async fn robots(&self, url: &Url) -> Arc<Robots> {
        let slot = self.robots_cache().slot(url);
        let mut known = slot.lock().await;
        let now = (self.policy().clock)();
        if let Some(robots) = &*known {
            let age = now.duration_since(robots.at);
            let kept = if robots.answered() { KEPT } else { KEPT_SILENCE };
            if age < kept && !age.is_negative() {
                return robots.clone();
            }
        }
        let robots = Arc::new(self.fetch_robots(url, now).await);
        if let (Some(seconds), Some(host)) = (robots.rules.crawl_delay, url.host_str()) {
            // A day is more than anybody means, and small enough for the conversion.
            self.courtesy()
                .slow_down(host, Duration::from_secs_f64(seconds.min(86_400.0)));
        }
        *known = Some(robots.clone());
        robots
    }

    async fn fetch_robots(&self, url: &Url, at: Timestamp) -> Robots {
        let mut address = url.clone();
        address.set_path("/robots.txt");
        address.set_query(None);
        address.set_fragment(None);
        let request = Request {
            max_body: Some(MAX_BYTES as u64),
            ..Request::get(address)
        };
        match self.follow(&request, REDIRECTS, false).await {
            Ok(fetched) => {
                let last = fetched.last();
                let rules = match last.status {
                    200..=299 => last.body.bytes().map_or_else(
                        |_| Rules::disallow_all(),
                        |body| Rules::parse(&body, self.policy().product_token()),
                    ),
                    500.. => Rules::disallow_all(),
                    _ => Rules::allow_all(),
                };
                Robots {
                    rules,
                    fetched: Some(fetched),
                    problem: None,
                    at,
                }
            }
            Err(FetchError::Redirects { .. }) => Robots {
                rules: Rules::allow_all(),
                fetched: None,
                problem: None,
                at,
            },
            Err(problem) => Robots {
                rules: Rules::disallow_all(),
                fetched: None,
                problem: Some(problem),
                at,
            },
        }
    }
}
