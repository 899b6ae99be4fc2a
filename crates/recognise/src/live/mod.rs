//! Sound that has no end: windows of it as it comes, and what successive windows tell joined into spans.
//!
//! A window is asked for what is fresh in it, and answers reach back over all of it: each moment is looked up once and judged with what went before.
//! Time is counted in seconds of the stream, by its samples; no clock is read. Memory is bounded by the length of a window and by [`Join`]'s
//! patience, not by the length of the stream.

mod join;
mod windows;

pub use join::{Join, Telling};
pub use windows::{Pace, Window, Windows};
