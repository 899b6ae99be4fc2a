//! Opens connections: the one place where the product reaches outward.
//!
//! A name is resolved once, every address that comes back is judged, and the connection goes to an address that was
//! judged; the name is not asked for again until the next connection.

use super::{
    FetchError, NamedBy, Policy, Resolve, Route, TlsFacts, TlsTrust,
    wire::{Copied, Copy, Stream},
};
use crate::guard::{Guard, Refusal};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use swordnet_core::Timestamp;
use tokio::{net::TcpStream, task::AbortHandle, time::timeout};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
        client::{
            Resumption, WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};
use url::{Host, Url};

/// How long an unused connection is kept.
const KEPT: Duration = Duration::from_secs(20);
/// Most unused connections that are kept.
const KEPT_MOST: usize = 256;

/// Ports of other services, which must not be made to believe that an HTTP request is for them (a part of the list
/// in the Fetch Standard, "bad port").
const OTHER_SERVICES: &[u16] = &[
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
    109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
    526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
    3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211,
];

/// An open connection, ready for one request at a time.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    pub(crate) copy: Copy,
    pub(crate) peer: SocketAddr,
    pub(crate) route: Arc<Route>,
    pub(crate) tls: Option<TlsFacts>,
    /// Had it carried a request before?
    pub(crate) used: bool,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Scheme, host and port.
type Origin = (bool, String, u16);

/// Opens connections and keeps those that can be used again.
pub(crate) struct Connector {
    guard: Guard,
    pins: HashMap<(String, u16), SocketAddr>,
    resolver: Arc<dyn Resolve>,
    tls: Arc<ClientConfig>,
    verifier: Arc<WebPkiServerVerifier>,
    trust: TlsTrust,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    connect_timeout: Duration,
    max_head: usize,
    max_fields: usize,
    kept: Mutex<HashMap<Origin, Vec<(Instant, Connection)>>>,
}

impl Connector {
    pub(crate) fn new(policy: &Policy) -> Result<Connector, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let roots = Arc::new(RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        });
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_webpki_verifier(verifier.clone())
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let pins = policy
            .resolve
            .iter()
            .map(|pin| ((pin.host.to_ascii_lowercase(), pin.port), pin.addr))
            .collect();
        Ok(Connector {
            guard: Guard::new(policy.allow_net.clone()),
            pins,
            resolver: policy.resolver.clone(),
            tls: Arc::new(tls),
            verifier,
            trust: policy.tls,
            clock: policy.clock.clone(),
            connect_timeout: policy.connect_timeout,
            max_head: policy.max_head.max(8 << 10),
            max_fields: policy.max_fields,
            kept: Mutex::default(),
        })
    }

    /// A connection that was used before, if one is still good.
    pub(crate) fn kept(&self, url: &Url) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let list = kept.get_mut(&origin(url)?)?;
        while let Some((since, connection)) = list.pop() {
            if since.elapsed() < KEPT && !connection.sender.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request to the same origin.
    pub(crate) fn keep(&self, url: &Url, mut connection: Connection) {
        let Some(origin) = origin(url) else { return };
        connection.used = true;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.values().map(Vec::len).sum::<usize>() >= KEPT_MOST {
            kept.clear();
        }
        kept.entry(origin).or_default().push((Instant::now(), connection));
    }

    /// Opens a connection to the host that the address names.
    pub(crate) async fn open(&self, url: &Url) -> Result<Connection, FetchError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let failed = |why: String| FetchError::Connect {
            host: host.clone(),
            why,
        };
        let opened = timeout(self.connect_timeout, async {
            let (addrs, mut route) = self.resolve(url).await?;
            let (stream, peer) = connect_first(&addrs).await.map_err(failed)?;
            let _ = stream.set_nodelay(true);
            route.local = stream.local_addr().ok();
            let copy = Copy::default();
            let (stream, tls): (Box<dyn Stream>, _) = if url.scheme() == "https" {
                let (stream, facts) = self.handshake(url, stream).await?;
                (Box::new(stream), Some(facts))
            } else {
                (Box::new(stream), None)
            };
            let (sender, driver) = http1::Builder::new()
                .max_buf_size(self.max_head)
                .max_headers(self.max_fields)
                .allow_spaces_after_header_name_in_responses(true)
                .allow_obsolete_multiline_headers_in_responses(true)
                .ignore_invalid_headers_in_responses(true)
                .handshake(Copied::new(stream, copy.clone()))
                .await
                .map_err(|error| failed(error.to_string()))?;
            // What becomes of the connection is told by the request that uses it.
            let task = tokio::spawn(async move { drop(driver.await) }).abort_handle();
            Ok(Connection {
                sender,
                copy,
                peer,
                route: Arc::new(route),
                tls,
                used: false,
                task,
            })
        });
        opened
            .await
            .unwrap_or_else(|_| Err(failed("it did not come about in time".into())))
    }

    /// A bare connection to the host that the address names.
    pub(crate) async fn dial(&self, url: &Url) -> Result<TcpStream, FetchError> {
        let (addrs, _) = self.resolve(url).await?;
        let (stream, _) = connect_first(&addrs).await.map_err(|why| FetchError::Connect {
            host: url.host_str().unwrap_or_default().to_owned(),
            why,
        })?;
        Ok(stream)
    }

    /// The addresses that the host has and that may be connected to, and how they were found.
    async fn resolve(&self, url: &Url) -> Result<(Vec<SocketAddr>, Route), FetchError> {
        let port = url.port_or_known_default().unwrap_or(80);
        let at = (self.clock)();
        let mut named_by = NamedBy::Number;
        let (name, addrs): (String, Vec<SocketAddr>) = match url.host() {
            Some(Host::Ipv4(addr)) => (addr.to_string(), vec![(addr, port).into()]),
            Some(Host::Ipv6(addr)) => (addr.to_string(), vec![(addr, port).into()]),
            Some(Host::Domain(name)) => {
                let pinned = self.pins.get(&(name.trim_end_matches('.').to_owned(), port));
                named_by = if pinned.is_some() {
                    NamedBy::Pin
                } else {
                    NamedBy::Resolver
                };
                let addrs = match pinned {
                    Some(addr) => vec![*addr],
                    None => {
                        let answers = self.resolver.resolve(name).await;
                        let answers = answers.map_err(|error| FetchError::Resolve {
                            host: name.to_owned(),
                            why: error.to_string(),
                        })?;
                        answers.into_iter().map(|ip| (ip, port).into()).collect()
                    }
                };
                (name.to_owned(), addrs)
            }
            None => {
                return Err(FetchError::Address {
                    url: url.to_string(),
                    why: "it names no host".into(),
                });
            }
        };
        let route = Route {
            host: name.clone(),
            at,
            named_by,
            answers: addrs.iter().map(SocketAddr::ip).collect(),
            local: None,
        };
        let (open, refused) = judged(&self.guard, addrs);
        match (open.is_empty(), refused) {
            (false, _) => Ok((open, route)),
            (true, Some((addr, Refusal(why)))) => Err(FetchError::Forbidden {
                host: name,
                addr: addr.ip(),
                why,
            }),
            (true, None) => Err(FetchError::Resolve {
                host: name,
                why: "it has no address".into(),
            }),
        }
    }

    async fn handshake(
        &self,
        url: &Url,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, TlsFacts), FetchError> {
        let host = url.host_str().unwrap_or_default();
        let failed = |why: String| FetchError::Tls {
            host: host.to_owned(),
            why,
        };
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|error| failed(error.to_string()))?;
        let recorder = Arc::new(Recorder {
            inner: self.verifier.clone(),
            problem: Mutex::default(),
        });
        let config = match self.trust {
            TlsTrust::Refuse => self.tls.clone(),
            TlsTrust::Record => {
                let mut config = ClientConfig::clone(&self.tls);
                // A resumed session would skip the check, and with it the record.
                config.resumption = Resumption::disabled();
                config.dangerous().set_certificate_verifier(recorder.clone());
                Arc::new(config)
            }
        };
        let stream = TlsConnector::from(config)
            .connect(name, stream)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let session = stream.get_ref().1;
        let chain = session.peer_certificates().unwrap_or_default();
        let facts = TlsFacts {
            version: session
                .protocol_version()
                .map(|v| format!("{v:?}"))
                .unwrap_or_default(),
            cipher: session
                .negotiated_cipher_suite()
                .map(|c| format!("{:?}", c.suite()))
                .unwrap_or_default(),
            chain: chain.iter().map(|der| Bytes::copy_from_slice(der)).collect(),
            problem: recorder
                .problem
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        };
        Ok((stream, facts))
    }
}

