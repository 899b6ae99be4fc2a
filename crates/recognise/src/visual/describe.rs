//! A 128-bit description of a point's neighbourhood.
//!
//! Histograms of gradient directions in four by four cells (Lowe 2004), square-rooted (Arandjelović and Zisserman, "Three things
//! everyone should know to improve object retrieval", 2012), then the signs of their spatial Walsh coefficients: a binary embedding
//! whose mirrored form is an exact permutation, and whose first bits are of the lowest frequency and hence the steadiest.

use super::plane::Plane;
use std::sync::LazyLock;

/// Samples on a side of the neighbourhood.
const SAMPLES: usize = 16;
/// Distance of two samples in units of the point's scale.
const STEP: f32 = 0.75;
/// Directions that a histogram tells apart.
const DIRECTIONS: usize = 8;
/// Bits whose sizes are kept: the word by which a point is looked up is made of the first of them.
pub const WORD_BITS: usize = 24;

/// The signs, and the sizes of the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// 128 signs: one byte for each spatial frequency, the directions in it.
    pub bits: [u64; 2],
    /// Sizes of the first `WORD_BITS` coefficients, 0..=15 of the largest.
    pub sizes: [u8; WORD_BITS],
}

/// Bits in which two descriptions differ.
#[inline(always)]
pub fn distance(a: [u64; 2], b: [u64; 2]) -> u32 {
    (a[0] ^ b[0]).count_ones() + (a[1] ^ b[1]).count_ones()
}

impl Description {
    /// The description of the same neighbourhood mirrored: direction `o` becomes `4 - o`, and frequencies odd across are negated.
    pub fn mirrored(&self) -> Self {
        let (bytes, mut turned) = (to_bytes(self.bits), [0u8; 16]);
        for (n, (&byte, to)) in bytes.iter().zip(&mut turned).enumerate() {
            *to = match FREQUENCIES.get(n) {
                Some(&(kx, _)) => mirrored_directions(byte) ^ if odd(kx) { 0xff } else { 0 },
                // The last byte compares each direction with the next.
                None => !(0..8).fold(0, |m, o| m | (byte >> ((11 - o) % 8) & 1) << o),
            };
        }
        let mut sizes = [0u8; WORD_BITS];
        for (i, to) in sizes.iter_mut().enumerate() {
            *to = self.sizes[i / 8 * 8 + (12 - i % 8) % 8];
        }
        Self {
            bits: from_bytes(turned),
            sizes,
        }
    }
}

/// Description bits as bytes.
pub fn to_bytes(bits: [u64; 2]) -> [u8; 16] {
    ((u128::from(bits[1]) << 64) | u128::from(bits[0])).to_le_bytes()
}

/// Description bits of bytes.
pub fn from_bytes(bytes: [u8; 16]) -> [u64; 2] {
    let value = u128::from_le_bytes(bytes);
    [value as u64, (value >> 64) as u64]
}

fn mirrored_directions(byte: u8) -> u8 {
    (0..8).fold(0, |m, o| m | ((byte >> ((12 - o) % 8)) & 1) << o)
}

/// Is the Walsh function odd? Reversing its four cells is exclusive-or with 3.
fn odd(k: usize) -> bool {
    (k & 3).count_ones() % 2 == 1
}

/// The fifteen spatial frequencies (across, down) but the constant one, in order of sign changes.
const FREQUENCIES: [(usize, usize); 15] = [
    (2, 0),
    (0, 2),
    (2, 2),
    (3, 0),
    (0, 3),
    (3, 2),
    (2, 3),
    (1, 0),
    (0, 1),
    (3, 3),
    (1, 2),
    (2, 1),
    (1, 3),
    (3, 1),
    (1, 1),
];

/// For each sample: its Gaussian weight shared among the four nearest cells.
struct Share {
    cell: [usize; 4],
    weight: [f32; 4],
}

