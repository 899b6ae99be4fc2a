//! What a page offers to play or to fetch: tags, attributes and scripts.

use super::address::{Promise, promise};
use super::element::Element;
use super::page::Page;
use super::reading::{Fact, Offer, Rel};
use super::scan::Scan;
use super::script::{self, Script, Value};
use super::words::{address_key, generic, is_player, key_hint};
use super::{links, pictures, reach};
use swordnet_core::{Access, Medium};

/// Attributes that hold addresses of films and songs on elements of any name.
const ADDRESSES: [&str; 14] = [
    "src",
    "href",
    "data-src",
    "data-url",
    "data-href",
    "data-original",
    "data-video",
    "data-audio",
    "data-mp4",
    "data-hls",
    "data-file",
    "file",
    "url",
    "data-video-src",
];
/// Markup inside a script's string is read like the page's own, this many times.
const MAX_FRAGMENTS: usize = 200;

/// Reads tags and scripts, in the order of the page.
pub(super) fn read(page: &mut Page<'_>) {
    let elements = std::mem::take(&mut page.scan.elements);
    let mut fragments = MAX_FRAGMENTS;
    for element in &elements {
        tag(page, &elements, element, &mut fragments);
    }
    page.scan.elements = elements;
    metas(page);
    let scripts = std::mem::take(&mut page.scan.scripts);
    for script in &scripts {
        match script.kind.as_str() {
            "application/ld+json" | "text/css" | "speculationrules" | "importmap" => {}
            kind if kind.contains("template") || kind.contains("html") => {
                fragment(page, &script.body, &mut fragments)
            }
            _ => read_script(page, &script.body, &mut fragments),
        }
    }
    // An empty stage is one for a script, here or in a file of its own.
    page.player |= page.scan.stage && (!scripts.is_empty() || page.scan.named("script").next().is_some());
    page.scan.scripts = scripts;
}

/// Reads the strings of a script, or of JSON.
pub(super) fn read_script(page: &mut Page<'_>, source: &str, fragments: &mut usize) {
    let mut script = script::read(source);
    script.plays = script.calls.iter().any(|call| is_player(call));
    let before = page.reading.offers.len();
    for value in &script.values {
        string(page, &script, value, fragments);
    }
    if script.plays || source.contains("player_aaaa") || source.contains("MacPlayer") {
        page.player = true;
    }
    // A player whose address comes from elsewhere: the place from which it comes is worth one look.
    if page.reading.offers.len() == before {
        for value in &script.values {
            let fetched = matches!(
                value.key.as_str(),
                "fetch" | "get" | "getJSON" | "ajax" | "post" | "axios" | "GET" | "open"
            );
            if fetched
                && reach::looks_like_address(&value.text)
                && matches!(promise(&value.text), Promise::Unknown | Promise::Other)
            {
                let hidden = page
                    .scan
                    .elements
                    .iter()
                    .any(|element| matches!(&*element.name, "video" | "audio"));
                if (hidden || page.player) && !value.text.ends_with(".js") && !value.text.ends_with(".css") {
                    page.link(&value.text, Rel::Player, false, "");
                }
            }
        }
    }
}

