//! What single frames say for a line: codes that are near, points that one map joins. What agrees must be many different things: a
//! status bar seen a hundred times is one thing.

use super::align::Line;
use super::print::Still;
use super::search::CODE;
use super::verify::Trial;
use crate::visual::code::Code;
use crate::visual::describe;
use crate::visual::geometry::Affine;
use crate::visual::marks::Spot;
use std::collections::{HashMap, HashSet};

/// How near a point must lie to where the map puts it.
const NEAR: f32 = 0.022;
/// Bits in which descriptions of points that the map joins may differ.
const GUIDED: u32 = 38;
/// Points that must be joined for a frame to agree: fewer come about by chance.
const JOINED: f32 = 3.0;
/// Share of the points that must be joined for the whole scene to be there.
const SCENE: f32 = 0.4;
/// Frames that points must agree in to say all that they can.
const LASTING: f32 = 12.0;
/// Places of one region of the picture that count.
const CROWDED: usize = 5;
/// One still joins clearly more than another when it joins so many points, and so many times as many.
const CLEARLY: (usize, usize) = (4, 2);
/// Seconds that one still must be nearer than another.
const NEARER: f32 = 0.3;
/// Seconds within which a still of the reference shows a moment, however much the picture rushes.
const AT_ONCE: f32 = 0.25;
/// Other moments of the reference that are looked at for each.
const CONTROLS: usize = 8;
/// Bits in which a moment's code must differ from another's for that to be a control.
const OTHER: u32 = 26;

/// What a moment of the query says of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Could it have said anything?
    pub spoke: bool,
    /// Distance of the codes.
    pub code: Option<u32>,
    /// Points that the map joins, beyond those that it joins at other moments too.
    pub points: f32,
    /// Which moment of the reference fits best.
    pub fits: f32,
}

impl Moment {
    /// Is the code near?
    pub fn code_agrees(&self) -> bool {
        self.code.is_some_and(|d| d <= CODE)
    }

    /// Does it speak for the line?
    pub fn agrees(&self) -> bool {
        self.points >= JOINED || self.code_agrees()
    }
}

/// Places of a reference's picture, on a grid of 24 to its longer side.
pub type Places = HashSet<(u8, u8)>;

/// A mark of the query, and where the map puts it in the reference's picture.
pub struct Placed {
    bits: [u64; 2],
    at: [f32; 2],
}

impl Placed {
    /// Is this the reference's point?
    pub fn is(&self, spot: &Spot) -> bool {
        is_same((self.bits, self.at), (spot.bits, spot.at))
    }
}

/// What a map joins of one still.
pub struct Joined {
    /// The reference's still.
    pub still: usize,
    /// Places joined at the line's moment.
    pub here: Places,
    /// Places joined at other moments.
    pub elsewhere: Vec<Places>,
    /// How many more here than elsewhere.
    pub surplus: f32,
    /// Is it the whole scene that is joined?
    pub scene: bool,
    /// Of the reference's two stills around the moment, is it clearly the farther one that is joined?
    pub farther: bool,
    /// Does one of them show the moment itself? In a rush only those can be expected to be joined.
    pub at_once: bool,
}

impl Joined {
    /// Is enough joined to speak for the line?
    pub fn agrees(&self) -> bool {
        self.surplus >= JOINED
    }
}

/// How often the points of one place of the reference are joined.
#[derive(Clone, Copy, Default)]
struct Tally {
    here: f32,
    elsewhere: f32,
}

