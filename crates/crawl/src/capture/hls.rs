//! HLS: RFC 8216 and its second edition, as far as a recording needs it.

use super::{
    MIN_HEIGHT, Part, Sound,
    join::{ByteRange, Joint},
};
use crate::fetch::FetchError;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use url::Url;

/// Most segments of a playlist that are followed: a day of six-second segments.
const MAX_SEGMENTS: usize = 14_400;
/// A live stream is recorded for so long.
const LIVE: Duration = Duration::from_secs(60);

/// Either kind of playlist.
#[derive(Debug, PartialEq)]
enum Playlist {
    /// The variants, and the addresses of sound that is kept apart, by the name of its group.
    Master(Vec<Variant>, Vec<(String, String)>),
    Media(Media),
}

/// One rendition of the whole.
#[derive(Debug, PartialEq)]
struct Variant {
    uri: String,
    bandwidth: u64,
    height: Option<u32>,
    /// The group of sounds that belongs to it.
    audio: Option<String>,
}

/// The segments of one rendition.
#[derive(Debug, Default, PartialEq)]
struct Media {
    segments: Vec<Segment>,
    /// Number of the first segment.
    sequence: u64,
    /// Seconds, rounded up, that a segment lasts at most.
    target: u64,
    /// Does it say that no segments will follow?
    ended: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Segment {
    uri: String,
    seconds: f64,
    range: Option<ByteRange>,
    /// The initialisation section that it needs, where that differs from the one before.
    map: Option<(String, Option<ByteRange>)>,
    /// The method that it is encrypted with.
    encrypted: Option<String>,
}

/// The rendition of a stream that was chosen.
pub(super) struct Stream {
    at: Url,
    media: Media,
    sound: Option<Url>,
}

/// Fetches a playlist and, where it lists variants, that of the one we want.
pub(super) async fn stream(joint: &mut Joint<'_>, url: &Url) -> Result<Stream, FetchError> {
    let (at, body) = joint.playlist(url).await?;
    let (variants, sounds) = match parse(&at, &body)? {
        Playlist::Media(media) => {
            return Ok(Stream {
                at,
                media,
                sound: None,
            });
        }
        Playlist::Master(variants, sounds) => (variants, sounds),
    };
    let chosen = choose(&variants).ok_or_else(|| broken(&at, "it names no variant"))?;
    let sound = sounds
        .iter()
        .find(|(group, _)| chosen.audio.as_ref() == Some(group));
    let sound = sound.and_then(|(_, uri)| at.join(uri).ok());
    let (at, body) = joint.playlist(&join(&at, &chosen.uri)?).await?;
    match parse(&at, &body)? {
        Playlist::Media(media) => Ok(Stream { at, media, sound }),
        Playlist::Master(..) => Err(broken(&at, "a variant is a list of variants again")),
    }
}

impl Stream {
    /// The segments of a few places of a stream that is over and lasts `short` seconds or more; none of any other.
    pub(super) fn places(
        &self,
        places: usize,
        seconds: f64,
        short: f64,
    ) -> Result<Vec<Vec<Part>>, FetchError> {
        let all = &self.media.segments;
        let length: f64 = all.iter().map(|segment| segment.seconds).sum();
        if !self.media.ended || length < short {
            return Ok(Vec::new());
        }
        if let Some(method) = all.iter().find_map(|segment| segment.encrypted.clone()) {
            return Err(FetchError::Encrypted {
                url: self.at.to_string(),
                method,
            });
        }
        let mut found = Vec::new();
        for n in 0..places {
            let wanted = length * (2 * n + 1) as f64 / (2 * places) as f64;
            let (mut at, mut parts, mut covered) = (0.0, Vec::new(), 0.0);
            let mut map = None;
            for segment in all {
                map = segment.map.as_ref().or(map);
                if at + segment.seconds > wanted && covered < seconds {
                    if let Some((uri, range)) = map.filter(|_| parts.is_empty()) {
                        parts.push(Part {
                            url: join(&self.at, uri)?,
                            range: *range,
                            initial: true,
                        });
                    }
                    parts.push(Part {
                        url: join(&self.at, &segment.uri)?,
                        range: segment.range,
                        initial: false,
                    });
                    covered += segment.seconds;
                }
                at += segment.seconds;
            }
            found.push(parts);
        }
        Ok(found)
    }
}

/// Records the stream of a playlist; gives the sound that it keeps apart.
pub(super) async fn capture(joint: &mut Joint<'_>, url: &Url) -> Result<Option<Sound>, FetchError> {
    let Stream { at, mut media, sound } = stream(joint, url).await?;
    let sound = sound.map(Sound::Playlist);
    let began = Instant::now();
    let mut next = media.sequence;
    loop {
        let known = next
            .saturating_sub(media.sequence)
            .min(media.segments.len() as u64) as usize;
        for segment in &media.segments[known..] {
            if joint.full() {
                joint.cut_off();
                return Ok(sound);
            }
            take(joint, &at, segment).await?;
        }
        next = next.max(media.sequence + media.segments.len() as u64);
        if media.ended || joint.full() {
            return Ok(sound);
        }
        // A live stream: what is there now, and what comes within the time.
        let wait = Duration::from_secs(media.target.clamp(1, 10));
        if began.elapsed() + wait > LIVE {
            joint.cut_off();
            return Ok(sound);
        }
        sleep(wait).await;
        let (_, body) = joint.playlist(&at).await?;
        match parse(&at, &body)? {
            Playlist::Media(newer) => media = newer,
            Playlist::Master(..) => return Err(broken(&at, "it turned into a list of variants")),
        }
    }
}

async fn take(joint: &mut Joint<'_>, at: &Url, segment: &Segment) -> Result<(), FetchError> {
    if let Some(method) = &segment.encrypted {
        return Err(FetchError::Encrypted {
            url: at.to_string(),
            method: method.clone(),
        });
    }
    if let Some((uri, range)) = &segment.map {
        joint.part(&join(at, uri)?, *range).await?;
    }
    joint.part_if_there(&join(at, &segment.uri)?, segment.range).await
}

fn join(at: &Url, uri: &str) -> Result<Url, FetchError> {
    at.join(uri)
        .map_err(|error| broken(at, &format!("'{uri}' is no address: {error}")))
}

fn broken(url: &Url, why: &str) -> FetchError {
    FetchError::Playlist {
        url: url.to_string(),
        why: why.to_owned(),
    }
}

/// The smallest variant with enough lines; where none says how many it has, the one with the least bandwidth.
fn choose(variants: &[Variant]) -> Option<&Variant> {
    let enough = |variant: &&Variant| variant.height.is_some_and(|height| height >= MIN_HEIGHT);
    let smallest = variants
        .iter()
        .filter(enough)
        .min_by_key(|variant| (variant.height, variant.bandwidth));
    let largest_known = variants
        .iter()
        .filter(|v| v.height.is_some())
        .max_by_key(|v| v.height);
    smallest
        .or(largest_known)
        .or_else(|| variants.iter().min_by_key(|variant| variant.bandwidth))
}

fn parse(url: &Url, body: &[u8]) -> Result<Playlist, FetchError> {
    let text = String::from_utf8_lossy(body);
    let mut lines = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    if !lines.next().is_some_and(|line| line.starts_with("#EXTM3U")) {
        return Err(broken(url, "it does not begin with #EXTM3U"));
    }
    let (mut variants, mut sounds, mut media) = (
        Vec::new(),
        Vec::new(),
        Media {
            target: 6,
            ..Media::default()
        },
    );
    let mut variant: Option<Variant> = None;
    let mut pending = Segment::default();
    let mut encrypted: Option<String> = None;
    let mut last_range: Option<(String, u64)> = None;
    let mut pending_range: Option<(u64, Option<u64>)> = None;
    for line in lines {
        if let Some(attributes) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            let attribute = |name| {
                attributes_of(attributes)
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value)
            };
            variant = Some(Variant {
                uri: String::new(),
                bandwidth: attribute("BANDWIDTH")
                    .and_then(|v| v.parse().ok())
                    .unwrap_or(u64::MAX),
                height: attribute("RESOLUTION").and_then(|v| v.split(['x', 'X']).nth(1)?.parse().ok()),
                audio: attribute("AUDIO").map(str::to_owned),
            });
        } else if let Some(attributes) = line.strip_prefix("#EXT-X-MEDIA:") {
            let attribute = |name| {
                attributes_of(attributes)
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.to_owned())
            };
            if attribute("TYPE").as_deref() == Some("AUDIO")
                && let (Some(group), Some(uri)) = (attribute("GROUP-ID"), attribute("URI"))
            {
                sounds.push((group, uri));
            }
        } else if let Some(value) = line.strip_prefix("#EXTINF:") {
            let seconds = value.split(',').next().unwrap_or_default().trim().parse();
            pending.seconds = seconds.unwrap_or(0.0f64).clamp(0.0, 3600.0);
        } else if let Some(attributes) = line.strip_prefix("#EXT-X-KEY:") {
            let method = attributes_of(attributes)
                .find(|(key, _)| *key == "METHOD")
                .map(|(_, value)| value);
            encrypted = method.filter(|method| *method != "NONE").map(str::to_owned);
        } else if let Some(attributes) = line.strip_prefix("#EXT-X-MAP:") {
            let attribute = |name| {
                attributes_of(attributes)
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value)
            };
            let range = attribute("BYTERANGE").and_then(byte_range);
            let range = range.map(|(length, from)| ByteRange {
                from: from.unwrap_or(0),
                length,
            });
            pending.map = attribute("URI").map(|uri| (uri.to_owned(), range));
        } else if let Some(value) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            pending_range = byte_range(value);
        } else if let Some(value) = line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:") {
            media.sequence = value.trim().parse().unwrap_or(0);
        } else if let Some(value) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
            media.target = value
                .trim()
                .parse::<f64>()
                .map_or(6, |seconds| seconds.ceil() as u64);
        } else if line.starts_with("#EXT-X-ENDLIST") || line == "#EXT-X-PLAYLIST-TYPE:VOD" {
            media.ended = true;
        } else if !line.starts_with('#') {
            if let Some(variant) = variant.take() {
                variants.push(Variant {
                    uri: line.to_owned(),
                    ..variant
                });
                continue;
            }
            // Without an offset, a range follows on the range before, of the same resource.
            let range = pending_range.take().map(|(length, from)| {
                let after = last_range
                    .as_ref()
                    .filter(|(uri, _)| uri == line)
                    .map(|(_, end)| *end);
                ByteRange {
                    from: from.or(after).unwrap_or(0),
                    length,
                }
            });
            last_range = range.map(|range| (line.to_owned(), range.from.saturating_add(range.length)));
            let segment = std::mem::take(&mut pending);
            media.segments.push(Segment {
                uri: line.to_owned(),
                range,
                encrypted: encrypted.clone(),
                ..segment
            });
            if media.segments.len() >= MAX_SEGMENTS {
                break;
            }
        }
    }
    if variants.is_empty() {
        Ok(Playlist::Media(media))
    } else {
        Ok(Playlist::Master(variants, sounds))
    }
}

