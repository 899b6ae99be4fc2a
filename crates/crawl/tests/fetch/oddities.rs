//! Servers that get HTTP and markup wrong, and sites that are made to hold a crawl up.

use super::crawling::crawled;
use super::server::{Asked, Reply, Server, html, not_found, redirect, response};
use std::io::Write;
use swordnet_crawl::Policy;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn link(to: &str) -> Vec<u8> {
    format!("<!doctype html><a href=/found/{to}.html>x</a>").into_bytes()
}

fn packed(body: &[u8]) -> Reply {
    let fields = "Content-Type: text/html\r\nContent-Encoding: gzip\r\n";
    Reply::Keep(response("200 OK", fields, body))
}

/// Pages that a browser shows, each with one link, and what is wrong with them.
const ODD: [&str; 19] = [
    "chunk-extension",
    "folded",
    "interim",
    "too-long",
    "cookies",
    "behind-gzip",
    "two-gzips",
    "half-a-gzip",
    "no-gzip",
    "both-lengths",
    "nul",
    "deep",
    "attributes",
    "ampersands",
    "base-nowhere",
    "cdata",
    "mark",
    "two-answers",
    "bogus-comment",
];

fn odd(asked: &Asked) -> Reply {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n";
    let name = asked.path.trim_start_matches('/');
    let page = link(name);
    let sent = |fields: &str, body: &[u8]| [HEAD.as_bytes(), fields.as_bytes(), b"\r\n", body].concat();
    let framed = |body: Vec<u8>| Reply::Keep(response("200 OK", "Content-Type: text/html\r\n", &body));
    match name {
        "" => html(&ODD.map(|name| format!("<a href=/{name}>x</a>")).concat()),
        "chunk-extension" => {
            let body = [
                format!("{:x};e={}\r\n", page.len(), "x".repeat(1000)).as_bytes(),
                &page,
                b"\r\n0\r\nA: b\r\n\r\n",
            ]
            .concat();
            Reply::Keep(sent("Transfer-Encoding: chunked\r\n", &body))
        }
        "folded" => Reply::Keep(sent(
            &format!("A: one\r\n two\r\n\tthree\r\nContent-Length: {}\r\n", page.len()),
            &page,
        )),
        "interim" => {
            let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </y>\r\n\r\n";
            Reply::Keep(
                [
                    &interim[..],
                    &response("200 OK", "Content-Type: text/html\r\n", &page),
                ]
                .concat(),
            )
        }
        "too-long" => Reply::Close(sent(&format!("Content-Length: {}\r\n", page.len() + 100), &page)),
        "cookies" => Reply::Keep(response("200 OK", &"Set-Cookie: a=b\r\n".repeat(200), &page)),
        "behind-gzip" => packed(&[gzip(&page), b"not of it".to_vec()].concat()),
        "two-gzips" => packed(&[gzip(b"<title>t</title>"), gzip(&page)].concat()),
        "half-a-gzip" => packed(&gzip(&page)[..gzip(&page).len() - 6]),
        "no-gzip" => packed(&page),
        "both-lengths" => {
            let body = [
                format!("{:x}\r\n", page.len()).as_bytes(),
                &page,
                b"\r\n0\r\n\r\n",
            ]
            .concat();
            Reply::Close(sent("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", &body))
        }
        "nul" => framed(
            [
                b"<title>\0</title><a\0 hr\0ef=/found/never.html>\0</a>\0",
                &page[..],
            ]
            .concat(),
        ),
        "deep" => framed([b"<div>".repeat(200_000), page].concat()),
        "attributes" => framed([b"<p ".to_vec(), b"a=1 ".repeat(200_000), b">".to_vec(), page].concat()),
        "ampersands" => framed([b"&#x110000;".to_vec(), b"&".repeat(500_000), page].concat()),
        "base-nowhere" => framed([b"<base href='data:text/html,x'>", &page[..]].concat()),
        "cdata" => framed([b"<svg><![CDATA[<a href=/found/never.html>]]></svg>", &page[..]].concat()),
        "mark" => framed([b"\xef\xbb\xbf<meta charset=utf-16>", &page[..]].concat()),
        // What follows an answer that nobody asked for is not the answer to the next question.
        "two-answers" => Reply::Keep(
            [
                response("200 OK", "", &page),
                response("200 OK", "", &link("never")),
            ]
            .concat(),
        ),
        "bogus-comment" => framed(
            [
                b"</%x><?php echo '<a href=/found/never.html>' ?><!- -><!>",
                &page[..],
            ]
            .concat(),
        ),
        _ => not_found(),
    }
}

