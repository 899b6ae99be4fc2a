//! Points that stay where they are in the scene when a picture is scaled, cut, blurred or coded again.
//!
//! Extrema over place and scale of differences of Gaussians (Lowe, "Distinctive image features from scale-invariant keypoints",
//! 2004; United States patent 6,711,293 expired in March 2020), on the cheap half-octave pyramid of Crowley and Riff (2003).

use super::describe::{self, Description};
use super::plane::Plane;

/// Weakest extremum, in sixteenths of a grey level.
const WEAKEST: i32 = 20;
/// Largest ratio of principal curvatures: more is an edge, along which a point can slide.
const EDGE: f32 = 10.0;
/// What an extremum counts that was in the same place before: where the rest moves, it is a caption, a logo or a frame, and where
/// nothing moves all count alike.
const STANDING: f32 = 0.25;
/// Pixels by which a place may differ and be the same.
const SAME: f32 = 1.2;
/// Smallest side of an octave.
const SMALLEST: usize = 20;

/// A described point.
#[derive(Clone)]
pub struct Point {
    /// Pixels from the left.
    pub x: f32,
    /// Pixels from the top.
    pub y: f32,
    /// Size of what was found, in pixels (standard deviation of the blob).
    pub scale: f32,
    /// Direction of the description in radians; 0 for upright ones.
    pub angle: f32,
    /// What the point's neighbourhood looks like.
    pub description: Description,
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Where points were in the frame before, in pixels: see [`Places`].
    pub before: &'a Places,
    /// Points at most.
    pub most: usize,
    /// Describe in the direction of the strongest gradients, so that turned pictures match, rather than upright.
    pub turned: bool,
}

/// Places of a frame's strongest extrema, in pixels, sorted by row.
pub type Places = Vec<[f32; 2]>;

/// An extremum before it is described.
#[derive(Clone, Copy)]
struct Extremum {
    octave: usize,
    level: usize,
    /// In pixels of the octave.
    x: f32,
    y: f32,
    /// In pixels of the octave.
    sigma: f32,
    strength: f32,
}

impl Extremum {
    /// In pixels of the picture.
    fn place(&self) -> [f32; 2] {
        let size = (1 << self.octave) as f32;
        [self.x * size, self.y * size]
    }
}

/// One octave: the picture at variances one, two and four (in its own pixels), and the two differences.
struct Octave {
    smooth: [Plane; 3],
    differences: [Vec<i16>; 2],
}

impl Octave {
    fn of(first: Plane) -> Self {
        let second = first.smooth();
        let third = second.smooth().smooth();
        let difference = |a: &Plane, b: &Plane| -> Vec<i16> {
            b.values
                .iter()
                .zip(&a.values)
                .map(|(b, a)| b.wrapping_sub(*a) as i16)
                .collect()
        };
        let differences = [difference(&first, &second), difference(&second, &third)];
        Self {
            smooth: [first, second, third],
            differences,
        }
    }
}

/// The strongest points of a picture, spread over it; and where its strongest extrema are.
pub fn find(picture: &Plane, wanted: Wanted<'_>) -> (Vec<Point>, Places) {
    let mut octaves = Vec::new();
    let mut first = picture.smooth();
    while first.width >= SMALLEST && first.height >= SMALLEST && octaves.len() < 6 {
        let octave = Octave::of(first);
        first = octave.smooth[2].halve();
        octaves.push(octave);
    }
    let mut extrema = Vec::new();
    for n in 0..octaves.len() {
        for level in 0..2 {
            scan(&octaves, n, level, &mut extrema);
        }
    }
    let places = places(&extrema, 4 * wanted.most);
    for e in &mut extrema {
        if stood(wanted.before, e.place()) {
            e.strength *= STANDING;
        }
    }
    let chosen = spread(extrema, picture.width, picture.height, wanted.most);
    let mut points = Vec::with_capacity(wanted.most);
    for e in chosen {
        let plane = &octaves[e.octave].smooth[e.level];
        let size = (1 << e.octave) as f32;
        let mut add = |angle: f32| {
            let description = describe::describe(plane, e.x, e.y, e.sigma, angle);
            points.push(Point {
                x: e.x * size,
                y: e.y * size,
                scale: e.sigma * size,
                angle,
                description,
            });
        };
        if wanted.turned {
            describe::directions(plane, e.x, e.y, e.sigma)
                .into_iter()
                .flatten()
                .for_each(&mut add);
        } else {
            add(0.0);
        }
        if points.len() >= wanted.most {
            break;
        }
    }
    points.truncate(wanted.most);
    (points, places)
}

/// Where the strongest extrema are, `most` at most.
fn places(extrema: &[Extremum], most: usize) -> Places {
    let mut strongest: Vec<&Extremum> = extrema.iter().collect();
    if strongest.len() > most {
        strongest.select_nth_unstable_by(most, |a, b| b.strength.total_cmp(&a.strength));
        strongest.truncate(most);
    }
    let mut places: Places = strongest.into_iter().map(Extremum::place).collect();
    places.sort_by(|a, b| a[1].total_cmp(&b[1]));
    places
}

