//! Copies that are files: films, music, pictures, texts to download.

use super::SiteMaker;
use crate::cast::{Material, Member};
use crate::grammar::Prose;
use crate::pages::{Card, Kind, Link, Offer, Page};
use crate::plan::{ItemRow, Stream};
use crate::recipe::{self, Original, Surroundings, Way};
use crate::truth::{Copy, Forbidden};
use crate::web::Resource;
use crate::workshop::How;
use std::path::{Path, PathBuf};
use swordnet_core::{Area, Lang, Medium, Verdict, WorkKind};

/// A file that is put up, and the page that offers it.
pub(super) struct Display {
    pub path: String,
    pub title: String,
    pub medium: Medium,
    pub url: String,
    /// What shows it in lists.
    pub poster: Option<PathBuf>,
    pub copy: Option<usize>,
    pub artist: String,
    pub forbidden: bool,
}

impl SiteMaker<'_> {
    /// A copy of a work: what the plan's row asks for.
    pub(super) fn copy(&mut self, item: &ItemRow) {
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

    pub(super) fn title_of(&mut self, work: &Member, ways: &[Way]) -> String {
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
    pub(super) fn record(
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
    pub(super) fn address(&mut self, copy: Option<usize>, address: &str) {
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
        let artist = work.holder.clone();
        let forbidden = item.forbidden;
        self.media_page(Display {
            path,
            title,
            medium: work.medium(),
            url,
            poster,
            copy,
            artist,
            forbidden,
        });
    }

    /// The form in which a site sends a file: as it is, or in segments; and what shows it in lists.
    pub(super) fn packed(&mut self, medium: Medium, made: &Path) -> (PathBuf, Option<PathBuf>) {
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
    pub(super) fn media_page(&mut self, display: Display) {
        let Display {
            path,
            title,
            medium,
            mut url,
            poster,
            copy,
            artist,
            forbidden,
        } = display;
        // A list that anybody may fetch must not show what robots.txt hides: its thumbnail would be a copy, too.
        let poster = poster.filter(|_| medium != Medium::Image || !forbidden);
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
            artist: artist.clone(),
            size,
        };
        let mut page = Page {
            kind: Kind::Media,
            title: shown.clone(),
            ..self.dressed(medium, &artist)
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

    pub(super) fn note(&mut self) -> String {
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
    pub(super) fn dressed(&mut self, medium: Medium, artist: &str) -> Page {
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
}
