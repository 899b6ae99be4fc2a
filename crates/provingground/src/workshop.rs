//! Makes the ground's media files, each once: a file is named by what it is made of and how, written beside its place and
//! renamed into it, so that a killed build leaves no half file and the next one goes on where it stopped.

use crate::dice::Dice;
use crate::{Error, Progress, canvas::Canvas, film, scene, tune};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use swordnet_core::Sha256Hex;

/// Raised when the same description would make other files.
const VERSION: u32 = 2;

/// How a file is made.
#[derive(Clone, Debug)]
pub enum How {
    /// A rendered film with sound: seed and length in seconds.
    Film(u64, f64),
    /// Rendered music: seeds of melody and band, length in seconds.
    Song(u64, u64, f64),
    /// A rendered picture: seed, width, height.
    Picture(u64, usize, usize),
    /// A line of made-up writing on nothing: seed, signs, height in pixels.
    Writing(u64, usize, usize),
    /// These bytes.
    Bytes(Vec<u8>),
    /// What ffmpeg makes of these inputs with these arguments; the output's name is added.
    Ffmpeg(Vec<Input>, Vec<String>),
    /// An HLS folder: the input is cut into segments, unencoded; the file is its playlist `index.m3u8`.
    Hls(PathBuf),
}

/// What ffmpeg reads.
#[derive(Clone, Debug)]
pub struct Input {
    /// Arguments before `-i`.
    pub before: Vec<String>,
    /// The file.
    pub file: PathBuf,
    /// What the file is known by: for files of others a digest, so that its place does not matter.
    pub identity: String,
}

impl Input {
    /// A file that the workshop makes.
    pub fn made(file: &Path) -> Self {
        let identity = file
            .iter()
            .rev()
            .take(2)
            .map(|p| p.to_string_lossy())
            .collect::<Vec<_>>()
            .join("<");
        Self {
            before: vec![],
            file: file.into(),
            identity,
        }
    }
}

/// Writes what a program reads on its standard input.
type Feed<'a> = &'a mut dyn FnMut(&mut dyn Write) -> std::io::Result<()>;

struct Piece {
    how: How,
    level: usize,
    what: String,
}

/// The list of what is to be made, and the folder where it lies.
pub struct Workshop {
    dir: PathBuf,
    ffmpeg: PathBuf,
    pieces: BTreeMap<PathBuf, Piece>,
}

impl Workshop {
    /// A workshop that keeps its files in `dir`.
    pub fn new(dir: &Path, ffmpeg: &Path) -> Self {
        Self {
            dir: dir.into(),
            ffmpeg: ffmpeg.into(),
            pieces: BTreeMap::new(),
        }
    }

    /// Puts a file on the list and tells where it will lie. The same order twice is one file.
    pub fn order(&mut self, how: How, extension: &str, what: &str) -> PathBuf {
        let description = match &how {
            How::Ffmpeg(inputs, args) => {
                let inputs: Vec<_> = inputs
                    .iter()
                    .map(|i| format!("{:?} {}", i.before, i.identity))
                    .collect();
                format!("{VERSION} ffmpeg {inputs:?} {args:?}")
            }
            How::Hls(file) => format!("{VERSION} hls {}", Input::made(file).identity),
            How::Bytes(bytes) => format!("{VERSION} bytes {}", Sha256Hex::of(bytes)),
            other => format!("{VERSION} {other:?}"),
        };
        let name = &Sha256Hex::of(description.as_bytes()).as_str()[..16].to_owned();
        let path = match how {
            How::Hls(_) => self.dir.join(name).join("index.m3u8"),
            _ => self.dir.join(format!("{name}.{extension}")),
        };
        let level = match &how {
            How::Ffmpeg(inputs, _) => 1 + inputs.iter().map(|i| self.level(&i.file)).max().unwrap_or(0),
            How::Hls(file) => 1 + self.level(file),
            _ => 0,
        };
        self.pieces.entry(path.clone()).or_insert(Piece {
            how,
            level,
            what: what.into(),
        });
        path
    }

    fn level(&self, file: &Path) -> usize {
        self.pieces.get(file).map_or(0, |p| p.level)
    }

