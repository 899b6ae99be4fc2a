//! A small HTTP server whose every byte the test decides.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use swordnet_crawl::{Client, Pin, Policy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};
use url::Url;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    pub head: String,
}

impl Asked {
    /// A field of the head.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

/// What the server does about it.
pub enum Reply {
    /// These bytes, and the connection stays open.
    Keep(Vec<u8>),
    /// These bytes, and the connection ends.
    Close(Vec<u8>),
    /// These bytes, and then these again every so often.
    Drip(Vec<u8>, Vec<u8>, Duration),
    /// These bytes, and then these again without end.
    Endless(Vec<u8>, Vec<u8>),
    /// Silence.
    Hang,
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

pub struct Server {
    pub addr: SocketAddr,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub async fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
        Server::start_at("127.0.0.1:0", handler).await
    }

    pub async fn start_at(addr: &str, handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
        let listener = listen(addr.parse().unwrap()).unwrap();
        let addr = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let handler: Arc<Handler> = Arc::new(handler);
        let server = Server {
            addr,
            log: log.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, handler.clone(), log.clone()));
            }
        });
        server
    }

    /// An address on this server, under the name `site.test`.
    pub fn url(&self, path: &str) -> Url {
        format!("http://site.test:{}{path}", self.addr.port())
            .parse()
            .unwrap()
    }

    /// The paths that were asked for, in order.
    pub fn paths(&self) -> Vec<String> {
        self.log
            .lock()
            .unwrap()
            .iter()
            .map(|asked| asked.path.clone())
            .collect()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// A policy in a hurry that knows `site.test` and nothing else.
    pub fn policy(&self) -> Policy {
        Policy {
            allow_net: vec!["127.0.0.1/32".parse().unwrap()],
            resolve: vec![Pin {
                host: "site.test".into(),
                port: self.addr.port(),
                addr: self.addr,
            }],
            delay: Duration::ZERO,
            per_host: 8,
            back_off: Duration::from_millis(10),
            idle_timeout: Duration::from_millis(1500),
            timeout: Duration::from_secs(4),
            ..Policy::default()
        }
    }

    pub fn client(&self) -> Client {
        Client::new(self.policy()).unwrap()
    }
}

/// Listens where others may listen at the same port of other addresses.
pub fn listen(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseport(true)?;
    socket.bind(addr)?;
    socket.listen(1024)
}

async fn serve(mut stream: TcpStream, handler: Arc<Handler>, log: Arc<Mutex<Vec<Asked>>>) {
    let mut buf = Vec::new();
    loop {
        while !buf.ends_with(b"\r\n\r\n") {
            let mut piece = [0; 4096];
            match stream.read(&mut piece).await {
                Ok(n) if n > 0 => buf.extend_from_slice(&piece[..n]),
                _ => return,
            }
        }
        let head = String::from_utf8(std::mem::take(&mut buf)).unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let asked = Asked { path, head };
        log.lock().unwrap().push(asked.clone());
        match handler(&asked) {
            Reply::Keep(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Reply::Close(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Reply::Drip(first, again, pause) => {
                let mut bytes = first;
                while stream.write_all(&bytes).await.is_ok() {
                    tokio::time::sleep(pause).await;
                    bytes.clone_from(&again);
                }
                return;
            }
            Reply::Endless(first, again) => {
                let mut bytes = first;
                while stream.write_all(&bytes).await.is_ok() {
                    bytes.clone_from(&again);
                }
                return;
            }
            Reply::Hang => std::future::pending().await,
        }
    }
}

/// A response with a length.
pub fn response(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "HTTP/1.1 {status}\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A page.
pub fn html(body: &str) -> Reply {
    Reply::Keep(response(
        "200 OK",
        "Content-Type: text/html; charset=utf-8\r\n",
        body.as_bytes(),
    ))
}

pub fn not_found() -> Reply {
    Reply::Keep(response("404 Not Found", "", b""))
}

pub fn redirect(to: &str) -> Reply {
    Reply::Keep(response("302 Found", &format!("Location: {to}\r\n"), b""))
}
