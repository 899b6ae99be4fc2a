//! Drawing on a raster: what the rendered films and pictures are made with.

use crate::dice::Dice;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// A raster of RGBA pixels, rows packed.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// `width * height * 4` bytes.
    pub pixels: Vec<u8>,
}

/// How a shape is filled.
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    /// One colour.
    Plain(Colour),
    /// Two colours in stripes of this period, at this angle.
    Stripes(Colour, Colour, f64, f64),
    /// Two colours in squares of this side.
    Checks(Colour, Colour, f64),
    /// Dots of the second colour on the first, this far apart.
    Dots(Colour, Colour, f64),
    /// A colour roughened by noise: how much, and which.
    Rough(Colour, f64, u64),
}

impl Fill {
    /// A fill of two colours, drawn from `dice`.
    pub fn drawn(dice: &mut Dice, a: Colour, b: Colour) -> Self {
        match dice.below(6) {
            0 => Fill::Stripes(a, b, dice.between(5.0, 22.0), dice.between(0.0, 3.1)),
            1 => Fill::Checks(a, b, dice.between(5.0, 20.0)),
            2 => Fill::Dots(a, b, dice.between(7.0, 22.0)),
            3 => Fill::Plain(a),
            _ => Fill::Rough(a, dice.between(30.0, 90.0), dice.bits()),
        }
    }

    fn at(&self, x: f64, y: f64) -> Colour {
        match *self {
            Fill::Plain(a) => a,
            Fill::Stripes(a, b, period, angle) => {
                let across = x * angle.cos() + y * angle.sin();
                if (across / period).rem_euclid(1.0) < 0.5 {
                    a
                } else {
                    b
                }
            }
            Fill::Checks(a, b, side) => {
                if ((x / side).floor() + (y / side).floor()).rem_euclid(2.0) < 1.0 {
                    a
                } else {
                    b
                }
            }
            Fill::Dots(a, b, gap) => {
                let (u, v) = ((x / gap).rem_euclid(1.0) - 0.5, (y / gap).rem_euclid(1.0) - 0.5);
                if u * u + v * v < 0.08 { b } else { a }
            }
            Fill::Rough(a, amount, seed) => {
                let n = clouds(x / 24.0, y / 24.0, 3, seed) - 0.5;
                a.map(|c| (f64::from(c) + n * amount).clamp(0.0, 255.0) as u8)
            }
        }
    }
}

/// A colour of this hue (in turns), saturation and lightness, each 0..1.
pub fn hue(turn: f64, saturation: f64, lightness: f64) -> Colour {
    [0.0, 1.0 / 3.0, 2.0 / 3.0].map(|shift| {
        let wave = 0.5 + 0.5 * ((turn + shift) * std::f64::consts::TAU).cos();
        let c = lightness * (1.0 - saturation + 2.0 * saturation * wave);
        (c.clamp(0.0, 1.0) * 255.0) as u8
    })
}

/// The colour `share` of the way from `a` to `b`.
pub fn mix(a: Colour, b: Colour, share: f64) -> Colour {
    std::array::from_fn(|i| {
        (f64::from(a[i]) + (f64::from(b[i]) - f64::from(a[i])) * share.clamp(0.0, 1.0)) as u8
    })
}

fn lattice(x: i64, y: i64, seed: u64) -> f64 {
    let mut z = seed
        ^ (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 32)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 40) as f64 / (1u64 << 24) as f64
}

/// Smooth value noise, 0..1.
pub fn noise(x: f64, y: f64, seed: u64) -> f64 {
    let (x0, y0) = (x.floor(), y.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - x0), ease(y - y0));
    let corner = |i: i64, j: i64| lattice(x0 as i64 + i, y0 as i64 + j, seed);
    let top = corner(0, 0) * (1.0 - u) + corner(1, 0) * u;
    let bottom = corner(0, 1) * (1.0 - u) + corner(1, 1) * u;
    top * (1.0 - v) + bottom * v
}

/// Noise summed over octaves, 0..1.
pub fn clouds(x: f64, y: f64, octaves: u32, seed: u64) -> f64 {
    let (mut sum, mut weight, mut total, mut scale) = (0.0, 1.0, 0.0, 1.0);
    for octave in 0..octaves {
        sum += weight * noise(x * scale, y * scale, seed.wrapping_add(u64::from(octave)));
        total += weight;
        weight *= 0.55;
        scale *= 2.03;
    }
    sum / total
}

