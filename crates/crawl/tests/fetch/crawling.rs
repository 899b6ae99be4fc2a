//! A whole site: every page once, no page that is forbidden, and an end.

use super::server::{Reply, Server, html, not_found, redirect, response};
use async_trait::async_trait;
use std::{collections::HashMap, time::Duration};
use swordnet_core::{Area, VisitEnd};
use swordnet_crawl::{BoxError, Client, Fetched, Kind, Policy, Reading, Sink, Summary, crawl};
use url::Url;

#[derive(Default)]
pub struct Seen(Vec<(Kind, String)>);

#[async_trait]
impl Sink for Seen {
    async fn exchange(&mut self, kind: Kind, fetched: &Fetched, _: Option<&Reading>) -> Result<(), BoxError> {
        self.0.push((kind, fetched.last().url.path().to_owned()));
        Ok(())
    }
}

pub async fn crawled(policy: Policy, start: &[Url]) -> (Summary, Seen) {
    let mut seen = Seen::default();
    let client = Client::new(policy).unwrap();
    let summary = crawl(&client, start, Some(Area::Film), &mut seen).await.unwrap();
    (summary, seen)
}

fn links(paths: &[&str]) -> String {
    let links: Vec<String> = paths
        .iter()
        .map(|path| format!("<p><a href=\"{path}\">{path}</a>"))
        .collect();
    format!("<!doctype html><title>t</title>{}", links.join(""))
}

#[tokio::test]
async fn a_site_is_fetched_whole_and_once() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => Reply::Keep(response(
            "200 OK",
            "",
            b"User-agent: *\nDisallow: /no/\nAllow: /no/open.html\nSitemap: /map.xml\n",
        )),
        "/map.xml" => Reply::Keep(response(
            "200 OK",
            "",
            b"<urlset><url><loc>/listed.html</loc></url></urlset>",
        )),
        "/" => html(&links(&[
            "/a.html",
            "/./a.html",
            "/b/../a.html#x",
            "/a.html?utm_source=x",
            "/no/secret.html",
            "/no/open.html",
            "/moved",
            "/away",
            "http://elsewhere.test/",
            "/film.mp4",
            "/gone.html",
            "mailto:a@b",
            "/nofollow.html",
        ])),
        "/a.html" => html("<title>a</title><meta http-equiv=refresh content='0; url=/refreshed.html'>"),
        "/moved" => redirect("/target.html"),
        "/away" => redirect("http://elsewhere.test/x"),
        "/nofollow.html" => html("<meta name=robots content=nofollow><a href=/not-this.html>x</a>"),
        "/gone.html" => not_found(),
        path => html(&format!("<title>{path}</title>{path}")),
    })
    .await;
    let (summary, seen) = crawled(server.policy(), &[server.url("/")]).await;
    let mut times: HashMap<String, u32> = HashMap::new();
    for path in server.paths() {
        *times.entry(path).or_default() += 1;
    }
    for path in [
        "/robots.txt",
        "/map.xml",
        "/listed.html",
        "/a.html",
        "/refreshed.html",
        "/no/open.html",
        "/moved",
        "/target.html",
    ] {
        assert_eq!(times.remove(path), Some(1), "{path}");
    }
    for path in ["/no/secret.html", "/not-this.html", "/./a.html", "/b/../a.html"] {
        assert_eq!(times.get(path), None, "{path}");
    }
    assert!(times.values().all(|n| *n == 1), "{times:?}");
    assert_eq!(
        (summary.end, summary.errors, summary.refused_by_robots),
        (VisitEnd::Complete, 0, 1),
        "{summary:?}"
    );
    assert_eq!(summary.pages, 7, "{:?}", seen.0);
    assert_eq!(seen.0.iter().filter(|(kind, _)| *kind == Kind::Robots).count(), 1);
    assert_eq!(
        seen.0.iter().filter(|(kind, _)| *kind == Kind::Sitemap).count(),
        1
    );
}