    /// Makes what is not there yet, on all cores.
    pub fn make(&self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
        std::fs::create_dir_all(&self.dir).map_err(|e| Error::io(&self.dir, e))?;
        self.sweep();
        let total = self.pieces.len();
        let mut done = self.pieces.keys().filter(|p| p.exists()).count();
        let top = self.pieces.values().map(|p| p.level).max().unwrap_or(0);
        for level in 0..=top {
            // The longest first, so that the cores end together.
            let mut missing: Vec<_> = self
                .pieces
                .iter()
                .filter(|(path, p)| p.level == level && !path.exists())
                .collect();
            missing.sort_by_key(|(_, p)| !matches!(p.how, How::Film(..)));
            self.together(&missing, &mut |what| {
                done += 1;
                progress(Progress { done, total, what });
            })?;
        }
        progress(Progress {
            done: total,
            total,
            what: "",
        });
        Ok(())
    }

    /// Removes what builds that were killed left half made: rooms that nobody has entered for an hour.
    fn sweep(&self) {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let age = entry
                .metadata()
                .and_then(|m| m.modified())
                .ok()
                .and_then(|t| t.elapsed().ok());
            let made = entry.file_name().to_string_lossy().starts_with("making");
            if made && age.is_some_and(|age| age.as_secs() > 3600) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }

