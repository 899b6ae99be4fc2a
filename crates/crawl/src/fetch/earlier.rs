//! What an address gave before, for a server that says "not modified" (RFC 9110, section 13; RFC 9111, section 4.3).

use super::{
    Exchange, Policy, Request, Spool,
    decode::{Bounds, codings, decode},
    transfer::final_head,
};
use bytes::Bytes;
use swordnet_core::{Timestamp, Validator};

/// A change of the same second escapes a date; and two machines of one server may tell the time differently.
const APART: i64 = 60;

/// An answer that was kept from an earlier time.
#[derive(Clone, Debug)]
pub struct Earlier {
    validator: Validator,
    status: u16,
    headers: Vec<(String, String)>,
    body: Spool,
}

impl Earlier {
    /// Reads an answer as it was on the wire; `None` where it is not whole, or bursts the bounds of the policy.
    pub fn read(validator: Validator, response: &Bytes, policy: &Policy) -> Option<Earlier> {
        let head = final_head(response);
        let body = response.slice(head.end..);
        let (status, headers) = fields(&response[head])?;
        let values = |wanted: &'static str| {
            let of_name = headers.iter().filter(move |(name, _)| name == wanted);
            of_name.map(|(_, value)| value.as_str())
        };
        let body = match values("transfer-encoding").next() {
            Some(_) => Bytes::from(dechunked(&body)?),
            None => body,
        };
        let bounds = Bounds {
            bytes: policy.max_body,
            ratio: policy.max_ratio,
        };
        let codings = codings(values("content-encoding"));
        let (body, None) = decode(&Spool::from(body), &codings, bounds).ok()? else {
            return None;
        };
        Some(Earlier {
            validator,
            status,
            headers,
            body,
        })
    }

    /// Its body with transfer and content coding undone.
    pub fn body(&self) -> &Spool {
        &self.body
    }

    /// The request, on the condition that something has changed.
    pub(crate) fn unless(&self, request: Request) -> Request {
        let Validator {
            etag, last_modified, ..
        } = &self.validator;
        request.unless_unchanged(etag.as_deref(), last_modified.as_deref())
    }

    /// Does "not modified" mean this answer? With another tag it speaks of something that we do not have.
    pub(crate) fn is_meant(&self, not_modified: &Exchange) -> bool {
        let said = not_modified.header("etag");
        said.is_none_or(|tag| self.validator.etag.as_deref().is_none_or(|own| own == tag))
    }

    /// Lets "not modified" say what the earlier answer said.
    pub(crate) fn stand_in(self, not_modified: &mut Exchange) {
        not_modified.unchanged = true;
        (not_modified.status, not_modified.headers) = (self.status, self.headers);
        not_modified.body = self.body;
    }
}

impl Exchange {
    /// How the server would know again, byte by byte, what it gave: a strong entity tag, or a moment of the last change that
    /// lies well before the answer (RFC 9110, section 8.8.2.2).
    pub fn validator(&self) -> Option<Validator> {
        let moment = |name| -> Option<Timestamp> {
            let date = jiff::fmt::rfc2822::parse(self.header(name)?).ok()?;
            Some(date.timestamp())
        };
        let settled = match (moment("last-modified"), moment("date")) {
            (Some(changed), Some(answered)) => answered.as_second() - changed.as_second() >= APART,
            _ => false,
        };
        let validator = Validator {
            url: self.url.to_string(),
            etag: self.strong_tag().map(str::to_owned),
            last_modified: self
                .header("last-modified")
                .filter(|_| settled)
                .map(str::to_owned),
            sha256: None,
        };
        (validator.etag.is_some() || validator.last_modified.is_some()).then_some(validator)
    }

    /// A weak tag does not promise the same bytes.
    pub(crate) fn strong_tag(&self) -> Option<&str> {
        self.header("etag").filter(|tag| !tag.starts_with("W/"))
    }
}

/// Status and fields of a head, as [`Exchange::headers`] gives them.
fn fields(head: &[u8]) -> Option<(u16, Vec<(String, String)>)> {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let status = str::from_utf8(lines.next()?)
        .ok()?
        .split_ascii_whitespace()
        .nth(1)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
    let fields = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((
            text(&line[..colon]).to_ascii_lowercase(),
            text(&line[colon + 1..]),
        ))
    });
    Some((status.parse().ok()?, fields.collect()))
}

/// A body without its chunks' lengths (RFC 9112, section 7.1).
fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::with_capacity(rest.len());
    loop {
        let line = memchr::memchr(b'\n', rest)?;
        let length = str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        let chunk = rest[line + 1..].get(..length)?;
        body.extend_from_slice(chunk);
        rest = &rest[line + 1 + length..];
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    /// Status, fields and body.
    type Answer = (u16, Vec<(String, String)>, Bytes);

    fn read(response: &[u8]) -> Option<Answer> {
        let validator = Validator {
            url: "http://site.test/".into(),
            etag: Some("\"1\"".into()),
            last_modified: None,
            sha256: None,
        };
        let response = Bytes::copy_from_slice(response);
        let earlier = Earlier::read(validator, &response, &Policy::default())?;
        Some((earlier.status, earlier.headers, earlier.body.bytes().unwrap()))
    }

    #[test]
    fn what_was_on_the_wire_is_read_as_it_was_then() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read(b"HTTP/1.1 200 OK\r\nETag:  \"1\" \r\nX: a:b\r\n\r\npage"),
            Some((
                200,
                vec![pair("etag", "\"1\""), pair("x", "a:b")],
                Bytes::from_static(b"page")
            ))
        );
        let body = |response: &[u8]| read(response).map(|(.., body)| body);
        let interim = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\npage";
        assert_eq!(body(interim).unwrap(), "page");
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunks = |chunks: &[u8]| body(&[&chunked[..], chunks].concat());
        assert_eq!(chunks(b"2;x=y\r\npa\r\n2\r\nge\r\n0\r\n\r\n").unwrap(), "page");
        for broken in [
            &b""[..],
            b"2",
            b"2\r\npa",
            b"2\r\npage",
            b"-1\r\n",
            b"ffffffffffffffff\r\nx",
        ] {
            assert_eq!(chunks(broken), None, "{}", String::from_utf8_lossy(broken));
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&[b'x'; 100_000]).unwrap();
        let packed = packed.finish().unwrap();
        let gzip = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
        assert_eq!(body(&[&gzip[..], &packed].concat()).unwrap().len(), 100_000);
        assert_eq!(body(&[&gzip[..], &packed[..50]].concat()), None);
        for nothing in [&b""[..], b"\n", b"HTTP/1.1", b"HTTP/1.1 two\r\n\r\n"] {
            assert_eq!(body(nothing), None);
        }
    }
}
