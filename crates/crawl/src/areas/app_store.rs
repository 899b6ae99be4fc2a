//! App stores: the application behind a page, its package, version and maker.

use super::Reader;
use crate::read::{Fact, Page, Stated, goods};
use swordnet_core::{Access, Area};

pub(super) struct AppStore;

impl Reader for AppStore {
    fn area(&self) -> Area {
        Area::AppStore
    }

    fn read(&self, page: &mut Page<'_>, _: Option<&Stated>) {
        let maker = page
            .labelled(&["developer", "dev-name", "author"])
            .or_else(|| page.after_words(&["开发者", "开发商", "供应商", "Developer", "Offered by"]));
        let mut facts = vec![
            (
                Fact::Package,
                page.after_words(&["包名", "应用包名", "Package name", "Package"]),
            ),
            (
                Fact::Version,
                page.after_words(&["版本号", "当前版本", "版本", "Version"]),
            ),
            (
                Fact::Size,
                page.after_words(&["大小", "软件大小", "Size"])
                    .and_then(|words| page.bytes(&words)),
            ),
            (
                Fact::Views,
                page.after_words(&["下载次数", "下载量", "安装次数", "Installs", "Downloads"]),
            ),
        ];
        if let Some((stated, _)) = goods(page) {
            facts.extend(stated.facts.into_iter().map(|(fact, value)| (fact, Some(value))));
        }
        let headline = page.headline.clone();
        page.describe_all(|offer| {
            if offer.access != Access::App {
                return;
            }
            offer.title = headline.clone();
            if offer.author.is_empty() {
                offer.author = maker.clone().unwrap_or_default();
            }
            for (fact, value) in &facts {
                if let Some(value) = value
                    && !offer.facts.iter().any(|(known, _)| known == fact)
                {
                    offer.facts.push((*fact, value.clone()));
                }
            }
        });
    }
}
