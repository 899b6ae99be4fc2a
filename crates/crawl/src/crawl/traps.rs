//! Notices when a site makes up pages without end: calendars, session numbers, paths that nest into themselves.
//!
//! Addresses are sorted into patterns, in which numbers and the like are blanks. A pattern whose pages keep saying
//! the same, and whose addresses come from such pages, breeds itself and is closed: what waits of it is dropped. Pages
//! that are alike but are listed elsewhere, as in a reference book, are few and stay.

use std::collections::HashMap;
use url::Url;

/// Patterns that are told apart; the pages of further ones share one.
const PATTERNS: usize = 1 << 14;
/// Recent pages of a pattern that a new one is compared with.
const REMEMBERED: usize = 4;
/// Pages that repeat others before a pattern is closed.
const REPEATS: u32 = 40;
/// Deepest path that is still believed.
const MAX_SEGMENTS: usize = 40;
/// Longest address that is still believed; servers commonly take 8 KiB.
const MAX_LENGTH: usize = 4096;

/// A site's patterns.
pub(super) struct Traps {
    patterns: HashMap<u64, Pattern>,
    most: u32,
    /// How many patterns were closed.
    pub(super) closed: u64,
}

#[derive(Default)]
struct Pattern {
    pages: u32,
    repeats: u32,
    /// Addresses of it that were new on pages that said nothing new.
    bred: u32,
    closed: bool,
    recent: [u64; REMEMBERED],
}

impl Traps {
    pub(super) fn new(most: u32) -> Traps {
        Traps {
            patterns: HashMap::new(),
            most,
            closed: 0,
        }
    }

    /// Is the address worth fetching?
    pub(super) fn admits(&self, url: &Url) -> bool {
        url.as_str().len() <= MAX_LENGTH
            && !nests(url)
            && !self.patterns_of(url).any(|pattern| pattern.closed)
    }

    /// Is the address one of many that say the same? Then others come first: a page may list a hundred thousand of them.
    pub(super) fn is_tedious(&self, url: &Url) -> bool {
        self.patterns_of(url).any(Pattern::repeats_itself)
    }

    fn patterns_of(&self, url: &Url) -> impl Iterator<Item = &Pattern> {
        patterns(url).filter_map(|key| self.patterns.get(&key))
    }

    fn pattern(&mut self, key: u64) -> (u64, &mut Pattern) {
        let key = if self.patterns.len() < PATTERNS || self.patterns.contains_key(&key) {
            key
        } else {
            0
        };
        (key, self.patterns.entry(key).or_default())
    }

    /// Notes an address that was new on a page that said nothing new.
    pub(super) fn bred(&mut self, url: &Url) {
        for key in patterns(url) {
            self.pattern(key).1.bred += 1;
        }
    }

    /// Notes a page with the fingerprint of what it says; does it repeat another?
    pub(super) fn note(&mut self, url: &Url, content: u64) -> bool {
        let most = if opaque(url) { self.most / 10 } else { self.most };
        let (mut repeats, mut closed) = (false, 0);
        // The finer pattern first: what it says of the page holds.
        for (key, most) in patterns(url).zip([most, u32::MAX]) {
            let (key, pattern) = self.pattern(key);
            repeats |= pattern.note(content);
            let fruitless = pattern.repeats_itself() && pattern.bred >= REPEATS;
            if !pattern.closed && key != 0 && (fruitless || pattern.pages >= most) {
                pattern.closed = true;
                closed += 1;
            }
        }
        self.closed += closed;
        repeats
    }
}

impl Pattern {
    fn note(&mut self, content: u64) -> bool {
        let repeats = self.recent.contains(&content);
        self.recent[self.pages as usize % REMEMBERED] = content;
        self.pages += 1;
        self.repeats += u32::from(repeats);
        repeats
    }

    /// Do most of its pages say what others of it say?
    fn repeats_itself(&self) -> bool {
        self.repeats >= REPEATS && self.repeats * 4 >= self.pages * 3
    }
}

/// Does the path go round in circles, or deeper than anybody builds?
fn nests(url: &Url) -> bool {
    let segments: Vec<&str> = url
        .path()
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    if segments.len() > MAX_SEGMENTS {
        return true;
    }
    // The same run of segments three times, one after the other: /a/b/a/b/a/b. Of numbers six times: /11/11/11 is a day.
    (1..=segments.len() / 3).any(|run| {
        (0..=segments.len() - 3 * run).any(|at| {
            let first = &segments[at..at + run];
            let digits = |segment: &&str| segment.bytes().all(|b| b.is_ascii_digit());
            let times = if first.iter().all(digits) { 6 } else { 3 };
            let repeats = segments[at..].chunks_exact(run).take_while(|next| *next == first);
            repeats.count() >= times
        })
    })
}