static SHARES: LazyLock<Vec<Share>> = LazyLock::new(|| {
    let centre = |i: usize| i as f32 - (SAMPLES as f32 - 1.0) / 2.0;
    let mut shares = Vec::with_capacity(SAMPLES * SAMPLES);
    for y in 0..SAMPLES {
        for x in 0..SAMPLES {
            let (cx, cy) = (centre(x), centre(y));
            let gauss = (-(cx * cx + cy * cy) / (2.0 * (SAMPLES as f32 / 2.0).powi(2))).exp();
            let place = |c: f32| c / (SAMPLES as f32 / 4.0) + 1.5;
            let (px, py) = (place(cx), place(cy));
            let mut share = Share {
                cell: [0; 4],
                weight: [0.0; 4],
            };
            for n in 0..4 {
                let (ix, iy) = (px.floor() + (n % 2) as f32, py.floor() + (n / 2) as f32);
                let weight = (1.0 - (px - ix).abs()) * (1.0 - (py - iy).abs());
                if (0.0..4.0).contains(&ix) && (0.0..4.0).contains(&iy) {
                    share.cell[n] = iy as usize * 4 + ix as usize;
                    share.weight[n] = weight * gauss;
                }
            }
            shares.push(share);
        }
    }
    shares
});

/// Gradient at a pixel, clamped to the plane.
#[inline(always)]
fn gradient(plane: &Plane, x: f32, y: f32) -> (f32, f32) {
    let (w, h) = (plane.width, plane.height);
    let x = (x.max(1.0) as usize).min(w - 2);
    let y = (y.max(1.0) as usize).min(h - 2);
    let at = |i: usize| f32::from(plane.values[i]);
    let here = y * w + x;
    (at(here + 1) - at(here - 1), at(here + w) - at(here - w))
}

/// Direction of a gradient in eighths of a turn, 0..8 (a quadratic approximation to the arc tangent, good to a quarter degree).
#[inline(always)]
fn eighths(dx: f32, dy: f32) -> f32 {
    let (ax, ay) = (dx.abs(), dy.abs());
    let ratio = ax.min(ay) / ax.max(ay).max(1e-9);
    let part = ratio * (1.273 - 0.273 * ratio);
    let first = if ay > ax { 2.0 - part } else { part };
    let half = if dx < 0.0 { 4.0 - first } else { first };
    if dy < 0.0 { 8.0 - half } else { half }
}

/// Describes the neighbourhood of a point of a plane, turned by `angle`.
pub fn describe(plane: &Plane, x: f32, y: f32, sigma: f32, angle: f32) -> Description {
    let mut histograms = [[0f32; DIRECTIONS]; 16];
    let (sin, cos) = angle.sin_cos();
    let (ux, uy) = (cos * sigma * STEP, sin * sigma * STEP);
    let turn = angle * 4.0 / std::f32::consts::PI;
    let middle = (SAMPLES as f32 - 1.0) / 2.0;
    let shares = &*SHARES;
    for (n, share) in shares.iter().enumerate() {
        let (sx, sy) = ((n % SAMPLES) as f32 - middle, (n / SAMPLES) as f32 - middle);
        let (dx, dy) = gradient(plane, x + sx * ux - sy * uy + 0.5, y + sx * uy + sy * ux + 0.5);
        let size = (dx * dx + dy * dy).sqrt();
        let mut direction = eighths(dx, dy) - turn;
        if direction < 0.0 {
            direction += 8.0;
        }
        let low = direction as usize;
        let part = direction - low as f32;
        let (first, second) = (low & 7, (low + 1) & 7);
        let (a, b) = (size * (1.0 - part), size * part);
        for (&cell, &weight) in share.cell.iter().zip(&share.weight) {
            histograms[cell][first] += a * weight;
            histograms[cell][second] += b * weight;
        }
    }
    embed(histograms)
}

