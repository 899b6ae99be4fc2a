//! What speaks against a line along which points are joined.
//!
//! Two rounds of one game share a weapon, a panel and messages, two broadcasts their frame: points are joined there, and for as long as both show the same.
//! A copy is joined all over the picture, in what is seen once only in the work as in what comes back, and at most moments.

use super::align::Line;
use super::evidence::{Joined, is_same, lies_in};
use super::print::Still;
use super::verify::Trial;
use crate::visual::geometry::Affine;
use crate::visual::marks::Spot;

/// Stills of the reference around a moment in which it is looked whether a point comes back.
const AROUND: usize = 512;
/// Seconds after which what is still there has come back.
const LATER: f32 = 4.0;
/// Stills of the query that are looked at, at most.
const LOOKED_AT: usize = 48;
/// Nats taken for each factor e by which a share falls short of `EXPECTED`: of the points that are seen once those that are joined; the same of the
/// emptiest half of the picture's points, as a share of what it is in all the picture; and of the moments those that agree. Fitted like `verify::EVEN`.
const WEIGHTS: [f32; 3] = [12.0, 8.0, 20.0];
/// Nats taken for each still of which the farther of the reference's two stills around its moment is joined and the nearer is not: 11 in 100 of those of copies
/// that join one only, 46 of strangers'.
const FARTHER: f32 = 2.0;
/// Shear of a map beyond which it tells against it, nats for each unit more, and at most: half of strangers' are beyond 0.04, but of copies' few
/// that were not filmed from the side.
const SHEAR: (f32, f32, f32) = (0.01, 150.0, 10.0);
/// Nats taken for a speed that is not plain: most strangers' lines are bent to fit, one copy in twenty is sped.
const BENT: f32 = 5.0;
/// Moments that tell how steadily a line agrees.
const ENOUGH: usize = 4;
/// What copies reach unless they were changed much.
const EXPECTED: [f32; 3] = [0.2, 0.6, 0.75];

/// How many of some points are joined.
#[derive(Clone, Copy, Default)]
struct Share {
    visible: f32,
    joined: f32,
}

impl Share {
    fn count(&mut self, joined: bool) {
        self.visible += 1.0;
        self.joined += f32::from(u8::from(joined));
    }

    /// The share, with eight points more of which as many are joined as `usual`: few points say little.
    fn of(&self, usual: f32) -> f32 {
        (self.joined + 8.0 * usual) / (self.visible + 8.0)
    }
}

/// Share of the moments that agree, of those that the reference shows at once where they are enough to tell, with one more that agrees and one that does not.
fn steady(looked: &[(&Still, Joined)]) -> f32 {
    let all: Vec<&Joined> = looked.iter().map(|(_, joined)| joined).collect();
    let at_once: Vec<&Joined> = all.iter().copied().filter(|joined| joined.at_once).collect();
    let told = if at_once.len() >= ENOUGH { at_once } else { all };
    let agree = told.iter().filter(|joined| joined.agrees()).count();
    (agree + 1) as f32 / (told.len() + 2) as f32
}

impl Trial<'_> {
    /// Nats to take from what is said for a line along which a map holds: of the stills that were looked at, each with what is joined of it.
    pub fn against(&self, line: &Line, map: &Affine, looked: &[(&Still, Joined)]) -> f32 {
        let agreeing: Vec<&(&Still, Joined)> = looked.iter().filter(|(_, joined)| joined.agrees()).collect();
        let film = self.films.films[self.film].shape;
        let [near, far] = self.shown(map);
        let middle = [0, 1].map(|axis| (near[axis].max(0.0) + far[axis].min(film[axis])) / 2.0);
        let (mut all, mut once, mut halves) = (Share::default(), Share::default(), [Share::default(); 4]);
        for (still, joined) in agreeing.iter().step_by(agreeing.len().div_ceil(LOOKED_AT).max(1)) {
            let placed = self.placed(still, map);
            let later = self.later(joined.still);
            for spot in self.films.spots(joined.still).filter(|s| lies_in(s, [near, far])) {
                let joined = placed.iter().any(|p| p.is(&spot));
                all.count(joined);
                for axis in 0..2 {
                    halves[2 * axis + usize::from(spot.at[axis] > middle[axis])].count(joined);
                }
                if !later
                    .iter()
                    .any(|other| is_same((spot.bits, spot.at), (other.bits, other.at)))
                {
                    once.count(joined);
                }
            }
        }
        let usual = all.joined / all.visible.max(1.0);
        if usual == 0.0 {
            return 0.0;
        }
        let enough = halves.iter().filter(|half| half.visible > 0.1 * all.visible);
        let emptiest = enough.map(|half| half.of(usual) / usual).fold(1.0, f32::min);
        let steady = steady(looked);
        let shares = [once.of(EXPECTED[0]), emptiest, steady];
        let short = |i: usize| WEIGHTS[i] * (EXPECTED[i] / shares[i].max(0.02)).ln().max(0.0);
        let farther = looked.iter().filter(|(_, joined)| joined.farther).count();
        let sheared = (SHEAR.1 * (map.shear() - SHEAR.0)).clamp(0.0, SHEAR.2);
        let bent = if line.is_plain() { 0.0 } else { BENT };
        (0..3).map(short).sum::<f32>() + FARTHER * farther as f32 + sheared + bent
    }

    /// Points of the reference some seconds before and after a still.
    fn later(&self, still: usize) -> Vec<Spot> {
        let film = &self.films.films[self.film];
        let from = still.saturating_sub(AROUND / 2).max(film.first_still);
        let until = (from + AROUND).min(film.first_still + film.stills);
        let time = self.films.time(still);
        let later = (from..until).filter(|&at| (self.films.time(at) - time).abs() >= LATER);
        later.flat_map(|at| self.films.spots(at)).collect()
    }
}
