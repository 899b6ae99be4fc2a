//! What is kept of an exchange, and what is tried again.

use super::server::{Reply, Server, html, not_found, redirect, response};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use swordnet_crawl::{FetchError, NamedBy, Request, Truncation};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_exchange_is_kept_as_it_stood_on_the_wire() {
    let text = "盗版".repeat(5000);
    let packed = gzip(text.as_bytes());
    let mut chunked = b"HTTP/1.1 200 Fine\r\nX-Odd:  two  spaces\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for part in packed.chunks(7) {
        chunked.extend(format!("{:x};ext=1\r\n", part.len()).into_bytes());
        chunked.extend_from_slice(part);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\nX-Trailer: t\r\n\r\n");
    let sent = chunked.clone();
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/chunked" => Reply::Keep(chunked.clone()),
        "/plain" => Reply::Keep(response("200 OK", "", b"plain")),
        _ => not_found(),
    })
    .await;
    let client = server.client();
    // Twice over the same connection: nothing of one exchange may end up in the other.
    for _ in 0..2 {
        let fetched = client
            .fetch(Request::get(server.url("/chunked#part")))
            .await
            .unwrap();
        let exchange = fetched.last();
        assert_eq!(exchange.response.bytes().unwrap(), sent);
        assert_eq!(exchange.body.bytes().unwrap(), text.as_bytes());
        assert_eq!(
            exchange.head_length as usize,
            sent.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4
        );
        assert_eq!(exchange.request, server.asked().last().unwrap().head.as_bytes());
        assert_eq!((exchange.status, exchange.truncated), (200, None));
        assert_eq!(exchange.header("x-odd"), Some("two  spaces"));
        assert_eq!(exchange.url, server.url("/chunked"));
        let plain = client.fetch(Request::get(server.url("/plain"))).await.unwrap();
        assert_eq!(plain.last().body.bytes().unwrap(), &b"plain"[..]);
        assert_eq!(
            plain.last().response.bytes().unwrap(),
            response("200 OK", "", b"plain")
        );
    }
}

#[tokio::test]
async fn a_large_body_goes_to_a_file_and_comes_back_whole() {
    let body: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    let sent = body.clone();
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/film" => Reply::Keep(response("200 OK", "Content-Type: video/mp4\r\n", &sent)),
        _ => not_found(),
    })
    .await;
    let fetched = server
        .client()
        .fetch(Request::get(server.url("/film")))
        .await
        .unwrap();
    assert_eq!(fetched.last().body.bytes().unwrap(), body);
    assert!(fetched.last().response.bytes().unwrap().ends_with(&body));
}

#[tokio::test]
async fn redirects_are_followed_hop_by_hop_and_end() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/a" => redirect("/b"),
        "/b" => redirect("c?x=1#f"),
        "/c?x=1" => html("there"),
        "/loop" => redirect("/loop"),
        "/nowhere" => redirect("gopher://site.test/"),
        _ => not_found(),
    })
    .await;
    let client = server.client();
    let fetched = client.fetch(Request::get(server.url("/a"))).await.unwrap();
    assert_eq!(
        fetched.hops.iter().map(|hop| hop.status).collect::<Vec<_>>(),
        [302, 302, 200]
    );
    let looped = client.fetch(Request::get(server.url("/loop"))).await;
    assert!(matches!(looped, Err(FetchError::Redirects { .. })), "{looped:?}");
    assert_eq!(server.paths().iter().filter(|path| *path == "/loop").count(), 21);
    let nowhere = client.fetch(Request::get(server.url("/nowhere"))).await;
    assert!(matches!(nowhere, Err(FetchError::Address { .. })), "{nowhere:?}");
}

#[tokio::test]
async fn only_what_may_pass_is_tried_again() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/busy" => Reply::Keep(response("503 Busy", "Retry-After: 1\r\n", b"")),
        "/later" => Reply::Keep(response("429 Slow", "Retry-After: 3600\r\n", b"")),
        "/broken" => Reply::Keep(response("500 Broken", "", b"")),
        "/dropped" => Reply::Close(Vec::new()),
        _ => not_found(),
    })
    .await;
    let client = server.client();
    let times = |path: &str| server.paths().iter().filter(|asked| *asked == path).count();
    let status = async |path: &str| {
        client
            .fetch(Request::get(server.url(path)))
            .await
            .unwrap()
            .last()
            .status
    };
    assert_eq!((status("/busy").await, times("/busy")), (503, 3));
    assert_eq!((status("/gone").await, times("/gone")), (404, 1));
    assert_eq!((status("/broken").await, times("/broken")), (500, 1));
    let dropped = client.fetch(Request::get(server.url("/dropped"))).await;
    assert!(matches!(dropped, Err(FetchError::Connect { .. })), "{dropped:?}");
    // Three tries, the first of which may have met a kept connection that was dropped under it.
    assert!((3..=4).contains(&times("/dropped")), "{}", times("/dropped"));
    assert_eq!((status("/later").await, times("/later")), (429, 1));
    let after = client.fetch(Request::get(server.url("/gone"))).await;
    assert!(
        matches!(after, Err(FetchError::Later { .. })),
        "the host asked for an hour: {after:?}"
    );
}

