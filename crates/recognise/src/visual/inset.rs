//! A picture in the picture: a rectangle whose straight borders stand while the picture moves in one way inside them and in another
//! outside. The frame around a small picture is another film, so the code of the whole is no work's; that of the rectangle is.

use super::plane::Area;

/// Pixels from a border to those beside it that it must outdo.
const BESIDE: usize = 3;
/// Grey levels by which it must, on average over time, to say all that it can.
const CLEAR: f32 = 12.0;
/// What every pixel of a border is asked to say, so that texture does not grow into one.
const DOUBT: f32 = 0.2;
/// What the weakest of a rectangle's borders must say, a pixel.
const BORDERED: f32 = 0.35;
/// The same where two of its sides are the frame's own.
const HALF_BORDERED: f32 = 0.6;
/// Borders of each direction that are tried with one another, the clearest.
const TRIED: usize = 16;
/// Least side of a rectangle, as a share of the frame's longer side.
const SMALLEST: f32 = 0.15;
/// Largest ratio of its sides.
const LONGEST: usize = 3;
/// Grey levels by which the picture must change in another way outside than inside, from frame to frame.
const UNLIKE: f32 = 2.0;
/// How far the changes on both sides of its borders may go together (correlation): those of one picture do.
const TOGETHER: f32 = 0.35;

/// The small picture that stands in frames of one size, 257 at most, if one does.
pub fn find(frames: &[&[u8]], width: usize, height: usize) -> Option<Area> {
    let across = said(frames, width * height, 1);
    let down = said(frames, width * height, width);
    let columns = Lines::of(width, height, |x, y| across(y * width + x));
    let rows = Lines::of(height, width, |y, x| down(y * width + x));
    let area = rectangle(&columns, &rows, (SMALLEST * width.max(height) as f32) as usize)?;
    parts(frames, width, height, area).then_some(area)
}

/// What a pixel says of a border between it and the one `step` before it: how much they differ, summed over time, beside how much those do
/// that lie a little before and after.
fn said(frames: &[&[u8]], pixels: usize, step: usize) -> impl Fn(usize) -> f32 {
    let mut sums = vec![0u16; pixels];
    for luma in frames {
        for ((sum, here), before) in sums[step..].iter_mut().zip(&luma[step..]).zip(*luma) {
            *sum += u16::from(here.abs_diff(*before));
        }
    }
    let full = CLEAR * frames.len() as f32;
    move |at| {
        let beside = sums[at - BESIDE * step].max(sums[at + BESIDE * step]);
        ((f32::from(sums[at]) - f32::from(beside)) / full).clamp(-1.0, 1.0)
    }
}

/// The rectangle whose borders say the most.
fn rectangle(columns: &Lines, rows: &Lines, smallest: usize) -> Option<Area> {
    let (upright, level) = (columns.borders(smallest), rows.borders(smallest));
    let mut best: Option<(f32, Area)> = None;
    for (left, right) in pairs(&upright, smallest) {
        for (top, bottom) in pairs(&level, smallest) {
            let (across, down) = (right - left, bottom - top);
            let edges = [left == 0, right == columns.count, top == 0, bottom == rows.count];
            let on_edge = edges.iter().filter(|&&edge| edge).count();
            if across.max(down) > LONGEST * across.min(down) || on_edge > 2 {
                continue;
            }
            let least = if on_edge == 2 { HALF_BORDERED } else { BORDERED };
            let sides = [
                columns.said(left, top, bottom),
                columns.said(right, top, bottom),
                rows.said(top, left, right),
                rows.said(bottom, left, right),
            ];
            let stands = |n: usize| edges[n] || sides[n] >= least * [down, across][n / 2] as f32;
            let all: f32 = sides.iter().sum();
            if (0..4).all(stands) && best.is_none_or(|(most, _)| all > most) {
                let area = Area {
                    left: left as f32,
                    top: top as f32,
                    right: right as f32,
                    bottom: bottom as f32,
                };
                best = Some((all, area));
            }
        }
    }
    best.map(|(_, area)| area)
}

/// Does the picture change in one way inside a rectangle's borders and in another outside? Where it does not, the rectangle is a thing in it.
fn parts(frames: &[&[u8]], width: usize, height: usize, area: Area) -> bool {
    let [left, right, top, bottom] = [area.left, area.right, area.top, area.bottom].map(|v| v as usize);
    // A border may lie within a pixel, so the two beside it are left out.
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let mut column = |inside: usize, outside: usize| {
        pairs.extend((top + 2..bottom - 2).map(|y| (y * width + inside, y * width + outside)));
    };
    if left > 2 {
        column(left + 1, left - 2);
    }
    if right + 2 < width {
        column(right - 2, right + 1);
    }
    let mut row = |inside: usize, outside: usize| {
        pairs.extend((left + 2..right - 2).map(|x| (inside * width + x, outside * width + x)));
    };
    if top > 2 {
        row(top + 1, top - 2);
    }
    if bottom + 2 < height {
        row(bottom - 2, bottom + 1);
    }
    let (mut unlike, mut inner, mut outer, mut both) = (0f32, 0f32, 0f32, 0f32);
    for (before, after) in frames.iter().zip(&frames[1..]) {
        let change = |at: usize| f32::from(after[at]) - f32::from(before[at]);
        for &(inside, outside) in &pairs {
            let (inside, outside) = (change(inside), change(outside));
            unlike += (inside - outside).abs();
            inner += inside * inside;
            outer += outside * outside;
            both += inside * outside;
        }
    }
    let compared = pairs.len() * (frames.len() - 1);
    unlike > UNLIKE * compared as f32 && both < TOGETHER * (inner * outer).sqrt()
}

