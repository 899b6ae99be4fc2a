//! Music: who performs a song, and which album it is from.

use super::Reader;
use crate::read::{Fact, Page, Stated};
use swordnet_core::{Area, Medium};

pub(super) struct Music;

impl Reader for Music {
    fn area(&self) -> Area {
        Area::Music
    }

    fn read(&self, page: &mut Page<'_>, _: Option<&Stated>) {
        page.tracks();
        let artist = page
            .labelled(&["artist", "singer", "byartist"])
            .or_else(|| page.after_words(&["歌手", "演唱", "艺人", "Artist", "Performed by"]));
        let album = page
            .labelled(&["album", "inalbum"])
            .or_else(|| page.after_words(&["所属专辑", "专辑", "Album"]));
        let uploader = page
            .labelled(&["uploader", "username", "user-name"])
            .or_else(|| page.after_words(&["上传者", "Uploaded by"]));
        page.describe(&[Medium::Audio], |offer| {
            if offer.author.is_empty() {
                offer.author = artist.clone().unwrap_or_default();
            }
            if offer.uploader.is_empty() {
                offer.uploader = uploader.clone().unwrap_or_default();
            }
            if let Some(album) = &album
                && !offer.facts.iter().any(|(fact, _)| *fact == Fact::PartOf)
            {
                offer.facts.push((Fact::PartOf, album.clone()));
            }
        });
    }
}
