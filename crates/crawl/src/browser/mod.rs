//! Opens the few pages on which a player was seen but no address of what it plays.
//!
//! A browser costs a hundred times what a fetch costs, and runs what the page brings. So it opens only those pages, in a
//! profile that is thrown away, and reaches nothing but our own [`Proxy`], which judges every address.

mod devtools;

use crate::{
    fetch::{Client, FetchError, TlsTrust},
    proxy::Proxy,
    read::{Media, Offer, media_of, read},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use devtools::DevTools;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet},
    io,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    time::Duration,
};
use swordnet_core::{Access, Area, Medium};
use tempfile::TempDir;
use tokio::time::Instant;
use url::Url;

/// Programs that are looked for.
const PROGRAMS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];
/// A page that waits for no answer and asks for nothing more for so long has said what it has to say.
const QUIET: Duration = Duration::from_millis(1500);
/// Answers of one page that are waited for at a time.
const MAX_AWAITED: usize = 10_000;
/// Answers that are looked into for a playlist behind a name that does not say so.
const MAX_OPENED: usize = 20;
/// Offers of one page.
const MAX_OFFERS: usize = 50;
/// Most pixels, of a page that scrolls, of which a picture is taken.
const MAX_WIDTH: f64 = 2000.0;
const MAX_PIXELS: f64 = 12e6;

/// Begins to play whatever is there, and says what the media elements hold.
const PLAY: &str = r#"(() => {
  for (const m of document.querySelectorAll('video,audio')) { try { m.muted = true; m.play().catch(() => 0) } catch (e) {} }
  let n = 0;
  for (const e of document.querySelectorAll('[class*=play i],[id*=play i],[aria-label*=play i],button,[role=button],[onclick]')) {
    if (n++ > 30) break;
    if (e.tagName !== 'A' || !/^https?:/.test(e.href)) { try { e.click() } catch (x) {} }
  }
})()"#;

/// A headless browser, started.
pub struct Browser {
    tools: DevTools,
    version: String,
    /// [`Policy::page_time`](crate::Policy::page_time).
    page_time: Duration,
    _proxy: Proxy,
    _profile: TempDir,
}

/// What a page offers when it is opened, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What it wanted to play.
    pub offers: Vec<Offer>,
    /// Name and version of the browser.
    pub browser: String,
    /// The document as its scripts left it.
    pub markup: String,
    /// The whole page as a PNG, where the browser could draw it; of a very long one the beginning.
    pub screenshot: Option<Bytes>,
    /// The addresses of sound and moving pictures that it asked for.
    pub asked: Vec<String>,
}

/// Where a browser is installed.
pub fn installed_browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    PROGRAMS.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|file| file.is_file())
    })
}

/// Has the browser a font to draw Chinese with? It takes what fontconfig finds; where that does not say, nothing is known to be wanting.
pub fn draws_han() -> bool {
    let listed = std::process::Command::new("fc-list").arg(":lang=zh").output();
    listed.map_or(true, |listed| {
        !listed.status.success() || !listed.stdout.is_empty()
    })
}

impl Browser {
    /// Starts a browser that reaches the network by `client`'s rules.
    pub async fn start(program: &std::path::Path, client: &Client) -> io::Result<Browser> {
        let proxy = Proxy::start(client).await?;
        let profile = tempfile::tempdir()?;
        let mut arguments: Vec<String> = [
            "--headless=new",
            "--remote-debugging-pipe",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-domain-reliability",
            "--disable-quic",
            "--deny-permission-prompts",
            "--mute-audio",
            "--autoplay-policy=no-user-gesture-required",
            "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
            // Addresses of this machine go through the proxy like any other, and no name is resolved but by it.
            "--proxy-bypass-list=<-loopback>",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ]
        .map(String::from)
        .to_vec();
        arguments.push(format!("--proxy-server=http://127.0.0.1:{}", proxy.port));
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        arguments.push(format!("--user-agent={}", client.policy().user_agent));
        if client.policy().tls == TlsTrust::Record {
            arguments.push("--ignore-certificate-errors".into());
        }
        // Its own sandbox refuses to work for root, whose processes it cannot take rights from.
        if std::fs::metadata("/proc/self")?.uid() == 0 {
            arguments.push("--no-sandbox".into());
        }
        let mut tools = DevTools::start(program, &arguments)?;
        let version = tools.call(None, "Browser.getVersion", json!({})).await?;
        Ok(Browser {
            tools,
            version: version["product"].as_str().unwrap_or_default().to_owned(),
            page_time: client.policy().page_time,
            _proxy: proxy,
            _profile: profile,
        })
    }

