//! What a page says.

use serde::{Deserialize, Serialize};
use swordnet_core::{Access, Medium};
use url::Url;

/// What a page says: where it leads and what it offers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The page's title, white space folded.
    pub title: String,
    /// The character set that the bytes were decoded with, by its name in the Encoding Standard ("gb18030").
    pub charset: String,
    /// Language that the page declares, a BCP 47 tag; empty when it declares none.
    pub language: String,
    /// Where it leads, in the order of the page, each address once, without fragment; http and https only.
    pub links: Vec<Link>,
    /// The address that the page calls its own (`<link rel=canonical>`).
    pub canonical: Option<Url>,
    /// Does the page ask that its links be not followed (robots meta)?
    pub no_follow: bool,
    /// Does the page ask not to be indexed (robots meta)?
    pub no_index: bool,
    /// What it offers, in the order of the page, each address and medium once.
    pub offers: Vec<Offer>,
    /// The article on it.
    pub article: Option<Article>,
    /// A player was seen but no address of a film or song: a browser would have to open the page.
    pub hidden_player: bool,
    /// What was cut off because the page exceeded a bound, for people.
    pub remarks: Vec<String>,
}

/// Why a page names an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rel {
    /// A link for people (`a`, `area`, a form's target is none).
    Page,
    /// The next page, chapter or episode of the same thing.
    Next,
    /// A frame.
    Frame,
    /// A frame that holds a player, often of another host: to be followed one hop whatever the host.
    Player,
    /// Meta refresh or a script that sends people on at once.
    Refresh,
    /// A feed (RSS, Atom, JSON Feed).
    Feed,
    /// The same page in another language or for other devices.
    Alternate,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Where it leads.
    pub url: Url,
    /// Why it is named.
    pub rel: Rel,
    /// Does the page disown it (`rel=nofollow`, `ugc`, `sponsored`)?
    pub no_follow: bool,
    /// What people see of it, white space folded, cut to 200 characters.
    pub text: String,
}

/// Something that the page offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// Where it is; the page's own address for its text.
    pub url: Url,
    /// The medium that the page promises.
    pub medium: Medium,
    /// How it is reached.
    pub access: Access,
    /// Title.
    pub title: String,
    /// Who put it there.
    pub uploader: String,
    /// Author, performer or photographer.
    pub author: String,
    /// The source that is credited (来源).
    pub credit: String,
    /// When it was published, as far as the page says: `2026-11-23`, or an RFC 3339 instant.
    pub published: String,
    /// Pass code of a share (提取码).
    pub pass_code: String,
    /// The main text, paragraphs separated by newlines; for [`Access::Page`].
    pub text: Option<String>,
    /// What else the page says of it, each fact once.
    pub facts: Vec<(Fact, String)>,
}

impl Offer {
    /// An offer of which nothing but the address is known.
    pub fn new(url: Url, medium: Medium, access: Access) -> Offer {
        Offer {
            url,
            medium,
            access,
            title: String::new(),
            uploader: String::new(),
            author: String::new(),
            credit: String::new(),
            published: String::new(),
            pass_code: String::new(),
            text: None,
            facts: Vec::new(),
        }
    }
}

/// What a page may say of an offer besides the words that every offer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Size in bytes.
    Size,
    /// A digest of the file (MD5, SHA-1 or SHA-256, hex).
    Digest,
    /// Price with its currency, as written.
    Price,
    /// How many were sold, as written.
    Sales,
    /// ISBN.
    Isbn,
    /// The package's name (`org.example.app`).
    Package,
    /// Its version.
    Version,
    /// How often it was played, read or fetched, as written.
    Views,
    /// Length, as written or in ISO 8601.
    Duration,
    /// The work that it is a part of: the novel of a chapter, the album of a song, the series of an episode.
    PartOf,
}

/// The article of a page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// Headline.
    pub title: String,
    /// Author; empty when the page names none.
    pub author: String,
    /// The day of publication (`2026-11-23`), or an RFC 3339 instant where the page gives one; empty when unknown.
    pub date: String,
    /// The source that the page credits (来源), as a name: `新华社`; empty when it credits none.
    pub credit: String,
    /// Main text, paragraphs separated by newlines.
    pub text: String,
}
