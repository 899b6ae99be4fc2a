//! Fetches an address: in turn, redirects and retries included.

use super::{
    Error, Exchange, FetchError, Fetched, Policy, Request,
    connect::{Connector, admissible},
    courtesy::Courtesy,
    request::strip,
    robots_cache::RobotsCache,
    transfer::transfer,
};
use std::{sync::Arc, time::Duration};
use swordnet_core::Timestamp;
use tokio::time::sleep;
use url::Url;

/// Fetches addresses. Cheap to clone; clones share connections, turns and robots.txt files.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    policy: Policy,
    connector: Connector,
    courtesy: Courtesy,
    robots: RobotsCache,
}

impl Client {
    /// A client that behaves by this policy.
    pub fn new(policy: Policy) -> Result<Client, Error> {
        let connector = Connector::new(&policy).map_err(|error| Error::Tls(error.to_string()))?;
        let courtesy = Courtesy::new(policy.delay, policy.per_host, policy.concurrency, policy.max_wait);
        Ok(Client(Arc::new(Inner {
            policy,
            connector,
            courtesy,
            robots: RobotsCache::default(),
        })))
    }

    /// How it behaves.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// A bare connection to the host that an address names, judged like any other.
    pub(crate) async fn dial(&self, url: &Url) -> Result<tokio::net::TcpStream, FetchError> {
        self.0.connector.dial(url).await
    }

    pub(crate) fn courtesy(&self) -> &Courtesy {
        &self.0.courtesy
    }

    pub(crate) fn robots_cache(&self) -> &RobotsCache {
        &self.0.robots
    }

    /// Asks a service that the office has chosen itself, such as a time-stamp authority: no robots.txt, no redirects; the
    /// guard, the bounds and the retries are those of every other request.
    pub async fn ask(&self, request: Request) -> Result<Exchange, FetchError> {
        let mut url = request.url.clone();
        admissible(&url)?;
        strip(&mut url);
        self.patiently(&request, &url).await
    }

    /// Fetches an address: robots.txt, the host's pace, redirects (each hop judged anew) and retries included.
    ///
    /// Any status is a success here. A response that was cut off at a bound says so in
    /// [`truncated`](Exchange::truncated).
    pub async fn fetch(&self, request: Request) -> Result<Fetched, FetchError> {
        self.follow(&request, self.0.policy.redirects, self.0.policy.obey_robots)
            .await
    }

    pub(crate) async fn follow(
        &self,
        request: &Request,
        redirects: usize,
        obey_robots: bool,
    ) -> Result<Fetched, FetchError> {
        let mut url = request.url.clone();
        let mut hops = Vec::new();
        loop {
            admissible(&url)?;
            strip(&mut url);
            if obey_robots {
                self.ask_robots(&url).await?;
            }
            let exchange = self.patiently(request, &url).await?;
            let next = exchange
                .redirect()
                .filter(|next| request.follow.as_ref().is_none_or(|follow| follow(next)));
            hops.push(exchange);
            match next {
                None => return Ok(Fetched { hops }),
                Some(_) if hops.len() > redirects => {
                    return Err(FetchError::Redirects {
                        url: request.url.to_string(),
                    });
                }
                Some(next) => url = next,
            }
        }
    }

    /// Is the address allowed? A host that does not answer is said not to answer, rather than to forbid.
    async fn ask_robots(&self, url: &Url) -> Result<(), FetchError> {
        let robots = Box::pin(self.robots(url)).await;
        if robots.rules.allows(url) {
            return Ok(());
        }
        Err(robots
            .problem
            .clone()
            .unwrap_or_else(|| FetchError::Robots { url: url.to_string() }))
    }

    /// One exchange, tried again where that may help.
    async fn patiently(&self, request: &Request, url: &Url) -> Result<Exchange, FetchError> {
        let policy = &self.0.policy;
        let host = url.host_str().unwrap_or_default();
        let mut tried = 0;
        loop {
            let turn = self.0.courtesy.turn(host).await?;
            let result = self.once(request, url).await;
            drop(turn);
            let asked = match &result {
                Ok(exchange) if matches!(exchange.status, 408 | 429 | 502 | 503 | 504) => {
                    retry_after(exchange, (policy.clock)())
                }
                // Silence has cost a whole timeout already: once more is enough.
                Err(FetchError::Timeout { .. }) if tried > 0 => return result,
                Err(error) if error.may_pass() => None,
                _ => return result,
            };
            let spread = 0.5 + (policy.jitter)().clamp(0.0, 1.0);
            let pause =
                asked.unwrap_or_else(|| policy.back_off.mul_f64(f64::from(1u32 << tried.min(16)) * spread));
            if asked.is_some() {
                self.0.courtesy.pause(host, pause);
            }
            if tried == policy.retries || pause > policy.max_wait {
                return result;
            }
            tried += 1;
            tracing::debug!(%url, ?pause, tried, "trying again");
            sleep(pause).await;
        }
    }

    async fn once(&self, request: &Request, url: &Url) -> Result<Exchange, FetchError> {
        if let Some(connection) = self.0.connector.kept(url) {
            match transfer(&self.0.policy, &self.0.connector, connection, request, url).await {
                // The server had given up the kept connection: that says nothing about this request.
                Err((FetchError::Connect { .. }, true)) => {}
                other => return other.map_err(|(error, _)| error),
            }
        }
        let connection = self.0.connector.open(url).await?;
        transfer(&self.0.policy, &self.0.connector, connection, request, url)
            .await
            .map_err(|(error, _)| error)
    }
}

/// How long the server asks us to wait: seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(exchange: &Exchange, now: Timestamp) -> Option<Duration> {
    let value = exchange.header("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let until = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}
