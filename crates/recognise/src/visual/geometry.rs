//! How the picture of the copy lies in the picture of the work: the affine map that most pairs of points agree on.
//!
//! A pair of points has place, scale and direction, so one pair alone proposes a similarity (as in Philbin and others, "Object
//! retrieval with large vocabularies and fast spatial matching", 2007); least squares over those who agree makes it affine.

/// Two points that look alike. Places are in units of the longer side of their pictures.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Place in the query.
    pub from: [f32; 2],
    /// Place in the reference.
    pub to: [f32; 2],
    /// Scale in the reference over scale in the query.
    pub scale: f32,
    /// Direction in the reference less direction in the query, radians.
    pub turn: f32,
}

/// `x' = a x + b y + c`, `y' = d x + e y + f`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine(pub [f32; 6]);

impl Affine {
    /// Where a place goes.
    #[inline(always)]
    pub fn apply(&self, p: [f32; 2]) -> [f32; 2] {
        let m = &self.0;
        [m[0] * p[0] + m[1] * p[1] + m[2], m[3] * p[0] + m[4] * p[1] + m[5]]
    }

    /// Mean scale.
    pub fn scale(&self) -> f32 {
        (self.0[0] * self.0[4] - self.0[1] * self.0[3]).max(0.0).sqrt()
    }

    /// Rotation in degrees, counter-clockwise from reference to query.
    pub fn rotation(&self) -> f32 {
        (self.0[3] - self.0[1]).atan2(self.0[0] + self.0[4]).to_degrees()
    }

    /// How far from a right angle it takes one, as a tangent: copies are turned and stretched along the frame, seldom sheared.
    pub fn shear(&self) -> f32 {
        let m = &self.0;
        (m[1] / m[4] + m[3] / m[0]).abs()
    }

    /// Does it keep the vertical about vertical, as every copy of a film does but a turned one?
    pub fn is_upright(&self) -> bool {
        let m = &self.0;
        m[0] > 0.0
            && m[4] > 0.0
            && m[1].abs() < 0.3 * m[4]
            && m[3].abs() < 0.3 * m[0]
            && m[0] < 2.0 * m[4]
            && m[4] < 2.0 * m[0]
    }

    /// Does it shrink, stretch or shear more than any real copy?
    fn absurd(&self) -> bool {
        let m = &self.0;
        let det = m[0] * m[4] - m[1] * m[3];
        if det <= 0.0 || !det.is_finite() {
            return true;
        }
        let norm = m[0] * m[0] + m[1] * m[1] + m[3] * m[3] + m[4] * m[4];
        // Of the two singular values: product is det, sum of squares is norm.
        let ratio = norm / det;
        !(0.08..10.0).contains(&det.sqrt()) || ratio > 2.3 + 1.0 / 2.3
    }

    /// What a single pair proposes.
    fn of_pair(pair: &Pair) -> Self {
        let (sin, cos) = pair.turn.sin_cos();
        let (a, b) = (pair.scale * cos, -pair.scale * sin);
        let (x, y) = (pair.from[0], pair.from[1]);
        Self([
            a,
            b,
            pair.to[0] - a * x - b * y,
            -b,
            a,
            pair.to[1] + b * x - a * y,
        ])
    }

    /// Least squares; nothing when the points lie on a line.
    fn fit<'a>(pairs: impl Iterator<Item = &'a Pair>) -> Option<Self> {
        // Sums of x, y, u, v, of xx, xy, yy and of xu, yu, xv, yv: places are within a few units, so no precision is lost.
        let (mut n, mut sums) = (0.0, [0f64; 11]);
        for p in pairs {
            let [x, y] = p.from.map(f64::from);
            let [u, v] = p.to.map(f64::from);
            let terms = [x, y, u, v, x * x, x * y, y * y, x * u, y * u, x * v, y * v];
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            n += 1.0;
        }
        if n < 3.0 {
            return None;
        }
        let [x, y, u, v, xx, xy, yy, xu, yu, xv, yv] = sums.map(|sum| sum / n);
        let (xx, xy, yy) = (xx - x * x, xy - x * y, yy - y * y);
        let det = xx * yy - xy * xy;
        if det < 1e-3 * (xx + yy) * (xx + yy) {
            return None;
        }
        let solve = |p: f64, q: f64| ((p * yy - q * xy) / det, (q * xx - p * xy) / det);
        let ((a, b), (d, e)) = (solve(xu - x * u, yu - y * u), solve(xv - x * v, yv - y * v));
        Some(Self(
            [a, b, u - a * x - b * y, d, e, v - d * x - e * y].map(|v| v as f32),
        ))
    }
}

