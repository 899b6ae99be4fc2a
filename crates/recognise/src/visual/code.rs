//! A 128-bit code of a whole picture: the signs of its lowest cosine coefficients.
//!
//! Source: Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010 (block-mean and DCT codes); the
//! signs, rather than comparisons with a median, make mirroring and quarter turns exact permutations of the code.

use super::plane::{Area, Sums};
use std::sync::LazyLock;

/// Bits of a code.
pub const BITS: usize = 128;
/// Boxes on a side of the grid that the transform is taken of.
const SIDE: usize = 32;
/// Coefficients on a side that are kept before the lowest are chosen.
const LOW: usize = 16;
/// A picture whose coefficients are together smaller than this (grey levels) is flat: its signs are noise.
const FLAT: f32 = 40.0;

/// The code of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Code(pub [u64; 2]);

impl Code {
    /// Bits in which two codes differ; those of strangers differ in about half.
    #[inline(always)]
    pub fn distance(&self, other: &Code) -> u32 {
        (self.0[0] ^ other.0[0]).count_ones() + (self.0[1] ^ other.0[1]).count_ones()
    }

    /// Is this the code of no picture?
    pub fn is_none(&self) -> bool {
        self.0 == [0, 0]
    }

    /// The code as bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        ((u128::from(self.0[1]) << 64) | u128::from(self.0[0])).to_le_bytes()
    }

    /// The code of those bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let value = u128::from_le_bytes(bytes);
        Self([value as u64, (value >> 64) as u64])
    }

    /// The code of the mirrored picture: coefficients odd across change their sign.
    pub fn mirrored(&self) -> Self {
        Self([self.0[0] ^ MIRROR[0], self.0[1] ^ MIRROR[1]])
    }
}

/// A code with the size of each coefficient, for searches that doubt the small ones first.
#[derive(Clone)]
pub struct Measured {
    /// Signs.
    pub code: Code,
    /// Sizes in grey levels, in the order of the bits.
    pub sizes: [f32; BITS],
}

/// Positions of the kept coefficients, lowest frequency first.
static ORDER: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let mut order: Vec<(usize, usize)> = (0..LOW)
        .flat_map(|v| (0..LOW).map(move |u| (u, v)))
        .skip(1)
        .collect();
    order.sort_by_key(|&(u, v)| (u * u + v * v, u.max(v), u));
    order.truncate(BITS);
    order
});

/// The bits of coefficients that are odd across.
static MIRROR: LazyLock<[u64; 2]> = LazyLock::new(|| {
    let mut mask = [0u64; 2];
    for (i, &(u, _)) in ORDER.iter().enumerate() {
        mask[i / 64] |= ((u % 2) as u64) << (i % 64);
    }
    mask
});

/// The cosine basis by place, then by frequency: sums over places run along vectors of frequencies.
struct Cosines {
    across: [[f32; LOW]; SIDE],
}

static COSINES: LazyLock<Cosines> = LazyLock::new(|| {
    let mut across = [[0f32; LOW]; SIDE];
    for (x, row) in across.iter_mut().enumerate() {
        for (u, value) in row.iter_mut().enumerate() {
            *value = ((x as f32 + 0.5) * u as f32 * std::f32::consts::PI / SIDE as f32).cos() / SIDE as f32;
        }
    }
    Cosines { across }
});

/// The coefficients of a picture, kept so that codes of its turned forms cost nothing.
pub struct Spectrum([[f32; LOW]; LOW]);

impl Spectrum {
    /// Of an area of a picture; nothing when it is flat.
    pub fn of(sums: &Sums, area: Area) -> Option<Self> {
        if area.width() < 8.0 || area.height() < 8.0 {
            return None;
        }
        let grid = sums.grid::<SIDE>(area);
        let cosines = &*COSINES;
        let mut across = [[0f32; LOW]; SIDE];
        for (row, to) in grid.iter().zip(&mut across) {
            for (value, basis) in row.iter().zip(&cosines.across) {
                for (to, c) in to.iter_mut().zip(basis) {
                    *to += value * c;
                }
            }
        }
        let mut spectrum = [[0f32; LOW]; LOW];
        for (v, to) in spectrum.iter_mut().enumerate() {
            for (row, c) in across.iter().zip(cosines.across.iter().map(|basis| basis[v])) {
                for (to, a) in to.iter_mut().zip(row) {
                    *to += a * c;
                }
            }
        }
        let size: f32 = ORDER.iter().map(|&(u, v)| spectrum[v][u].abs()).sum();
        (size >= FLAT).then_some(Self(spectrum))
    }

