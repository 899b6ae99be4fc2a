//! Pages as they were fetched, and what they offer.

use crate::{Medium, PageId, Sha256Hex, SightingId, SiteId, Timestamp, VisitId, lang::vocabulary};
use serde::{Deserialize, Serialize};

/// Where an exchange stands in a WARC file of the vault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WarcSpan {
    /// The WARC file.
    pub warc: Sha256Hex,
    /// First byte of the exchange's records.
    pub offset: u64,
    /// Length of its records (request, response, metadata), as stored.
    pub length: u64,
}

/// A page as it was fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// Derived from visit and address.
    pub id: PageId,
    /// The visit.
    pub visit: VisitId,
    /// The site.
    pub site: SiteId,
    /// The address that answered, after redirects.
    pub url: String,
    /// Title, as read.
    #[serde(default)]
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// When the reply was in.
    pub fetched_at: Timestamp,
    /// Digest of the decoded body.
    pub sha256: Sha256Hex,
    /// Where the archive holds it.
    pub archived: WarcSpan,
    /// What the archive holds about it besides: who made the archive, how the connections came about.
    #[serde(default)]
    pub beside: Vec<WarcSpan>,
    /// When its bytes were fetched, where the server said now that nothing has changed since; their traffic is
    /// [`beside`](Page::beside).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged_since: Option<Timestamp>,
    /// How a browser showed it, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rendered: Option<Rendered>,
}

/// A page as a browser showed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendered {
    /// Name and version of the browser.
    pub browser: String,
    /// When it had shown the page.
    pub at: Timestamp,
    /// The document as its scripts left it, in the vault.
    pub markup: Sha256Hex,
    /// A PNG of the whole page, in the vault, where it could be drawn.
    pub screenshot: Option<Sha256Hex>,
    /// The addresses of sound and moving pictures that the page asked for.
    pub asked: Vec<String>,
}

impl Page {
    /// The identifier of the page at an address on a visit.
    pub fn id_of(visit: &VisitId, url: &str) -> PageId {
        PageId::derive(&[visit.as_str(), url])
    }
}

vocabulary! {
    /// How an offer is reached.
    Access {
        /// The address is the file.
        File = "file", "file", "文件";
        /// The address is an HLS playlist.
        Hls = "hls", "HLS playlist", "HLS 播放列表";
        /// The address is a DASH manifest.
        Dash = "dash", "DASH manifest", "DASH 清单";
        /// The page itself is the copy: its text.
        Page = "page", "the page itself", "页面本身";
        /// The address is a magnet link or a torrent file: who holds the file is not at the address.
        Torrent = "torrent", "torrent or magnet link", "种子或磁力链接";
        /// The address is a share on a cloud drive, perhaps behind a pass code.
        Share = "share", "cloud-drive share", "网盘分享";
        /// The address is an application package or its entry in a store.
        App = "app", "application", "应用程序";
    }
}

/// Something that a page offers: a film to play, a song to hear, a picture, an article, a file to download.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// Derived from visit, page address, offer address and medium.
    pub id: SightingId,
    /// The visit.
    pub visit: VisitId,
    /// The site whose page offers it.
    pub site: SiteId,
    /// The page.
    pub page: PageId,
    /// The page's address.
    pub page_url: String,
    /// The address of what is offered; the page's own for its text.
    pub url: String,
    /// The medium that the page promises; the bytes decide.
    pub medium: Medium,
    /// How it is reached.
    pub access: Access,
    /// Title of the offer.
    #[serde(default)]
    pub title: String,
    /// Who put it there, as the page says.
    #[serde(default)]
    pub uploader: String,
    /// The author that the page names.
    #[serde(default)]
    pub author: String,
    /// The source that the page credits (来源).
    #[serde(default)]
    pub credit: String,
    /// The date that the page gives.
    #[serde(default)]
    pub published: String,
    /// Pass code of a share.
    #[serde(default)]
    pub pass_code: String,
    /// The extracted main text in the vault, for text.
    #[serde(default)]
    pub text: Option<Sha256Hex>,
    /// When the page was fetched.
    pub seen_at: Timestamp,
}

impl Sighting {
    /// The identifier of an offer on a page.
    pub fn id_of(visit: &VisitId, page_url: &str, url: &str, medium: Medium) -> SightingId {
        SightingId::derive(&[visit.as_str(), page_url, url, &medium.to_string()])
    }
}

vocabulary! {
    /// How the examination of a sighting ended.
    ExaminationEnd {
        /// Decoded and compared; findings, if any, are recorded.
        Compared = "compared", "compared with the register", "已比对";
        /// The bytes were compared on an earlier visit and nothing in the register has changed.
        Known = "known", "same bytes as before", "与此前内容相同";
        /// It could not be fetched.
        Unfetched = "unfetched", "not fetched", "未能获取";
        /// It could not be decoded within its limits: not judged, never "clean".
        NotJudged = "not_judged", "not judged", "未能判定";
    }
}

/// What was made of a sighting: fetched, decoded, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    /// The sighting's identifier: one examination each.
    pub id: SightingId,
    /// The visit.
    pub visit: VisitId,
    /// The site.
    pub site: SiteId,
    /// How it ended.
    pub end: ExaminationEnd,
    /// Why it could not be judged, for people.
    #[serde(default)]
    pub remark: String,
    /// Digest of the bytes examined: the file, the joined segments, or the main text.
    #[serde(default)]
    pub sha256: Option<Sha256Hex>,
    /// Where the archive holds the fetched bytes.
    #[serde(default)]
    pub archived: Vec<WarcSpan>,
    /// What was recognised.
    #[serde(default)]
    pub candidates: Vec<crate::Candidate>,
    /// When.
    pub at: Timestamp,
}
