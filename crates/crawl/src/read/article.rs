//! The main text of a page, its headline, author, date and credit line.
//!
//! The body is dom_smoothie's (Readability): it measured best on Chinese pages and close to the best on English ones.
//! Around it stand what it lacks: dates and credit lines of Chinese pages, and guards against hostile markup.

use super::scan::{Scan, fold};
use super::structured::Stated;
use super::{Article, credit, date, prune};
use dom_query::{Document, Matcher};
use dom_smoothie::{Config, Readability};
use regex::Regex;
use std::sync::LazyLock;
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
    let title = title(scan, headline);
    let around = around(scan, &text, &title);
    Some(Article {
        author: author(scan, &around, stated),
        date: published(scan, url, &text, &around, stated),
        credit: source(scan, &around),
        title,
        text: without_colophon(&text),
    })
}

/// How much a text says, in letters; a Han character says as much as three.
pub(super) fn weight(text: &str) -> usize {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .map(|c| if c > '\u{2e80}' { 3 } else { 1 })
        .sum()
}

static CAPTIONS: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new("figcaption, .media-caption, .img-caption, .photo-caption, .caption, .wp-caption-text, .caption-text, .image-caption")
        .expect("fixed selectors")
});

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
        // Of what it gives back only the text counts.
        keep_classes: true,
        ..Config::default()
    };
    let html = prune::pruned(html);
    let captions = html.contains("caption") || html.contains("CAPTION");
    let document = Document::from(html);
    if captions {
        // They belong to their pictures.
        document.select_matcher(&CAPTIONS).remove();
    }
    let mut readability = Readability::with_document(document, url.map(Url::as_str), Some(config)).ok()?;
    let article = readability.parse().ok()?;
    let content = Scan::of(&article.content);
    // What is mostly links is a list, not a text.
    let linked: usize = content.named("a").map(|link| link.end - link.start).sum();
    if linked * 2 > content.text.len() {
        return None;
    }
    let text = paragraphs(&without_teasers(&content));
    (!text.is_empty()).then_some(text)
}

/// The text without its lines that are nothing but a link: teasers of other articles. A line that ends like a
/// sentence stays.
fn without_teasers(content: &Scan) -> String {
    let mut links = content.named("a").map(|link| (link.start, link.end)).peekable();
    let (mut kept, mut at) = (String::with_capacity(content.text.len()), 0);
    for line in content.text.split_inclusive('\n') {
        let end = at + line.len();
        let mut linked = 0;
        while let Some((from, to)) = links.next_if(|(from, _)| *from < end) {
            linked += to.min(end) - from.max(at).min(to.min(end));
        }
        let sentence = line
            .trim_end()
            .ends_with(['.', '。', '!', '！', '?', '？', '”', '"', '：', ':']);
        if linked * 10 < line.trim().len() * 8 || sentence || line.trim().is_empty() {
            kept.push_str(line);
        }
        at = end;
    }
    kept
}

/// Lines in which an editorial office speaks of itself: editors, disclaimers, who took the picture above. What they say
/// of source and author was read before. Word boundaries are those of ASCII: others cost the fast matcher.
static COLOPHON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^[\s(（\[【]*(?:责任编辑|责编|编辑|校对|审核|监制|免责声明|声明|特别声明|版权声明|点击进入|扫描下方|.{0,12}本文来源)\s*[：:\]】]?",
        r"|您的浏览器暂?时?无法播放",
        r"|^[\s(]*(?:Photos?|Images?|Photograph|Picture|Image credits?|Photo credits?|Credit|Media caption|Image copyright|Related|Read more|See also|You may also like|Share this)(?-u:\b)\s*(?:[:：.]|by|$)",
        r"|^(?:Published|Updated|Posted)(?-u:\b).{0,60}(?:19|20)\d\d",
        r"|^(?:Advert(?:isement)?|Sponsored|(?i:comments?)|Caption|Close|More:|Continue Reading(?: Below)?|(?i:subscribe)|Sharing is caring!)$",
        r"|^(?:Sign [Uu]p|Subscribe|Get)(?-u:\b).*(?-u:\b)(?:newsletters?|inbox)(?-u:\b)|^(?:Like this story|Have a tip)\?|^Start your day with",
        r"|^(?:Copyright|©|ⓒ)|(?i:all rights reserved)\.?$|^(?:Filed under|Tags|Topics)\s*:|^(?:Tempo de leitura|Reading time)\s*:",
        r"|^\(?(?:(?:Additional )?[Rr]eporting|Editing|Writing) by(?-u:\b)",
        r"|^(?:Getty Images|Reuters|AFP|Associated Press|/ [A-Z]{2,4} News|Trending|Loading content.*|(?i:about the author|view author archive|email the author|follow on twitter|recent articles|popular this week|breaking news emails))$",
        r"|^(?:Get breaking news|Reach the reporters?|Let our news|Follow \S+(?: \S+)? on (?:Twitter|Instagram|Facebook))(?-u:\b)|^[\w.]+@[\w.]+$|^(?:twitter|facebook)\.com/\S+$|contributed (?:reporting|to this report)(?-u:\b).{0,40}$|^Associated Press writers?(?-u:\b)|contents of this site are ©|^This post may contain affiliate",
        r"|^(?:延伸阅读|延伸 · 推荐|相关阅读|相关新闻|相关报道|推荐阅读|自动播放)[：:]?$",
        r"|\((?:AP Photo|Photo by|Image:|Image credit|Photo:|Picture:)|/(?:Getty Images|Reuters|AFP)(?-u:\b)|\| Getty Images|（视频截图）|（视觉中国）",
    ))
    .expect("a fixed pattern")
});

