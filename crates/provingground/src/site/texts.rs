//! Copies that are pages: reprinted articles, novels in chapters.

use super::SiteMaker;
use crate::cast::Member;
use crate::grammar::{Grammar, Prose};
use crate::pages::{Card, Kind, Link, Page};
use crate::plan::ItemRow;
use crate::recipe::Way;
use crate::rewrite::{Rewriting, rewrite};
use crate::web::Resource;
use swordnet_core::Lang;

impl SiteMaker<'_> {
    /// A reprinted article.
    pub(super) fn reprint(&mut self, item: &ItemRow, work: &Member, text: &Prose, ways: &[Way]) {
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

    pub(super) fn article(
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
    pub(super) fn novel(&mut self, item: &ItemRow, work: &Member, texts: &[Prose], ways: &[Way]) {
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

    pub(super) fn book(
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