#[tokio::test]
async fn pages_are_read_whatever_is_wrong_with_them() {
    let server = Server::start(odd).await;
    let policy = Policy {
        retries: 0,
        ..server.policy()
    };
    crawled(policy, &[server.url("/")]).await;
    let asked = server.paths();
    let missed: Vec<&str> = ODD
        .into_iter()
        .filter(|name| !asked.contains(&format!("/found/{name}.html")))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
    assert!(!asked.contains(&"/found/never.html".to_owned()));
}

/// A list of two thousand pages that say the same, filters in every combination, pages that reload as one another, sitemaps that
/// name one another, and ways out that are none.
fn maze(asked: &Asked) -> Reply {
    let path = asked.path.split('?').next().unwrap_or_default();
    match path {
        "/robots.txt" => Reply::Keep(response("200 OK", "", b"Sitemap: /map/1.xml\n")),
        "/" => html(
            "<a href=/farm/>1</a><a href='/filter?a=1'>2</a><a href=/reload/1>3</a><a href=/out/1>4</a><a href=/out/2>5</a>\
             <a href=/out/3>6</a><a href=/last/>7</a>",
        ),
        "/farm/" => html(
            &(0..2000)
                .map(|n| format!("<a href=/farm/{n}.html>x</a>"))
                .collect::<String>(),
        ),
        "/filter" => {
            // What it answers depends on nothing that was asked, but always names what was not.
            let seed = asked
                .path
                .bytes()
                .fold(7u32, |seed, b| seed.wrapping_mul(31).wrapping_add(u32::from(b)));
            let filters = |n: u32| -> String {
                let mix = seed.wrapping_mul(n | 1).wrapping_add(n);
                (0..8)
                    .filter(|bit| mix >> bit & 1 == 1)
                    .map(|bit| format!("&f{}={}", char::from(b'a' + bit), mix >> 20 & 3))
                    .collect()
            };
            html(
                &(1..9)
                    .map(|n| format!("<a href='/filter?a=1{}'>x</a>", filters(n)))
                    .collect::<String>(),
            )
        }
        "/reload/1" => html("<meta http-equiv=refresh content='0;url=/reload/2'>"),
        "/reload/2" => html("<meta http-equiv=refresh content='0;url=/reload/1'>"),
        "/map/1.xml" => Reply::Keep(response(
            "200 OK",
            "",
            b"<sitemapindex><sitemap><loc>/map/2.xml</loc></sitemap></sitemapindex>",
        )),
        "/map/2.xml" => Reply::Keep(response(
            "200 OK",
            "",
            b"<sitemapindex><sitemap><loc>/map/1.xml</loc></sitemap></sitemapindex>",
        )),
        "/out/1" => redirect("data:text/html,<a href=/never>x</a>"),
        "/out/2" => redirect("file:///etc/passwd"),
        "/out/3" => redirect(""),
        "/last/" => html("<a href=/last/a/>x</a>"),
        "/last/a/" => html("<a href=/last/b/>x</a>"),
        "/last/b/" => html("the end"),
        path if path.starts_with("/farm/") => html("buy"),
        _ => not_found(),
    }
}

#[tokio::test]
async fn a_maze_does_not_hold_up_the_rest_of_the_site() {
    let server = Server::start(maze).await;
    let policy = Policy {
        max_pages: 600,
        ..server.policy()
    };
    crawled(policy, &[server.url("/")]).await;
    let asked = server.paths();
    let count = |start: &str| asked.iter().filter(|path| path.starts_with(start)).count();
    assert!(asked.contains(&"/last/b/".to_owned()), "{}", asked.len());
    assert!(count("/filter") < 150, "{}", count("/filter"));
    assert_eq!((count("/map/"), count("/reload/"), count("/never")), (2, 2, 0));
}
