//! Builds the ground: fills the plan's sites with pages, copies, decoys and innocent things, and writes down the truth.

use crate::cast::{self, Material, Member, Names};
use crate::dice::Dice;
use crate::folder::Folder;
use crate::grammar::{self, Grammar, Prose, TOPICS};
use crate::pages::{Card, Face, Kind, Link, Offer, Page};
use crate::plan::{ItemRow, Plan, SiteRow, Stream};
use crate::recipe::{self, Original, Surroundings, Way};
use crate::rewrite::{Rewriting, rewrite};
use crate::rights::Parties;
use crate::truth::{Answer, Copy, Decoy, Forbidden, SiteTruth, Truth, WorkTruth};
use crate::web::{Farewell, Fault, Host, Resource, media_type};
use crate::workshop::{How, Workshop};
use crate::{Error, Options, Progress};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use swordnet_core::{
    Area, Date, Exemption, Lang, Licence, Medium, Site, Verdict, WarningList, WhiteListEntry, WorkId,
    WorkKind,
};

/// A work as it is to be registered.
#[derive(Clone, Debug)]
pub struct PlannedWork {
    /// Its identifier, by [`swordnet_core::Work::id_of`].
    pub id: WorkId,
    /// Title.
    pub title: String,
    /// Other titles.
    pub aliases: Vec<String>,
    /// Kind.
    pub kind: WorkKind,
    /// Holder.
    pub holder: String,
    /// First published.
    pub published: Option<Date>,
    /// Why it is free for all, if it is.
    pub exemption: Option<Exemption>,
    /// Reference copies.
    pub files: Vec<PathBuf>,
    /// Where they come from: `rendered`, or file and part.
    pub source: String,
}

/// The ground.
#[derive(Debug)]
pub struct Ground {
    /// Works to be registered.
    pub works: Vec<PlannedWork>,
    /// Licences.
    pub licences: Vec<Licence>,
    /// White list.
    pub white_list: Vec<WhiteListEntry>,
    /// Pre-warning lists.
    pub warning_lists: Vec<WarningList>,
    /// Sites to be checked.
    pub sites: Vec<Site>,
    /// The truth.
    pub truth: Truth,
    pub(crate) hosts: HashMap<String, Host>,
    pub(crate) unreachable: Vec<String>,
}