/// What pixels say of borders in one direction.
struct Lines {
    count: usize,
    length: usize,
    /// For each line sums of what its pixels say, from none of them to all. A line at the frame's edge says nothing.
    sums: Vec<f32>,
}

impl Lines {
    /// Of `count` lines of `length` pixels, of which `said` tells what each says.
    fn of(count: usize, length: usize, said: impl Fn(usize, usize) -> f32) -> Self {
        let mut sums = vec![0.0; (count + 1) * (length + 1)];
        for at in BESIDE..count.saturating_sub(BESIDE) {
            let line = &mut sums[at * (length + 1)..][..length + 1];
            for n in 0..length {
                line[n + 1] = line[n] + said(at, n);
            }
        }
        Self { count, length, sums }
    }

    /// What a stretch of a line says.
    fn said(&self, at: usize, from: usize, until: usize) -> f32 {
        let line = &self.sums[at * (self.length + 1)..];
        line[until] - line[from]
    }

    /// Where the clearest borders are, and the frame's edges, in order.
    fn borders(&self, shortest: usize) -> Vec<usize> {
        // The stretch of a line that says the most beyond doubt.
        let clearest = |line: &[f32]| {
            let (mut lowest, mut best) = (0f32, 0f32);
            for (n, sum) in line.iter().enumerate() {
                let sum = sum - DOUBT * n as f32;
                lowest = lowest.min(sum);
                best = best.max(sum - lowest);
            }
            best
        };
        let said: Vec<f32> = self.sums.chunks_exact(self.length + 1).map(clearest).collect();
        let enough = (BORDERED - DOUBT) * shortest as f32;
        let clear = |&at: &usize| {
            let around = &said[at - 2..=at + 2];
            said[at] > enough && around.iter().all(|&other| other <= said[at])
        };
        let mut borders: Vec<usize> = (BESIDE..self.count.saturating_sub(BESIDE))
            .filter(clear)
            .collect();
        borders.sort_by(|&a, &b| said[b].total_cmp(&said[a]));
        borders.truncate(TRIED);
        borders.extend([0, self.count]);
        borders.sort_unstable();
        borders
    }
}

/// Pairs of lines that are far enough apart.
fn pairs(lines: &[usize], least: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
    let after = move |n: usize| lines[n + 1..].iter().map(move |&far| (lines[n], far));
    (0..lines.len())
        .flat_map(after)
        .filter(move |(near, far)| far - near >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (usize, usize) = (192, 108);

    /// A blotchy film that moves: a pixel of a frame.
    fn film(which: usize, frame: usize, x: usize, y: usize) -> u8 {
        let (x, y) = ((x + 3 * frame) / 5, (y + 2 * frame) / 5);
        let blotch = (which * 7919 + x * 104_729 + y * 1_299_709) as u32;
        (blotch.wrapping_mul(2_654_435_761) >> 24) as u8
    }

    fn found(pixel: impl Fn(usize, usize, usize) -> u8) -> Option<Area> {
        let (w, h) = SIZE;
        let frame = |n: usize| (0..w * h).map(|i| pixel(n, i % w, i / w)).collect();
        let frames: Vec<Vec<u8>> = (0..16).map(frame).collect();
        let frames: Vec<&[u8]> = frames.iter().map(|f| &f[..]).collect();
        find(&frames, w, h)
    }

    fn inside(x: usize, y: usize) -> bool {
        (63..133).contains(&x) && (22..62).contains(&y)
    }

    #[test]
    fn a_small_picture_is_found_where_it_stands() {
        let area = found(|n, x, y| film(usize::from(inside(x, y)), n, x, y));
        let expected = Area {
            left: 63.0,
            top: 22.0,
            right: 133.0,
            bottom: 62.0,
        };
        assert_eq!(area, Some(expected));
    }

    #[test]
    fn a_film_and_a_thing_that_stands_in_it_are_none() {
        assert_eq!(found(|n, x, y| film(0, n, x, y)), None);
        // The light changes on both sides of a still picture's frame alike.
        let lit = |n: usize, x, y| if inside(x, y) { 160 } else { 40 } + 10 * (n % 5) as u8;
        assert_eq!(found(lit), None);
    }

    #[test]
    fn the_smallest_frames_hold_none() {
        for (w, h) in [(16, 16), (16, 400), (400, 16)] {
            let luma = vec![7u8; w * h];
            assert_eq!(find(&[&luma[..]; 8], w, h), None);
        }
    }
}
