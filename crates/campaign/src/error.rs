//! What can go wrong in a campaign; one place in the binary maps these kinds to exit codes.

use std::path::{Path, PathBuf};

/// An error of the campaign.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something handed in is wrong.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The data folder was never made.
    #[error("{0} is no data folder of swordnet: run `swordnet init` first")]
    NotInitialised(PathBuf),
    /// Records, vault or queue failed.
    #[error(transparent)]
    Store(#[from] swordnet_store::Error),
    /// A site or service could not be reached.
    #[error("{0}")]
    Unreachable(String),
    /// A file of the data folder could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What happened.
        error: std::io::Error,
    },
    /// ffmpeg is missing or failed to start.
    #[error(transparent)]
    Media(#[from] swordnet_media::Error),
    /// A package could not be sealed or read.
    #[error("evidence: {0}")]
    Evidence(String),
    /// The program was told to stop.
    #[error("stopped")]
    Stopped,
    /// Something that cannot be.
    #[error("{0}")]
    Bug(String),
}

impl Error {
    /// A failed file.
    pub fn file(path: &Path, error: std::io::Error) -> Self {
        Error::File {
            path: path.to_owned(),
            error,
        }
    }
}

impl From<swordnet_recognise::Error> for Error {
    fn from(error: swordnet_recognise::Error) -> Self {
        Error::Bug(error.to_string())
    }
}

impl From<swordnet_core::ForbiddenStep> for Error {
    fn from(error: swordnet_core::ForbiddenStep) -> Self {
        Error::Bug(error.to_string())
    }
}

/// Something handed in that is wrong: the file, the line where there is one, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what}{}: {why}", line.map(|l| format!(" line {l}")).unwrap_or_default())]
pub struct InputError {
    /// The file or argument.
    pub what: String,
    /// The line in it.
    pub line: Option<u64>,
    /// What is wrong with it.
    pub why: String,
}

impl InputError {
    /// About a file or argument as a whole.
    pub fn new(what: impl ToString, why: impl ToString) -> Self {
        Self {
            what: what.to_string(),
            line: None,
            why: why.to_string(),
        }
    }

    /// About one line.
    pub fn at(what: impl ToString, line: u64, why: impl ToString) -> Self {
        Self {
            what: what.to_string(),
            line: Some(line),
            why: why.to_string(),
        }
    }

    /// About a path.
    pub fn path(path: &Path, why: impl ToString) -> Self {
        Self::new(path.display(), why)
    }
}