/// Signs of the Walsh coefficients of square-rooted histograms.
fn embed(mut cells: [[f32; DIRECTIONS]; 16]) -> Description {
    let mut total = [0f32; DIRECTIONS];
    for cell in &cells {
        for (total, value) in total.iter_mut().zip(cell) {
            *total += value;
        }
    }
    for value in cells.iter_mut().flatten() {
        *value = value.sqrt();
    }
    for bit in [1usize, 2, 4, 8] {
        for low in (0..16).filter(|i| i & bit == 0) {
            let (a, b) = (cells[low], cells[low | bit]);
            for o in 0..DIRECTIONS {
                cells[low][o] = a[o] + b[o];
                cells[low | bit][o] = a[o] - b[o];
            }
        }
    }
    let mut bytes = [0u8; 16];
    for (byte, (kx, ky)) in bytes.iter_mut().zip(FREQUENCIES) {
        *byte = (0..8).fold(0, |byte, o| byte | u8::from(cells[ky * 4 + kx][o] > 0.0) << o);
    }
    bytes[15] = (0..8).fold(0, |byte, o| byte | u8::from(total[o] > total[(o + 1) % 8]) << o);
    let size = |i: usize| cells[FREQUENCIES[i / 8].1 * 4 + FREQUENCIES[i / 8].0][i % 8].abs();
    let largest = (0..WORD_BITS).map(size).fold(1e-6, f32::max);
    let mut sizes = [0u8; WORD_BITS];
    for (i, to) in sizes.iter_mut().enumerate() {
        *to = (size(i) / largest * 15.0) as u8;
    }
    Description {
        bits: from_bytes(bytes),
        sizes,
    }
}

/// The one or two strongest directions of the gradients around a point, in radians, turned so that the strongest lies along the
/// neighbourhood's vertical: mirroring then reverses its columns only, as it does upright.
pub fn directions(plane: &Plane, x: f32, y: f32, sigma: f32) -> [Option<f32>; 2] {
    const BINS: usize = 32;
    let mut histogram = [0f32; BINS];
    for sy in -5i32..=5 {
        for sx in -5i32..=5 {
            let (ox, oy) = (sx as f32 * sigma, sy as f32 * sigma);
            let (dx, dy) = gradient(plane, x + ox * 0.9 + 0.5, y + oy * 0.9 + 0.5);
            let weight = (-((sx * sx + sy * sy) as f32) / 12.0).exp();
            let direction = eighths(dx, dy) * (BINS as f32 / 8.0);
            let low = direction as usize;
            let part = direction - low as f32;
            let size = (dx * dx + dy * dy).sqrt() * weight;
            histogram[low % BINS] += size * (1.0 - part);
            histogram[(low + 1) % BINS] += size * part;
        }
    }
    for _ in 0..3 {
        let old = histogram;
        for i in 0..BINS {
            histogram[i] = 0.25 * (old[(i + BINS - 1) % BINS] + old[(i + 1) % BINS]) + 0.5 * old[i];
        }
    }
    let peak = |i: usize| {
        let (a, b, c) = (
            histogram[(i + BINS - 1) % BINS],
            histogram[i],
            histogram[(i + 1) % BINS],
        );
        (b >= a && b > c).then(|| (b, i as f32 + 0.5 * (a - c) / (a - 2.0 * b + c).min(-1e-9)))
    };
    let mut peaks: Vec<(f32, f32)> = (0..BINS).filter_map(peak).collect();
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let top = peaks.first().map_or(0.0, |p| p.0);
    let angle = |p: &(f32, f32)| p.1 * (std::f32::consts::TAU / BINS as f32) - std::f32::consts::FRAC_PI_2;
    let angle = |p: &(f32, f32)| {
        let a = angle(p);
        if a < 0.0 { a + std::f32::consts::TAU } else { a }
    };
    [
        peaks.first().map(angle),
        peaks.get(1).filter(|p| p.0 > 0.8 * top).map(angle),
    ]
}
