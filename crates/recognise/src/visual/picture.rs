//! Where in a frame the picture is: borders of one colour are left out.

use super::plane::Area;

/// Rows and columns that vary less than this (standard deviation, grey levels) are border.
const BORDER: f32 = 5.0;
/// At most this share of a side is taken off at each end.
const DEEPEST: f32 = 0.42;

/// The frame less its plain borders.
pub fn found(width: usize, height: usize, luma: &[u8]) -> Area {
    let deviation = |n: usize, sum: u64, squares: u64| {
        let mean = sum as f32 / n as f32;
        (squares as f32 / n as f32 - mean * mean).max(0.0).sqrt()
    };
    let row = |y: usize| {
        let (mut sum, mut squares) = (0u64, 0u64);
        for &v in &luma[y * width..(y + 1) * width] {
            sum += u64::from(v);
            squares += u64::from(v) * u64::from(v);
        }
        deviation(width, sum, squares) < BORDER
    };
    let deepest = |side: usize| (side as f32 * DEEPEST) as usize;
    let top = (0..deepest(height)).take_while(|&y| row(y)).count();
    let bottom = (0..deepest(height)).take_while(|&y| row(height - 1 - y)).count();
    let column = |x: usize| {
        let (mut sum, mut squares) = (0u64, 0u64);
        for y in top..height - bottom {
            let v = u64::from(luma[y * width + x]);
            sum += v;
            squares += v * v;
        }
        deviation(height - top - bottom, sum, squares) < BORDER
    };
    let left = (0..deepest(width)).take_while(|&x| column(x)).count();
    let right = (0..deepest(width)).take_while(|&x| column(width - 1 - x)).count();
    Area {
        left: left as f32,
        top: top as f32,
        right: (width - right) as f32,
        bottom: (height - bottom) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_left_out_and_black_is_kept_finite() {
        let (w, h) = (64, 48);
        let mut luma = vec![16u8; w * h];
        for y in 10..40 {
            for x in 6..60 {
                luma[y * w + x] = ((x * 37 + y * 91) % 200) as u8;
            }
        }
        let area = found(w, h, &luma);
        assert_eq!(
            area,
            Area {
                left: 6.0,
                top: 10.0,
                right: 60.0,
                bottom: 40.0
            }
        );
        let black = found(w, h, &vec![0; w * h]);
        assert!(black.width() > 0.0 && black.height() > 0.0);
    }
}
