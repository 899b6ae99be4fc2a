//! Pages, and the themes that they are shown in.

use crate::Error;
use crate::players::{Played, html};
use askama::Template;

/// A link with its text.
#[derive(Clone, Debug, Default)]
pub struct Link {
    pub href: String,
    pub text: String,
}

impl Link {
    pub fn new(href: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            href: href.into(),
            text: text.into(),
        }
    }
}

/// An entry of a list.
#[derive(Clone, Debug, Default)]
pub struct Card {
    pub href: String,
    pub title: String,
    pub thumb: String,
    pub note: String,
    pub summary: String,
}

/// Something that a page offers, and the copy that it is, if any.
#[derive(Clone, Debug, Default)]
pub struct Offer {
    pub copy: Option<usize>,
    pub setup: String,
    pub url: String,
    /// Where it stands after the platform has moved it.
    pub moved: String,
    pub poster: String,
    pub title: String,
    pub artist: String,
    pub size: String,
}

/// What a page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A list of others.
    #[default]
    List,
    /// One or several offers.
    Media,
    /// A text.
    Article,
    /// A table of contents.
    Contents,
    /// A player alone, to be framed by another page.
    Frame,
}

/// A page of a site, in every state that it can be in.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub kind: Kind,
    pub title: String,
    /// The copy that the page's own text is.
    pub copy: Option<usize>,
    pub offers: Vec<Offer>,
    /// A framed player page, and the copy that it plays.
    pub frame: String,
    pub framed: Option<usize>,
    pub cards: Vec<Card>,
    pub pager: Vec<Link>,
    /// Label and value.
    pub facts: Vec<(String, String)>,
    pub blurb: String,
    pub paragraphs: Vec<String>,
    pub author: String,
    pub date: String,
    pub credit: String,
    pub chapters: Vec<Link>,
    /// Before, up, after.
    pub around: Vec<Link>,
    pub comments: Vec<String>,
}

/// The face of a site: what all its pages share.
#[derive(Clone, Debug, Default)]
pub struct Face {
    pub name: String,
    pub host: String,
    pub theme: String,
    pub zh: bool,
    /// As declared in the page; empty when it is not.
    pub charset: String,
    pub nav: Vec<Link>,
    pub filing: String,
}

impl Face {
    /// One of two wordings.
    pub fn say<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        if self.zh { zh } else { en }
    }
}

/// An offer as it is shown.
pub struct Shown<'a> {
    pub offer: &'a Offer,
    pub url: &'a str,
    pub player: String,
}

/// A page as it is shown at some moment.
pub struct View<'a> {
    pub face: &'a Face,
    pub page: &'a Page,
    pub offers: Vec<Shown<'a>>,
    /// Has an offer been taken away?
    pub removed: bool,
}

impl View<'_> {
    fn is(&self, kind: &str) -> bool {
        format!("{:?}", self.page.kind).eq_ignore_ascii_case(kind)
    }

    /// As JSON that can stand in a script.
    fn json(&self, text: &str) -> String {
        serde_json::to_string(text)
            .unwrap_or_default()
            .replace('<', "\\u003c")
    }
}

/// How an offer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Where it was put.
    There,
    /// Taken away.
    Gone,
    /// At its other address.
    Moved,
}

macro_rules! themes {
    ($($name:ident = $path:literal,)*) => {
        $(#[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> { v: &'a View<'a> })*

        fn themed(theme: &str, v: &View<'_>) -> askama::Result<String> {
            match theme {
                $(stringify!($name) => $name { v }.render(),)*
                _ => Blog { v }.render(),
            }
        }
    };
}

themes! {
    Blog = "blog.html",
    Columns = "columns.html",
    Drive = "drive.html",
    Gallery = "gallery.html",
    Maccms = "maccms.html",
    Novels = "novels.html",
    Portal = "portal.html",
    Songs = "songs.html",
    Tube = "tube.html",
}

/// The page as HTML, given how each copy stands.
pub fn render(face: &Face, page: &Page, state: &dyn Fn(usize) -> State) -> Result<String, Error> {
    let mut removed = page.framed.is_some_and(|copy| state(copy) == State::Gone);
    let mut offers = Vec::new();
    for offer in &page.offers {
        let url = match offer.copy.map_or(State::There, state) {
            State::There => &offer.url,
            State::Moved => &offer.moved,
            State::Gone => {
                removed = true;
                continue;
            }
        };
        let link = page.around.first().map_or("", |l| &l.href);
        let played = Played {
            url,
            poster: &offer.poster,
            title: &offer.title,
            artist: &offer.artist,
            link,
        };
        offers.push(Shown {
            offer,
            url,
            player: html(&offer.setup, &played),
        });
    }
    if page.kind == Kind::Frame {
        let player: String = offers.iter().map(|o| o.player.as_str()).collect();
        return Ok(format!(
            "<!DOCTYPE html><html><head><meta charset=\"utf-8\"></head><body style=\"margin:0\">{player}</body></html>"
        ));
    }
    let theme: String = {
        let mut letters = face.theme.chars();
        letters
            .next()
            .map(|c| c.to_uppercase().chain(letters).collect())
            .unwrap_or_default()
    };
    themed(
        &theme,
        &View {
            face,
            page,
            offers,
            removed,
        },
    )
    .map_err(|e| Error::Page(e.to_string()))
}
