//! Fetches an address: in turn, within bounds, redirects and retries included.

use super::{
    Error, Exchange, FetchError, Fetched, Policy, Truncation,
    connect::{Connection, Connector, admissible},
    courtesy::Courtesy,
    decode::{Bounds, codings, decode},
    robots_cache::RobotsCache,
    spool::{Spool, SpoolWriter},
    wire::Tap,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{
    Response,
    body::Incoming,
    header::{HeaderName, HeaderValue},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use swordnet_core::Timestamp;
use tokio::time::{sleep, timeout};
use url::Url;

/// Bodies above this are decoded on a thread that may block.
const DECODED_AT_ONCE: u64 = 256 << 10;
/// A slow body is tolerated for so long before the least rate counts.
const RATE_COUNTS_FROM: Duration = Duration::from_secs(10);

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// For the whole.
    Get,
    /// For the head alone.
    Head,
}

/// Which redirects to follow; those that are not followed end the fetch with the redirect itself.
pub type Follow = Arc<dyn Fn(&Url) -> bool + Send + Sync>;

/// What to fetch.
#[derive(Clone)]
pub struct Request {
    /// The address; its fragment and credentials are not sent.
    pub url: Url,
    /// How to ask.
    pub method: Method,
    /// Fields beside our own, such as `range` or `if-none-match`; they replace ours of the same name.
    pub headers: Vec<(String, String)>,
    /// Most bytes of the body, where it differs from the policy.
    pub max_body: Option<u64>,
    /// Most bytes of the body where it is no text: a film that a page links to is not fetched by the way.
    pub max_media: Option<u64>,
    /// Longest time, where it differs from the policy.
    pub timeout: Option<Duration>,
    /// Which redirects to follow; `None` follows all, up to the policy's number.
    pub follow: Option<Follow>,
}

impl Request {
    /// A plain GET.
    pub fn get(url: Url) -> Request {
        Request {
            url,
            method: Method::Get,
            headers: Vec::new(),
            max_body: None,
            max_media: None,
            timeout: None,
            follow: None,
        }
    }

    /// A GET for the bytes `from..=to` (`None`: to the end).
    pub fn range(url: Url, from: u64, to: Option<u64>) -> Request {
        let to = to.map(|to| to.to_string()).unwrap_or_default();
        Request {
            headers: vec![("range".into(), format!("bytes={from}-{to}"))],
            ..Request::get(url)
        }
    }

    /// Adds what an earlier response said of itself, so that the server can answer "not modified".
    pub fn unless_unchanged(mut self, etag: Option<&str>, last_modified: Option<&str>) -> Request {
        let fields = [("if-none-match", etag), ("if-modified-since", last_modified)];
        self.headers.extend(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name.into(), value?.into()))),
        );
        self
    }
}

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

    pub(crate) fn courtesy(&self) -> &Courtesy {
        &self.0.courtesy
    }

    pub(crate) fn robots_cache(&self) -> &RobotsCache {
        &self.0.robots
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
            match self.exchange(connection, request, url).await {
                // The server had given up the kept connection: that says nothing about this request.
                Err((FetchError::Connect { .. }, true)) => {}
                other => return other.map_err(|(error, _)| error),
            }
        }
        let connection = self.0.connector.open(url).await?;
        self.exchange(connection, request, url)
            .await
            .map_err(|(error, _)| error)
    }

    /// Sends the request over the connection. The error says also whether no byte of a response had come.
    async fn exchange(
        &self,
        mut connection: Connection,
        request: &Request,
        url: &Url,
    ) -> Result<Exchange, (FetchError, bool)> {
        let policy = &self.0.policy;
        let limit = request.timeout.unwrap_or(policy.timeout);
        let started = Instant::now();
        let message = self.message(request, url).map_err(|error| (error, false))?;
        // A connection just used may still be busy with the end of the last response.
        let ready = timeout(limit.min(policy.idle_timeout), connection.sender.ready()).await;
        if !matches!(ready, Ok(Ok(()))) {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Err((
                FetchError::Connect {
                    host,
                    why: "it was closed".into(),
                },
                connection.used,
            ));
        }
        drop(connection.copy.take());
        // Interim responses can follow one another without end.
        connection.copy.bound(4 * policy.max_head as u64);
        let at = (policy.clock)();
        let answer = timeout(
            limit.min(policy.idle_timeout),
            connection.sender.send_request(message),
        )
        .await;
        let response = match answer {
            Err(_) => return Err((FetchError::Timeout { url: url.to_string() }, false)),
            Ok(Err(error)) => {
                let tap = connection.copy.take();
                let untouched = tap.response.len() == 0;
                return Err((failure(url, &error, tap), untouched && connection.used));
            }
            Ok(Ok(response)) => response,
        };
        let status = response.status().as_u16();
        let headers = fields(&response);
        let framing = Framing::of(&response, &headers);
        // Chunks of one byte are six bytes each; nobody means more.
        let max_body = self.max_body(request, &headers);
        connection
            .copy
            .bound(4 * policy.max_head as u64 + max_body.saturating_mul(6));
        let received = self.receive(response, max_body, &framing, started, limit).await;
        let Received {
            dechunked,
            length,
            truncated,
        } = received.map_err(|error| (error, false))?;
        let Tap {
            request: sent,
            response: raw,
            failed,
            ..
        } = connection.copy.take();
        if let Some(error) = failed {
            return Err((error.into(), false));
        }
        let head_length = head_length(raw.in_memory());
        let response = raw.finish();
        let (response, head_length) = match head_length {
            Some(head_length) => (response, head_length),
            // The response went to a file; its head is at the beginning of it all the same.
            None => {
                let start = response.slice(0, 4 * policy.max_head as u64).bytes();
                let start = start.map_err(|error| (error.into(), false))?;
                (response, head_length_of(&start))
            }
        };
        let peer = connection.peer;
        let tls = connection.tls.clone();
        if truncated.is_none() {
            self.0.connector.keep(url, connection);
        }
        // A body that is neither chunked nor encoded stands in the response as it is.
        let (response, sent_body) = match dechunked {
            Some(body) => (response, body),
            None => {
                let response = response.slice(0, head_length + length);
                let body = response.slice(head_length, head_length + length);
                (response, body)
            }
        };
        let bounds = Bounds {
            bytes: max_body,
            ratio: policy.max_ratio,
        };
        let (body, cut) = undo_codings(sent_body, framing.codings, bounds)
            .await
            .map_err(|error| (error, false))?;
        Ok(Exchange {
            url: url.clone(),
            at,
            peer,
            request: sent.into(),
            response,
            head_length,
            status,
            headers,
            body,
            truncated: truncated.or(cut),
            tls,
        })
    }

    fn max_body(&self, request: &Request, headers: &[(String, String)]) -> u64 {
        let most = request.max_body.unwrap_or(self.0.policy.max_body);
        let kind = headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .map(|(_, value)| value.as_str());
        match (request.max_media, kind) {
            (Some(less), Some(kind)) if !is_text(kind) => most.min(less),
            _ => most,
        }
    }

    fn message(&self, request: &Request, url: &Url) -> Result<hyper::Request<Empty<Bytes>>, FetchError> {
        let refuse = |why: String| FetchError::Address {
            url: url.to_string(),
            why,
        };
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(refuse("it names no host".into())),
        };
        let partial = request
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("range"));
        let method = if request.method == Method::Head {
            "HEAD"
        } else {
            "GET"
        };
        let mut message = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header("host", host)
            .header("user-agent", &self.0.policy.user_agent)
            .header(
                "accept",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            )
            .header("accept-language", "zh-CN,zh;q=0.9,en;q=0.8,*;q=0.5")
            .header(
                "accept-encoding",
                if partial {
                    "identity"
                } else {
                    "gzip, deflate, br, zstd"
                },
            )
            .body(Empty::new())
            .map_err(|error| refuse(error.to_string()))?;
        for (name, value) in &request.headers {
            let name = HeaderName::try_from(name).map_err(|error| refuse(error.to_string()))?;
            let value = HeaderValue::try_from(value).map_err(|error| refuse(error.to_string()))?;
            message.headers_mut().insert(name, value);
        }
        Ok(message)
    }

    async fn receive(
        &self,
        response: Response<Incoming>,
        max_body: u64,
        framing: &Framing,
        started: Instant,
        limit: Duration,
    ) -> Result<Received, FetchError> {
        let policy = &self.0.policy;
        let mut body = response.into_body();
        let mut dechunked = framing.chunked.then(SpoolWriter::default);
        let (mut length, mut truncated) = (0u64, None);
        let body_started = Instant::now();
        loop {
            let left = limit.saturating_sub(started.elapsed()).min(policy.idle_timeout);
            if left.is_zero() {
                truncated = Some(Truncation::Time);
                break;
            }
            let frame = match timeout(left, body.frame()).await {
                Err(_) => {
                    truncated = Some(Truncation::Time);
                    break;
                }
                Ok(None) => break,
                Ok(Some(Err(_))) => {
                    truncated = Some(Truncation::Disconnect);
                    break;
                }
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(mut data) = frame.into_data() else { continue };
            if length + data.len() as u64 > max_body {
                data.truncate((max_body - length) as usize);
                truncated = Some(Truncation::Length);
            }
            length += data.len() as u64;
            if let Some(out) = &mut dechunked {
                out.push(&data)?;
            }
            let elapsed = body_started.elapsed();
            if truncated.is_none()
                && elapsed > RATE_COUNTS_FROM
                && length < policy.min_rate.saturating_mul(elapsed.as_secs())
            {
                truncated = Some(Truncation::Time);
            }
            if truncated.is_some() {
                break;
            }
        }
        Ok(Received {
            dechunked: dechunked.map(SpoolWriter::finish),
            length,
            truncated,
        })
    }
}

