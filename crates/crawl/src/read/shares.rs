//! Shares on cloud drives with their pass codes, and magnet links that stand in the text.

use super::page::Page;
use super::reading::Offer;
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;
use swordnet_core::{Access, Medium};
use url::Url;

/// Hosts of cloud drives and the form of their shares' paths. New drives appear; what looks like a share under a host
/// called pan, drive, yun or cloud is taken too.
const DRIVES: [(&str, &str); 24] = [
    ("pan.baidu.com", "/s/"),
    ("pan.baidu.com", "/share/"),
    ("yun.baidu.com", "/s/"),
    ("aliyundrive.com", "/s/"),
    ("alipan.com", "/s/"),
    ("pan.quark.cn", "/s/"),
    ("drive.uc.cn", "/s/"),
    ("pan.xunlei.com", "/s/"),
    ("cloud.189.cn", "/t/"),
    ("cloud.189.cn", "/web/share"),
    ("caiyun.139.com", "/"),
    ("yun.139.com", "/"),
    ("115.com", "/s/"),
    ("115cdn.com", "/s/"),
    ("anxia.com", "/s/"),
    ("123pan.com", "/s/"),
    ("123684.com", "/s/"),
    ("123865.com", "/s/"),
    ("share.weiyun.com", "/"),
    ("mypikpak.com", "/s/"),
    ("mega.nz", "/"),
    ("drive.google.com", "/"),
    ("1drv.ms", "/"),
    ("www.dropbox.com", "/s"),
];

/// Hosts whose every path is a share, under many names (`lanzoux.com`, `ctfile.com`, `fulink`…).
const ALWAYS: [&str; 6] = [
    "lanzou",
    "ctfile.com",
    "ct.ghpym",
    "pan.lanzo",
    "feijipan.com",
    "jianguoyun.com",
];

/// Is this the address of a share?
pub(super) fn is_share(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let path = url.path();
    if path.len() < 4 {
        return false;
    }
    let of = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
    DRIVES
        .iter()
        .any(|(domain, prefix)| of(domain) && path.starts_with(prefix))
        || ALWAYS.iter().any(|word| host.contains(word))
        || (["/s/", "/share/", "/t/"]
            .iter()
            .any(|prefix| path.starts_with(prefix))
            && host
                .split('.')
                .any(|label| ["pan", "drive", "yun", "cloud", "disk", "wangpan", "netdisk"].contains(&label)))
}

/// A pass code with the words before it. Codes are four to eight letters and digits.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:提取码|提取碼|访问码|訪問碼|分享码|密\s*码|口令|取件码|pass\s*code|password|passwd|access code|extract(?:ion)? code|code|pwd)\s*(?:为|是|is)?\s*[：:=＝\s]\s*([0-9a-z]{4,8})\b")
        .expect("a fixed pattern")
});

static MAGNET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)magnet:\?xt=urn:(?:btih|btmh):[0-9a-z]{32,68}[^\s<>]{0,512}").expect("a fixed pattern")
});

/// Addresses in running text; cloud shares are posted that way as often as they are linked.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)https?://[a-z0-9][a-z0-9.-]{2,252}/[!-~]{2,512}").expect("a fixed pattern")
});

/// How far around a share its pass code may stand, in bytes of text.
const NEAR: usize = 160;