/// Lines above a text that say who wrote it and when. (`regex` is built without general categories here: no `\p{Lu}`.)
static DATELINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:By|By:|Von|Por|Par) [A-ZÀ-Þ]|(?-u:\b)(?:19|20)\d\d(?-u:\b)|^Updated$|^Published(?-u:\b)|(?-u:\b)\d\d?:\d\d(?-u:\b)")
        .expect("a fixed pattern")
});

fn without_colophon(text: &str) -> String {
    // A long line is prose, whatever it begins with.
    let office = |line: &str| line.chars().count() <= 320 && COLOPHON.is_match(line);
    let sentence = |line: &str| line.ends_with(['.', '。', '!', '！', '?', '？', '”', '"', ':', '：']);
    let above = |line: &str| line.chars().count() <= 60 && !sentence(line) && DATELINE.is_match(line);
    let mut kept: Vec<&str> = text
        .lines()
        .enumerate()
        .filter(|(at, line)| !(office(line) || *at < 4 && above(line)))
        .map(|(_, line)| line)
        .collect();
    // A list of other articles, each with its day.
    let is_day = |line: &&str| line.len() == 10 && line.parse::<swordnet_core::Date>().is_ok();
    while kept.len() > 2 && kept.last().is_some_and(is_day) {
        kept.truncate(kept.len() - 2);
    }
    kept.join("\n")
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

fn title(scan: &Scan, headline: &str) -> String {
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

/// Where on the page the article stands, and what is said at its edges: credit lines and dates stand there.
struct Around<'a> {
    /// The text before the body.
    before: &'a str,
    /// The text between headline and body, where that is short: a byline.
    between: &'a str,
    /// The end of the body and what follows it at once.
    tail: String,
    /// From the headline to the end of the body, in the page's text.
    place: std::ops::Range<usize>,
}

fn around<'a>(scan: &'a Scan, text: &str, title: &str) -> Around<'a> {
    let long = |least: usize| text.lines().find(move |line| line.chars().count() >= least);
    let first: String = long(20)
        .or_else(|| long(8))
        .unwrap_or_default()
        .chars()
        .take(16)
        .collect();
    let h1 = scan.named("h1").map(|h1| h1.start).next().unwrap_or(0);
    let body = scan.text[h1..]
        .find(&first)
        .map(|at| h1 + at)
        .or_else(|| scan.text.find(&first));
    let body = body
        .filter(|_| !first.is_empty())
        .unwrap_or((h1 + 600).min(scan.text.len()));
    let before = scan.text_before(body, 900);
    let headline = before.rfind(title).filter(|_| !title.is_empty());
    let between = headline.map_or("", |at| &before[at + title.len()..]);
    let start = headline.map_or(body.saturating_sub(600), |at| body - before.len() + at);
    let end: Vec<char> = text.chars().rev().take(200).collect();
    Around {
        before,
        between: if between.len() <= 400 { between } else { "" },
        tail: end.into_iter().rev().collect(),
        place: start..(body + text.len()).min(scan.text.len()),
    }
}

fn published(
    scan: &Scan,
    url: Option<&Url>,
    text: &str,
    around: &Around<'_>,
    stated: Option<&Stated>,
) -> String {
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
    by_data()
        .or_else(by_meta)
        .or_else(by_item)
        .or_else(|| date::first(around.before))
        .or_else(by_time)
        .or_else(by_label)
        .or_else(|| url.and_then(|url| date::of_path(url.path())))
        .or_else(|| date::first(text))
        .unwrap_or_default()
}

fn source(scan: &Scan, around: &Around<'_>) -> String {
    let near = around.place.start.saturating_sub(600)..around.place.end + 400;
    let labelled = |fits: fn(&str) -> bool| {
        scan.elements
            .iter()
            .filter(|element| element.end > element.start && element.end - element.start < 200)
            .filter(|element| near.contains(&element.start))
            .filter(|element| {
                ["class", "id"]
                    .iter()
                    .filter_map(|name| element.get(name))
                    .any(fits)
            })
            .find_map(|element| {
                let text = scan.text_of(element);
                credit::source(&text).or_else(|| credit::name(&text))
            })
    };
    // Platforms of public accounts print the account where newspapers print their source.
    let account = |label: &str| {
        matches!(
            label,
            "js_name" | "profile_nickname" | "author-name" | "account-name"
        )
    };
    credit::source(around.before)
        .or_else(|| labelled(|label| label.contains("source") && !label.contains("resource")))
        .or_else(|| credit::source(&around.tail))
        .or_else(|| {
            scan.meta(&["article:source", "contentsource", "copyright_source", "source"])
                .and_then(credit::name)
        })
        .or_else(|| labelled(account))
        .or_else(|| credit::of_byline(around.between))
        .unwrap_or_default()
}

fn author(scan: &Scan, around: &Around<'_>, stated: Option<&Stated>) -> String {
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
    by_data
        .or_else(|| credit::author(around.before))
        .or_else(by_meta)
        .or_else(by_label)
        .or_else(|| credit::author(&around.tail))
        .unwrap_or_default()
}
