//! Reading pages: a folder of small pages for each area, players as they are really set up, and hostile input.

#[path = "read/charsets.rs"]
mod charsets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use swordnet_core::{Access, Area, Medium, Vocabulary};
use swordnet_crawl::read::{Rel, main_text, read};
use url::Url;

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "snap"))
        .collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Every page of every area's folder, as it is read. The media type is left to the bytes.
#[test]
fn pages_of_every_area() {
    for &area in Area::ALL {
        let files = fixtures(&format!("areas/{area}"));
        assert!(!files.is_empty(), "{area} has no fixtures");
        for file in files {
            let url = Url::parse(&format!("http://site.test/pages/{}", name(&file))).unwrap();
            let reading = read(area, &url, None, &std::fs::read(&file).unwrap());
            let folder = file.parent().unwrap().to_owned();
            insta::with_settings!({ snapshot_path => folder, prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_json_snapshot!(name(&file), reading);
            });
        }
    }
}

/// Each page of `players/` says in its first line what it plays; that must be offered, or the page that plays it
/// named as a link to follow.
#[test]
fn players_are_read() {
    let url = Url::parse("http://site.test/play/1.html").unwrap();
    let mut missed = Vec::new();
    let files = fixtures("players");
    for file in &files {
        let body = std::fs::read_to_string(file).unwrap();
        let first = body.lines().next().unwrap_or_default();
        let expected = first.trim_start_matches("<!--").trim_end_matches("-->").trim();
        let area = if name(file).starts_with("song") {
            Area::Music
        } else {
            Area::Film
        };
        let reading = read(area, &url, Some("text/html; charset=utf-8"), body.as_bytes());
        let found = match expected.strip_prefix("follow ") {
            Some(link) => reading
                .links
                .iter()
                .any(|known| known.rel == Rel::Player && known.url.as_str() == link),
            None => expected
                .split_whitespace()
                .all(|address| reading.offers.iter().any(|offer| offer.url.as_str() == address)),
        };
        if !found {
            let offers: Vec<_> = reading
                .offers
                .iter()
                .map(|offer| offer.url.as_str().to_owned())
                .collect();
            missed.push(format!("{}: wanted {expected}, got {offers:?}", name(file)));
        }
    }
    assert!(
        missed.is_empty(),
        "{} of {} missed:\n{}",
        missed.len(),
        files.len(),
        missed.join("\n")
    );
}

#[test]
fn links_are_read_as_browsers_read_them() {
    let page = r##"<!doctype html><base href="/html/base/"><title>x</title><a href="rel.html">a</a><a href=unquoted.html>b</a>
<a HREF='single.html'>c</a><a href="&#115;pace&amp;amp.html">d</a><a href="  trim.html
">e</a><a href="tab	here.html">f</a><area href="area.html"><iframe src="iframe.html"></iframe><frameset><frame src="frame.html"></frameset>
<!-- <a href="comment.html">no</a> --><script>var s='<a href="inscript.html">no</a>';</script><noscript><a href="noscript.html">y</a></noscript>
<svg><a xlink:href="svg.html"><text>s</text></a></svg><a href="中文/路径.html">zh</a><a href="back\slash.html">g</a><a href="?q=1&copy=2">amp</a>
<a href="javascript:alert(1)">j</a><a href="mailto:a@b">m</a><a href="data:text/html,x">d</a><a href="file:///etc/hostname">f</a><a href="#top">t</a>
<a href="nofollow.html" rel="external nofollow">n</a><a href="unclosed.html>h</a><p>x<a href="after.html">i</a>"##;
    let url = Url::parse("http://site.test/html/links.html").unwrap();
    let reading = read(
        Area::News,
        &url,
        Some("text/html; charset=utf-8"),
        page.as_bytes(),
    );
    let links: BTreeMap<&str, bool> = reading
        .links
        .iter()
        .map(|link| (link.url.as_str(), link.no_follow))
        .collect();
    for path in [
        "rel.html",
        "unquoted.html",
        "single.html",
        "space&amp.html",
        "trim.html",
        "tabhere.html",
        "area.html",
        "iframe.html",
        "frame.html",
        "noscript.html",
        "svg.html",
        "%E4%B8%AD%E6%96%87/%E8%B7%AF%E5%BE%84.html",
        "back/slash.html",
    ] {
        assert_eq!(
            links.get(format!("http://site.test/html/base/{path}").as_str()),
            Some(&false),
            "{path} of {links:?}"
        );
    }
    assert_eq!(links.get("http://site.test/html/base/nofollow.html"), Some(&true));
    assert!(
        links
            .keys()
            .all(|url| url.starts_with("http://site.test/html/base/")),
        "{links:?}"
    );
    assert!(
        !links
            .keys()
            .any(|url| url.contains("comment") || url.contains("inscript")),
        "{links:?}"
    );
}

