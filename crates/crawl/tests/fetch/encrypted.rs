//! Certificates that do not hold: refused, or recorded where the office says so.

use super::server::listen;
use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use swordnet_crawl::{Client, FetchError, Pin, Policy, Request, TlsFacts, TlsTrust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
        server::{ClientHello, ResolvesServerCert},
        sign,
        version::{TLS12, TLS13},
    },
};
use url::Url;

/// Shows this certificate, whoever asks.
#[derive(Debug)]
struct Shown(Arc<sign::CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<sign::CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server that counts the requests it was sent.
struct Server {
    addr: SocketAddr,
    asked: Arc<AtomicU64>,
}

impl Server {
    /// Shows `chain` and signs with `key`.
    async fn start(
        chain: Vec<CertificateDer<'static>>,
        key: &KeyPair,
        version: &'static SupportedProtocolVersion,
    ) -> Server {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let key = ring::sign::any_supported_type(&key).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Shown(Arc::new(sign::CertifiedKey::new(chain, key)))));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let (addr, asked) = (listener.local_addr().unwrap(), Arc::<AtomicU64>::default());
        let count = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                if stream.read_buf(&mut Vec::new()).await.is_ok_and(|read| read > 0) {
                    count.fetch_add(1, Ordering::SeqCst);
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage";
                    stream.write_all(answer).await.unwrap();
                    let _ = stream.shutdown().await;
                }
            }
        });
        Server { addr, asked }
    }

    /// Asks it by this name.
    async fn asked_by(&self, host: &str, tls: TlsTrust) -> Result<TlsFacts, FetchError> {
        let port = self.addr.port();
        let client = Client::new(Policy {
            allow_net: vec!["127.0.0.1/32".parse().unwrap()],
            resolve: vec![Pin {
                host: host.into(),
                port,
                addr: self.addr,
            }],
            obey_robots: false,
            delay: Duration::ZERO,
            retries: 0,
            tls,
            ..Policy::default()
        })
        .unwrap();
        let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
        let fetched = client.fetch(Request::get(url)).await?;
        assert_eq!(fetched.last().body.bytes().unwrap(), "page");
        Ok(fetched.last().tls.clone().expect("it is encrypted"))
    }
}

/// A certificate of nobody's making but its own.
fn own(host: &str) -> CertifiedKey<KeyPair> {
    rcgen::generate_simple_self_signed([host.to_owned()]).unwrap()
}

#[tokio::test]
async fn a_chain_that_does_not_hold_is_refused_before_anything_is_asked() {
    let CertifiedKey { cert, signing_key } = own("site.test");
    let server = Server::start(vec![cert.der().clone()], &signing_key, &TLS13).await;
    let error = server.asked_by("site.test", TlsTrust::Refuse).await.unwrap_err();
    assert!(
        matches!(&error, FetchError::Tls { host, .. } if host == "site.test"),
        "{error}"
    );
    assert_eq!(server.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_chain_that_does_not_hold_is_recorded_whole_with_what_is_wrong() {
    // An authority that nobody trusts, and what it signed.
    let (mut params, root_key) = (
        CertificateParams::new(vec![]).unwrap(),
        KeyPair::generate().unwrap(),
    );
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = params.self_signed(&root_key).unwrap();
    let issuer = rcgen::Issuer::new(params, root_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["site.test".into()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let chain = vec![leaf.der().clone(), root.der().clone()];
    for (version, name) in [(&TLS13, "TLSv1_3"), (&TLS12, "TLSv1_2")] {
        let server = Server::start(chain.clone(), &key, version).await;
        // The second connection is checked like the first: no session is taken up again.
        for host in ["site.test", "site.test", "other.test"] {
            let facts = server.asked_by(host, TlsTrust::Record).await.unwrap();
            assert_eq!(facts.version, name);
            assert!(facts.cipher.starts_with("TLS"), "{}", facts.cipher);
            assert_eq!(facts.chain, [&leaf.der()[..], &root.der()[..]]);
            let problem = facts.problem.expect("nobody trusts it");
            assert!(problem.contains("UnknownIssuer"), "{problem}");
        }
        assert_eq!(server.asked.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn who_cannot_sign_with_the_key_of_its_certificate_is_not_even_recorded() {
    let (stolen, own) = (own("site.test"), own("site.test"));
    for version in [&TLS13, &TLS12] {
        let server = Server::start(vec![stolen.cert.der().clone()], &own.signing_key, version).await;
        let error = server.asked_by("site.test", TlsTrust::Record).await.unwrap_err();
        assert!(matches!(error, FetchError::Tls { .. }), "{error}");
        assert_eq!(server.asked.load(Ordering::SeqCst), 0);
    }
}
