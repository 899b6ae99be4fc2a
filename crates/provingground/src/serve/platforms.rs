//! How the platforms stand at a moment, and what they answer to a request.

use super::Clock;
use super::pages::{calendar, farewell, missing, page, stylesheet};
use super::reply::{Sending, bytes, file, plain};
use crate::ground::Ground;
use crate::pages::State;
use crate::truth::{Answer, SECOND, after};
use crate::web::{Farewell, Fault, Host, Resource};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode};
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use swordnet_core::{OutcomeKind, Timestamp};

/// What the platforms were told, and how they stand.
pub struct Platforms {
    pub ground: Arc<Ground>,
    pub clock: Clock,
    pub orders: Mutex<HashMap<usize, Vec<Order>>>,
    /// Pages that have failed once.
    pub failed: Mutex<HashSet<String>>,
}

#[derive(Clone, Copy)]
pub struct Order {
    pub at: Timestamp,
    pub deadline: Timestamp,
    /// Was it for the address to which the platform has moved the copy?
    pub moved: bool,
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

    pub async fn answer(&self, request: &Request<Incoming>) -> Result<Response<Sending>, io::Error> {
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
            let script = Bytes::from_static(include_bytes!("../../templates/lazy.js"));
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
