//! Literature: a chapter's text, the work that it is from, and the way to the next.

use super::Reader;
use crate::read::{Fact, Page, Rel, Stated};
use swordnet_core::Area;

pub(super) struct Literature;

impl Reader for Literature {
    fn area(&self) -> Area {
        Area::Literature
    }

    fn read(&self, page: &mut Page<'_>, stated: Option<&Stated>) {
        let Some(mut article) = page.article(stated) else {
            return;
        };
        // A chapter's date and credit are not a news item's; what the page names as author is the book's.
        if let Some(author) = page
            .meta(&["og:novel:author"])
            .or_else(|| page.after_words(&["作者", "Author"]))
        {
            article.author = author;
        }
        let book = page
            .meta(&["og:novel:book_name"])
            .or_else(|| book_of_title(&page.reading.title, &article.title));
        let at = page.offer_article(article);
        if let (Some(at), Some(book)) = (at, book)
            && let Some(offer) = page.reading.offers.get_mut(at)
        {
            offer.facts.push((Fact::PartOf, book));
        }
        for link in &mut page.reading.links {
            if link.rel == Rel::Page && is_chapter(&link.text) {
                link.rel = Rel::Next;
            }
        }
    }
}

/// Is this the name of a chapter (`第十二章 …`, `Chapter 12`)?
fn is_chapter(text: &str) -> bool {
    let text = text.trim();
    let han = text.strip_prefix('第').is_some_and(|rest| {
        let end =
            rest.find(|c: char| !(c.is_ascii_digit() || "零〇一二三四五六七八九十百千万两".contains(c)));
        end.is_some_and(|end| end > 0 && rest[end..].starts_with(['章', '回', '节', '卷', '集', '话', '折']))
    });
    let lower = text.get(..8).unwrap_or_default().to_ascii_lowercase();
    han || lower == "chapter "
}

/// The book's name in a chapter page's title: `第一章 风起_长夜行_某某小说网`, `Chapter 1 - Long Night`.
fn book_of_title(title: &str, headline: &str) -> Option<String> {
    title
        .split(['_', '|', '-', '—', '－', '《', '》', ','])
        .map(str::trim)
        .find(|part| {
            part.chars().count() >= 2
                && !headline.contains(part)
                && !is_chapter(part)
                && ![
                    "小说", "阅读", "网", "章节", "最新", "免费", "read", "novel", "online",
                ]
                .iter()
                .any(|word| part.to_lowercase().contains(word))
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_are_known_by_name() {
        for name in ["第一章 风起", "第12回", "第一百二十章", "Chapter 7: Rain"] {
            assert!(is_chapter(name), "{name}");
        }
        for name in ["第一财经", "第", "首页", "Chap"] {
            assert!(!is_chapter(name), "{name}");
        }
    }

    #[test]
    fn books_are_named_in_titles() {
        assert_eq!(
            book_of_title("第一章 风起_长夜行_好看小说网", "第一章 风起").as_deref(),
            Some("长夜行")
        );
    }
}
