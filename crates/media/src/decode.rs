//! Frames, samples and pictures out of the confined decoder.

use crate::child::{Ended, NAME_TIMES};
use crate::geometry::fit;
use crate::probe::{Facts, INPUT, Probed, Track, open};
use crate::{Error, Media};
use std::ops::ControlFlow;
use std::path::Path;

/// Seconds before a wanted moment where decoding begins, so that the frame already on screen at that moment is known.
const LEAD: f64 = 1.0;
/// The same for containers without an index of key frames: ffmpeg seeks in them by the clock alone, and decoding begins at
/// the next key frame, which broadcasters send at least every few seconds.
const BLIND_LEAD: f64 = 15.0;
/// Longest gap in a track, in seconds, that is filled, with the last frame or with silence. A longer one is no film's but a
/// clock that jumps, by mistake or to wear out whoever decodes it: it counts as this long, and the track goes on behind it.
const FRAME_GAP: f64 = 600.0;
/// The same for sound, whose silence ffmpeg makes all at once.
const SOUND_GAP: f64 = 120.0;
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

/// Which samples of a sound track are wanted: mono, -1 to 1.
#[derive(Clone, Debug)]
pub struct SampleRequest {
    /// Samples a second. Sample `n` is at `from + n / rate`; gaps of the track are silence.
    pub rate: u32,
    /// First moment, in seconds.
    pub from: Option<f64>,
    /// Samples before this moment, in seconds.
    pub until: Option<f64>,
}

/// What a decoding gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Frames, or samples, handed on.
    pub count: u64,
    /// Where they end, in seconds from the start of the media.
    pub end: f64,
    /// The receiver stopped it.
    pub stopped: bool,
    /// What a person should know: damage, an early end, a system that could not confine fully.
    pub notes: Vec<String>,
}

