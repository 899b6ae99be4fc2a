//! The index of an archive: CDXJ lines, by which replay tools find a record.

use serde::Serialize;
use swordnet_core::Timestamp;
use url::{Host, Url};

/// One captured address and where its record lies.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexEntry {
    /// The address.
    pub url: String,
    /// When it was captured.
    pub at: Timestamp,
    /// Media type of the body; `warc/revisit` for a duplicate.
    pub mime: String,
    /// HTTP status.
    pub status: Option<u16>,
    /// SHA-256 of the payload, `sha256:` and hexadecimal.
    pub digest: String,
    /// Where the record's gzip member begins in its file, in bytes.
    pub offset: u64,
    /// Its length, in bytes.
    pub length: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    url: &'a str,
    mime: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    digest: &'a str,
    length: String,
    offset: String,
    filename: &'a str,
}

impl IndexEntry {
    /// The CDXJ line, without its end: sort key, 14 digits of time, JSON (numbers as text, as pywb writes them).
    pub(crate) fn line(&self, filename: &str) -> String {
        let body = Line {
            url: &self.url,
            mime: &self.mime,
            status: self.status.map(|status| status.to_string()),
            digest: &self.digest,
            length: self.length.to_string(),
            offset: self.offset.to_string(),
            filename,
        };
        let body = serde_json::to_string(&body).unwrap_or_default();
        format!(
            "{} {} {body}",
            sort_key(&self.url),
            self.at.strftime("%Y%m%d%H%M%S")
        )
    }
}

/// The whole index over several archives, sorted as bytes.
pub(crate) fn cdxj<'a>(archives: impl IntoIterator<Item = (&'a str, &'a [IndexEntry])>) -> Vec<u8> {
    let mut lines: Vec<String> = archives
        .into_iter()
        .flat_map(|(name, entries)| entries.iter().map(move |entry| entry.line(name)))
        .collect();
    lines.sort_unstable();
    lines
        .iter()
        .flat_map(|line| [line.as_bytes(), b"\n"])
        .collect::<Vec<_>>()
        .concat()
}

/// Sort-friendly form of an address: host turned round, then path and query in lower case
/// (`http://www.Example.com:8080/A?b` gives `com,example:8080)/a?b`). Spaces cannot occur in a parsed URL.
fn sort_key(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        return url.replace([' ', '\n', '\r'], "%20");
    };
    let host = match parsed.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_prefix("www.").unwrap_or(name);
            name.rsplit('.').collect::<Vec<_>>().join(",")
        }
        Some(other) => other.to_string(),
        None => return url.replace([' ', '\n', '\r'], "%20"),
    };
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut pairs: Vec<&str> = parsed
        .query()
        .map(|query| query.split('&').collect())
        .unwrap_or_default();
    pairs.sort_unstable();
    let query = if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    };
    let path = match parsed.path() {
        "/" => "/",
        path => path.strip_suffix('/').unwrap_or(path),
    };
    format!("{host}{port}){path}{query}").to_lowercase()
}

/// The media type in a Content-Type field: lower case, no parameters, nothing that would break a line.
pub(crate) fn media_type(value: &str) -> String {
    let bare = value.split([';', ',']).next().unwrap_or("").trim().to_lowercase();
    let fits = !bare.is_empty() && bare.len() <= 100 && bare.bytes().all(|b| b.is_ascii_graphic());
    if fits { bare } else { "unk".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_keys_read_as_replay_tools_expect() {
        for (url, key) in [
            ("http://www.Example.com/", "com,example)/"),
            (
                "https://video.example.cn:8443/Play/7/?b=2&a=1",
                "cn,example,video:8443)/play/7?a=1&b=2",
            ),
            ("http://127.0.0.1:8080/x", "127.0.0.1:8080)/x"),
            ("http://example.com:80/a", "com,example)/a"),
        ] {
            assert_eq!(sort_key(url), key);
        }
    }
}
