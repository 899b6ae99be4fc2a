//! What the sites have in common: things that nobody has registered, and the recipes that the plan leaves to chance.

use crate::dice::Dice;
use crate::workshop::{How, Workshop};
use std::path::PathBuf;
use swordnet_core::Medium;

/// What nobody has registered: the innocent things, and what surrounds excerpts.
pub struct Stock {
    pub films: Vec<PathBuf>,
    pub songs: Vec<PathBuf>,
    pub pictures: Vec<PathBuf>,
}

impl Stock {
    /// Drawn from the seed and put on the workshop's list.
    pub fn ordered(seed: u64, shop: &mut Workshop) -> Self {
        let mut dice = Dice::new(seed, "stock");
        let films = (0..8)
            .map(|_| shop.order(How::Film(dice.bits(), 16.0), "mp4", "other films"))
            .collect();
        let songs = (0..7)
            .map(|_| shop.order(How::Song(dice.bits(), dice.bits(), 24.0), "mp3", "other music"))
            .collect();
        let pictures = (0..16)
            .map(|_| shop.order(How::Picture(dice.bits(), 720, 480), "jpg", "other pictures"))
            .collect();
        Self {
            films,
            songs,
            pictures,
        }
    }
}

/// The recipes that the plan leaves to chance, one deck a medium.
pub struct Deck {
    films: Vec<&'static str>,
    songs: Vec<&'static str>,
    texts: Vec<&'static str>,
    pictures: Vec<&'static str>,
}

impl Deck {
    /// Shuffled by the seed.
    pub fn shuffled(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "recipes");
        let mut shuffled = |list: &[&'static str]| {
            let mut list = list.to_vec();
            dice.shuffle(&mut list);
            list
        };
        Self {
            films: shuffled(&[
                "lowrate crop",
                "mirror",
                "speed lowrate",
                "logo crop",
                "subtitles mirror",
                "letterbox",
                "inside",
                "speed logo",
            ]),
            songs: shuffled(&["mp3", "opus", "aac excerpt", "faster", "pitch", "camcord"]),
            texts: shuffled(&[
                "reorder headline",
                "synonyms trim",
                "traditional",
                "headline synonyms reorder",
            ]),
            pictures: shuffled(&[
                "crop watermark",
                "mirror resize",
                "recolour crop",
                "watermark recolour",
            ]),
        }
    }

    /// The next recipe; the deck goes round.
    pub fn next(&mut self, medium: Medium) -> &'static str {
        let list = match medium {
            Medium::Video => &mut self.films,
            Medium::Audio => &mut self.songs,
            Medium::Text => &mut self.texts,
            Medium::Image => &mut self.pictures,
        };
        list.rotate_left(1);
        list[0]
    }
}
