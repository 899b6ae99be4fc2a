//! One run of the confined decoder: starts it, reads what it gives, and ends it when a limit breaks.

use crate::confine::{Launch, MARK, Task};
use crate::handover;
use crate::live::TICK;
use crate::words::{Log, why};
use crate::{Error, Limits, Media};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes read from a pipe at once.
const PIECE: usize = 1 << 18;
/// CPU time of what gives one answer: facts, a picture.
const SHORT: Duration = Duration::from_secs(120);

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
        self.run(task, input, arguments, None, &mut [receive])
    }

    /// Lets ffmpeg write two outputs at once, to `pipe:1` and to [`handover::SECOND`], each as fast as it will: both are read as they come.
    pub(crate) fn stream_both(
        &self,
        input: File,
        arguments: Vec<String>,
        first: &mut Receive<'_>,
        second: &mut Receive<'_>,
    ) -> Result<Ended, Error> {
        self.run(self.ffmpeg(), input, arguments, None, &mut [first, second])
    }

    /// One output until `stop` is set, with its own process group: what a terminal says to the program is not said to the decoder.
    pub(crate) fn stream_until(
        &self,
        task: Task,
        input: File,
        arguments: Vec<String>,
        stop: &AtomicBool,
        receive: &mut Receive<'_>,
    ) -> Result<Ended, Error> {
        self.run(task, input, arguments, Some(stop), &mut [receive])
    }

    fn run(
        &self,
        task: Task,
        input: File,
        arguments: Vec<String>,
        stop: Option<&AtomicBool>,
        receivers: &mut [&mut Receive<'_>],
    ) -> Result<Ended, Error> {
        let launch = Launch {
            task,
            memory: self.limits.memory,
            cpu_seconds: self.limits.cpu.as_secs().max(1),
            second: receivers.len() > 1,
        };
        let (mut run, pipes) = Run::start(self, &launch, input, arguments, stop.is_some())?;
        let ended = run.read_all(self, pipes, stop, receivers);
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

struct Run {
    child: Child,
    log: Log,
    /// Time that the child took so far, the receiver's own time not counted.
    waited: Duration,
    /// When it last gave something.
    seen: Instant,
}

/// What is read of a child.
struct Pipes {
    words: UnixStream,
    /// Those that are not closed yet.
    outputs: [Option<File>; 2],
}

impl Run {
    fn start(
        media: &Media,
        launch: &Launch,
        input: File,
        arguments: Vec<String>,
        apart: bool,
    ) -> Result<(Self, Pipes), Error> {
        let failed =
            |e: std::io::Error| Error::Failed(format!("{} does not start: {e}", media.launcher.display()));
        let instructions = serde_json::to_string(launch).map_err(|e| Error::Failed(e.to_string()))?;
        let (words, theirs) = UnixStream::pair().map_err(failed)?;
        let second = launch
            .second
            .then(|| handover::give(&words))
            .transpose()
            .map_err(failed)?;
        let mut command = Command::new(&media.launcher);
        if apart {
            command.process_group(0);
        }
        let mut child = command
            .arg(MARK)
            .arg(instructions)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(input))
            .stdout(Stdio::piped())
            .stderr(OwnedFd::from(theirs))
            .spawn()
            .map_err(failed)?;
        let first = child.stdout.take().map(OwnedFd::from);
        let outputs = [first, second.map(OwnedFd::from)].map(|output| output.map(File::from));
        for output in outputs.iter().flatten() {
            // A larger pipe means fewer turns between the processes; where the system refuses, it goes on with the small one.
            let _ = rustix::pipe::fcntl_setpipe_size(output, 1 << 20);
        }
        let run = Self {
            child,
            log: Log::default(),
            waited: Duration::ZERO,
            seen: Instant::now(),
        };
        Ok((run, Pipes { words, outputs }))
    }

    /// `Err(None)`: a receiver had enough; `Err(Some(..))`: a limit broke.
    fn read_all(
        &mut self,
        media: &Media,
        mut pipes: Pipes,
        stop: Option<&AtomicBool>,
        receivers: &mut [&mut Receive<'_>],
    ) -> Result<(), Option<Error>> {
        let mut piece = vec![0; PIECE];
        let mut words_open = true;
        while words_open || pipes.outputs.iter().any(Option::is_some) {
            let began = Instant::now();
            let left = media.limits.wall.saturating_sub(self.waited);
            let quiet_left = media.limits.quiet.saturating_sub(began - self.seen);
            let most = left.min(quiet_left);
            let turn = stop.map_or(most, |_| most.min(TICK));
            let ready = pipes.wait(words_open, turn).map_err(failed)?;
            self.waited += began.elapsed();
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(None);
            }
            if !ready.contains(&true) {
                if turn < most {
                    continue;
                }
                return Err(Some(Error::Limit(if left <= quiet_left {
                    "time"
                } else {
                    "time without output"
                })));
            }
            let mut ready = ready.into_iter();
            if words_open && ready.next() == Some(true) {
                words_open = self.log.read(&pipes.words, &mut piece).map_err(failed)?;
            }
            for (output, receive) in pipes.outputs.iter_mut().zip(&mut *receivers) {
                let Some(open) = output.as_mut().filter(|_| ready.next() == Some(true)) else {
                    continue;
                };
                let count = match open.read(&mut piece) {
                    Ok(0) => {
                        *output = None;
                        continue;
                    }
                    Ok(count) => count,
                    Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                    Err(e) => return Err(failed(e)),
                };
                let (given, scratch) = piece.split_at_mut(count);
                // The time of a frame is written before the frame: read all times before handing frames on.
                let mut more = [0; 4096];
                let scratch = if scratch.is_empty() {
                    &mut more[..]
                } else {
                    scratch
                };
                while words_open && readable(&pipes.words).map_err(failed)? {
                    words_open = self.log.read(&pipes.words, scratch).map_err(failed)?;
                }
                if let ControlFlow::Break(end) = receive(given, &mut self.log) {
                    return Err(end);
                }
                self.seen = Instant::now();
            }
        }
        Ok(())
    }

    /// Ends the child if it still runs, and takes its status.
    fn end(&mut self) -> Option<ExitStatus> {
        // All pipes closed means that it is about to end; one that lingers is ended.
        let patience = Instant::now() + Duration::from_secs(2);
        while Instant::now() < patience {
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

impl Pipes {
    /// Waits until one of those that are open is readable or closed, and says of each, the words first; none when the time is over.
    fn wait(&self, words_open: bool, most: Duration) -> std::io::Result<Vec<bool>> {
        let words = words_open.then_some(self.words.as_fd());
        let outputs = self.outputs.iter().flatten().map(AsFd::as_fd);
        let open: Vec<_> = words.into_iter().chain(outputs).collect();
        let mut fds: Vec<_> = open.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        wait(&mut fds, most)?;
        Ok(fds.iter().map(|fd| !fd.revents().is_empty()).collect())
    }
}

fn failed(e: std::io::Error) -> Option<Error> {
    Some(Error::Failed(format!("reading from the decoder: {e}")))
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
