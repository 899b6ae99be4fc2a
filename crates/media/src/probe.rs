//! What a file is, before anything is decoded.

use crate::geometry::Turn;
use crate::words::too_large;
use crate::{Error, Media, containers};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

/// Bytes of ffprobe's answer that are read: an honest one has a few thousand.
const ANSWER: usize = 4 << 20;
/// The entries that are asked for.
const FACTS: &str = "format=format_name,duration:stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,\
     avg_frame_rate,sample_rate,channels,nb_frames,duration:stream_disposition=attached_pic:\
     stream_side_data=rotation";
/// The input as the child sees it; a name would let ffmpeg guess from it, or look for its neighbours.
pub const INPUT: &str = "file:/proc/self/fd/0";

/// What a file is.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// The container by ffmpeg's name, for example `mov,mp4,m4a,3gp,3g2,mj2`.
    pub container: String,
    /// Length in seconds, as the file says; 0 where it does not say.
    pub seconds: f64,
    /// Its film or picture.
    pub video: Option<VideoFacts>,
    /// Its sound.
    pub audio: Option<AudioFacts>,
    /// One picture, not a film.
    pub still: bool,
}

/// A film's pictures, or a still.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoFacts {
    /// Codec by ffmpeg's name, for example `h264`.
    pub codec: String,
    /// Pixels across as it is shown: turned as its metadata say, before its pixels are made square.
    pub width: u32,
    /// Pixels down as it is shown.
    pub height: u32,
    /// Frames a second on average; 0 where the file does not say.
    pub rate: f64,
}

/// A sound track.
#[derive(Clone, Debug, PartialEq)]
pub struct AudioFacts {
    /// Codec by ffmpeg's name, for example `aac`.
    pub codec: String,
    /// Samples a second.
    pub rate: u32,
    /// Channels.
    pub channels: u32,
}

/// Facts, and what decoding needs besides.
#[derive(Debug)]
pub struct Probed {
    pub facts: Facts,
    pub video: Option<Track>,
    /// The sound track's number.
    pub audio: Option<u32>,
}

/// The film track as it is coded.
#[derive(Clone, Copy, Debug)]
pub struct Track {
    pub index: u32,
    pub width: u32,
    pub height: u32,
    /// Width over height of a pixel.
    pub shape: f64,
    pub turn: Turn,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    format: Format,
}

/// The answer to a question after the first frame.
#[derive(Deserialize)]
struct FirstFrames {
    #[serde(default)]
    frames: Vec<FirstFrame>,
}

#[derive(Deserialize)]
struct FirstFrame {
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Deserialize)]
struct Format {
    format_name: String,
    duration: Option<String>,
}

#[derive(Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    sample_aspect_ratio: Option<String>,
    avg_frame_rate: Option<String>,
    sample_rate: Option<String>,
    channels: Option<u32>,
    nb_frames: Option<String>,
    duration: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Default, Deserialize)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

impl Media {
    /// What the file is. [`Error::NotMedia`] when nothing in it is sound, film or picture.
    pub fn probe(&self, path: &Path) -> Result<Facts, Error> {
        match self.still_facts(path) {
            Some(facts) => Ok(facts),
            None => Ok(self.examine(path)?.facts.clone()),
        }
    }

    /// Facts from the index of an ordinary MP4, else from ffprobe, whose start costs as much as the decoding of a short clip. A film is asked
    /// for its facts, its pictures and its sound in turn: what was found of the last few files is kept.
    pub(crate) fn examine(&self, path: &Path) -> Result<Arc<Probed>, Error> {
        let identity = identity(&open(path)?)
            .map_err(|e| Error::Unreadable(path.display().to_string(), e.to_string()))?;
        let kept = |known: &Known| Some(known.iter().find(|(id, _)| *id == identity)?.1.clone());
        if let Some(probed) = self.known.lock().ok().and_then(|known| kept(&known)) {
            return Ok(probed);
        }
        let probed = Arc::new(self.ask(path)?);
        if let Ok(mut known) = self.known.lock() {
            if known.len() == KEPT {
                known.pop_front();
            }
            known.push_back((identity, probed.clone()));
        }
        Ok(probed)
    }

