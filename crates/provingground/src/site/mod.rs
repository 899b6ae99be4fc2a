//! Fills one site with pages: copies, decoys and innocent things, and what every site has.

mod offers;
mod others;
mod texts;

use crate::cast::{self, Member};
use crate::dice::Dice;
use crate::grammar::Grammar;
use crate::ground::host_name;
use crate::pages::{Card, Face, Kind, Link, Page};
use crate::plan::{Declared, SiteRow};
use crate::stock::{Deck, Stock};
use crate::truth::Truth;
use crate::web::{Farewell, Fault, Host, Resource, media_type};
use crate::workshop::Workshop;
use std::collections::BTreeMap;
use std::path::Path;
use swordnet_core::{Date, Lang, Timestamp};

/// What all sites are made with.
pub struct Means<'a> {
    pub works: &'a [Member],
    pub stock: &'a Stock,
    pub shop: &'a mut Workshop,
    pub truth: &'a mut Truth,
    pub deck: &'a mut Deck,
}

/// Fills one site.
pub struct SiteMaker<'a> {
    row: &'a SiteRow,
    dice: Dice,
    today: Date,
    works: &'a [Member],
    stock: &'a Stock,
    shop: &'a mut Workshop,
    truth: &'a mut Truth,
    deck: &'a mut Deck,
    name: String,
    cdn: Option<Host>,
    host: Host,
    /// Entries of the lists, each with what it shows as a thumbnail of a copy.
    entries: Vec<(Card, Option<usize>)>,
    forbidden: Vec<Card>,
    number: usize,
}

impl<'a> SiteMaker<'a> {
    /// An empty site of the plan's row.
    pub fn new(row: &'a SiteRow, seed: u64, start: Timestamp, means: Means<'a>) -> Self {
        let Means {
            works,
            stock,
            shop,
            truth,
            deck,
        } = means;
        let mut dice = Dice::new(seed, &format!("site {}", row.host));
        let name = host_name(&row.host);
        let zh = row.lang == Lang::Zh;
        let charset = match (row.declared, row.charset.as_str()) {
            (Declared::Page, "gb18030") => (*dice.pick(&["gb2312", "gbk", "gb18030"])).to_owned(),
            (Declared::Page, other) => other.to_owned(),
            _ => String::new(),
        };
        let filing = match row.region.get(..2) {
            Some(region) => format!(
                "{}ICP备{}号-{}",
                province(region),
                dice.from(9_000_000, 17_999_999),
                dice.from(1, 9)
            ),
            None => String::new(),
        };
        let nav = if zh {
            [
                ("/", "首页"),
                ("/list/1.html", "最新更新"),
                ("/about.html", "关于我们"),
            ]
        } else {
            [
                ("/", "Home"),
                ("/list/1.html", "Latest"),
                ("/about.html", "About"),
            ]
        };
        let face = Face {
            name: row.name.clone(),
            host: name.clone(),
            theme: row.theme.clone(),
            zh,
            charset,
            nav: nav.iter().map(|(href, text)| Link::new(*href, *text)).collect(),
            filing,
        };
        let host = |face: Face, dice: &mut Dice| Host {
            face,
            charset: row.charset.clone(),
            declared: row.declared,
            gzip: row.gzip,
            delay: if row.quirks.iter().any(|q| q == "slow") {
                250
            } else {
                0
            },
            trap: row.quirks.iter().any(|q| q == "trap"),
            farewell: *dice.pick(&[Farewell::NotFound, Farewell::Gone, Farewell::Notice]),
            tree: BTreeMap::new(),
            folders: BTreeMap::new(),
        };
        let cdn = row.cdn.then(|| {
            let face = Face {
                host: format!("cdn.{name}"),
                ..face.clone()
            };
            host(face, &mut dice)
        });
        let host = host(face, &mut dice);
        Self {
            row,
            today: cast::day(start, 0),
            works,
            stock,
            shop,
            truth,
            deck,
            name,
            cdn,
            host,
            dice,
            entries: vec![],
            forbidden: vec![],
            number: 100,
        }
    }