/// What came of a body.
struct Received {
    /// The body, where its framing had to be undone.
    dechunked: Option<Spool>,
    length: u64,
    truncated: Option<Truncation>,
}

/// How a body is wrapped.
struct Framing {
    chunked: bool,
    codings: Vec<String>,
}

impl Framing {
    fn of(response: &Response<Incoming>, headers: &[(String, String)]) -> Framing {
        let values = |wanted: &'static str| {
            headers
                .iter()
                .filter(move |(name, _)| name == wanted)
                .map(|(_, v)| v.as_str())
        };
        Framing {
            chunked: response.headers().contains_key("transfer-encoding"),
            codings: codings(values("content-encoding")),
        }
    }
}

async fn undo_codings(
    body: Spool,
    codings: Vec<String>,
    bounds: Bounds,
) -> Result<(Spool, Option<Truncation>), FetchError> {
    if codings.is_empty() {
        Ok((body, None))
    } else if body.len() <= DECODED_AT_ONCE {
        Ok(decode(&body, &codings, bounds)?)
    } else {
        let decoded = tokio::task::spawn_blocking(move || decode(&body, &codings, bounds)).await;
        Ok(decoded.map_err(|error| FetchError::Io(error.to_string()))??)
    }
}

fn fields(response: &Response<Incoming>) -> Vec<(String, String)> {
    let pairs = response.headers().iter();
    pairs
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

fn failure(url: &Url, error: &hyper::Error, tap: Tap) -> FetchError {
    if let Some(error) = tap.failed {
        return error.into();
    }
    if error.is_parse() {
        return FetchError::Malformed {
            url: url.to_string(),
            why: error.to_string(),
        };
    }
    FetchError::Connect {
        host: url.host_str().unwrap_or_default().to_owned(),
        why: error.to_string(),
    }
}

/// Text as pages, feeds, sitemaps and playlists are; not films, pictures and archives.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.to_ascii_lowercase();
    [
        "text/",
        "html",
        "xml",
        "json",
        "javascript",
        "mpegurl",
        "dash",
        "gzip",
    ]
    .iter()
    .any(|part| kind.contains(part))
}

