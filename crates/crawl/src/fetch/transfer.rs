//! One request and its response over an open connection.

use super::{
    Exchange, FetchError, Policy, Request, Truncation,
    connect::{Connection, Connector},
    decode::{Bounds, codings, decode},
    spool::{Spool, SpoolWriter},
    wire::Tap,
};
use http_body_util::BodyExt;
use hyper::{Response, body::Incoming};
use std::{
    ops::Range,
    time::{Duration, Instant},
};
use tokio::time::timeout;
use url::Url;

/// Bodies above this are decoded on a thread that may block.
const DECODED_AT_ONCE: u64 = 256 << 10;
/// Pieces of a body that may be as small as the server likes; beyond them they must hold so many bytes on average. Each costs
/// as much time as a large one.
const SMALL_PIECES: u64 = 1 << 16;
const LEAST_PIECE: u64 = 16;
/// A slow body is tolerated for so long before the least rate counts.
const RATE_COUNTS_FROM: Duration = Duration::from_secs(10);

/// Sends the request over the connection. The error says also whether no byte of a response had come.
pub(super) async fn transfer(
    policy: &Policy,
    connector: &Connector,
    mut connection: Connection,
    request: &Request,
    url: &Url,
) -> Result<Exchange, (FetchError, bool)> {
    let limit = request.timeout.unwrap_or(policy.timeout);
    let started = Instant::now();
    let message = request
        .message(url, &policy.user_agent)
        .map_err(|error| (error, false))?;
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
    let max_body = request.most(policy, &headers);
    connection
        .copy
        .bound(4 * policy.max_head as u64 + max_body.saturating_mul(6));
    let received = receive(policy, response, max_body, &framing, started, limit).await;
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
            (response, final_head(&start).end as u64)
        }
    };
    let (peer, route) = (connection.peer, connection.route.clone());
    let tls = connection.tls.clone();
    if truncated.is_none() {
        connector.keep(url, connection);
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
        route,
        request: sent.into(),
        response,
        head_length,
        status,
        headers,
        body,
        truncated: truncated.or(cut),
        unchanged: false,
        tls,
    })
}

async fn receive(
    policy: &Policy,
    response: Response<Incoming>,
    max_body: u64,
    framing: &Framing,
    started: Instant,
    limit: Duration,
) -> Result<Received, FetchError> {
    let mut body = response.into_body();
    let mut dechunked = framing.chunked.then(SpoolWriter::default);
    let (mut length, mut pieces, mut truncated) = (0u64, 0u64, None);
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
        pieces += 1;
        if pieces > SMALL_PIECES && length < pieces * LEAST_PIECE {
            truncated = Some(Truncation::Length);
        }
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

/// Where the head of the final response ends, interim responses (1xx) skipped; `None` when the bytes are elsewhere.
fn head_length(bytes: &[u8]) -> Option<u64> {
    (!bytes.is_empty()).then(|| final_head(bytes).end as u64)
}

/// Where the head of the final response stands.
pub(super) fn final_head(bytes: &[u8]) -> Range<usize> {
    let mut at = 0;
    loop {
        let interim = bytes[at..]
            .get(9..12)
            .is_some_and(|code| code[0] == b'1' && code != b"101");
        let Some(length) = end_of_head(&bytes[at..]) else {
            return at..bytes.len();
        };
        if !interim {
            return at..at + length;
        }
        at += length;
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
                final_head(bytes).end,
                expected,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
