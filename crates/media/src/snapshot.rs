//! One picture: a still, a frame of a film, the sound drawn.

use crate::decode::sane_span;
use crate::pictures::{film, lead, raw_video, shaping};
use crate::probe::open;
use crate::sound::sound;
use crate::{Error, Media};
use std::path::Path;

/// One frame, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFrame {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// 1: luma; 3: RGB.
    pub channels: u8,
    /// `width * height * channels` bytes, row by row, interleaved, no padding.
    pub pixels: Vec<u8>,
}

impl Media {
    /// A still picture, or a film's first frame. `channels`: 1 luma, 3 RGB.
    pub fn picture(&self, path: &Path, max_side: u32, channels: u8) -> Result<OwnedFrame, Error> {
        match self.still_picture(path, max_side, channels) {
            Some(picture) => Ok(picture),
            None => self.one(path, 0.0, max_side, channels),
        }
    }

    /// The frame of a film that is on screen `at_seconds`, in RGB.
    pub fn still(&self, path: &Path, at_seconds: f64, max_side: u32) -> Result<OwnedFrame, Error> {
        self.one(path, at_seconds, max_side, 3)
    }

    fn one(&self, path: &Path, at: f64, max_side: u32, channels: u8) -> Result<OwnedFrame, Error> {
        let at = sane_span(Some(at), None)?.from;
        let probed = self.examine(path)?;
        let track = film(&probed)?;
        let (width, height, mut filters) = shaping(track, max_side, channels)?;
        let at = if probed.facts.still { 0.0 } else { at };
        let lead = at.min(lead(&probed.facts.container));
        if at > 0.0 {
            filters = format!("fps=fps=1:start_time={lead}:round=up,{filters}");
        }
        let mut arguments = self.arguments(&[], at - lead, None);
        arguments.extend(["-map".into(), format!("0:{}", track.index), "-vf".into(), filters]);
        arguments.extend(["-frames:v", "1"].map(String::from));
        arguments.extend(raw_video(channels));
        let size = width as usize * height as usize * usize::from(channels);
        let (pixels, ended) = self.collect(self.ffmpeg(), open(path)?, arguments, size)?;
        if pixels.len() != size {
            let said = ended.complaints.last().cloned();
            return Err(Error::NotMedia(
                said.unwrap_or_else(|| format!("no frame could be decoded at {at} s")),
            ));
        }
        Ok(OwnedFrame {
            width,
            height,
            channels,
            pixels,
        })
    }

    /// A picture of the sound from `from` until `until` (seconds): time to the right, frequency upwards, loudness as
    /// colour on a logarithmic scale; exactly `width` by `height` pixels of RGB.
    pub fn spectrogram(
        &self,
        path: &Path,
        from: f64,
        until: f64,
        width: u32,
        height: u32,
    ) -> Result<OwnedFrame, Error> {
        let span = sane_span(Some(from), Some(until))?;
        if !(16..=4096).contains(&width) || !(16..=4096).contains(&height) {
            return Err(Error::Refused(format!(
                "a spectrogram of {width} by {height} pixels"
            )));
        }
        let probed = self.examine(path)?;
        let index = sound(&probed)?;
        let mut arguments = self.arguments(&[], span.from, span.until);
        // The picture is drawn at the end, out of all samples: fewer a second keep a long span small.
        let draw = format!(
            "[0:{index}]aresample=11025,aformat=channel_layouts=mono,\
             showspectrumpic=s={width}x{height}:legend=0:scale=log,scale={width}:{height}[picture]"
        );
        arguments.extend(["-filter_complex".into(), draw, "-map".into(), "[picture]".into()]);
        arguments.extend(["-frames:v", "1"].map(String::from));
        arguments.extend(raw_video(3));
        let size = width as usize * height as usize * 3;
        let (pixels, _) = self.collect(self.ffmpeg(), open(path)?, arguments, size)?;
        if pixels.len() != size {
            return Err(Error::NotMedia(format!(
                "no sound could be decoded from {from} s on"
            )));
        }
        Ok(OwnedFrame {
            width,
            height,
            channels: 3,
            pixels,
        })
    }
}
