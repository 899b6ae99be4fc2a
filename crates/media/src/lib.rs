//! Turns untrusted media files into frames, samples and pictures.
//!
//! Decoding is done by ffmpeg (still pictures in the web's formats: by the child itself; the facts of an ordinary MP4, too), in a child
//! process that is confined before the input's first byte is read:
//!
//! * Landlock: it can read the one input file and ffmpeg's own libraries; it can write nothing and reach no TCP port;
//! * seccomp: it can make no socket, start no process, trace nobody, change no file's mode or owner;
//! * limits of memory, CPU time, file size and open files; no capability but reading;
//! * ffmpeg itself is told to open only files, and to recognise only the containers listed in `containers.rs`: a playlist
//!   posing as a film is refused, so it never names a second file;
//! * the file reaches the child as its open standard input, so that neither its name nor its neighbours play a part.
//!
//! What breaks a limit is an [`Error::Limit`]: not judged, never "clean".
//!
//! The child is this same program, started again: call [`enter_if_confined`] as the first line of `main`.
//!
//! ```no_run
//! use std::{ops::ControlFlow, path::Path};
//! use swordnet_media::{FrameRequest, Media, Options, enter_if_confined};
//!
//! fn main() -> Result<(), swordnet_media::Error> {
//!     enter_if_confined();
//!     let media = Media::new(Options::default())?;
//!     let request = FrameRequest { rate: 2.0, max_side: 160, ..FrameRequest::default() };
//!     let decoded = media.frames(Path::new("film.mkv"), &request, &mut |frame| {
//!         let _luma: &[u8] = frame.pixels; // frame.width * frame.height bytes, on screen at frame.time
//!         ControlFlow::Continue(())
//!     })?;
//!     assert!(decoded.notes.is_empty(), "damage, or a system that cannot confine fully");
//!     Ok(())
//! }
//! ```
//!
//! The pictures and the sound of a whole film come out of one run by [`Media::film`].
//!
//! A stream that is still coming is heard by [`Media::listen`], for as long as it goes on.
//!
//! Frames and samples are streamed: memory does not grow with the length of the film. Needs ffmpeg 5.1 or newer, and Linux.
//!
//! Architecture invariant: nothing here reaches out through a socket or writes a file.

mod child;
mod confine;
mod containers;
mod decode;
mod error;
mod geometry;
mod handover;
mod live;
mod mp4;
mod pictures;
mod probe;
mod snapshot;
mod sound;
mod still;
mod words;

use confine::Task;
pub use confine::{Confinement, enter_if_confined};
pub use decode::Decoded;
pub use error::Error;
pub use live::open_stream;
pub use pictures::{Depth, Frame, FrameRequest};
pub use probe::{AudioFacts, Facts, VideoFacts};
pub use snapshot::OwnedFrame;
pub use sound::SampleRequest;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// What a file may cost before it is given up as [`Error::Limit`].
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of private memory of the child.
    pub memory: u64,
    /// CPU time of one decoding; of a probe or a single picture at most two minutes.
    pub cpu: Duration,
    /// Time that the child may take for one decoding, the caller's own time not counted.
    pub wall: Duration,
    /// Time without any output: a decoder that hangs. One that only works hard meets the limit of CPU time, so this may be
    /// long enough for a machine that is overloaded.
    pub quiet: Duration,
    /// Pixels of a frame as it is coded.
    pub pixels: u64,
    /// Length of media, in seconds, that one decoding may give.
    pub seconds: f64,
    /// Bytes of decoded frames or samples that one decoding may give.
    pub output: u64,
}

impl Default for Limits {
    /// For films: room for an 8K frame, twelve hours, an hour of CPU time.
    fn default() -> Self {
        Self {
            memory: 1 << 30,
            cpu: Duration::from_secs(3600),
            wall: Duration::from_secs(2 * 3600),
            quiet: Duration::from_secs(600),
            pixels: 50_000_000,
            seconds: 12.0 * 3600.0,
            output: 64 << 30,
        }
    }
}

/// How media are decoded.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What a file may cost.
    pub limits: Limits,
    /// The ffmpeg program; `None`: the one on `PATH`. Its ffprobe is looked for beside it, then on `PATH`.
    pub ffmpeg: Option<PathBuf>,
    /// A program whose `main` begins with [`enter_if_confined`]; `None`: the running one.
    pub launcher: Option<PathBuf>,
}

/// Decodes media files. Cheap to clone; every method is synchronous and may take long.
#[derive(Clone, Debug)]
pub struct Media {
    limits: Limits,
    launcher: PathBuf,
    ffmpeg: Arc<confine::Program>,
    ffprobe: Arc<confine::Program>,
    confinement: Arc<OnceLock<Confinement>>,
    known: Arc<Mutex<probe::Known>>,
}

impl Media {
    /// Finds ffmpeg and ffprobe. [`Error::Missing`] when they are not there.
    pub fn new(options: Options) -> Result<Self, Error> {
        let ffmpeg = match options.ffmpeg {
            Some(path) if path.is_file() => path,
            Some(path) => return Err(Error::Missing(path.display().to_string())),
            None => on_path("ffmpeg").ok_or_else(|| Error::Missing("ffmpeg".into()))?,
        };
        let ffprobe = Some(ffmpeg.with_file_name("ffprobe"))
            .filter(|path| path.is_file())
            .or_else(|| on_path("ffprobe"))
            .ok_or_else(|| Error::Missing("ffprobe".into()))?;
        Ok(Self {
            limits: options.limits,
            launcher: options.launcher.unwrap_or_else(|| "/proc/self/exe".into()),
            ffmpeg: Arc::new(confine::Program::at(&ffmpeg)?),
            ffprobe: Arc::new(confine::Program::at(&ffprobe)?),
            confinement: Arc::default(),
            known: Arc::default(),
        })
    }

    fn ffmpeg(&self) -> Task {
        Task::Become(self.ffmpeg.as_ref().clone())
    }

    fn ffprobe(&self) -> Task {
        Task::Become(self.ffprobe.as_ref().clone())
    }

    /// How far this system can confine the decoder; runs it once to find out.
    pub fn confinement(&self) -> Result<Confinement, Error> {
        if let Some(known) = self.confinement.get() {
            return Ok(known.clone());
        }
        let nothing = std::fs::File::open("/dev/null").map_err(|e| Error::Failed(e.to_string()))?;
        self.collect(self.ffprobe(), nothing, vec!["-version".into()], 1 << 16)?;
        self.confinement.get().cloned().ok_or_else(child::no_launcher)
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(name))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
