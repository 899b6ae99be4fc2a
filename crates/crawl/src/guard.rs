//! Which addresses may be connected to.
//!
//! Judged are addresses, never names, and at the moment of connecting: a check of the name beforehand is answered
//! by a second, different answer of its name server (DNS rebinding). IPv6 has many ways to write an IPv4 address
//! inside; each is unwrapped and the inner address judged too, because the network unwraps it as well.
//!
//! Ranges: IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates).

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Opens exceptions to what is refused.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

/// Why an address is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const CLOSED_V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "this network (0.0.0.0/8)"),
    (v4(10, 0, 0, 0, 8), "a private network (10.0.0.0/8)"),
    (
        v4(100, 64, 0, 0, 10),
        "a provider's inner network (100.64.0.0/10)",
    ),
    (v4(127, 0, 0, 0, 8), "this machine (127.0.0.0/8)"),
    (
        v4(168, 63, 129, 16, 32),
        "a cloud's metadata service (168.63.129.16)",
    ),
    (
        v4(169, 254, 0, 0, 16),
        "link-local, where clouds keep metadata (169.254.0.0/16)",
    ),
    (v4(172, 16, 0, 0, 12), "a private network (172.16.0.0/12)"),
    (v4(192, 0, 0, 0, 24), "protocol assignments (192.0.0.0/24)"),
    (v4(192, 0, 2, 0, 24), "documentation (192.0.2.0/24)"),
    (v4(192, 88, 99, 0, 24), "6to4 relays (192.88.99.0/24)"),
    (v4(192, 168, 0, 0, 16), "a private network (192.168.0.0/16)"),
    (v4(198, 18, 0, 0, 15), "benchmarking (198.18.0.0/15)"),
    (v4(198, 51, 100, 0, 24), "documentation (198.51.100.0/24)"),
    (v4(203, 0, 113, 0, 24), "documentation (203.0.113.0/24)"),
    (v4(224, 0, 0, 0, 4), "multicast (224.0.0.0/4)"),
    (v4(240, 0, 0, 0, 4), "reserved or broadcast (240.0.0.0/4)"),
];

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

const CLOSED_V6: &[(Ipv6Net, &str)] = &[
    (
        v6(0x64, 0xff9b, 1, 48),
        "a local translation prefix (64:ff9b:1::/48)",
    ),
    (v6(0x100, 0, 0, 64), "discard (100::/64)"),
    (v6(0x2001, 2, 0, 48), "benchmarking (2001:2::/48)"),
    (v6(0x2001, 0x10, 0, 28), "overlay identifiers (2001:10::/28)"),
    (v6(0x2001, 0x20, 0, 28), "overlay identifiers (2001:20::/28)"),
    (v6(0x2001, 0xdb8, 0, 32), "documentation (2001:db8::/32)"),
    (v6(0x3fff, 0, 0, 20), "documentation (3fff::/20)"),
    (v6(0xfc00, 0, 0, 7), "a private network (fc00::/7)"),
    (v6(0xfe80, 0, 0, 10), "link-local (fe80::/10)"),
    (v6(0xfec0, 0, 0, 10), "site-local (fec0::/10)"),
    (v6(0xff00, 0, 0, 8), "multicast (ff00::/8)"),
];

impl Guard {
    /// A guard that lets these ranges pass whatever they are.
    pub fn new(allowed: Vec<IpNet>) -> Guard {
        Guard { allowed }
    }

    /// May this address be connected to?
    pub fn judge(&self, addr: IpAddr) -> Result<(), Refusal> {
        let addr = addr.to_canonical();
        if self.allowed.iter().any(|net| net.contains(&addr)) {
            return Ok(());
        }
        match addr {
            IpAddr::V4(addr) => judge_v4(addr),
            IpAddr::V6(addr) => self.judge_v6(addr),
        }
    }

    fn judge_v6(&self, addr: Ipv6Addr) -> Result<(), Refusal> {
        if addr.is_unspecified() || addr.is_loopback() {
            return Err(Refusal("this machine (::/127)".into()));
        }
        if let Some((_, why)) = CLOSED_V6.iter().find(|(net, _)| net.contains(&addr)) {
            return Err(Refusal((*why).into()));
        }
        let inner = embedded(addr);
        for (form, inner) in &inner {
            self.judge(IpAddr::V4(*inner))
                .map_err(|why| Refusal(format!("{form} for {inner}, {why}")))?;
        }
        // What is neither global unicast nor a translation of IPv4 is not assigned to anybody's website.
        if inner.is_empty() && addr.segments()[0] & 0xe000 != 0x2000 {
            return Err(Refusal("not global unicast (2000::/3)".into()));
        }
        Ok(())
    }
}

