//! A page being read: what its scan holds, and what was made of it so far.

use super::address::{Base, Promise, promise, promise_of_type};
use super::element::Element;
use super::reach::{Reached, reach};
use super::reading::{Link, Offer, Reading, Rel};
use super::scan::{Scan, fold};
use encoding_rs::Encoding;
use std::collections::HashMap;
use swordnet_core::{Access, Area, Medium};
use url::Url;

/// Links kept of one page.
const MAX_LINKS: usize = 50_000;
/// Offers kept of one page.
const MAX_OFFERS: usize = 5_000;
/// Characters kept of a link's text or an offer's title.
const MAX_WORDS: usize = 200;

/// A page being read.
pub(crate) struct Page<'a> {
    pub area: Area,
    pub url: &'a Url,
    pub html: &'a str,
    pub(super) base: Base,
    pub(super) scan: Scan,
    /// The headline: what offers are called that have no name of their own.
    pub headline: String,
    pub reading: Reading,
    /// Was a player seen, whether or not what it plays?
    pub player: bool,
    links: HashMap<Url, usize>,
    offers: HashMap<(Url, Medium), usize>,
}

impl<'a> Page<'a> {
    pub fn new(area: Area, url: &'a Url, html: &'a str, encoding: &'static Encoding) -> Page<'a> {
        let mut scan = Scan::of(html);
        let base = Base::new(
            url,
            scan.named("base").find_map(|base| base.get("href")),
            encoding,
        );
        let title = if scan.title.is_empty() {
            scan.meta(&["og:title", "title"]).map(fold).unwrap_or_default()
        } else {
            scan.title.clone()
        };
        let headline = scan
            .named("h1")
            .map(|h1| scan.text_of(h1))
            .find(|text| !text.is_empty())
            .or_else(|| scan.meta(&["og:title", "twitter:title"]).map(fold))
            .unwrap_or_else(|| title.clone());
        let language = scan
            .named("html")
            .find_map(|html| html.first(&["lang", "xml:lang"]))
            .unwrap_or_default()
            .trim()
            .to_owned();
        let reading = Reading {
            title: cut(&title),
            charset: super::charset::name(encoding),
            language,
            remarks: std::mem::take(&mut scan.remarks),
            ..Reading::default()
        };
        let headline = cut(&headline);
        Page {
            headline,
            reading,
            ..Page::bare(area, url, html, base, scan)
        }
    }

    /// A page of which nothing is read but these elements.
    pub(super) fn outlined(
        area: Area,
        url: &'a Url,
        html: &'a str,
        encoding: &'static Encoding,
        elements: Vec<Element>,
    ) -> Page<'a> {
        let mut scan = Scan::default();
        scan.elements = elements;
        let declared = scan.named("base").find_map(|base| base.get("href"));
        let base = Base::new(url, declared, encoding);
        let mut page = Page::bare(area, url, html, base, scan);
        page.reading.charset = super::charset::name(encoding);
        page
    }

