//! The only way out for programs of others: a proxy of ours that judges each address as our own client does.

use crate::fetch::{Client, admissible};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use url::Url;

/// Longest head of a request.
const MAX_HEAD: usize = 64 << 10;
/// Connections at a time.
const AT_ONCE: usize = 64;
/// Bytes that one connection may bring, and all of them together.
const MOST: u64 = 32 << 20;
const MOST_IN_ALL: u64 = 1 << 30;
/// Longest life of a connection.
const LONGEST: Duration = Duration::from_secs(60);

/// A proxy on a port of this machine, while it is held.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    serving: AbortHandle,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Proxy {
    pub(crate) async fn start(client: &Client) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (client, room, carried) = (
            client.clone(),
            Arc::new(Semaphore::new(AT_ONCE)),
            Arc::new(AtomicU64::new(0)),
        );
        let serving = tokio::spawn(async move {
            // Those still under way end with the proxy.
            let mut connections = JoinSet::new();
            loop {
                let Ok((browser, _)) = listener.accept().await else {
                    continue;
                };
                let Ok(place) = room.clone().acquire_owned().await else {
                    return;
                };
                while connections.try_join_next().is_some() {}
                let (client, carried) = (client.clone(), carried.clone());
                connections.spawn(async move {
                    let served = timeout(LONGEST, serve(&client, browser, &carried)).await;
                    tracing::trace!(?served, "a connection of the browser ended");
                    drop(place);
                });
            }
        });
        Ok(Proxy {
            port,
            serving: serving.abort_handle(),
        })
    }
}

async fn serve(client: &Client, mut browser: TcpStream, carried: &AtomicU64) -> io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
            break end + 4;
        }
        if head.len() > MAX_HEAD || browser.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    };
    let Some(asked) = Asked::read(&head[..end]) else {
        return refuse(&mut browser, "400 Bad Request").await;
    };
    if carried.load(Ordering::Relaxed) > MOST_IN_ALL || admissible(&asked.url).is_err() {
        return refuse(&mut browser, "403 Forbidden").await;
    }
    let mut server = match client.dial(&asked.url).await {
        Ok(server) => server,
        Err(error) => {
            tracing::debug!(url = %asked.url, %error, "refused to the browser");
            return refuse(&mut browser, "403 Forbidden").await;
        }
    };
    match &asked.head {
        Some(head) => server.write_all(head).await?,
        None => browser.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?,
    }
    server.write_all(&head[end..]).await?;
    let (mut from_browser, mut to_browser) = browser.split();
    let (from_server, mut to_server) = server.split();
    let mut from_server = from_server.take(MOST);
    let onward = async {
        copy(&mut from_browser, &mut to_server).await?;
        to_server.shutdown().await
    };
    let back = async {
        let brought = copy(&mut from_server, &mut to_browser).await?;
        carried.fetch_add(brought, Ordering::Relaxed);
        to_browser.shutdown().await
    };
    // When the server is done, so are we; that the browser has said all it had to say means nothing.
    tokio::pin!(onward, back);
    tokio::select! {
        ended = &mut back => ended,
        sent = &mut onward => {
            sent?;
            back.await
        }
    }
}

async fn refuse(browser: &mut TcpStream, status: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    browser.write_all(answer.as_bytes()).await
}

/// What the browser wants.
struct Asked {
    url: Url,
    /// The request as the server is to see it; `None`: a tunnel.
    head: Option<Vec<u8>>,
}

impl Asked {
    fn read(head: &[u8]) -> Option<Asked> {
        let text = std::str::from_utf8(head).ok()?;
        let (line, fields) = text.split_once("\r\n")?;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        if method == "CONNECT" {
            let url = Url::parse(&format!("https://{target}/")).ok()?;
            return Some(Asked { url, head: None });
        }
        let url = Url::parse(target).ok().filter(|url| url.scheme() == "http")?;
        let path = url.query().map_or_else(
            || url.path().to_owned(),
            |query| format!("{}?{query}", url.path()),
        );
        // One request a connection: the next one may be for another host, and would not be judged.
        let mut sent = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        for field in fields.split("\r\n").filter(|field| !field.is_empty()) {
            let name = field.split(':').next()?.trim().to_ascii_lowercase();
            if !matches!(
                name.as_str(),
                "connection" | "proxy-connection" | "keep-alive" | "proxy-authorization" | "upgrade"
            ) {
                sent.push_str(field);
                sent.push_str("\r\n");
            }
        }
        sent.push_str("\r\n");
        Some(Asked {
            url,
            head: Some(sent.into_bytes()),
        })
    }
}
