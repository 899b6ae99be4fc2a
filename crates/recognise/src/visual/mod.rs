//! What still and moving pictures share: codes of whole pictures, described points, the map between two pictures, and what their
//! fingerprints and segments keep.

pub mod code;
pub mod describe;
pub mod geometry;
pub mod inset;
pub mod lists;
pub mod lookup;
pub mod marks;
pub mod picture;
pub mod plane;
pub mod points;
pub mod probes;
pub mod sections;
pub mod spots;
