//! Public accounts and forums: posts, the account that published them, and their pictures.

use super::Reader;
use crate::read::{Page, Stated};
use swordnet_core::{Area, Medium};

pub(super) struct PublicAccount;

impl Reader for PublicAccount {
    fn area(&self) -> Area {
        Area::PublicAccount
    }

    fn read(&self, page: &mut Page<'_>, stated: Option<&Stated>) {
        let account = page
            .labelled(&[
                "js_name",
                "profile_nickname",
                "account-name",
                "nickname",
                "author-name",
                "username",
                "user-name",
            ])
            .or_else(|| page.after_words(&["公众号", "发布者", "楼主", "Posted by"]));
        let Some(article) = page.article(stated) else {
            return;
        };
        page.pictures();
        page.describe(&[Medium::Image, Medium::Video, Medium::Audio], |offer| {
            if offer.uploader.is_empty() {
                offer.uploader = account.clone().unwrap_or_default();
            }
            if offer.credit.is_empty() {
                offer.credit = article.credit.clone();
            }
            if offer.published.is_empty() {
                offer.published = article.date.clone();
            }
        });
        if let Some(at) = page.offer_article(article) {
            page.reading.offers[at].uploader = account.unwrap_or_default();
        }
    }
}
