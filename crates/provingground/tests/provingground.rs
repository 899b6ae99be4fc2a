//! The ground as others see it: its plan, its trees through their own links, its platforms' answers.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use swordnet_core::{Medium, OutcomeKind, Timestamp, Verdict};
use swordnet_provingground::{Answer, Ground, Options, Served, plan, serve};

const START: i64 = 1_502_700_000;

fn options(seed: u64, dir: &Path) -> Options {
    Options {
        seed,
        media: None,
        dir: dir.into(),
        ffmpeg: PathBuf::from("ffmpeg"),
        start: Timestamp::from_second(START).unwrap(),
    }
}

/// A clock that the test moves.
fn clock() -> (Arc<AtomicI64>, Arc<dyn Fn() -> Timestamp + Send + Sync>) {
    let now = Arc::new(AtomicI64::new(START));
    let told = now.clone();
    (
        now,
        Arc::new(move || Timestamp::from_second(told.load(Ordering::SeqCst)).unwrap()),
    )
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|l| l.split_once(": "))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v)
    }

    /// The body as text, whichever of the two charsets it is in.
    fn text(&self) -> String {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text.into(),
            Err(_) => encoding_rs::GB18030.decode(&self.body).0.into_owned(),
        }
    }
}

/// One request; `None` when the connection closes without an answer.
fn get(addr: SocketAddr, url: &str, headers: &str) -> Option<Reply> {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.find('/').map_or((rest, "/"), |i| rest.split_at(i));
    let mut stream = TcpStream::connect(addr).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n"
    )
    .ok()?;
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let end = all.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&all[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply {
        status,
        head,
        body: all[end + 4..].to_vec(),
    })
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::new(), 0);
    while i < bytes.len() {
        match (
            bytes[i],
            text.get(i + 1..i + 3)
                .and_then(|h| u8::from_str_radix(h, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                out.push(byte);
                i += 3;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Everything in quotes on a page that can be read as an address, by whatever wrapping players use.
fn addresses(host: &str, page: &str) -> BTreeSet<String> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let mut found = BTreeSet::new();
    for quoted in page.split(['"', '\'']) {
        let plain = quoted.replace("\\/", "/").replace("&amp;", "&");
        let unwrapped = STANDARD
            .decode(plain.trim())
            .ok()
            .and_then(|b| String::from_utf8(b).ok());
        for text in [
            Some(plain.clone()),
            Some(percent_decoded(&plain)),
            unwrapped.as_deref().map(percent_decoded),
        ] {
            match text {
                Some(t) if t.starts_with("http://") => found.insert(t),
                Some(t) if t.starts_with('/') && !t.starts_with("//") => {
                    found.insert(format!("http://{host}{t}"))
                }
                _ => false,
            };
        }
    }
    found
}

/// What a crawl of one site reaches from its start page by links, robots.txt obeyed.
fn walk(addr: SocketAddr, host: &str) -> HashMap<String, BTreeSet<String>> {
    let robots = get(addr, &format!("http://{host}/robots.txt"), "")
        .map(|r| r.text())
        .unwrap_or_default();
    let closed: Vec<_> = robots
        .lines()
        .filter_map(|l| l.strip_prefix("Disallow: "))
        .map(|p| format!("http://{host}{p}"))
        .collect();
    let (mut seen, mut queue) = (HashMap::new(), vec![format!("http://{host}/")]);
    while let Some(url) = queue.pop() {
        let skipped = closed.iter().any(|c| url.starts_with(c))
            || url.contains("/calendar/")
            || url.ends_with("/3.html") && host.starts_with("poying");
        let media = [
            ".mp4", ".mp3", ".jpg", ".ogg", ".m4a", ".m3u8", ".txt", ".css", ".png", ".ico", ".js", ".gif",
        ];
        if skipped
            || seen.contains_key(&url)
            || media.iter().any(|m| url.ends_with(m))
            || !url.starts_with(&format!("http://{host}/"))
        {
            continue;
        }
        let mut reply = get(addr, &url, "");
        if reply.as_ref().is_some_and(|r| r.status == 503) {
            reply = get(addr, &url, "");
        }
        let Some(reply) = reply else { continue };
        let mut links = addresses(host, &reply.text());
        links.extend(reply.header("location").map(|to| {
            if to.starts_with('/') {
                format!("http://{host}{to}")
            } else {
                to.into()
            }
        }));
        queue.extend(links.iter().cloned());
        seen.insert(url, links);
    }
    seen
}

static PLANNED: LazyLock<Arc<Ground>> =
    LazyLock::new(|| Arc::new(plan(&options(1, Path::new("/nowhere"))).unwrap()));

#[test]
fn a_seed_always_gives_the_same_ground_and_seeds_differ() {
    let json =
        |seed| serde_json::to_string(&plan(&options(seed, Path::new("/nowhere"))).unwrap().truth).unwrap();
    let first = json(1);
    assert_eq!(first, json(1));
    for seed in [2, 3, 2017] {
        assert_ne!(first, json(seed));
    }
}

#[test]
fn the_ground_holds_what_a_campaign_needs() {
    for seed in [1, 2, 3, 99] {
        let ground = plan(&options(seed, Path::new("/nowhere"))).unwrap();
        let copies = &ground.truth.copies;
        let of = |medium| copies.iter().filter(|c| c.medium == medium).count();
        assert!(
            of(Medium::Video) >= 30
                && of(Medium::Audio) >= 15
                && of(Medium::Image) >= 12
                && of(Medium::Text) >= 30
        );
        for verdict in [
            Verdict::Infringing,
            Verdict::Licensed,
            Verdict::WhiteListed,
            Verdict::Exempt,
        ] {
            assert!(copies.iter().any(|c| c.verdict == verdict), "{verdict}");
        }
        for outcome in [
            OutcomeKind::Gone,
            OutcomeKind::Moved,
            OutcomeKind::BackAgain,
            OutcomeKind::Unreachable,
        ] {
            assert!(
                copies
                    .iter()
                    .any(|c| c.outcomes.iter().any(|e| e.outcome == outcome)),
                "{outcome} with seed {seed}"
            );
        }
        assert!(copies.iter().any(|c| c.answer == Some(Answer::Never)));
        assert!(ground.truth.works.iter().any(|w| w.copies == 0), "a control");
        assert!(!ground.truth.decoys.is_empty() && !ground.truth.forbidden.is_empty());
        let ids: HashSet<_> = ground.works.iter().map(|w| &w.id).collect();
        assert_eq!(ids.len(), ground.works.len());
        assert!(copies.iter().all(|c| ids.contains(&c.work)));
        let operators: HashSet<_> = ground.sites.iter().map(|s| &s.operator).collect();
        assert!(
            ground
                .licences
                .iter()
                .all(|l| !l.grantor.is_empty() && !l.grantee.is_empty())
        );
        assert!(ground.licences.iter().any(|l| operators.contains(&l.grantee)));
        assert!(ground.warning_lists.len() >= 2 && ground.white_list.len() >= 2);
    }
}

#[test]
fn every_copy_is_reached_by_links_and_no_forbidden_page_is_needed() {
    let (_, clock) = clock();
    let served = serve(PLANNED.clone(), clock).unwrap();
    let truth = &PLANNED.truth;
    for site in truth.sites.iter().filter(|s| s.reachable) {
        let seen = walk(served.addr, &site.host);
        for copy in truth.copies.iter().filter(|c| c.host == site.host) {
            let page = format!("http://{}{}", copy.host, copy.page_path);
            let links = seen.get(&page).unwrap_or_else(|| panic!("{page} is not reached"));
            let pages: Vec<_> = copy
                .also_on
                .iter()
                .map(|p| format!("http://{}{p}", copy.host))
                .collect();
            let offered = copy.medium == Medium::Text && copy.urls[0] == page
                || links.contains(&copy.urls[0])
                || pages
                    .iter()
                    .any(|p| seen.get(p).is_some_and(|l| l.contains(&copy.urls[0])));
            assert!(offered, "{page} does not offer {}: {links:?}", copy.urls[0]);
            assert!(pages.iter().all(|p| seen.contains_key(p)), "{pages:?}");
        }
        for decoy in truth.decoys.iter().filter(|d| d.host == site.host) {
            assert!(
                seen.contains_key(&format!("http://{}{}", decoy.host, decoy.page_path)),
                "{decoy:?}"
            );
        }
        for forbidden in truth.forbidden.iter().filter(|f| f.host == site.host) {
            let page = format!("http://{}{}", forbidden.host, forbidden.page_path);
            assert!(!seen.contains_key(&page));
            assert!(
                seen.values().any(|links| links.contains(&page)),
                "{page} is linked, to tempt"
            );
        }
        assert!(
            (8..=40).contains(&seen.len()),
            "{} has {} pages",
            site.host,
            seen.len()
        );
    }
}

/// Whether the page still offers the copy, as somebody who looks sees it.
fn looks(served: &Served, copy: &swordnet_provingground::Copy) -> OutcomeKind {
    let page = format!("http://{}{}", copy.host, copy.page_path);
    let Some(mut reply) = get(served.addr, &page, "") else {
        return OutcomeKind::Unreachable;
    };
    if reply.status == 503 {
        reply = get(served.addr, &page, "").unwrap();
    }
    let mut links = addresses(&copy.host, &reply.text());
    for also in &copy.also_on {
        if let Some(reply) = get(served.addr, &format!("http://{}{also}", copy.host), "") {
            links.extend(addresses(&copy.host, &reply.text()));
        }
    }
    if copy.moves_to.as_ref().is_some_and(|to| links.contains(to)) {
        OutcomeKind::Moved
    } else if copy.medium == Medium::Text && copy.urls[0] == page {
        if reply.text().chars().count() > 1200 {
            OutcomeKind::StillThere
        } else {
            OutcomeKind::Gone
        }
    } else if links.contains(&copy.urls[0]) {
        OutcomeKind::StillThere
    } else {
        OutcomeKind::Gone
    }
}

#[test]
fn platforms_answer_orders_as_the_truth_says() {
    let (now, clock) = clock();
    let served = serve(PLANNED.clone(), clock).unwrap();
    let ordered = Timestamp::from_second(START).unwrap();
    let deadline = Timestamp::from_second(START + 24 * 3600).unwrap();
    let open: Vec<_> = PLANNED
        .truth
        .copies
        .iter()
        .filter(|c| c.answer.is_some())
        .collect();
    for copy in &open {
        assert_eq!(looks(&served, copy), OutcomeKind::StillThere, "{copy:?}");
    }
    for copy in &open {
        let page = format!("http://{}{}", copy.host, copy.page_path);
        assert!(served.deliver(&page, &copy.urls[0], ordered, deadline));
        assert!(
            served.deliver(&page, &copy.urls[0], ordered, deadline),
            "telling twice changes nothing"
        );
    }
    assert!(!served.deliver(
        "http://kanpianba.site.test/none",
        "http://kanpianba.site.test/none.mp4",
        ordered,
        deadline
    ));
    for hours in [23, 30, 49, 90] {
        let moment = Timestamp::from_second(START + hours * 3600).unwrap();
        now.store(moment.as_second(), Ordering::SeqCst);
        std::thread::scope(|scope| {
            for some in open.chunks(6) {
                let served = &served;
                scope.spawn(move || {
                    for copy in some {
                        let mut expected = copy.answer.unwrap().outcome(ordered, deadline, moment);
                        if expected == OutcomeKind::BackAgain {
                            expected = OutcomeKind::StillThere;
                        }
                        assert_eq!(looks(served, copy), expected, "after {hours} h: {copy:?}");
                    }
                });
            }
        });
    }
}

#[test]
fn a_moved_copy_goes_when_its_new_address_is_ordered_removed() {
    let (now, clock) = clock();
    let served = serve(PLANNED.clone(), clock).unwrap();
    let moment = |hours: i64| Timestamp::from_second(START + hours * 3600).unwrap();
    let copy = PLANNED
        .truth
        .copies
        .iter()
        .find(|c| matches!(c.answer, Some(Answer::Moves { .. })))
        .unwrap();
    let page = format!("http://{}{}", copy.host, copy.page_path);
    served.deliver(&page, &copy.urls[0], moment(0), moment(24));
    now.store(START + 25 * 3600, Ordering::SeqCst);
    assert_eq!(looks(&served, copy), OutcomeKind::Moved);
    served.deliver(&page, copy.moves_to.as_ref().unwrap(), moment(25), moment(49));
    now.store(START + 32 * 3600, Ordering::SeqCst);
    assert_eq!(looks(&served, copy), OutcomeKind::Gone);
}

#[test]
fn the_server_speaks_http_as_real_ones_do() {
    let (_, clock) = clock();
    let served = serve(PLANNED.clone(), clock).unwrap();
    let page = get(served.addr, "http://cinetube.site.test/", "").unwrap();
    let tag = page.header("etag").unwrap().to_owned();
    assert_eq!(
        get(
            served.addr,
            "http://cinetube.site.test/",
            &format!("If-None-Match: {tag}\r\n")
        )
        .unwrap()
        .status,
        304
    );
    let packed = get(
        served.addr,
        "http://cinetube.site.test/",
        "Accept-Encoding: gzip\r\n",
    )
    .unwrap();
    assert_eq!(
        (packed.header("content-encoding"), &packed.body[..2]),
        (Some("gzip"), &[0x1f, 0x8b][..])
    );
    let gb = get(served.addr, "http://gequ8.site.test/", "").unwrap();
    assert_eq!(gb.header("content-type"), Some("text/html; charset=GBK"));
    assert!(std::str::from_utf8(&gb.body).is_err() && gb.text().contains("歌曲吧"));
    let bare = get(served.addr, "http://dy8.site.test/", "").unwrap();
    assert!(!bare.text().contains("charset") && bare.header("content-type") == Some("text/html"));
    assert_eq!(
        get(served.addr, "http://nobody.site.test/", "").unwrap().status,
        404
    );
    assert_eq!(
        get(served.addr, "http://poying.site.test/error/1.html", "")
            .unwrap()
            .status,
        500
    );
    let cut = get(served.addr, "http://poying.site.test/error/2.html", "").unwrap();
    assert!(cut.body.len() < 9000);
    let trap = get(served.addr, "http://bendishenghuo.site.test/calendar/2031/2/", "").unwrap();
    assert!(trap.text().contains("/calendar/2031/3/"));
    let pins = served.pins();
    let refused = &pins.iter().find(|p| p.0 == "duanlian.site.test").unwrap().2;
    assert!(TcpStream::connect(refused).is_err());
    assert!(pins.iter().any(|p| p.0.starts_with("cdn.") && p.2 == served.addr));
}

#[test]
fn a_finding_leads_to_its_copy() {
    let truth = &PLANNED.truth;
    for (index, copy) in truth.copies.iter().enumerate() {
        let page = format!("http://{}{}", copy.host, copy.page_path);
        let found = truth.copy(&page, &copy.urls[0], &copy.work).unwrap();
        assert_eq!(found as *const _, &truth.copies[index] as *const _);
    }
}
