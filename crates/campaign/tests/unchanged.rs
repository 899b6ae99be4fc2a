//! Pages of which their servers say that they have not changed: what was found stays found, and nothing else is believed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use swordnet_campaign::{Campaign, NewWork, PatrolRequest, PatrolSummary, Place, Settings, Silent};
use swordnet_core::*;
use swordnet_crawl::Policy;
use swordnet_evidence::{package, warc};

const DAY: i64 = 24 * 3600;
const BEGIN: i64 = 1_790_000_000;
const WORK: &str = "山城的早晨从一碗面开始。老人把面下进锅里，孩子背着书包跑过石阶，江上的雾还没有散，卖报的人已经走远了。\
    后来桥修好了，渡口的人就少了，只有摆渡的那只狗还每天坐在水边等船。船工说，它等的不是船，是当年那个把它抱上岸的人。\
    镇上的人从此给它留一碗汤，谁家办喜事，也不忘端一块骨头到河边去。";
const OTHER: &str = "今天下雨，菜市场里没有什么人，摊主们坐在一起打牌，等着雨停。下午放晴以后，街上又热闹起来，\
    卖菜的吆喝声一直传到城门口，孩子们踩着水洼回家，谁也没有注意到河水涨了半尺。";

/// How a server takes a condition.
#[derive(Clone, Copy, Default, PartialEq)]
enum Manner {
    /// As it should be taken.
    #[default]
    Honest,
    /// "Not modified", whatever happened.
    Lying,
    /// "Not modified", and a tag that nobody asked for.
    Confused,
}

#[derive(Default)]
struct Site {
    manner: Manner,
    pages: BTreeMap<&'static str, String>,
    /// Path and status of each answer since the log was last taken.
    log: Vec<(String, u16)>,
}

#[derive(Clone, Default)]
struct Server(Arc<Mutex<Site>>);

impl Server {
    /// A site with links to two articles.
    fn new() -> (Server, String) {
        let server = Server::default();
        server.put("/", "<a href=/1.html>山城的早晨</a> <a href=/2.html>别的</a>");
        server.put("/1.html", &article(WORK));
        server.put("/2.html", &article(OTHER));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let site = server.0.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let fields: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let asked = fields.iter().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("if-none-match")
                        .then(|| value.to_owned())
                });
                let _ = stream.write_all(&site.lock().unwrap().answer(path, asked));
            }
        });
        (server, address)
    }

    fn put(&self, path: &'static str, body: &str) {
        let page = format!("<!doctype html><html><head><title>小报</title></head><body>{body}</body></html>");
        self.0.lock().unwrap().pages.insert(path, page);
    }

    fn behave(&self, manner: Manner) {
        self.0.lock().unwrap().manner = manner;
    }

    /// What was answered since, robots.txt aside.
    fn log(&self) -> Vec<(String, u16)> {
        let mut log = std::mem::take(&mut self.0.lock().unwrap().log);
        log.retain(|(path, _)| path != "/robots.txt");
        log.sort();
        log
    }
}

impl Site {
    fn answer(&mut self, path: String, asked: Option<String>) -> Vec<u8> {
        let page = self.pages.get(path.as_str());
        let tag = page.map(|page| format!("\"{}\"", &Sha256Hex::of(page.as_bytes()).as_str()[..8]));
        let (status, tag, body) = match (page, asked, self.manner) {
            (None, ..) => (404, None, ""),
            (Some(_), Some(asked), Manner::Honest) if Some(&asked) == tag.as_ref() => (304, tag, ""),
            (Some(_), Some(asked), Manner::Lying) => (304, Some(asked), ""),
            (Some(_), Some(_), Manner::Confused) => (304, Some("\"no such\"".to_owned()), ""),
            (Some(page), ..) => (200, tag, page.as_str()),
        };
        let tag = tag.map_or_else(String::new, |tag| format!("ETag: {tag}\r\n"));
        // Chunks: what was kept on the wire is read again, not what was made of it.
        let chunk = match body {
            "" => String::new(),
            body => format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        };
        let framing = if status == 200 {
            "Transfer-Encoding: chunked"
        } else {
            "Content-Length: 0"
        };
        let head = format!(
            "HTTP/1.1 {status} .\r\nContent-Type: text/html; charset=utf-8\r\n{tag}{framing}\r\nConnection: close\r\n\r\n"
        );
        self.log.push((path, status));
        (head + &chunk).into_bytes()
    }
}

fn article(text: &str) -> String {
    format!("<article><h1>山城的早晨</h1><p>{text}</p></article>")
}

fn answers(log: &[(&str, u16)]) -> Vec<(String, u16)> {
    log.iter()
        .map(|(path, status)| ((*path).to_owned(), *status))
        .collect()
}

