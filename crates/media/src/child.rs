//! One run of the confined decoder: starts it, reads what it gives, and ends it when a limit breaks.

use crate::confine::{Confinement, Launch, MARK, REPORT, Task};
use crate::live::TICK;
use crate::{Error, Limits, Media};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes read from the pipe at once.
const PIECE: usize = 1 << 18;
/// Complaints of the decoder that are kept.
const COMPLAINTS: usize = 16;
/// CPU time of what gives one answer: facts, a picture.
const SHORT: Duration = Duration::from_secs(120);
/// Times of frames that may wait for their frames.
const TIMES: usize = 1 << 16;
/// Longest line of a complaint that is kept, in bytes.
const LINE: usize = 400;

pub fn no_launcher() -> Error {
    Error::Failed(
        "the decoder's launcher did not report: main must begin with swordnet_media::enter_if_confined()"
            .into(),
    )
}

/// Takes bytes as they come; breaks off with an error, or with nothing when it has enough.
pub type Receive<'a> = dyn FnMut(&[u8], &mut Log) -> ControlFlow<Option<Error>> + 'a;

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The receiver had enough and the decoder was stopped.
    pub stopped: bool,
    /// Why it did not end well, where it did not.
    pub error: Option<Error>,
    /// What it complained about.
    pub complaints: Vec<String>,
}

impl Media {
    /// Does `task` with `input` and hands on what it writes, with the times of the frames that it named so far.
    pub(crate) fn stream(
        &self,
        task: Task,
        input: File,
        arguments: Vec<String>,
        receive: &mut Receive<'_>,
    ) -> Result<Ended, Error> {
        self.stream_until(task, input, arguments, None, receive)
    }

    /// The same until `stop` is set, with its own process group: what a terminal says to the program is not said to the decoder.
    pub(crate) fn stream_until(
        &self,
        task: Task,
        input: File,
        arguments: Vec<String>,
        stop: Option<&AtomicBool>,
        receive: &mut Receive<'_>,
    ) -> Result<Ended, Error> {
        let launch = Launch {
            task,
            memory: self.limits.memory,
            cpu_seconds: self.limits.cpu.as_secs().max(1),
        };
        let instructions = serde_json::to_string(&launch).map_err(|e| Error::Failed(e.to_string()))?;
        let mut command = Command::new(&self.launcher);
        if stop.is_some() {
            command.process_group(0);
        }
        let child = command
            .arg(MARK)
            .arg(instructions)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(input))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Error::Failed(format!("{} does not start: {e}", self.launcher.display())))?;
        let mut run = Run {
            child,
            log: Log::default(),
            waited: Duration::ZERO,
            seen: Instant::now(),
        };
        let ended = run.read_all(self, stop, receive);
        let status = run.end();
        let (stopped, broken) = match ended {
            Ok(()) => (false, None),
            Err(None) => (true, None),
            Err(Some(error)) => (true, Some(error)),
        };
        let Some(confinement) = run.log.confinement.take() else {
            return Err(if broken.is_none() && run.log.complaints.is_empty() {
                no_launcher()
            } else {
                broken.unwrap_or_else(|| Error::Failed(run.log.complaints.join("; ")))
            });
        };
        let _ = self.confinement.set(confinement);
        let well = !stopped && status.is_some_and(|status| status.success());
        let error = if stopped || well {
            broken
        } else {
            Some(why(status, &run.log.complaints))
        };
        Ok(Ended {
            stopped,
            error,
            complaints: std::mem::take(&mut run.log.complaints),
        })
    }

    /// Does `task` with `input` and gives all that it writes, at most `most` bytes.
    pub(crate) fn collect(
        &self,
        task: Task,
        input: File,
        arguments: Vec<String>,
        most: usize,
    ) -> Result<(Vec<u8>, Ended), Error> {
        let mut all = Vec::new();
        let limits = Limits {
            cpu: self.limits.cpu.min(SHORT),
            ..self.limits.clone()
        };
        let short = Media {
            limits,
            ..self.clone()
        };
        let ended = short.stream(task, input, arguments, &mut |bytes, _| {
            if all.len() + bytes.len() > most {
                return ControlFlow::Break(Some(Error::Limit("output")));
            }
            all.extend_from_slice(bytes);
            ControlFlow::Continue(())
        })?;
        match ended.error {
            Some(error) => Err(error),
            None => Ok((all, ended)),
        }
    }
}

