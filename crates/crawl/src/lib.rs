//! Fetches websites politely and safely, and reads their pages.

pub mod areas;
pub mod read;