/// Does the address hold a word of eight or more letters and digits, mixed, as session numbers are?
fn opaque(url: &Url) -> bool {
    let mixed = |word: &str| {
        word.len() >= 8
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().any(|b| b.is_ascii_alphabetic())
    };
    let words = |text: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(mixed);
    words(url.path()) || url.query().is_some_and(words)
}

/// The patterns of an address: which segments there are, each once and without its numbers, and which parameters; and
/// the same whatever the parameters, because filters of a list come in every combination.
fn patterns(url: &Url) -> impl Iterator<Item = u64> {
    let mut words = Words::default();
    words.say(url.host_str().unwrap_or_default().as_bytes());
    let segments: Vec<&str> = url.path().split('/').collect();
    let (last, directories) = segments.split_last().unwrap_or((&"", &[]));
    let mut directories: Vec<&str> = directories.to_vec();
    directories.sort_unstable();
    directories.dedup();
    for segment in directories {
        words.blanked(segment.as_bytes());
    }
    words.say(b"/");
    words.blanked(last.as_bytes());
    let mut coarse = None;
    if let Some(query) = url.query() {
        let mut names: Vec<&str> = query
            .split('&')
            .map(|pair| pair.split('=').next().unwrap_or_default())
            .collect();
        names.sort_unstable();
        names.dedup();
        words.say(b"?");
        coarse = (names.len() > 1).then_some(words);
        for name in names {
            words.blanked(name.as_bytes());
        }
    }
    let coarse = coarse.map(|mut words| {
        words.say(b"any");
        words.finish()
    });
    std::iter::once(words.finish()).chain(coarse)
}

/// A fingerprint of what a page says, its numbers aside: words that contain a digit are left out, and so are what stands
/// between words and the queries of addresses, which filters put together anew on every page. `novel` is what the page offers: pages that offer different things are different.
pub(super) fn content_fingerprint<'a>(body: &[u8], novel: impl Iterator<Item = &'a str>) -> u64 {
    let mut words = Words::default();
    let mut rest = body;
    while let Some(query) = memchr::memchr(b'?', rest) {
        words.blanked(&rest[..query]);
        let end = rest[query..].iter().position(|b| b"\"'<> \r\n".contains(b));
        rest = &rest[end.map_or(rest.len(), |end| query + end)..];
    }
    words.blanked(rest);
    for address in novel {
        words.say(address.as_bytes());
    }
    words.finish()
}

/// A running fingerprint of words. It need not withstand an attacker: whoever makes two pages collide hides one of
/// them from nobody, and ends his own trap sooner. So it is a fast one (FNV-1a, a byte at a time).
#[derive(Clone, Copy, Default)]
struct Words(u64);

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

