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
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy},
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
    if asked.head.is_some() {
        browser.write_all(&last_head(&mut server).await?).await?;
    }
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
    // When the server is done, so are we. That the browser has said all it had to say means nothing in a tunnel; elsewhere it has what it
    // asked for, and a server that keeps its connection would never be done.
    tokio::pin!(onward, back);
    tokio::select! {
        ended = &mut back => ended,
        sent = &mut onward => {
            sent?;
            if asked.head.is_none() { back.await } else { Ok(()) }
        }
    }
}

/// What the server answers up to the end of its head and as far as it was read, with word to the browser that nothing follows on this
/// connection: a server may keep it although it was asked not to, and the next request would go there as it is, unjudged.
async fn last_head(server: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let (mut answer, mut start) = (Vec::new(), 0);
    loop {
        if let Some(end) = end_of_head(&answer[start..]) {
            let end = start + end;
            let interim = answer[start..].starts_with(b"HTTP/1.1 1");
            if !interim {
                let mut lines = answer[start..end].split_inclusive(|&b| b == b'\n');
                let mut told = answer[..start].to_vec();
                told.extend_from_slice(lines.next().unwrap_or_default());
                told.extend_from_slice(b"Connection: close\r\n");
                lines
                    .filter(|line| !of_connection(line))
                    .for_each(|line| told.extend_from_slice(line));
                told.extend_from_slice(&answer[end..]);
                return Ok(told);
            }
            start = end;
        } else if answer.len() > MAX_HEAD || server.read_buf(&mut answer).await? == 0 {
            return Ok(answer);
        }
    }
}

/// Behind the empty line that ends a head.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut lines = memchr::memchr_iter(b'\n', bytes);
    lines.find_map(|at| match bytes.get(at + 1..)? {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

/// Is this a field about the connection, rather than about what is asked or answered?
fn of_connection(line: &[u8]) -> bool {
    let name = line.split(|&b| b == b':').next().unwrap_or_default();
    let own = [
        "connection",
        "proxy-connection",
        "keep-alive",
        "proxy-authorization",
        "upgrade",
    ];
    own.iter()
        .any(|own| name.trim_ascii().eq_ignore_ascii_case(own.as_bytes()))
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
            if !of_connection(field.as_bytes()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Policy, Resolve};
    use async_trait::async_trait;
    use std::{
        net::{IpAddr, Ipv4Addr},
        sync::atomic::AtomicBool,
    };

    /// Two addresses of this machine, of which the first is open.
    const OPEN: Ipv4Addr = Ipv4Addr::new(127, 9, 9, 8);
    const CLOSED: Ipv4Addr = Ipv4Addr::new(127, 8, 8, 9);

    /// Answers with the open address when asked for the first time, and each second time from then on.
    #[derive(Default)]
    struct Fickle(AtomicBool);

    #[async_trait]
    impl Resolve for Fickle {
        async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
            let closed = host.starts_with("closed") || self.0.fetch_xor(true, Ordering::SeqCst);
            Ok(vec![if closed { CLOSED } else { OPEN }.into()])
        }
    }

    /// The first line of the proxy's answer, and all that follows.
    async fn answer(port: u16, request: String) -> String {
        let mut browser = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        browser.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        browser.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_connection_that_the_server_keeps_serves_no_second_request() {
        let server = TcpListener::bind((OPEN, 0)).await.unwrap();
        let at = server.local_addr().unwrap();
        let client = Client::new(Policy {
            allow_net: vec![IpAddr::from(OPEN).into()],
            ..Policy::default()
        })
        .unwrap();
        let proxy = Proxy::start(&client).await.unwrap();
        for head in [
            "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 2\n\n",
        ] {
            let mut browser = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
            let request =
                format!("GET http://{at}/ HTTP/1.1\r\nHost: {at}\r\nProxy-Connection: keep-alive\r\n\r\n");
            browser.write_all(request.as_bytes()).await.unwrap();
            let (mut kept, _) = server.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = kept.read(&mut asked).await.unwrap();
            let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
            assert!(
                asked.starts_with("GET / HTTP/1.1\r\nConnection: close\r\n"),
                "{asked}"
            );
            assert!(!asked.contains("keep-alive"), "{asked}");
            kept.write_all(format!("{head}ok").as_bytes()).await.unwrap();
            let mut told = Vec::new();
            while !told.ends_with(b"ok") {
                assert!(browser.read_buf(&mut told).await.unwrap() > 0);
            }
            let told = String::from_utf8(told).unwrap();
            assert!(
                told.contains("200 OK") && told.contains("\nConnection: close\r\n"),
                "{told}"
            );
            assert!(!told.to_lowercase().contains("keep-alive"), "{told}");
            // It goes, and its server is let go.
            drop(browser);
            let left = timeout(Duration::from_secs(20), kept.read(&mut [0; 1])).await;
            assert_eq!(left.expect("the server is held").unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn names_lead_nowhere_but_to_open_addresses_and_are_judged_at_each_connection() {
        let inner = TcpListener::bind((CLOSED, 0)).await.unwrap();
        let port = inner.local_addr().unwrap().port();
        let outer = TcpListener::bind((OPEN, port)).await.unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = outer.accept().await {
                let _ = stream.read_buf(&mut Vec::new()).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            }
        });
        let client = Client::new(Policy {
            allow_net: vec![IpAddr::from(OPEN).into()],
            resolver: Arc::new(Fickle::default()),
            ..Policy::default()
        })
        .unwrap();
        let proxy = Proxy::start(&client).await.unwrap();
        for n in 0..500 {
            let connect = |host: &str| format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\nhello");
            let plain = |host: &str| format!("GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}\r\n\r\n");
            for host in [format!("closed{n}.test"), CLOSED.to_string(), "[::1]".into()] {
                for request in [connect(&host), plain(&host)] {
                    let answer = answer(proxy.port, request).await;
                    assert!(answer.starts_with("HTTP/1.1 403 "), "{host}: {answer}");
                }
            }
            let host = format!("fickle{n}.test");
            let (first, second) = match n % 2 {
                0 => (connect(&host), plain(&host)),
                _ => (plain(&host), connect(&host)),
            };
            let through = answer(proxy.port, first).await;
            assert!(through.contains(" 204 "), "{host}: {through}");
            let refused = answer(proxy.port, second).await;
            assert!(refused.starts_with("HTTP/1.1 403 "), "{host}: {refused}");
        }
        let came = timeout(Duration::from_millis(20), inner.accept()).await;
        assert!(came.is_err(), "somebody came to the closed address");
    }
}
