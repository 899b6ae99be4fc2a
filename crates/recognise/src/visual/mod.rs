//! What still and moving pictures share: codes of whole pictures, described points, the map between two pictures, and the layout of
//! their segments.

pub mod code;
pub mod describe;
pub mod geometry;
pub mod lookup;
pub mod picture;
pub mod plane;
pub mod points;
pub mod sections;
