//! Reading WARC files, whoever wrote them.

use super::block::{Head, Watch};
use crate::index::{IndexEntry, media_type};
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use swordnet_core::Timestamp;

/// The named fields of a record, all together.
const MAX_HEADER: usize = 64 * 1024;

/// Why a WARC file cannot be read on. Offsets are bytes from the start of the file as it lies on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source failed, or its compression is broken.
    #[error("record at byte {offset}: {source}")]
    Io {
        /// Where the record begins.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// It is not WARC.
    #[error("record at byte {offset}: {what}")]
    Malformed {
        /// Where the record begins.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
}

/// The named fields of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Where the record begins in the file, in bytes.
    pub offset: u64,
    /// Length of the block, in bytes.
    pub length: u64,
    fields: Vec<(String, String)>,
}

impl Header {
    /// The first field of that name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// `response`, `request`, …
    pub fn kind(&self) -> &str {
        self.field("WARC-Type").unwrap_or("")
    }

    /// The address.
    pub fn target(&self) -> Option<&str> {
        // WARC 1.0 wrote it in angle brackets.
        self.field("WARC-Target-URI")
            .map(|uri| uri.trim_start_matches('<').trim_end_matches('>'))
    }

    /// When it was captured.
    pub fn at(&self) -> Option<Timestamp> {
        self.field("WARC-Date")?.parse().ok()
    }

    fn is_http(&self) -> bool {
        self.field("Content-Type")
            .is_some_and(|kind| media_type(kind) == "application/http")
    }
}

/// How a digest in the header compares with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// None is given.
    Absent,
    /// One is given in a form that is not checked here (only `sha256:` in hexadecimal is).
    Unchecked,
    /// It fits.
    Right,
    /// It does not fit.
    Wrong,
}

/// A record that was read to its end.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The named fields.
    pub header: Header,
    /// Length of the record in the file, in bytes, compressed.
    pub stored: u64,
    /// WARC-Block-Digest.
    pub block: Digest,
    /// WARC-Payload-Digest; a revisit record holds no payload and is unchecked.
    pub payload: Digest,
    /// SHA-256 of the payload: `sha256:` and hexadecimal.
    pub payload_digest: String,
    /// The head of the HTTP message; empty for other records.
    pub head: Head,
}

impl Ended {
    /// The entry by which replay tools find this record, if it is of a kind that they show.
    pub fn index_entry(&self) -> Option<IndexEntry> {
        let (kind, target) = (self.header.kind(), self.header.target()?);
        let content_type = || {
            self.header
                .field("Content-Type")
                .map(media_type)
                .unwrap_or("unk".into())
        };
        let (mime, status) = match kind {
            "response" if self.header.is_http() => {
                (self.head.mime().unwrap_or("unk".into()), self.head.status())
            }
            "revisit" => ("warc/revisit".into(), self.head.status()),
            "resource" => (content_type(), Some(200)),
            _ => return None,
        };
        let digest = match kind {
            "revisit" => self.header.field("WARC-Payload-Digest").unwrap_or("").to_owned(),
            _ => self.payload_digest.clone(),
        };
        Some(IndexEntry {
            url: target.to_owned(),
            at: self.header.at()?,
            mime,
            status,
            digest,
            offset: self.header.offset,
            length: self.stored,
        })
    }
}

/// Reads a WARC file record by record, plain or with one gzip member a record.
pub struct Reader<R: Read> {
    stream: Stream<R>,
    /// What may still be inflated, in bytes.
    budget: u64,
}

enum Stream<R: Read> {
    Between(Counted<R>),
    Plain(Counted<R>),
    Gzip(Box<BufReader<GzDecoder<Counted<R>>>>),
    /// An error ended the reading.
    Over,
}

impl<R: Read> Reader<R> {
    /// Reads at most `budget` uncompressed bytes, so that a bomb ends in an error instead of a long wait.
    pub fn new(input: R, budget: u64) -> Self {
        Self {
            stream: Stream::Between(Counted {
                input: BufReader::with_capacity(64 * 1024, input),
                at: 0,
            }),
            budget,
        }
    }

