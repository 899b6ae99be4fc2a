//! What the child says on standard error, and what can be read out of it.

use crate::Error;
use crate::confine::{Confinement, REPORT};
use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Complaints of the decoder that are kept.
const COMPLAINTS: usize = 16;
/// Times of frames that may wait for their frames.
const TIMES: usize = 1 << 16;
/// Longest line of a complaint that is kept, in bytes.
const LINE: usize = 400;

/// What the child says: the launcher's report, times of frames, complaints.
#[derive(Debug, Default)]
pub struct Log {
    pub confinement: Option<Confinement>,
    /// Times of frames in seconds, in the order of the frames, not yet taken.
    pub times: VecDeque<f64>,
    pub complaints: Vec<String>,
    line: Vec<u8>,
}

impl Log {
    /// Reads once; false when the pipe is closed.
    pub fn read(&mut self, mut words: impl Read, piece: &mut [u8]) -> std::io::Result<bool> {
        let count = match words.read(piece) {
            Ok(count) => count,
            Err(e) if e.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(e) => return Err(e),
        };
        for &byte in &piece[..count] {
            match byte {
                b'\n' | b'\r' => self.end_line(),
                // Whatever is beyond the length of an honest line is dropped.
                _ if self.line.len() < LINE => self.line.push(byte),
                _ => {}
            }
        }
        if count == 0 {
            self.end_line();
        }
        Ok(count > 0)
    }

    fn end_line(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim();
        if self.confinement.is_none() && line.starts_with(REPORT) {
            self.confinement = serde_json::from_str(&line[REPORT.len()..]).ok();
        } else if let Some(time) = frame_time(line) {
            // An honest decoder is never further ahead than its pipes are long.
            if self.times.len() < TIMES {
                self.times.push_back(time);
            }
        } else if !line.is_empty() && line != TIME_VALUE {
            if self.complaints.len() == COMPLAINTS {
                // The first tell how it began, the last how it ended.
                self.complaints.remove(COMPLAINTS / 2);
            }
            // A file's own words can be in it: none of them may steer a terminal.
            self.complaints.push(line.replace(char::is_control, "\u{fffd}"));
        }
    }
}

/// The filter that makes ffmpeg name the time of each frame on standard error, see ffmpeg-filters(1), `metadata`.
pub const NAME_TIMES: &str =
    "metadata=mode=delete,metadata=mode=add:key=t:value=1,metadata=mode=print:key=t:file=pipe\\\\:2:direct=1";
const TIME_VALUE: &str = "t=1";

/// `frame:3 pts:540000 pts_time:6`, maybe behind the beginning of another message; not a number is told as such.
fn frame_time(line: &str) -> Option<f64> {
    let found = &line[line.find("frame:")?..];
    let mut words = found.split_whitespace();
    words.find(|word| word.starts_with("pts:"))?;
    let time = words.next()?.strip_prefix("pts_time:")?;
    Some(time.parse().unwrap_or(f64::NAN))
}

/// Reads the cause of a bad end out of the status and the last words.
pub fn why(status: Option<ExitStatus>, complaints: &[String]) -> Error {
    let said = |words: &[&str]| {
        complaints
            .iter()
            .rev()
            .find(|line| words.iter().any(|word| line.contains(word)))
    };
    match status.and_then(|status| status.signal()) {
        Some(libc::SIGXCPU | libc::SIGKILL) => return Error::Limit("CPU time"),
        Some(signal) => return Error::Failed(format!("killed by signal {signal}")),
        None => {}
    }
    if let Some(line) = said(&["Format not on whitelist", "Protocol 'file' not on whitelist"]) {
        let name = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or(line);
        return Error::Refused(format!("container '{name}' is not decoded"));
    }
    if said(&[
        "Cannot allocate memory",
        "Failed to allocate",
        "failed to map segment",
    ])
    .is_some()
    {
        return Error::Limit("memory");
    }
    if too_large(complaints) {
        return Error::Limit("pixels");
    }
    let last = complaints
        .last()
        .cloned()
        .unwrap_or_else(|| "no reason given".into());
    match said(&[
        "Invalid data found",
        "does not contain any stream",
        "could not find codec parameters",
    ]) {
        Some(_) => Error::NotMedia(last),
        None => Error::Failed(last),
    }
}

/// Did a frame break the limit of pixels?
pub fn too_large(complaints: &[String]) -> bool {
    let words = ["Picture size", "Invalid image size", "Image area"];
    complaints
        .iter()
        .any(|line| words.iter().any(|word| line.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_out_of_the_words() {
        assert_eq!(frame_time("frame:3    pts:540000  pts_time:6.25"), Some(6.25));
        assert_eq!(frame_time("[h264 @ 0x1] frame:3 pts:1 pts_time:-0.5"), Some(-0.5));
        assert!(frame_time("frame:0    pts:NOPTS   pts_time:NOPTS").is_some_and(f64::is_nan));
        assert_eq!(frame_time("Error while decoding frame: no"), None);
    }

    #[test]
    fn words_cannot_steer_a_terminal_nor_grow() {
        let mut log = Log::default();
        for n in 0..100_000 {
            log.line = format!("\u{1b}[2Jcomplaint {n}").into_bytes();
            log.end_line();
            log.line = b"frame:0 pts:0 pts_time:0".to_vec();
            log.end_line();
        }
        assert_eq!(log.complaints.len(), COMPLAINTS);
        assert_eq!(log.complaints[0], "\u{fffd}[2Jcomplaint 0");
        assert_eq!(log.complaints[COMPLAINTS - 1], "\u{fffd}[2Jcomplaint 99999");
        assert_eq!(log.times.len(), TIMES);
    }

    #[test]
    fn a_limit_is_told_from_a_file_that_is_no_media() {
        let failed = |line: &str| why(None, &[line.to_owned()]);
        assert_eq!(failed("x: Cannot allocate memory"), Error::Limit("memory"));
        assert_eq!(
            failed("[hls @ 0x55] Format not on whitelist 'mov'"),
            Error::Refused("container 'hls' is not decoded".into())
        );
        assert!(matches!(
            failed("x: Invalid data found when processing input"),
            Error::NotMedia(_)
        ));
        assert!(matches!(failed("something else"), Error::Failed(_)));
    }
}