fn tag(page: &mut Page<'_>, elements: &[Element], element: &Element, fragments: &mut usize) {
    let name = &*element.name;
    let kind = element.first(&["type", "data-type"]);
    let title = element
        .first(&["title", "data-title", "data-name", "aria-label"])
        .unwrap_or_default();
    match name {
        "video" | "audio" | "amp-video" => {
            page.player = true;
            let medium = if name == "audio" {
                Medium::Audio
            } else {
                Medium::Video
            };
            let hint = Page::hint(kind).map_or((medium, Access::File), |(_, access)| (medium, access));
            for source in ADDRESSES.iter().filter_map(|name| element.get(name)) {
                page.offer_behind(source, Some(hint), title);
            }
        }
        "source" => {
            let parent = element
                .inside
                .and_then(|inside| elements.get(inside))
                .map(|parent| &*parent.name);
            let medium = match parent {
                Some("audio") => Medium::Audio,
                Some("picture") => return,
                _ => Medium::Video,
            };
            let hint = Page::hint(kind).map_or((medium, Access::File), |(_, access)| (medium, access));
            for source in ["src", "data-src"].iter().filter_map(|name| element.get(name)) {
                page.offer_behind(source, Some(hint), title);
            }
        }
        "object" | "embed" => {
            for source in ["data", "src", "flashvars"]
                .iter()
                .filter_map(|name| element.get(name))
            {
                let hint = Page::hint(kind).filter(|_| !source.contains(".swf"));
                let vars = source.contains('=') && !source.contains('?');
                let found = if vars {
                    page.offer_behind(&format!("/?{source}"), hint, title)
                } else {
                    page.offer_behind(source, hint, title)
                };
                if !found && element.get("src").is_some() && kind.is_none_or(|kind| kind.contains("html")) {
                    page.frame(source, "embed");
                }
            }
        }
        "param" => {
            let named = element.get("name").unwrap_or_default().to_ascii_lowercase();
            if matches!(
                named.as_str(),
                "movie" | "src" | "url" | "file" | "flashvars" | "filename" | "href"
            ) && let Some(value) = element.get("value")
            {
                let value = if named == "flashvars" {
                    format!("/?{value}")
                } else {
                    value.to_owned()
                };
                page.offer_behind(&value, None, "");
            }
        }
        "a" | "area" => anchor(page, element, title),
        "link" => {
            // What the browser is to fetch ahead: of files only what is one by its name.
            let ahead = element.get("rel").is_some_and(|rel| {
                let rel = rel.to_ascii_lowercase();
                rel.contains("preload") || rel.contains("prefetch")
            });
            if let Some(href) = element.get("href").filter(|_| ahead)
                && matches!(promise(href), Promise::Media(Medium::Video | Medium::Audio, _))
            {
                page.offer_behind(href, None, title);
            }
        }
        "iframe" | "frame" | "base" | "html" | "meta" | "img" | "amp-img" | "amp-iframe" => {}
        _ => {
            // Players as elements of their own (`<media-player src>`, `<hls-video src>`), and lazy ones.
            let own = name.contains('-')
                && ["video", "player", "media", "hls", "dash", "audio"]
                    .iter()
                    .any(|word| name.contains(word));
            let audio = name.contains("audio");
            let hint = own.then_some((if audio { Medium::Audio } else { Medium::Video }, Access::File));
            let hint = Page::hint(kind).or(hint);
            if own {
                page.player = true;
            }
            for address in ADDRESSES.iter().filter_map(|name| element.get(name)) {
                page.offer_behind(address, hint.filter(|_| own), title);
            }
        }
    }
    if name == "meta" || name == "link" && element.get("as").is_none() && element.get("itemprop").is_none() {
        return;
    }
    if let Some(property) = element.get("itemprop") {
        property_of_item(page, element, property);
    }
    for (key, value) in &element.attributes {
        attribute(page, name, key, value, fragments);
    }
}

/// `itemprop=contentUrl` and `embedUrl` of schema.org.
fn property_of_item(page: &mut Page<'_>, element: &Element, property: &str) {
    let Some(value) = element.first(&["content", "href", "src"]) else {
        return;
    };
    match property.trim().to_ascii_lowercase().as_str() {
        "contenturl" => {
            page.offer_behind(value, None, "");
        }
        "embedurl" => page.frame(value, "embed"),
        _ => {}
    }
}

/// Attributes that hold a configuration, a handler or an address under a name of their own.
fn attribute(page: &mut Page<'_>, element: &str, key: &str, value: &str, fragments: &mut usize) {
    if value.len() < 5
        || ADDRESSES.contains(&key)
        || matches!(
            key,
            "class" | "id" | "style" | "alt" | "title" | "srcset" | "data-srcset"
        )
    {
        return;
    }
    let first = value.trim_start().chars().next();
    let handler = key.starts_with("on") || matches!(key, "@click" | "v-on:click");
    if handler
        || matches!(first, Some('{' | '['))
        || key == "href" && value.trim_start().starts_with("javascript:")
    {
        // The strings of `javascript:` links and handlers are a script's.
        let likely = value.contains("://")
            || value.contains("%3A")
            || value.contains("\\/")
            || value.contains('.')
            || value.len() > 64;
        if likely {
            read_script(page, value, fragments);
        }
    } else if let Some(json) = json_behind(value).filter(|_| *fragments > 0) {
        *fragments -= 1;
        read_script(page, &json, fragments);
    } else if key.contains("embed") && value.starts_with("http") {
        page.frame(value, "embed");
    } else if key.starts_with("data-")
        || matches!(key, "value" | "config" | "poster-src" | "content")
        || key.contains("url")
        || key.contains("src")
        || key.contains("file")
    {
        if value.contains('<') && value.contains("src") {
            fragment(page, value, fragments);
        } else if element != "img" {
            let audio = key.contains("mp3") || key.contains("audio") || key.contains("music");
            let video =
                key.contains("video") || key.contains("m3u8") || key.contains("mp4") || key.contains("hls");
            let hint = match (audio, video) {
                (true, _) => Some((Medium::Audio, Access::File)),
                (_, true) => Some((
                    Medium::Video,
                    if key.contains("m3u8") || key.contains("hls") {
                        Access::Hls
                    } else {
                        Access::File
                    },
                )),
                _ => None,
            };
            let hint = hint.filter(|_| value.contains("://") || value.starts_with('/'));
            page.offer_behind(value, hint, "");
        }
    }
}