/// Without what a server has no business to learn.
fn strip(url: &mut Url) {
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// Where the head of the final response ends, interim responses (1xx) skipped; `None` when the bytes are elsewhere.
fn head_length(bytes: &[u8]) -> Option<u64> {
    (!bytes.is_empty()).then(|| head_length_of(bytes))
}

fn head_length_of(bytes: &[u8]) -> u64 {
    let mut at = 0;
    loop {
        let interim = bytes[at..]
            .get(9..12)
            .is_some_and(|code| code[0] == b'1' && code != b"101");
        let Some(end) = end_of_head(&bytes[at..]) else {
            return bytes.len() as u64;
        };
        at += end;
        if !interim {
            return at as u64;
        }
    }
}

/// The first empty line; lines may end with CR LF or with LF alone.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| **b == b'\n') {
        if matches!(&bytes[line_start..at], b"" | b"\r") && line_start > 0 {
            return Some(at + 1);
        }
        line_start = at + 1;
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_at_the_first_empty_line_after_interim_responses() {
        for (bytes, expected) in [
            (&b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody"[..], 25),
            (b"HTTP/1.1 200 OK\nA: b\n\nbody", 22),
            (
                b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx",
                50,
            ),
            (b"HTTP/1.1 200 OK\r\nA: b", 21),
            (b"", 0),
        ] {
            assert_eq!(
                head_length_of(bytes),
                expected,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
