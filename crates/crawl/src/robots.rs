//! robots.txt by RFC 9309, with the readings of it that Google's parser is known for.
//!
//! The rule with the longest pattern wins, and between equals the one that allows; `*` stands for any characters
//! and `$`, at the end of a pattern, for the end of the address. A group for our own name replaces the group for
//! everybody. Unknown lines and sitemaps do not end a group.

use url::Url;

/// Most bytes that are read; RFC 9309, section 2.5, asks for at least 500 KiB.
pub const MAX_BYTES: usize = 512 << 10;

/// Longest line that counts; Google reads eight times the longest address of a browser.
const MAX_LINE: usize = 2083 * 8;

/// What a robots.txt says to one crawler.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    rules: Vec<Rule>,
    /// Seconds between requests that it asks for (`Crawl-delay`, no part of the RFC).
    pub crawl_delay: Option<f64>,
    /// Sitemaps that it names, as written.
    pub sitemaps: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Rule {
    allow: bool,
    pattern: Vec<u8>,
}

/// Which crawlers the current group is for.
#[derive(Clone, Copy, Default)]
struct Addressed {
    everybody: bool,
    us: bool,
}

impl Rules {
    /// Everything is allowed.
    pub fn allow_all() -> Rules {
        Rules::default()
    }

    /// Nothing is allowed: the answer to a robots.txt that could not be had (RFC 9309, section 2.3.1.4).
    pub fn disallow_all() -> Rules {
        Rules {
            rules: vec![Rule {
                allow: false,
                pattern: b"/".to_vec(),
            }],
            ..Rules::default()
        }
    }

    /// Reads what `body` says to the crawler with this product token.
    pub fn parse(body: &[u8], product_token: &str) -> Rules {
        let body = &body[..body.len().min(MAX_BYTES)];
        let (mut for_everybody, mut for_us) = (Rules::default(), Rules::default());
        let mut sitemaps = Vec::new();
        let mut addressed = Addressed::default();
        let mut ever_us = false;
        let mut in_rules = false;
        for line in without_bom(body).split(|b| matches!(b, b'\r' | b'\n')) {
            let Some((key, value)) = key_and_value(line) else {
                continue;
            };
            let target = |addressed: Addressed| match addressed {
                Addressed { us: true, .. } => Some(true),
                Addressed { everybody: true, .. } => Some(false),
                _ => None,
            };
            match Key::of(key) {
                Key::UserAgent => {
                    if in_rules {
                        (addressed, in_rules) = (Addressed::default(), false);
                    }
                    match value {
                        [b'*'] => addressed.everybody = true,
                        [b'*', next, ..] if next.is_ascii_whitespace() => addressed.everybody = true,
                        _ if agent(value).eq_ignore_ascii_case(product_token.as_bytes()) => {
                            (addressed.us, ever_us) = (true, true);
                        }
                        _ => {}
                    }
                }
                Key::Rule { allow } => {
                    let Some(us) = target(addressed) else { continue };
                    in_rules = true;
                    let group = if us { &mut for_us } else { &mut for_everybody };
                    group.add(allow, escape(value));
                }
                Key::CrawlDelay => {
                    let Some(us) = target(addressed) else { continue };
                    let group = if us { &mut for_us } else { &mut for_everybody };
                    let seconds = std::str::from_utf8(value)
                        .ok()
                        .and_then(|v| v.parse::<f64>().ok());
                    group.crawl_delay = seconds
                        .filter(|s| s.is_finite() && *s >= 0.0)
                        .or(group.crawl_delay);
                }
                Key::Sitemap => sitemaps.push(String::from_utf8_lossy(value).into_owned()),
                Key::Other => {}
            }
        }
        let mut rules = if ever_us { for_us } else { for_everybody };
        rules.sitemaps = sitemaps;
        rules
    }

    fn add(&mut self, allow: bool, pattern: Vec<u8>) {
        // `Allow: /a/index.html` opens `/a/` too.
        if allow
            && let Some(slash) = pattern.iter().rposition(|b| *b == b'/')
            && pattern[slash..].starts_with(b"/index.htm")
        {
            let mut directory = pattern[..=slash].to_vec();
            directory.push(b'$');
            self.rules.push(Rule {
                allow,
                pattern: directory,
            });
        }
        if !pattern.is_empty() {
            self.rules.push(Rule { allow, pattern });
        }
    }