fn word(row: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]])
}

/// The pixel that lies `share` of 256 of the way from `a` to `b`.
fn between(a: u32, b: u32, share: u32) -> u32 {
    const EVEN: u32 = 0x00ff_00ff;
    let even = ((a & EVEN) * (256 - share) + (b & EVEN) * share) >> 8;
    let odd = ((a >> 8) & EVEN) * (256 - share) + ((b >> 8) & EVEN) * share;
    (even & EVEN) | (odd & !EVEN)
}

impl Canvas {
    /// A raster that shows nothing yet.
    pub fn clear(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![0; width * height * 4],
        }
    }

    /// Paints one pixel; outside is ignored.
    pub fn dot(&mut self, x: i64, y: i64, colour: Colour) {
        if x >= 0 && y >= 0 && (x as usize) < self.width && (y as usize) < self.height {
            let at = (y as usize * self.width + x as usize) * 4;
            self.pixels[at..at + 3].copy_from_slice(&colour);
            self.pixels[at + 3] = 255;
        }
    }

    /// Paints every pixel.
    pub fn every(&mut self, paint: impl Fn(f64, f64) -> Colour) {
        for y in 0..self.height {
            for x in 0..self.width {
                self.dot(x as i64, y as i64, paint(x as f64, y as f64));
            }
        }
    }

    /// Fills a polygon (even-odd rule), corners in pixels.
    pub fn polygon(&mut self, corners: &[(f64, f64)], fill: Fill) {
        let low = corners.iter().map(|c| c.1).fold(f64::INFINITY, f64::min).max(0.0) as i64;
        let high = corners
            .iter()
            .map(|c| c.1)
            .fold(f64::NEG_INFINITY, f64::max)
            .min(self.height as f64) as i64;
        let mut crossings = Vec::new();
        for y in low..=high {
            let middle = y as f64 + 0.5;
            crossings.clear();
            for (i, a) in corners.iter().enumerate() {
                let b = corners[(i + 1) % corners.len()];
                if (a.1 <= middle) != (b.1 <= middle) {
                    crossings.push(a.0 + (middle - a.1) / (b.1 - a.1) * (b.0 - a.0));
                }
            }
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                for x in pair[0].max(0.0).round() as i64..(pair[1].min(self.width as f64).round() as i64) {
                    self.dot(x, y, fill.at(x as f64, y as f64));
                }
            }
        }
    }

    /// Fills a rectangle.
    pub fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, fill: Fill) {
        self.polygon(
            &[(x, y), (x + width, y), (x + width, y + height), (x, y + height)],
            fill,
        );
    }

    /// Fills an ellipse turned by `angle`.
    pub fn ellipse(&mut self, centre: (f64, f64), radii: (f64, f64), angle: f64, fill: Fill) {
        let corners: Vec<_> = (0..36)
            .map(|i| {
                let (s, c) = (f64::from(i) / 36.0 * std::f64::consts::TAU).sin_cos();
                let (u, v) = (c * radii.0, s * radii.1);
                (
                    centre.0 + u * angle.cos() - v * angle.sin(),
                    centre.1 + u * angle.sin() + v * angle.cos(),
                )
            })
            .collect();
        self.polygon(&corners, fill);
    }

    /// Draws a line of some thickness.
    pub fn line(&mut self, a: (f64, f64), b: (f64, f64), thickness: f64, fill: Fill) {
        let length = ((b.0 - a.0).powi(2) + (b.1 - a.1).powi(2)).sqrt().max(1e-6);
        let (u, v) = (
            (b.1 - a.1) / length * thickness / 2.0,
            (a.0 - b.0) / length * thickness / 2.0,
        );
        self.polygon(
            &[
                (a.0 + u, a.1 + v),
                (b.0 + u, b.1 + v),
                (b.0 - u, b.1 - v),
                (a.0 - u, a.1 - v),
            ],
            fill,
        );
    }

    /// Lays `other` over this raster, scaled, its top left corner at (`x`, `y`); mirrored if asked.
    pub fn lay(&mut self, other: &Canvas, x: f64, y: f64, scale: f64, mirrored: bool) {
        let (w, h) = (
            (other.width as f64 * scale) as i64,
            (other.height as f64 * scale) as i64,
        );
        let (left, top) = (x.round() as i64, y.round() as i64);
        for j in top.max(0)..(top + h).min(self.height as i64) {
            let v = (((j - top) as f64 / scale) as usize).min(other.height - 1);
            for i in left.max(0)..(left + w).min(self.width as i64) {
                let u = (((i - left) as f64 / scale) as usize).min(other.width - 1);
                let u = if mirrored { other.width - 1 - u } else { u };
                let from = (v * other.width + u) * 4;
                if other.pixels[from + 3] > 0 {
                    let to = (j as usize * self.width + i as usize) * 4;
                    let (pixels, source) = (&mut self.pixels, &other.pixels);
                    pixels[to..to + 4].copy_from_slice(&source[from..from + 4]);
                }
            }
        }
    }

    /// The part of this raster that begins at (`x`, `y`) and is `zoom` times smaller than `onto`, scaled up onto it
    /// (bilinear, in fixed point, a pixel's channels side by side in one word).
    pub fn view(&self, onto: &mut Canvas, x: f64, y: f64, zoom: f64) {
        let step = (65536.0 / zoom) as i64;
        let (limit_x, limit_y) = ((self.width as i64 - 2) << 16, (self.height as i64 - 2) << 16);
        let (x0, y0) = ((x * 65536.0) as i64, (y * 65536.0) as i64);
        let columns: Vec<(usize, u32)> = (0..onto.width as i64)
            .map(|i| (x0 + i * step).clamp(0, limit_x))
            .map(|u| ((u >> 16) as usize * 4, ((u >> 8) & 255) as u32))
            .collect();
        let stride = self.width * 4;
        for (j, row) in onto.pixels.chunks_exact_mut(onto.width * 4).enumerate() {
            let v = (y0 + j as i64 * step).clamp(0, limit_y);
            let (start, share) = ((v >> 16) as usize * stride, ((v >> 8) & 255) as u32);
            let (above, below) = (
                &self.pixels[start..start + stride],
                &self.pixels[start + stride..start + 2 * stride],
            );
            for (pixel, (at, across)) in row.chunks_exact_mut(4).zip(&columns) {
                let top = between(word(above, *at), word(above, at + 4), *across);
                let bottom = between(word(below, *at), word(below, at + 4), *across);
                pixel.copy_from_slice(&between(top, bottom, share).to_le_bytes());
            }
        }
    }

    /// As a PAM file (Netpbm), which ffmpeg reads with its transparency.
    pub fn pam(&self) -> Vec<u8> {
        let mut file = format!(
            "P7\nWIDTH {}\nHEIGHT {}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n",
            self.width, self.height
        )
        .into_bytes();
        file.extend_from_slice(&self.pixels);
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rectangle_fills_just_its_pixels() {
        let mut canvas = Canvas::clear(8, 8);
        canvas.rectangle(2.0, 3.0, 4.0, 2.0, Fill::Plain([9, 8, 7]));
        let painted = canvas.pixels.chunks(4).filter(|p| p[3] == 255).count();
        assert_eq!(painted, 8);
        assert_eq!(&canvas.pixels[(3 * 8 + 2) * 4..][..3], &[9, 8, 7]);
    }

    #[test]
    fn a_view_at_zoom_one_is_the_raster_itself_and_beyond_the_edge_it_stops() {
        let mut canvas = Canvas::clear(16, 16);
        canvas.every(|x, y| [(x * 9.0) as u8, (y * 9.0) as u8, 7]);
        let mut seen = Canvas::clear(4, 4);
        canvas.view(&mut seen, 3.0, 5.0, 1.0);
        assert_eq!(&seen.pixels[..4], &canvas.pixels[(5 * 16 + 3) * 4..][..4]);
        canvas.view(&mut seen, 3.5, 5.0, 1.0);
        assert_eq!(seen.pixels[0], 31);
        canvas.view(&mut seen, 300.0, -50.0, 2.0);
        assert_eq!(seen.pixels[1], 0);
    }

    #[test]
    fn shapes_beyond_the_edge_are_cut_off() {
        let mut canvas = Canvas::clear(8, 8);
        canvas.ellipse((-3.0, 20.0), (40.0, 40.0), 0.3, Fill::Plain([1, 1, 1]));
        canvas.line((-5.0, -5.0), (30.0, 30.0), 2.0, Fill::Plain([2, 2, 2]));
        assert_eq!(canvas.pixels.len(), 8 * 8 * 4);
    }
}
