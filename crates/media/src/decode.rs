//! Frames and samples out of the confined decoder, each alone or both in one run.

use crate::child::Ended;
use crate::handover::SECOND;
use crate::pictures::{Frame, FrameRequest, Pictures, indexed};
use crate::probe::{INPUT, Probed, open};
use crate::sound::{SampleRequest, Sound};
use crate::{Error, Media};
use std::ops::ControlFlow;
use std::path::Path;

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

/// Seconds of a film from the first to before the second; to its end without.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: f64,
    pub until: Option<f64>,
}

impl Media {
    /// Decodes frames at a constant rate, or key frames at their own times, and hands each to `receive` until it breaks off.
    pub fn frames(
        &self,
        path: &Path,
        request: &FrameRequest,
        receive: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> Result<Decoded, Error> {
        let probed = self.examine(path)?;
        let mut pictures = Pictures::new(&probed, request)?;
        let (span, lead) = (pictures.span, pictures.lead);
        let mut arguments = self.arguments(pictures.input, span.from - lead, span.until);
        arguments.extend(pictures.output.iter().cloned());
        arguments.extend(alongside(&probed, probed.audio));
        let ended = self.stream(self.ffmpeg(), open(path)?, arguments, &mut |bytes, log| {
            pictures.take(self, bytes, log, receive)
        })?;
        let expected = pictures.runs_through().then_some(probed.facts.seconds);
        self.conclude(pictures.decoded, &ended, expected, span)
    }

    /// Decodes the sound as mono samples and hands them on in pieces until `receive` breaks off.
    pub fn samples(
        &self,
        path: &Path,
        request: &SampleRequest,
        receive: &mut dyn FnMut(&[f32]) -> ControlFlow<()>,
    ) -> Result<Decoded, Error> {
        let probed = self.examine(path)?;
        let mut sound = Sound::new(&probed, request)?;
        let span = sound.span;
        let mut arguments = self.arguments(&[], span.from, span.until);
        arguments.extend(sound.output("pipe:1"));
        arguments.extend(alongside(&probed, probed.video.map(|track| track.index)));
        let ended = self.stream(self.ffmpeg(), open(path)?, arguments, &mut |bytes, _| {
            sound.take(self, bytes, receive)
        })?;
        self.conclude(sound.decoded, &ended, Some(probed.facts.seconds), span)
    }

    /// Decodes the pictures (not key frames alone) and the sound of a whole film in one run, which spares a start of ffmpeg and a reading of the file, and
    /// hands them on as they come, until one of the receivers breaks off. What comes is what [`Media::frames`] and [`Media::samples`]
    /// give; complaints of the decoder stand in the notes of both.
    ///
    /// An error other than [`Error::Limit`] says that they are not to be had together. Some may have been handed on by then; each
    /// may still be had alone.
    pub fn film(
        &self,
        path: &Path,
        frames: &FrameRequest,
        samples: &SampleRequest,
        receive_frame: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
        receive_samples: &mut dyn FnMut(&[f32]) -> ControlFlow<()>,
    ) -> Result<(Decoded, Decoded), Error> {
        let probed = self.examine(path)?;
        let mut pictures = Pictures::new(&probed, frames)?;
        let mut sound = Sound::new(&probed, samples)?;
        let whole = |span: Span| span.from == 0.0 && span.until.is_none();
        if !whole(pictures.span) || !whole(sound.span) {
            return Err(Error::Refused(
                "a part of a film's pictures and sound at once".into(),
            ));
        }
        let mut arguments = self.arguments(pictures.input, 0.0, None);
        arguments.extend(pictures.output.iter().cloned());
        arguments.extend(sound.output(SECOND));
        let ended = self.stream_both(
            open(path)?,
            arguments,
            &mut |bytes, log| pictures.take(self, bytes, log, receive_frame),
            &mut |bytes, _| sound.take(self, bytes, receive_samples),
        )?;
        if let Some(error) = ended.error {
            return Err(error);
        }
        let seconds = probed.facts.seconds;
        Ok((
            self.conclude(pictures.decoded, &ended, Some(seconds), pictures.span)?,
            self.conclude(sound.decoded, &ended, Some(seconds), sound.span)?,
        ))
    }

    /// Everything up to the input; `input`: further options of the input.
    pub(crate) fn arguments(&self, input: &[&str], from: f64, until: Option<f64>) -> Vec<String> {
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
        arguments.extend(input.iter().map(|&option| option.to_owned()));
        if from > 0.0 {
            arguments.extend(["-ss".into(), from.to_string()]);
        }
        if let Some(until) = until {
            arguments.extend(["-t".into(), (until - from).to_string()]);
        }
        arguments.extend(["-i".into(), INPUT.into()]);
        arguments
    }

    pub(crate) fn check_output(&self, bytes: u64, seconds: f64) -> ControlFlow<Option<Error>> {
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
        ended: &Ended,
        expected: Option<f64>,
        span: Span,
    ) -> Result<Decoded, Error> {
        let Span { from, until } = span;
        decoded.stopped = ended.stopped;
        decoded
            .notes
            .extend(self.confinement.get().and_then(|confinement| confinement.note()));
        match &ended.error {
            Some(error @ Error::Limit(_)) => return Err(error.clone()),
            Some(error) if decoded.count == 0 => return Err(error.clone()),
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
        let complaints = ended.complaints.iter();
        decoded
            .notes
            .extend(complaints.map(|line| format!("decoder: {line}")));
        Ok(decoded)
    }
}

/// Takes the other track along as it is coded. In a broadcast's container ffmpeg counts the time from the first of the tracks that are
/// read, not from the start of all: alone, a sound that begins late would begin at 0.
fn alongside(probed: &Probed, other: Option<u32>) -> Vec<String> {
    match other.filter(|_| !indexed(&probed.facts.container)) {
        Some(index) => format!("-map 0:{index} -c copy -f null -")
            .split(' ')
            .map(String::from)
            .collect(),
        None => vec![],
    }
}

pub fn sane_span(from: Option<f64>, until: Option<f64>) -> Result<Span, Error> {
    let from = from.unwrap_or(0.0).max(0.0);
    let good = from.is_finite() && until.is_none_or(|until| until.is_finite() && until > from);
    if good {
        Ok(Span { from, until })
    } else {
        Err(Error::Refused(format!(
            "the span from {from} until {until:?} seconds"
        )))
    }
}