    /// Opens a page, lets it play, and tells what it wanted to play.
    pub async fn open(&mut self, url: &Url, area: Area) -> Result<Opened, FetchError> {
        let failed = |error: io::Error| FetchError::Io(format!("the browser: {error}"));
        let context = self
            .tools
            .call(None, "Target.createBrowserContext", json!({}))
            .await
            .map_err(failed)?;
        let context = context["browserContextId"].clone();
        let seen = self.watch(url, &context).await;
        // What the page left behind goes with it.
        let disposed = self
            .tools
            .call(
                None,
                "Target.disposeBrowserContext",
                json!({"browserContextId": context}),
            )
            .await;
        let seen = seen.map_err(failed)?;
        disposed.map_err(failed)?;
        Ok(Opened {
            offers: seen.offers(url, area),
            browser: self.version.clone(),
            asked: seen.media.into_keys().collect(),
            markup: seen.markup,
            screenshot: seen.screenshot,
        })
    }

    async fn watch(&mut self, url: &Url, context: &Value) -> io::Result<Seen> {
        let target = json!({"url": "about:blank", "browserContextId": context});
        let target = self.tools.call(None, "Target.createTarget", target).await?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.tools.call(None, "Target.attachToTarget", attach).await?;
        let session = session["sessionId"].as_str().unwrap_or_default().to_owned();
        let mut seen = Seen::default();
        self.listen(&session).await?;
        self.tools
            .call(Some(&session), "Page.navigate", json!({"url": url.as_str()}))
            .await?;
        self.follow(&mut seen).await?;
        if seen.media.is_empty() {
            for (session, context) in seen.worlds.clone() {
                let play = json!({"expression": PLAY, "contextId": context, "userGesture": true});
                let _ = self.tools.call(Some(&session), "Runtime.evaluate", play).await;
            }
            // And where a person would press.
            for kind in ["mousePressed", "mouseReleased"] {
                let press = json!({"type": kind, "x": 400, "y": 300, "button": "left", "clickCount": 1});
                let _ = self
                    .tools
                    .call(Some(&session), "Input.dispatchMouseEvent", press)
                    .await;
            }
            self.follow(&mut seen).await?;
        }
        for (url, session, request) in seen.answers.clone().into_iter().take(MAX_OPENED) {
            let ask = json!({"requestId": request});
            let Ok(body) = self
                .tools
                .call(Some(&session), "Network.getResponseBody", ask)
                .await
            else {
                continue;
            };
            let body = body["body"].as_str().unwrap_or_default().trim_start();
            let access = if body.starts_with("#EXTM3U") {
                Access::Hls
            } else if body
                .get(..512.min(body.len()))
                .is_some_and(|head| head.contains("<MPD"))
            {
                Access::Dash
            } else {
                continue;
            };
            seen.media.insert(url, (Medium::Video, access));
        }
        let markup = json!({"expression": "document.documentElement.outerHTML", "returnByValue": true});
        if let Ok(markup) = self.tools.call(Some(&session), "Runtime.evaluate", markup).await {
            seen.markup = markup["result"]["value"].as_str().unwrap_or_default().to_owned();
        }
        seen.screenshot = self.picture(&session).await.ok().flatten();
        Ok(seen)
    }

    /// The whole page, not only what a window of it shows.
    async fn picture(&mut self, session: &str) -> io::Result<Option<Bytes>> {
        let layout = self
            .tools
            .call(Some(session), "Page.getLayoutMetrics", json!({}))
            .await?;
        let side = |name: &str| layout["cssContentSize"][name].as_f64().unwrap_or(0.0).max(1.0);
        let width = side("width").min(MAX_WIDTH);
        let height = side("height").min((MAX_PIXELS / width).floor());
        let whole = json!({"format": "png", "captureBeyondViewport": true,
            "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}});
        let drawn = self
            .tools
            .call(Some(session), "Page.captureScreenshot", whole)
            .await?;
        Ok(drawn["data"]
            .as_str()
            .and_then(|data| STANDARD.decode(data).ok())
            .map(Bytes::from))
    }

    /// Asks a page, or a frame with a process of its own, to tell what it does.
    async fn listen(&mut self, session: &str) -> io::Result<()> {
        let frames = json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true});
        for (method, parameters) in [
            ("Network.enable", json!({})),
            ("Page.enable", json!({})),
            ("Runtime.enable", json!({})),
            ("Target.setAutoAttach", frames),
        ] {
            self.tools.call(Some(session), method, parameters).await?;
        }
        self.tools
            .call(Some(session), "Runtime.runIfWaitingForDebugger", json!({}))
            .await
            .map(drop)
    }