#[test]
fn robots_canonical_and_refresh_are_read() {
    let page = b"<meta name=ROBOTS content='NOINDEX,nofollow'><link rel=canonical href=/c/#x><meta http-equiv=Refresh content='0;URL=/next.html'>";
    let reading = read(Area::News, &Url::parse("http://site.test/a").unwrap(), None, page);
    assert!(reading.no_follow && reading.no_index);
    assert_eq!(reading.canonical.unwrap().as_str(), "http://site.test/c/");
    assert_eq!(
        (reading.links[0].url.as_str(), reading.links[0].rel),
        ("http://site.test/next.html", Rel::Refresh)
    );
}

#[test]
fn bytes_that_are_no_page_offer_themselves() {
    let url = |path: &str| Url::parse(&format!("http://site.test/{path}")).unwrap();
    for (path, kind, body, medium, access) in [
        (
            "a.mp4",
            Some("video/mp4"),
            &b"\0\0\0\x20ftypisom"[..],
            Medium::Video,
            Access::File,
        ),
        (
            "play",
            None,
            b"#EXTM3U\n#EXT-X-VERSION:3\n",
            Medium::Video,
            Access::Hls,
        ),
        (
            "p.jpg",
            Some("image/jpeg"),
            b"\xff\xd8\xff",
            Medium::Image,
            Access::File,
        ),
        (
            "s.mp3",
            Some("application/octet-stream"),
            b"ID3",
            Medium::Audio,
            Access::File,
        ),
    ] {
        let reading = read(Area::Film, &url(path), kind, body);
        let offers: Vec<_> = reading
            .offers
            .iter()
            .map(|offer| (offer.url.clone(), offer.medium, offer.access))
            .collect();
        assert_eq!(offers, [(url(path), medium, access)]);
    }
}

#[test]
fn a_text_is_read_from_a_page_in_any_encoding() {
    let body = std::fs::read(
        fixtures("areas/news")
            .into_iter()
            .find(|path| name(path) == "zh.html")
            .unwrap(),
    )
    .unwrap();
    let text = String::from_utf8(body)
        .unwrap()
        .replace("charset=\"utf-8\"", "charset=\"gb2312\"");
    let (gb, _, _) = encoding_rs::GB18030.encode(&text);
    let article = main_text(&gb, None, None).unwrap();
    assert_eq!(article.credit, "江城日报");
    assert!(article.text.starts_with("本报讯 历时三年"), "{}", article.text);
    assert!(!article.text.contains("相关新闻"));
}

/// Pages made to cost time or memory, half a megabyte each: quadratic time would take minutes.
#[test]
fn hostile_pages_cost_little() {
    let size = 512 << 10;
    let fill = |piece: &str| piece.repeat(size / piece.len());
    let many: String = (0..size / 12).map(|n| format!("<a href={n}>")).collect();
    let attributes: String = (0..size / 10).map(|n| format!(" a{n}=1")).collect();
    let formatting: String = (0..size / 16).map(|n| format!("<b class=x{n}>")).collect();
    for (what, page) in [
        ("nesting", fill("<div>")),
        ("links", many),
        ("attributes", format!("<p{attributes}>")),
        ("formatting", formatting),
        ("unclosed", fill("<a href='")),
        ("tables", fill("<table><tr><td>")),
        ("comments", fill("<!--")),
        ("references", fill("&notin;&#x110000;")),
        ("brackets", format!("<script>x={}</script>", fill("[("))),
        ("sums", format!("<script>x={}</script>", fill("\"a\"+"))),
        (
            "doubling",
            format!("<script>var a='{}';{}</script>", "x".repeat(4000), fill("a=a+a;")),
        ),
        (
            "reversals",
            format!(
                "<script>var a='{}';{}</script>",
                "x".repeat(4000),
                fill("b=a.split('').reverse().join('');")
            ),
        ),
        ("braces", format!("<script>{}</script>", fill("{a:"))),
        ("handlers", fill("<p onclick=\"x='<p onclick=y>'\">")),
        ("escapes", format!("<script>u='{}'</script>", fill("%25"))),
        (
            "episodes",
            format!("<script>u='{}'</script>", fill("1$http://a/1.mp4#")),
        ),
        ("sources", fill("来源：")),
        ("codes", fill("提取码：")),
        (
            "json",
            format!("<script type=application/ld+json>{}</script>", fill("[")),
        ),
        ("noscript", fill("<noscript>")),
        ("words", fill("word ")),
        ("srcset", format!("<img srcset='{}'>", fill("a 1w,"))),
    ] {
        let begun = Instant::now();
        let reading = read(
            Area::News,
            &Url::parse("http://site.test/").unwrap(),
            Some("text/html"),
            page.as_bytes(),
        );
        let taken = begun.elapsed();
        assert!(taken < Duration::from_secs(40), "{what}: {taken:?}");
        assert!(
            reading.links.len() <= 50_000 && reading.offers.len() <= 5_000,
            "{what}"
        );
    }
}

