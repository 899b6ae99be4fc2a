//! How to behave towards other people's servers, and what to put up with from them.

use super::names::{Resolve, System};
use ipnet::IpNet;
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use swordnet_core::Timestamp;

/// A name that is not to be resolved: connect to this address instead. The address is judged all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Host name, lower case.
    pub host: String,
    /// Port that the address names.
    pub port: u16,
    /// Where to connect.
    pub addr: SocketAddr,
}

/// What to do with a server whose certificate does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsTrust {
    /// Do not talk to it.
    Refuse,
    /// Talk to it, and record what is wrong in [`TlsFacts::problem`](crate::TlsFacts::problem).
    Record,
}

/// How a [`Client`](crate::Client) behaves. Every bound is one that a hostile server has been seen to need.
#[derive(Clone)]
pub struct Policy {
    /// Sent as User-Agent; its product token (the part before `/`) is the name that robots.txt knows us by.
    pub user_agent: String,
    /// Ranges that are opened although they are private, loopback or otherwise refused.
    pub allow_net: Vec<IpNet>,
    /// Names with a fixed address.
    pub resolve: Vec<Pin>,
    /// Who is asked for all other names. Records call it the system's resolver, which it is but in tests.
    pub resolver: Arc<dyn Resolve>,
    /// Least time between the starts of two requests to the same host.
    pub delay: Duration,
    /// Requests under way to the same host at once.
    pub per_host: usize,
    /// Requests under way at once, all hosts together.
    pub concurrency: usize,
    /// Longest time to connect, handshake included.
    pub connect_timeout: Duration,
    /// Longest wait for the head of a response, and between two pieces of its body.
    pub idle_timeout: Duration,
    /// Longest time for one request from its first byte to the last of its response.
    pub timeout: Duration,
    /// Least bytes a second of a body, on average, once ten seconds have passed.
    pub min_rate: u64,
    /// Most bytes of a head.
    pub max_head: usize,
    /// Most fields of a head.
    pub max_fields: usize,
    /// Most bytes of a body, as sent and, separately, as decoded.
    pub max_body: u64,
    /// Most decoded bytes for each byte sent, once a mebibyte was decoded.
    pub max_ratio: u64,
    /// Most redirects from one address. Browsers allow 20.
    pub redirects: usize,
    /// How often a failed request is tried again, where it may be.
    pub retries: u32,
    /// First pause before a retry; it doubles each time.
    pub back_off: Duration,
    /// Longest pause that a server can ask for (Retry-After, Crawl-delay); where it asks for more, we give up.
    pub max_wait: Duration,
    /// Longest time for a page in the browser to say what it plays by itself, and as long again after its players were asked to begin.
    pub page_time: Duration,
    /// Most pages of one crawl.
    pub max_pages: u64,
    /// Longest duration of one crawl.
    pub max_time: Option<Duration>,
    /// Most pages of one pattern of addresses (digits and parameters' values aside) in one crawl; a tenth of it where
    /// the addresses hold letters mixed with digits, as session numbers do and few other things.
    pub max_per_pattern: u32,
    /// Most links from the start to a page.
    pub max_depth: u32,
    /// Is robots.txt obeyed?
    pub obey_robots: bool,
    /// Who decided that robots.txt is not obeyed, and why; it goes into every crawl's remarks.
    pub robots_override: Option<String>,
    /// What to do with certificates that do not hold.
    pub tls: TlsTrust,
    /// The instant now.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Uniform numbers in 0..1 that spread retries in time.
    pub jitter: Arc<dyn Fn() -> f64 + Send + Sync>,
}

impl Policy {
    /// The name that robots.txt knows us by.
    pub fn product_token(&self) -> &str {
        let end = self
            .user_agent
            .find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_')));
        &self.user_agent[..end.unwrap_or(self.user_agent.len())]
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            user_agent: concat!("Swordnet/", env!("CARGO_PKG_VERSION")).to_owned(),
            allow_net: Vec::new(),
            resolve: Vec::new(),
            resolver: Arc::new(System),
            delay: Duration::from_millis(500),
            per_host: 2,
            concurrency: 64,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(15),
            timeout: Duration::from_secs(30),
            min_rate: 128,
            max_head: 64 << 10,
            max_fields: 256,
            max_body: 16 << 20,
            max_ratio: 200,
            redirects: 20,
            retries: 2,
            back_off: Duration::from_millis(500),
            max_wait: Duration::from_secs(30),
            page_time: Duration::from_secs(8),
            max_pages: 1_000_000,
            max_time: None,
            max_per_pattern: 50_000,
            max_depth: 1000,
            obey_robots: true,
            robots_override: None,
            tls: TlsTrust::Refuse,
            clock: Arc::new(Timestamp::now),
            jitter: Arc::new(|| 0.5),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("user_agent", &self.user_agent)
            .field("allow_net", &self.allow_net)
            .field("delay", &self.delay)
            .field("per_host", &self.per_host)
            .field("concurrency", &self.concurrency)
            .field("obey_robots", &self.obey_robots)
            .finish_non_exhaustive()
    }
}
