//! Replies: their headers, ranges and compression, and bodies that break or drip.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use swordnet_core::Sha256Hex;

pub fn plain(status: StatusCode, text: &'static str) -> Response<Sending> {
    let mut reply = Response::new(Sending::Whole(Some(Bytes::from_static(text.as_bytes()))));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    reply
}

pub fn file(path: &std::path::Path, media_type: &'static str, asked: &HeaderMap) -> Response<Sending> {
    match std::fs::read(path) {
        Ok(body) => bytes(Bytes::from(body), media_type, asked, false),
        Err(_) => plain(StatusCode::NOT_FOUND, "not found"),
    }
}

/// A body with its headers: validators, a range if one is asked for, compression if the site does that and the client may.
pub fn bytes(body: Bytes, media_type: &'static str, asked: &HeaderMap, gzip: bool) -> Response<Sending> {
    let tag = format!("\"{}\"", &Sha256Hex::of(&body).as_str()[..16]);
    let said = |name: HeaderName| asked.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut headers = HeaderMap::new();
    let mut put = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::ETAG, &tag);
    put(header::CONTENT_TYPE, media_type);
    let (mut status, mut body) = (StatusCode::OK, body);
    if said(header::IF_NONE_MATCH)
        .split(',')
        .any(|t| t.trim().trim_start_matches("W/") == tag)
    {
        (status, body) = (StatusCode::NOT_MODIFIED, Bytes::new());
    } else if media_type.starts_with("text/") {
        if gzip && said(header::ACCEPT_ENCODING).contains("gzip") {
            put(header::CONTENT_ENCODING, "gzip");
            body = compressed(&body);
        }
    } else {
        put(header::ACCEPT_RANGES, "bytes");
        match range(said(header::RANGE), body.len()) {
            Some(Ok((from, to))) => {
                put(
                    header::CONTENT_RANGE,
                    &format!("bytes {from}-{to}/{}", body.len()),
                );
                (status, body) = (StatusCode::PARTIAL_CONTENT, body.slice(from..=to));
            }
            Some(Err(())) => {
                put(header::CONTENT_RANGE, &format!("bytes */{}", body.len()));
                (status, body) = (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new());
            }
            None => {}
        }
    }
    let mut reply = Response::new(Sending::Whole(Some(body)));
    *reply.status_mut() = status;
    *reply.headers_mut() = headers;
    reply
}

fn compressed(body: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let _ = encoder.write_all(body);
    Bytes::from(encoder.finish().unwrap_or_default())
}

/// A single byte range, both ends included (RFC 9110 section 14); `None` when there is none or several.
fn range(value: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (from, to) = value.strip_prefix("bytes=")?.split_once('-')?;
    if to.contains(',') {
        return None;
    }
    let last = length.checked_sub(1);
    let range = match (from.trim().parse::<usize>(), to.trim().parse::<usize>()) {
        (Ok(from), Ok(to)) => last.map(|last| (from, to.min(last))),
        (Ok(from), Err(_)) => last.map(|last| (from, last)),
        (Err(_), Ok(count)) => last.map(|last| (length.saturating_sub(count), last)),
        _ => return None,
    };
    Some(range.filter(|(from, to)| from <= to).ok_or(()))
}

/// A body on its way.
pub enum Sending {
    /// All at once.
    Whole(Option<Bytes>),
    /// Some of it, then the connection breaks.
    Cut(Option<Bytes>, Pin<Box<tokio::time::Sleep>>),
    /// A little every half second.
    Drip {
        left: u32,
        pause: Pin<Box<tokio::time::Sleep>>,
    },
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Sending::Whole(body) => {
                Poll::Ready(body.take().filter(|b| !b.is_empty()).map(|b| Ok(Frame::data(b))))
            }
            Sending::Cut(body, pause) => match body.take() {
                Some(body) => Poll::Ready(Some(Ok(Frame::data(body)))),
                None => pause
                    .as_mut()
                    .poll(context)
                    .map(|()| Some(Err(io::ErrorKind::ConnectionReset.into()))),
            },
            Sending::Drip { left: 0, .. } => Poll::Ready(None),
            Sending::Drip { left, pause } => {
                if pause.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                *left -= 1;
                *pause = Box::pin(tokio::time::sleep(Duration::from_millis(500)));
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"<p>")))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Sending::Whole(body) => SizeHint::with_exact(body.as_ref().map_or(0, |b| b.len() as u64)),
            _ => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        assert_eq!(range("bytes=0-99", 1000), Some(Ok((0, 99))));
        assert_eq!(range("bytes=900-", 1000), Some(Ok((900, 999))));
        assert_eq!(range("bytes=-100", 1000), Some(Ok((900, 999))));
        assert_eq!(range("bytes=0-5000", 1000), Some(Ok((0, 999))));
        assert_eq!(range("bytes=1000-", 1000), Some(Err(())));
        assert_eq!(range("bytes=0-0", 0), Some(Err(())));
        assert_eq!(range("bytes=0-1,5-6", 1000), None);
        assert_eq!(range("", 1000), None);
    }
}