    fn together(&self, missing: &[(&PathBuf, &Piece)], told: &mut dyn FnMut(&str)) -> Result<(), Error> {
        let next = AtomicUsize::new(0);
        let failure = Mutex::new(None);
        let (send, receive) = mpsc::channel::<&str>();
        let workers = std::thread::available_parallelism().map_or(2, |n| n.get());
        std::thread::scope(|scope| {
            for _ in 0..workers {
                let send = send.clone();
                let (next, failure) = (&next, &failure);
                scope.spawn(move || {
                    while let Some((path, piece)) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(error) = self.make_one(path, piece) {
                            next.store(missing.len(), Ordering::Relaxed);
                            failure
                                .lock()
                                .unwrap_or_else(|p| p.into_inner())
                                .get_or_insert(error);
                        }
                        let _ = send.send(&piece.what);
                    }
                });
            }
            drop(send);
            for what in receive {
                told(what);
            }
        });
        failure
            .into_inner()
            .unwrap_or_else(|p| p.into_inner())
            .map_or(Ok(()), Err)
    }

    fn make_one(&self, path: &Path, piece: &Piece) -> Result<(), Error> {
        let room = tempfile::Builder::new()
            .prefix("making")
            .tempdir_in(&self.dir)
            .map_err(|e| Error::io(&self.dir, e))?;
        let extension = path.extension().unwrap_or_default();
        let draft = room.path().join("draft").with_extension(extension);
        let put = |bytes: &[u8]| std::fs::write(&draft, bytes).map_err(|e| Error::io(&draft, e));
        match &piece.how {
            How::Bytes(bytes) => put(bytes)?,
            How::Writing(seed, signs, side) => {
                put(&scene::writing(&mut Dice::new(*seed, "writing"), *signs, *side, [250, 250, 245]).pam())?
            }
            How::Picture(seed, width, height) => {
                let mut dice = Dice::new(*seed, "picture");
                let place = scene::place(&mut dice, *width, *height);
                self.still(&place, &draft)?;
            }
            How::Song(melody, band, seconds) => {
                let sound = tune::render(
                    &mut Dice::new(*melody, "melody"),
                    &mut Dice::new(*band, "band"),
                    *seconds,
                );
                let wav = room.path().join("sound.wav");
                std::fs::write(&wav, tune::wav(&sound)).map_err(|e| Error::io(&wav, e))?;
                self.run(&["-i", &text(&wav), "-b:a", "160k", &text(&draft)], None)?;
            }
            How::Film(seed, seconds) => self.film(*seed, *seconds, room.path(), &draft)?,
            How::Ffmpeg(inputs, args) => {
                let mut all: Vec<String> = Vec::new();
                for input in inputs {
                    all.extend(input.before.iter().cloned());
                    all.extend(["-i".into(), text(&input.file)]);
                }
                all.extend(args.iter().cloned());
                all.push(text(&draft));
                self.run(&all.iter().map(String::as_str).collect::<Vec<_>>(), None)?;
            }
            How::Hls(file) => {
                let (segments, playlist) = (room.path().join("part%03d.ts"), room.path().join("index.m3u8"));
                let args = [
                    "-i",
                    &text(file),
                    "-c",
                    "copy",
                    "-f",
                    "hls",
                    "-hls_time",
                    "6",
                    "-hls_list_size",
                    "0",
                ];
                let tail = ["-hls_segment_filename", &text(&segments), &text(&playlist)];
                self.run(&[&args[..], &tail[..]].concat(), None)?;
                let folder = path.parent().unwrap_or(&self.dir);
                std::fs::rename(room.keep(), folder).map_err(|e| Error::io(folder, e))?;
                return Ok(());
            }
        }
        std::fs::rename(&draft, path).map_err(|e| Error::io(path, e))
    }

    fn still(&self, canvas: &Canvas, draft: &Path) -> Result<(), Error> {
        let pam = canvas.pam();
        let args = [
            "-f",
            "image2pipe",
            "-c:v",
            "pam",
            "-i",
            "pipe:0",
            "-frames:v",
            "1",
            "-q:v",
            "3",
            "-pix_fmt",
            "yuvj420p",
        ];
        self.run(
            &[&args[..], &[&text(draft)]].concat(),
            Some(&mut |out| out.write_all(&pam)),
        )
    }

    fn film(&self, seed: u64, seconds: f64, room: &Path, draft: &Path) -> Result<(), Error> {
        let sound = tune::render(
            &mut Dice::new(seed, "score"),
            &mut Dice::new(seed, "orchestra"),
            seconds,
        );
        let wav = room.join("sound.wav");
        std::fs::write(&wav, tune::wav(&sound)).map_err(|e| Error::io(&wav, e))?;
        let (size, rate) = (
            format!("{}x{}", film::WIDTH, film::HEIGHT),
            film::RATE.to_string(),
        );
        let wav = text(&wav);
        let mut args = vec![
            "-f", "rawvideo", "-pix_fmt", "rgb0", "-s", &size, "-r", &rate, "-i", "pipe:0", "-i", &wav,
        ];
        args.extend([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-crf",
            "23",
            "-g",
            "48",
            "-pix_fmt",
            "yuv420p",
        ]);
        args.extend([
            "-c:a",
            "aac",
            "-b:a",
            "96k",
            "-shortest",
            "-movflags",
            "+faststart",
        ]);
        let draft = text(draft);
        args.push(&draft);
        self.run(
            &args,
            Some(&mut |out| film::render(&mut Dice::new(seed, "film"), seconds, out)),
        )
    }

    /// Runs ffmpeg, feeding its standard input if asked. What it writes carries no time or version of its own.
    fn run(&self, args: &[&str], feed: Option<Feed<'_>>) -> Result<(), Error> {
        let (output, head) = args.split_last().map_or(("", &[][..]), |(o, h)| (*o, h));
        let mut command = Command::new(&self.ffmpeg);
        command.args(["-y", "-hide_banner", "-loglevel", "error", "-filter_threads", "1"]);
        if feed.is_none() {
            command.arg("-nostdin");
        }
        command.args(head);
        command.args([
            "-threads",
            "1",
            "-map_metadata",
            "-1",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
        ]);
        command.args(["-flags:a", "+bitexact", output]);
        command.stdin(if feed.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| Error::io(&self.ffmpeg, e))?;
        let fed = match (feed, child.stdin.take()) {
            (Some(feed), Some(mut pipe)) => feed(&mut pipe),
            _ => Ok(()),
        };
        let output = child.wait_with_output().map_err(|e| Error::io(&self.ffmpeg, e))?;
        if !output.status.success() || fed.is_err() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim().lines().last().unwrap_or("it said nothing").to_owned();
            return Err(Error::Ffmpeg {
                last,
                args: args.join(" "),
            });
        }
        Ok(())
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
