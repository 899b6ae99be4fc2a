//! yt-dlp, as one more way to learn what a page plays: off unless somebody names the program.
//!
//! It knows a thousand sites and is a large program that reads foreign bytes. So it runs with an empty folder for its
//! home, under Landlock: it reads the system's files and writes that folder, and its one open TCP port is that of our
//! own [`Proxy`], which judges every address.

use crate::{
    fetch::{Client, FetchError, TlsTrust},
    proxy::Proxy,
    read::Offer,
};
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    path_beneath_rules,
};
use serde_json::Value;
use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::Duration,
};
use swordnet_core::{Access, Medium};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    runtime::Handle,
    time::timeout,
};
use url::Url;

/// Longest time for one page.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest answer.
const MAX_ANSWER: u64 = 16 << 20;
/// Offers that are taken from one page.
const MAX_OFFERS: usize = 20;
/// Fewest lines of a picture that are still good to compare.
const MIN_HEIGHT: u64 = 240;

/// Asks yt-dlp what a page plays. Nothing is downloaded by it.
pub async fn resolve(program: &Path, client: &Client, page: &Url) -> Result<Vec<Offer>, FetchError> {
    let failed = |why: String| FetchError::Io(format!("'{}': {why}", program.display()));
    let proxy = Proxy::start(client).await?;
    let home = tempfile::tempdir()?;
    let mut command = Command::new(program);
    command
        .args([
            "--ignore-config",
            "--no-cache-dir",
            "--no-playlist",
            "--no-warnings",
            "--skip-download",
        ])
        .args(["--dump-single-json", "--socket-timeout", "10"])
        .arg(format!("--proxy=http://127.0.0.1:{}", proxy.port))
        .arg(format!("--user-agent={}", client.policy().user_agent))
        .args((client.policy().tls == TlsTrust::Record).then_some("--no-check-certificates"))
        .args(["--", page.as_str()])
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8")])
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .current_dir(home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = locked_in(command, program, home.path(), proxy.port)
        .await
        .map_err(|e| failed(e.to_string()))?;
    let answer = timeout(PATIENCE, async {
        let mut answer = Vec::new();
        if let Some(out) = child.stdout.take() {
            out.take(MAX_ANSWER).read_to_end(&mut answer).await?;
        }
        io::Result::Ok(answer)
    });
    let answer = answer.await.map_err(|_| failed("no answer in time".into()))??;
    Ok(serde_json::from_slice(&answer)
        .map(|told| offers(&told))
        .unwrap_or_default())
}

/// Starts a program on a thread that has given up its rights: what it starts has none of them either.
async fn locked_in(
    mut command: Command,
    program: &Path,
    home: &Path,
    port: u16,
) -> Result<Child, Box<dyn Error + Send + Sync>> {
    let (program, home, runtime) = (program.to_owned(), home.to_owned(), Handle::current());
    let started = tokio::task::spawn_blocking(move || {
        let thread = thread::spawn(move || -> Result<Child, Box<dyn Error + Send + Sync>> {
            give_up_rights(&program, &home, port)?;
            let _here = runtime.enter();
            Ok(command.spawn()?)
        });
        thread
            .join()
            .unwrap_or_else(|_| Err("it could not be started".into()))
    });
    started.await?
}

fn give_up_rights(program: &Path, home: &Path, port: u16) -> Result<(), Box<dyn Error + Send + Sync>> {
    let abi = ABI::V4;
    // A Python program lives beside its modules: PREFIX/bin/yt-dlp, PREFIX/lib.
    let installed = std::fs::canonicalize(program)?;
    let prefix: Option<PathBuf> = installed.parent().and_then(Path::parent).map(Path::to_owned);
    let prefix = prefix.filter(|prefix| prefix.parent().is_some());
    let system = ["/usr", "/bin", "/lib", "/lib64", "/etc", "/proc", "/dev/urandom"].map(PathBuf::from);
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()?
        .add_rules(path_beneath_rules(
            system.into_iter().chain(prefix).chain([installed]),
            AccessFs::from_read(abi),
        ))?
        .add_rules(path_beneath_rules(
            [home, Path::new("/dev/null")],
            AccessFs::from_all(abi),
        ))?
        .add_rule(NetPort::new(port, AccessNet::ConnectTcp))?
        .restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err("this system cannot lock it in, so it is not run".into());
    }
    Ok(())
}

