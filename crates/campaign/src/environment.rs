//! The machine at the moment of a capture: what a notary looks at before one begins (cleanliness checks of the trusted
//! time-stamp practice, 2016: processes, proxy, hosts file, network).

use crate::archive::SOFTWARE;
use crate::{Campaign, Error};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::OnceLock;
use swordnet_core::{Sha256Hex, Timestamp};

/// Seconds for which what was seen of the machine stands for the captures that follow.
const FRESH: i64 = 600;
/// Most bytes of a system file that are kept.
const MOST: usize = 64 << 10;

/// What was seen of the machine. What cannot be seen on this system is empty.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Environment {
    /// When it was looked at.
    pub at: Timestamp,
    /// Name and version of this program.
    pub software: String,
    /// SHA-256 of the program's own file: which build it is.
    pub build: String,
    /// Operating system, its version, and the architecture.
    pub system: String,
    /// Name servers that the system's resolver asks.
    pub resolvers: Vec<IpAddr>,
    /// Interface and gateway of each default route.
    pub routes: Vec<String>,
    /// Variables that would name a proxy; their names alone, since values may hold passwords.
    pub proxies: Vec<String>,
    /// What would put foreign code into this process.
    pub preloaded: Vec<String>,
    /// Another process watches or steers this one.
    pub traced: bool,
    /// The system says that it keeps its clock by a time server.
    pub clock_kept: bool,
    /// The hosts file.
    pub hosts: String,
    /// Names of the running programs.
    pub processes: BTreeSet<String>,
}

impl Environment {
    fn seen(at: Timestamp) -> Self {
        let variable = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let proxies = [
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
        ];
        let mut preloaded: Vec<String> = ["LD_PRELOAD", "LD_AUDIT"]
            .iter()
            .filter(|v| variable(v))
            .map(|v| (*v).to_owned())
            .collect();
        if !text("/etc/ld.so.preload").trim().is_empty() {
            preloaded.push("/etc/ld.so.preload".into());
        }
        Self {
            at,
            software: SOFTWARE.into(),
            build: build().to_owned(),
            system: format!(
                "{} {} {}",
                std::env::consts::OS,
                text("/proc/sys/kernel/osrelease").trim(),
                std::env::consts::ARCH
            ),
            resolvers: resolvers(),
            routes: text("/proc/net/route")
                .lines()
                .filter_map(default_route)
                .collect(),
            proxies: proxies
                .iter()
                .filter(|v| variable(v))
                .map(|v| (*v).to_owned())
                .collect(),
            preloaded,
            traced: text("/proc/self/status").lines().any(|line| {
                line.strip_prefix("TracerPid:")
                    .is_some_and(|pid| pid.trim() != "0")
            }),
            clock_kept: Path::new("/run/systemd/timesync/synchronized").exists(),
            hosts: text("/etc/hosts"),
            processes: processes(),
        }
    }

    /// The lines of the hosts file that name one of these hosts.
    pub fn hosts_lines<'a>(&'a self, hosts: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.hosts.lines().filter(move |line| {
            let entry = line.split('#').next().unwrap_or_default();
            entry
                .split_whitespace()
                .skip(1)
                .any(|name| hosts.iter().any(|host| host.eq_ignore_ascii_case(name)))
        })
    }
}

impl Campaign {
    /// What is seen of the machine now, kept in the vault: captures name it by its digest.
    pub(crate) async fn note_environment(&self) -> Result<Sha256Hex, Error> {
        let now = self.now();
        let mut seen = self.environment.lock().await;
        if let Some((at, blob)) = seen.as_ref()
            && (0..FRESH).contains(&(now.as_second() - at.as_second()))
        {
            return Ok(blob.clone());
        }
        let environment = self.compute(move || Environment::seen(now)).await?;
        let bytes = serde_json::to_vec(&environment).map_err(|e| Error::Bug(e.to_string()))?;
        let blob = self.vault.put(bytes.into()).await?;
        *seen = Some((now, blob.clone()));
        Ok(blob)
    }
}

/// The first name server that the system's resolver asks.
pub(crate) fn resolver() -> Option<IpAddr> {
    resolvers().into_iter().next()
}

fn resolvers() -> Vec<IpAddr> {
    let file = text("/etc/resolv.conf");
    let named = file
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver"));
    named.filter_map(|rest| rest.trim().parse().ok()).collect()
}

/// A line of `/proc/net/route` that leads everywhere: addresses stand there as little-endian hexadecimal numbers.
fn default_route(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [interface, "00000000", gateway, ..] = fields.as_slice() else {
        return None;
    };
    let gateway = Ipv4Addr::from(u32::from_str_radix(gateway, 16).ok()?.swap_bytes());
    Some(format!("{interface} by {gateway}"))
}

fn processes() -> BTreeSet<String> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let running = entries.filter(|e| {
        e.file_name()
            .to_string_lossy()
            .bytes()
            .all(|b| b.is_ascii_digit())
    });
    let names = running.filter_map(|e| std::fs::read_to_string(e.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

/// A system file's text; empty where there is none.
fn text(path: &str) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]).into_owned()
}

/// SHA-256 of the program's file, read once.
fn build() -> &'static str {
    static BUILD: OnceLock<String> = OnceLock::new();
    BUILD.get_or_init(|| {
        let mut hash = Sha256::new();
        let read = std::env::current_exe().and_then(std::fs::File::open);
        match read.and_then(|mut file| std::io::copy(&mut file, &mut Hashing(&mut hash))) {
            Ok(_) => Sha256Hex::from_array(&hash.finalize()).to_string(),
            Err(e) => format!("not readable: {e}"),
        }
    })
}

struct Hashing<'a>(&'a mut Sha256);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_and_the_hosts_file_are_read() {
        assert_eq!(
            default_route("eth0\t00000000\t010200C0\t0003").as_deref(),
            Some("eth0 by 192.0.2.1")
        );
        assert_eq!(default_route("eth0\t000200C0\t00000000\t0001"), None);
        let seen = Environment {
            hosts: "127.0.0.1 localhost\n# 10.0.0.1 film.test\n10.0.0.2 Film.test other # site\n".into(),
            ..Environment::default()
        };
        let lines = |host: &str| seen.hosts_lines(&[host.to_owned()]).count();
        assert_eq!((lines("film.test"), lines("site"), lines("localhost")), (1, 0, 1));
    }

    #[test]
    fn this_machine_is_seen() {
        let seen = Environment::seen(Timestamp::UNIX_EPOCH);
        assert_eq!(seen.build.len(), 64, "{}", seen.build);
        assert!(!seen.processes.is_empty());
    }
}