/// Reads shares from links and from the text.
pub(super) fn read(page: &mut Page<'_>) {
    let elements = std::mem::take(&mut page.scan.elements);
    // Where shares stand: each one's code is sought between it and its neighbours.
    let mut seen: Vec<(usize, usize, Url, String)> = Vec::new();
    for element in &elements {
        if &*element.name != "a" {
            continue;
        }
        for href in ["href", "data-href", "data-url", "data-link"]
            .iter()
            .filter_map(|name| element.get(name))
        {
            if let Some(url) = page.base.web(href).filter(is_share) {
                let words = page.scan.text_of(element);
                seen.push((element.start, element.end, url, words));
            }
        }
    }
    for element in &elements {
        if let Some(text) = element.get("data-clipboard-text")
            && let Some(found) = ADDRESS.find(text)
            && let Ok(url) = Url::parse(found.as_str())
            && is_share(&url)
        {
            let code = CODE
                .captures(text)
                .map(|code| code[1].to_owned())
                .unwrap_or_default();
            share(page, url, code, "");
        }
    }
    let mut known: HashSet<Url> = seen.iter().map(|(_, _, url, _)| url.clone()).collect();
    for found in ADDRESS.find_iter(&page.scan.text).take(2_000) {
        let address = found
            .as_str()
            .trim_end_matches(['.', ',', ')', ']', ';', '"', '\'']);
        let url = Url::parse(address).ok().filter(is_share);
        if let Some(url) = url.filter(|url| known.insert(url.clone())) {
            seen.push((found.start(), found.end(), url, String::new()));
        }
    }
    page.scan.elements = elements;
    seen.sort_by_key(|(start, ..)| *start);
    for at in 0..seen.len() {
        let (start, end, url, words) = seen[at].clone();
        let until = seen
            .get(at + 1)
            .map_or(usize::MAX, |next| next.0)
            .saturating_sub(end)
            .min(NEAR);
        let since = if at == 0 {
            NEAR
        } else {
            start.saturating_sub(seen[at - 1].1).min(NEAR)
        };
        let code = code_in_address(&url)
            .or_else(|| first_code(&words))
            .or_else(|| first_code(page.scan.text_after(end, until)))
            .or_else(|| {
                CODE.captures_iter(page.scan.text_before(start, since))
                    .last()
                    .map(|code| code[1].to_owned())
            })
            .unwrap_or_default();
        let before = page
            .scan
            .text_before(start, since)
            .lines()
            .last()
            .unwrap_or_default();
        let marks = ['：', ':', ' ', '　'];
        let name = before
            .trim()
            .trim_end_matches(marks)
            .trim_end_matches("链接")
            .trim_end_matches(marks);
        let named = bare(&words) && (2..=60).contains(&name.chars().count()) && !bare(name);
        let words = if named { name.to_owned() } else { words };
        share(page, url, code, &words);
    }
    let magnets: Vec<String> = MAGNET
        .find_iter(&page.scan.text)
        .take(2_000)
        .map(|found| found.as_str().to_owned())
        .collect();
    for magnet in magnets {
        page.offer_at(&magnet, None, "");
    }
}

pub(super) fn first_code(text: &str) -> Option<String> {
    CODE.captures(text).map(|code| code[1].to_owned())
}

/// `?pwd=x7y8`, or `#x7y8` as older clients wrote it.
fn code_in_address(url: &Url) -> Option<String> {
    let fit = |code: &str| (4..=8).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric());
    let query = url
        .query_pairs()
        .find(|(key, _)| matches!(&**key, "pwd" | "password" | "p" | "passcode" | "code"))
        .map(|(_, value)| value.into_owned());
    query.filter(|code| fit(code)).or_else(|| {
        url.fragment()
            .filter(|code| code.len() == 4 && fit(code))
            .map(str::to_owned)
    })
}

fn share(page: &mut Page<'_>, url: Url, code: String, words: &str) {
    let medium = page.own_medium();
    let mut offer = Offer::new(url, medium, Access::Share);
    offer.title = if bare(words) {
        page.headline.clone()
    } else {
        words.to_owned()
    };
    offer.pass_code = code;
    page.offer(offer);
}

/// Words that say that there is a share, not of what.
fn bare(words: &str) -> bool {
    const GENERAL: [&str; 10] = [
        "百度", "网盘", "云盘", "夸克", "阿里", "链接", "下载", "提取", "download", "magnet",
    ];
    let lower = words.to_lowercase();
    let general = words.chars().count() < 16 && GENERAL.iter().any(|word| lower.contains(word));
    general || words.trim().is_empty() || words.contains("://")
}

/// The medium of a file by its name, for listings; the area's own where the name says nothing.
pub(crate) fn medium_of(name: &str, otherwise: Medium) -> Medium {
    match super::address::promise(name) {
        super::address::Promise::Media(medium, _) => medium,
        _ => otherwise,
    }
}