/// An office with a clock of its own.
struct Office {
    campaign: Campaign,
    days: Arc<AtomicI64>,
    data: tempfile::TempDir,
}

impl Office {
    async fn new() -> Office {
        let data = tempfile::tempdir().unwrap();
        let place = Place {
            data: data.path().to_owned(),
            store: None,
            vault: None,
            queue: None,
        };
        Campaign::init(&place).await.unwrap();
        let days = Arc::new(AtomicI64::new(0));
        let told = days.clone();
        let clock =
            Arc::new(move || Timestamp::from_second(BEGIN + told.load(Ordering::Relaxed) * DAY).unwrap());
        let policy = Policy {
            allow_net: vec!["127.0.0.1/32".parse().unwrap()],
            delay: Duration::ZERO,
            ..Policy::default()
        };
        let campaign = Campaign::open(&place, clock, policy, Settings::default())
            .await
            .unwrap();
        Office { campaign, days, data }
    }

    /// Registers the work of which a page holds a copy.
    async fn register(&self) {
        let file = self.data.path().join("work.txt");
        std::fs::write(&file, WORK).unwrap();
        let work = NewWork {
            title: "山城".into(),
            aliases: vec![],
            kind: None,
            holder: String::new(),
            published: None,
            exemption: None,
            files: vec![file],
            line: None,
        };
        let added = self.campaign.add_works(vec![work], &Silent).await.unwrap();
        assert_eq!((added.works.len(), added.errors.len()), (1, 0));
    }

    async fn patrol_on_day(&self, day: i64, address: &str) -> PatrolSummary {
        self.days.store(day, Ordering::Relaxed);
        let request = PatrolRequest {
            sites: vec![address.to_owned()],
            area: Some(Area::News),
        };
        let summary = self.campaign.patrol(&request, &Silent).await.unwrap();
        assert_eq!(summary.failures, Vec::<String>::new());
        summary
    }

    async fn page(&self, summary: &PatrolSummary, url: &str) -> Page {
        let id = Page::id_of(&summary.visits[0].id, url);
        self.campaign
            .records
            .get::<Page>(id.as_str())
            .await
            .unwrap()
            .unwrap()
    }

    /// The kinds of the records at these places.
    async fn kinds(&self, spans: impl IntoIterator<Item = &WarcSpan>) -> Vec<String> {
        let mut kinds = Vec::new();
        for span in spans {
            let range = self
                .campaign
                .vault
                .get_range(&span.warc, span.offset, span.length);
            let stored = range.await.unwrap();
            let mut reader = warc::Reader::new(&stored[..], u64::MAX);
            while let Some(record) = reader.next().unwrap() {
                kinds.push(record.finish().unwrap().header.kind().to_owned());
            }
        }
        kinds
    }
}

/// What a finding says, its moment aside.
fn said(summary: &PatrolSummary) -> Vec<(&str, Verdict, f64, &str, usize)> {
    let findings = summary.findings.iter();
    findings
        .map(|f| {
            (
                f.url.as_str(),
                f.verdict,
                f.score,
                f.title.as_str(),
                f.candidates.len(),
            )
        })
        .collect()
}

