//! Answers for all sites on one local address, and for the platforms that are ordered to remove copies.

use crate::ground::Ground;
use crate::pages::{Card, Kind, Link, Page, State, render};
use crate::plan::Declared;
use crate::truth::{Answer, SECOND, after, split};
use crate::web::{Farewell, Fault, Host, Resource};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::future::Future;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use swordnet_core::{OutcomeKind, Sha256Hex, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Tells the time: the demo's is simulated.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The sites being served; they stop answering when this is dropped.
pub struct Served {
    /// Where they answer.
    pub addr: SocketAddr,
    platforms: Arc<Platforms>,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What the platforms were told, and how they stand.
struct Platforms {
    ground: Arc<Ground>,
    clock: Clock,
    orders: Mutex<HashMap<usize, Vec<Order>>>,
    /// Pages that have failed once.
    failed: Mutex<HashSet<String>>,
}

#[derive(Clone, Copy)]
struct Order {
    at: Timestamp,
    deadline: Timestamp,
    /// Was it for the address to which the platform has moved the copy?
    moved: bool,
}

/// Serves the ground's sites on a free port of 127.0.0.1, on a thread of its own.
///
/// # Errors
/// When no port can be had.
pub fn serve(ground: Arc<Ground>, clock: Clock) -> io::Result<Served> {
    serve_on(ground, clock, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

/// Serves on a given address.
///
/// # Errors
/// When it cannot be listened on.
pub fn serve_on(ground: Arc<Ground>, clock: Clock, addr: SocketAddr) -> io::Result<Served> {
    let listener = std::net::TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    let addr = listener.local_addr()?;
    let platforms = Arc::new(Platforms {
        ground,
        clock,
        orders: Mutex::default(),
        failed: Mutex::default(),
    });
    let (stop, stopped) = oneshot::channel::<Infallible>();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let shared = platforms.clone();
    let thread = std::thread::Builder::new()
        .name("provingground".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = accept(listener, shared) => {}
                    _ = stopped => {}
                }
            });
        })?;
    Ok(Served {
        addr,
        platforms,
        stop: Some(stop),
        thread: Some(thread),
    })
}

async fn accept(listener: std::net::TcpListener, platforms: Arc<Platforms>) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let platforms = platforms.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let platforms = platforms.clone();
                async move {
                    platforms
                        .answer(&request)
                        .await
                        .map(|reply| dated(reply, (platforms.clock)()))
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(30))
                .serve_connection(TokioIo::new(stream), service);
            // A connection that breaks is what some sites are for.
            let _ = connection.await;
        });
    }
}

/// With the Date that the ground's clock gives; else the server would put the machine's there.
fn dated(mut reply: Response<Sending>, now: Timestamp) -> Response<Sending> {
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    if let Some(date) = date.ok().and_then(|date| HeaderValue::from_str(&date).ok()) {
        reply.headers_mut().insert(header::DATE, date);
    }
    reply
}

impl Served {
    /// Where to connect for each host: name, port, address. One host's address refuses connections.
    pub fn pins(&self) -> Vec<(String, u16, SocketAddr)> {
        let ground = &self.platforms.ground;
        let mut pins: Vec<_> = ground
            .hosts
            .keys()
            .map(|host| (host.clone(), 80, self.addr))
            .collect();
        for pin in &mut pins {
            if ground.unreachable.contains(&pin.0) {
                // Port 1 (tcpmux) is served nowhere.
                pin.2 = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
            }
        }
        pins.sort();
        pins
    }