/// A link to a file, or one of a download manager.
fn anchor(page: &mut Page<'_>, element: &Element, title: &str) {
    let text = page.scan.text_of(element);
    let title = if text.is_empty() { title.to_owned() } else { text };
    let download = element
        .get("download")
        .filter(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned();
    for href in ["href", "data-href", "data-url", "data-src", "thunderhref"]
        .iter()
        .filter_map(|name| element.get(name))
    {
        // The name under which a browser would keep the file promises as much as its address.
        let hint = match promise(&download) {
            Promise::Media(medium, access) if medium != Medium::Image => Some((medium, access)),
            _ => Page::hint(element.get("type")),
        };
        // "下载", "MP3" and the like name no work; the page's headline does.
        let name = if generic(&title) {
            download.as_str()
        } else {
            title.as_str()
        };
        let own = page.offer_behind(href, hint, name);
        if !own && let Promise::Media(Medium::Image, access) = promise(href) {
            pictures::offer(page, href, access, &title, element.inside.is_some());
        }
    }
}

/// What the head announces: OpenGraph, Twitter cards, schema.org as `<meta>`.
fn metas(page: &mut Page<'_>) {
    let found = |page: &Page<'_>, names: &[&str]| -> Vec<String> {
        names
            .iter()
            .flat_map(|name| page.scan.metas(name).into_iter().map(str::to_owned))
            .collect()
    };
    let kind = |page: &Page<'_>, names: &[&str]| Page::hint(page.scan.meta(names));
    let video = found(
        page,
        &[
            "og:video",
            "og:video:url",
            "og:video:secure_url",
            "twitter:player:stream",
            "contenturl",
        ],
    );
    let video_kind = kind(page, &["og:video:type", "twitter:player:stream:content_type"]);
    for address in video {
        if !page.offer_behind(&address, video_kind, "") {
            page.frame(&address, "player");
        }
    }
    let audio_kind = kind(page, &["og:audio:type"]).or(Some((Medium::Audio, Access::File)));
    for address in found(
        page,
        &[
            "og:audio",
            "og:audio:url",
            "og:audio:secure_url",
            "music:preview_url:url",
        ],
    ) {
        page.offer_behind(&address, audio_kind, "");
    }
    for address in found(page, &["twitter:player", "embedurl"]) {
        page.frame(&address, "player");
    }
}