impl Words {
    /// Adds these bytes as they are.
    fn say(&mut self, bytes: &[u8]) {
        let word = bytes.iter().fold(FNV_START, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
        });
        self.add(word);
    }

    /// Adds the words without digits.
    fn blanked(&mut self, text: &[u8]) {
        let (mut word, mut letters, mut digits) = (FNV_START, 0usize, false);
        for byte in text.iter().copied().chain([b' ']) {
            if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
                word = (word ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
                letters += 1;
                digits |= byte.is_ascii_digit();
            } else if letters > 0 {
                if !digits {
                    self.add(word);
                }
                (word, letters, digits) = (FNV_START, 0, false);
            }
        }
        self.add(FNV_START);
    }

    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The fingerprint; never 0, which means none.
    fn finish(self) -> u64 {
        self.0.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn nothing<'a>() -> std::iter::Empty<&'a str> {
        std::iter::empty()
    }

    #[test]
    fn pages_that_say_the_same_close_their_pattern_and_no_other() {
        let mut traps = Traps::new(u32::MAX);
        let mut fetched = 0;
        for n in 0..1000 {
            let url = url(&format!("http://a.test/calendar/2026-{n}/"));
            if traps.admits(&url) {
                fetched += 1;
                let body = format!("<a href='/calendar/2026-{}/'>next</a>", n + 1);
                if traps.note(&url, content_fingerprint(body.as_bytes(), nothing())) {
                    traps.bred(&url);
                }
            }
        }
        assert!((40..60).contains(&fetched), "{fetched}");
        assert!(traps.admits(&url("http://a.test/film/2026-1/")));
        assert_eq!(traps.closed, 1);
    }

    #[test]
    fn filters_in_every_combination_are_one_trap() {
        let mut traps = Traps::new(u32::MAX);
        let mut fetched = 0;
        for n in 1..1000u32 {
            let chosen = (0..8)
                .filter(|bit| n >> bit & 1 == 1)
                .map(|bit| format!("f{}={n}", char::from(b'a' + bit)));
            let page = url(&format!(
                "http://a.test/list?{}",
                chosen.collect::<Vec<_>>().join("&")
            ));
            if traps.admits(&page) {
                fetched += 1;
                if traps.note(&page, content_fingerprint(b"<p>nothing fits", nothing())) {
                    traps.bred(&page);
                }
            }
        }
        // Lists with one filter each are patterns of their own.
        assert!(fetched < 100, "{fetched}");
        assert!(traps.admits(&url("http://a.test/list")));
    }

    #[test]
    fn pages_that_say_the_same_are_put_off_before_anything_is_closed() {
        let mut traps = Traps::new(u32::MAX);
        let page = |n: u32| url(&format!("http://a.test/farm/{n}.html"));
        let put_off = (0..100).position(|n| {
            traps.note(&page(n), content_fingerprint(b"<p>buy", nothing()));
            traps.is_tedious(&page(n + 1))
        });
        assert!(put_off.is_some_and(|n| n < 60), "{put_off:?}");
        assert!(traps.admits(&page(1000)) && !traps.is_tedious(&url("http://a.test/film/1.html")));
    }

    #[test]
    fn pages_that_are_alike_and_listed_elsewhere_stay_open() {
        let mut traps = Traps::new(u32::MAX);
        for n in 0..1000 {
            let page = url(&format!("http://a.test/intrinsics/vadd_{n}.html"));
            assert!(traps.admits(&page));
            traps.note(
                &page,
                content_fingerprint(format!("function vadd_{n}").as_bytes(), nothing()),
            );
        }
    }

    #[test]
    fn pages_that_say_or_offer_something_new_stay_open() {
        let mut traps = Traps::new(u32::MAX);
        for n in 0..1000u32 {
            let words = format!("word{}", char::from_u32(0x4e00 + n).unwrap());
            let page = url(&format!("http://a.test/article/{n}.html"));
            assert!(traps.admits(&page));
            traps.note(&page, content_fingerprint(words.as_bytes(), nothing()));
            let gallery = url(&format!("http://a.test/gallery/{n}.html"));
            assert!(traps.admits(&gallery));
            let picture = format!("http://a.test/pictures/{n}.jpg");
            traps.note(
                &gallery,
                content_fingerprint(b"<img src=n.jpg>", std::iter::once(picture.as_str())),
            );
        }
    }

    #[test]
    fn session_numbers_are_not_believed_for_as_long_as_counted_pages() {
        let fetched = |address: fn(u32) -> String| {
            let mut traps = Traps::new(1000);
            let urls = (0..2000).map(|n| url(&address(n)));
            let new = |n: usize| content_fingerprint(format!("word{}", "x".repeat(n)).as_bytes(), nothing());
            urls.enumerate()
                .filter(|(n, url)| {
                    traps.admits(url) && {
                        traps.note(url, new(*n));
                        true
                    }
                })
                .count()
        };
        assert_eq!(fetched(|n| format!("http://a.test/x?id={n}")), 1000);
        assert_eq!(fetched(|n| format!("http://a.test/x?sid=9f{n:08x}")), 100);
    }

    #[test]
    fn paths_that_go_round_in_circles_are_not_entered() {
        let traps = Traps::new(u32::MAX);
        for round in [
            "http://a.test/a/a/a/",
            "http://a.test/x/a/b/a/b/a/b/y",
            "http://a.test/1/1/1/1/1/1/",
            &format!("http://a.test/{}", "d/".repeat(41)),
        ] {
            assert!(!traps.admits(&url(round)), "{round}");
        }
        for straight in [
            "http://a.test/a/a/b",
            "http://a.test/11/11/11/x",
            "http://a.test/2026/11/11/x",
            "http://a.test/",
        ] {
            assert!(traps.admits(&url(straight)), "{straight}");
        }
    }
}