/// Draws the ground and makes its media; what `options.dir` already holds is used again. Writes `truth.json` there.
///
/// # Errors
/// When a folder cannot be read or written, or ffmpeg fails.
pub fn build(options: &Options, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Ground, Error> {
    let (ground, shop, names) = drawn(options)?;
    shop.make(progress)?;
    for (made, file) in &names {
        if !file.exists() {
            let folder = file.parent().unwrap_or(&options.dir);
            std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
            let draft = file.with_extension("part");
            std::fs::copy(made, &draft).map_err(|e| Error::io(&draft, e))?;
            std::fs::rename(&draft, file).map_err(|e| Error::io(file, e))?;
        }
    }
    let path = options.dir.join("truth.json");
    let truth = serde_json::to_vec_pretty(&ground.truth).unwrap_or_default();
    std::fs::write(&path, truth).map_err(|e| Error::io(&path, e))?;
    Ok(ground)
}

/// The ground without its media: trees and truth are complete, files are named and not made.
///
/// # Errors
/// When the media folder cannot be read.
pub fn plan(options: &Options) -> Result<Ground, Error> {
    drawn(options).map(|(ground, ..)| ground)
}

type Renamed = Vec<(PathBuf, PathBuf)>;

fn drawn(options: &Options) -> Result<(Ground, Workshop, Renamed), Error> {
    let plan = Plan::built_in();
    let seed = options.seed;
    let mut shop = Workshop::new(&options.dir.join("media"), &options.ffmpeg);
    let folder = options
        .media
        .as_ref()
        .map(|dir| Folder::read(dir, &options.ffmpeg, seed))
        .transpose()?;
    let mut names = Names::new(seed);
    let works = cast::draw(&plan, seed, options.start, &mut names, folder, &mut shop);
    let holders: HashMap<_, _> = works
        .iter()
        .map(|w| (w.label.clone(), w.holder.clone()))
        .collect();
    let operators: BTreeMap<String, String> = plan
        .site
        .iter()
        .map(|row| {
            let holder = row
                .operator
                .as_ref()
                .and_then(|o| o.strip_prefix("holder:"))
                .and_then(|l| holders.get(l));
            let own = if row.lang == Lang::Zh {
                format!("{}网络科技有限公司", row.name)
            } else {
                format!("{} Media Ltd", row.name)
            };
            (row.host.clone(), holder.cloned().unwrap_or(own))
        })
        .collect();
    let parties = Parties {
        works: &works,
        operators: &operators,
        start: options.start,
    };
    let (licences, white_list) = (
        parties.licences(&plan, &mut names),
        parties.white_list(&plan, &mut names),
    );
    let warning_lists = parties.warning_lists(&plan);

    let mut truth = Truth {
        seed,
        start: options.start,
        works: vec![],
        sites: vec![],
        copies: vec![],
        decoys: vec![],
        forbidden: vec![],
    };
    let stock = Stock::ordered(seed, &mut shop);
    let mut deck = Deck::shuffled(seed);
    let (mut hosts, mut sites, mut unreachable) = (HashMap::new(), Vec::new(), Vec::new());
    for row in &plan.site {
        let maker = SiteMaker::new(
            row,
            seed,
            options.start,
            &works,
            &stock,
            &mut shop,
            &mut truth,
            &mut deck,
        );
        let (host, cdn) = maker.make();
        let name = host.face.host.clone();
        let start = format!("http://{name}/");
        let site = Site {
            id: Site::id_of(&format!("http://{name}")),
            name: row.name.clone(),
            start,
            area: row.area,
            service: row.service,
            operator: operators[&row.host].clone(),
            region: row.region.clone(),
            supervised: row.supervised,
            registered_at: options.start,
        };
        let on_site = truth.copies.iter().filter(|c| c.host == name);
        truth.sites.push(SiteTruth {
            id: site.id.clone(),
            host: name.clone(),
            name: row.name.clone(),
            area: row.area,
            reachable: !row.quirks.iter().any(|q| q == "unreachable"),
            pages: host
                .pages()
                .filter(|(path, _)| row.robots.as_ref().is_none_or(|r| !path.starts_with(r.as_str())))
                .count(),
            copies: on_site.clone().count(),
            infringing: on_site.clone().any(|c| c.verdict == Verdict::Infringing),
            quirks: row.quirks.clone(),
        });
        if row.quirks.iter().any(|q| q == "unreachable") {
            unreachable.push(name.clone());
        }
        sites.push(site);
        hosts.insert(name, host);
        hosts.extend(cdn.map(|cdn| (cdn.face.host.clone(), cdn)));
    }
    answers(seed, &plan, &mut truth);
    truth.works = works
        .iter()
        .map(|w| WorkTruth {
            id: w.id.clone(),
            label: w.label.clone(),
            title: w.title.clone(),
            source: w.source.clone(),
            copies: truth.copies.iter().filter(|c| c.work == w.id).count(),
        })
        .collect();
    let (works, renamed) = registered(&works, &options.dir);
    Ok((
        Ground {
            works,
            licences,
            white_list,
            warning_lists,
            sites,
            truth,
            hosts,
            unreachable,
        },
        shop,
        renamed,
    ))
}

/// The works as they are registered: reference copies under names that people can read.
fn registered(works: &[Member], dir: &Path) -> (Vec<PlannedWork>, Renamed) {
    let mut renamed = Vec::new();
    let planned = works
        .iter()
        .map(|w| {
            let made = w.file();
            let stem: String = w
                .title
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == ' ')
                .take(40)
                .collect();
            let key = made.file_stem().unwrap_or_default().to_string_lossy();
            let extension = made.extension().unwrap_or_default().to_string_lossy();
            let file = dir
                .join("works")
                .join(&key[..8.min(key.len())])
                .join(format!("{}.{extension}", stem.trim()));
            renamed.push((made.clone(), file.clone()));
            PlannedWork {
                id: w.id.clone(),
                title: w.title.clone(),
                aliases: w.aliases.clone(),
                kind: w.kind,
                holder: w.holder.clone(),
                published: Some(w.published),
                exemption: w.exemption,
                files: vec![file],
                source: w.source.clone(),
            }
        })
        .collect();
    (planned, renamed)
}

