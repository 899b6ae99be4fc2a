//! 100,000 ways to say an address that is closed to us, and nobody there who hears of it.

use super::server::{Server, redirect};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use swordnet_core::Area;
use swordnet_crawl::{Browser, Client, FetchError, Pin, Policy, Request, installed_browser};
use tokio::net::TcpListener;
use url::Url;

/// The one address that is open.
const OPEN: &str = "127.9.9.9";

/// Numbers that look random and are the same each time (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    /// An IPv4 address out of a range that is closed (the IANA registry of special purposes, and multicast).
    fn closed(&mut self) -> Ipv4Addr {
        const RANGES: [(u32, u32); 14] = [
            (0x0000_0000, 8),
            (0x0a00_0000, 8),
            (0x6440_0000, 10),
            (0x7f00_0000, 8),
            (0x7f00_0000, 8),
            (0x7f00_0000, 8),
            (0xa9fe_0000, 16),
            (0xac10_0000, 12),
            (0xc000_0000, 24),
            (0xc0a8_0000, 16),
            (0xc612_0000, 15),
            (0xcb00_7100, 24),
            (0xe000_0000, 4),
            (0xf000_0000, 4),
        ];
        loop {
            let (start, bits) = RANGES[self.roll(RANGES.len() as u64) as usize];
            let addr = Ipv4Addr::from_bits(start | self.roll(1 << (32 - bits)) as u32);
            if addr.to_string() != OPEN {
                return addr;
            }
        }
    }

    /// An IPv6 address that is closed, or holds an IPv4 address that is.
    fn closed_v6(&mut self) -> Ipv6Addr {
        let [a, b] = [
            (self.closed().to_bits() >> 16) as u16,
            self.closed().to_bits() as u16,
        ];
        let whole = self.closed().to_bits();
        let (high, low) = ((whole >> 16) as u16, whole as u16);
        let n = self.roll(0x10000) as u16;
        match self.roll(10) {
            0 => Ipv6Addr::LOCALHOST,
            1 => Ipv6Addr::UNSPECIFIED,
            2 => Ipv6Addr::new(0xfe80 | n & 0x3f, a, b, n, 1, 2, 3, n),
            3 => Ipv6Addr::new(0xfc00 | n & 0x1ff, a, b, n, 0, 0, 0, 1),
            4 => Ipv6Addr::new(0xff00 | n & 0xff, 0, 0, 0, 0, 0, 0, n),
            5 => Ipv6Addr::from_bits(0xffff_0000_0000 | u128::from(whole)),
            6 => Ipv6Addr::from_bits(u128::from(whole)),
            7 => Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            8 => Ipv6Addr::new(0x2002, high, low, n, 0, 0, 0, n),
            _ => Ipv6Addr::new(0x2001, 0, n, n, n & 0x7fff, n, !high, !low),
        }
    }

    /// A way in which browsers let such an address be written.
    fn host(&mut self) -> String {
        let addr = self.closed();
        let [a, b, c, d] = addr.octets();
        let (bits, low) = (addr.to_bits(), addr.to_bits() & 0xff_ffff);
        match self.roll(12) {
            0 => addr.to_string(),
            1 => bits.to_string(),
            2 => format!("{bits:#x}"),
            3 => format!("{bits:#o}").replacen("0o", "0", 1),
            4 => format!("{a:#x}.{b:#x}.{c}.{d}"),
            5 => format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            6 => format!("{a}.{low}"),
            7 => format!("{a}.{b}.{}", low & 0xffff),
            8 => format!("{addr}."),
            9 => addr
                .to_string()
                .chars()
                .map(|c| if c == '1' { '１' } else { c })
                .collect(),
            10 => addr.to_string().replace('.', "%2e"),
            _ => format!("[{}]", self.closed_v6()),
        }
    }
}

