//! News: the article with its headline, author, date and credit line, and the pictures in it.

use super::Reader;
use crate::read::{Page, Stated};
use swordnet_core::{Area, Medium};

pub(super) struct News;

impl Reader for News {
    fn area(&self) -> Area {
        Area::News
    }

    fn read(&self, page: &mut Page<'_>, stated: Option<&Stated>) {
        let Some(article) = page.article(stated) else {
            return;
        };
        page.pictures();
        page.describe(&[Medium::Image, Medium::Video, Medium::Audio], |offer| {
            if offer.credit.is_empty() {
                offer.credit = article.credit.clone();
            }
            if offer.published.is_empty() {
                offer.published = article.date.clone();
            }
        });
        page.offer_article(article);
    }
}
