//! Writing WARC files.

use super::block::{Seen, Watch};
use super::gzip::Gzip;
use super::read::Ended;
use crate::Source;
use crate::index::{IndexEntry, media_type};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::io::{self, Cursor, Read, SeekFrom, Write};
use std::net::IpAddr;
use swordnet_core::Timestamp;
use url::Url;

/// Who made a WARC file, and with what; the warcinfo record at its beginning.
#[derive(Clone, Debug, Default)]
pub struct Info<'a> {
    /// Name, version and build of the program.
    pub software: &'a str,
    /// Who ran it.
    pub operator: &'a str,
    /// Further fields, such as `robots` or `description`.
    pub fields: &'a [(&'a str, &'a str)],
}

/// One request and what came back.
pub struct Http<'a> {
    /// The address asked for.
    pub url: &'a Url,
    /// When the request was sent.
    pub at: Timestamp,
    /// Who answered.
    pub peer: IpAddr,
    /// The request as on the wire: head and body.
    pub request: &'a [u8],
    /// The response as on the wire: head and body.
    pub response: &'a mut dyn Source,
    /// Why the response is not whole: `length`, `time`, `disconnect` or `unspecified`.
    pub truncated: Option<&'a str>,
    /// What else was noticed, such as the TLS version, cipher and chain; becomes a metadata record.
    pub metadata: &'a [(String, String)],
    /// What the response stands for, where it is "304 not modified": it becomes a revisit record.
    pub original: Option<&'a Original>,
}

/// A record whose payload another, a revisit record, stands for; in whatever archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Original {
    id: String,
    url: String,
    at: Timestamp,
    digest: String,
}

impl Original {
    /// This record; `None` where it lacks what records are named by.
    pub fn of(record: &Ended) -> Option<Self> {
        Some(Self {
            id: record.header.field("WARC-Record-ID")?.to_owned(),
            url: record.header.target()?.to_owned(),
            at: record.header.at()?,
            digest: record.payload_digest.clone(),
        })
    }
}

/// How hard records are deflated.
const LEVEL: u32 = 6;

/// Writes a WARC file, record by record.
///
/// Everything in it follows from the arguments: the same exchanges give the same bytes.
pub struct Writer<W: Write> {
    out: W,
    at: u64,
    info: String,
    index: Option<Vec<IndexEntry>>,
    gzip: Gzip,
    /// By payload digest, the first capture; empty unless duplicates are to be folded.
    first: Option<HashMap<String, Original>>,
}

