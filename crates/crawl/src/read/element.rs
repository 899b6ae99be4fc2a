//! An element by its name and attributes: does it matter, does it break a line, does it hold a player?

/// A start tag that may matter, with where it stands in the text.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: Box<str>,
    pub attributes: Vec<(Box<str>, Box<str>)>,
    /// Where the text stood when the tag began.
    pub start: usize,
    /// Where the text stood when it ended, for elements whose text is asked for; `start` for others.
    pub end: usize,
    /// The element in which it stands, if that is a link or a player.
    pub inside: Option<usize>,
}

impl Element {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| &**key == name)
            .map(|(_, value)| &**value)
    }

    /// The first of these attributes that is there and not blank.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .find_map(|name| self.get(name).filter(|value| !value.trim().is_empty()))
    }
}

/// Could this element name an address or say something of the page?
pub(super) fn matters(element: &Element) -> bool {
    match &*element.name {
        "html" | "base" | "meta" | "link" | "a" | "area" | "iframe" | "frame" | "img" | "video" | "audio"
        | "source" | "embed" | "object" | "param" | "h1" | "h2" | "time" | "amp-video" | "amp-img" => true,
        _ => {
            element.attributes.iter().any(|(name, value)| {
                !value.is_empty()
                    && (name.starts_with("data-")
                        || name.starts_with("on")
                        || name.contains("src")
                        || name.contains("href")
                        || name.contains("url")
                        || matches!(
                            &**name,
                            "itemprop" | "file" | "value" | "poster" | "background" | "config"
                        ))
            }) || labelled(element)
        }
    }
}

/// Inline elements whose class or id says what their text is (a name, a date, a source, a price).
pub(super) fn labelled(element: &Element) -> bool {
    const WORDS: [&str; 19] = [
        "author", "source", "upload", "user", "up-name", "artist", "singer", "album", "date", "time",
        "price", "sale", "shop", "seller", "js_name", "nick", "byline", "size", "version",
    ];
    matches!(
        &*element.name,
        "span" | "em" | "i" | "b" | "strong" | "small" | "p" | "td" | "dd" | "cite" | "address" | "h3" | "h4"
    ) && (element.get("itemprop").is_some()
        || ["class", "id"]
            .iter()
            .filter_map(|name| element.get(name))
            .any(|value| {
                let value = value.to_ascii_lowercase();
                WORDS.iter().any(|word| value.contains(word))
            }))
}

/// Elements whose text is asked for, or in which others stand.
pub(super) fn spans(name: &str) -> bool {
    matches!(
        name,
        "a" | "video" | "audio" | "object" | "h1" | "h2" | "time" | "picture" | "figure" | "tr" | "li"
    )
}

/// Elements that begin and end a line.
pub(super) fn breaks(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "br"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "table"
            | "tr"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "nav"
            | "aside"
            | "main"
            | "blockquote"
            | "pre"
            | "form"
            | "hr"
            | "figure"
            | "figcaption"
            | "option"
            | "fieldset"
            | "center"
            | "body"
            | "head"
            | "title"
    )
}

pub(super) fn void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Does its id or class say that a script is to build a player here (`<div id="dplayer">`, `class="video-js"`)?
pub(super) fn is_stage(element: &Element) -> bool {
    matches!(
        &*element.name,
        "div" | "section" | "main" | "article" | "figure" | "span" | "p" | "td"
    ) && ["id", "class"]
        .iter()
        .filter_map(|name| element.get(name))
        .flat_map(str::split_ascii_whitespace)
        .any(|token| {
            let token: String = token.chars().filter(char::is_ascii_alphanumeric).collect();
            let token = token.to_ascii_lowercase();
            token.ends_with("player") && !token.ends_with("multiplayer")
                || token.starts_with("videojs")
                || [
                    "artplayerapp",
                    "playercontainer",
                    "playercontainerid",
                    "playerwrapper",
                    "playerwrap",
                    "playerbox",
                    "plyr",
                ]
                .contains(&token.as_str())
        })
}
