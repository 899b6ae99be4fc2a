//! A WARC file in the making: everything that a fetch brought, as it was on the wire.

use crate::{Error, environment};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::Path;
use swordnet_core::{Sha256Hex, Timestamp, WarcSpan};
use swordnet_crawl::{
    BoxError, Client, Exchange, Fetched, Kind, NamedBy, Policy, Sink, Summary, TlsFacts, read,
};
use swordnet_evidence::warc;
use url::Url;

/// Name and version of this program, as evidence states them.
pub(crate) const SOFTWARE: &str = concat!("swordnet/", env!("CARGO_PKG_VERSION"));

/// A WARC file in the making.
pub(crate) struct Archive {
    writer: warc::Writer<BufWriter<File>>,
    /// The record that says who made it, to which all others refer.
    info: WarcSpan,
    /// By what is said of them: the connections that were described already.
    connections: HashMap<String, WarcSpan>,
    resolver: Option<IpAddr>,
}

impl Archive {
    /// Begins an archive with its warcinfo record.
    pub fn begin(file: File, operator: &str, at: Timestamp) -> io::Result<Self> {
        let info = warc::Info {
            software: SOFTWARE,
            operator,
            fields: &[],
        };
        let out = BufWriter::with_capacity(256 << 10, file);
        let writer = warc::Writer::new(out, &info, at)?.without_index();
        Ok(Self {
            info: since(0, &writer),
            writer,
            connections: HashMap::new(),
            resolver: environment::resolver(),
        })
    }

    /// Archives a fetch with all its redirects; gives where it stands: last the exchanges, before them what they refer to.
    /// The file's digest is known when it is closed.
    /// `original` is what an answer stands for that says "not modified".
    pub fn add(&mut self, fetched: &Fetched, original: Option<&warc::Original>) -> io::Result<Vec<WarcSpan>> {
        let mut spans = vec![self.info.clone()];
        for hop in &fetched.hops {
            let connection = self.connection(hop)?;
            if !spans.contains(&connection) {
                spans.push(connection);
            }
        }
        let start = self.writer.position();
        for hop in &fetched.hops {
            self.exchange(hop, original.filter(|_| hop.unchanged))?;
        }
        spans.push(since(start, &self.writer));
        Ok(spans)
    }

    /// How the connection came about, once for all exchanges of which the same is to be said: what the resolver answered, who
    /// was connected to, and the certificates with what the check of them said.
    fn connection(&mut self, hop: &Exchange) -> io::Result<WarcSpan> {
        let (route, origin) = (&hop.route, hop.url.origin().ascii_serialization() + "/");
        let mut fields = vec![("peer", hop.peer.to_string())];
        fields.push((
            "host-named-by",
            match route.named_by {
                NamedBy::Number => "the address itself".into(),
                NamedBy::Pin => "the operator: no resolver was asked".into(),
                NamedBy::Resolver => "the system's resolver".into(),
            },
        ));
        fields.extend(route.answers.iter().map(|ip| ("host-address", ip.to_string())));
        if let Some(tls) = &hop.tls {
            fields.extend(tls_fields(tls));
            fields.extend(
                tls.chain
                    .iter()
                    .map(|der| ("tls-certificate", STANDARD.encode(der))),
            );
        }
        let said = format!("{origin} {fields:?}");
        if let Some(known) = self.connections.get(&said) {
            return Ok(known.clone());
        }
        if let Some(local) = route.local {
            fields.push(("local-address", local.ip().to_string()));
        }
        let start = self.writer.position();
        if route.named_by == NamedBy::Resolver {
            let kind = |ip: &IpAddr| if ip.is_ipv4() { "A" } else { "AAAA" };
            let line = |ip| format!("{}. IN {} {ip}", route.host, kind(ip));
            let answers: Vec<String> = route.answers.iter().map(line).collect();
            self.writer.dns(&route.host, route.at, self.resolver, &answers)?;
        }
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.writer.metadata(&origin, route.at, &fields)?;
        let span = since(start, &self.writer);
        self.connections.insert(said, span.clone());
        Ok(span)
    }

    fn exchange(&mut self, hop: &Exchange, original: Option<&warc::Original>) -> io::Result<(u64, u64)> {
        let tls = hop.tls.iter().flat_map(tls_fields);
        let metadata: Vec<_> = tls.map(|(name, value)| (name.to_owned(), value)).collect();
        self.writer.exchange(&mut warc::Http {
            url: &hop.url,
            at: hop.at,
            peer: hop.peer.ip(),
            request: &hop.request,
            response: &mut hop.response.reader(),
            truncated: hop.truncated.map(|t| t.as_str()),
            metadata: &metadata,
            original,
        })
    }

