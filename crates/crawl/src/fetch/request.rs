//! What is asked for, and how it is put on the wire.

use super::{FetchError, Policy};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HeaderName, HeaderValue};
use std::{sync::Arc, time::Duration};
use url::Url;

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// For the whole.
    Get,
    /// For the head alone.
    Head,
    /// To hand something over, see [`Request::body`].
    Post,
}

/// Which redirects to follow; those that are not followed end the fetch with the redirect itself.
pub type Follow = Arc<dyn Fn(&Url) -> bool + Send + Sync>;

/// What to fetch.
#[derive(Clone)]
pub struct Request {
    /// The address; its fragment and credentials are not sent.
    pub url: Url,
    /// How to ask.
    pub method: Method,
    /// Fields beside our own, such as `range` or `if-none-match`; they replace ours of the same name.
    pub headers: Vec<(String, String)>,
    /// What is handed over; empty but for [`Method::Post`].
    pub body: Bytes,
    /// Most bytes of the body, where it differs from the policy.
    pub max_body: Option<u64>,
    /// Most bytes of the body where it is no text: a film that a page links to is not fetched by the way.
    pub max_media: Option<u64>,
    /// Longest time, where it differs from the policy.
    pub timeout: Option<Duration>,
    /// Which redirects to follow; `None` follows all, up to the policy's number.
    pub follow: Option<Follow>,
}

impl Request {
    /// A plain GET.
    pub fn get(url: Url) -> Request {
        Request {
            url,
            method: Method::Get,
            headers: Vec::new(),
            body: Bytes::new(),
            max_body: None,
            max_media: None,
            timeout: None,
            follow: None,
        }
    }

    /// A GET for the bytes `from..=to` (`None`: to the end).
    pub fn range(url: Url, from: u64, to: Option<u64>) -> Request {
        let to = to.map(|to| to.to_string()).unwrap_or_default();
        Request {
            headers: vec![("range".into(), format!("bytes={from}-{to}"))],
            ..Request::get(url)
        }
    }

    /// Hands over `body`, of this media type.
    pub fn post(url: Url, media_type: &str, body: Bytes) -> Request {
        Request {
            method: Method::Post,
            headers: vec![("content-type".into(), media_type.into())],
            body,
            ..Request::get(url)
        }
    }

    /// Adds what an earlier response said of itself, so that the server can answer "not modified".
    pub fn unless_unchanged(mut self, etag: Option<&str>, last_modified: Option<&str>) -> Request {
        let fields = [("if-none-match", etag), ("if-modified-since", last_modified)];
        self.headers.extend(
            fields
                .into_iter()
                .filter_map(|(name, value)| Some((name.into(), value?.into()))),
        );
        self
    }

    /// Most bytes of a body that comes with these fields.
    pub(super) fn most(&self, policy: &Policy, headers: &[(String, String)]) -> u64 {
        let most = self.max_body.unwrap_or(policy.max_body);
        let kind = headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .map(|(_, value)| value.as_str());
        match (self.max_media, kind) {
            (Some(less), Some(kind)) if !is_text(kind) => most.min(less),
            _ => most,
        }
    }

    /// The request as hyper sends it, for this hop.
    pub(super) fn message(
        &self,
        url: &Url,
        user_agent: &str,
    ) -> Result<hyper::Request<Full<Bytes>>, FetchError> {
        let refuse = |why: String| FetchError::Address {
            url: url.to_string(),
            why,
        };
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.to_owned(),
            (None, _) => return Err(refuse("it names no host".into())),
        };
        let partial = self
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("range"));
        let method = match self.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
        };
        let mut message = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header("host", host)
            .header("user-agent", user_agent)
            .header(
                "accept",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            )
            .header("accept-language", "zh-CN,zh;q=0.9,en;q=0.8,*;q=0.5")
            .header(
                "accept-encoding",
                if partial {
                    "identity"
                } else {
                    "gzip, deflate, br, zstd"
                },
            )
            .body(Full::new(self.body.clone()))
            .map_err(|error| refuse(error.to_string()))?;
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).map_err(|error| refuse(error.to_string()))?;
            let value = HeaderValue::try_from(value).map_err(|error| refuse(error.to_string()))?;
            message.headers_mut().insert(name, value);
        }
        Ok(message)
    }
}

/// Text as pages, feeds, sitemaps and playlists are; not films, pictures and archives.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.to_ascii_lowercase();
    [
        "text/",
        "html",
        "xml",
        "json",
        "javascript",
        "mpegurl",
        "dash",
        "gzip",
    ]
    .iter()
    .any(|part| kind.contains(part))
}

/// Without what a server has no business to learn.
pub(super) fn strip(url: &mut Url) {
    url.set_fragment(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
}