#[tokio::test]
async fn robots_are_obeyed_fetched_once_and_silence_is_not_consent() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => redirect("/real-robots.txt"),
        "/real-robots.txt" => Reply::Keep(response(
            "200 OK",
            "",
            b"User-agent: *\nDisallow: /no\nUser-agent: swordnet\nDisallow: /ours",
        )),
        "/to-ours" => redirect("/ours"),
        _ => html("page"),
    })
    .await;
    let client = server.client();
    assert!(client.fetch(Request::get(server.url("/no"))).await.is_ok());
    for path in ["/ours", "/to-ours"] {
        let refused = client.fetch(Request::get(server.url(path))).await;
        assert!(matches!(refused, Err(FetchError::Robots { .. })), "{refused:?}");
    }
    let paths = server.paths();
    assert_eq!(
        paths.iter().filter(|path| path.ends_with("robots.txt")).count(),
        2
    );
    assert!(!paths.contains(&"/ours".to_owned()));

    let broken = Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => Reply::Keep(response("500 No", "", b"")),
        _ => html("page"),
    })
    .await;
    let refused = broken.client().fetch(Request::get(broken.url("/"))).await;
    assert!(matches!(refused, Err(FetchError::Robots { .. })), "{refused:?}");
}

#[tokio::test]
async fn conditional_and_partial_requests_are_sent_as_asked() {
    let server = Server::start(
        |asked| match (asked.field("if-none-match"), asked.field("range")) {
            (Some("\"v1\""), _) => Reply::Keep(b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n".to_vec()),
            (_, Some("bytes=2-4")) => {
                Reply::Keep(response("206 Partial", "Content-Range: bytes 2-4/9\r\n", b"cde"))
            }
            _ => not_found(),
        },
    )
    .await;
    let client = server.client();
    let unchanged = Request::get(server.url("/x")).unless_unchanged(Some("\"v1\""), None);
    assert_eq!(client.fetch(unchanged).await.unwrap().last().status, 304);
    let part = client
        .fetch(Request::range(server.url("/x"), 2, Some(4)))
        .await
        .unwrap();
    assert_eq!(part.last().body.bytes().unwrap(), &b"cde"[..]);
    assert_eq!(
        server.asked().last().unwrap().field("accept-encoding"),
        Some("identity")
    );
}

#[tokio::test]
async fn what_breaks_off_is_kept_and_marked() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/short" => Reply::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf".to_vec()),
        "/old" => Reply::Close(b"HTTP/1.0 200 OK\r\n\r\nall of it".to_vec()),
        "/lf" => Reply::Close(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok".to_vec()),
        _ => not_found(),
    })
    .await;
    let client = server.client();
    for (path, body, truncated) in [
        ("/short", "half", Some(Truncation::Disconnect)),
        ("/old", "all of it", None),
        ("/lf", "ok", None),
    ] {
        let fetched = client.fetch(Request::get(server.url(path))).await.unwrap();
        let got = (fetched.last().body.bytes().unwrap(), fetched.last().truncated);
        assert_eq!(got, (body.as_bytes().to_vec().into(), truncated), "{path}");
    }
}

#[tokio::test]
async fn a_service_is_asked_without_robots_or_redirects_and_with_the_same_guard() {
    let server = Server::start(|asked| match asked.path.as_str() {
        "/robots.txt" => Reply::Keep(response("200 OK", "", b"User-agent: *\nDisallow: /\n")),
        "/moved" => redirect("/stamp"),
        _ => Reply::Keep(response(
            "200 OK",
            "Content-Type: application/timestamp-reply\r\n",
            b"yes",
        )),
    })
    .await;
    // The test's server takes a request to end with an empty line.
    let question = |path: &str| {
        Request::post(
            server.url(path),
            "application/timestamp-query",
            "0123\r\n\r\n".into(),
        )
    };
    let answer = server.client().ask(question("/stamp")).await.unwrap();
    assert_eq!(
        (answer.status, &answer.body.bytes().unwrap()[..]),
        (200, &b"yes"[..])
    );
    assert_eq!(answer.route.named_by, NamedBy::Pin);
    assert_eq!(answer.route.answers, [server.addr.ip()]);
    assert_eq!(answer.route.local.unwrap().ip(), server.addr.ip());
    assert!(answer.request.ends_with(b"0123\r\n\r\n"));
    let moved = server.client().ask(question("/moved")).await.unwrap();
    assert_eq!(moved.status, 302);
    assert_eq!(server.paths(), ["/stamp", "/moved"]);
    assert!(
        server.asked()[0].head.starts_with("POST ") && server.asked()[0].field("content-length") == Some("8")
    );
    let closed = swordnet_crawl::Client::new(swordnet_crawl::Policy {
        allow_net: vec![],
        ..server.policy()
    })
    .unwrap();
    let refused = closed.ask(question("/stamp")).await;
    assert!(
        matches!(refused, Err(FetchError::Forbidden { .. })),
        "{refused:?}"
    );
}