/// Counts whoever connects to any address of this machine at this port.
async fn trap() -> (u16, Arc<AtomicU64>) {
    let everywhere = TcpListener::bind("[::]:0").await.unwrap();
    let port = everywhere.local_addr().unwrap().port();
    let caught = Arc::new(AtomicU64::new(0));
    let count = caught.clone();
    tokio::spawn(async move {
        while everywhere.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, caught)
}

fn policy(server: &Server) -> Policy {
    Policy {
        allow_net: vec![format!("{OPEN}/32").parse().unwrap()],
        obey_robots: false,
        retries: 0,
        ..server.policy()
    }
}

#[tokio::test]
async fn a_hundred_thousand_forged_addresses_reach_nobody() {
    let (port, caught) = trap().await;
    let server = Server::start_at(&format!("{OPEN}:0"), move |asked| {
        // /3f leads wherever the dice of that number say.
        let seed = u64::from_str_radix(asked.path.trim_start_matches('/'), 16).unwrap_or(0);
        redirect(&format!("http://{}:{port}/", Dice(seed).host()))
    })
    .await;
    let client = Client::new(policy(&server)).unwrap();
    let mut dice = Dice(1);
    // Literals.
    for _ in 0..75_000 {
        let text = format!("http://{}:{port}/x", dice.host());
        let Ok(url) = Url::parse(&text) else { continue };
        let error = client.fetch(Request::get(url)).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Forbidden { .. } | FetchError::Address { .. }),
            "{text}: {error}"
        );
    }
    // Names whose resolver answers with such an address.
    for n in 0..20_000u32 {
        if n % 5000 == 0 {
            tokio::task::yield_now().await;
        }
        let ip = if n % 2 == 0 {
            dice.closed().into()
        } else {
            dice.closed_v6().into()
        };
        let pin = Pin {
            host: "forged.test".into(),
            port,
            addr: SocketAddr::new(ip, port),
        };
        let client = match n % 100 {
            // A client is costly; the rest ask by the address itself, under another name of it.
            0 => Client::new(Policy {
                resolve: vec![pin],
                ..policy(&server)
            })
            .unwrap(),
            _ => client.clone(),
        };
        let text = match (n % 100, ip) {
            (0, _) => format!("http://forged.test:{port}/"),
            (_, std::net::IpAddr::V4(ip)) => format!("http://user:{n}@{ip}:{port}/?{n}"),
            (_, std::net::IpAddr::V6(ip)) => format!("http://[{ip}]:{port}/{n}"),
        };
        let error = client
            .fetch(Request::get(text.parse().unwrap()))
            .await
            .unwrap_err();
        assert!(
            matches!(error, FetchError::Forbidden { .. }),
            "{text} at {ip}: {error}"
        );
    }
    // Redirects.
    for n in 0..5_000 {
        let url = Url::parse(&format!("http://{}/{n:x}", server.addr)).unwrap();
        if let Ok(fetched) = client.fetch(Request::get(url)).await {
            // Some spellings are no address at all, and the redirect is what was answered.
            assert_eq!(fetched.hops.len(), 1, "{n:x}");
        }
    }
    assert_eq!(caught.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_page_in_the_browser_reaches_nobody_either() {
    let program = installed_browser().expect("this test needs chromium: scripts/setup.sh installs it");
    let (port, caught) = trap().await;
    let mut dice = Dice(7);
    let hosts: Vec<String> = (0..400)
        .map(|_| format!("http://{}:{port}/", dice.host()))
        .collect();
    let hosts = serde_json::to_string(&hosts).unwrap();
    let server = Server::start_at(&format!("{OPEN}:0"), move |asked| match asked.path.as_str() {
        "/player" => super::server::html(&format!(
            "<title>Film</title><div id=player></div><img src=\"http://127.0.0.1:{port}/i\"><iframe src=\"http://localhost:{port}/f\"></iframe><script>
            for (const host of {hosts}) fetch(host, {{mode: 'no-cors'}}).catch(() => 0);
            new WebSocket('ws://127.0.0.1:{port}/s');
            fetch('/what').then(r => r.json()).then(what => {{
                const v = document.createElement('video'); v.src = what.parts.join(''); document.body.append(v);
            }})</script>"
        )),
        "/what" => super::server::Reply::Keep(super::server::response(
            "200 OK",
            "Content-Type: application/json\r\n",
            br#"{"parts":["/hidden/","film",".mp4"]}"#,
        )),
        _ => super::server::not_found(),
    })
    .await;
    let client = Client::new(policy(&server)).unwrap();
    let mut browser = Browser::start(&program, &client).await.unwrap();
    let page = Url::parse(&format!("http://{}/player", server.addr)).unwrap();
    let opened = browser.open(&page, Area::Film).await.unwrap();
    let found: Vec<&str> = opened.offers.iter().map(|offer| offer.url.path()).collect();
    assert_eq!(found, ["/hidden/film.mp4"]);
    assert_eq!(caught.load(Ordering::SeqCst), 0);
}
