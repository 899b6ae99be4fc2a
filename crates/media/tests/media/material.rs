//! Small inputs, rendered once a test into a folder that goes with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use swordnet_media::{Limits, Media, Options};

/// A test: its name and what it does.
pub type Test = (&'static str, fn());

/// A folder for one test's files.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Runs ffmpeg with these arguments (words apart by spaces) and the name of the file to make.
    pub fn render(&self, arguments: &str, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        let made = Command::new("ffmpeg")
            .current_dir(self.0.path())
            .args(["-nostdin", "-v", "error", "-y"])
            .args(arguments.split_whitespace())
            .arg(&path)
            .status()
            .expect("these tests need ffmpeg 5.1 or newer on PATH (Debian: apt-get install ffmpeg)");
        assert!(made.success(), "ffmpeg did not render {name}");
        path
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("a file in the temporary folder");
        path
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A film of so many seconds, 320 by 180, 25 frames a second, a key frame every 2 s, whose brightness is its time:
    /// luma 2 more each frame, full after 110. With a sound of 440 Hz.
    pub fn film(&self, name: &str, seconds: u32) -> PathBuf {
        self.render(
            &format!(
                "-f lavfi -i color=black:s=16x16:r=25:d={seconds},format=yuv420p,\
                 geq=lum=16+mod(N\\,110)*2:cb=128:cr=128,scale=320:180,setsar=1 \
                 -f lavfi -i sine=f=440:r=44100:d={seconds} -c:v libx264 -preset ultrafast -qp 4 -g 50 -keyint_min 50 \
                 -sc_threshold 0 -c:a aac -shortest"
            ),
            name,
        )
    }
}

pub fn media() -> Media {
    limited(Limits::default())
}

pub fn limited(limits: Limits) -> Media {
    Media::new(Options {
        limits,
        ..Options::default()
    })
    .expect("these tests need ffmpeg and ffprobe on PATH")
}
