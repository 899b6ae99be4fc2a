//! What can go wrong with a media file.

/// Why a file gave no media.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// ffmpeg or ffprobe is not there.
    #[error("{0} was not found: install ffmpeg 5.1 or newer, or set SWORDNET_FFMPEG")]
    Missing(String),
    /// The file cannot be opened.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, String),
    /// Nothing in it is sound, film or picture.
    #[error("not a media file: {0}")]
    NotMedia(String),
    /// Something that is deliberately not decoded: a playlist, a drawing with references, an unheard-of container.
    #[error("refused: {0}")]
    Refused(String),
    /// A limit was broken: which one. The file is not judged.
    #[error("gave up: more {0} than allowed")]
    Limit(&'static str),
    /// The decoder failed: its last words.
    #[error("decoder failed: {0}")]
    Failed(String),
}
