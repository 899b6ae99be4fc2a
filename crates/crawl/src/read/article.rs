//! The main text of a page, its headline, author, date and credit line.
//!
//! The body is dom_smoothie's (Readability): it measured best on Chinese pages and close to the best on English ones.
//! Around it stand what it lacks: dates and credit lines of Chinese pages, and guards against hostile markup.

use super::scan::{Scan, fold};
use super::structured::Stated;
use super::{Article, credit, date};
use dom_query::Document;
use dom_smoothie::{Config, Readability};
use url::Url;

/// Beyond these a tree is not built: every conforming parser is quadratic in some of them.
const MAX_TAGS: usize = 60_000;
const MAX_DEPTH: usize = 600;
const MAX_ATTRIBUTES: usize = 256;
const MAX_LENGTH: usize = 6 * 1024 * 1024;
/// What says less than this is no article, in letters.
pub(super) const MIN_WEIGHT: usize = 120;

/// Reads the article of a page. `headline` is the page's, `stated` what its structured data says.
pub(super) fn read(
    html: &str,
    url: Option<&Url>,
    scan: &Scan,
    headline: &str,
    stated: Option<&Stated>,
) -> Option<Article> {
    let text = body(html, url, scan)?;
    if weight(&text) < MIN_WEIGHT {
        return None;
    }
    Some(Article {
        title: title(scan, headline, stated),
        author: author(scan, &text, stated),
        date: published(scan, url, &text, stated),
        credit: source(scan, &text),
        text,
    })
}

/// How much a text says, in letters; a Han character says as much as three.
pub(super) fn weight(text: &str) -> usize {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| if c > '\u{2e80}' { 3 } else { 1 })
        .sum()
}

/// The main text, paragraphs separated by newlines.
fn body(html: &str, url: Option<&Url>, scan: &Scan) -> Option<String> {
    if scan.tags > MAX_TAGS
        || scan.depth > MAX_DEPTH
        || scan.attributes > MAX_ATTRIBUTES
        || html.len() > MAX_LENGTH
    {
        return Some(longest_run(scan));
    }
    let config = Config {
        max_elements_to_parse: MAX_TAGS,
        disable_json_ld: true,
        ..Config::default()
    };
    let mut readability =
        Readability::with_document(Document::from(html), url.map(Url::as_str), Some(config)).ok()?;
    let article = readability.parse().ok()?;
    let content = Scan::of(&article.content);
    // What is mostly links is a list, not a text.
    let linked: usize = content.named("a").map(|link| link.end - link.start).sum();
    if linked * 2 > content.text.len() {
        return None;
    }
    let text = paragraphs(&content.text);
    (!text.is_empty()).then_some(text)
}

/// Lines folded, blank ones dropped.
pub(super) fn paragraphs(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.lines().map(fold).filter(|line| !line.is_empty()) {
        if !folded.is_empty() {
            folded.push('\n');
        }
        folded.push_str(&line);
    }
    folded
}

/// Where no tree can be built: the lines long enough to be prose.
fn longest_run(scan: &Scan) -> String {
    let lines: Vec<&str> = scan
        .text
        .lines()
        .filter(|line| line.chars().count() >= 40)
        .collect();
    paragraphs(&lines.join("\n"))
}

fn title(scan: &Scan, headline: &str, stated: Option<&Stated>) -> String {
    let _ = stated;
    let whole = if scan.title.is_empty() {
        headline
    } else {
        &scan.title
    };
    let letters = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let title = letters(whole);
    // The headline is the one that the page's title begins with; site names follow it.
    let stand = |text: &str| {
        let own = letters(text);
        own.chars().count() >= 4 && (title.contains(&own) || title.is_empty())
    };
    let h1 = scan
        .named("h1")
        .map(|h1| scan.text_of(h1))
        .filter(|text| stand(text))
        .max_by_key(String::len);
    h1.or_else(|| {
        scan.meta(&["og:title", "twitter:title"])
            .map(fold)
            .filter(|text| stand(text))
            .map(|text| without_site(&text))
    })
    .unwrap_or_else(|| without_site(whole))
}

/// A title without the site's name after (or before) a mark.
fn without_site(title: &str) -> String {
    let marks = ["_", " | ", "|", " - ", " – ", " — ", "--", "-", "｜", " :: "];
    for mark in marks {
        if let Some((first, _)) = title.split_once(mark)
            && first.chars().count() >= if first.is_ascii() { 16 } else { 6 }
        {
            return first.trim().to_owned();
        }
    }
    title.trim().to_owned()
}