/// Was there an extremum at this place before?
fn stood(before: &Places, [x, y]: [f32; 2]) -> bool {
    let first = before.partition_point(|b| b[1] < y - SAME);
    let near = before[first..].iter().take_while(|b| b[1] <= y + SAME);
    near.into_iter().any(|b| (b[0] - x).abs() <= SAME)
}

/// Adds the extrema of one difference to `found`.
fn scan(octaves: &[Octave], n: usize, level: usize, found: &mut Vec<Extremum>) {
    let octave = &octaves[n];
    let (w, h) = (octave.smooth[0].width, octave.smooth[0].height);
    let (here, beside) = (&octave.differences[level], &octave.differences[1 - level]);
    const MARGIN: usize = 3;
    for y in MARGIN..h.saturating_sub(MARGIN) {
        let rows: [&[i16]; 3] = [
            &here[(y - 1) * w..y * w],
            &here[y * w..(y + 1) * w],
            &here[(y + 1) * w..(y + 2) * w],
        ];
        for x in MARGIN..w - MARGIN {
            let v = i32::from(rows[1][x]);
            if v.abs() < WEAKEST {
                continue;
            }
            let sign = if v > 0 { 1 } else { -1 };
            let v = v * sign;
            let at = |dx: usize, dy: usize| i32::from(rows[dy][x + dx - 1]) * sign;
            if !(v > at(2, 1) && v >= at(0, 1) && v > at(1, 2) && v >= at(1, 0)) {
                continue;
            }
            if !(v > at(2, 2) && v >= at(0, 0) && v > at(0, 2) && v >= at(2, 0)) {
                continue;
            }
            let other = (y - 1..=y + 1)
                .flat_map(|y| &beside[y * w + x - 1..y * w + x + 2])
                .map(|&o| i32::from(o) * sign)
                .max();
            let other = other.unwrap_or(0);
            if other > v {
                continue;
            }
            // The neighbour across the octave's border: finer for the first difference, coarser for the second.
            let across = if level == 0 {
                n.checked_sub(1)
                    .map(|n| highest(&octaves[n], 1, 2 * x, 2 * y, sign))
            } else {
                octaves.get(n + 1).map(|o| highest(o, 0, x / 2, y / 2, sign))
            };
            if across.is_some_and(|a| a > v) {
                continue;
            }
            let f = |dx: usize, dy: usize| at(dx, dy) as f32;
            let dxx = f(2, 1) + f(0, 1) - 2.0 * v as f32;
            let dyy = f(1, 2) + f(1, 0) - 2.0 * v as f32;
            let dxy = (f(2, 2) + f(0, 0) - f(2, 0) - f(0, 2)) / 4.0;
            let (trace, det) = (dxx + dyy, dxx * dyy - dxy * dxy);
            if det <= 0.0 || trace * trace * EDGE > det * (EDGE + 1.0) * (EDGE + 1.0) {
                continue;
            }
            let vertex = |low: f32, high: f32, curve: f32| (0.5 * (low - high) / curve).clamp(-0.5, 0.5);
            let dx = vertex(f(2, 1), f(0, 1), dxx);
            let dy = vertex(f(1, 2), f(1, 0), dyy);
            let (finer, coarser) = if level == 0 {
                (across.unwrap_or(0), other)
            } else {
                (other, across.unwrap_or(0))
            };
            let curve = (finer + coarser) as f32 - 2.0 * v as f32;
            let ds = if curve < 0.0 {
                vertex(coarser as f32, finer as f32, curve)
            } else {
                0.0
            };
            let sigma = 1.2 * (0.5 * (level as f32 + ds)).exp2();
            found.push(Extremum {
                octave: n,
                level,
                x: x as f32 + dx,
                y: y as f32 + dy,
                sigma,
                strength: v as f32,
            });
        }
    }
}

/// The largest value, times `sign`, at and around a place of a difference.
fn highest(octave: &Octave, level: usize, x: usize, y: usize, sign: i32) -> i32 {
    let (w, h) = (octave.smooth[0].width, octave.smooth[0].height);
    let mut best = i32::MIN;
    for y in y.saturating_sub(1)..(y + 2).min(h) {
        for x in x.saturating_sub(1)..(x + 2).min(w) {
            best = best.max(i32::from(octave.differences[level][y * w + x]) * sign);
        }
    }
    best
}

/// The strongest extrema, but none of them from a part of the picture that has had its share.
fn spread(mut extrema: Vec<Extremum>, width: usize, height: usize, most: usize) -> Vec<Extremum> {
    const CELLS: usize = 4;
    let share = most.div_ceil(CELLS * CELLS) * 2;
    extrema.sort_by(|a, b| b.strength.total_cmp(&a.strength));
    let mut held = [0usize; CELLS * CELLS];
    let (mut chosen, mut spare) = (Vec::with_capacity(most), Vec::new());
    for e in extrema {
        if chosen.len() == most {
            break;
        }
        let size = (1 << e.octave) as f32;
        let cell = |v: f32, side: usize| ((v * size * CELLS as f32 / side as f32) as usize).min(CELLS - 1);
        let held = &mut held[cell(e.y, height) * CELLS + cell(e.x, width)];
        if *held < share {
            *held += 1;
            chosen.push(e);
        } else {
            spare.push(e);
        }
    }
    let room = most - chosen.len();
    chosen.extend(spare.into_iter().take(room));
    chosen
}
