//! The words by which scripts and links name what they hold.

use swordnet_core::{Access, Medium};

/// Names under which players are called into being.
pub(super) fn is_player(call: &str) -> bool {
    const PLAYERS: [&str; 26] = [
        "dplayer",
        "artplayer",
        "videojs",
        "jwplayer",
        "xgplayer",
        "ckplayer",
        "aliplayer",
        "tcplayer",
        "flowplayer",
        "plyr",
        "hls",
        "mpegts",
        "createplayer",
        "aplayer",
        "howl",
        "mediaelementplayer",
        "clappr",
        "fluidplayer",
        "shaka",
        "mediaplayer",
        "nplayer",
        "player",
        "mui-player",
        "muiplayer",
        "veplayer",
        "hlsplayer",
    ];
    let call = call.to_ascii_lowercase();
    PLAYERS.contains(&call.as_str())
}

/// Keys under which players' configurations hold the address of what they play.
pub(super) fn key_hint(key: &str) -> Option<(Medium, Access)> {
    let key = key.to_ascii_lowercase().replace(['_', '-'], "");
    Some(match key.as_str() {
        "hls" | "m3u8" | "hlsurl" | "m3u8url" | "urlm3u8" | "hlsmanifesturl" | "loadsource" => {
            (Medium::Video, Access::Hls)
        }
        "dash" | "mpd" | "dashurl" | "dashmanifesturl" => (Medium::Video, Access::Dash),
        "mp4" | "flv" | "webm" | "videourl" | "vurl" | "videosrc" | "playurl" | "videofile" | "vodurl"
        | "mainurl" | "streamurl" | "mp4url" | "flvurl" | "playaddr" | "videoplayurl" => {
            (Medium::Video, Access::File)
        }
        "mp3" | "m4a" | "mp3url" | "audiourl" | "audiosrc" | "songurl" | "musicurl" | "songsrc"
        | "musicsrc" | "mp3src" => (Medium::Audio, Access::File),
        _ => return None,
    })
}

/// Keys that mean an address of whatever the object around them is about.
pub(super) fn address_key(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "url" | "src" | "file" | "source" | "sources" | "srcs" | "contenturl" | "link" | "path"
    )
}

/// Words on links that say what to do, not what is there.
pub(super) fn generic(title: &str) -> bool {
    let title = title.trim().to_lowercase();
    title.chars().count() <= 4
        && !title.chars().any(|c| {
            ('\u{4e00}'..='\u{9fff}').contains(&c)
                && !"下载播放试听观看立即点击本地高清云磁力种子迅雷".contains(c)
        })
        || matches!(
            title.as_str(),
            "download"
                | "click here"
                | "magnet"
                | "torrent"
                | "play"
                | "listen"
                | "watch"
                | "点击下载"
                | "立即播放"
                | "在线观看"
                | "迅雷下载"
                | "高清下载"
        )
}