/// A record before it is written.
struct Draft<'a> {
    kind: &'a str,
    target: Option<&'a str>,
    at: Timestamp,
    content_type: &'a str,
    fields: Vec<(&'a str, String)>,
    pack: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a file with its warcinfo record. `at`: when the capture began.
    pub fn new(out: W, info: &Info<'_>, at: Timestamp) -> io::Result<Self> {
        let mut writer = Self {
            out,
            at: 0,
            info: String::new(),
            index: Some(Vec::new()),
            gzip: Gzip::new(LEVEL),
            first: None,
        };
        let mut fields = vec![("software", info.software), ("format", "WARC File Format 1.1")];
        if !info.operator.is_empty() {
            fields.push(("operator", info.operator));
        }
        fields.extend_from_slice(info.fields);
        let block = name_values(&fields);
        let draft = Draft {
            kind: "warcinfo",
            target: None,
            at,
            content_type: "application/warc-fields",
            fields: Vec::new(),
            pack: true,
        };
        writer.info = writer.small(draft, &block)?;
        Ok(writer)
    }

    /// From now on, a payload already written becomes a revisit record that points to the first capture.
    pub fn fold_duplicates(&mut self) {
        self.first.get_or_insert_default();
    }

    /// Keeps no index, so that memory does not grow with the file; [`finish`](Self::finish) then gives an empty one.
    pub fn without_index(mut self) -> Self {
        self.index = None;
        self
    }

    /// How many bytes were written so far.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Writes the response record, the request record, and a metadata record if there is metadata.
    /// Gives offset and length of the response record.
    pub fn exchange(&mut self, http: &mut Http<'_>) -> io::Result<(u64, u64)> {
        let seen = watch(http.response, true)?;
        let own = format!("sha256:{}", seen.payload);
        let has_payload = seen.length > seen.head.bytes.len() as u64;
        let again = match http.original {
            Some(original) => Some(("server-not-modified", original.clone())),
            None if has_payload => {
                let first = self.first.as_ref().and_then(|first| first.get(&own));
                first.map(|first| ("identical-payload-digest", first.clone()))
            }
            None => None,
        };
        // By the digest of what it stands for a replay finds it.
        let digest = again
            .as_ref()
            .map_or(own, |(_, original)| original.digest.clone());

        let mut fields = vec![
            ("WARC-IP-Address", http.peer.to_string()),
            ("WARC-Payload-Digest", digest.clone()),
        ];
        if let Some(reason) = http.truncated {
            fields.push(("WARC-Truncated", reason.to_owned()));
        }
        let mime = if again.is_some() {
            "warc/revisit".into()
        } else {
            seen.head.mime().unwrap_or("unk".into())
        };
        let draft = |kind, fields, pack| Draft {
            kind,
            target: Some(http.url.as_str()),
            at: http.at,
            content_type: "application/http;msgtype=response",
            fields,
            pack,
        };
        let start = self.at;
        let response = if let Some((profile, original)) = again {
            fields.push((
                "WARC-Profile",
                format!("http://netpreserve.org/warc/1.1/revisit/{profile}"),
            ));
            fields.push(("WARC-Refers-To", original.id));
            fields.push(("WARC-Refers-To-Target-URI", original.url));
            fields.push(("WARC-Refers-To-Date", original.at.to_string()));
            let draft = draft("revisit", fields, true);
            match http.original {
                Some(_) => self.record(draft, http.response, &seen)?,
                None => self.small(draft, &seen.head.bytes)?,
            }
        } else {
            let id = self.record(draft("response", fields, packs(&seen)), http.response, &seen)?;
            if let Some(first) = self.first.as_mut().filter(|_| has_payload) {
                let original = Original {
                    id: id.clone(),
                    url: http.url.to_string(),
                    at: http.at,
                    digest: digest.clone(),
                };
                first.insert(digest.clone(), original);
            }
            id
        };
        let length = self.at - start;
        self.enter(|| IndexEntry {
            url: http.url.to_string(),
            at: http.at,
            mime,
            status: seen.head.status(),
            digest,
            offset: start,
            length,
        });

        let beside = |kind, content_type| Draft {
            kind,
            target: Some(http.url.as_str()),
            at: http.at,
            content_type,
            fields: vec![("WARC-Concurrent-To", response.clone())],
            pack: true,
        };
        let mut request = beside("request", "application/http;msgtype=request");
        request.fields.push(("WARC-IP-Address", http.peer.to_string()));
        let (request_bytes, metadata) = (http.request, http.metadata);
        self.small(request, request_bytes)?;
        if !metadata.is_empty() {
            let pairs: Vec<(&str, &str)> = metadata.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            self.small(
                beside("metadata", "application/warc-fields"),
                &name_values(&pairs),
            )?;
        }
        Ok((start, length))
    }

    /// What the resolver answered for `host`, as lines of a zone file (RFC 4501, 4027); `resolver`: who was asked.
    pub fn dns(
        &mut self,
        host: &str,
        at: Timestamp,
        resolver: Option<IpAddr>,
        answers: &[String],
    ) -> io::Result<()> {
        let target = format!("dns:{host}");
        let mut block = at.strftime("%Y%m%d%H%M%S").to_string();
        for answer in answers {
            block.push('\n');
            block.push_str(&one_line(answer));
        }
        block.push('\n');
        let fields = resolver
            .map(|ip| ("WARC-IP-Address", ip.to_string()))
            .into_iter()
            .collect();
        let draft = Draft {
            kind: "response",
            target: Some(&target),
            at,
            content_type: "text/dns",
            fields,
            pack: true,
        };
        self.small(draft, block.as_bytes()).map(drop)
    }

    /// Something that was made rather than fetched, such as a screenshot (`urn:screenshot:…`) or a DOM snapshot.
    pub fn resource(
        &mut self,
        target: &str,
        at: Timestamp,
        content_type: &str,
        block: &mut dyn Source,
    ) -> io::Result<(u64, u64)> {
        let seen = watch(block, false)?;
        let start = self.at;
        let pack = !compressed_already(&media_type(content_type));
        let fields = vec![("WARC-Payload-Digest", format!("sha256:{}", seen.payload))];
        let draft = Draft {
            kind: "resource",
            target: Some(target),
            at,
            content_type,
            fields,
            pack,
        };
        self.record(draft, block, &seen)?;
        let length = self.at - start;
        self.enter(|| IndexEntry {
            url: target.to_owned(),
            at,
            mime: media_type(content_type),
            status: Some(200),
            digest: format!("sha256:{}", seen.payload),
            offset: start,
            length,
        });
        Ok((start, length))
    }

    /// Notes about an address, as name and value.
    pub fn metadata(&mut self, target: &str, at: Timestamp, fields: &[(&str, &str)]) -> io::Result<()> {
        let draft = Draft {
            kind: "metadata",
            target: Some(target),
            at,
            content_type: "application/warc-fields",
            fields: Vec::new(),
            pack: true,
        };
        self.small(draft, &name_values(fields)).map(drop)
    }

    /// Flushes; gives the file and its index entries.
    pub fn finish(mut self) -> io::Result<(W, Vec<IndexEntry>)> {
        self.out.flush()?;
        Ok((self.out, self.index.unwrap_or_default()))
    }

    fn enter(&mut self, entry: impl FnOnce() -> IndexEntry) {
        if let Some(index) = &mut self.index {
            index.push(entry());
        }
    }

    fn small(&mut self, draft: Draft<'_>, block: &[u8]) -> io::Result<String> {
        let mut block = Cursor::new(block);
        let seen = watch(&mut block, false)?;
        self.record(draft, &mut block, &seen)
    }

    /// Writes one record as a gzip member of its own; gives its identifier.
    fn record(&mut self, draft: Draft<'_>, block: &mut dyn Source, seen: &Seen) -> io::Result<String> {
        let id = self.id(&draft, seen);
        let mut head = format!(
            "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {id}\r\n",
            draft.kind
        );
        let mut field = |name: &str, value: &str| {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(&one_line(value));
            head.push_str("\r\n");
        };
        field("WARC-Date", &draft.at.to_string());
        if let Some(target) = draft.target {
            field("WARC-Target-URI", target);
            field("WARC-Warcinfo-ID", &self.info);
        }
        for (name, value) in &draft.fields {
            field(name, value);
        }
        field("WARC-Block-Digest", &format!("sha256:{}", seen.block));
        field("Content-Type", draft.content_type);
        field("Content-Length", &seen.length.to_string());
        head.push_str("\r\n");

        let mut member = self.gzip.member(&mut self.out, draft.pack)?;
        member.write_all(head.as_bytes())?;
        block.seek(SeekFrom::Start(0))?;
        let copied = io::copy(&mut (&mut *block).take(seen.length), &mut member)?;
        if copied != seen.length {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the block became shorter while it was archived",
            ));
        }
        member.write_all(b"\r\n\r\n")?;
        self.at += member.finish()?;
        Ok(id)
    }

    /// A UUID (version 8, RFC 9562) from what the record holds and where it stands: repeating gives the same one.
    fn id(&self, draft: &Draft<'_>, seen: &Seen) -> String {
        let mut hash = Sha256::new();
        let (at, place) = (draft.at.to_string(), self.at.to_string());
        for part in [
            draft.kind,
            draft.target.unwrap_or(""),
            &at,
            &place,
            seen.block.as_str(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = |range: std::ops::Range<usize>| {
            bytes[range]
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect::<String>()
        };
        format!(
            "<urn:uuid:{}-{}-{}-{}-{}>",
            hex(0..4),
            hex(4..6),
            hex(6..8),
            hex(8..10),
            hex(10..16)
        )
    }
}

/// Reads a block once: its digests and HTTP head.
fn watch(block: &mut dyn Source, http: bool) -> io::Result<Seen> {
    block.rewind()?;
    let mut watch = Watch::new(http);
    let mut buffer = [0; 16 * 1024];
    loop {
        match block.read(&mut buffer) {
            Ok(0) => return Ok(watch.finish()),
            Ok(n) => watch.pass(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Film, sound and pictures gain nothing from deflate and cost its time twice, on sealing and on checking.
fn packs(seen: &Seen) -> bool {
    let encoded = seen
        .head
        .field("content-encoding")
        .is_some_and(|coding| coding != "identity");
    !encoded && !seen.head.mime().is_some_and(|mime| compressed_already(&mime))
}

fn compressed_already(mime: &str) -> bool {
    ["video/", "audio/", "image/", "font/woff"]
        .iter()
        .any(|prefix| mime.starts_with(prefix))
        && !matches!(
            mime,
            "image/svg+xml" | "image/bmp" | "audio/mpegurl" | "audio/x-mpegurl" | "video/vnd.mpeg.dash.mpd"
        )
        || matches!(
            mime,
            "application/octet-stream" | "application/zip" | "application/pdf"
        )
}

/// `application/warc-fields`.
fn name_values(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = String::new();
    for (name, value) in fields {
        block.push_str(&format!("{}: {}\r\n", one_line(name), one_line(value)));
    }
    block.into_bytes()
}

/// A value that came from outside must not begin a field of its own.
fn one_line(value: &str) -> String {
    value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