    /// The platform receives an order to remove what stands at `url` on `page_url`, given at `ordered_at` and due by `deadline`;
    /// from then on it answers as the truth says. False when there is no such copy. Telling it twice changes nothing, so after
    /// a restart all orders may be told again.
    pub fn deliver(&self, page_url: &str, url: &str, ordered_at: Timestamp, deadline: Timestamp) -> bool {
        let (host, page) = split(page_url);
        let copies = &self.platforms.ground.truth.copies;
        let moved_to = |i: &usize| copies[*i].moves_to.as_deref() == Some(url);
        let numbers = || (0..copies.len()).filter(|i| copies[*i].host == host);
        let found = numbers()
            .find(|i| copies[*i].urls.iter().any(|u| u == url) || moved_to(i))
            .or_else(|| numbers().find(|i| copies[*i].page_path == page));
        let Some(index) = found else { return false };
        let order = Order {
            at: ordered_at,
            deadline,
            moved: moved_to(&index),
        };
        let mut orders = self
            .platforms
            .orders
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let given = orders.entry(index).or_default();
        if !given.iter().any(|o| o.at == order.at && o.moved == order.moved) {
            given.push(order);
            given.sort_by_key(|o| o.at);
        }
        true
    }

    /// Stops answering and waits until the port is free.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

impl Platforms {
    /// How a copy stands at `now`.
    fn state(&self, copy: usize, now: Timestamp) -> State {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let given = orders.get(&copy).map_or(&[][..], Vec::as_slice);
        let (Some(answer), Some(first)) = (
            self.ground.truth.copies[copy].answer,
            given.iter().find(|o| !o.moved),
        ) else {
            return State::There;
        };
        let obeyed = |o: &Order| now >= after(o.at, SECOND);
        match answer.outcome(first.at, first.deadline, now) {
            OutcomeKind::Gone => State::Gone,
            OutcomeKind::Moved if given.iter().filter(|o| o.moved).any(obeyed) => State::Gone,
            OutcomeKind::Moved => State::Moved,
            OutcomeKind::BackAgain => {
                let Answer::ComesBack {
                    gone_after,
                    back_after,
                } = answer
                else {
                    return State::There;
                };
                let back = after(first.at, gone_after + back_after);
                if given.iter().any(|o| o.at >= back && obeyed(o)) {
                    State::Gone
                } else {
                    State::There
                }
            }
            OutcomeKind::StillThere | OutcomeKind::Unreachable => State::There,
        }
    }

    /// Has the whole site gone dark?
    fn dark(&self, host: &str, now: Timestamp) -> bool {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.iter().any(|(copy, given)| {
            let copy = &self.ground.truth.copies[*copy];
            matches!(copy.answer, Some(Answer::GoesDark { hours }) if copy.host == host
                && given.first().is_some_and(|o| now >= after(o.at, hours)))
        })
    }

    async fn answer(&self, request: &Request<Incoming>) -> Result<Response<Sending>, io::Error> {
        let now = (self.clock)();
        let named = request
            .headers()
            .get(header::HOST)
            .and_then(|h| h.to_str().ok())
            .or(request.uri().host());
        let name = named
            .unwrap_or_default()
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let Some(host) = self.ground.hosts.get(&name) else {
            return Ok(plain(StatusCode::NOT_FOUND, "no such site"));
        };
        if self.dark(&name, now) || self.ground.unreachable.contains(&name) {
            return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
        }
        if host.delay > 0 {
            tokio::time::sleep(Duration::from_millis(host.delay)).await;
        }
        let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
        self.at(host, path, request.headers(), now)
    }

    fn at(
        &self,
        host: &Host,
        path: &str,
        asked: &HeaderMap,
        now: Timestamp,
    ) -> Result<Response<Sending>, io::Error> {
        let state = |copy: usize| self.state(copy, now);
        if let Some(resource) = host.tree.get(path) {
            return self.resource(host, path, resource, asked, now);
        }
        if let Some((folder, name)) = path.rfind('/').map(|at| path.split_at(at + 1))
            && let Some((dir, copy, moved)) = host.folders.get(folder)
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
            && there(copy.map(state), *moved)
        {
            return Ok(file(&dir.join(name), crate::web::media_type(name), asked));
        }
        if host.trap && path.starts_with("/calendar/") {
            return page(host, &calendar(path), &state, asked, StatusCode::OK);
        }
        if path == "/static/lazy.js" {
            let script = Bytes::from_static(include_bytes!("../templates/lazy.js"));
            return Ok(bytes(script, "text/javascript", asked, host.gzip));
        }
        if let Some(style) = path.strip_prefix("/static/").filter(|p| p.ends_with(".css")) {
            return Ok(bytes(
                Bytes::from(stylesheet(style).into_bytes()),
                "text/css",
                asked,
                host.gzip,
            ));
        }
        missing(host, StatusCode::NOT_FOUND, asked)
    }

