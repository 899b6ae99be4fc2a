//! The pictures of a film: which are wanted, what ffmpeg is told, and its bytes cut into frames.

use crate::decode::{Span, sane_span};
use crate::geometry::fit;
use crate::probe::{Facts, Probed, Track};
use crate::sound::steady_clock;
use crate::words::{Log, NAME_TIMES};
use crate::{Decoded, Error, Media};
use std::ops::ControlFlow;

/// Seconds before a wanted moment where decoding begins, so that the frame already on screen at that moment is known.
const LEAD: f64 = 1.0;
/// The same for containers without an index of key frames: ffmpeg seeks in them by the clock alone, and decoding begins at
/// the next key frame, which broadcasters send at least every few seconds.
const BLIND_LEAD: f64 = 15.0;
/// Longest gap in a track, in seconds, that is filled, with the last frame or with silence. A longer one is no film's but a
/// clock that jumps, by mistake or to wear out whoever decodes it: it counts as this long, and the track goes on behind it.
const FRAME_GAP: f64 = 600.0;
/// Longest side of a picture that may be asked for.
const LARGEST: u32 = 16_384;

/// How much of a film is decoded, and how well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Every frame, as it was meant to be shown.
    #[default]
    Full,
    /// Without the frames that no other frame is built on, where enough others are left, and without smoothing the edges of
    /// coded blocks, which scaling down does as well: what is on screen at a moment is known to about a fifth of a second.
    /// Costs about three quarters of `Full`.
    Quick,
    /// Only frames that decode by themselves, at their own times: an order of magnitude cheaper.
    KeyFrames,
}

/// Which frames of a film are wanted.
#[derive(Clone, Debug)]
pub struct FrameRequest {
    /// Frames a second. Frame `n` is the one on screen at `from + n / rate`, the container's own start being 0.
    /// With [`Depth::KeyFrames`]: at most so many.
    pub rate: f64,
    /// Longest side in pixels; frames are only ever made smaller, and their pixels square.
    pub max_side: u32,
    /// 1: luma, full range; 3: RGB.
    pub channels: u8,
    /// First moment, in seconds.
    pub from: Option<f64>,
    /// Frames before this moment, in seconds.
    pub until: Option<f64>,
    /// What is decoded.
    pub depth: Depth,
}

impl Default for FrameRequest {
    fn default() -> Self {
        Self {
            rate: 8.0,
            max_side: 320,
            channels: 1,
            from: None,
            until: None,
            depth: Depth::Full,
        }
    }
}

/// One frame, lent.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Seconds from the start of the media.
    pub time: f64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `width * height * channels` bytes, row by row, interleaved, no padding.
    pub pixels: &'a [u8],
}

/// The pictures of a film on their way from the decoder's bytes to whoever receives them as frames.
pub struct Pictures {
    pub decoded: Decoded,
    pub span: Span,
    /// Seconds before `span.from` where decoding begins.
    pub lead: f64,
    /// What ffmpeg is told of its input.
    pub input: &'static [&'static str],
    /// What ffmpeg is told of this output.
    pub output: Vec<String>,
    rate: f64,
    keys: bool,
    width: u32,
    height: u32,
    /// Bytes of a frame.
    size: usize,
    /// What came of the next frame.
    frame: Vec<u8>,
}

impl Pictures {
    pub fn new(probed: &Probed, request: &FrameRequest) -> Result<Self, Error> {
        let rate = sane_rate(request.rate)?;
        let span = sane_span(request.from, request.until)?;
        let track = film(probed)?;
        let (width, height, shaping) = shaping(track, request.max_side, request.channels)?;

        let lead = span.from.min(lead(&probed.facts.container));
        let keys = request.depth == Depth::KeyFrames;
        let mut filters = if keys {
            // The times are told behind the thinning, one for each frame that comes.
            let gap = 1.0 / rate;
            format!("select='isnan(prev_selected_t)+gte(t-prev_selected_t\\,{gap})',{NAME_TIMES},")
        } else {
            format!(
                "setpts={},fps=fps={rate}:start_time={lead}:round=up,",
                steady_clock(FRAME_GAP)
            )
        };
        filters.push_str(&shaping);
        let mut output = vec!["-map".into(), format!("0:{}", track.index), "-vf".into(), filters];
        if !keys && let Some(until) = span.until {
            output.extend([
                "-frames:v".into(),
                frames_before(until - span.from, rate).to_string(),
            ]);
        }
        output.extend(raw_video(request.channels));
        let size = width as usize * height as usize * usize::from(request.channels);
        Ok(Self {
            decoded: Decoded {
                end: span.from,
                ..Decoded::default()
            },
            span,
            lead,
            input: skipped(request, &probed.facts),
            output,
            rate,
            keys,
            width,
            height,
            size,
            frame: Vec::with_capacity(size),
        })
    }

