//! Live streams: the stream, who hosts the room, and how many watch.

use super::Reader;
use crate::read::{Fact, Page, Stated};
use swordnet_core::{Area, Medium};

pub(super) struct Live;

impl Reader for Live {
    fn area(&self) -> Area {
        Area::Live
    }

    fn read(&self, page: &mut Page<'_>, _: Option<&Stated>) {
        let host = page
            .labelled(&[
                "anchor",
                "anchor-name",
                "host-name",
                "hostname",
                "nickname",
                "username",
            ])
            .or_else(|| page.after_words(&["主播", "房主", "Host", "Streamer"]));
        let viewers = page.after_words(&["在线人数", "观看人数", "人气", "热度", "Viewers"]);
        page.describe(&[Medium::Video, Medium::Audio], |offer| {
            if offer.uploader.is_empty() {
                offer.uploader = host.clone().unwrap_or_default();
            }
            if let Some(viewers) = &viewers
                && !offer.facts.iter().any(|(fact, _)| *fact == Fact::Views)
            {
                offer.facts.push((Fact::Views, viewers.clone()));
            }
        });
    }
}