/// Deals answers to the infringing copies: each kind of answer occurs, most platforms obey.
fn answers(seed: u64, plan: &Plan, truth: &mut Truth) {
    let mut dice = Dice::new(seed, "answers");
    let dark: Vec<String> = plan
        .site
        .iter()
        .filter(|s| s.dark)
        .map(|s| host_name(&s.host))
        .collect();
    let open = |c: &&mut Copy| c.verdict == Verdict::Infringing;
    let count = truth.copies.iter_mut().filter(|c| open(c)).count();
    let mut deal: Vec<u8> = (0..count)
        .map(|i| [0, 0, 1, 0, 2, 0, 3, 0, 4, 0][i % 10])
        .collect();
    dice.shuffle(&mut deal);
    for (copy, kind) in truth.copies.iter_mut().filter(open).zip(deal) {
        let movable = copy.moves_to.is_some();
        let answer = match kind {
            _ if dark.contains(&copy.host) => Answer::GoesDark { hours: 12 },
            1 => Answer::Late {
                hours: dice.from(6, 40) as u32,
            },
            2 => Answer::Never,
            3 if movable => Answer::Moves {
                hours: dice.from(3, 20) as u32,
            },
            4 => Answer::ComesBack {
                gone_after: dice.from(2, 18) as u32,
                back_after: dice.from(24, 30) as u32,
            },
            _ => Answer::WithinDeadline {
                hours: dice.from(1, 22) as u32,
            },
        };
        if !matches!(answer, Answer::Moves { .. }) {
            copy.moves_to = None;
        }
        copy.answer = Some(answer);
        copy.outcomes = Copy::timeline(answer);
    }
    for copy in truth
        .copies
        .iter_mut()
        .filter(|c| c.verdict != Verdict::Infringing)
    {
        copy.moves_to = None;
    }
}

pub(crate) fn host_name(label: &str) -> String {
    format!("{label}.site.test")
}

/// What nobody has registered: the innocent things, and what surrounds excerpts.
struct Stock {
    films: Vec<PathBuf>,
    songs: Vec<PathBuf>,
    pictures: Vec<PathBuf>,
}

impl Stock {
    fn ordered(seed: u64, shop: &mut Workshop) -> Self {
        let mut dice = Dice::new(seed, "stock");
        let films = (0..8)
            .map(|_| shop.order(How::Film(dice.bits(), 16.0), "mp4", "other films"))
            .collect();
        let songs = (0..7)
            .map(|_| shop.order(How::Song(dice.bits(), dice.bits(), 24.0), "mp3", "other music"))
            .collect();
        let pictures = (0..16)
            .map(|_| shop.order(How::Picture(dice.bits(), 720, 480), "jpg", "other pictures"))
            .collect();
        Self {
            films,
            songs,
            pictures,
        }
    }
}

/// The recipes that the plan leaves to chance, one deck a medium.
struct Deck {
    films: Vec<&'static str>,
    songs: Vec<&'static str>,
    texts: Vec<&'static str>,
    pictures: Vec<&'static str>,
}

impl Deck {
    fn shuffled(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "recipes");
        let mut shuffled = |list: &[&'static str]| {
            let mut list = list.to_vec();
            dice.shuffle(&mut list);
            list
        };
        Self {
            films: shuffled(&[
                "lowrate crop",
                "mirror",
                "speed lowrate",
                "logo crop",
                "subtitles mirror",
                "letterbox",
                "inside",
                "speed logo",
            ]),
            songs: shuffled(&["mp3", "opus", "aac excerpt", "faster", "pitch", "camcord"]),
            texts: shuffled(&[
                "reorder headline",
                "synonyms trim",
                "traditional",
                "headline synonyms reorder",
            ]),
            pictures: shuffled(&[
                "crop watermark",
                "mirror resize",
                "recolour crop",
                "watermark recolour",
            ]),
        }
    }

    /// The next recipe; the deck goes round.
    fn next(&mut self, medium: Medium) -> &'static str {
        let list = match medium {
            Medium::Video => &mut self.films,
            Medium::Audio => &mut self.songs,
            Medium::Text => &mut self.texts,
            Medium::Image => &mut self.pictures,
        };
        list.rotate_left(1);
        list[0]
    }
}