impl Media {
    /// Decodes frames at a constant rate, or key frames at their own times, and hands each to `receive` until it breaks off.
    pub fn frames(
        &self,
        path: &Path,
        request: &FrameRequest,
        receive: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> Result<Decoded, Error> {
        let rate = sane_rate(request.rate)?;
        let (from, until) = sane_span(request.from, request.until)?;
        let probed = self.examine(path)?;
        let track = film(&probed)?;
        let (width, height, shaping) = self.shaping(track, request.max_side, request.channels)?;

        let lead = from.min(lead(&probed.facts.container));
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
        let options = skipped(request, &probed.facts).iter().map(|o| (*o).into());
        let mut arguments = self.arguments(options.collect(), from - lead, until);
        arguments.extend(["-map".into(), format!("0:{}", track.index), "-vf".into(), filters]);
        if !keys && let Some(until) = until {
            arguments.extend(["-frames:v".into(), frames_before(until - from, rate).to_string()]);
        }
        arguments.extend(raw_video(request.channels));

        let size = width as usize * height as usize * usize::from(request.channels);
        let mut frame = Vec::with_capacity(size);
        let mut decoded = Decoded {
            end: from,
            ..Decoded::default()
        };
        let ended = self.stream(self.ffmpeg(), open(path)?, arguments, &mut |mut bytes, log| {
            while !bytes.is_empty() {
                let (now, later) = bytes.split_at(bytes.len().min(size - frame.len()));
                frame.extend_from_slice(now);
                bytes = later;
                if frame.len() < size {
                    continue;
                }
                let time = if keys {
                    // A frame without a time of its own stands where the one before it stood.
                    log.times
                        .pop_front()
                        .map(|t| t + from - lead)
                        .filter(|t| t.is_finite())
                        .unwrap_or(decoded.end)
                } else {
                    from + decoded.count as f64 / rate
                };
                let wanted = time >= from && until.is_none_or(|until| time < until);
                if wanted {
                    decoded.count += 1;
                    decoded.end = if keys { time } else { time + 1.0 / rate };
                    self.check_output(decoded.count * size as u64, time - from)?;
                    if receive(Frame {
                        time,
                        width,
                        height,
                        pixels: &frame,
                    })
                    .is_break()
                    {
                        return ControlFlow::Break(None);
                    }
                }
                frame.clear();
            }
            ControlFlow::Continue(())
        })?;
        let expected = (!keys).then_some(probed.facts.seconds);
        self.conclude(decoded, ended, expected, from, until)
    }

    /// Decodes the sound as mono samples and hands them on in pieces until `receive` breaks off.
    pub fn samples(
        &self,
        path: &Path,
        request: &SampleRequest,
        receive: &mut dyn FnMut(&[f32]) -> ControlFlow<()>,
    ) -> Result<Decoded, Error> {
        let rate = f64::from(request.rate);
        if !(1000..=384_000).contains(&request.rate) {
            return Err(Error::Refused(format!("{rate} samples a second")));
        }
        let (from, until) = sane_span(request.from, request.until)?;
        let probed = self.examine(path)?;
        let index = probed
            .audio
            .ok_or_else(|| Error::NotMedia("there is no sound in it".into()))?;
        let mut arguments = self.arguments(vec![], from, until);
        arguments.extend(["-map".into(), format!("0:{index}")]);
        // async=1 with first_pts=0: the track's gaps and a late start become silence, so that samples keep their times.
        arguments.extend([
            "-af".into(),
            format!(
                "asetpts={},aresample={}:async=1:first_pts=0",
                steady_clock(SOUND_GAP),
                request.rate
            ),
        ]);
        arguments.extend(["-ac", "1", "-f", "f32le", "pipe:1"].map(String::from));

        let mut decoded = Decoded {
            end: from,
            ..Decoded::default()
        };
        let (mut rest, mut samples) = (Vec::with_capacity(4), Vec::new());
        let ended = self.stream(self.ffmpeg(), open(path)?, arguments, &mut |bytes, _| {
            to_samples(bytes, &mut rest, &mut samples);
            decoded.count += samples.len() as u64;
            decoded.end = from + decoded.count as f64 / rate;
            self.check_output(decoded.count * 4, decoded.end - from)?;
            if !samples.is_empty() && receive(&samples).is_break() {
                return ControlFlow::Break(None);
            }
            ControlFlow::Continue(())
        })?;
        self.conclude(decoded, ended, Some(probed.facts.seconds), from, until)
    }

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
        let (at, _) = sane_span(Some(at), None)?;
        let probed = self.examine(path)?;
        let track = film(&probed)?;
        let (width, height, mut filters) = self.shaping(track, max_side, channels)?;
        let at = if probed.facts.still { 0.0 } else { at };
        let lead = at.min(lead(&probed.facts.container));
        if at > 0.0 {
            filters = format!("fps=fps=1:start_time={lead}:round=up,{filters}");
        }
        let mut arguments = self.arguments(vec![], at - lead, None);
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
        let (from, until) = sane_span(Some(from), Some(until))?;
        if !(16..=4096).contains(&width) || !(16..=4096).contains(&height) {
            return Err(Error::Refused(format!(
                "a spectrogram of {width} by {height} pixels"
            )));
        }
        let probed = self.examine(path)?;
        let index = probed
            .audio
            .ok_or_else(|| Error::NotMedia("there is no sound in it".into()))?;
        let mut arguments = self.arguments(vec![], from, until);
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

    /// Everything up to the input; `input`: further options of the input.
    fn arguments(&self, input: Vec<String>, from: f64, until: Option<f64>) -> Vec<String> {
        let mut arguments = [
            "-nostdin",
            "-hide_banner",
            "-loglevel",
            "error",
            "-filter_threads",
            "1",
        ]
        .map(String::from)
        .to_vec();
        arguments.extend(["-filter_complex_threads", "1", "-max_error_rate", "1"].map(String::from));
        arguments.extend(self.input_options());
        // A film whose size changes midway keeps its filters, so that the time runs on; `scale` adapts by itself.
        arguments.extend(["-reinit_filter", "0", "-noautorotate"].map(String::from));
        arguments.extend(input);
        if from > 0.0 {
            arguments.extend(["-ss".into(), from.to_string()]);
        }
        if let Some(until) = until {
            arguments.extend(["-t".into(), (until - from).to_string()]);
        }
        arguments.extend(["-i".into(), INPUT.into()]);
        arguments
    }

    /// Size of the frames and the filters that bring them to it.
    fn shaping(&self, track: Track, max_side: u32, channels: u8) -> Result<(u32, u32, String), Error> {
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

    fn check_output(&self, bytes: u64, seconds: f64) -> ControlFlow<Option<Error>> {
        if bytes > self.limits.output {
            return ControlFlow::Break(Some(Error::Limit("output")));
        }
        if seconds > self.limits.seconds {
            return ControlFlow::Break(Some(Error::Limit("length")));
        }
        ControlFlow::Continue(())
    }

    /// What was decoded counts, unless a limit broke or nothing came at all; what went wrong becomes a note.
    fn conclude(
        &self,
        mut decoded: Decoded,
        ended: Ended,
        expected: Option<f64>,
        from: f64,
        until: Option<f64>,
    ) -> Result<Decoded, Error> {
        decoded.stopped = ended.stopped;
        decoded
            .notes
            .extend(self.confinement.get().and_then(|confinement| confinement.note()));
        match ended.error {
            Some(error @ Error::Limit(_)) => return Err(error),
            Some(error) if decoded.count == 0 => return Err(error),
            Some(error) => decoded.notes.push(error.to_string()),
            None => {}
        }
        if let Some(seconds) = expected.filter(|_| !ended.stopped) {
            let end = until.map_or(seconds, |until| until.min(seconds));
            // Tracks of one file differ a little in length.
            if end - decoded.end > 1.0 + 0.02 * (end - from) {
                decoded.notes.push(format!(
                    "ended at {:.1} s of {end:.1} s: cut off or damaged",
                    decoded.end
                ));
            }
        }
        if decoded.count == 0 && !ended.stopped && from == 0.0 && until.is_none() {
            let said = ended.complaints.last().cloned();
            return Err(Error::NotMedia(
                said.unwrap_or_else(|| "nothing could be decoded".into()),
            ));
        }
        decoded.notes.extend(
            ended
                .complaints
                .into_iter()
                .map(|line| format!("decoder: {line}")),
        );
        Ok(decoded)
    }
}

/// The decoder's options that leave out what is not asked for (ffmpeg-codecs(1): skip_frame, skip_loop_filter).
fn skipped(request: &FrameRequest, facts: &Facts) -> &'static [&'static str] {
    /// Of five frames or fewer in a row one at least is built on: so many a wanted one leave one near.
    const SPARE: f64 = 5.0;
    let rate = facts.video.as_ref().map_or(0.0, |video| video.rate);
    match request.depth {
        Depth::Full => &[],
        Depth::Quick if rate >= SPARE * request.rate => &["-skip_frame", "noref", "-skip_loop_filter", "all"],
        Depth::Quick => &["-skip_loop_filter", "all"],
        Depth::KeyFrames => &["-skip_frame", "nokey", "-skip_loop_filter", "all"],
    }
}

fn film(probed: &Probed) -> Result<Track, Error> {
    probed
        .video
        .ok_or_else(|| Error::NotMedia("there is neither film nor picture in it".into()))
}

/// Bytes of 32-bit floats to samples; `rest` keeps what is not whole yet.
pub(crate) fn to_samples(bytes: &[u8], rest: &mut Vec<u8>, samples: &mut Vec<f32>) {
    rest.extend_from_slice(bytes);
    let whole = rest.len() / 4 * 4;
    samples.clear();
    samples.extend(rest[..whole].chunks_exact(4).map(|four| {
        let sample = f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        // Float codecs can carry anything.
        if sample.is_finite() {
            sample.clamp(-1.0, 1.0)
        } else {
            0.0
        }
    }));
    rest.drain(..whole);
}

/// Time stamps whose steps are at most `gap` seconds, as ffmpeg's setpts takes them (ffmpeg-filters(1)): unchanged in
/// anything honest.
pub(crate) fn steady_clock(gap: f64) -> String {
    let first = format!("if(eq(N,0),min(PTS,{gap}/TB),PTS)");
    format!("'if(isnan(PREV_OUTPTS),{first},PREV_OUTPTS+clip(PTS-PREV_INPTS,0,{gap}/TB))'")
}

fn lead(container: &str) -> f64 {
    let indexed = container
        .split(',')
        .any(|name| ["mov", "matroska", "avi", "flv", "mxf"].contains(&name));
    if indexed { LEAD } else { BLIND_LEAD }
}

fn sane_rate(rate: f64) -> Result<f64, Error> {
    if (0.001..=1000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(Error::Refused(format!("{rate} frames a second")))
    }
}

fn sane_span(from: Option<f64>, until: Option<f64>) -> Result<(f64, Option<f64>), Error> {
    let from = from.unwrap_or(0.0).max(0.0);
    let good = from.is_finite() && until.is_none_or(|until| until.is_finite() && until > from);
    if good {
        Ok((from, until))
    } else {
        Err(Error::Refused(format!(
            "the span from {from} until {until:?} seconds"
        )))
    }
}

/// How many frames stand before `seconds` at `rate`; a moment that rounding put a hair above a frame takes none with it.
fn frames_before(seconds: f64, rate: f64) -> u64 {
    ((seconds * rate - 1e-6).ceil() as u64).max(1)
}

fn raw_video(channels: u8) -> impl Iterator<Item = String> {
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
