//! Websites under check.

use crate::{SiteId, Timestamp, lang::vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The area that a site works in; each has its own reader and its own treatment.
    Area {
        /// Film and television.
        Film = "film", "film and television", "影视";
        /// Music.
        Music = "music", "music", "音乐";
        /// News and articles.
        News = "news", "news", "新闻";
        /// Literature.
        Literature = "literature", "literature", "文学";
        /// Pictures.
        Pictures = "pictures", "pictures", "图片";
        /// Cloud storage.
        CloudStorage = "cloud_storage", "cloud storage", "云存储";
        /// Shops on e-commerce platforms.
        Shop = "shop", "e-commerce", "电商";
        /// App stores.
        AppStore = "app_store", "apps", "应用";
        /// Live streams.
        Live = "live", "live streams", "直播";
        /// Public accounts and forums.
        PublicAccount = "public_account", "public accounts", "公众账号";
    }
}

vocabulary! {
    /// What kind of service a site is, as warning lists and notice duties distinguish them.
    ServiceKind {
        /// Offers works itself.
        ContentProvider = "content_provider", "content provider", "内容提供";
        /// Stores what users upload.
        UserStorage = "user_storage", "user upload and storage", "信息存储空间";
        /// Searches and links.
        SearchLink = "search_link", "search and link", "搜索链接";
        /// Sells goods of others.
        ECommerce = "e_commerce", "e-commerce platform", "电子商务平台";
        /// Distributes apps.
        AppStore = "app_store", "app store", "应用商店";
    }
}

/// A website.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Derived from the start address's origin.
    pub id: SiteId,
    /// Name for people.
    pub name: String,
    /// Where a check begins; http or https.
    pub start: String,
    /// Area.
    pub area: Area,
    /// Kind of service.
    pub service: ServiceKind,
    /// Who runs it; empty when not known.
    #[serde(default)]
    pub operator: String,
    /// Administrative division of the operator by GB/T 2260, six digits; empty when not known.
    #[serde(default)]
    pub region: String,
    /// Is it under key supervision (重点监管)?
    #[serde(default)]
    pub supervised: bool,
    /// When it was entered.
    pub registered_at: Timestamp,
}

impl Site {
    /// The identifier of the site at this origin (`scheme://host[:port]`).
    pub fn id_of(origin: &str) -> SiteId {
        SiteId::derive(&[origin])
    }
}

impl Site {
    /// The host of the start address, without port, in lower case.
    pub fn host(&self) -> String {
        let rest = self
            .start
            .split_once("://")
            .map_or(self.start.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = match host.strip_prefix('[') {
            Some(literal) => literal.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        host.to_lowercase()
    }

    /// Is this party, given as a name or a host, the one behind the site?
    pub fn is_run_by(&self, party: &str) -> bool {
        let party = party.trim().to_lowercase();
        if party.is_empty() {
            return false;
        }
        let host = self.host();
        party == self.operator.trim().to_lowercase() || party == host || host.ends_with(&format!(".{party}"))
    }
}
