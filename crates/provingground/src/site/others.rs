//! What is no copy: decoys, innocent things, pages that offer nothing.

use super::SiteMaker;
use super::offers::Display;
use crate::cast;
use crate::dice::Dice;
use crate::grammar::{self, TOPICS};
use crate::pages::{Card, Kind, Page};
use crate::plan::ItemRow;
use crate::truth::Decoy;
use crate::web::Resource;
use crate::workshop::How;
use std::path::PathBuf;
use swordnet_core::{Area, Lang, Medium, WorkKind};

impl SiteMaker<'_> {
    /// Something that only looks like a work.
    pub(super) fn decoy(&mut self, item: &ItemRow, kind: &str) {
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
        let artist = artist.to_owned();
        self.media_page(Display {
            path,
            title,
            medium,
            url,
            poster,
            copy: None,
            artist,
            forbidden: false,
        });
    }

    pub(super) fn innocent(&mut self, index: usize) {
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
    pub(super) fn bare(&mut self) {
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
}
