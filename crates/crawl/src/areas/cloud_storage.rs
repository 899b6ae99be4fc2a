//! Cloud storage: the files of a share with their sizes and digests, and the pass code.

use super::Reader;
use crate::read::{Page, Stated};
use swordnet_core::{Access, Area};

pub(super) struct CloudStorage;

impl Reader for CloudStorage {
    fn area(&self) -> Area {
        Area::CloudStorage
    }

    fn read(&self, page: &mut Page<'_>, _: Option<&Stated>) {
        page.listing();
        let uploader = page
            .labelled(&["uploader", "share-user", "username", "user-name", "owner"])
            .or_else(|| page.after_words(&["分享者", "分享人", "上传者", "Shared by", "Uploaded by"]));
        let published = page
            .after_words(&["分享时间", "上传时间", "发布时间", "Uploaded on", "Shared on"])
            .and_then(|words| page.day(&words));
        let code = page.pass_code();
        page.describe_all(|offer| {
            if offer.uploader.is_empty() {
                offer.uploader = uploader.clone().unwrap_or_default();
            }
            if offer.published.is_empty() {
                offer.published = published.clone().unwrap_or_default();
            }
            if offer.pass_code.is_empty() && offer.access != Access::Torrent {
                offer.pass_code = code.clone().unwrap_or_default();
            }
        });
    }
}
