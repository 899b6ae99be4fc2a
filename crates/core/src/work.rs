//! Protected works and their reference copies.

use crate::{Date, ReferenceId, Sha256Hex, Timestamp, WorkId, lang::vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// What recognition compares: a medium of its own fingerprints.
    Medium {
        /// Moving pictures.
        Video = "video", "video", "视频";
        /// Sound.
        Audio = "audio", "sound", "音频";
        /// A still picture.
        Image = "image", "picture", "图片";
        /// Text.
        Text = "text", "text", "文字";
    }
}

vocabulary! {
    /// Kinds of work, in the words of warning lists and briefings (Copyright Law 2020 art. 3 gives the classes).
    WorkKind {
        /// A film.
        Film = "film", "film", "电影";
        /// An episode of a series.
        SeriesEpisode = "series_episode", "series episode", "电视剧集";
        /// A variety show, an animation or another audiovisual work.
        Audiovisual = "audiovisual", "audiovisual work", "视听作品";
        /// A song or another piece of music, as recorded.
        Song = "song", "music", "音乐";
        /// A news article.
        NewsArticle = "news_article", "news article", "新闻作品";
        /// A novel or another literary text.
        Novel = "novel", "literature", "文学作品";
        /// A photograph or another picture.
        Photograph = "photograph", "photograph", "摄影作品";
        /// Software.
        Software = "software", "software", "软件";
        /// Anything else.
        Other = "other", "other work", "其他作品";
    }
}

/// A fingerprint that the vault keeps as a blob of its own, as it did before segments gave theirs back: read, no longer written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Print {
    /// What was fingerprinted.
    pub medium: Medium,
    /// Version of the fingerprint's form.
    pub version: u16,
    /// Where the vault keeps the fingerprint.
    pub blob: Sha256Hex,
}

/// A reference copy: the genuine file against which others are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// Derived from the work and the file's bytes.
    pub id: ReferenceId,
    /// File name as it was handed in, for people.
    pub file: String,
    /// The file's main medium.
    pub medium: Medium,
    /// Seconds for video and sound, characters (Unicode scalar values) for text, pixels for pictures.
    pub length: f64,
    /// Digest of the file; the vault keeps the file under it.
    pub sha256: Sha256Hex,
    /// Fingerprints kept beside the segments; none of those registered now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prints: Vec<Print>,
}

/// A protected work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Derived from title, kind and holder.
    pub id: WorkId,
    /// Title.
    pub title: String,
    /// Other titles.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Kind.
    pub kind: WorkKind,
    /// Holder of the right; empty when not known yet.
    #[serde(default)]
    pub holder: String,
    /// First published.
    #[serde(default)]
    pub published: Option<Date>,
    /// Set for what the law leaves free: mere facts news (Copyright Law art. 5(2)), expired terms (art. 23).
    #[serde(default)]
    pub exemption: Option<Exemption>,
    /// Reference copies.
    pub references: Vec<Reference>,
    /// When it was registered.
    pub registered_at: Timestamp,
}

impl Work {
    /// The identifier of a work with this title, kind and holder.
    pub fn id_of(title: &str, kind: WorkKind, holder: &str) -> WorkId {
        WorkId::derive(&[title, &kind.to_string(), holder])
    }
}

vocabulary! {
    /// Why a registered text or recording is free for all to use.
    Exemption {
        /// Mere facts news, Copyright Law art. 5(2).
        FactsNews = "facts_news", "mere facts news (Copyright Law art. 5(2))", "单纯事实消息（著作权法第五条第二项）";
        /// The term of protection has ended, Copyright Law art. 23.
        TermEnded = "term_ended", "term of protection ended (Copyright Law art. 23)", "保护期届满（著作权法第二十三条）";
        /// Laws and official documents, Copyright Law art. 5(1).
        OfficialDocument = "official_document", "official document (Copyright Law art. 5(1))", "官方文件（著作权法第五条第一项）";
    }
}
