//! How pages play what they offer: the set-ups met on real sites, as HTML that is put into a page as it stands.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What is played.
pub struct Played<'a> {
    pub url: &'a str,
    pub poster: &'a str,
    pub title: &'a str,
    pub artist: &'a str,
    /// Link to the page before and after, for configurations that carry them.
    pub link: &'a str,
}

fn text(s: &str) -> String {
    s.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// As a JSON string without quotes, slashes escaped as PHP does.
fn json(s: &str) -> String {
    let quoted = serde_json::to_string(s)
        .unwrap_or_default()
        .replace('/', "\\/")
        .replace('<', "\\u003c");
    quoted.trim_matches('"').to_owned()
}

fn percent(s: &str) -> String {
    utf8_percent_encode(s, NON_ALPHANUMERIC).to_string()
}

fn mime(url: &str) -> &'static str {
    match url.rsplit('.').next().unwrap_or_default() {
        "m3u8" => "application/x-mpegURL",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "m4a" => "audio/mp4",
        _ => "video/mp4",
    }
}

/// The HTML of a set-up; an unknown one is a plain link.
pub fn html(setup: &str, played: &Played<'_>) -> String {
    let Played {
        url,
        poster,
        title,
        artist,
        link,
    } = *played;
    let (u, p, t) = (text(url), text(poster), text(title));
    match setup {
        "tag" => format!(
            "<video id=\"player\" src=\"{u}\" poster=\"{p}\" controls preload=\"none\" width=\"640\"></video>"
        ),
        "source" => format!(
            "<video class=\"video-js vjs-big-play-centered\" controls preload=\"none\" poster=\"{p}\" data-setup=\"{{}}\">\n  \
             <source src=\"{u}\" type=\"{}\">\n  <p>{t}</p>\n</video>",
            mime(url)
        ),
        "aaaa-plain" => aaaa(url, link, 0),
        "aaaa-percent" => aaaa(&percent(url), link, 1),
        "aaaa-base64" => aaaa(&STANDARD.encode(percent(url)), link, 2),
        "dplayer" => format!(
            "<div id=\"dplayer\"></div>\n<script>\nconst dp = new DPlayer({{\n  container: document.getElementById('dplayer'),\n  autoplay: false, theme: '#f60',\n  \
             video: {{ url: '{}', pic: '{}', type: '{}' }},\n  danmaku: {{ id: '{}', api: '/dm/' }}\n}});\n</script>",
            json(url),
            json(poster),
            if url.ends_with("m3u8") { "hls" } else { "auto" },
            json(title)
        ),
        "jsonld" => format!(
            "<script type=\"application/ld+json\">{{\"@context\":\"https:\\/\\/schema.org\",\"@type\":\"VideoObject\",\"name\":\"{}\",\"thumbnailUrl\":[\"{}\"],\"contentUrl\":\"{}\",\"uploadDate\":\"2017-08-02\"}}</script>\n\
             <div id=\"player\" data-ready=\"0\"><img src=\"{p}\" alt=\"{t}\"></div>",
            json(title),
            json(poster),
            json(url)
        ),
        "script-base64" => format!(
            "<div id=\"player\"></div>\n<script>\nvar vid = \"{}\";\nvar src = window.atob(vid);\nnew Player('#player', {{ source: src, cover: \"{}\" }});\n</script>",
            STANDARD.encode(url),
            json(poster)
        ),
        "image" => format!("<img class=\"size-full\" src=\"{u}\" alt=\"{t}\">"),
        "audio" => {
            format!("<audio id=\"audio\" controls preload=\"none\" src=\"{u}\" title=\"{t}\"></audio>")
        }
        "aplayer" => format!(
            "<div id=\"aplayer\"></div>\n<script>\nconst ap = new APlayer({{\n  container: document.getElementById('aplayer'), lrcType: 0,\n  \
             audio: [{{ name: '{}', artist: '{}', url: '{}', cover: '/static/cover.jpg' }}]\n}});\n</script>",
            json(title),
            json(artist),
            json(url)
        ),
        "jplayer" => format!(
            "<div id=\"jquery_jplayer_1\" class=\"jp-jplayer\"></div>\n<script type=\"text/javascript\">\n$(document).ready(function(){{\n  \
             $(\"#jquery_jplayer_1\").jPlayer({{ ready: function () {{ $(this).jPlayer(\"setMedia\", {{ title: \"{}\", {}: \"{}\" }}); }}, swfPath: \"/js\", supplied: \"{}\" }});\n}});\n</script>",
            json(title),
            short(url),
            json(url),
            short(url)
        ),
        _ => format!("<a href=\"{u}\">{t}</a>"),
    }
}

fn short(url: &str) -> &str {
    match url.rsplit('.').next() {
        Some("ogg") => "oga",
        Some("m4a") => "m4a",
        _ => "mp3",
    }
}

/// The configuration that MacCMS writes into its play pages; `encrypt` says how the address is wrapped: 0 not, 1 percent
/// signs, 2 Base64 of that.
fn aaaa(url: &str, link: &str, encrypt: u8) -> String {
    format!(
        "<script type=\"text/javascript\">var player_aaaa={{\"flag\":\"play\",\"encrypt\":{encrypt},\"trysee\":0,\"points\":0,\"link\":\"{}\",\"link_next\":\"\",\"link_pre\":\"\",\"url\":\"{}\",\"url_next\":\"\",\"from\":\"dplayer\",\"server\":\"no\",\"note\":\"\",\"id\":\"{}\",\"sid\":1,\"nid\":1}}</script>\n\
         <script type=\"text/javascript\" src=\"/static/js/playerconfig.js\"></script><script type=\"text/javascript\" src=\"/static/js/player.js\"></script>",
        json(link),
        json(url),
        link.chars().filter(char::is_ascii_digit).collect::<String>()
    )
}