/// Fills one site.
struct SiteMaker<'a> {
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
    #[allow(clippy::too_many_arguments)]
    fn new(
        row: &'a SiteRow,
        seed: u64,
        start: jiff::Timestamp,
        works: &'a [Member],
        stock: &'a Stock,
        shop: &'a mut Workshop,
        truth: &'a mut Truth,
        deck: &'a mut Deck,
    ) -> Self {
        let mut dice = Dice::new(seed, &format!("site {}", row.host));
        let name = host_name(&row.host);
        let zh = row.lang == Lang::Zh;
        let charset = match (row.declared, row.charset.as_str()) {
            (crate::plan::Declared::Page, "gb18030") => {
                (*dice.pick(&["gb2312", "gbk", "gb18030"])).to_owned()
            }
            (crate::plan::Declared::Page, other) => other.to_owned(),
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

    fn make(mut self) -> (Host, Option<Host>) {
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

    /// A copy of a work: what the plan's row asks for.
    fn copy(&mut self, item: &ItemRow) {
        let work = self.work(&item.work);
        let how = if item.how == "*" {
            self.deck.next(work.medium())
        } else {
            item.how.as_str()
        };
        let mut ways = Way::read(how).unwrap_or_default();
        if item.retitle {
            ways.push(Way::Retitle);
        }
        match &work.material {
            Material::Timed(original) => self.timed(item, work, original, &ways),
            Material::Still(file) => {
                let made = recipe::picture(self.shop, file, &ways, &mut self.dice);
                self.offered(item, work, &ways, &made, None);
            }
            Material::Text(texts, _) if item.file.is_some() => self.text_file(item, work, texts, &ways),
            Material::Text(texts, _) if texts.len() > 1 => self.novel(item, work, texts, &ways),
            Material::Text(texts, _) => {
                if let Some(text) = texts.first() {
                    self.reprint(item, work, text, &ways);
                }
            }
        }
    }

    fn timed(&mut self, item: &ItemRow, work: &Member, original: &Original, ways: &[Way]) {
        let film = work.medium() == Medium::Video;
        let pool = if film {
            &self.stock.films
        } else {
            &self.stock.songs
        };
        let first = self.dice.below(pool.len());
        let around = Surroundings {
            before: &pool[first],
            after: &pool[(first + 1) % pool.len()],
        };
        let make = if film { recipe::film } else { recipe::song };
        let (made, part) = make(self.shop, original, ways, &around, &mut self.dice);
        self.offered(item, work, ways, &made, Some(part));
    }

    fn text_file(&mut self, item: &ItemRow, work: &Member, texts: &[Prose], ways: &[Way]) {
        let lines: Vec<String> = texts
            .iter()
            .flat_map(|t| {
                [
                    vec![t.title.clone(), String::new()],
                    t.lines(work.lang),
                    vec![String::new()],
                ]
                .concat()
            })
            .collect();
        let text = lines.join("\r\n");
        let bytes = if item.file.as_deref() == Some("gb18030") {
            encoding_rs::GB18030.encode(&text).0.into_owned()
        } else {
            text.into_bytes()
        };
        let made = self.shop.order(How::Bytes(bytes), "txt", "texts");
        self.offered(item, work, ways, &made, None);
    }

    fn title_of(&mut self, work: &Member, ways: &[Way]) -> String {
        if ways.contains(&Way::Retitle) {
            let rule = match work.kind {
                WorkKind::Song => "song_title",
                WorkKind::Novel => "novel_title",
                WorkKind::Photograph => "photo_title",
                _ => "film_title",
            };
            return self.say(rule, "");
        }
        work.title.clone()
    }

    /// Writes a copy into the truth and returns its number; forbidden ones are no copies to be found.
    fn record(
        &mut self,
        item: &ItemRow,
        work: &Member,
        ways: &[Way],
        page_path: &str,
        offered_as: &str,
    ) -> Option<usize> {
        if item.forbidden {
            self.truth.forbidden.push(Forbidden {
                host: self.name.clone(),
                page_path: page_path.into(),
                urls: vec![],
                work: work.id.clone(),
            });
            return None;
        }
        self.truth.copies.push(Copy {
            host: self.name.clone(),
            page_path: page_path.into(),
            also_on: vec![],
            url_paths: vec![],
            urls: vec![],
            work: work.id.clone(),
            label: work.label.clone(),
            title: work.title.clone(),
            offered_as: offered_as.into(),
            medium: work.medium(),
            made_by: Way::describe(ways, Lang::En),
            made_by_zh: Way::describe(ways, Lang::Zh),
            part: None,
            verdict: item.verdict.unwrap_or(Verdict::Infringing),
            why: if item.why.is_empty() {
                "no_licence".into()
            } else {
                item.why.clone()
            },
            answer: None,
            moves_to: None,
            outcomes: vec![],
        });
        Some(self.truth.copies.len() - 1)
    }

    /// Notes an address of a copy, or of the last forbidden one.
    fn address(&mut self, copy: Option<usize>, address: &str) {
        let whole = self.absolute(address);
        match copy.and_then(|i| self.truth.copies.get_mut(i)) {
            Some(copy) => {
                copy.url_paths.push(crate::truth::split(&whole).1.to_owned());
                copy.urls.push(whole);
            }
            None => self.truth.forbidden.iter_mut().for_each(|f| {
                if f.host == self.name {
                    f.urls.push(whole.clone());
                }
            }),
        }
    }

    /// A page that offers a file which is a copy.
    fn offered(
        &mut self,
        item: &ItemRow,
        work: &Member,
        ways: &[Way],
        made: &Path,
        part: Option<(f64, f64)>,
    ) {
        let path = self.path(item.forbidden);
        let title = self.title_of(work, ways);
        let copy = self.record(item, work, ways, &path, &title);
        let (file, poster) = self.packed(work.medium(), made);
        let url = self.put(&file, copy, false);
        self.address(copy, &url);
        if let Some(index) = copy {
            let moved = self.put(&file, copy, true);
            let whole = self.absolute(&moved);
            let entry = &mut self.truth.copies[index];
            (entry.moves_to, entry.part) = (Some(whole), part);
        }
        self.media_page(
            path,
            title,
            work.medium(),
            url,
            poster,
            copy,
            &work.holder,
            item.forbidden,
        );
    }

    /// The form in which a site sends a file: as it is, or in segments; and what shows it in lists.
    fn packed(&mut self, medium: Medium, made: &Path) -> (PathBuf, Option<PathBuf>) {
        match medium {
            Medium::Video => {
                let poster = recipe::poster(self.shop, made);
                let file = match self.row.stream {
                    Stream::Hls => self.shop.order(How::Hls(made.into()), "m3u8", "streams"),
                    Stream::File => made.to_path_buf(),
                };
                (file, Some(poster))
            }
            Medium::Image => (made.to_path_buf(), Some(recipe::thumbnail(self.shop, made))),
            _ => (made.to_path_buf(), None),
        }
    }

    /// A page with one offer, with what belongs to it: a detail page before it, a framed player, a redirect in front.
    #[allow(clippy::too_many_arguments)]
    fn media_page(
        &mut self,
        path: String,
        title: String,
        medium: Medium,
        url: String,
        poster: Option<PathBuf>,
        copy: Option<usize>,
        artist: &str,
        forbidden: bool,
    ) {
        let thumb = poster.map(|p| {
            let picture = if medium == Medium::Image { copy } else { None };
            self.put(&p, picture, false)
        });
        if medium == Medium::Image
            && let (Some(thumb), Some(_)) = (&thumb, copy)
        {
            self.address(copy, thumb);
        }
        let (extension, mut shown) = (
            url.rsplit('.').next().unwrap_or_default().to_owned(),
            title.clone(),
        );
        let drive = self.row.theme == "drive";
        let mut url = url;
        if drive {
            shown = format!("{title}.{extension}");
            // Drives count downloads behind a redirect.
            let counted = format!("/d/{:08x}", self.dice.bits() as u32);
            self.host
                .tree
                .insert(counted.clone(), Resource::Redirect(url.clone()));
            if copy.is_some() || forbidden {
                self.address(copy, &counted);
            }
            if let Some(i) = copy {
                // The page names the redirect first.
                self.truth.copies[i].urls.rotate_right(1);
                self.truth.copies[i].url_paths.rotate_right(1);
            }
            url = counted;
        }
        let setup = if medium == Medium::Image && self.row.theme != "gallery" {
            "image".to_owned()
        } else {
            self.player()
        };
        let moved = copy
            .and_then(|i| self.truth.copies[i].moves_to.clone())
            .unwrap_or_default();
        let size = format!("{}.{} MB", self.dice.from(1, 900), self.dice.from(0, 9));
        let offer = Offer {
            copy,
            setup: setup.clone(),
            url,
            moved,
            poster: thumb.clone().unwrap_or_default(),
            title: shown.clone(),
            artist: artist.into(),
            size,
        };
        let mut page = Page {
            kind: Kind::Media,
            title: shown.clone(),
            ..self.dressed(medium, artist)
        };
        if setup == "iframe" {
            let frame = format!("/player/?id={}", self.number);
            let inner = Page {
                kind: Kind::Frame,
                title: title.clone(),
                offers: vec![Offer {
                    setup: "tag".into(),
                    ..offer
                }],
                ..Page::default()
            };
            self.host.tree.insert(frame.clone(), Resource::Page(inner.into()));
            if let Some(i) = copy {
                self.truth.copies[i].also_on.push(frame.clone());
            }
            (page.frame, page.framed) = (frame, copy);
        } else {
            page.offers.push(offer);
        }
        let mut href = path.clone();
        if self.row.theme == "maccms" && !forbidden {
            // A page about the film, which links the page that plays it.
            let about = format!("/index.php/vod/detail/id/{}.html", self.number);
            let detail = Page {
                around: vec![Link::new(path.clone(), "立即播放")],
                offers: vec![],
                ..page.clone()
            };
            self.host
                .tree
                .insert(about.clone(), Resource::Page(detail.into()));
            page.around = vec![Link::new(about.clone(), "简介")];
            href = about;
        } else if self.row.theme == "tube" && self.dice.chance(0.3) {
            href = format!("/go/{}", self.number);
            self.host
                .tree
                .insert(href.clone(), Resource::Redirect(path.clone()));
        }
        self.host.tree.insert(path, Resource::Page(page.into()));
        let note = self.note();
        let card = Card {
            href,
            title: shown,
            thumb: thumb.unwrap_or_default(),
            note,
            summary: String::new(),
        };
        if forbidden {
            self.forbidden.push(card);
        } else {
            self.entries
                .push((card, copy.filter(|_| medium == Medium::Image)));
        }
    }

    fn note(&mut self) -> String {
        match self.row.area {
            Area::Film if self.row.lang == Lang::Zh => {
                (*self
                    .dice
                    .pick(&["HD国语", "高清", "TC抢先版", "更新至12集", "BD1080P"]))
                .to_owned()
            }
            Area::Music => self.say("person", ""),
            Area::CloudStorage => format!(
                "{} {}",
                self.dice.from(2, 900),
                if self.row.lang == Lang::Zh {
                    "次下载"
                } else {
                    "downloads"
                }
            ),
            _ => self.date(),
        }
    }

    /// What stands around an offer.
    fn dressed(&mut self, medium: Medium, artist: &str) -> Page {
        let zh = self.row.lang == Lang::Zh;
        let date = self.date();
        let user = self.say("person", "");
        let labels: [(&str, String); 3] = match (self.row.area, zh) {
            (Area::Film, true) => [("类型", "剧情".into()), ("上传者", user), ("更新", date)],
            (Area::Film, false) => [
                ("Uploaded by", user),
                ("Published", date),
                ("Views", self.dice.from(90, 90_000).to_string()),
            ],
            (Area::Music, true) => [("歌手", artist.to_owned()), ("上传", user), ("时间", date)],
            (Area::Music, false) => [("Artist", artist.to_owned()), ("Added by", user), ("Date", date)],
            (Area::CloudStorage, true) => [
                ("分享者", user),
                ("提取码", format!("{:04x}", self.dice.bits() as u16)),
                ("分享时间", date),
            ],
            (Area::CloudStorage, false) => {
                [("Shared by", user), ("Expires", "never".into()), ("Shared", date)]
            }
            (_, true) => [
                ("上传用户", user),
                ("上传时间", date),
                ("浏览", self.dice.from(10, 9000).to_string()),
            ],
            (_, false) => [
                ("By", user),
                ("Uploaded", date),
                ("Views", self.dice.from(10, 9000).to_string()),
            ],
        };
        let blurb = if medium == Medium::Video || self.row.area == Area::CloudStorage {
            self.say("blurb", "rail")
        } else {
            String::new()
        };
        let comments = (0..self.dice.below(4)).map(|_| self.say("comment", "")).collect();
        Page {
            facts: labels.map(|(l, v)| (l.to_owned(), v)).to_vec(),
            blurb,
            comments,
            ..Page::default()
        }
    }

    /// A reprinted article.
    fn reprint(&mut self, item: &ItemRow, work: &Member, text: &Prose, ways: &[Way]) {
        let path = self.path(item.forbidden);
        let headline = Grammar::of(work.lang).say("headline", work.topic, &mut self.dice);
        let text = rewrite(text, work.lang, &rewritings(ways), &headline, &mut self.dice);
        let copy = self.record(item, work, ways, &path, &text.title);
        self.address(copy, &path);
        let credit = if item.credit {
            work.holder.clone()
        } else {
            String::new()
        };
        self.article(path, &text, work.lang, copy, credit, item.forbidden);
    }

    fn article(
        &mut self,
        path: String,
        text: &Prose,
        lang: Lang,
        copy: Option<usize>,
        credit: String,
        forbidden: bool,
    ) {
        let date = self.date();
        let author = if self.dice.chance(0.6) {
            self.say("person", "")
        } else {
            String::new()
        };
        let lines = text.lines(lang);
        let summary: String = lines.concat().chars().take(30).collect();
        let page = Page {
            kind: Kind::Article,
            title: text.title.clone(),
            copy,
            paragraphs: lines,
            author,
            date: date.clone(),
            credit,
            ..Page::default()
        };
        self.host.tree.insert(path.clone(), Resource::Page(page.into()));
        // Only some lists show the first words: a summary of 30 characters is a quotation.
        let summary = if self.row.theme == "columns" {
            format!("{summary}…")
        } else {
            String::new()
        };
        let card = Card {
            href: path,
            title: text.title.clone(),
            thumb: String::new(),
            note: date,
            summary,
        };
        if forbidden {
            self.forbidden.push(card)
        } else {
            self.entries.push((card, None))
        }
    }

    /// Some chapters of a novel, each a page of its own, under a table of contents.
    fn novel(&mut self, item: &ItemRow, work: &Member, texts: &[Prose], ways: &[Way]) {
        let title = self.title_of(work, ways);
        let count = item.chapters.clamp(1, texts.len());
        let first = self.dice.below(texts.len() - count + 1);
        let mut chapters = Vec::new();
        for text in &texts[first..first + count] {
            chapters.push((
                rewrite(text, work.lang, &rewritings(ways), &text.title, &mut self.dice),
                true,
            ));
        }
        self.book(title, work.lang, chapters, Some((item, work, ways)));
    }

    fn book(
        &mut self,
        title: String,
        lang: Lang,
        chapters: Vec<(Prose, bool)>,
        of: Option<(&ItemRow, &Member, &[Way])>,
    ) {
        let mut contents_path = self.path(false);
        if !contents_path.ends_with('/') {
            contents_path = contents_path.replace(".html", "/");
        }
        let author = self.say("person", "");
        let paths: Vec<String> = (0..chapters.len())
            .map(|i| format!("{contents_path}{}.html", 1001 + i))
            .collect();
        let mut links = Vec::new();
        for (index, (text, copied)) in chapters.iter().enumerate() {
            let path = paths[index].clone();
            let copy = match of {
                Some((item, work, ways)) if *copied => {
                    let copy = self.record(item, work, ways, &path, &text.title);
                    self.address(copy, &path);
                    copy
                }
                _ => None,
            };
            let (before, up, after) = if self.row.lang == Lang::Zh {
                ("上一章", "目录", "下一章")
            } else {
                ("Previous", "Contents", "Next")
            };
            let mut around = vec![Link::new(contents_path.clone(), up)];
            if index > 0 {
                around.insert(0, Link::new(paths[index - 1].clone(), before));
            }
            if index + 1 < paths.len() {
                around.push(Link::new(paths[index + 1].clone(), after));
            }
            let page = Page {
                kind: Kind::Article,
                title: format!("{title} {}", text.title),
                copy,
                paragraphs: text.lines(lang),
                around,
                ..Page::default()
            };
            self.host.tree.insert(path.clone(), Resource::Page(page.into()));
            links.push(Link::new(path, text.title.clone()));
        }
        let blurb = self.say("blurb", "rail");
        let page = Page {
            kind: Kind::Contents,
            title: title.clone(),
            author: author.clone(),
            blurb,
            chapters: links,
            ..Page::default()
        };
        self.host
            .tree
            .insert(contents_path.clone(), Resource::Page(page.into()));
        self.entries.push((
            Card {
                href: contents_path,
                title,
                note: author,
                ..Card::default()
            },
            None,
        ));
    }

    /// Something that only looks like a work.
    fn decoy(&mut self, item: &ItemRow, kind: &str) {
        let work = self.work(&item.work);
        let seed = self.dice.bits();
        let title = match (kind, work.lang) {
            ("trailer", Lang::Zh) => format!("{} 先导预告片", work.title),
            ("trailer", Lang::En) => format!("{} - official trailer", work.title),
            ("remix", Lang::Zh) => format!("{} (DJ版)", work.title),
            ("remix", Lang::En) => format!("{} (club remix)", work.title),
            _ => work.title.clone(),
        };
        let lang = work.lang;
        let before = self.entries.len();
        match (work.kind, kind) {
            (WorkKind::NewsArticle, _) => {
                let text = grammar::article(lang, work.topic, &mut Dice::new(seed, "same topic"), 600);
                let path = self.path(false);
                self.article(path, &text, lang, None, String::new(), false);
            }
            (WorkKind::Novel, _) => {
                let mut dice = Dice::new(seed, "same title");
                let chapters = (1..=2)
                    .map(|n| (cast::chapter(lang, n, &mut dice), false))
                    .collect();
                self.book(title.clone(), lang, chapters, None);
            }
            (WorkKind::Song, "remix") => {
                let made = self.shop.order(How::Song(seed, work.band, 26.0), "mp3", "decoys");
                self.unregistered(Medium::Audio, made, title.clone(), &work.holder);
            }
            (WorkKind::Song, _) => {
                let made = self
                    .shop
                    .order(How::Song(seed, seed.rotate_left(9), 26.0), "mp3", "decoys");
                self.unregistered(Medium::Audio, made, title.clone(), &work.holder);
            }
            _ => {
                let made = self.shop.order(How::Film(seed, 16.0), "mp4", "decoys");
                self.unregistered(Medium::Video, made, title.clone(), &work.holder);
            }
        }
        let page_path = self
            .entries
            .get(before)
            .map(|(c, _)| c.href.clone())
            .unwrap_or_default();
        let offered_as = self.entries.get(before).map_or(title, |(c, _)| c.title.clone());
        let whole = self.absolute(&page_path);
        self.truth.decoys.push(Decoy {
            host: self.name.clone(),
            page_path,
            urls: vec![whole],
            resembles: work.id.clone(),
            kind: kind.into(),
            offered_as,
        });
    }

    /// A page that offers something which is nobody's registered work.
    fn unregistered(&mut self, medium: Medium, made: PathBuf, title: String, artist: &str) {
        let path = self.path(false);
        let (file, poster) = self.packed(medium, &made);
        let url = self.put(&file, None, false);
        self.media_page(path, title, medium, url, poster, None, artist, false);
    }

    fn innocent(&mut self, index: usize) {
        let pick = self.dice.below(97) + index;
        match self.row.area {
            Area::News => {
                let topic = *self.dice.pick(TOPICS);
                let length = self.dice.from(260, 520) as usize;
                let text = grammar::article(self.row.lang, topic, &mut self.dice, length);
                let path = self.path(false);
                let credit = if self.dice.chance(0.4) {
                    self.row.name.clone()
                } else {
                    String::new()
                };
                self.article(path, &text, self.row.lang, None, credit, false);
            }
            Area::Literature => {
                let title = self.say("novel_title", "");
                let chapters = (1..=2)
                    .map(|n| (cast::chapter(self.row.lang, n, &mut self.dice), false))
                    .collect();
                self.book(title, self.row.lang, chapters, None);
            }
            Area::Music => {
                let (title, artist) = (self.say("song_title", ""), self.say("person", ""));
                let made = self.stock.songs[pick % self.stock.songs.len()].clone();
                self.unregistered(Medium::Audio, made, title, &artist);
            }
            Area::Pictures => {
                let title = self.say("photo_title", "");
                let made = self.stock.pictures[pick % self.stock.pictures.len()].clone();
                self.unregistered(Medium::Image, made, title, "");
            }
            Area::CloudStorage => {
                let title = self.say("photo_title", "");
                let (medium, made) = match index % 3 {
                    0 => (Medium::Image, &self.stock.pictures),
                    1 => (Medium::Audio, &self.stock.songs),
                    _ => (Medium::Video, &self.stock.films),
                };
                let made = made[pick % made.len()].clone();
                self.unregistered(medium, made, title, "");
            }
            _ => {
                let title = self.say("film_title", "");
                let made = self.stock.films[pick % self.stock.films.len()].clone();
                self.unregistered(Medium::Video, made, title, "");
            }
        }
    }

    /// A page that offers nothing: not out yet, or talk.
    fn bare(&mut self) {
        let rule = match self.row.area {
            Area::Music => "song_title",
            Area::Pictures => "photo_title",
            Area::Literature => "novel_title",
            _ => "film_title",
        };
        let title = self.say(rule, "");
        let path = self.path(false);
        let mut page = Page {
            kind: Kind::Media,
            title: title.clone(),
            ..self.dressed(Medium::Video, "")
        };
        page.facts.push(match self.row.lang {
            Lang::Zh => ("状态".into(), "敬请期待".into()),
            Lang::En => ("Status".into(), "coming soon".into()),
        });
        self.host.tree.insert(path.clone(), Resource::Page(page.into()));
        let note = self.note();
        self.entries.push((
            Card {
                href: path,
                title,
                note,
                ..Card::default()
            },
            None,
        ));
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

fn rewritings(ways: &[Way]) -> Vec<Rewriting> {
    let each = |way: &Way| match way {
        Way::Reorder => Some(Rewriting::Reordered),
        Way::Synonyms => Some(Rewriting::Synonyms),
        Way::Traditional => Some(Rewriting::Traditional),
        Way::Trim => Some(Rewriting::Trimmed(0.6)),
        Way::Headline => Some(Rewriting::Headline),
        _ => None,
    };
    ways.iter().filter_map(each).collect()
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