    fn bare(area: Area, url: &'a Url, html: &'a str, base: Base, scan: Scan) -> Page<'a> {
        Page {
            area,
            url,
            html,
            base,
            scan,
            headline: String::new(),
            reading: Reading::default(),
            player: false,
            links: HashMap::new(),
            offers: HashMap::new(),
        }
    }

    /// Adds a link; the first naming of an address counts, but a stronger reason to follow it replaces a weaker.
    pub fn link(&mut self, address: &str, rel: Rel, no_follow: bool, text: &str) {
        if let Some(url) = self.base.web(address) {
            self.link_to(url, rel, no_follow, text);
        }
    }

    pub fn link_to(&mut self, mut url: Url, rel: Rel, no_follow: bool, text: &str) {
        url.set_fragment(None);
        if let Some(&known) = self.links.get(&url) {
            let known = &mut self.reading.links[known];
            if matches!(rel, Rel::Player | Rel::Next | Rel::Refresh)
                && matches!(known.rel, Rel::Page | Rel::Frame)
            {
                known.rel = rel;
            }
            // A page that recommends an address anywhere does not disown it.
            known.no_follow &= no_follow;
            if known.text.is_empty() {
                known.text = cut(text);
            }
        } else if self.reading.links.len() < MAX_LINKS {
            self.links.insert(url.clone(), self.reading.links.len());
            self.reading.links.push(Link {
                url,
                rel,
                no_follow,
                text: cut(text),
            });
        } else if !self.reading.remarks.iter().any(|remark| remark.contains("links")) {
            self.reading
                .remarks
                .push(format!("more than {MAX_LINKS} links; the rest were not kept"));
        }
    }

    /// Adds an offer, or what is new in it to the one already known. The place of the offer is given back.
    pub fn offer(&mut self, mut offer: Offer) -> Option<usize> {
        offer.url.set_fragment(None);
        offer.title = cut(&fold(&offer.title));
        let key = (offer.url.clone(), offer.medium);
        if let Some(&known) = self.offers.get(&key) {
            let old = &mut self.reading.offers[known];
            for (old, new) in [
                (&mut old.title, offer.title),
                (&mut old.uploader, offer.uploader),
                (&mut old.author, offer.author),
                (&mut old.credit, offer.credit),
                (&mut old.published, offer.published),
                (&mut old.pass_code, offer.pass_code),
            ] {
                if old.is_empty() {
                    *old = new;
                }
            }
            if old.access == Access::File && offer.access != Access::File {
                old.access = offer.access;
            }
            for (fact, value) in offer.facts {
                if !old.facts.iter().any(|(known, _)| *known == fact) {
                    old.facts.push((fact, value));
                }
            }
            return Some(known);
        }
        if self.reading.offers.len() >= MAX_OFFERS {
            if !self
                .reading
                .remarks
                .iter()
                .any(|remark| remark.contains("offers"))
            {
                self.reading
                    .remarks
                    .push(format!("more than {MAX_OFFERS} offers; the rest were not kept"));
            }
            return None;
        }
        self.offers.insert(key, self.reading.offers.len());
        self.reading.offers.push(offer);
        Some(self.reading.offers.len() - 1)
    }

    /// Offers what hides behind a string, if it is promised to be a medium: by its own name, or by `hint`.
    ///
    /// True if it was. Pictures are not taken this way: scripts name a page's icons by the dozen.
    pub fn offer_behind(&mut self, text: &str, hint: Option<(Medium, Access)>, title: &str) -> bool {
        let mut any = false;
        for Reached { address, title: own } in reach(text) {
            let title = match (own.is_empty(), title.is_empty()) {
                (true, _) => title.to_owned(),
                (false, true) => own,
                (false, false) => format!("{title} {own}"),
            };
            any |= self.offer_at(&address, hint, &title);
        }
        any
    }

    /// Offers one address, if it is promised to be a medium other than a picture.
    pub fn offer_at(&mut self, address: &str, hint: Option<(Medium, Access)>, title: &str) -> bool {
        let (medium, access) = match (promise(address), hint) {
            (Promise::Media(Medium::Image, _) | Promise::Other | Promise::Archive, _) => return false,
            (Promise::Media(medium, access), None) => (medium, access),
            // A `.m3u8` may be a song's; a name's container is surer than a tag's.
            (Promise::Media(medium, access), Some((hinted, _))) => match (medium, hinted) {
                (Medium::Video, Medium::Audio) => (Medium::Audio, access),
                _ => (medium, access),
            },
            (Promise::Unknown, Some(hint)) => hint,
            (Promise::Unknown, None) => return false,
        };
        let Some(url) = self.base.join(address) else {
            return false;
        };
        let reachable = matches!(url.scheme(), "http" | "https") && url.has_host();
        let access = match url.scheme() {
            "magnet" | "ed2k" => Access::Torrent,
            _ if reachable => access,
            _ => return false,
        };
        let medium = if access == Access::Torrent {
            self.torrent_medium(title, &url)
        } else {
            self.by_area(medium, address)
        };
        let mut offer = Offer::new(url, medium, access);
        offer.title = if title.is_empty() {
            self.headline.clone()
        } else {
            title.to_owned()
        };
        self.offer(offer).is_some()
    }

    /// What a torrent promises: the name inside it, else the area's own medium.
    fn torrent_medium(&self, title: &str, url: &Url) -> Medium {
        let name = url
            .query_pairs()
            .find(|(key, _)| key == "dn")
            .map(|(_, name)| name.into_owned());
        match [name.as_deref(), Some(title)]
            .into_iter()
            .flatten()
            .map(promise)
            .find(|p| matches!(p, Promise::Media(..)))
        {
            Some(Promise::Media(medium, _)) => medium,
            _ => self.own_medium(),
        }
    }

    /// The medium that the area is about.
    pub fn own_medium(&self) -> Medium {
        match self.area {
            Area::Music => Medium::Audio,
            Area::News | Area::Literature | Area::PublicAccount => Medium::Text,
            Area::Pictures => Medium::Image,
            _ => Medium::Video,
        }
    }

    /// A playlist without pictures on a music site is sound: `.m3u8` and `.mp4` name containers, not media.
    fn by_area(&self, medium: Medium, address: &str) -> Medium {
        let stream = medium == Medium::Video && (address.contains(".m3u8") || address.contains(".ts"));
        if stream && self.area == Area::Music {
            Medium::Audio
        } else {
            medium
        }
    }

    /// A frame: what it plays by its own address, else a link to follow.
    pub fn frame(&mut self, address: &str, player_words: &str) {
        let address = address.trim();
        let found = self.offer_behind(address, None, "");
        let Some(url) = self.base.web(address) else { return };
        let rel = if found || self.plays(&url, player_words) {
            Rel::Player
        } else {
            Rel::Frame
        };
        if rel == Rel::Player {
            self.player = true;
        }
        if matches!(promise(address), Promise::Unknown | Promise::Other) {
            self.link_to(url, rel, false, "");
        }
    }

    /// Does a frame at this address, whose tag says these words, hold a player?
    fn plays(&self, url: &Url, words: &str) -> bool {
        const WORDS: [&str; 12] = [
            "player",
            "play",
            "video",
            "embed",
            "m3u8",
            "jiexi",
            "parse",
            "movie",
            "stream",
            "watch",
            "allowfullscreen",
            "audio",
        ];
        let address = format!("{}{}", url.host_str().unwrap_or_default(), url.path()).to_ascii_lowercase();
        let words = words.to_ascii_lowercase();
        let named = WORDS
            .iter()
            .any(|word| address.contains(word) || words.contains(word));
        let share = ["/share/", "/v/", "/e/"]
            .iter()
            .any(|part| url.path().contains(part));
        (named || share)
            && !["comment", "captcha", "analytics", "googletag", "doubleclick"]
                .iter()
                .any(|word| address.contains(word))
    }

    /// The hint of a media type, if it is one of sound or moving pictures.
    pub fn hint(kind: Option<&str>) -> Option<(Medium, Access)> {
        kind.and_then(promise_of_type)
            .filter(|(medium, _)| matches!(medium, Medium::Video | Medium::Audio))
    }
}

/// White space folded, cut to what people need.
pub(super) fn cut(text: &str) -> String {
    let folded = fold(text);
    match folded.char_indices().nth(MAX_WORDS) {
        Some((at, _)) => folded[..at].to_owned(),
        None => folded,
    }
}