/// Reads the cause of a bad end out of the status and the last words.
fn why(status: Option<ExitStatus>, complaints: &[String]) -> Error {
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

struct Run {
    child: Child,
    log: Log,
    /// Time that the child took so far, the receiver's own time not counted.
    waited: Duration,
    /// When it last gave something.
    seen: Instant,
}

impl Run {
    /// `Err(None)`: the receiver had enough; `Err(Some(..))`: a limit broke.
    fn read_all(
        &mut self,
        media: &Media,
        stop: Option<&AtomicBool>,
        receive: &mut Receive<'_>,
    ) -> Result<(), Option<Error>> {
        let failed = |e: std::io::Error| Some(Error::Failed(format!("reading from the decoder: {e}")));
        let (Some(mut out), Some(mut words)) = (self.child.stdout.take(), self.child.stderr.take()) else {
            return Err(Some(Error::Failed("the decoder has no pipes".into())));
        };
        // A larger pipe means fewer turns between the processes; where the system refuses, it goes on with the small one.
        let _ = rustix::pipe::fcntl_setpipe_size(&out, 1 << 20);
        let mut piece = vec![0; PIECE];
        let (mut out_open, mut words_open) = (true, true);
        while out_open || words_open {
            let began = Instant::now();
            let left = media.limits.wall.saturating_sub(self.waited);
            let quiet_left = media.limits.quiet.saturating_sub(began - self.seen);
            let mut fds = Vec::with_capacity(2);
            if words_open {
                fds.push(PollFd::new(&words, PollFlags::IN));
            }
            if out_open {
                fds.push(PollFd::new(&out, PollFlags::IN));
            }
            let most = left.min(quiet_left);
            let turn = stop.map_or(most, |_| most.min(TICK));
            let ready = wait(&mut fds, turn).map_err(failed)?;
            let out_ready = out_open && fds.last().is_some_and(|fd| !fd.revents().is_empty());
            let words_ready = words_open && fds.first().is_some_and(|fd| !fd.revents().is_empty());
            self.waited += began.elapsed();
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(None);
            }
            if !ready && turn < most {
                continue;
            }
            if !ready {
                return Err(Some(Error::Limit(if left <= quiet_left {
                    "time"
                } else {
                    "time without output"
                })));
            }
            if words_ready {
                words_open = self.log.read(&mut words, &mut piece).map_err(failed)?;
            }
            if out_ready {
                match out.read(&mut piece) {
                    Ok(0) => out_open = false,
                    Ok(count) => {
                        let (frames, scratch) = piece.split_at_mut(count);
                        // The time of a frame is written before the frame: read all times before handing frames on.
                        let mut more = [0; 4096];
                        let scratch = if scratch.is_empty() {
                            &mut more[..]
                        } else {
                            scratch
                        };
                        while words_open && readable(&words).map_err(failed)? {
                            words_open = self.log.read(&mut words, scratch).map_err(failed)?;
                        }
                        if let ControlFlow::Break(end) = receive(frames, &mut self.log) {
                            return Err(end);
                        }
                        self.seen = Instant::now();
                    }
                    Err(e) if e.kind() == ErrorKind::Interrupted => {}
                    Err(e) => return Err(failed(e)),
                }
            }
        }
        Ok(())
    }

    /// Ends the child if it still runs, and takes its status.
    fn end(&mut self) -> Option<ExitStatus> {
        // Both pipes closed means that it is about to end; one that lingers is ended.
        let patience = Instant::now() + Duration::from_secs(2);
        while Instant::now() < patience && self.child.stdout.is_none() {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
                Err(_) => break,
            }
        }
        let _ = self.child.kill();
        self.child.wait().ok()
    }
}

impl Drop for Run {
    /// A receiver that panics leaves no decoder behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until one is readable or closed; false when the time is over.
fn wait(fds: &mut [PollFd<'_>], most: Duration) -> std::io::Result<bool> {
    let end = Instant::now() + most;
    loop {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).unwrap_or(Timespec {
            tv_sec: 3600,
            tv_nsec: 0,
        });
        match poll(fds, Some(&left)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn readable(pipe: &impl AsFd) -> std::io::Result<bool> {
    wait(&mut [PollFd::new(pipe, PollFlags::IN)], Duration::ZERO)
}

/// What the child says on standard error: the launcher's report, times of frames, complaints.
#[derive(Debug, Default)]
pub struct Log {
    confinement: Option<Confinement>,
    /// Times of frames in seconds, in the order of the frames, not yet taken.
    pub times: VecDeque<f64>,
    complaints: Vec<String>,
    line: Vec<u8>,
}

impl Log {
    /// Reads once; false when the pipe is closed.
    fn read(&mut self, words: &mut ChildStderr, piece: &mut [u8]) -> std::io::Result<bool> {
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
