//! Answers for all sites on one local address, and for the platforms that are ordered to remove copies.

mod pages;
mod platforms;
mod reply;

use crate::ground::Ground;
use crate::truth::split;
use hyper::Response;
use hyper::header::{self, HeaderValue};
use hyper_util::rt::{TokioIo, TokioTimer};
use platforms::{Order, Platforms};
use reply::Sending;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use swordnet_core::Timestamp;
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