    /// Fills it; the second host is the one where its files lie, if they do.
    pub fn make(mut self) -> (Host, Option<Host>) {
        for item in &self.row.items {
            match &item.decoy {
                Some(kind) => self.decoy(item, kind),
                None => self.copy(item),
            }
            if item.twice {
                self.copy(item);
            }
        }
        for index in 0..self.row.innocent {
            self.innocent(index);
        }
        for _ in 0..self.row.bare {
            self.bare();
        }
        self.quirks();
        self.lists();
        self.robots();
        (self.host, self.cdn)
    }

    fn work(&self, label: &str) -> &'a Member {
        self.works
            .iter()
            .find(|w| w.label == label)
            .unwrap_or(&self.works[0])
    }

    fn say(&mut self, rule: &str, topic: &str) -> String {
        Grammar::of(self.row.lang).say(rule, topic, &mut self.dice)
    }

    fn date(&mut self) -> String {
        let day = self
            .today
            .checked_sub(jiff::Span::new().days(self.dice.from(1, 20)))
            .unwrap_or(self.today);
        let (hour, minute) = (self.dice.from(6, 22), self.dice.from(10, 59));
        match (self.row.theme.as_str(), self.row.lang) {
            ("portal", Lang::Zh) => format!(
                "{}年{:02}月{:02}日 {hour:02}:{minute}",
                day.year(),
                day.month(),
                day.day()
            ),
            _ => format!("{day} {hour:02}:{minute}"),
        }
    }

    /// The path of the next page, as sites of this theme write them.
    fn path(&mut self, forbidden: bool) -> String {
        self.number += self.dice.from(1, 9) as usize;
        let n = self.number;
        if forbidden {
            return format!("{}{n}.html", self.row.robots.as_deref().unwrap_or("/hidden/"));
        }
        match self.row.theme.as_str() {
            "maccms" => format!("/index.php/vod/play/id/{n}/sid/1/nid/1.html"),
            "tube" => format!("/watch?v={:08x}", self.dice.bits() as u32),
            "songs" => format!("/song/{n}.html"),
            "portal" => format!(
                "/{}/{:02}-{:02}/{n}.shtml",
                self.today.year(),
                self.today.month(),
                self.today.day()
            ),
            "columns" => format!("/article/{n}"),
            "novels" => format!("/book/{n}/"),
            "gallery" => format!("/photo/{n}.html"),
            "drive" => format!("/s/1{:07x}", self.dice.bits() as u32),
            _ => format!("/archives/{n}.html"),
        }
    }

    /// Puts a file on the site (or its other host) and returns its address as pages name it.
    fn put(&mut self, file: &Path, copy: Option<usize>, moved: bool) -> String {
        let extension = file
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let id = format!("{:010x}", self.dice.bits() >> 24);
        let (host, prefix) = match &mut self.cdn {
            Some(cdn) => (cdn, format!("http://cdn.{}", self.name)),
            None => (&mut self.host, String::new()),
        };
        if extension == "m3u8" {
            let folder = file.parent().unwrap_or(file).to_path_buf();
            host.folders.insert(format!("/hls/{id}/"), (folder, copy, moved));
            return format!("{prefix}/hls/{id}/index.m3u8");
        }
        let path = format!("/uploads/{}/{id}.{extension}", self.today.year());
        let resource = Resource::File {
            file: file.into(),
            media_type: media_type(&extension),
            copy,
            moved,
        };
        host.tree.insert(path.clone(), resource);
        format!("{prefix}{path}")
    }

    fn absolute(&self, address: &str) -> String {
        if address.contains("://") {
            address.to_owned()
        } else {
            format!("http://{}{address}", self.name)
        }
    }

    fn player(&mut self) -> String {
        if self.row.players.is_empty() {
            return String::new();
        }
        self.row.players[self.number % self.row.players.len()].clone()
    }

    fn quirks(&mut self) {
        if !self.row.quirks.iter().any(|q| q == "broken") {
            return;
        }
        // The page that holds the copy answers at the second attempt only.
        if let Some((card, _)) = self.entries.first() {
            let (path, real) = (card.href.clone(), format!("/real{}", card.href));
            if let Some(page) = self.host.tree.remove(&path) {
                self.host.tree.insert(real, page);
                self.host.tree.insert(path, Resource::Broken(Fault::Flaky));
            }
        }
        for (path, fault) in [
            ("/error/1.html", Fault::Error),
            ("/error/2.html", Fault::Cut),
            ("/error/3.html", Fault::Drip),
        ] {
            self.host.tree.insert(path.into(), Resource::Broken(fault));
            let title = self.say("film_title", "");
            self.entries.push((
                Card {
                    href: path.into(),
                    title,
                    ..Card::default()
                },
                None,
            ));
        }
    }

    /// Home page, list pages, the page about the site.
    fn lists(&mut self) {
        self.dice.shuffle(&mut self.entries);
        let size = 7;
        let count = self.entries.len().div_ceil(size).max(1);
        let title = self.row.name.clone();
        for index in 0..count {
            let path = format!("/list/{}.html", index + 1);
            let slice = &self.entries
                [(index * size).min(self.entries.len())..((index + 1) * size).min(self.entries.len())];
            for (_, copy) in slice.iter().filter(|(c, _)| !c.thumb.is_empty()) {
                if let Some(i) = *copy {
                    self.truth.copies[i].also_on.push(path.clone());
                }
            }
            let mut cards: Vec<Card> = slice.iter().map(|(c, _)| c.clone()).collect();
            if index == 0 {
                cards.extend(self.forbidden.clone());
            }
            let mut pager: Vec<Link> = (0..count)
                .filter(|_| count > 1)
                .map(|i| Link::new(format!("/list/{}.html", i + 1), format!("{}", i + 1)))
                .collect();
            if index + 1 < count {
                pager.push(Link::new(
                    format!("/list/{}.html", index + 2),
                    if self.row.lang == Lang::Zh {
                        "下一页"
                    } else {
                        "Next"
                    },
                ));
            }
            let page = Page {
                kind: Kind::List,
                title: format!("{title} {}", index + 1),
                cards,
                pager,
                ..Page::default()
            };
            self.host.tree.insert(path, Resource::Page(page.into()));
        }
        // The home page shows some entries again, without pictures of copies, so that a copy has one list.
        let mut cards: Vec<Card> = self
            .entries
            .iter()
            .filter(|(c, copy)| copy.is_none() || c.thumb.is_empty())
            .take(5)
            .map(|(c, _)| c.clone())
            .collect();
        if self.host.trap {
            let (year, month) = (self.today.year(), self.today.month());
            cards.push(Card {
                href: format!("/calendar/{year}/{month}/"),
                title: "活动日历".into(),
                ..Card::default()
            });
        }
        let more = if self.row.lang == Lang::Zh {
            "更多"
        } else {
            "More"
        };
        let home = Page {
            kind: Kind::List,
            title: title.clone(),
            cards,
            pager: vec![Link::new("/list/1.html", more)],
            ..Page::default()
        };
        self.host.tree.insert("/".into(), Resource::Page(home.into()));
        self.host
            .tree
            .insert("/index.html".into(), Resource::Redirect("/".into()));
        let about = match self.row.lang {
            Lang::Zh => format!("{title}是一个为用户提供信息服务的网站。"),
            Lang::En => format!("{title} is a service for its users."),
        };
        let page = Page {
            kind: Kind::Article,
            title,
            paragraphs: vec![about],
            ..Page::default()
        };
        self.host
            .tree
            .insert("/about.html".into(), Resource::Page(page.into()));
    }

    fn robots(&mut self) {
        let text = match &self.row.robots {
            Some(path) => format!("User-agent: *\nDisallow: {path}\nDisallow: /search\n"),
            None if self.dice.chance(0.4) => "User-agent: *\nDisallow: /admin/\nAllow: /\n".to_owned(),
            None => return,
        };
        self.host
            .tree
            .insert("/robots.txt".into(), Resource::Text(text, "text/plain"));
    }
}

/// The short name of the province whose GB/T 2260 code begins with these digits, as filings write it.
fn province(code: &str) -> &'static str {
    match code {
        "11" => "京",
        "13" => "冀",
        "21" => "辽",
        "31" => "沪",
        "32" => "苏",
        "33" => "浙",
        "34" => "皖",
        "35" => "闽",
        "36" => "赣",
        "37" => "鲁",
        "41" => "豫",
        "42" => "鄂",
        "43" => "湘",
        "44" => "粤",
        "45" => "桂",
        "46" => "琼",
        "50" => "渝",
        "51" => "川",
        "53" => "滇",
        "61" => "陕",
        "64" => "宁",
        _ => "京",
    }
}
