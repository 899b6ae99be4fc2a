//! A page in the browser says what it plays when its server has told it.

use super::server::{Reply, Server, html, not_found, response};
use std::time::Duration;
use swordnet_core::Area;
use swordnet_crawl::{Browser, Client, Policy, installed_browser};

#[tokio::test]
async fn an_answer_that_is_long_in_coming_is_waited_for() {
    let program = installed_browser().expect("this test needs chromium: scripts/setup.sh installs it");
    let server = Server::start(|asked| match asked.path.as_str() {
        "/player" => html(
            "<title>Film</title><div id=player></div><script>
            fetch('/what').then(r => r.json()).then(what => {
                const v = document.createElement('video'); v.src = what.parts.join(''); document.body.append(v);
            })</script>",
        ),
        // The page has been silent for much longer than one that has nothing more to say.
        "/what" => {
            let told = br#"{"parts":["/hidden/","film",".mp4"]}"#;
            let whole = response("200 OK", "Content-Type: application/json\r\n", told);
            let head = whole[..whole.len() - told.len()].to_vec();
            Reply::Drip(head, told.to_vec(), Duration::from_secs(5))
        }
        _ => not_found(),
    })
    .await;
    let policy = Policy {
        page_time: Duration::from_secs(60),
        ..server.policy()
    };
    let client = Client::new(policy).unwrap();
    let mut browser = Browser::start(&program, &client).await.unwrap();
    let opened = browser.open(&server.url("/player"), Area::Film).await.unwrap();
    let found: Vec<&str> = opened.offers.iter().map(|offer| offer.url.path()).collect();
    assert_eq!(found, ["/hidden/film.mp4"]);
}