    /// Do they last as long as the film: key frames do not.
    pub fn runs_through(&self) -> bool {
        !self.keys
    }

    /// Takes what the decoder wrote, with the times that it named so far.
    pub fn take(
        &mut self,
        media: &Media,
        mut bytes: &[u8],
        log: &mut Log,
        receive: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<Option<Error>> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.size - self.frame.len()));
            self.frame.extend_from_slice(now);
            bytes = later;
            if self.frame.len() < self.size {
                continue;
            }
            let time = self.time(log);
            if time >= self.span.from && self.span.until.is_none_or(|until| time < until) {
                self.decoded.count += 1;
                self.decoded.end = if self.keys { time } else { time + 1.0 / self.rate };
                media.check_output(self.decoded.count * self.size as u64, time - self.span.from)?;
                let frame = Frame {
                    time,
                    width: self.width,
                    height: self.height,
                    pixels: &self.frame,
                };
                if receive(frame).is_break() {
                    return ControlFlow::Break(None);
                }
            }
            self.frame.clear();
        }
        ControlFlow::Continue(())
    }

    /// Seconds from the start of the media to the frame that is whole.
    fn time(&self, log: &mut Log) -> f64 {
        if !self.keys {
            return self.span.from + self.decoded.count as f64 / self.rate;
        }
        // A frame without a time of its own stands where the one before it stood.
        let named = log.times.pop_front().map(|t| t + self.span.from - self.lead);
        named.filter(|t| t.is_finite()).unwrap_or(self.decoded.end)
    }
}

/// Size of the frames and the filters that bring them to it.
pub fn shaping(track: Track, max_side: u32, channels: u8) -> Result<(u32, u32, String), Error> {
    if !matches!(channels, 1 | 3) {
        return Err(Error::Refused(format!(
            "{channels} channels: 1 is luma, 3 is RGB"
        )));
    }
    let max_side = max_side.clamp(1, LARGEST);
    let (width, height) = fit(track.width, track.height, track.shape, max_side);
    let filters = format!(
        "scale={width}:{height}:flags=area,setsar=1{}",
        track.turn.filter()
    );
    let (width, height) = if track.turn.swaps() {
        (height, width)
    } else {
        (width, height)
    };
    Ok((width, height, filters))
}

/// The decoder's options that leave out what is not asked for (ffmpeg-codecs(1): skip_frame, skip_loop_filter).
fn skipped(request: &FrameRequest, facts: &Facts) -> &'static [&'static str] {
    /// Of five frames or fewer in a row one at least is built on: so many a wanted one leave one near.
    const SPARE: f64 = 5.0;
    let rate = facts.video.as_ref().map_or(0.0, |video| video.rate);
    match request.depth {
        Depth::Full => &[],
        Depth::Quick if rate >= SPARE * request.rate => {
            &["-skip_frame:v", "noref", "-skip_loop_filter:v", "all"]
        }
        Depth::Quick => &["-skip_loop_filter:v", "all"],
        Depth::KeyFrames => &["-skip_frame:v", "nokey", "-skip_loop_filter:v", "all"],
    }
}

pub fn film(probed: &Probed) -> Result<Track, Error> {
    probed
        .video
        .ok_or_else(|| Error::NotMedia("there is neither film nor picture in it".into()))
}

pub fn lead(container: &str) -> f64 {
    if indexed(container) { LEAD } else { BLIND_LEAD }
}

/// Has this container (a name as ffprobe gives it, maybe several with commas) an index of key frames?
pub fn indexed(container: &str) -> bool {
    container
        .split(',')
        .any(|name| ["mov", "matroska", "avi", "flv", "mxf"].contains(&name))
}

fn sane_rate(rate: f64) -> Result<f64, Error> {
    if (0.001..=1000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(Error::Refused(format!("{rate} frames a second")))
    }
}

/// How many frames stand before `seconds` at `rate`; a moment that rounding put a hair above a frame takes none with it.
fn frames_before(seconds: f64, rate: f64) -> u64 {
    ((seconds * rate - 1e-6).ceil() as u64).max(1)
}

pub fn raw_video(channels: u8) -> impl Iterator<Item = String> {
    let format = if channels == 1 { "gray" } else { "rgb24" };
    [
        "-fps_mode",
        "passthrough",
        "-pix_fmt",
        format,
        "-f",
        "rawvideo",
        "pipe:1",
    ]
    .into_iter()
    .map(String::from)
}