#[tokio::test]
async fn traps_end_and_the_rest_is_still_fetched() {
    let server = Server::start(|asked| {
        let path = asked.path.split('?').next().unwrap().to_owned();
        match path.as_str() {
            "/robots.txt" => not_found(),
            "/" => html(&links(&[
                "/calendar/1",
                "/deep/a/",
                "/session?sid=a1",
                "/slow",
                "/hang",
                "/loop",
                "/last.html",
            ])),
            "/slow" => Reply::Drip(
                b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
                b"<p>x".to_vec(),
                Duration::from_millis(100),
            ),
            "/hang" => Reply::Hang,
            "/loop" => redirect("/loop"),
            "/session" => html(&links(&[
                &format!("/session?sid={}1", asked.path.len()),
                "/session?sid=77",
            ])),
            path if path.starts_with("/deep/") => html(&links(&["a/", "b/"])),
            path => match path
                .strip_prefix("/calendar/")
                .and_then(|n| n.parse::<u32>().ok())
            {
                Some(n) => html(&links(&[
                    &format!("/calendar/{}", n + 1),
                    &format!("/calendar/{}", n + 2),
                ])),
                None => html("last"),
            },
        }
    })
    .await;
    let (summary, _) = crawled(
        Policy {
            retries: 0,
            ..server.policy()
        },
        &[server.url("/")],
    )
    .await;
    let paths = server.paths();
    assert!(paths.contains(&"/last.html".to_owned()));
    let count = |start: &str| paths.iter().filter(|path| path.starts_with(start)).count();
    assert!(
        count("/calendar/") < 100 && count("/deep/") < 200 && count("/session") < 100,
        "{}",
        paths.len()
    );
    assert!(count("/loop") <= 21);
    assert!(
        summary
            .remarks
            .iter()
            .any(|remark| remark.contains("kept repeating")),
        "{summary:?}"
    );
}

#[tokio::test]
async fn the_end_tells_unreachable_refused_partial_and_suspicious_apart() {
    let gone = Server::start(|_| Reply::Close(Vec::new())).await;
    let policy = Policy {
        retries: 0,
        ..gone.policy()
    };
    assert_eq!(
        crawled(policy, &[gone.url("/")]).await.0.end,
        VisitEnd::Unreachable
    );

    let closed = Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => Reply::Keep(response("200 OK", "", b"User-agent: *\nDisallow: /\n")),
        _ => html("page"),
    })
    .await;
    let (summary, _) = crawled(closed.policy(), &[closed.url("/")]).await;
    assert_eq!(
        (summary.end, summary.refused_by_robots, summary.pages),
        (VisitEnd::Refused, 1, 0)
    );

    let large = Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => not_found(),
        path => html(&links(&[&format!("{path}x"), &format!("{path}y")])),
    })
    .await;
    let (summary, _) = crawled(
        Policy {
            max_pages: 10,
            ..large.policy()
        },
        &[large.url("/")],
    )
    .await;
    assert_eq!(
        (summary.end, summary.pages),
        (VisitEnd::Partial, 10),
        "{summary:?}"
    );

    let empty = Server::start(|_| html("<a href='http://elsewhere.test/'>we moved</a>")).await;
    let (summary, _) = crawled(empty.policy(), &[empty.url("/")]).await;
    assert!(
        summary
            .remarks
            .iter()
            .any(|remark| remark.contains("suspiciously little")),
        "{summary:?}"
    );
}

#[tokio::test]
async fn a_host_gets_the_distance_and_the_number_of_requests_that_were_set() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => not_found(),
        "/" => html(&links(&["/1", "/2", "/3", "/4"])),
        path => html(path),
    })
    .await;
    let began = std::time::Instant::now();
    crawled(
        Policy {
            delay: Duration::from_millis(100),
            ..server.policy()
        },
        &[server.url("/")],
    )
    .await;
    // Six requests, five gaps.
    assert!(
        began.elapsed() >= Duration::from_millis(500),
        "{:?}",
        began.elapsed()
    );
}
