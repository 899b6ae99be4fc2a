//! What an area's reader may ask of a page.

use super::address::{Promise, promise};
use super::page::{Page, cut};
use super::reading::{Article, Fact, Offer};
use super::structured::Stated;
use super::{article, date, pictures, shares};
use regex::Regex;
use std::sync::LazyLock;
use swordnet_core::{Access, Medium};
use url::Url;

static SIZE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(\d{1,6}(?:\.\d{1,3})?)\s*(bytes|[KMGT]i?B|[KMGT]\b|字节|B\b)").expect("a fixed pattern")
});
static DIGEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b").expect("a fixed pattern")
});

static ISBN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)ISBN(?:-1[03])?\s*[：:]?\s*((?:97[89][- ]?)?\d{1,5}[- ]?\d{1,7}[- ]?\d{1,7}[- ]?[\dX])")
        .expect("a fixed pattern")
});
static SOLD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:已售|月销|售出|成交)\s*[：:]?\s*([\d.]+\s*[万千]?\+?)|([\d.]+万?\+?)\s*(?:人付款|人已买|sold)",
    )
    .expect("a fixed pattern")
});

/// How far before a download link its row's file name may stand, in bytes.
const ROW: usize = 160;

impl Page<'_> {
    /// The content of a `<meta>`.
    pub fn meta(&self, names: &[&str]) -> Option<String> {
        self.scan.meta(names).map(cut)
    }

    /// The text of the first element whose class, id or `itemprop` is one of these words.
    pub fn labelled(&self, words: &[&str]) -> Option<String> {
        let bears = |value: &str| {
            let value = value.to_ascii_lowercase();
            value.split([' ', '_']).any(|part| words.contains(&part))
                || words.iter().any(|word| value == *word)
        };
        self.scan
            .elements
            .iter()
            .filter(|element| element.end > element.start && element.end - element.start < 200)
            .filter(|element| {
                ["itemprop", "class", "id"]
                    .iter()
                    .filter_map(|name| element.get(name))
                    .any(bears)
            })
            .map(|element| cut(&self.scan.text_of(element)))
            .map(|text| {
                text.rsplit(['：', ':'])
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            })
            .find(|text| !text.is_empty() && text.chars().count() <= 60)
    }

    /// What follows one of these words and a colon, to the end of the line or the next mark.
    pub fn after_words(&self, words: &[&str]) -> Option<String> {
        words.iter().find_map(|word| {
            self.scan.text.match_indices(word).take(8).find_map(|(at, _)| {
                let rest = self
                    .scan
                    .text_after(at + word.len(), 160)
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .trim_start();
                let said = rest
                    .strip_prefix(['：', ':'])
                    .or(if word.is_ascii() && word.contains(' ') {
                        Some(rest)
                    } else {
                        None
                    })?;
                let end = said
                    .trim_start()
                    .find(['|', '｜', '，', '/', '　', '·', ';', '；'])
                    .unwrap_or(said.trim_start().len());
                let said = said.trim_start()[..end].trim();
                // One name, or a few Latin words.
                let said = if said.is_ascii() {
                    said
                } else {
                    said.split_whitespace().next().unwrap_or_default()
                };
                (!said.is_empty() && said.chars().count() <= 60).then(|| cut(said))
            })
        })
    }

    /// The day in some words.
    pub fn day(&self, words: &str) -> Option<String> {
        date::first(words)
    }

    /// The day on which the page says that its film was put there.
    pub fn date_of_upload(&self) -> Option<String> {
        let stated = self
            .scan
            .meta(&[
                "uploaddate",
                "datepublished",
                "article:published_time",
                "og:release_date",
                "og:video:release_date",
            ])
            .and_then(date::stated);
        stated.or_else(|| {
            let words = [
                "上传时间",
                "发布时间",
                "上传于",
                "发布于",
                "更新时间",
                "添加时间",
                "Uploaded on",
                "Published on",
                "Uploaded",
            ];
            words.iter().find_map(|word| {
                self.scan
                    .text
                    .find(word)
                    .and_then(|at| date::first(self.scan.text_after(at + word.len(), 60)))
            })
        })
    }

    /// The page's article, if it has one that is not a list of links.
    pub fn article(&mut self, stated: Option<&Stated>) -> Option<Article> {
        let article = self.article_at(Some(self.url), stated)?;
        self.reading.article = Some(article.clone());
        Some(article)
    }

    pub(super) fn article_at(&self, url: Option<&Url>, stated: Option<&Stated>) -> Option<Article> {
        article::read(self.html, url, &self.scan, &self.headline, stated)
    }

    /// Offers the page itself as the copy of an article.
    pub fn offer_article(&mut self, article: Article) -> Option<usize> {
        let mut offer = Offer::new(self.url.clone(), Medium::Text, Access::Page);
        offer.title = article.title;
        offer.author = article.author;
        offer.credit = article.credit;
        offer.published = article.date;
        offer.text = Some(article.text);
        self.offer(offer)
    }

    /// Offers the page's pictures.
    pub fn pictures(&mut self) {
        pictures::read(self);
    }

    /// Offers one picture that the page names by its address alone.
    pub fn offer_picture(&mut self, address: &str, title: &str) {
        pictures::offer(self, address, Access::File, title, true);
    }

    /// The ISBN that the page names, digits only.
    pub fn isbn(&self) -> Option<String> {
        let found = ISBN.captures(&self.scan.text)?;
        Some(found[1].chars().filter(|c| c.is_ascii_alphanumeric()).collect())
    }

    /// How many were sold: `已售 2300 件`, `1.2万+人付款`.
    pub fn sold(&self) -> Option<String> {
        SOLD.captures(&self.scan.text).map(|found| {
            found
                .get(1)
                .or(found.get(2))
                .map_or("", |count| count.as_str())
                .to_owned()
        })
    }

    /// A size in bytes, as digits.
    pub fn bytes(&self, words: &str) -> Option<String> {
        SIZE.captures(words)
            .and_then(|found| size(&found[1], &found[2]))
            .map(|bytes| bytes.to_string())
    }

    /// Says more of the offers of these media.
    pub fn describe(&mut self, media: &[Medium], say: impl FnMut(&mut Offer)) {
        self.reading
            .offers
            .iter_mut()
            .filter(|offer| media.contains(&offer.medium))
            .for_each(say);
    }

    /// Says more of every offer.
    pub fn describe_all(&mut self, say: impl FnMut(&mut Offer)) {
        self.reading.offers.iter_mut().for_each(say);
    }

    /// Rows of a track list: elements that bear a song's address with its name and performer beside it.
    pub fn tracks(&mut self) {
        let elements = std::mem::take(&mut self.scan.elements);
        for element in &elements {
            let address = element.first(&[
                "data-src",
                "data-url",
                "data-mp3",
                "data-audio",
                "data-file",
                "data-href",
                "href",
                "src",
            ]);
            let Some(address) =
                address.filter(|address| matches!(promise(address), Promise::Media(Medium::Audio, _)))
            else {
                continue;
            };
            let Some(url) = self.base.web(address) else {
                continue;
            };
            let title = element
                .first(&["data-title", "data-name", "data-song", "data-songname"])
                .map(cut);
            let artist = element
                .first(&["data-artist", "data-singer", "data-author"])
                .map(cut);
            for offer in self.reading.offers.iter_mut().filter(|offer| offer.url == url) {
                if let Some(title) = &title {
                    offer.title = title.clone();
                }
                if let Some(artist) = &artist {
                    offer.author = artist.clone();
                }
            }
        }
        self.scan.elements = elements;
    }

    /// Rows of a file listing: links called like files, with size and digest behind them in the row.
    pub fn listing(&mut self) {
        let elements = std::mem::take(&mut self.scan.elements);
        for (at, element) in elements.iter().enumerate() {
            if &*element.name != "a" {
                continue;
            }
            let Some(url) = element.get("href").and_then(|href| self.base.web(href)) else {
                continue;
            };
            if shares::is_share(&url) {
                continue;
            }
            let name = element
                .first(&["download", "title", "data-name"])
                .map(str::to_owned)
                .filter(|name| matches!(promise(name), Promise::Media(..)));
            let mut name = name.unwrap_or_else(|| self.scan.text_of(element));
            if !matches!(promise(name.trim()), Promise::Media(..)) && element.get("download").is_some() {
                // "下载" at the end of a row: the file's name stands before it.
                let row = self.scan.text_before(element.start, ROW);
                let named = row
                    .split_whitespace()
                    .rev()
                    .find(|word| matches!(promise(word), Promise::Media(..)));
                name = named.map_or(name, str::to_owned);
            }
            let by_name = promise(name.trim());
            if let (Promise::Media(_, access), Promise::Unknown | Promise::Other) =
                (by_name, promise(url.as_str()))
            {
                // `/d/8f3a` called `film.mp4`.
                let mut offer = Offer::new(url.clone(), shares::medium_of(&name, Medium::Video), access);
                offer.title = name.clone();
                self.offer(offer);
            }
            let next = elements[at + 1..]
                .iter()
                .find(|next| &*next.name == "a")
                .map_or(usize::MAX, |next| next.start);
            let row = self
                .scan
                .text_after(element.end, next.saturating_sub(element.end).min(200))
                .to_owned();
            let facts = facts_of_row(&row);
            for offer in self.reading.offers.iter_mut().filter(|offer| offer.url == url) {
                if let Promise::Media(..) = by_name {
                    offer.title = cut(&name);
                }
                for fact in &facts {
                    if !offer.facts.iter().any(|(known, _)| *known == fact.0) {
                        offer.facts.push(fact.clone());
                    }
                }
            }
        }
        self.scan.elements = elements;
    }

    /// The pass code that the page names without a share beside it.
    pub fn pass_code(&self) -> Option<String> {
        let shares = self
            .reading
            .offers
            .iter()
            .any(|offer| offer.access == Access::Share);
        if shares {
            None
        } else {
            shares::first_code(&self.scan.text)
        }
    }
}

fn facts_of_row(row: &str) -> Vec<(Fact, String)> {
    let mut facts = Vec::new();
    if let Some(bytes) = SIZE.captures(row).and_then(|found| size(&found[1], &found[2])) {
        facts.push((Fact::Size, bytes.to_string()));
    }
    if let Some(found) = DIGEST.captures(row) {
        facts.push((Fact::Digest, found[1].to_ascii_lowercase()));
    }
    facts
}

/// Bytes of a size as written; K is 1,024, as file listings mean it.
fn size(number: &str, unit: &str) -> Option<u64> {
    let scale = match unit.chars().next()?.to_ascii_uppercase() {
        'K' => 1u64 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        'T' => 1 << 40,
        _ => 1,
    };
    let number: f64 = number.parse().ok()?;
    Some((number * scale as f64).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_give_sizes_and_digests() {
        let facts = facts_of_row(" 1.5 GB 2019-09-23 d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(
            facts,
            [
                (Fact::Size, "1610612736".to_owned()),
                (Fact::Digest, "d41d8cd98f00b204e9800998ecf8427e".to_owned())
            ]
        );
    }
}