mod never_fails {
    use super::*;
    use proptest::prelude::*;

    fn pages() -> Vec<Vec<u8>> {
        let folders: Vec<String> = Area::ALL
            .iter()
            .map(|area| format!("areas/{area}"))
            .chain(["players".to_owned()])
            .collect();
        folders
            .iter()
            .flat_map(|folder| fixtures(folder))
            .map(|file| std::fs::read(file).unwrap())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn on_random_bytes(body in prop::collection::vec(any::<u8>(), 0..2000), area in 0..10usize, kind in prop::option::of("[ -~]{0,30}")) {
            read(Area::ALL[area], &Url::parse("http://site.test/x").unwrap(), kind.as_deref(), &body);
        }

        #[test]
        fn on_markup_soup(pieces in prop::collection::vec(prop::sample::select(vec![
            "<a href=", "<script>", "</script>", "'", "\"", "`${", "{", "}", "[", "]", "(", ")", "\\u", "\\x", "%u4", "%", "<video src=", "<iframe src=", ">", "x.mp4",
            "http://", "提取码：", "来源：", "magnet:?xt=urn:btih:", "function(p,a,c,k,e,", "}('", "',62,1,'", "'.split('|')", "eval(", "data-x='", "<noscript>", "<meta ",
            "charset=", "srcset='", "2019-", "&#", "é", "中", "\u{1F600}", "$http", "#", "+", ".join(", ".replace(", "atob(",
        ]), 0..60)) {
            let body = pieces.concat();
            for area in Area::ALL {
                read(*area, &Url::parse("http://site.test/x").unwrap(), None, body.as_bytes());
            }
        }

        #[test]
        fn on_mutated_pages(page in 0..1000usize, at in any::<prop::sample::Index>(), cut in 0..200usize, patch in prop::collection::vec(any::<u8>(), 0..40), area in 0..10usize) {
            let pages = pages();
            let mut body = pages[page % pages.len()].clone();
            let at = at.index(body.len());
            let end = (at + cut).min(body.len());
            body.splice(at..end, patch);
            read(Area::ALL[area], &Url::parse("http://site.test/x").unwrap(), None, &body);
        }
    }
}

/// Pages on which a script in a file of its own builds the player: a browser has to open them, and no others.
#[test]
fn stages_for_players_are_seen() {
    let url = Url::parse("http://site.test/play/1.html").unwrap();
    let hidden = |body: &str| {
        let page = format!("<!doctype html><title>Film</title>{body}");
        read(
            Area::Film,
            &url,
            Some("text/html; charset=utf-8"),
            page.as_bytes(),
        )
        .hidden_player
    };
    let script = "<script src=/player.js></script>";
    for stage in [
        "<div id=\"player\"></div>",
        "<div id=dplayer></div>",
        "<div class=\"artplayer-app\"></div>",
        "<div class='box video-js vjs-default-skin' id=v></div>",
        "<div class=\"prism-player\" id=\"J_prismPlayer\"></div>",
        "<section class=\"MuiPlayer\"></section>",
        "<div id=player-container-id></div>",
    ] {
        assert!(hidden(&format!("{stage}{script}")), "{stage}");
        assert!(!hidden(stage), "without a script: {stage}");
        let plays = format!("{stage}<script>play('/film.mp4')</script>");
        assert!(!hidden(&plays), "what it plays is known: {stage}");
    }
    for other in [
        "<div class=\"players-list\"></div>",
        "<div class=\"multiplayer\"></div>",
        "<div id=content></div>",
        "<a class=player href=/1.html>x</a>",
    ] {
        assert!(!hidden(&format!("{other}{script}")), "{other}");
    }
}