    /// May this address be fetched?
    ///
    /// An address is judged as it will be sent and also with needless escapes undone (`/%73ecret` is `/secret`), so
    /// that a spelling does not get round a rule.
    pub fn allows(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" || self.rules.is_empty() {
            return true;
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let plain = unescape_unreserved(path.as_bytes());
        self.allows_path(&escape(path.as_bytes())) && self.allows_path(&plain)
    }

    /// May this path, with its query, be fetched? Nothing in it is escaped or unescaped.
    pub fn allows_path(&self, path: &[u8]) -> bool {
        let longest = |allow: bool| {
            let matching = self
                .rules
                .iter()
                .filter(|rule| rule.allow == allow && matches(&rule.pattern, path));
            matching.map(|rule| rule.pattern.len()).max().unwrap_or(0)
        };
        longest(false) <= longest(true)
    }
}

/// Does the pattern match from the start of the path? The parts between asterisks are sought from left to right,
/// each at its first place: that finds a match if there is one, without going back.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_end) = match pattern {
        [head @ .., b'$'] => (head, true),
        _ => (pattern, false),
    };
    let mut parts = pattern.split(|b| *b == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else {
        return false;
    };
    let mut last: Option<&[u8]> = None;
    for part in parts {
        if let Some(part) = last.replace(part) {
            match find(rest, part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
    }
    match (last, to_end) {
        (None, true) => rest.is_empty(),
        (None, false) => true,
        (Some(part), true) => rest.ends_with(part),
        (Some(part), false) => find(rest, part).is_some(),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack.windows(needle.len()).position(|window| window == needle)
}

enum Key {
    UserAgent,
    Rule { allow: bool },
    Sitemap,
    CrawlDelay,
    Other,
}

impl Key {
    /// Keys are known by their beginning, whatever their case, and with the slips that are common.
    fn of(key: &[u8]) -> Key {
        let starts = |words: &[&str]| {
            words.iter().any(|word| {
                key.get(..word.len())
                    .is_some_and(|k| k.eq_ignore_ascii_case(word.as_bytes()))
            })
        };
        if starts(&["user-agent", "useragent", "user agent"]) {
            Key::UserAgent
        } else if starts(&["allow"]) {
            Key::Rule { allow: true }
        } else if starts(&[
            "disallow",
            "dissallow",
            "dissalow",
            "disalow",
            "diasllow",
            "disallaw",
        ]) {
            Key::Rule { allow: false }
        } else if starts(&["sitemap", "site-map"]) {
            Key::Sitemap
        } else if starts(&["crawl-delay"]) {
            Key::CrawlDelay
        } else {
            Key::Other
        }
    }
}

/// Skips a byte order mark, also an incomplete one.
fn without_bom(body: &[u8]) -> &[u8] {
    let mark = body
        .iter()
        .zip(b"\xef\xbb\xbf")
        .take_while(|(a, b)| a == b)
        .count();
    &body[mark..]
}

/// Splits a line at its colon; where somebody forgot it, at white space between two words.
fn key_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = &line[..line.len().min(MAX_LINE - 1)];
    let line = line.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii();
    let (key, value) = match line.iter().position(|b| *b == b':') {
        Some(colon) => (&line[..colon], &line[colon + 1..]),
        None => {
            let gap = line.iter().position(|b| matches!(b, b' ' | b'\t'))?;
            let value = line[gap..].trim_ascii();
            if value.iter().any(|b| matches!(b, b' ' | b'\t')) {
                return None;
            }
            (&line[..gap], value)
        }
    };
    let key = key.trim_ascii();
    (!key.is_empty()).then(|| (key, value.trim_ascii()))
}

/// The product token at the start of a user-agent value.
fn agent(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .position(|b| !(b.is_ascii_alphabetic() || matches!(b, b'-' | b'_')));
    &value[..end.unwrap_or(value.len())]
}

/// Escapes what is not ASCII and writes existing escapes in capitals, so that patterns and addresses compare.
fn escape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match (text[at], text.get(at + 1), text.get(at + 2)) {
            (b'%', Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                out.extend([b'%', a.to_ascii_uppercase(), b.to_ascii_uppercase()]);
                at += 3;
            }
            (byte, ..) => {
                if byte.is_ascii() {
                    out.push(byte);
                } else {
                    out.extend(format!("%{byte:02X}").into_bytes());
                }
                at += 1;
            }
        }
    }
    out
}

