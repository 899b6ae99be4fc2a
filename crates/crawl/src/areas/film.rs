//! Film and television: who put a film there, and which series an episode belongs to.

use super::Reader;
use crate::read::{Page, Stated};
use swordnet_core::{Area, Medium};

pub(super) struct Film;

impl Reader for Film {
    fn area(&self) -> Area {
        Area::Film
    }

    fn read(&self, page: &mut Page<'_>, _: Option<&Stated>) {
        let uploader = page
            .labelled(&[
                "uploader",
                "up-name",
                "upname",
                "user-name",
                "username",
                "channel-name",
                "owner",
            ])
            .or_else(|| page.after_words(&["上传者", "发布者", "UP主", "up主", "Uploaded by", "Uploader"]));
        let published = page.date_of_upload();
        page.describe(&[Medium::Video], |offer| {
            if offer.uploader.is_empty() {
                offer.uploader = uploader.clone().unwrap_or_default();
            }
            if offer.published.is_empty() {
                offer.published = published.clone().unwrap_or_default();
            }
        });
    }
}