    /// The next record, or nothing at the end of the file. After an error there is nothing more.
    // Not an iterator: a record borrows the reader until its block is read.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record<'_, R>>, Error> {
        let Stream::Between(mut input) = std::mem::replace(&mut self.stream, Stream::Over) else {
            return Ok(None);
        };
        let offset = input.at;
        let io = |source| Error::Io { offset, source };
        let first = input.fill_buf().map_err(io)?;
        if first.is_empty() {
            return Ok(None);
        }
        self.stream = if first[0] == 0x1f {
            Stream::Gzip(Box::new(BufReader::with_capacity(
                32 * 1024,
                GzDecoder::new(input),
            )))
        } else {
            Stream::Plain(input)
        };
        let header = self.header(offset)?;
        let watch = Watch::new(header.is_http());
        Ok(Some(Record {
            left: header.length,
            header,
            watch,
            reader: self,
        }))
    }

    fn header(&mut self, offset: u64) -> Result<Header, Error> {
        let malformed = |what| Error::Malformed { offset, what };
        let mut left = MAX_HEADER;
        if !self.line(offset, &mut left)?.starts_with("WARC/1.") {
            return Err(malformed("it does not begin with 'WARC/1.'"));
        }
        let mut fields = Vec::new();
        loop {
            let line = self.line(offset, &mut left)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line
                .split_once(':')
                .ok_or(malformed("a header line has no colon"))?;
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        let mut header = Header {
            offset,
            length: 0,
            fields,
        };
        let length = header
            .field("Content-Length")
            .ok_or(malformed("it has no Content-Length"))?;
        let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
        let length = length
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or(malformed("its Content-Length is no number"))?;
        header.length = length;
        Ok(header)
    }

    /// One header line without its end.
    fn line(&mut self, offset: u64, left: &mut usize) -> Result<String, Error> {
        let mut line = Vec::new();
        let read = io::Read::take(&mut self.stream, *left as u64).read_until(b'\n', &mut line);
        read.map_err(|source| Error::Io { offset, source })?;
        if line.pop() != Some(b'\n') {
            let what = if line.len() + 1 >= *left {
                "its header is too long"
            } else {
                "its header is cut off"
            };
            return Err(Error::Malformed { offset, what });
        }
        *left -= line.len() + 1;
        self.spend(offset, line.len() as u64 + 1)?;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        String::from_utf8(line).map_err(|_| Error::Malformed {
            offset,
            what: "its header is not UTF-8",
        })
    }

    fn spend(&mut self, offset: u64, bytes: u64) -> Result<(), Error> {
        let what = "it holds more bytes than may be unpacked";
        self.budget = self
            .budget
            .checked_sub(bytes)
            .ok_or(Error::Malformed { offset, what })?;
        Ok(())
    }

    /// Checks what follows the block and moves on behind the record; gives the position there.
    fn close(&mut self, offset: u64) -> Result<u64, Error> {
        let io = |source| Error::Io { offset, source };
        let malformed = |what| Error::Malformed { offset, what };
        let mut end = [0; 4];
        self.stream.read_exact(&mut end).map_err(io)?;
        if &end != b"\r\n\r\n" {
            return Err(malformed("its block does not end where Content-Length says"));
        }
        let input = match std::mem::replace(&mut self.stream, Stream::Over) {
            Stream::Gzip(mut member) => {
                // Reading on to the end makes the decoder check the member's CRC.
                if member.read(&mut [0]).map_err(io)? != 0 {
                    return Err(malformed("its gzip member holds more than the record"));
                }
                member.into_inner().into_inner()
            }
            Stream::Plain(input) | Stream::Between(input) => input,
            Stream::Over => return Err(malformed("it was given up")),
        };
        let at = input.at;
        self.stream = Stream::Between(input);
        Ok(at)
    }
}

/// A record whose block can be read.
pub struct Record<'r, R: Read> {
    /// The named fields.
    pub header: Header,
    left: u64,
    watch: Watch,
    reader: &'r mut Reader<R>,
}

impl<R: Read> Record<'_, R> {
    /// Reads what is left of the block and checks the digests.
    pub fn finish(mut self) -> Result<Ended, Error> {
        let offset = self.header.offset;
        let mut buffer = vec![0; 64 * 1024];
        while self.left > 0 {
            let n = self
                .read(&mut buffer)
                .map_err(|source| Error::Io { offset, source })?;
            if n == 0 {
                return Err(Error::Malformed {
                    offset,
                    what: "its block is cut off",
                });
            }
        }
        let end = self.reader.close(offset)?;
        let seen = self.watch.finish();
        let compare = |name, actual: &str| match self.header.field(name) {
            None => Digest::Absent,
            Some(given) => match given.strip_prefix("sha256:").filter(|hex| hex.len() == 64) {
                None => Digest::Unchecked,
                Some(hex) if hex == actual => Digest::Right,
                Some(_) => Digest::Wrong,
            },
        };
        let payload = match self.header.kind() {
            "revisit" => Digest::Unchecked,
            _ => compare("WARC-Payload-Digest", seen.payload.as_str()),
        };
        Ok(Ended {
            block: compare("WARC-Block-Digest", seen.block.as_str()),
            payload,
            payload_digest: format!("sha256:{}", seen.payload),
            stored: end - offset,
            head: seen.head,
            header: self.header,
        })
    }
}

impl<R: Read> Read for Record<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.reader.stream.read(&mut buffer[..room])?;
        self.reader
            .spend(self.header.offset, n as u64)
            .map_err(io::Error::other)?;
        self.watch.pass(&buffer[..n]);
        self.left -= n as u64;
        Ok(n)
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Between(input) | Stream::Plain(input) => input.read(buffer),
            Stream::Gzip(member) => member.read(buffer),
            Stream::Over => Ok(0),
        }
    }
}

impl<R: Read> BufRead for Stream<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Stream::Between(input) | Stream::Plain(input) => input.fill_buf(),
            Stream::Gzip(member) => member.fill_buf(),
            Stream::Over => Ok(&[]),
        }
    }
    fn consume(&mut self, n: usize) {
        match self {
            Stream::Between(input) | Stream::Plain(input) => input.consume(n),
            Stream::Gzip(member) => member.consume(n),
            Stream::Over => {}
        }
    }
}

/// Knows how far it has been read.
struct Counted<R> {
    input: BufReader<R>,
    at: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.input.consume(n);
        self.at += n as u64;
    }
}