    fn ask(&self, path: &Path) -> Result<Probed, Error> {
        if let Some(probed) = self.mp4_facts(path) {
            return Ok(probed);
        }
        let (answer, complaints): (Answer, _) = self.answer(path, &["-show_entries", FACTS])?;
        let mut probed = digest(&answer, None);
        if probed.facts.still {
            // A photograph's turn (Exif) is known only from its frame; a film is spared its decoding.
            let first = [
                "-show_entries",
                "frame_side_data=rotation",
                "-read_intervals",
                "%+#1",
            ];
            let (first, _): (FirstFrames, _) = self.answer(path, &first)?;
            let mut beside = first.frames.iter().flat_map(|frame| &frame.side_data_list);
            let turn = beside.find_map(|data| data.rotation);
            probed = digest(&answer, turn.map(Turn::from_degrees));
        }
        if probed.video.is_none() && too_large(&complaints) {
            return Err(Error::Limit("pixels"));
        }
        if let Some(track) = probed.video
            && u64::from(track.width) * u64::from(track.height) > self.limits.pixels
        {
            return Err(Error::Limit("pixels"));
        }
        if probed.video.is_none() && probed.audio.is_none() {
            let said = complaints.last().cloned();
            return Err(Error::NotMedia(
                said.unwrap_or_else(|| "neither sound, film nor picture in it".into()),
            ));
        }
        Ok(probed)
    }

    /// What ffprobe answers, and what it complained about.
    fn answer<T: DeserializeOwned>(&self, path: &Path, question: &[&str]) -> Result<(T, Vec<String>), Error> {
        let mut arguments = ["-v", "error"].map(String::from).to_vec();
        arguments.extend(self.input_options());
        arguments.extend(["-of", "json"].map(String::from));
        arguments.extend(question.iter().map(|&word| word.to_owned()));
        arguments.extend(["-i", INPUT].map(String::from));
        let (answer, ended) = self.collect(self.ffprobe(), open(path)?, arguments, ANSWER)?;
        let answer = serde_json::from_slice(&answer)
            .map_err(|e| Error::Failed(format!("ffprobe's answer does not read: {e}")))?;
        Ok((answer, ended.complaints))
    }