fn judge_v4(addr: Ipv4Addr) -> Result<(), Refusal> {
    match CLOSED_V4.iter().find(|(net, _)| net.contains(&addr)) {
        Some((_, why)) => Err(Refusal((*why).into())),
        None => Ok(()),
    }
}

/// The IPv4 addresses inside an IPv6 address, with the form that holds each.
fn embedded(addr: Ipv6Addr) -> Vec<(&'static str, Ipv4Addr)> {
    let s = addr.segments();
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let mut found = Vec::new();
    match s {
        [0, 0, 0, 0, 0, 0xffff, a, b] => found.push(("IPv4-mapped (RFC 4291)", from(a, b))),
        [0, 0, 0, 0, 0xffff, 0, a, b] => found.push(("IPv4-translated (RFC 2765)", from(a, b))),
        [0, 0, 0, 0, 0, 0, a, b] => found.push(("IPv4-compatible (RFC 4291)", from(a, b))),
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] => found.push(("NAT64 (RFC 6052)", from(a, b))),
        [0x2002, a, b, ..] => found.push(("6to4 (RFC 3056)", from(a, b))),
        [0x2001, 0, a, b, _, _, c, d] => {
            found.push(("Teredo (RFC 4380), server", from(a, b)));
            found.push(("Teredo (RFC 4380), client", from(!c, !d)));
        }
        _ => {}
    }
    // ISATAP (RFC 5214): an interface identifier of 0000:5efe or, with the universal bit, 0200:5efe, under any prefix.
    if s[4] & 0xfdff == 0 && s[5] == 0x5efe {
        found.push(("ISATAP (RFC 5214)", from(s[6], s[7])));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> bool {
        Guard::default().judge(text.parse().unwrap()).is_err()
    }

    #[test]
    fn public_addresses_pass() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2400:3200::1",
            "64:ff9b::1.1.1.1",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert!(!refused(text), "{text}");
        }
    }

    #[test]
    fn the_edges_of_every_closed_range_are_refused() {
        let mut edges: Vec<IpAddr> = Vec::new();
        for (net, _) in CLOSED_V4 {
            edges.extend([IpAddr::V4(net.network()), IpAddr::V4(net.broadcast())]);
        }
        for (net, _) in CLOSED_V6 {
            edges.extend([IpAddr::V6(net.network()), IpAddr::V6(net.broadcast())]);
        }
        for edge in edges {
            assert!(Guard::default().judge(edge).is_err(), "{edge}");
        }
        for text in [
            "::",
            "::1",
            "255.255.255.255",
            "4000::1",
            "::ffff:127.0.0.1",
            "fd00:ec2::254",
        ] {
            assert!(refused(text), "{text}");
        }
    }

    #[test]
    fn an_exception_opens_its_range_in_every_spelling_and_nothing_else() {
        let guard = Guard::new(vec!["127.0.0.0/8".parse().unwrap()]);
        for text in ["127.0.0.1", "::ffff:127.9.9.9"] {
            assert!(guard.judge(text.parse().unwrap()).is_ok(), "{text}");
        }
        for text in ["::1", "10.0.0.1", "169.254.169.254"] {
            assert!(guard.judge(text.parse().unwrap()).is_err(), "{text}");
        }
    }

    proptest! {
        /// Whatever closed IPv4 address is wrapped in whatever form, the wrapping is refused.
        #[test]
        fn no_wrapping_hides_a_closed_address(which in 0..CLOSED_V4.len(), host: u32, prefix: [u16; 4], form in 0..9) {
            let net = CLOSED_V4[which].0;
            let inner = u32::from(net.network()) | (host & !u32::from(net.netmask()));
            let (a, b) = ((inner >> 16) as u16, inner as u16);
            let p = prefix;
            let wrapped = match form {
                0 => Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, a, b),
                1 => Ipv6Addr::new(0, 0, 0, 0, 0, 0, a, b),
                2 => Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, a, b),
                3 => Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
                4 => Ipv6Addr::new(0x64, 0xff9b, 1, p[0], p[1], p[2], a, b),
                5 => Ipv6Addr::new(0x2002, a, b, p[0], p[1], p[2], p[3], 1),
                6 => Ipv6Addr::new(0x2001, 0, a, b, p[0], p[1], p[2], p[3]),
                7 => Ipv6Addr::new(0x2001, 0, p[0], p[1], p[2], p[3], !a, !b),
                _ => Ipv6Addr::new(p[0], p[1], p[2], p[3], (host as u16) & 0x0200, 0x5efe, a, b),
            };
            prop_assert!(Guard::default().judge(IpAddr::V6(wrapped)).is_err(), "{wrapped}");
        }
    }
}
