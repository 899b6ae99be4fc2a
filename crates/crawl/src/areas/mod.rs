//! What is particular to each area, one file each.

use crate::read::{Page, Stated};
use swordnet_core::Area;

mod app_store;
mod cloud_storage;
mod film;
mod literature;
mod live;
mod music;
mod news;
mod pictures;
mod public_account;
mod shop;

/// A reader of one area: adds to what every page is read for.
pub(crate) trait Reader: Sync {
    /// The area.
    fn area(&self) -> Area;
    /// Adds what only this area knows. `stated` is what the page's structured data says of its article.
    fn read(&self, page: &mut Page<'_>, stated: Option<&Stated>);
}

/// Every area's reader.
static READERS: &[&dyn Reader] = &[
    &film::Film,
    &music::Music,
    &news::News,
    &literature::Literature,
    &pictures::Pictures,
    &cloud_storage::CloudStorage,
    &shop::Shop,
    &app_store::AppStore,
    &live::Live,
    &public_account::PublicAccount,
];

/// Reads what is particular to the page's area.
pub(crate) fn read(page: &mut Page<'_>, stated: Option<&Stated>) {
    let area = page.area;
    for reader in READERS.iter().filter(|reader| reader.area() == area) {
        reader.read(page, stated);
    }
}
