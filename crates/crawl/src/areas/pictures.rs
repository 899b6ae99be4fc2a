//! Pictures: galleries and single pictures, with who took them.

use super::Reader;
use crate::read::{Page, Stated};
use swordnet_core::{Area, Medium};

pub(super) struct Pictures;

impl Reader for Pictures {
    fn area(&self) -> Area {
        Area::Pictures
    }

    fn read(&self, page: &mut Page<'_>, _: Option<&Stated>) {
        page.pictures();
        let author = page.labelled(&["photographer", "author", "artist"]).or_else(|| {
            page.after_words(&[
                "摄影师",
                "摄影",
                "作者",
                "图/",
                "Photo by",
                "Photographer",
                "Photo:",
            ])
        });
        let uploader = page
            .labelled(&["uploader", "username", "user-name"])
            .or_else(|| page.after_words(&["上传者", "发布者", "Uploaded by"]));
        page.describe(&[Medium::Image], |offer| {
            if offer.author.is_empty() {
                offer.author = author.clone().unwrap_or_default();
            }
            if offer.uploader.is_empty() {
                offer.uploader = uploader.clone().unwrap_or_default();
            }
        });
    }
}
