//! Luma pictures as the other parts read them: a smoothed plane, and sums over boxes.

/// A luma picture with twelve bits a pixel (the eight that were given, and four of fraction).
#[derive(Clone)]
pub struct Plane {
    /// Pixels.
    pub width: usize,
    /// Pixels.
    pub height: usize,
    /// `width * height` values, 0..=4080, row by row.
    pub values: Vec<u16>,
}

impl Plane {
    /// From eight-bit luma, row by row.
    pub fn of(width: usize, height: usize, luma: &[u8]) -> Self {
        Self {
            width,
            height,
            values: luma.iter().map(|&v| u16::from(v) << 4).collect(),
        }
    }

    /// Smoothed by the binomial kernel 1 4 6 4 1 in both directions: a Gaussian of variance one (Crowley and Riff, "Fast
    /// computation of scale normalised Gaussian receptive fields", 2003). Sixteen times 4080 still fits sixteen bits.
    pub fn smooth(&self) -> Self {
        let (w, h) = (self.width, self.height);
        let mut across = vec![0u16; w * h];
        for (from, to) in self.values.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
            let edge = |i: isize| from[i.clamp(0, w as isize - 1) as usize];
            for x in (0..w.min(2)).chain(w.saturating_sub(2).max(w.min(2))..w) {
                let i = x as isize;
                to[x] = binomial(edge(i - 2), edge(i - 1), from[x], edge(i + 1), edge(i + 2));
            }
            if w > 4 {
                let n = w - 4;
                let (a, b, c, d, e) = (
                    &from[..n],
                    &from[1..=n],
                    &from[2..n + 2],
                    &from[3..n + 3],
                    &from[4..],
                );
                for (i, to) in to[2..n + 2].iter_mut().enumerate() {
                    *to = binomial(a[i], b[i], c[i], d[i], e[i]);
                }
            }
        }
        let mut values = vec![0u16; w * h];
        let row = |y: isize| {
            let y = y.clamp(0, h as isize - 1) as usize;
            &across[y * w..(y + 1) * w]
        };
        for (y, to) in values.chunks_exact_mut(w).enumerate() {
            let y = y as isize;
            // Slices of one known length: the loop needs no bounds and becomes vector instructions.
            let n = to.len();
            let rows = [y - 2, y - 1, y, y + 1, y + 2].map(|y| &row(y)[..n]);
            let [a, b, c, d, e] = rows;
            for (i, to) in to.iter_mut().enumerate() {
                *to = binomial(a[i], b[i], c[i], d[i], e[i]);
            }
        }
        Self {
            width: w,
            height: h,
            values,
        }
    }

    /// Every second pixel of every second row.
    pub fn halve(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let rows = self.values.chunks_exact(self.width).step_by(2);
        let values = rows.flat_map(|row| row.iter().step_by(2).copied()).collect();
        Self {
            width,
            height,
            values,
        }
    }
}

/// The weighted mean of five neighbours.
#[inline(always)]
fn binomial(a: u16, b: u16, c: u16, d: u16, e: u16) -> u16 {
    let pair = b.wrapping_add(d).wrapping_mul(4);
    a.wrapping_add(e)
        .wrapping_add(pair)
        .wrapping_add(c.wrapping_mul(6))
        .wrapping_add(8)
        >> 4
}

/// A rectangle in pixels; `right` and `bottom` are past the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// First column.
    pub left: f32,
    /// First row.
    pub top: f32,
    /// Past the last column.
    pub right: f32,
    /// Past the last row.
    pub bottom: f32,
}

impl Area {
    /// A whole picture.
    pub fn whole(width: usize, height: usize) -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            right: width as f32,
            bottom: height as f32,
        }
    }

    /// Columns.
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    /// Rows.
    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }
}

/// Sums over boxes in constant time (Crow, "Summed-area tables for texture mapping", 1984).
pub struct Sums {
    width: usize,
    sums: Vec<u32>,
}

impl Sums {
    /// Of eight-bit luma.
    pub fn of(width: usize, height: usize, luma: &[u8]) -> Self {
        let stride = width + 1;
        let mut sums = vec![0u32; stride * (height + 1)];
        for (y, row) in luma.chunks_exact(width).enumerate() {
            let (above, below) = sums.split_at_mut((y + 1) * stride);
            let above = &above[y * stride + 1..];
            let mut run = 0u32;
            for ((below, above), &v) in below[1..stride].iter_mut().zip(above).zip(row) {
                run = run.wrapping_add(u32::from(v));
                *below = above.wrapping_add(run);
            }
        }
        Self { width, sums }
    }

    /// Means of the `N` by `N` equal boxes of an area. Box edges fall between pixels, so that the same picture at another
    /// size gives the same means.
    pub fn grid<const N: usize>(&self, area: Area) -> [[f32; N]; N] {
        let (w, h) = (area.width() / N as f32, area.height() / N as f32);
        let stride = self.width + 1;
        let rows = self.sums.len() / stride - 1;
        let mut above = vec![0f64; N + 1];
        let mut grid = [[0f32; N]; N];
        let scale = 1.0 / f64::from(w * h).max(1e-6);
        for y in 0..=N {
            let fy = (area.top + h * y as f32).clamp(0.0, rows as f32);
            let (y0, ty) = ((fy as usize).min(rows.saturating_sub(1)), fy);
            let ty = f64::from(ty) - y0 as f64;
            let mut left = 0f64;
            for x in 0..=N {
                let fx = (area.left + w * x as f32).clamp(0.0, self.width as f32);
                let x0 = (fx as usize).min(self.width.saturating_sub(1));
                let tx = f64::from(fx) - x0 as f64;
                let at = |dx: usize, dy: usize| f64::from(self.sums[(y0 + dy) * stride + x0 + dx]);
                let low = at(0, 0) + tx * (at(1, 0) - at(0, 0));
                let high = at(0, 1) + tx * (at(1, 1) - at(0, 1));
                let here = low + ty * (high - low);
                if y > 0 && x > 0 {
                    grid[y - 1][x - 1] = ((here - left - (above[x] - above[x - 1])) * scale) as f32;
                }
                if x > 0 {
                    above[x - 1] = left;
                }
                left = here;
            }
            above[N] = left;
        }
        grid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_a_flat_picture_and_the_mean_of_any() {
        let flat = Plane::of(9, 7, &[200; 63]).smooth();
        assert!(flat.values.iter().all(|&v| v == 3200));
        assert_eq!(flat.halve().values.len(), 5 * 4);
    }

    #[test]
    fn a_grid_holds_the_means_of_its_boxes() {
        let luma: Vec<u8> = (0..16 * 8).map(|i| (i * 7 % 251) as u8).collect();
        let grid = Sums::of(16, 8, &luma).grid::<4>(Area::whole(16, 8));
        let expected: u32 = (2..4)
            .flat_map(|y| (4..8).map(move |x| (x, y)))
            .map(|(x, y)| u32::from(luma[y * 16 + x]))
            .sum();
        assert!((grid[1][1] - expected as f32 / 8.0).abs() < 1e-3);
    }

    #[test]
    fn tiny_pictures_do_not_panic() {
        for (w, h) in [(1, 1), (1, 5), (3, 2)] {
            let luma = vec![9u8; w * h];
            let smooth = Plane::of(w, h, &luma).smooth();
            assert_eq!(smooth.values[0], 144);
            let grid = Sums::of(w, h, &luma).grid::<4>(Area::whole(w, h));
            assert!((grid[3][3] - 9.0).abs() < 1e-3);
        }
    }
}