    /// Writes out what is buffered.
    pub fn finish(self) -> io::Result<()> {
        self.writer.finish()?.0.flush()
    }
}

/// What was written since a position.
fn since(start: u64, writer: &warc::Writer<BufWriter<File>>) -> WarcSpan {
    WarcSpan {
        warc: Sha256Hex::of(b""),
        offset: start,
        length: writer.position() - start,
    }
}

/// The encrypted connection, without the certificates themselves.
fn tls_fields(tls: &TlsFacts) -> Vec<(&'static str, String)> {
    let result = match &tls.problem {
        None => "holds, by the root certificates of Mozilla's programme".to_owned(),
        Some(problem) => format!("does not hold: {problem}"),
    };
    let mut fields = vec![
        ("tls-version", tls.version.clone()),
        ("tls-cipher", tls.cipher.clone()),
        ("tls-verification", result),
    ];
    let digests = tls.chain.iter().map(|der| Sha256Hex::of(der).to_string());
    fields.extend(digests.map(|digest| ("tls-certificate-sha256", digest)));
    fields
}

/// Fetches sites into a WARC file, recognising nothing. The file appears when it is whole.
pub async fn crawl(policy: Policy, starts: &[Url], out: &Path, operator: &str) -> Result<Summary, Error> {
    let failed = |e| Error::file(out, e);
    let folder = out
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let at = (policy.clock)();
    let client = Client::new(policy).map_err(|e| Error::Bug(e.to_string()))?;
    let mut keeper = Keeper(Archive::begin(draft.reopen().map_err(failed)?, operator, at).map_err(failed)?);
    let summary = swordnet_crawl::crawl(&client, starts, None, &mut keeper)
        .await
        .map_err(|e| Error::Unreachable(e.to_string()))?;
    keeper.0.finish().map_err(failed)?;
    draft.persist(out).map_err(|e| failed(e.error))?;
    Ok(summary)
}

/// Archives everything, reads nothing.
struct Keeper(Archive);

#[async_trait::async_trait]
impl Sink for Keeper {
    async fn exchange(
        &mut self,
        _: Kind,
        fetched: &Fetched,
        _: Option<&read::Reading>,
    ) -> Result<(), BoxError> {
        self.0.add(fetched, None)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;
    use swordnet_crawl::{Pin, TlsTrust};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};

    #[tokio::test]
    async fn what_is_wrong_with_a_certificate_stands_in_the_archive() {
        let own = rcgen::generate_simple_self_signed(["site.test".to_owned()]).unwrap();
        let der = own.cert.der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![der.clone()],
                PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()).into(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = acceptor.accept(stream).await.unwrap();
                stream.read_buf(&mut Vec::new()).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage";
                stream.write_all(answer).await.unwrap();
                let _ = stream.shutdown().await;
            }
        });
        let policy = Policy {
            allow_net: vec!["127.0.0.1/32".parse().unwrap()],
            resolve: vec![Pin {
                host: "site.test".into(),
                port: addr.port(),
                addr,
            }],
            delay: Duration::ZERO,
            tls: TlsTrust::Record,
            ..Policy::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("site.warc.gz");
        let start = Url::parse(&format!("https://site.test:{}/", addr.port())).unwrap();
        crawl(policy, &[start], &out, "an office").await.unwrap();

        let mut reader = warc::Reader::new(File::open(&out).unwrap(), 1 << 30);
        let mut said: Vec<(String, String)> = Vec::new();
        while let Some(mut record) = reader.next().unwrap() {
            if record.header.kind() == "metadata" {
                let mut block = String::new();
                io::Read::read_to_string(&mut record, &mut block).unwrap();
                let lines = block.lines().filter_map(|line| line.split_once(": "));
                said.extend(lines.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            record.finish().unwrap();
        }
        let all = |name: &str| -> Vec<&str> {
            let of_name = said.iter().filter(|(n, _)| n == name);
            of_name.map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(all("tls-certificate"), [STANDARD.encode(&der)], "{said:?}");
        let verdicts = all("tls-verification");
        // With the connection once, and with each exchange: the page and robots.txt.
        assert_eq!(verdicts.len(), 3, "{said:?}");
        for verdict in verdicts {
            assert!(
                verdict.starts_with("does not hold") && verdict.contains("UnknownIssuer"),
                "{verdict}"
            );
        }
        let digest = Sha256Hex::of(&der).to_string();
        assert!(all("tls-certificate-sha256").iter().all(|d| *d == digest));
        assert!(all("tls-version").iter().all(|version| *version == "TLSv1_3"));
    }
}
