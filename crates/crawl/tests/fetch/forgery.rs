//! 100,000 ways to lead to an address that is closed to us, and nobody there who hears of it: 55,000 literals, 25,000 names,
//! 10,000 names that change their mind, 10,000 redirects.

use super::server::{Asked, Reply, Server, html, listen, not_found, redirect, response};
use async_trait::async_trait;
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use swordnet_core::Area;
use swordnet_crawl::{Browser, Client, FetchError, Fetched, Policy, Request, Resolve, installed_browser};
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

    /// Either.
    fn closed_ip(&mut self) -> IpAddr {
        match self.roll(2) {
            0 => self.closed().into(),
            _ => self.closed_v6().into(),
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

/// A name server that means ill. What a name leads to is said by its first letter: `c`losed, `m`ixed with the open address,
/// `o`pen at the first question only, `b`ack open after the first; the number behind it is for the dice.
#[derive(Default)]
struct Names(Mutex<HashMap<String, u64>>);

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let label = host.split('.').next().unwrap();
        let Some(number) = label.get(1..).and_then(|number| number.parse().ok()) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let asked = {
            let mut known = self.0.lock().unwrap();
            let asked = known.entry(host.to_owned()).or_default();
            *asked += 1;
            *asked
        };
        let mut dice = Dice(number);
        let mut answers: Vec<IpAddr> = (0..=dice.roll(3)).map(|_| dice.closed_ip()).collect();
        let open: IpAddr = OPEN.parse().unwrap();
        match (label.as_bytes()[0], asked) {
            (b'm', _) => answers.insert(dice.roll(answers.len() as u64 + 1) as usize, open),
            (b'o', 1) | (b'b', 2..) => answers = vec![open],
            _ => {}
        }
        Ok(answers)
    }
}