/// What the answer names: playlists and manifests if there are any, else the smallest file that is good to compare.
fn offers(told: &Value) -> Vec<Offer> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<Offer> = Vec::new();
    let entries = told["entries"]
        .as_array()
        .map_or(std::slice::from_ref(told), Vec::as_slice);
    for entry in entries {
        let formats = entry["formats"]
            .as_array()
            .map_or(std::slice::from_ref(entry), Vec::as_slice);
        let mut media: Vec<(Url, Medium, Access, u64)> = Vec::new();
        for format in formats {
            let protocol = format["protocol"].as_str().unwrap_or_default();
            let (address, access) = if protocol.contains("m3u8") {
                (&format["manifest_url"], Access::Hls)
            } else if protocol.contains("dash") {
                (&format["manifest_url"], Access::Dash)
            } else {
                (&format["url"], Access::File)
            };
            let address = address.as_str().or(format["url"].as_str()).unwrap_or_default();
            let medium = if format["vcodec"] == "none" {
                Medium::Audio
            } else {
                Medium::Video
            };
            if let Ok(url) = Url::parse(address)
                && matches!(url.scheme(), "http" | "https")
            {
                media.push((url, medium, access, format["height"].as_u64().unwrap_or(0)));
            }
        }
        // First what is a playlist, then pictures, then what has enough lines, then what has fewest of those.
        media.sort_by_key(|(_, medium, access, height)| {
            (
                *access == Access::File,
                *medium != Medium::Video,
                *height < MIN_HEIGHT,
                *height,
            )
        });
        if let Some((url, medium, access, _)) = media.into_iter().next() {
            let mut offer = Offer::new(url, medium, access);
            offer.title = text(&entry["title"]);
            offer.uploader = text(&entry["uploader"]);
            found.push(offer);
        }
    }
    found.truncate(MAX_OFFERS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;
    use std::os::unix::fs::PermissionsExt;

    /// A stand-in that tries to get out, and answers as yt-dlp does.
    const PROGRAM: &str = r#"#!/bin/sh
echo left > "$(dirname "$0")/left" 2>/dev/null
cat "$(dirname "$0")/../secret" > "$HOME/seen" 2>/dev/null
echo '{"title": "Film", "uploader": "u", "formats": [
  {"url": "http://a.test/1080.mp4", "protocol": "https", "height": 1080},
  {"url": "http://a.test/144.mp4", "protocol": "https", "height": 144},
  {"url": "http://a.test/360.mp4", "protocol": "https", "height": 360},
  {"url": "file:///etc/passwd", "protocol": "file", "height": 360}]}'
"#;

    #[tokio::test]
    async fn what_it_names_is_offered_and_it_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("own/bin");
        std::fs::create_dir_all(&bin).unwrap();
        let program = bin.join("yt-dlp");
        std::fs::write(&program, PROGRAM).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let client = Client::new(Policy::default()).unwrap();
        let offers = resolve(&program, &client, &"http://a.test/play".parse().unwrap())
            .await
            .unwrap();
        let urls: Vec<&str> = offers.iter().map(|offer| offer.url.as_str()).collect();
        assert_eq!(urls, ["http://a.test/360.mp4"]);
        assert_eq!(
            (offers[0].title.as_str(), offers[0].uploader.as_str()),
            ("Film", "u")
        );
        assert!(!bin.join("left").exists());
    }

    #[test]
    fn a_playlist_goes_before_files() {
        let told = serde_json::json!({"entries": [{"formats": [
            {"url": "https://a.test/x.mp4", "protocol": "https", "height": 720},
            {"url": "https://a.test/v.m3u8", "manifest_url": "https://a.test/m.m3u8", "protocol": "m3u8_native", "height": 720},
        ]}, {"url": "https://a.test/song.mp3", "vcodec": "none", "title": "Song"}]});
        let found: Vec<_> = offers(&told)
            .into_iter()
            .map(|offer| (offer.url.to_string(), offer.medium, offer.access))
            .collect();
        assert_eq!(
            found,
            [
                ("https://a.test/m.m3u8".to_owned(), Medium::Video, Access::Hls),
                ("https://a.test/song.mp3".to_owned(), Medium::Audio, Access::File),
            ]
        );
    }
}