    /// The code of the picture as it is.
    pub fn code(&self) -> Measured {
        self.turned(0, false)
    }

    /// The code of the picture turned by `quarters` right angles and then, if `mirrored`, mirrored.
    pub fn turned(&self, quarters: u8, mirrored: bool) -> Measured {
        let mut code = [0u64; 2];
        let mut sizes = [0f32; BITS];
        for (i, &(u, v)) in ORDER.iter().enumerate() {
            // A quarter turn swaps the axes and reverses one of them; a reversed axis negates its odd coefficients.
            let (mut value, odd) = match quarters % 4 {
                0 => (self.0[v][u], 0),
                1 => (self.0[u][v], u),
                2 => (self.0[v][u], u + v),
                _ => (self.0[u][v], v),
            };
            if (odd + if mirrored { u } else { 0 }) % 2 == 1 {
                value = -value;
            }
            code[i / 64] |= u64::from(value > 0.0) << (i % 64);
            sizes[i] = value.abs();
        }
        Measured {
            code: Code(code),
            sizes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(w: usize, h: usize, f: impl Fn(f32, f32) -> f32) -> Vec<u8> {
        let at = |x: usize, y: usize| f((x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32);
        (0..h)
            .flat_map(|y| (0..w).map(move |x| (x, y)))
            .map(|(x, y)| at(x, y).clamp(0.0, 255.0) as u8)
            .collect()
    }

    fn scene(x: f32, y: f32) -> f32 {
        128.0
            + 60.0 * (7.0 * x + 3.0 * y * y).sin()
            + 50.0 * (11.0 * y - 5.0 * x * x).cos()
            + 20.0 * (31.0 * x * y).sin()
    }

    fn spectrum(w: usize, h: usize, f: impl Fn(f32, f32) -> f32) -> Spectrum {
        let luma = picture(w, h, f);
        Spectrum::of(&Sums::of(w, h, &luma), Area::whole(w, h)).expect("not flat")
    }

    #[test]
    fn size_and_mirroring_keep_the_code() {
        let code = spectrum(320, 180, scene).code().code;
        assert!(spectrum(200, 150, scene).code().code.distance(&code) <= 10);
        let mirrored = spectrum(320, 180, |x, y| scene(1.0 - x, y)).code().code;
        assert!(code.mirrored().distance(&mirrored) <= 2);
        assert!(mirrored.distance(&code) > 30);
    }

    #[test]
    fn quarter_turns_are_permutations() {
        let base = spectrum(256, 256, scene);
        type Turn = fn(f32, f32) -> (f32, f32);
        let turns: [Turn; 4] = [
            |x, y| (x, y),
            |x, y| (y, 1.0 - x),
            |x, y| (1.0 - x, 1.0 - y),
            |x, y| (1.0 - y, x),
        ];
        for (quarters, turn) in turns.into_iter().enumerate() {
            let at = |x, y| {
                let (x, y) = turn(x, y);
                scene(x, y)
            };
            let seen = spectrum(256, 256, at).code().code;
            let best = (0..4u8)
                .min_by_key(|&q| base.turned(q, false).code.distance(&seen))
                .expect("four");
            assert!(
                base.turned(best, false).code.distance(&seen) <= 2,
                "turn {quarters}"
            );
            let mirrored = spectrum(256, 256, |x, y| at(1.0 - x, y)).code().code;
            assert!(
                base.turned(best, true).code.distance(&mirrored) <= 2,
                "turn {quarters} mirrored"
            );
        }
    }

    #[test]
    fn a_flat_picture_has_no_code() {
        let luma = picture(64, 64, |_, _| 16.0);
        assert!(Spectrum::of(&Sums::of(64, 64, &luma), Area::whole(64, 64)).is_none());
    }
}