/// An open server, and at the same port of every other address of this machine somebody who counts who comes.
struct Trap {
    open: Server,
    caught: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Trap {
    async fn set(handler: impl Fn(&Asked) -> Reply + Clone + Send + Sync + 'static) -> Trap {
        loop {
            let open = Server::start_at(&format!("{OPEN}:0"), handler.clone()).await;
            // Somebody else may hold the port at one of the addresses.
            let Ok(everywhere) = listen(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), open.addr.port()))
            else {
                continue;
            };
            let caught = Arc::new(Mutex::default());
            let list: Arc<Mutex<Vec<_>>> = caught.clone();
            tokio::spawn(async move {
                while let Ok((_, whence)) = everywhere.accept().await {
                    list.lock().unwrap().push(whence);
                }
            });
            return Trap { open, caught };
        }
    }

    fn policy(&self) -> Policy {
        Policy {
            allow_net: vec![format!("{OPEN}/32").parse().unwrap()],
            resolver: Arc::new(Names::default()),
            obey_robots: false,
            retries: 0,
            // A page asks for a thousand addresses here, and it is not about time.
            page_time: Duration::from_secs(120),
            ..self.open.policy()
        }
    }

    fn client(&self) -> Client {
        Client::new(self.policy()).unwrap()
    }

    fn at(&self, host: &str, path: &str) -> Url {
        let text = format!("http://{host}:{}{path}", self.open.addr.port());
        text.parse().unwrap()
    }

    /// Nobody came but a visitor of our own, who comes last.
    async fn caught_nobody(self) {
        let inside = (Ipv4Addr::new(127, 1, 2, 3), self.open.addr.port());
        let visitor = tokio::net::TcpStream::connect(inside).await.unwrap();
        let port = visitor.local_addr().unwrap().port();
        loop {
            let caught: Vec<u16> = self.caught.lock().unwrap().iter().map(SocketAddr::port).collect();
            if caught.contains(&port) {
                assert_eq!(caught, [port], "somebody came");
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn forbidden(what: impl std::fmt::Display, answer: Result<Fetched, FetchError>) {
    let error = answer.expect_err("it led somewhere");
    assert!(matches!(error, FetchError::Forbidden { .. }), "{what}: {error}");
}

fn open(what: impl std::fmt::Display, answer: Result<Fetched, FetchError>) {
    let fetched = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
    for hop in &fetched.hops {
        assert_eq!(hop.peer.ip().to_string(), OPEN, "{what}");
    }
}

#[tokio::test]
async fn forged_literals_reach_nobody() {
    let trap = Trap::set(|_| html("page")).await;
    let (client, port) = (trap.client(), trap.open.addr.port());
    let mut dice = Dice(1);
    let mut read = 0;
    for _ in 0..55_000 {
        let text = format!("http://{}:{port}/x", dice.host());
        let Ok(url) = Url::parse(&text) else { continue };
        read += 1;
        let error = client.fetch(Request::get(url)).await.unwrap_err();
        assert!(
            matches!(error, FetchError::Forbidden { .. } | FetchError::Address { .. }),
            "{text}: {error}"
        );
    }
    assert!(read > 50_000, "{read} of them are addresses at all");
    trap.caught_nobody().await;
}

#[tokio::test]
async fn forged_names_reach_nobody_but_the_open_address() {
    let trap = Trap::set(|_| html("page")).await;
    let client = trap.client();
    for n in 0..20_000 {
        let name = format!("c{n}.forged.test");
        forbidden(&name, client.fetch(Request::get(trap.at(&name, "/"))).await);
    }
    for n in 0..5_000 {
        let name = format!("m{n}.forged.test");
        open(&name, client.fetch(Request::get(trap.at(&name, "/"))).await);
    }
    trap.caught_nobody().await;
}

#[tokio::test]
async fn names_that_change_their_mind_reach_nobody() {
    // Every answer ends its connection, so that each request asks for the name anew, unless it is /kept.
    let trap = Trap::set(|asked| {
        let page = |body: &[u8]| response("200 OK", "Content-Type: text/plain\r\n", body);
        match asked.path.as_str() {
            "/kept" => Reply::Keep(page(b"page")),
            "/again" => Reply::Close(response("302 Found", "Location: /\r\n", b"")),
            "/part" => Reply::Close(response(
                "206 Partial Content",
                "Content-Range: bytes 0-3/8\r\n",
                b"film",
            )),
            "/robots.txt" => Reply::Close(page(b"User-agent: *\nAllow: /\n")),
            _ => Reply::Close(page(b"page")),
        }
    })
    .await;
    let client = trap.client();
    let obedient = Client::new(Policy {
        obey_robots: true,
        ..trap.policy()
    })
    .unwrap();
    for n in 0..5_000u64 {
        let name = format!("o{n}.forged.test");
        let url = |path| trap.at(&name, path);
        let get = |path| Request::get(url(path));
        match n % 5 {
            0 => {
                open(&name, client.fetch(get("/")).await);
                forbidden(&name, client.fetch(get("/")).await);
            }
            // The kept connection leads where it led; the name is not asked for again until it is gone.
            1 => {
                open(&name, client.fetch(get("/kept")).await);
                open(&name, client.fetch(get("/")).await);
                forbidden(&name, client.fetch(get("/")).await);
            }
            2 => forbidden(&name, client.fetch(get("/again")).await),
            3 => forbidden(&name, obedient.fetch(get("/")).await),
            _ => {
                open(
                    &name,
                    client.fetch(Request::range(url("/part"), 0, Some(3))).await,
                );
                forbidden(&name, client.fetch(Request::range(url("/part"), 4, None)).await);
            }
        }
    }
    for n in 0..5_000u64 {
        let name = format!("b{n}.forged.test");
        let get = || Request::get(trap.at(&name, "/"));
        if n % 5 == 3 {
            // A robots.txt out of reach forbids, whatever the name says a moment later.
            forbidden(&name, obedient.fetch(get()).await);
            forbidden(&name, obedient.fetch(get()).await);
        } else {
            forbidden(&name, client.fetch(get()).await);
            open(&name, client.fetch(get()).await);
        }
    }
    trap.caught_nobody().await;
}

#[tokio::test]
async fn forged_redirects_reach_nobody() {
    // /3f leads wherever the dice of that number say.
    let trap = Trap::set(|asked| {
        let Ok(seed) = u64::from_str_radix(asked.path.trim_start_matches('/'), 16) else {
            return not_found();
        };
        let port = asked.field("host").unwrap().rsplit(':').next().unwrap();
        match seed % 2 {
            0 => redirect(&format!("http://{}:{port}/", Dice(seed).host())),
            _ => redirect(&format!("//c{seed}.forged.test:{port}/")),
        }
    })
    .await;
    let client = trap.client();
    let mut refused = 0;
    for n in 0..10_000 {
        match client
            .fetch(Request::get(trap.at(OPEN, &format!("/{n:x}"))))
            .await
        {
            // Some spellings are no address at all, and the redirect is what was answered.
            Ok(fetched) => assert_eq!(fetched.hops.len(), 1, "{n:x}"),
            Err(FetchError::Forbidden { .. }) => refused += 1,
            Err(error) => panic!("{n:x}: {error}"),
        }
    }
    assert!(refused > 9_000, "{refused}");
    trap.caught_nobody().await;
}

#[tokio::test]
async fn a_page_in_the_browser_reaches_nobody_either() {
    let program = installed_browser().expect("this test needs chromium: scripts/setup.sh installs it");
    // 400 literals, 200 names, and 200 that change their mind once the first answer is there.
    let trap = Trap::set(|asked| {
        let port = asked.field("host").unwrap().rsplit(':').next().unwrap();
        let mut dice = Dice(7);
        let literals = (0..400).map(|_| dice.host());
        let names = (0..200).map(|n| format!("{}{n}.forged.test", ["c", "m"][n % 2]));
        let hosts: Vec<String> = names
            .chain(literals)
            .map(|host| format!("http://{host}:{port}/x"))
            .collect();
        let minds: Vec<String> = (0..200)
            .map(|n| format!("http://{}{n}.forged.test:{port}/x", ["o", "b"][n % 2]))
            .collect();
        match asked.path.as_str() {
            "/player" => html(&format!(
                "<title>Film</title><div id=player></div><img src=\"http://127.0.0.1:{port}/i\">
                <iframe src=\"http://localhost:{port}/f\"></iframe><iframe src=\"http://c1.forged.test:{port}/f\"></iframe><script>
                const ask = host => fetch(host, {{mode: 'no-cors', cache: 'no-store'}}).catch(() => 0);
                {}.forEach(host => ask(host).then(() => ask(host)));
                {}.forEach(ask);
                new WebSocket('ws://127.0.0.1:{port}/s');
                fetch('/what').then(r => r.json()).then(what => {{
                    const v = document.createElement('video'); v.src = what.parts.join(''); document.body.append(v);
                }})</script>",
                serde_json::to_string(&minds).unwrap(),
                serde_json::to_string(&hosts).unwrap(),
            )),
            "/what" => Reply::Keep(response(
                "200 OK",
                "Content-Type: application/json\r\n",
                br#"{"parts":["/hidden/","film",".mp4"]}"#,
            )),
            _ => not_found(),
        }
    })
    .await;
    let mut browser = Browser::start(&program, &trap.client()).await.unwrap();
    let opened = browser.open(&trap.at(OPEN, "/player"), Area::Film).await.unwrap();
    let found: Vec<&str> = opened.offers.iter().map(|offer| offer.url.path()).collect();
    assert_eq!(found, ["/hidden/film.mp4"]);
    // What was open was let through: the names were asked for.
    let asked = trap.open.asked();
    let at = |letter: char| {
        let hosts = asked.iter().filter_map(|asked| asked.field("host"));
        hosts.filter(|host| host.starts_with(letter)).count()
    };
    assert!(at('m') > 0 && at('o') > 0 && at('b') > 0);
    assert_eq!(at('c'), 0);
    trap.caught_nobody().await;
}