impl Trial<'_> {
    /// Stills over all the film, with the codes of their moments: what is joined there as well proves nothing.
    pub fn controls(&self) -> Vec<(usize, Code)> {
        let f = &self.films.films[self.film];
        let count = CONTROLS.min(f.stills);
        let still = |i: usize| f.first_still + (2 * i + 1) * f.stills / (2 * count);
        (0..count)
            .map(|i| (still(i), self.code_at(self.films.time(still(i)))))
            .collect()
    }

    /// The marks of a still, and where the map puts them.
    pub fn placed(&self, still: &Still, map: &Affine) -> Vec<Placed> {
        let seen = still.marks.iter().map(|mark| self.seen(mark));
        seen.map(|seen| Placed {
            bits: seen.description.bits,
            at: map.apply(seen.at),
        })
        .collect()
    }

    /// The part of the reference's picture that the map shows in the query's frame: its corners.
    pub fn shown(&self, map: &Affine) -> [[f32; 2]; 2] {
        [map.apply([0.0, 0.0]), map.apply(self.query.shape)]
    }

    /// Places of the reference's still where the map joins points that look alike.
    pub fn join(&self, placed: &[Placed], still: usize) -> Places {
        let joined = self
            .films
            .spots(still)
            .filter(|spot| placed.iter().any(|p| p.is(spot)));
        joined
            .map(|s| ((s.at[0] * 24.0) as u8, (s.at[1] * 24.0) as u8))
            .collect()
    }

    /// What the map joins of a still at the moment that the line says, and at the controls. Nothing when there is nothing to compare.
    pub fn by_points(
        &self,
        line: &Line,
        map: &Affine,
        still: &Still,
        controls: &[(usize, Code)],
    ) -> Option<Joined> {
        let placed = self.placed(still, map);
        let time = line.at(still.time);
        let near = self.stills_near(time).map(|at| (at, self.join(&placed, at)));
        let mut near: Vec<(usize, Places)> = near.collect();
        near.sort_by_key(|(_, here)| here.len());
        let away = |at: usize| (self.films.time(at) - time).abs();
        let farther = matches!(near.as_slice(), [(nearer, few), (farther, many)]
            if many.len() >= CLEARLY.0.max(CLEARLY.1 * few.len()) && away(*farther) - away(*nearer) >= NEARER);
        let at_once = near.iter().any(|&(at, _)| away(at) <= AT_ONCE);
        let (at, here) = near.pop()?;
        let code = self.code_at(time);
        let mut elsewhere = Vec::new();
        if here.len() as f32 >= JOINED {
            let other = controls
                .iter()
                .filter(|(_, c)| !code.is_none() && c.distance(&code) >= OTHER);
            elsewhere = other.take(4).map(|&(at, _)| self.join(&placed, at)).collect();
        }
        let usual = elsewhere.iter().map(Places::len).sum::<usize>() as f32 / elsewhere.len().max(1) as f32;
        let mut joined = Joined {
            still: at,
            surplus: here.len() as f32 - usual,
            scene: elsewhere.is_empty(),
            farther,
            at_once,
            here,
            elsewhere,
        };
        // Where much of what can be seen is joined, what is joined at other moments too is a scene that stays, not a status bar.
        let shown = self.shown(map);
        let at = self.stills_near(time).next()?;
        let visible = self
            .films
            .spots(at)
            .filter(|s| lies_in(s, shown))
            .count()
            .min(placed.len());
        if joined.here.len() as f32 > SCENE * visible.max(8) as f32 {
            joined.elsewhere.clear();
            joined.surplus = joined.here.len() as f32;
            joined.scene = true;
        }
        Some(joined)
    }

    /// Distance of a moment's code from the best of the reference's around where the line says.
    pub fn by_code(&self, line: &Line, index: usize, controls: &[(usize, Code)]) -> Moment {
        let f = &self.films.films[self.film];
        let expected = line.at(index as f32 / self.query.rate);
        let mut moment = Moment {
            fits: expected,
            ..Moment::default()
        };
        let reach = (0.4 * f.rate).ceil() as isize;
        let middle = (expected * f.rate).round() as isize;
        for doubted in &self.query.codes[index] {
            let code = self.oriented(&doubted.code);
            for i in middle - reach..=middle + reach {
                let Ok(i) = usize::try_from(i) else { continue };
                if i >= f.codes {
                    break;
                }
                let other = self.films.code(f.first_code + i);
                if other.is_none() {
                    continue;
                }
                moment.spoke = true;
                let distance = other.distance(&code);
                let at = i as f32 / f.rate;
                let better = |d: u32| {
                    distance < d || (distance == d && (at - expected).abs() < (moment.fits - expected).abs())
                };
                if moment.code.is_none_or(better) {
                    let others = controls
                        .iter()
                        .filter(|(_, c)| c.distance(&other) >= OTHER)
                        .map(|(_, c)| c.distance(&code));
                    let usual = others.min().unwrap_or(64);
                    // As near to a different scene: what is near is what all scenes share.
                    if distance + 8 <= usual || distance > CODE {
                        moment.code = Some(distance);
                        moment.fits = at;
                    }
                }
            }
        }
        moment
    }

    /// What the codes of agreeing moments say together, in nats, about: each different picture of the reference speaks once.
    pub fn said_by_codes(&self, line: &Line, agreeing: &[(f32, &Moment)]) -> f32 {
        let mut seen: Vec<Code> = Vec::new();
        let mut said = 0f32;
        for (time, moment) in agreeing {
            let Some(distance) = moment.code.filter(|&d| d <= CODE) else {
                continue;
            };
            let code = self.code_at(if moment.fits.is_finite() {
                moment.fits
            } else {
                line.at(*time)
            });
            if seen.len() < 64 && seen.iter().all(|s| s.distance(&code) > 24) {
                seen.push(code);
                said += (CODE + 2 - distance) as f32 * 0.22;
            }
        }
        said
    }
}

