//! Sound of a stream that is still coming: no length, no way back, no end by any limit of length.

use crate::sound::{steady_clock, to_samples};
use crate::{Decoded, Error, Limits, Media, containers};
use rustix::event::{PollFd, PollFlags};
use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The input as ffmpeg reads it: from its open file on, without opening or seeking anything.
const INPUT: &str = "pipe:0";
/// Longest gap in a stream, in seconds, that is filled with silence. A longer one is a clock that was set anew.
const GAP: f64 = 10.0;
/// How soon a wish to stop is heard.
pub const TICK: Duration = Duration::from_millis(200);

/// Opens a stream for reading: a file, a device or a named pipe, which need not have a writer yet. Nothing when `stop` was set before
/// there was one.
pub fn open_stream(path: &Path, stop: &AtomicBool) -> Result<Option<File>, Error> {
    let unreadable = |e: std::io::Error| Error::Unreadable(path.display().to_string(), e.to_string());
    if !std::fs::metadata(path).map_err(unreadable)?.file_type().is_fifo() {
        return File::open(path).map(Some).map_err(unreadable);
    }
    // Opening a named pipe as usual would wait for its writer and hear nothing else.
    let open = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(unreadable)?;
    let tick = TICK.try_into().map_err(|_| Error::Failed("a tick".into()))?;
    while !stop.load(Ordering::Relaxed) {
        let mut waiting = [PollFd::new(&open, PollFlags::IN)];
        match rustix::event::poll(&mut waiting, Some(&tick)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => {
                let flags = rustix::fs::fcntl_getfl(&open).map_err(|e| unreadable(e.into()))?;
                rustix::fs::fcntl_setfl(&open, flags - rustix::fs::OFlags::NONBLOCK)
                    .map_err(|e| unreadable(e.into()))?;
                return Ok(Some(open));
            }
            Err(e) => return Err(unreadable(e.into())),
        }
    }
    Ok(None)
}

impl Media {
    /// Decodes the first sound track of a stream as mono samples at `rate` a second and hands them on as they come, until the stream ends,
    /// `receive` breaks off or `stop` is set.
    ///
    /// The input is read once, from where it stands, and may be a pipe; only containers that are made for it are decoded (`STREAMED` in `containers.rs`).
    /// Nothing is known beforehand: a stream without sound is told by an error. Limits of length, time and output do not apply, those of memory,
    /// pixels and time without output do. A stream that breaks is an error, whatever was handed on before.
    pub fn listen(
        &self,
        input: File,
        rate: u32,
        stop: &AtomicBool,
        receive: &mut dyn FnMut(&[f32]) -> ControlFlow<()>,
    ) -> Result<Decoded, Error> {
        if !(1000..=384_000).contains(&rate) {
            return Err(Error::Refused(format!("{rate} samples a second")));
        }
        let endless = Media {
            limits: Limits {
                cpu: Duration::MAX,
                wall: Duration::MAX,
                ..self.limits.clone()
            },
            ..self.clone()
        };
        let mut decoded = Decoded::default();
        let (mut rest, mut samples) = (Vec::with_capacity(4), Vec::new());
        let arguments = self.listening(rate);
        let ended = endless.stream_until(self.ffmpeg(), input, arguments, stop, &mut |bytes, _| {
            to_samples(bytes, &mut rest, &mut samples);
            decoded.count += samples.len() as u64;
            if !samples.is_empty() && receive(&samples).is_break() {
                return ControlFlow::Break(None);
            }
            ControlFlow::Continue(())
        })?;
        decoded.end = decoded.count as f64 / f64::from(rate);
        decoded.stopped = ended.stopped;
        decoded
            .notes
            .extend(self.confinement.get().and_then(|confinement| confinement.note()));
        if let Some(error) = ended.error {
            let no_sound = |line: &String| line.contains("matches no streams");
            return Err(if ended.complaints.iter().any(no_sound) {
                Error::NotMedia("there is no sound in it".into())
            } else {
                error
            });
        }
        if decoded.count == 0 && !ended.stopped {
            let said = ended.complaints.last().cloned();
            return Err(Error::NotMedia(said.unwrap_or_else(|| "nothing came".into())));
        }
        let complaints = ended.complaints.into_iter();
        decoded
            .notes
            .extend(complaints.map(|line| format!("decoder: {line}")));
        Ok(decoded)
    }

    fn listening(&self, rate: u32) -> Vec<String> {
        let fixed = "-nostdin -hide_banner -loglevel error -filter_threads 1 -max_error_rate 1 -threads 1";
        let mut arguments: Vec<String> = fixed.split(' ').map(String::from).collect();
        let filter = format!(
            "asetpts={},aresample={rate}:async=1:first_pts=0",
            steady_clock(GAP)
        );
        let pixels = self.limits.pixels.to_string();
        let streamed = containers::STREAMED.join(",");
        for (name, value) in [
            ("-protocol_whitelist", "pipe"),
            ("-format_whitelist", &streamed),
            ("-max_pixels", &pixels),
            ("-i", INPUT),
            ("-map", "0:a:0"),
            ("-af", &filter),
            ("-ac", "1"),
            ("-f", "f32le"),
            // What is decoded is handed on at once, not when a buffer is full.
            ("-flush_packets", "1"),
        ] {
            arguments.extend([name.to_owned(), value.to_owned()]);
        }
        arguments.push("pipe:1".into());
        arguments
    }
}
