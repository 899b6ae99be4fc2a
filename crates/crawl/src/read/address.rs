//! Addresses as pages write them, and what an address promises.

use encoding_rs::Encoding;
use percent_encoding::percent_decode_str;
use swordnet_core::{Access, Medium};
use url::Url;

/// Addresses longer than this are no addresses.
const MAX_LENGTH: usize = 8 * 1024;

/// What relative addresses of a page are relative to.
pub(super) struct Base {
    url: Url,
    encoding: &'static Encoding,
}

impl Base {
    /// `declared` is the first `<base href>`.
    pub fn new(page: &Url, declared: Option<&str>, encoding: &'static Encoding) -> Base {
        let url = declared
            .and_then(|href| page.join(href.trim()).ok())
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .unwrap_or_else(|| page.clone());
        Base { url, encoding }
    }

    /// Any address, as the URL standard reads it: white space trimmed, tabs and newlines dropped, backslashes turned,
    /// paths in UTF-8, queries in the page's encoding.
    pub fn join(&self, address: &str) -> Option<Url> {
        let address = address.trim_matches(|c: char| c <= ' ');
        if address.is_empty() || address.len() > MAX_LENGTH {
            return None;
        }
        let encoding = self.encoding.output_encoding();
        if encoding == encoding_rs::UTF_8 || address.is_ascii() {
            return self.url.join(address).ok();
        }
        Url::options()
            .base_url(Some(&self.url))
            .encoding_override(Some(&|text| encoding.encode(text).0))
            .parse(address)
            .ok()
    }

    /// An http or https address.
    pub fn web(&self, address: &str) -> Option<Url> {
        self.join(address)
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    }
}

const VIDEO: &[&str] = &[
    "mp4", "m4v", "mkv", "webm", "flv", "f4v", "avi", "mov", "wmv", "rm", "rmvb", "mpg", "mpeg", "ts",
    "m2ts", "ogv", "3gp", "vob", "asf",
];
const AUDIO: &[&str] = &[
    "mp3", "m4a", "aac", "ogg", "oga", "opus", "flac", "wav", "wma", "ape", "amr", "mka", "weba",
];
const IMAGE: &[&str] = &[
    "jpg", "jpeg", "jpe", "png", "webp", "gif", "bmp", "avif", "heic", "tif", "tiff", "jfif",
];
const TEXT: &[&str] = &[
    "txt", "epub", "pdf", "mobi", "azw3", "doc", "docx", "rtf", "umd", "chm",
];
const APP: &[&str] = &["apk", "xapk", "apks", "ipa", "hap"];
const ARCHIVE: &[&str] = &[
    "zip", "rar", "7z", "iso", "exe", "msi", "dmg", "gz", "tar", "bz2", "xz",
];
/// What scripts name that is none of the above.
const OTHER: &[&str] = &[
    "html", "htm", "xhtml", "shtml", "php", "asp", "aspx", "jsp", "js", "mjs", "css", "json", "xml", "svg",
    "ico", "woff", "woff2", "ttf", "eot", "vtt", "srt", "ass", "swf", "map", "wasm", "action", "do",
];

/// What an address promises by its name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    Media(Medium, Access),
    Archive,
    /// A page, a style sheet, a script: known to be no medium.
    Other,
    /// The name says nothing.
    Unknown,
}

/// The promise of an address (absolute or relative), by the extension of its path, else by an extension at the end of a
/// query value (`get.php?file=a.mp4`).
pub(super) fn promise(address: &str) -> Promise {
    if address.starts_with("magnet:") || address.starts_with("ed2k:") {
        return Promise::Media(Medium::Video, Access::Torrent);
    }
    let address = address.split('#').next().unwrap_or_default();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let by_path = of_extension(path);
    match by_path {
        Promise::Media(..) | Promise::Archive => by_path,
        // `/index.m3u8/play`, `/p.mp4/` and signed addresses `/a.m3u8!xyz`.
        _ if path.contains(".m3u8") => Promise::Media(Medium::Video, Access::Hls),
        _ => query
            .split('&')
            .filter_map(|pair| pair.split_once('=').map(|(_, value)| value))
            .map(of_extension)
            .find(|promise| matches!(promise, Promise::Media(..)))
            .unwrap_or(by_path),
    }
}

fn of_extension(path: &str) -> Promise {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let Some((_, extension)) = name.rsplit_once('.') else {
        return Promise::Unknown;
    };
    let extension = extension.to_ascii_lowercase();
    let extension = extension
        .split(['!', '@', '~', '_', ';', ':'])
        .next()
        .unwrap_or_default();
    if extension.len() > 8 {
        return Promise::Unknown;
    }
    let within = |list: &[&str]| list.contains(&extension);
    match extension {
        "m3u8" | "m3u" => Promise::Media(Medium::Video, Access::Hls),
        "mpd" => Promise::Media(Medium::Video, Access::Dash),
        "torrent" => Promise::Media(Medium::Video, Access::Torrent),
        _ if within(VIDEO) => Promise::Media(Medium::Video, Access::File),
        _ if within(AUDIO) => Promise::Media(Medium::Audio, Access::File),
        _ if within(IMAGE) => Promise::Media(Medium::Image, Access::File),
        _ if within(TEXT) => Promise::Media(Medium::Text, Access::File),
        _ if within(APP) => Promise::Media(Medium::Text, Access::App),
        _ if within(ARCHIVE) => Promise::Archive,
        _ if within(OTHER) => Promise::Other,
        _ => Promise::Unknown,
    }
}

