//! No name, literal or redirect leads into a closed network.

use super::server::{Server, html, redirect};
use swordnet_crawl::{Client, FetchError, Pin, Policy, Request};

#[tokio::test]
async fn closed_addresses_are_not_connected_to_however_they_are_written() {
    let inner = Server::start_at("127.0.0.2:0", |_| html("secret")).await;
    let port = inner.addr.port();
    let outer = Server::start(move |asked| match asked.path.strip_prefix("/to/") {
        Some(target) => redirect(&format!("http://{target}:{port}/")),
        None => html("page"),
    })
    .await;
    let mut policy = Policy {
        retries: 0,
        ..outer.policy()
    };
    policy.resolve.push(Pin {
        host: "inner.test".into(),
        port,
        addr: inner.addr,
    });
    let client = Client::new(policy).unwrap();
    for host in [
        "127.0.0.2",
        "127.2",
        "0x7f.0.0.2",
        "0177.0.0.2",
        "2130706434",
        "0x7f000002",
        "[::ffff:127.0.0.2]",
        "[::127.0.0.2]",
        "[::ffff:0:127.0.0.2]",
        "[64:ff9b::127.0.0.2]",
        "[2002:7f00:2::1]",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "inner.test",
        "169.254.169.254",
        "１２７.0.0.2",
        "127.0.0.2.",
    ] {
        for url in [
            format!("http://{host}:{port}/"),
            outer.url(&format!("/to/{host}")).to_string(),
        ] {
            let result = client.fetch(Request::get(url.parse().unwrap())).await;
            assert!(
                matches!(result, Err(FetchError::Forbidden { .. })),
                "{url}: {result:?}"
            );
        }
    }
    assert!(inner.paths().is_empty());
    let closed = Client::new(Policy {
        retries: 0,
        ..Policy::default()
    })
    .unwrap();
    let local = format!("http://localhost:{}/", outer.addr.port());
    let result = closed.fetch(Request::get(local.parse().unwrap())).await;
    assert!(matches!(result, Err(FetchError::Forbidden { .. })), "{result:?}");
    for url in [
        "file:///etc/hostname",
        "gopher://site.test/",
        "ftp://site.test/",
        "http://site.test:25/",
    ] {
        let result = client.fetch(Request::get(url.parse().unwrap())).await;
        assert!(
            matches!(result, Err(FetchError::Address { .. })),
            "{url}: {result:?}"
        );
    }
}

#[tokio::test]
async fn credentials_and_fragments_are_not_sent() {
    let server = Server::start(|_| html("page")).await;
    let mut url = server.url("/x#part");
    url.set_username("user").unwrap();
    url.set_password(Some("word")).unwrap();
    let fetched = server.client().fetch(Request::get(url)).await.unwrap();
    assert_eq!(fetched.last().url, server.url("/x"));
    let head = server.asked().last().unwrap().head.to_lowercase();
    assert!(
        !head.contains("user:") && !head.contains("authorization") && !head.contains("#part"),
        "{head}"
    );
}