/// `length[@offset]`.
fn byte_range(text: &str) -> Option<(u64, Option<u64>)> {
    let mut parts = text.trim().split('@');
    Some((
        parts.next()?.parse().ok()?,
        parts.next().and_then(|from| from.parse().ok()),
    ))
}

/// An attribute list: `NAME=value,NAME="value, with commas"`.
fn attributes_of(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, tail) = rest.trim_start_matches([',', ' ']).split_once('=')?;
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => tail.split_once(',').unwrap_or((tail, "")),
        };
        rest = tail;
        Some((name.trim(), value))
    })
}

/// Reads a playlist and plans what a probe would fetch of it.
#[cfg(feature = "fuzzing")]
pub(crate) fn read(url: &Url, body: &[u8]) {
    if let Ok(Playlist::Media(media)) = parse(url, body) {
        let stream = Stream {
            at: url.clone(),
            media,
            sound: None,
        };
        drop(stream.places(5, 4.0, 600.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url() -> Url {
        "http://a.test/film/index.m3u8".parse().unwrap()
    }

    #[test]
    fn the_smallest_good_variant_is_chosen() {
        let list = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",URI=\"a.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=3000000,CODECS=\"avc1,mp4a\",RESOLUTION=1280x720\nhigh.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=160x90\ntiny.m3u8\n\
            #EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\nlow.m3u8\n";
        let Playlist::Master(variants, sounds) = parse(&url(), list.as_bytes()).unwrap() else {
            panic!("no master")
        };
        assert_eq!(sounds, [("a".to_owned(), "a.m3u8".to_owned())]);
        assert_eq!(variants.len(), 3);
        assert_eq!(choose(&variants).unwrap().uri, "low.m3u8");
        assert_eq!(choose(&variants[1..2]).unwrap().uri, "tiny.m3u8");
    }

    #[test]
    fn segments_maps_ranges_and_keys_are_read() {
        let list = "#EXTM3U\r\n#EXT-X-TARGETDURATION:4\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n\
            #EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"100@0\"\r\n#EXTINF:4,\r\n#EXT-X-BYTERANGE:50@100\r\nall.mp4\r\n\
            #EXTINF:4,\r\n#EXT-X-BYTERANGE:60\r\nall.mp4\r\n#EXT-X-DISCONTINUITY\r\n\
            #EXT-X-KEY:METHOD=AES-128,URI=\"k\"\r\n#EXTINF:4,\r\nsecret.ts\r\n#EXT-X-KEY:METHOD=NONE\r\n#EXTINF:2,\r\nopen.ts\r\n#EXT-X-ENDLIST\r\n";
        let Playlist::Media(media) = parse(&url(), list.as_bytes()).unwrap() else {
            panic!("no media")
        };
        assert_eq!((media.sequence, media.target, media.ended), (7, 4, true));
        let ranges: Vec<_> = media
            .segments
            .iter()
            .map(|s| s.range.map(|r| (r.from, r.length)))
            .collect();
        assert_eq!(ranges, [Some((100, 50)), Some((150, 60)), None, None]);
        assert_eq!(
            media.segments[0].map,
            Some(("all.mp4".into(), Some(ByteRange { from: 0, length: 100 })))
        );
        let encrypted: Vec<_> = media.segments.iter().map(|s| s.encrypted.is_some()).collect();
        assert_eq!(encrypted, [false, false, true, false]);
    }

    #[test]
    fn what_is_no_playlist_is_refused() {
        assert!(parse(&url(), b"<html>").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "(#EXTM3U\n|#EXT-X-(KEY|MAP|BYTERANGE|STREAM-INF|MEDIA-SEQUENCE):|URI=\"|[@,=\"\n]|[0-9]{1,20}|\\PC){0,60}") {
            let _ = parse(&url(), text.as_bytes());
            let _ = parse(&url(), format!("#EXTM3U\n{text}").as_bytes());
        }
    }
}