const WHOLE: [(&str, u16); 3] = [("/", 200), ("/1.html", 200), ("/2.html", 200)];
const UNCHANGED: [(&str, u16); 3] = [("/", 304), ("/1.html", 304), ("/2.html", 304)];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sent_again_is_read_and_is_evidence_all_the_same() {
    let (server, address) = Server::new();
    let copy = format!("{address}1.html");
    let office = Office::new().await;
    let first = office.patrol_on_day(0, &address).await;
    assert_eq!(server.log(), answers(&WHOLE));
    assert_eq!(said(&first), []);
    office.register().await;
    let second = office.patrol_on_day(1, &address).await;
    assert_eq!(server.log(), answers(&UNCHANGED));

    let fresh = Office::new().await;
    fresh.register().await;
    let whole = fresh.patrol_on_day(1, &address).await;
    assert_eq!(server.log(), answers(&WHOLE));
    assert_eq!(said(&second), said(&whole));
    assert_eq!(said(&second).len(), 1);
    let (seen, sent) = (&second.visits[0], &whole.visits[0]);
    assert_eq!(
        (seen.pages, seen.errors, seen.end),
        (sent.pages, sent.errors, sent.end)
    );
    assert!(seen.bytes < sent.bytes);
    assert!(
        seen.remarks
            .iter()
            .any(|r| r.starts_with("3 pages have not changed")),
        "{:?}",
        seen.remarks
    );

    let page = office.page(&second, &copy).await;
    let then = office.page(&first, &copy).await;
    assert_eq!(
        (page.status, &page.sha256, &page.title),
        (200, &then.sha256, &then.title)
    );
    let at = |day: i64| Timestamp::from_second(BEGIN + day * DAY).unwrap();
    assert_eq!((page.fetched_at, page.unchanged_since), (at(1), Some(at(0))));
    assert_eq!(office.kinds([&page.archived]).await, ["revisit", "request"]);
    let beside = office.kinds(&page.beside).await;
    assert!(beside.contains(&"response".to_owned()), "{beside:?}");

    let finding = &second.findings[0];
    let exhibit = finding.exhibit.as_ref().expect("evidence");
    let exhibit = office
        .campaign
        .records
        .get::<Exhibit>(exhibit.as_str())
        .await
        .unwrap()
        .unwrap();
    let sealed = office.campaign.vault.local(&exhibit.package).await.unwrap();
    let report = package::verify(
        &mut std::fs::File::open(&sealed).unwrap(),
        &office.campaign.trust(),
    );
    assert!(report.valid, "{:?}", report.problems);
    let mut index = Vec::new();
    std::fs::File::open(&sealed)
        .unwrap()
        .read_to_end(&mut index)
        .unwrap();
    let index = String::from_utf8_lossy(&index);
    let captures: Vec<&str> = index
        .lines()
        .filter(|line| line.contains(&format!("\"url\":\"{copy}\"")) && line.contains("\"filename\""))
        .collect();
    assert_eq!(captures.len(), 2, "{captures:?}");
    assert!(
        captures[0].contains("text/html") && captures[1].contains("warc/revisit"),
        "{captures:?}"
    );

    // The week counts from when the bytes were sent, not from when they were last said to be the same.
    let third = office.patrol_on_day(6, &address).await;
    assert_eq!(server.log(), answers(&UNCHANGED));
    assert_eq!(office.page(&third, &copy).await.unchanged_since, Some(at(0)));
    office.patrol_on_day(8, &address).await;
    assert_eq!(server.log(), answers(&WHOLE));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_seen() {
    let (server, address) = Server::new();
    server.put("/1.html", &article(OTHER));
    let office = Office::new().await;
    office.register().await;
    assert_eq!(said(&office.patrol_on_day(0, &address).await), []);
    server.log();
    server.put("/1.html", &article(WORK));
    let second = office.patrol_on_day(1, &address).await;
    assert_eq!(
        server.log(),
        answers(&[("/", 304), ("/1.html", 200), ("/2.html", 304)])
    );
    assert_eq!(said(&second).len(), 1);
    let page = office.page(&second, &format!("{address}1.html")).await;
    assert_eq!(page.unchanged_since, None);
    office.patrol_on_day(2, &address).await;
    assert_eq!(server.log(), answers(&UNCHANGED));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_no_longer_be_read_is_fetched() {
    let (server, address) = Server::new();
    let office = Office::new().await;
    office.register().await;
    let first = office.patrol_on_day(0, &address).await;
    server.log();
    let warc = first.visits[0].warc.as_ref().expect("an archive");
    let file = office.campaign.vault.local(warc).await.unwrap();
    // Cut off within its last record, then gone.
    let stored = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, &stored[..stored.len() / 2]).unwrap();
    let second = office.patrol_on_day(1, &address).await;
    assert!(server.log().iter().any(|(_, status)| *status == 200));
    assert_eq!(said(&second), said(&first));
    for visit in [&first, &second] {
        let warc = visit.visits[0].warc.as_ref().expect("an archive");
        std::fs::remove_file(office.campaign.vault.local(warc).await.unwrap()).unwrap();
    }
    let third = office.patrol_on_day(2, &address).await;
    assert_eq!(server.log(), answers(&WHOLE));
    assert_eq!(said(&third), said(&first));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lie_is_believed_for_a_week_at_most() {
    let (server, address) = Server::new();
    server.put("/1.html", &article(OTHER));
    let office = Office::new().await;
    office.register().await;
    office.patrol_on_day(0, &address).await;
    server.log();
    server.put("/1.html", &article(WORK));
    server.behave(Manner::Confused);
    let confused = office.patrol_on_day(1, &address).await;
    let twice = [
        ("/", 200),
        ("/", 304),
        ("/1.html", 200),
        ("/1.html", 304),
        ("/2.html", 200),
        ("/2.html", 304),
    ];
    assert_eq!(server.log(), answers(&twice));
    assert_eq!(said(&confused).len(), 1);

    server.put("/2.html", &article(WORK));
    server.behave(Manner::Lying);
    let lied_to = office.patrol_on_day(7, &address).await;
    assert_eq!(server.log(), answers(&UNCHANGED));
    assert_eq!(said(&lied_to).len(), 1);
    let undeceived = office.patrol_on_day(9, &address).await;
    assert_eq!(server.log(), answers(&WHOLE));
    assert_eq!(said(&undeceived).len(), 2);
}