    fn resource(
        &self,
        host: &Host,
        path: &str,
        resource: &Resource,
        asked: &HeaderMap,
        now: Timestamp,
    ) -> Result<Response<Sending>, io::Error> {
        let state = |copy: usize| self.state(copy, now);
        match resource {
            Resource::Page(shown) => {
                let copies: Vec<usize> = shown
                    .copy
                    .iter()
                    .chain(&shown.framed)
                    .copied()
                    .chain(shown.offers.iter().filter_map(|o| o.copy))
                    .collect();
                if copies.is_empty() || copies.iter().any(|c| state(*c) != State::Gone) {
                    return page(host, shown, &state, asked, StatusCode::OK);
                }
                match host.farewell {
                    Farewell::NotFound => missing(host, StatusCode::NOT_FOUND, asked),
                    Farewell::Gone => missing(host, StatusCode::GONE, asked),
                    Farewell::Notice => page(host, &farewell(host, shown), &state, asked, StatusCode::OK),
                }
            }
            Resource::File {
                file: lies,
                media_type,
                copy,
                moved,
            } if there(copy.map(state), *moved) => Ok(file(lies, media_type, asked)),
            Resource::File { .. } => missing(host, StatusCode::NOT_FOUND, asked),
            Resource::Text(text, media_type) => Ok(bytes(
                Bytes::from(text.clone().into_bytes()),
                media_type,
                asked,
                false,
            )),
            Resource::Redirect(to) => {
                let mut reply = plain(StatusCode::FOUND, "");
                if let Ok(to) = HeaderValue::from_str(to) {
                    reply.headers_mut().insert(header::LOCATION, to);
                }
                Ok(reply)
            }
            Resource::Broken(fault) => self.fault(host, path, *fault, asked, now),
        }
    }

    fn fault(
        &self,
        host: &Host,
        path: &str,
        fault: Fault,
        asked: &HeaderMap,
        now: Timestamp,
    ) -> Result<Response<Sending>, io::Error> {
        match fault {
            Fault::Error => Ok(plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Microsoft OLE DB Provider error '80004005'",
            )),
            Fault::Flaky => {
                let key = format!("{}{path}", host.face.host);
                if self
                    .failed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(key)
                {
                    let mut reply = plain(StatusCode::SERVICE_UNAVAILABLE, "busy");
                    reply
                        .headers_mut()
                        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                    return Ok(reply);
                }
                match host.tree.get(&format!("/real{path}")) {
                    Some(real) => self.resource(host, path, real, asked, now),
                    None => missing(host, StatusCode::NOT_FOUND, asked),
                }
            }
            Fault::Cut => {
                let begun = Bytes::from_static(b"<html><body><p>loading");
                let pause = Box::pin(tokio::time::sleep(Duration::from_millis(100)));
                let mut reply = Response::new(Sending::Cut(Some(begun), pause));
                reply
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
                reply
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from_static("9000"));
                Ok(reply)
            }
            Fault::Drip => {
                let mut reply = Response::new(Sending::Drip {
                    left: 24,
                    pause: Box::pin(tokio::time::sleep(Duration::ZERO)),
                });
                reply
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
                Ok(reply)
            }
        }
    }
}

/// Whether a file answers: the first address until the copy is gone or has moved, the second while it has.
fn there(state: Option<State>, moved: bool) -> bool {
    match state {
        None => !moved,
        Some(State::There) => !moved,
        Some(State::Moved) => moved,
        Some(State::Gone) => false,
    }
}

/// What a page of a removed text says.
fn farewell(host: &Host, page: &Page) -> Page {
    if page.copy.is_none() {
        return page.clone();
    }
    let said = host
        .face
        .say("This article has been removed.", "您访问的文章已被删除。");
    Page {
        paragraphs: vec![said.into()],
        title: page.title.clone(),
        kind: Kind::Article,
        ..Page::default()
    }
}