/// Of the addresses that a name has, those that are open to us, and the last that is not.
fn judged(guard: &Guard, addrs: Vec<SocketAddr>) -> (Vec<SocketAddr>, Option<(SocketAddr, Refusal)>) {
    let (mut open, mut refused) = (Vec::new(), None);
    for addr in addrs {
        match guard.judge(addr.ip()) {
            Ok(()) => open.push(addr),
            Err(why) => refused = Some((addr, why)),
        }
    }
    (open, refused)
}

fn origin(url: &Url) -> Option<Origin> {
    Some((
        url.scheme() == "https",
        url.host_str()?.to_owned(),
        url.port_or_known_default()?,
    ))
}

/// Is this an address that is fetched at all?
pub(crate) fn admissible(url: &Url) -> Result<(), FetchError> {
    let refuse = |why: &str| {
        Err(FetchError::Address {
            url: url.to_string(),
            why: why.into(),
        })
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("only http and https are");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return refuse("it names no host");
    }
    match url.port_or_known_default() {
        Some(port) if port != 0 && !OTHER_SERVICES.contains(&port) => Ok(()),
        _ => refuse("its port belongs to another service"),
    }
}

async fn connect_first(addrs: &[SocketAddr]) -> Result<(TcpStream, SocketAddr), String> {
    let mut why = String::new();
    for addr in addrs {
        // Four seconds each leave time for another address within the bound on all of it.
        match timeout(Duration::from_secs(4), TcpStream::connect(addr)).await {
            Ok(Ok(stream)) => return Ok((stream, *addr)),
            Ok(Err(error)) => why = error.to_string(),
            Err(_) => why = "no answer".to_owned(),
        }
    }
    Err(why)
}

/// Lets every certificate pass and keeps what would have been said against it. Signatures are checked all the same:
/// without them not even the record would be worth anything.
#[derive(Debug)]
struct Recorder {
    inner: Arc<WebPkiServerVerifier>,
    problem: Mutex<Option<String>>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict =
            self.inner
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if let Err(error) = verdict {
            *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}
