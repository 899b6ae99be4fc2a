//! Which addresses belong to a site, and which two are the same.

use std::hash::{DefaultHasher, Hasher};
use url::Url;

/// The sites of a crawl.
pub(super) struct Scope {
    sites: Vec<Site<String>>,
}

/// A host without `www.`, and its port: the default ports of both schemes count as one.
type Site<S> = (S, u16);

fn site(url: &Url) -> Option<Site<&str>> {
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
    let port = match url.port_or_known_default()? {
        443 => 80,
        port => port,
    };
    Some((host, port))
}

impl Scope {
    pub(super) fn new(start: &[Url]) -> Scope {
        Scope {
            sites: start
                .iter()
                .filter_map(site)
                .map(|(host, port)| (host.to_owned(), port))
                .collect(),
        }
    }

    pub(super) fn contains(&self, url: &Url) -> bool {
        let known = |(host, port)| self.sites.iter().any(|site| site.0 == host && site.1 == port);
        matches!(url.scheme(), "http" | "https") && site(url).is_some_and(known)
    }

    pub(super) fn len(&self) -> usize {
        self.sites.len()
    }
}

/// Parameters that say where a reader came from, and nothing about the page.
const TRACKING: &[&str] = &[
    "gclid",
    "fbclid",
    "msclkid",
    "yclid",
    "spm_id_from",
    "share_source",
];

fn tracking(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    name.starts_with("utm_") || TRACKING.contains(&name)
}

/// A fingerprint that is the same for addresses that name the same page: scheme and `www.` aside, parameters in any
/// order, tracking parameters left out, fragment left out.
pub(super) fn fingerprint(url: &Url) -> u64 {
    let mut hash = DefaultHasher::new();
    if let Some((host, port)) = site(url) {
        hash.write(host.as_bytes());
        hash.write_u16(port);
    }
    hash.write(url.path().as_bytes());
    if let Some(query) = url.query() {
        let mut pairs: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !tracking(pair))
            .collect();
        pairs.sort_unstable();
        for pair in pairs {
            hash.write_u8(b'?');
            hash.write(pair.as_bytes());
        }
    }
    hash.finish()
}

/// A fingerprint of a body, in a space of its own.
pub(super) fn body_fingerprint(body: &[u8]) -> u64 {
    let mut hash = DefaultHasher::new();
    hash.write_u8(0xff);
    hash.write(body);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_site_is_its_host_and_port() {
        let scope = Scope::new(&[url("http://a.test/x"), url("http://b.test:8080/")]);
        for inside in ["http://a.test/", "https://www.a.test/y", "http://b.test:8080/z"] {
            assert!(scope.contains(&url(inside)), "{inside}");
        }
        for outside in [
            "http://a.test:81/",
            "http://x.a.test/",
            "http://b.test/",
            "ftp://a.test/",
            "http://127.0.0.1/",
        ] {
            assert!(!scope.contains(&url(outside)), "{outside}");
        }
    }

    #[test]
    fn spellings_of_one_page_are_one() {
        let same = |a: &str, b: &str| fingerprint(&url(a)) == fingerprint(&url(b));
        assert!(same("http://a.test/x?b=1&a=2", "https://www.a.test/x?a=2&b=1#f"));
        assert!(same("http://a.test/x?utm_source=m", "http://a.test/x"));
        assert!(same("http://a.test/b/../x", "http://a.test/./x"));
        assert!(!same("http://a.test/x?a=1", "http://a.test/x?a=2"));
        assert!(!same("http://a.test/x", "http://a.test/x/"));
        assert!(!same("http://a.test/x", "http://a.test:81/x"));
    }
}
