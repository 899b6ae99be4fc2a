//! A local web of sites with known copies in it: the demo, the tests and the benchmarks stand on it.
//!
//! [`build`] draws works, rights, sites and copies from a seed, makes the media with ffmpeg and writes the truth beside them;
//! [`serve()`] answers for all sites on one local port, and for the platforms that are ordered to remove copies.
//!
//! Sites are called `http://NAME.site.test/`: no port, so that records do not depend on the port that happened to be free.
//! Whoever fetches them connects where [`Served::pins`] says.
//!
//! Architecture invariant: everything but the bytes of the media follows from the seed and the media folder; the clock is an argument.

mod authority;
mod canvas;
mod cast;
mod dice;
mod film;
mod folder;
mod grammar;
mod ground;
mod pages;
mod plan;
mod players;
mod recipe;
mod rewrite;
mod rights;
mod scene;
mod serve;
mod site;
mod stock;
mod truth;
mod tune;
mod web;
mod workshop;

pub use authority::Authority;
pub use ground::{Ground, PlannedWork, build, plan};
pub use serve::{Clock, Served, serve, serve_on};
pub use truth::{Answer, Copy, Decoy, Expected, Forbidden, SiteTruth, Truth, WorkTruth};

use std::path::{Path, PathBuf};
use swordnet_core::Timestamp;

/// What a ground is built from.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything that chance decides follows from it.
    pub seed: u64,
    /// A folder of anybody's films, music, pictures and texts to be used as the works; what is missing is rendered.
    pub media: Option<PathBuf>,
    /// Where media are kept between builds, and `truth.json` is written.
    pub dir: PathBuf,
    /// The ffmpeg program.
    pub ffmpeg: PathBuf,
    /// When the campaign begins: licences and windows lie around that day.
    pub start: Timestamp,
}

/// How far a build is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Files that are there.
    pub done: usize,
    /// Files in all.
    pub total: usize,
    /// What was made last; empty at the end.
    pub what: &'a str,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written, or a program could not be started.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// ffmpeg did not do what it was asked.
    #[error("ffmpeg failed: {last} (arguments: {args})")]
    Ffmpeg {
        /// The last line that it wrote.
        last: String,
        /// What it was asked.
        args: String,
    },
    /// A page could not be rendered.
    #[error("a page could not be rendered: {0}")]
    Page(String),
}

impl Error {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Error::Io {
            path: path.into(),
            source,
        }
    }
}
