//! The sound of a film: which samples are wanted, what ffmpeg is told, and its bytes read as samples.

use crate::decode::{Span, sane_span};
use crate::probe::Probed;
use crate::{Decoded, Error, Media};
use std::ops::ControlFlow;

/// As `FRAME_GAP` for pictures: the longest gap, in seconds, that is filled with silence, which ffmpeg makes all at once.
const SOUND_GAP: f64 = 120.0;

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

/// The sound of a film on its way from the decoder's bytes to whoever receives it as samples.
pub struct Sound {
    pub decoded: Decoded,
    pub span: Span,
    index: u32,
    rate: u32,
    /// Bytes of a sample that is not whole yet.
    rest: Vec<u8>,
    samples: Vec<f32>,
}

impl Sound {
    pub fn new(probed: &Probed, request: &SampleRequest) -> Result<Self, Error> {
        let rate = request.rate;
        if !(1000..=384_000).contains(&rate) {
            return Err(Error::Refused(format!("{rate} samples a second")));
        }
        let span = sane_span(request.from, request.until)?;
        Ok(Self {
            decoded: Decoded {
                end: span.from,
                ..Decoded::default()
            },
            span,
            index: sound(probed)?,
            rate,
            rest: Vec::with_capacity(4),
            samples: Vec::new(),
        })
    }

    /// What ffmpeg is told of this output.
    pub fn output(&self, to: &str) -> Vec<String> {
        // async=1 with first_pts=0: the track's gaps and a late start become silence, so that samples keep their times.
        let filters = format!(
            "asetpts={},aresample={}:async=1:first_pts=0",
            steady_clock(SOUND_GAP),
            self.rate
        );
        let mut output = vec!["-map".into(), format!("0:{}", self.index), "-af".into(), filters];
        output.extend(["-ac", "1", "-f", "f32le", to].map(String::from));
        output
    }

    /// Takes what the decoder wrote.
    pub fn take(
        &mut self,
        media: &Media,
        bytes: &[u8],
        receive: &mut dyn FnMut(&[f32]) -> ControlFlow<()>,
    ) -> ControlFlow<Option<Error>> {
        to_samples(bytes, &mut self.rest, &mut self.samples);
        let decoded = &mut self.decoded;
        decoded.count += self.samples.len() as u64;
        decoded.end = self.span.from + decoded.count as f64 / f64::from(self.rate);
        media.check_output(decoded.count * 4, decoded.end - self.span.from)?;
        if !self.samples.is_empty() && receive(&self.samples).is_break() {
            return ControlFlow::Break(None);
        }
        ControlFlow::Continue(())
    }
}

/// The number of the sound track.
pub fn sound(probed: &Probed) -> Result<u32, Error> {
    probed
        .audio
        .ok_or_else(|| Error::NotMedia("there is no sound in it".into()))
}

/// Bytes of 32-bit floats to samples; `rest` keeps what is not whole yet.
pub fn to_samples(bytes: &[u8], rest: &mut Vec<u8>, samples: &mut Vec<f32>) {
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
pub fn steady_clock(gap: f64) -> String {
    let first = format!("if(eq(N,0),min(PTS,{gap}/TB),PTS)");
    format!("'if(isnan(PREV_OUTPTS),{first},PREV_OUTPTS+clip(PTS-PREV_INPTS,0,{gap}/TB))'")
}
