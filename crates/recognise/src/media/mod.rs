//! The media that can be recognised.

pub mod audio;
pub mod image;
pub mod text;
pub mod video;

use crate::MediumKind;
use swordnet_core::Medium;

/// Every medium.
pub const ALL: &[&dyn MediumKind] = &[&audio::Audio, &video::Video, &image::Image, &text::Text];

/// The kind that recognises `medium`.
pub fn of(medium: Medium) -> Option<&'static dyn MediumKind> {
    ALL.iter().copied().find(|kind| kind.medium() == medium)
}
