//! How sites are reached: options shared by the commands that fetch.

use clap::Args;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use swordnet_crawl::{Pin, Policy, TlsTrust};

#[derive(Clone, Debug, Args)]
pub struct Network {
    /// Take ADDR as the address of HOST:PORT, asking no resolver; ADDR may carry a port of its own. May be given several times.
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = pin)]
    pub resolve: Vec<Pin>,
    /// Allow connections into a range that is refused by default (loopback, private, link-local…).
    #[arg(long, value_name = "CIDR")]
    pub allow_net: Vec<IpNet>,
    /// Seconds between two requests to a host.
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub delay: f64,
    /// Pages of one site at most.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_pages: u64,
    /// Requests at a time, over all hosts.
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub concurrency: usize,
    /// Fetch also from servers whose certificate does not hold, and record what is wrong with it.
    #[arg(long)]
    pub record_bad_certificates: bool,
}

impl Network {
    /// The policy that these options describe.
    pub fn policy(&self) -> Policy {
        Policy {
            resolve: self.resolve.clone(),
            allow_net: self.allow_net.clone(),
            delay: Duration::try_from_secs_f64(self.delay.max(0.0)).unwrap_or_default(),
            max_pages: self.max_pages,
            // Who asks for more pages than is usual knows of a site that has them.
            max_per_pattern: u32::try_from(self.max_pages)
                .unwrap_or(u32::MAX)
                .max(Policy::default().max_per_pattern),
            concurrency: self.concurrency.max(1),
            per_host: self.concurrency.clamp(1, 8),
            tls: if self.record_bad_certificates {
                TlsTrust::Record
            } else {
                TlsTrust::Refuse
            },
            ..Policy::default()
        }
    }
}

/// `HOST:PORT:ADDR`, as curl writes it.
fn pin(text: &str) -> Result<Pin, String> {
    let wrong = || format!("'{text}' is not of the form HOST:PORT:ADDR");
    let mut parts = text.splitn(3, ':');
    let (host, port, addr) = (parts.next(), parts.next(), parts.next());
    let host = host.filter(|h| !h.is_empty()).ok_or_else(wrong)?;
    let port: u16 = port.and_then(|p| p.parse().ok()).ok_or_else(wrong)?;
    let addr = addr.ok_or_else(wrong)?;
    let addr = match addr.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => SocketAddr::new(ip, port),
        Err(_) => addr.parse().map_err(|_| wrong())?,
    };
    Ok(Pin {
        host: host.to_lowercase(),
        port,
        addr,
    })
}