/// The promise of a media type (`video/mp4; codecs=…`) or of a player's word for one (`hls`, `customHls`, `mp4`).
pub(super) fn promise_of_type(kind: &str) -> Option<(Medium, Access)> {
    let kind = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    Some(match kind.as_str() {
        "application/x-mpegurl"
        | "application/vnd.apple.mpegurl"
        | "application/mpegurl"
        | "audio/mpegurl"
        | "audio/x-mpegurl"
        | "hls"
        | "customhls"
        | "shakahls"
        | "m3u8"
        | "video/hls"
        | "video/x-mpegurl" => (Medium::Video, Access::Hls),
        "application/dash+xml" | "dash" | "customdash" | "mpd" | "shakadash" => (Medium::Video, Access::Dash),
        "application/x-bittorrent" | "webtorrent" | "torrent" => (Medium::Video, Access::Torrent),
        "application/vnd.android.package-archive" => (Medium::Text, Access::App),
        "application/pdf" | "application/epub+zip" | "application/msword" => (Medium::Text, Access::File),
        "mp4"
        | "flv"
        | "webm"
        | "normal"
        | "customflv"
        | "application/mp4"
        | "application/ogg"
        | "application/vnd.rn-realmedia" => (Medium::Video, Access::File),
        "mp3" | "m4a" | "ogg" | "aac" | "flac" | "wav" => (Medium::Audio, Access::File),
        "image/svg+xml" | "image/x-icon" | "image/vnd.microsoft.icon" => return None,
        _ if kind.starts_with("video/") => (Medium::Video, Access::File),
        _ if kind.starts_with("audio/") => (Medium::Audio, Access::File),
        _ if kind.starts_with("image/") => (Medium::Image, Access::File),
        _ => return None,
    })
}

/// Percent escapes undone, by UTF-8 or else by GB18030.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => encoding_rs::GB18030
            .decode_without_bom_handling(error.as_bytes())
            .0
            .into_owned(),
    }
}

/// The last part of an address's path, for people: a title where nothing better is known.
pub(super) fn file_name(url: &Url) -> String {
    let last = url
        .path()
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    percent_decoded(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(encoding: &'static Encoding) -> Base {
        Base::new(&Url::parse("http://site.test/a/b.html").unwrap(), None, encoding)
    }

    #[test]
    fn addresses_are_read_as_browsers_read_them() {
        let base = base(encoding_rs::UTF_8);
        for (written, meant) in [
            (" trim.html\n", "http://site.test/a/trim.html"),
            ("tab\there.html", "http://site.test/a/tabhere.html"),
            ("back\\slash.html", "http://site.test/a/back/slash.html"),
            (
                "中文/路径.html",
                "http://site.test/a/%E4%B8%AD%E6%96%87/%E8%B7%AF%E5%BE%84.html",
            ),
            ("//other.test/x", "http://other.test/x"),
            ("?q=1&copy=2", "http://site.test/a/b.html?q=1&copy=2"),
        ] {
            assert_eq!(base.web(written).unwrap().as_str(), meant);
        }
        for written in [
            "javascript:alert(1)",
            "mailto:a@b",
            "data:text/html,x",
            "file:///etc/hostname",
            "http://x:99999/",
            "http://:80/",
            "",
        ] {
            assert_eq!(base.web(written), None, "{written}");
        }
    }

    #[test]
    fn queries_are_written_in_the_pages_encoding_and_paths_in_utf8() {
        let url = base(encoding_rs::GBK).web("/侵?q=侵").unwrap();
        assert_eq!(url.as_str(), "http://site.test/%E4%BE%B5?q=%C7%D6");
    }

    #[test]
    fn names_promise_media() {
        let media = |m, a| Promise::Media(m, a);
        assert_eq!(promise("/v/a.MP4?x=1"), media(Medium::Video, Access::File));
        assert_eq!(
            promise("https://c/x/index.m3u8?auth=a.b"),
            media(Medium::Video, Access::Hls)
        );
        assert_eq!(
            promise("/get.php?file=a%20b.mp3"),
            media(Medium::Audio, Access::File)
        );
        assert_eq!(promise("/photo.jpg!large"), media(Medium::Image, Access::File));
        assert_eq!(promise("/page.html"), Promise::Other);
        assert_eq!(promise("/play/1"), Promise::Unknown);
    }
}