/// Undoes escapes of characters that need none (RFC 3986, section 2.3).
fn unescape_unreserved(text: &[u8]) -> Vec<u8> {
    let text = escape(text);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let decoded = (text[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
            .filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
        match decoded {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn allowed(robots: &str, agent: &str, path: &str) -> bool {
        Rules::parse(robots.as_bytes(), agent).allows_path(path.as_bytes())
    }

    /// (robots.txt, our name, path, allowed?), after the cases that RFC 9309 and Google's documentation discuss.
    const CASES: &[(&str, &str, &str, bool)] = &[
        ("", "Bot", "/a", true),
        ("user-agent: Bot\ndisallow: /\n", "Bot", "/a", false),
        ("user-agent: Bot\ndisallow: /\n", "Other", "/a", true),
        ("disallow: /\nuser-agent: Bot\n", "Bot", "/a", true),
        // The colon may be missing, the case may vary, and slips are forgiven.
        ("user-agent Bot\ndisallow /\n", "Bot", "/a", false),
        ("USER-AGENT: bOT\nDisAllow: /\n", "Bot", "/a", false),
        ("useragent: Bot\ndisalow: /\n", "Bot", "/a", false),
        ("user-agent: Bot/2.1 (x)\ndisallow: /\n", "Bot", "/a", false),
        ("user-agent: Bot two\ndisallow: /\n", "Bot", "/a", false),
        ("user-agent: Botany\ndisallow: /\n", "Bot", "/a", true),
        // Groups: several names share rules; several groups for one name are one.
        (
            "user-agent: A\nuser-agent: Bot\ndisallow: /x\nuser-agent: B\ndisallow: /y\n",
            "Bot",
            "/x",
            false,
        ),
        (
            "user-agent: A\nuser-agent: Bot\ndisallow: /x\nuser-agent: B\ndisallow: /y\n",
            "Bot",
            "/y",
            true,
        ),
        (
            "user-agent: Bot\ndisallow: /x\n\nuser-agent: Bot\ndisallow: /y\n",
            "Bot",
            "/y",
            false,
        ),
        (
            "user-agent: *\ndisallow: /\nuser-agent: Bot\nallow: /\n",
            "Bot",
            "/a",
            true,
        ),
        ("user-agent: *\ndisallow: /\nuser-agent: Bot\n", "Bot", "/a", true),
        ("user-agent: * everybody\ndisallow: /\n", "Bot", "/a", false),
        // Unknown lines and sitemaps do not end a group.
        (
            "user-agent: A\nsitemap: /s.xml\nuser-agent: Bot\ndisallow: /\n",
            "Bot",
            "/a",
            false,
        ),
        (
            "user-agent: Bot\nfuture: thing\nuser-agent: A\ndisallow: /\n",
            "Bot",
            "/a",
            false,
        ),
        // The longest pattern wins; between equals, allow.
        (
            "user-agent: Bot\ndisallow: /x/\nallow: /x/page\n",
            "Bot",
            "/x/page",
            true,
        ),
        (
            "user-agent: Bot\nallow: /x/\ndisallow: /x/page\n",
            "Bot",
            "/x/page",
            false,
        ),
        ("user-agent: Bot\ndisallow: /x\nallow: /x\n", "Bot", "/x", true),
        ("user-agent: Bot\ndisallow:\nallow:\n", "Bot", "/x", true),
        ("user-agent: Bot\ndisallow: /x\nallow: /\n", "Bot", "/x/y", false),
        ("user-agent: Bot\ndisallow: /\nallow: /$\n", "Bot", "/", true),
        ("user-agent: Bot\ndisallow: /\nallow: /$\n", "Bot", "/a", false),
        ("user-agent: Bot\ndisallow: /X\n", "Bot", "/x", true),
        // Wild cards and the end.
        ("user-agent: Bot\ndisallow: /*.pdf$\n", "Bot", "/a/b.pdf", false),
        ("user-agent: Bot\ndisallow: /*.pdf$\n", "Bot", "/a/b.pdf?x", true),
        (
            "user-agent: Bot\ndisallow: /*.pdf$\n",
            "Bot",
            "/a.pdf/b.pdf",
            false,
        ),
        ("user-agent: Bot\ndisallow: /a*b*c\n", "Bot", "/axxbyyc/z", false),
        ("user-agent: Bot\ndisallow: /a*b*c\n", "Bot", "/axxcyyb", true),
        ("user-agent: Bot\ndisallow: /a$b\n", "Bot", "/a", true),
        ("user-agent: Bot\ndisallow: /a$b\n", "Bot", "/a$b", false),
        ("user-agent: Bot\ndisallow: *x\n", "Bot", "/yyx", false),
        ("user-agent: Bot\ndisallow: /*$\n", "Bot", "/anything", false),
        ("user-agent: Bot\ndisallow: x\n", "Bot", "/x", true),
        // Bytes outside ASCII are escaped in patterns, escapes compare in any case, and others stay as they are.
        (
            "user-agent: Bot\ndisallow: /\nallow: /片\n",
            "Bot",
            "/%E7%89%87",
            true,
        ),
        (
            "user-agent: Bot\ndisallow: /\nallow: /%e7%89%87\n",
            "Bot",
            "/%E7%89%87",
            true,
        ),
        ("user-agent: Bot\ndisallow: /\nallow: /%62\n", "Bot", "/b", false),
        // A directory's index is the directory.
        (
            "user-agent: *\nallow: /d/index.html\ndisallow: /\n",
            "Bot",
            "/d/",
            true,
        ),
        (
            "user-agent: *\nallow: /d/index.html\ndisallow: /\n",
            "Bot",
            "/d/e",
            false,
        ),
        // Comments, line ends, a byte order mark or what is left of one.
        (
            "user-agent: Bot # us\ndisallow: /x # all of it\n",
            "Bot",
            "/x",
            false,
        ),
        (
            "user-agent: Bot\rdisallow: /x\r\rallow: /x/y\r\n",
            "Bot",
            "/x/y",
            true,
        ),
        ("\u{feff}user-agent: Bot\ndisallow: /\n", "Bot", "/a", false),
        (
            "\u{feff}\u{feff}user-agent: Bot\ndisallow: /\n",
            "Bot",
            "/a",
            true,
        ),
    ];

    #[test]
    fn the_cases_come_out_as_published() {
        for (robots, agent, path, expected) in CASES {
            assert_eq!(
                allowed(robots, agent, path),
                *expected,
                "{robots:?} {agent} {path}"
            );
        }
    }

    #[test]
    fn a_spelling_does_not_get_round_a_rule() {
        let rules = Rules::parse(b"user-agent: *\ndisallow: /secret\nallow: /robots.txt", "Bot");
        for (url, expected) in [
            ("http://a.test/%73ecret/x", false),
            ("http://a.test/%53ecret", true),
            ("http://a.test/x/../secret", false),
            ("http://a.test/robots.txt", true),
        ] {
            assert_eq!(rules.allows(&url.parse().unwrap()), expected, "{url}");
        }
        assert!(!Rules::disallow_all().allows(&"http://a.test/".parse().unwrap()));
        assert!(Rules::disallow_all().allows(&"http://a.test/robots.txt".parse().unwrap()));
    }

    #[test]
    fn sitemaps_and_delays_are_read() {
        let rules = Rules::parse(
            b"Sitemap: /a.xml\nUser-agent: *\nCrawl-delay: 7\nDisallow: /y\nUser-agent: Bot\nCrawl-delay: 2.5\nDisallow: /x\nSite-map: http://b.test/b.xml",
            "Other",
        );
        assert_eq!(rules.sitemaps, ["/a.xml", "http://b.test/b.xml"]);
        assert_eq!(rules.crawl_delay, Some(7.0));
        assert_eq!(
            Rules::parse(b"user-agent: *\ncrawl-delay: -1", "Bot").crawl_delay,
            None
        );
    }

    /// The same answer by trying every split: slow, and plainly right.
    fn matches_slowly(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => true,
            [b'$'] => path.is_empty(),
            [b'*', rest @ ..] => (0..=path.len()).any(|n| matches_slowly(rest, &path[n..])),
            [byte, rest @ ..] => path.first() == Some(byte) && matches_slowly(rest, &path[1..]),
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_if_every_split_were_tried(pattern in "[ab/*$]{0,8}", path in "/[ab/$]{0,9}") {
            prop_assert_eq!(matches(pattern.as_bytes(), path.as_bytes()), matches_slowly(pattern.as_bytes(), path.as_bytes()));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(body: Vec<u8>, path: Vec<u8>) {
            Rules::parse(&body, "Bot").allows_path(&path);
        }
    }
}