    /// Takes what the page tells until it has nothing more to say: a server may take its time to tell what is to be played.
    async fn follow(&mut self, seen: &mut Seen) -> io::Result<()> {
        let end = Instant::now() + self.page_time;
        let mut last = Instant::now() + QUIET;
        loop {
            let until = match seen.awaited.is_empty() {
                true => end.min(last + QUIET),
                false => end,
            };
            let Some(event) = self.tools.event(until).await? else {
                return Ok(());
            };
            let session = event["sessionId"].as_str().unwrap_or_default();
            let (method, told) = (event["method"].as_str().unwrap_or_default(), &event["params"]);
            match method {
                "Target.attachedToTarget" => {
                    let session = told["sessionId"].as_str().unwrap_or_default().to_owned();
                    // A worker knows no pages; that it says so is no fault.
                    if self.listen(&session).await.is_err() {
                        let _ = self
                            .tools
                            .call(Some(&session), "Runtime.runIfWaitingForDebugger", json!({}))
                            .await;
                    }
                }
                "Runtime.executionContextCreated" => {
                    seen.worlds
                        .push((session.to_owned(), told["context"]["id"].as_u64().unwrap_or(0)));
                }
                "Network.requestWillBeSent" => {
                    last = Instant::now();
                    seen.asked(&told["request"]["url"], "", told["type"] == "Media");
                    // Of these more may come. A film is only played, and the end of a frame's own page may be told to nobody.
                    if matches!(told["type"].as_str(), Some("Script" | "XHR" | "Fetch"))
                        && seen.awaited.len() < MAX_AWAITED
                    {
                        seen.awaited.insert(number_of(told));
                    }
                }
                "Network.responseReceived" => {
                    last = Instant::now();
                    let response = &told["response"];
                    let known = seen.asked(
                        &response["url"],
                        response["mimeType"].as_str().unwrap_or_default(),
                        told["type"] == "Media",
                    );
                    if !known
                        && matches!(told["type"].as_str(), Some("XHR" | "Fetch"))
                        && seen.answers.len() < 1000
                    {
                        let url = response["url"].as_str().unwrap_or_default().to_owned();
                        seen.answers.push((url, session.to_owned(), number_of(told)));
                    }
                }
                "Network.loadingFinished" | "Network.loadingFailed" => {
                    last = Instant::now();
                    seen.awaited.remove(&number_of(told));
                }
                "Network.dataReceived" => last = Instant::now(),
                _ => {}
            }
        }
    }
}

/// The number of the request that an event is about.
fn number_of(told: &Value) -> String {
    told["requestId"].as_str().unwrap_or_default().to_owned()
}

/// What a page was seen to do.
#[derive(Default)]
struct Seen {
    media: BTreeMap<String, (Medium, Access)>,
    /// Address, session and number of answers that may be playlists.
    answers: Vec<(String, String, String)>,
    /// Requests that the page waits for, by number.
    awaited: HashSet<String>,
    /// Where scripts can be run: a session, and a frame in it.
    worlds: Vec<(String, u64)>,
    /// The page as its scripts left it, and as it looks.
    markup: String,
    screenshot: Option<Bytes>,
}

impl Seen {
    /// Notes an address that the page asked for, if it is one of sound or moving pictures; is it?
    fn asked(&mut self, url: &Value, kind: &str, played: bool) -> bool {
        let url = url.as_str().unwrap_or_default();
        let media = match media_of(url, kind) {
            Media::Of(medium @ (Medium::Video | Medium::Audio), access) => Some((medium, access)),
            Media::Unknown if played => Some((Medium::Video, Access::File)),
            _ => None,
        };
        let Some(media) = media.filter(|_| url.starts_with("http") && self.media.len() < 10_000) else {
            return false;
        };
        self.media.insert(url.to_owned(), media);
        true
    }

    fn offers(&self, page: &Url, area: Area) -> Vec<Offer> {
        let reading = read(
            area,
            page,
            Some("text/html; charset=utf-8"),
            self.markup.as_bytes(),
        );
        let playlists = self
            .media
            .values()
            .any(|(_, access)| matches!(access, Access::Hls | Access::Dash));
        let mut offers: Vec<Offer> = reading
            .offers
            .into_iter()
            .filter(|offer| matches!(offer.medium, Medium::Video | Medium::Audio))
            .collect();
        for (url, (medium, access)) in &self.media {
            // The segments of a playlist are no offers of their own.
            if playlists && *access == Access::File || url.contains(".m4s") {
                continue;
            }
            let Ok(url) = Url::parse(url) else { continue };
            if !offers.iter().any(|known| known.url == url) {
                let mut offer = Offer::new(url, *medium, *access);
                offer.title = reading.title.clone();
                offers.push(offer);
            }
        }
        offers.truncate(MAX_OFFERS);
        offers
    }
}