/// Does a point lie between two corners of the picture?
pub fn lies_in(spot: &Spot, [near, far]: [[f32; 2]; 2]) -> bool {
    (0..2).all(|axis| (near[axis]..far[axis]).contains(&spot.at[axis]))
}

/// Are two descriptions, each with its place in the reference's picture, of one thing?
pub fn is_same(one: ([u64; 2], [f32; 2]), other: ([u64; 2], [f32; 2])) -> bool {
    (0..2).all(|axis| (one.1[axis] - other.1[axis]).abs() < NEAR)
        && describe::distance(one.0, other.0) <= GUIDED
}

/// What points say together, in nats, about.
pub fn said_by_points(own: &[(&Still, &Joined)]) -> f32 {
    let places = places(own.iter().map(|(_, joined)| *joined));
    let scenes = own.iter().filter(|(_, joined)| joined.scene);
    let scenes: Vec<f32> = scenes.map(|(_, joined)| joined.here.len() as f32).collect();
    // A scene that is there once among many moments is a chance likeness.
    let shown = scenes.len() as f32 / own.len().max(1) as f32;
    let scene = shown * (scenes.iter().sum::<f32>() / scenes.len().max(1) as f32 - 6.0).max(0.0);
    let lasting = (own.len() as f32 / LASTING).min(1.0);
    lasting * (1.2 * (places - 4.0).max(0.0) + scene)
}

/// In how many places points are joined, less those where they are joined at other moments as well: a logo, a status bar.
fn places<'a>(joined: impl Iterator<Item = &'a Joined>) -> f32 {
    let mut tallies: HashMap<(u8, u8), Tally> = HashMap::new();
    for joined in joined {
        joined
            .here
            .iter()
            .for_each(|&place| tallies.entry(place).or_default().here += 1.0);
        let share = 1.0 / joined.elsewhere.len().max(1) as f32;
        joined
            .elsewhere
            .iter()
            .flatten()
            .for_each(|&place| tallies.entry(place).or_default().elsewhere += share);
    }
    let own = tallies
        .iter()
        .filter(|(_, t)| t.here > 0.0 && t.elsewhere < 0.5 * t.here);
    // A copy is alike all over; one sprite or caption fills one region only.
    let mut regions: HashMap<(u8, u8), usize> = HashMap::new();
    own.for_each(|((x, y), _)| *regions.entry((x / 6, y / 6)).or_default() += 1);
    regions.values().map(|&n| n.min(CROWDED)).sum::<usize>() as f32
}

/// The stretch of moments in which the most agree, less those that do not.
pub fn best_run(moments: &[Moment], silence: f32) -> Option<(usize, usize)> {
    let (mut best, mut sum, mut from) = ((0f32, 0, 0), 0f32, 0);
    for (n, moment) in moments.iter().enumerate() {
        let value = if moment.agrees() {
            1.0
        } else if moment.spoke {
            -0.4
        } else {
            -silence
        };
        if sum <= 0.0 {
            (sum, from) = (0.0, n);
        }
        sum += value;
        if sum > best.0 {
            best = (sum, from, n + 1);
        }
    }
    (best.0 > 0.0).then_some((best.1, best.2))
}
