//! Shops on e-commerce platforms: what is sold, by whom, for how much, and its pictures.

use super::Reader;
use crate::read::{Fact, Offer, Page, Stated, goods};
use swordnet_core::{Access, Area, Medium};

pub(super) struct Shop;

impl Reader for Shop {
    fn area(&self) -> Area {
        Area::Shop
    }

    /// A listing is an offer of its page, with what is for sale as its facts.
    fn read(&self, page: &mut Page<'_>, _: Option<&Stated>) {
        let (mut offer, pictures) = goods(page).unwrap_or_else(|| {
            (
                Offer::new(page.url.clone(), Medium::Text, Access::Page),
                Vec::new(),
            )
        });
        for address in &pictures {
            page.offer_picture(address, &offer.title);
        }
        page.pictures();
        if offer.uploader.is_empty() {
            let seller = page.labelled(&["shop-name", "seller", "store-name", "shopname"]);
            offer.uploader = seller
                .or_else(|| page.after_words(&["店铺", "卖家", "商家", "Sold by", "Seller"]))
                .unwrap_or_default();
        }
        let said = [
            (
                Fact::Price,
                page.labelled(&["price", "tm-price", "sale-price"])
                    .or_else(|| page.after_words(&["售价", "价格", "Price"])),
            ),
            (
                Fact::Sales,
                page.after_words(&["月销量", "销量", "已售", "累计销量", "Sold"])
                    .or_else(|| page.sold()),
            ),
            (Fact::Isbn, page.isbn()),
        ];
        for (fact, value) in said {
            if let Some(value) = value.filter(|_| !offer.facts.iter().any(|(known, _)| *known == fact)) {
                offer.facts.push((fact, value));
            }
        }
        // A page that names neither price nor seller sells nothing.
        if offer.facts.iter().any(|(fact, _)| *fact == Fact::Price) || !offer.uploader.is_empty() {
            if offer.title.is_empty() {
                offer.title = page.headline.clone();
            }
            page.offer(offer);
        }
    }
}
