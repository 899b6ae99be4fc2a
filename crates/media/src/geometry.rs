//! The size at which a frame is asked for, known before the first one arrives.

/// A quarter turn or none, clockwise, as the player must turn the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Turn {
    #[default]
    None,
    Right,
    Half,
    Left,
}

impl Turn {
    /// From ffprobe's rotation: degrees counter-clockwise, any multiple; what is no quarter turn is left as it is.
    pub fn from_degrees(counter_clockwise: f64) -> Self {
        match (-counter_clockwise).rem_euclid(360.0).round() as i64 {
            90 => Turn::Right,
            180 => Turn::Half,
            270 => Turn::Left,
            _ => Turn::None,
        }
    }

    /// The filter that does it, with a comma before it.
    pub fn filter(self) -> &'static str {
        match self {
            Turn::None => "",
            Turn::Right => ",transpose=clock",
            Turn::Half => ",hflip,vflip",
            Turn::Left => ",transpose=cclock",
        }
    }

    /// Does it swap width and height?
    pub fn swaps(self) -> bool {
        matches!(self, Turn::Right | Turn::Left)
    }
}

/// Width and height, not yet turned, of the largest picture with square pixels that has the true proportions, is in no
/// direction larger than the coded one, and has no side over `max_side`.
///
/// `shape`: width over height of one pixel.
pub fn fit(width: u32, height: u32, shape: f64, max_side: u32) -> (u32, u32) {
    let (wide, high) = (f64::from(width), f64::from(height));
    // Pixels wider than high: the height shrinks; higher than wide: the width.
    let (wide, high) = if shape > 1.0 {
        (wide, high / shape)
    } else {
        (wide * shape, high)
    };
    let shrink = (f64::from(max_side) / wide.max(high)).min(1.0);
    let side =
        |length: f64, most: u32| ((length * shrink).round() as u32).clamp(1, most.min(max_side).max(1));
    (side(wide, width), side(high, height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proportions_are_kept_and_nothing_grows() {
        assert_eq!(fit(1920, 1080, 1.0, 320), (320, 180));
        assert_eq!(fit(320, 180, 1.0, 640), (320, 180));
        assert_eq!(fit(720, 576, 16.0 / 15.0, 10_000), (720, 540));
        assert_eq!(fit(1440, 1080, 4.0 / 3.0, 320), (320, 180));
        assert_eq!(fit(100, 400, 0.5, 10_000), (50, 400));
        assert_eq!(fit(10_000, 1, 1.0, 100), (100, 1));
    }

    #[test]
    fn rotation_is_counter_clockwise_in_the_probe_and_clockwise_in_the_player() {
        assert_eq!(Turn::from_degrees(-90.0), Turn::Right);
        assert_eq!(Turn::from_degrees(90.0), Turn::Left);
        assert_eq!(Turn::from_degrees(-180.0), Turn::Half);
        assert_eq!(Turn::from_degrees(360.0), Turn::None);
    }
}