    /// Options before every input, ffprobe's and ffmpeg's alike.
    pub(crate) fn input_options(&self) -> impl Iterator<Item = String> {
        [
            ("-protocol_whitelist", "file".to_owned()),
            ("-format_whitelist", containers::white_list()),
            ("-max_pixels", self.limits.pixels.to_string()),
            ("-threads", "1".to_owned()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
    }
}

/// What tells one state of a file from every other: device, number, length, and when it was last written to or otherwise changed.
type Identity = (u64, u64, u64, [i64; 4]);
/// Files and what was found of them, the latest last.
pub type Known = VecDeque<(Identity, Arc<Probed>)>;
/// Files of which the facts are kept.
const KEPT: usize = 16;

fn identity(file: &File) -> std::io::Result<Identity> {
    let found = file.metadata()?;
    let times = [
        found.mtime(),
        found.mtime_nsec(),
        found.ctime(),
        found.ctime_nsec(),
    ];
    Ok((found.dev(), found.ino(), found.len(), times))
}

/// Opens an ordinary file; a pipe or device could keep the caller waiting for ever.
pub fn open(path: &Path) -> Result<File, Error> {
    let unreadable = |why: String| Error::Unreadable(path.display().to_string(), why);
    let found = std::fs::metadata(path).map_err(|e| unreadable(e.to_string()))?;
    if !found.is_file() {
        return Err(unreadable("not an ordinary file".into()));
    }
    File::open(path).map_err(|e| unreadable(e.to_string()))
}

/// `turn`: that of a still's first frame.
fn digest(answer: &Answer, turn: Option<Turn>) -> Probed {
    let is = |stream: &&Stream, kind: &str| stream.codec_type.as_deref() == Some(kind);
    // A cover inside a song is no film; where several tracks are, the first that decodes counts, as players take it.
    let video = answer
        .streams
        .iter()
        .filter(|s| is(s, "video") && s.disposition.attached_pic == 0);
    let video = video
        .into_iter()
        .find_map(|stream| Some((stream, track(stream)?)));
    let audio = answer.streams.iter().find_map(|stream| {
        let rate = stream.sample_rate.as_deref()?.parse().ok()?;
        let channels = stream.channels.filter(|&n| n > 0)?;
        let codec = stream.codec_name.clone()?;
        is(&stream, "audio").then_some((
            stream.index,
            AudioFacts {
                codec,
                rate,
                channels,
            },
        ))
    });
    let lengths = std::iter::once(&answer.format.duration).chain(answer.streams.iter().map(|s| &s.duration));
    let seconds = lengths
        .flatten()
        .filter_map(|text| text.parse().ok())
        .find(|&s: &f64| s.is_finite() && s > 0.0);
    let one_frame = video
        .as_ref()
        .is_some_and(|(s, _)| s.nb_frames.as_deref() == Some("1"));
    let still =
        video.is_some() && audio.is_none() && (containers::is_still(&answer.format.format_name) || one_frame);
    let video = video.map(|(stream, track)| {
        let turn = turn.unwrap_or(track.turn);
        (stream, Track { turn, ..track })
    });
    Probed {
        facts: Facts {
            container: answer.format.format_name.clone(),
            seconds: if still { 0.0 } else { seconds.unwrap_or(0.0) },
            video: video.as_ref().map(|(stream, track)| {
                let (width, height) = (track.width, track.height);
                let (width, height) = if track.turn.swaps() {
                    (height, width)
                } else {
                    (width, height)
                };
                let codec = stream.codec_name.clone().unwrap_or_default();
                VideoFacts {
                    codec,
                    width,
                    height,
                    rate: fraction(&stream.avg_frame_rate).unwrap_or(0.0),
                }
            }),
            audio: audio.as_ref().map(|(_, facts)| facts.clone()),
            still,
        },
        video: video.map(|(_, track)| track),
        audio: audio.map(|(index, _)| index),
    }
}

fn track(stream: &Stream) -> Option<Track> {
    let (width, height) = (
        stream.width.filter(|&w| w > 0)?,
        stream.height.filter(|&h| h > 0)?,
    );
    stream.codec_name.as_ref()?;
    // Absurd shapes are mistakes of the file: a player shows square pixels then, or nothing.
    let shape = fraction(&stream.sample_aspect_ratio)
        .filter(|shape| (0.1..=10.0).contains(shape))
        .unwrap_or(1.0);
    let turn = stream
        .side_data_list
        .iter()
        .find_map(|data| data.rotation)
        .map(Turn::from_degrees);
    Some(Track {
        index: stream.index,
        width,
        height,
        shape,
        turn: turn.unwrap_or_default(),
    })
}

/// `25/1` or `16:15` as a positive number.
fn fraction(text: &Option<String>) -> Option<f64> {
    let (above, below) = text.as_deref()?.split_once(['/', ':'])?;
    let value = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
    (value.is_finite() && value > 0.0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Probed {
        digest(&serde_json::from_str(json).unwrap(), None)
    }

    #[test]
    fn a_cover_is_no_film() {
        let probed = of(r#"{"streams":[
            {"index":0,"codec_type":"audio","codec_name":"mp3","sample_rate":"44100","channels":2},
            {"index":1,"codec_type":"video","codec_name":"png","width":9,"height":9,"disposition":{"attached_pic":1}}],
            "format":{"format_name":"mp3","duration":"3.5"}}"#);
        assert!(probed.facts.video.is_none() && !probed.facts.still);
        assert_eq!((probed.facts.seconds, probed.audio), (3.5, Some(0)));
    }

    #[test]
    fn nonsense_numbers_are_nothing() {
        let probed = of(
            r#"{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":4,"height":2,
            "sample_aspect_ratio":"0:1","avg_frame_rate":"0/0","duration":"nan"}],
            "format":{"format_name":"mpegts","duration":"-inf"}}"#,
        );
        assert_eq!(probed.facts.seconds, 0.0);
        assert_eq!(probed.facts.video.unwrap().rate, 0.0);
        assert_eq!(probed.video.unwrap().shape, 1.0);
    }
}