/// A month, with links to its days and the months beside it, for ever.
fn calendar(path: &str) -> Page {
    let mut numbers = path
        .trim_matches('/')
        .split('/')
        .skip(1)
        .map(|n| n.parse::<i64>().unwrap_or(1));
    let (year, month, day) = (
        numbers.next().unwrap_or(2017),
        numbers.next().unwrap_or(1),
        numbers.next(),
    );
    let at = |months: i64| {
        let index = year.saturating_mul(12).saturating_add(month - 1 + months);
        format!("/calendar/{}/{}/", index.div_euclid(12), index.rem_euclid(12) + 1)
    };
    let days = (1..=28).filter(|_| day.is_none()).map(|d| Card {
        href: format!("/calendar/{year}/{month}/{d}/"),
        title: format!("{month}月{d}日"),
        ..Card::default()
    });
    Page {
        kind: Kind::List,
        title: format!("{year}年{month}月活动日历"),
        cards: days.collect(),
        pager: vec![Link::new(at(-1), "上个月"), Link::new(at(1), "下个月")],
        ..Page::default()
    }
}

fn stylesheet(name: &str) -> String {
    let theme = name.trim_end_matches(".css");
    let colour = [
        "maccms", "tube", "blog", "songs", "portal", "columns", "novels", "gallery", "drive",
    ]
    .iter()
    .position(|t| *t == theme);
    let turn = colour.unwrap_or(0) * 40;
    include_str!("../templates/style.css").replace("TURN", &turn.to_string())
}

fn page(
    host: &Host,
    shown: &Page,
    state: &dyn Fn(usize) -> State,
    asked: &HeaderMap,
    status: StatusCode,
) -> Result<Response<Sending>, io::Error> {
    let html = render(&host.face, shown, state).map_err(io::Error::other)?;
    let gb = host.charset == "gb18030";
    let body = if gb {
        encoding_rs::GB18030.encode(&html).0.into_owned()
    } else {
        html.into_bytes()
    };
    let declared = match host.declared {
        Declared::Header if gb => "text/html; charset=GBK",
        Declared::Header => "text/html; charset=utf-8",
        _ => "text/html",
    };
    let mut reply = bytes(Bytes::from(body), declared, asked, host.gzip);
    if reply.status() == StatusCode::OK {
        *reply.status_mut() = status;
    }
    Ok(reply)
}

fn missing(host: &Host, status: StatusCode, asked: &HeaderMap) -> Result<Response<Sending>, io::Error> {
    let said = host.face.say(
        "The page you asked for is not here.",
        "抱歉，您访问的页面不存在或已被删除",
    );
    let shown = Page {
        kind: Kind::Article,
        title: status.as_u16().to_string(),
        paragraphs: vec![said.into()],
        ..Page::default()
    };
    page(
        host,
        &shown,
        &|_| State::There,
        &without_conditions(asked),
        status,
    )
}

fn without_conditions(asked: &HeaderMap) -> HeaderMap {
    let kept = asked.get(header::ACCEPT_ENCODING).cloned();
    kept.map(|value| (header::ACCEPT_ENCODING, value))
        .into_iter()
        .collect()
}

fn plain(status: StatusCode, text: &'static str) -> Response<Sending> {
    let mut reply = Response::new(Sending::Whole(Some(Bytes::from_static(text.as_bytes()))));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    reply
}

fn file(path: &std::path::Path, media_type: &'static str, asked: &HeaderMap) -> Response<Sending> {
    match std::fs::read(path) {
        Ok(body) => bytes(Bytes::from(body), media_type, asked, false),
        Err(_) => plain(StatusCode::NOT_FOUND, "not found"),
    }
}

/// A body with its headers: validators, a range if one is asked for, compression if the site does that and the client may.
fn bytes(body: Bytes, media_type: &'static str, asked: &HeaderMap, gzip: bool) -> Response<Sending> {
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
pub(crate) enum Sending {
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