/// What the page says around the headline and the article's edges: where credit lines and dates stand.
fn around(scan: &Scan, text: &str) -> (String, String) {
    let first = text
        .lines()
        .find(|line| line.chars().count() >= 8)
        .unwrap_or_default();
    let needle: String = first.chars().take(24).collect();
    let start = scan
        .named("h1")
        .map(|h1| h1.start)
        .find(|&at| at < scan.text.len())
        .unwrap_or(0);
    let body = scan.text[start..]
        .find(&needle)
        .map(|at| start + at)
        .unwrap_or((start + 600).min(scan.text.len()));
    let before = scan.text_before(body, 900).to_owned();
    let tail: String = text
        .chars()
        .rev()
        .take(200)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    (before, tail)
}

fn published(scan: &Scan, url: Option<&Url>, text: &str, stated: Option<&Stated>) -> String {
    const NAMES: [&str; 22] = [
        "article:published_time",
        "og:published_time",
        "datepublished",
        "publishdate",
        "pubdate",
        "publish_date",
        "published_time",
        "apub:time",
        "og:time",
        "og:release_date",
        "article:published",
        "dc.date.issued",
        "dc.date",
        "dcterms.created",
        "date",
        "parsely-pub-date",
        "sailthru.date",
        "article.published",
        "weibo: article:create_at",
        "weibo:article:create_at",
        "publication_date",
        "bt:pubdate",
    ];
    let by_meta = || {
        NAMES
            .iter()
            .flat_map(|name| scan.metas(name))
            .find_map(date::stated)
    };
    let by_data = || stated.and_then(|stated| date::stated(&stated.date));
    let by_item = || {
        scan.elements
            .iter()
            .filter(|element| {
                element
                    .get("itemprop")
                    .is_some_and(|property| property.eq_ignore_ascii_case("datePublished"))
                    || element.get("pubdate").is_some()
            })
            .find_map(|element| {
                element
                    .first(&["content", "datetime"])
                    .and_then(date::stated)
                    .or_else(|| date::first(&scan.text_of(element)))
            })
    };
    let by_time = || {
        scan.named("time").find_map(|time| {
            time.get("datetime")
                .and_then(date::stated)
                .or_else(|| date::first(&scan.text_of(time)))
        })
    };
    let by_label = || {
        scan.elements
            .iter()
            .filter(|element| {
                ["class", "id"]
                    .iter()
                    .filter_map(|name| element.get(name))
                    .any(|value| value.contains("date") || value.contains("time"))
            })
            .find_map(|element| date::first(&scan.text_of(element)))
    };
    let (before, _) = around(scan, text);
    by_data()
        .or_else(by_meta)
        .or_else(by_item)
        .or_else(|| date::first(&before))
        .or_else(by_time)
        .or_else(by_label)
        .or_else(|| url.and_then(|url| date::of_path(url.path())))
        .or_else(|| date::first(text))
        .unwrap_or_default()
}

fn source(scan: &Scan, text: &str) -> String {
    let (before, tail) = around(scan, text);
    let labelled = || {
        scan.elements
            .iter()
            .filter(|element| element.end > element.start && element.end - element.start < 200)
            .filter(|element| {
                let words = format!(
                    "{} {}",
                    element.get("class").unwrap_or_default(),
                    element.get("id").unwrap_or_default()
                )
                .to_ascii_lowercase();
                words.contains("source") && !words.contains("resource")
            })
            .find_map(|element| {
                let text = scan.text_of(element);
                credit::source(&text).or_else(|| credit::name(&text))
            })
    };
    credit::source(&before)
        .or_else(labelled)
        .or_else(|| credit::source(&tail))
        .or_else(|| {
            scan.meta(&["article:source", "contentsource", "copyright_source", "source"])
                .and_then(credit::name)
        })
        .unwrap_or_default()
}

fn author(scan: &Scan, text: &str, stated: Option<&Stated>) -> String {
    let by_data = stated
        .map(|stated| stated.author.clone())
        .filter(|author| !author.is_empty());
    let by_meta = || {
        scan.meta(&[
            "author",
            "article:author",
            "dc.creator",
            "byl",
            "parsely-author",
            "sailthru.author",
        ])
        .filter(|author| !author.starts_with("http"))
        .map(fold)
    };
    let by_label = || {
        scan.elements
            .iter()
            .filter(|element| element.end > element.start && element.end - element.start < 120)
            .filter(|element| {
                let value = |name| element.get(name).unwrap_or_default().to_ascii_lowercase();
                value("rel") == "author"
                    || value("itemprop") == "author"
                    || value("class").contains("author")
                    || value("class").contains("byline")
            })
            .find_map(|element| {
                let text = scan.text_of(element);
                credit::author(&text).or_else(|| credit::name(&text))
            })
    };
    let (before, tail) = around(scan, text);
    by_data
        .or_else(|| credit::author(&before))
        .or_else(by_meta)
        .or_else(by_label)
        .or_else(|| credit::author(&tail))
        .unwrap_or_default()
}