/// One string of a script.
fn string(page: &mut Page<'_>, script: &Script, value: &Value, fragments: &mut usize) {
    let text = value.text.as_str();
    if text.len() < 5 || value.key.ends_with("_next") {
        return;
    }
    if text.contains('<') && text.contains('>') {
        if [
            "<video", "<iframe", "<audio", "<source", "<embed", "magnet:", "<object",
        ]
        .iter()
        .any(|tag| text.contains(tag))
        {
            fragment(page, text, fragments);
        }
        return;
    }
    // JSON inside a string, whole or as a part of it.
    let json =
        text.starts_with(['{', '[']) && text.contains(':') || text.contains("{\"") && text.contains("\":\"");
    if text.len() > 20 && json && *fragments > 0 {
        *fragments -= 1;
        return read_script(page, text, fragments);
    }
    if let Some(json) = json_behind(text).filter(|_| *fragments > 0) {
        *fragments -= 1;
        return read_script(page, &json, fragments);
    }
    let title = script
        .sibling(
            value,
            &["title", "name", "songname", "song_name", "video_title", "label"],
        )
        .unwrap_or_default()
        .to_owned();
    let title = if generic(&title) { String::new() } else { title };
    let hint = hint_of(script, value);
    let before = page.reading.offers.len();
    let found = page.offer_behind(text, hint, &title);
    if found && let Some(artist) = script.sibling(value, &["artist", "author", "singer", "artists"]) {
        for offer in &mut page.reading.offers[before..] {
            offer.author = super::page::cut(artist);
        }
    }
    // A list of what to play, kept elsewhere: a feed or JSON.
    let list = matches!(
        value.key.as_str(),
        "playlist" | "playlistUrl" | "playlist_url" | "feed"
    );
    if list && !found && script.plays && reach::looks_like_address(text) {
        page.player = true;
        page.link(text, Rel::Player, false, &title);
    }
    // `f = document.createElement("iframe"); f.src = "…"`.
    if value.key == "src" && !found && script.frames && text.contains("//") {
        page.frame(text, if script.full_screen { "allowfullscreen" } else { "" });
    }
    // A player's page elsewhere, handed over as what to play.
    let macro_player = value.key == "url" && script.around(value).any(|name| name.starts_with("player_"))
        || value.key == "mac_url";
    if macro_player {
        page.player = true;
        if !found {
            for reached in reach::reach(text) {
                if reached.address.starts_with("http") || reached.address.starts_with("//") {
                    page.link(&reached.address, Rel::Player, false, &reached.title);
                }
            }
        }
    }
}

/// An object or a list behind base64 or percent escapes.
fn json_behind(text: &str) -> Option<String> {
    let inner = if text.starts_with("%7B") || text.starts_with("%5B") {
        script::unescaped(text)
    } else if text.len() > 24 && (text.starts_with("ey") || text.starts_with("W3")) {
        script::base64_decoded(text)?
    } else {
        return None;
    };
    inner.starts_with(['{', '[']).then_some(inner)
}

/// What the words around a string promise of it.
fn hint_of(script: &Script, value: &Value) -> Option<(Medium, Access)> {
    if !reach::looks_like_address(&value.text)
        || !(value.text.contains("//") || value.text.starts_with(['/', '.']))
    {
        return None;
    }
    if let Some(hint) = key_hint(&value.key) {
        return Some(hint);
    }
    if !address_key(&value.key) {
        return None;
    }
    let kind = Page::hint(script.sibling(
        value,
        &["type", "mimeType", "mime", "contentType", "format", "customType"],
    ));
    if kind.is_some() {
        return kind;
    }
    script
        .around(value)
        .find_map(|name| match name.to_ascii_lowercase().as_str() {
            "video" | "videos" | "dplayer" | "artplayer" | "xgplayer" | "ckplayer" | "aliplayer"
            | "tcplayer" | "videojs" | "createplayer" => Some((Medium::Video, Access::File)),
            "audio" | "aplayer" | "howl" | "song" | "songs" | "music" => Some((Medium::Audio, Access::File)),
            _ => None,
        })
}

/// Markup that stands in a script or an attribute.
fn fragment(page: &mut Page<'_>, markup: &str, fragments: &mut usize) {
    if *fragments == 0 || markup.len() > 1024 * 1024 {
        return;
    }
    *fragments -= 1;
    let scan = Scan::of(markup);
    for element in &scan.elements {
        if &*element.name == "a" {
            if let Some(href) = element.get("href") {
                page.offer_behind(href, None, "");
            }
        } else {
            tag(page, &scan.elements, element, fragments);
        }
        if matches!(&*element.name, "iframe" | "amp-iframe") {
            links::frame(page, element);
        }
    }
    for script in &scan.scripts {
        if *fragments > 0 {
            *fragments -= 1;
            read_script(page, &script.body, fragments);
        }
    }
}

/// Bytes that are no page: an offer of themselves.
pub(super) fn itself(page: &mut Page<'_>, medium: Medium, access: Access, size: usize) {
    let mut offer = Offer::new(page.url.clone(), medium, access);
    offer.title = super::address::file_name(page.url);
    offer.facts.push((Fact::Size, size.to_string()));
    page.offer(offer);
}