/// A map and the pairs that agree with it.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The map.
    pub map: Affine,
    /// Positions of the pairs that agree, ascending.
    pub pairs: Vec<usize>,
}

/// Farthest a pair may lie from where the map puts it.
pub const TOLERANCE: f32 = 0.02;

/// Does a pair agree with a map?
pub fn agrees(map: &Affine, pair: &Pair, tolerance: f32) -> bool {
    let p = map.apply(pair.from);
    let (dx, dy) = (p[0] - pair.to[0], p[1] - pair.to[1]);
    let scale = map.scale();
    dx * dx + dy * dy <= tolerance * tolerance && pair.scale < scale * 1.9 && scale < pair.scale * 1.9
}

/// The map that the most pairs agree on. `seeds` pairs at most, evenly taken, propose one. Deterministic.
pub fn agree(pairs: &[Pair], seeds: usize) -> Option<Agreement> {
    let step = pairs.len().div_ceil(seeds.max(1)).max(1);
    agree_from(pairs, pairs.iter().step_by(step))
}

/// The map that the most pairs agree on, of those that `seeds` propose.
pub fn agree_from<'a>(pairs: &[Pair], seeds: impl Iterator<Item = &'a Pair>) -> Option<Agreement> {
    let mut best: Option<(usize, Affine)> = None;
    for seed in seeds {
        let proposal = Affine::of_pair(seed);
        let near = |p: &&Pair| {
            let (x, y) = (p.from[0] - seed.from[0], p.from[1] - seed.from[1]);
            // A proposal's scale and direction are rough: allow for the distance from its own point.
            let slack = 0.015 + 0.12 * (x * x + y * y).sqrt() * seed.scale;
            agrees(&proposal, p, slack)
        };
        let mut count = pairs.iter().filter(near).count();
        if count < 3 {
            continue;
        }
        let Some(mut map) = Affine::fit(pairs.iter().filter(near)) else {
            continue;
        };
        for tolerance in [0.04, 0.025, TOLERANCE] {
            if map.absurd() {
                break;
            }
            let close = |p: &&Pair| agrees(&map, p, tolerance);
            count = pairs.iter().filter(close).count();
            match Affine::fit(pairs.iter().filter(close)) {
                Some(better) => map = better,
                None => break,
            }
        }
        if !map.absurd() && best.is_none_or(|(most, _)| count > most) {
            best = Some((count, map));
        }
    }
    let (_, map) = best?;
    let pairs: Vec<usize> = (0..pairs.len())
        .filter(|&i| agrees(&map, &pairs[i], TOLERANCE))
        .collect();
    (pairs.len() >= 3).then_some(Agreement { map, pairs })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever similarity made the copy is found again among wrong pairs.
        #[test]
        fn the_true_map_is_found(scale in 0.4f32..2.5, turn in -3.0f32..3.0, cx in -0.5f32..0.5, cy in -0.5f32..0.5, seed in any::<u32>()) {
            let mut state = seed | 1;
            let mut random = || { state ^= state << 13; state ^= state >> 17; state ^= state << 5; (state >> 8) as f32 / (1 << 24) as f32 };
            let (sin, cos) = turn.sin_cos();
            let truth = Affine([scale * cos, -scale * sin, cx, scale * sin, scale * cos, cy]);
            let mut pairs = Vec::new();
            for i in 0..40 {
                let from = [random(), random()];
                let right = i % 2 == 0;
                let to = if right { truth.apply(from) } else { [random(), random()] };
                let rough = 0.9 + 0.2 * random();
                pairs.push(Pair { from, to, scale: if right { scale * rough } else { 0.2 + 4.0 * random() }, turn: if right { turn + 0.1 * random() - 0.05 } else { 6.0 * random() } });
            }
            let found = agree(&pairs, 64).expect("agreement");
            prop_assert!(found.pairs.iter().filter(|&&i| i % 2 == 0).count() >= 19, "{:?}", found.pairs);
            let (a, b) = (found.map.apply([0.5, 0.5]), truth.apply([0.5, 0.5]));
            prop_assert!((a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 0.03);
        }
    }

    #[test]
    fn strangers_do_not_agree_on_much() {
        let mut state = 7u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        let pairs: Vec<Pair> = (0..30)
            .map(|_| Pair {
                from: [random(), random()],
                to: [random(), random()],
                scale: 0.5 + random(),
                turn: 0.0,
            })
            .collect();
        assert!(agree(&pairs, 64).is_none_or(|a| a.pairs.len() <= 6));
    }
}
