//! Room in memory for what a search looks at.
//!
//! Segments may be mapped files, and each place of them that is looked at comes to lie in memory, with what the system reads together with it. Before a search looks
//! all over a segment it says at how many places, so that whoever mapped it can give others back first.

use std::sync::OnceLock;

static MAKER: OnceLock<fn(usize)> = OnceLock::new();

/// Names what makes room for a number of looks, in this process for good. Without it segments are taken to be in memory anyway.
pub fn made_by(maker: fn(usize)) {
    let _ = MAKER.set(maker);
}

/// So many places of segments are looked at next, some more or less.
pub(crate) fn make(looks: usize) {
    if let Some(maker) = MAKER.get() {
        maker(looks);
    }
}
