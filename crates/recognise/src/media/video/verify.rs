//! Is a line a copy? One map between the pictures must hold along it, frames must agree one by one, and what agrees must be many
//! different things: a status bar seen a hundred times is one thing.

use super::align::{self, Hit, Line};
use super::print::{Mark, Print, Still};
use super::search::{CODE, DESCRIPTION, Seen};
use super::segment::{Films, Spot};
use crate::Match;
use crate::visual::code::Code;
use crate::visual::describe;
use crate::visual::geometry::{self, Affine, Pair};
use std::collections::{HashMap, HashSet};
use swordnet_core::{Span, Transform};

/// Seconds beyond a line's first and last hits in which it is followed.
const BEYOND: f32 = 15.0;
/// Stills that the map is found from.
const SAMPLED: usize = 24;
/// How near a point must lie to where the map puts it.
const NEAR: f32 = 0.022;
/// Bits in which descriptions of points that the map joins may differ.
const GUIDED: u32 = 38;
/// Points that must be joined for a frame to agree: fewer come about by chance.
const JOINED: f32 = 3.0;
/// Share of the points that must be joined for the whole scene to be there.
const SCENE: f32 = 0.4;
/// Places of one region of the picture that count.
const CROWDED: usize = 5;
/// Frames that points must agree in to say all that they can.
const LASTING: f32 = 12.0;
/// How far evidence counts where the map promises codes that agree and they do not.
const BROKEN: f32 = 0.6;
/// How far the corners of the whole picture may lie from those of the work's.
const WHOLE: f32 = 0.08;
/// Degrees by which a picture may be turned before codes need not agree.
const LEVEL: f32 = 2.0;
/// Codes that differ in more bits are of different pictures.
const APART: u32 = 38;
/// Other moments of the reference that are looked at for each.
const CONTROLS: usize = 8;
/// Bits in which a moment's code must differ from another's for that to be a control.
const OTHER: u32 = 26;

/// What a moment of the query says of the line.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    /// Could it have said anything?
    spoke: bool,
    /// Distance of the codes.
    code: Option<u32>,
    /// Points that the map joins, beyond those that it joins at other moments too.
    points: f32,
    /// Which moment of the reference fits best.
    fits: f32,
}

impl Moment {
    fn code_agrees(&self) -> bool {
        self.code.is_some_and(|d| d <= CODE)
    }

    fn agrees(&self) -> bool {
        self.points >= JOINED || self.code_agrees()
    }
}

/// Places of a reference's picture, on a grid of 24 to its longer side.
type Places = HashSet<(u8, u8)>;

/// A verified span.
pub struct Verified {
    /// The film.
    pub film: usize,
    /// Was the query taken mirrored?
    pub mirrored: bool,
    /// The match.
    pub found: Match,
    /// How well it fits in all, to choose between lines that claim the same span.
    pub fit: f32,
}

/// Points in different places, on both sides.
pub fn distinct<'a>(pairs: impl Iterator<Item = &'a Pair>) -> usize {
    let cell = |p: [f32; 2]| ((p[0] * 64.0) as i32, (p[1] * 64.0) as i32);
    let (mut from, mut to) = (HashSet::new(), HashSet::new());
    for pair in pairs {
        from.insert(cell(pair.from));
        to.insert(cell(pair.to));
    }
    from.len().min(to.len())
}

/// One side's pair of query and film, and what is asked of it.
pub struct Trial<'a> {
    /// The segment.
    pub films: &'a Films,
    /// The film.
    pub film: usize,
    /// The query.
    pub query: &'a Print,
    /// Is the query taken mirrored?
    pub mirrored: bool,
}

/// How often the points of one place of the reference are joined.
#[derive(Clone, Copy, Default)]
struct Tally {
    here: f32,
    elsewhere: f32,
}

impl Trial<'_> {
    /// The match along a line, if there is one.
    pub fn verify(&self, line: &Line) -> Option<Verified> {
        let (films, query) = (self.films, self.query);
        let line = &self.settle(line);
        let map = self.map_along(line);
        let length = query.length() as f32;
        let (from, until) = ((line.start - BEYOND).max(0.0), (line.end + BEYOND).min(length));
        let first = (from * query.rate) as usize;
        let last = ((until * query.rate).ceil() as usize).min(query.codes.len());
        let controls = self.controls();
        let mut moments: Vec<Moment> = (first..last)
            .map(|index| self.by_code(line, index, &controls))
            .collect();
        let mut joined: Vec<(f32, Joined)> = Vec::new();
        if let Some(map) = &map {
            for still in query.stills.iter().filter(|s| s.time >= from && s.time <= until) {
                let Some(mut found) = self.by_points(line, map, still, &controls) else {
                    continue;
                };
                // A still speaks for the moments until the next one.
                let n = ((still.time * query.rate).round() as usize).saturating_sub(first);
                let reach = ((query.rate * 0.5) as usize).max(1);
                // A map that changes nothing promises codes that agree: where they do not, more points are asked for.
                let asked =
                    if map.is_identity() && moments.get(n).and_then(|m| m.code).is_some_and(|d| d > APART) {
                        3.0 * JOINED
                    } else {
                        JOINED
                    };
                if found.surplus < asked {
                    found.surplus = found.surplus.min(JOINED - 1.0);
                }
                for moment in moments.iter_mut().skip(n).take(reach) {
                    moment.spoke = true;
                    moment.points = moment.points.max(found.surplus);
                }
                joined.push((still.time, found));
            }
        }
        let (start, end) = best_run(&moments)?;
        let at = |n: usize| (first + n) as f32 / query.rate;
        let agreeing: Vec<(f32, &Moment)> = (start..end)
            .map(|n| (at(n), &moments[n]))
            .filter(|(_, m)| m.agrees())
            .collect();
        let (start, end) = (at(start), at(end));
        let said = self.said_by_codes(line, &agreeing);
        let own: Vec<&Joined> = joined
            .iter()
            .filter(|j| j.0 >= start && j.0 <= end && j.1.surplus >= JOINED)
            .map(|j| &j.1)
            .collect();
        let places = said_by_points(&own);
        let scenes: Vec<f32> = own
            .iter()
            .filter(|j| j.scene)
            .map(|j| j.here.len() as f32)
            .collect();
        // A scene that is there once among many moments is a chance likeness.
        let shown = scenes.len() as f32 / own.len().max(1) as f32;
        let scene = shown * (scenes.iter().sum::<f32>() / scenes.len().max(1) as f32 - 6.0).max(0.0);
        let lasting = (own.len() as f32 / LASTING).min(1.0);
        // Two takes of one set, or two rounds of one game, lie on one another as a copy does: the same things in the same places.
        // But the whole picture shown as it was promises codes that agree.
        let broken = map.as_ref().is_some_and(|map| self.shows_all(map)) && apart(&agreeing);
        let kept = if broken { BROKEN } else { 1.0 };
        let evidence = kept * (said + lasting * (1.2 * (places - 4.0).max(0.0) + scene));
        let score = 1.0 / (1.0 + (-(evidence - 16.0) / 4.0).exp());
        if score < 0.02 {
            return None;
        }
        let exact: Vec<Hit> = agreeing
            .iter()
            .filter(|(_, m)| m.code_agrees())
            .map(|&(query, m)| Hit {
                query,
                reference: m.fits,
                weight: 1.0,
            })
            .collect();
        let fit = agreeing
            .iter()
            .map(|(_, m)| m.points + m.code.map_or(0.0, |d| CODE.saturating_sub(d) as f32 * 0.5))
            .sum();
        let line = if exact.len() >= 6 {
            align::fit(&exact, line.speed).unwrap_or(*line)
        } else {
            *line
        };
        let film = &films.films[self.film];
        let at = |t: f32| f64::from(line.at(t).clamp(0.0, film.codes as f32 / film.rate));
        let (picture, crop) = map.as_ref().map_or((None, None), |map| self.frames(map));
        let transform = Transform {
            mirrored: self.mirrored,
            picture,
            crop,
            speed: ((line.speed - 1.0).abs() > 0.015)
                .then_some(f64::from((line.speed * 100.0).round() / 100.0)),
            ..Transform::default()
        };
        let found = Match {
            reference: films.id(self.film).clone(),
            score: f64::from(score),
            query: Span {
                start: f64::from(start),
                end: f64::from(end),
            },
            in_reference: Span {
                start: at(start),
                end: at(end),
            },
            transform,
        };
        Some(Verified {
            film: self.film,
            mirrored: self.mirrored,
            found,
            fit,
        })
    }

    /// Does the copy's picture show all of the work's, and nothing besides?
    fn shows_all(&self, map: &Affine) -> bool {
        let work = self.films.films[self.film].shape;
        let (near, far) = (map.apply([0.0, 0.0]), map.apply(self.query.shape));
        let whole = |axis: usize| near[axis].abs() < WHOLE && (far[axis] - work[axis]).abs() < WHOLE;
        map.rotation().abs() < LEVEL && whole(0) && whole(1)
    }

    /// Which part of the copy's frame shows the work, and which part of the work's frame the copy shows, where it is not all of it.
    fn frames(&self, map: &Affine) -> (Option<[f64; 4]>, Option<[f64; 4]>) {
        let work = self.films.films[self.film].shape;
        let (near, far) = (map.apply([0.0, 0.0]), map.apply(self.query.shape));
        let (mut picture, mut crop) = ([0f64; 4], [0f64; 4]);
        for axis in 0..2 {
            let share = |v: f32| f64::from(v.clamp(0.0, 1.0));
            let (from, until, side) = (near[axis], far[axis], work[axis].max(0.01));
            crop[axis] = share(from / side);
            crop[axis + 2] = share(until / side);
            picture[axis] = share(-from / (until - from).max(0.01));
            picture[axis + 2] = share((side - from) / (until - from).max(0.01));
        }
        if self.mirrored {
            (picture[0], picture[2]) = (1.0 - picture[2], 1.0 - picture[0]);
        }
        let partly = |part: [f64; 4]| Some(part).filter(|p| (p[2] - p[0]) * (p[3] - p[1]) < 0.95);
        (partly(picture), partly(crop))
    }

    /// The line moved to where the codes are nearest: in a static scene many lines are as well supported by hits, and only what little
    /// moves tells them apart.
    fn settle(&self, line: &Line) -> Line {
        const REACH: i32 = 80;
        const STEP: f32 = 0.25;
        let (first, last) = (
            (line.start * self.query.rate) as usize,
            (line.end * self.query.rate) as usize + 1,
        );
        let last = last.min(self.query.codes.len());
        let step = last.saturating_sub(first).div_ceil(40).max(1);
        let samples: Vec<(f32, Vec<Code>)> = (first..last)
            .step_by(step)
            .filter(|&i| !self.query.codes[i].is_empty())
            .map(|i| {
                (
                    i as f32 / self.query.rate,
                    self.query.codes[i]
                        .iter()
                        .map(|d| self.oriented(&d.code))
                        .collect(),
                )
            })
            .collect();
        if samples.len() < 6 {
            return *line;
        }
        let middle = (line.start + line.end) / 2.0;
        let cost = |line: &Line| {
            let nearest = |(time, codes): &(f32, Vec<Code>)| {
                let other = self.code_at(line.at(*time));
                codes
                    .iter()
                    .map(|c| if other.is_none() { 64 } else { c.distance(&other) })
                    .min()
                    .unwrap_or(64)
            };
            samples.iter().map(nearest).sum::<u32>() as f32 / samples.len() as f32
        };
        let mut best = (cost(line) - 0.5, *line);
        if best.0 > CODE as f32 {
            return *line;
        }
        for speed in [line.speed, 1.0] {
            for shift in -REACH..=REACH {
                let offset = line.at(middle) - speed * middle + shift as f32 * STEP;
                let moved = Line {
                    speed,
                    offset,
                    ..*line
                };
                let cost = cost(&moved);
                if cost < best.0 {
                    best = (cost, moved);
                }
            }
        }
        best.1
    }

    /// A code of the query as it is compared.
    fn oriented(&self, code: &Code) -> Code {
        if self.mirrored { code.mirrored() } else { *code }
    }

    /// The reference's code at a moment.
    fn code_at(&self, time: f32) -> Code {
        let f = &self.films.films[self.film];
        let i = (time * f.rate).round().max(0.0) as usize;
        self.films.code(f.first_code + i.min(f.codes.saturating_sub(1)))
    }

    /// Stills over all the film, with the codes of their moments: what is joined there as well proves nothing.
    fn controls(&self) -> Vec<(usize, Code)> {
        let f = &self.films.films[self.film];
        let count = CONTROLS.min(f.stills);
        let still = |i: usize| f.first_still + (2 * i + 1) * f.stills / (2 * count);
        (0..count)
            .map(|i| (still(i), self.code_at(self.films.time(still(i)))))
            .collect()
    }

    /// The stills of the film on both sides of a moment.
    fn stills_near(&self, time: f32) -> impl Iterator<Item = usize> + '_ {
        let f = &self.films.films[self.film];
        let (mut low, mut high) = (f.first_still, f.first_still + f.stills);
        let end = high;
        while low < high {
            let middle = (low + high) / 2;
            if self.films.time(middle) <= time {
                low = middle + 1
            } else {
                high = middle
            }
        }
        let before = low.checked_sub(1).filter(|&s| s >= f.first_still);
        let after = Some(low).filter(|&s| s < end);
        [before, after]
            .into_iter()
            .flatten()
            .filter(move |&s| (self.films.time(s) - time).abs() < 2.6)
    }

    fn seen(&self, mark: &Mark) -> Seen {
        Seen::of(mark, self.mirrored, self.query.shape[0])
    }

    /// The map that the most pairs of points along the line agree on.
    fn map_along(&self, line: &Line) -> Option<Affine> {
        let own = |s: &&Still| s.time >= line.start - 0.3 && s.time <= line.end + 0.3;
        let own: Vec<&Still> = self.query.stills.iter().filter(own).collect();
        let step = own.len().div_ceil(SAMPLED).max(1);
        let mut pairs: Vec<Pair> = Vec::new();
        for still in own.into_iter().step_by(step) {
            for at in self.stills_near(line.at(still.time)) {
                let spots: Vec<Spot> = self.films.spots(at).collect();
                for seen in still.marks.iter().map(|m| self.seen(m)) {
                    let likeness = spots
                        .iter()
                        .map(|s| (describe::distance(s.bits, seen.description.bits), s));
                    if let Some((distance, spot)) = likeness.min_by_key(|b| b.0)
                        && distance <= DESCRIPTION
                    {
                        pairs.push(seen.pair(spot.at, spot.scale));
                    }
                }
            }
        }
        geometry::agree(&pairs, 64)
            .map(|a| a.map)
            .filter(Affine::is_upright)
    }

    /// Places of the reference's still where the map joins points that look alike.
    fn join(&self, marks: &[(Seen, [f32; 2])], still: usize) -> Places {
        let spots: Vec<Spot> = self.films.spots(still).collect();
        let mut joined = Places::new();
        for (seen, [x, y]) in marks {
            let close = |s: &&Spot| (s.at[0] - x).abs() < NEAR && (s.at[1] - y).abs() < NEAR;
            let alike = |s: &Spot| describe::distance(s.bits, seen.description.bits) <= GUIDED;
            joined.extend(
                spots
                    .iter()
                    .filter(close)
                    .filter(|s| alike(s))
                    .map(|s| ((s.at[0] * 24.0) as u8, (s.at[1] * 24.0) as u8)),
            );
        }
        joined
    }

    /// What the map joins of a still at the moment that the line says, and at the controls. Nothing when there is nothing to compare.
    fn by_points(
        &self,
        line: &Line,
        map: &Affine,
        still: &Still,
        controls: &[(usize, Code)],
    ) -> Option<Joined> {
        let seen = still.marks.iter().map(|m| self.seen(m));
        let marks: Vec<(Seen, [f32; 2])> = seen.map(|s| (s, map.apply(s.at))).collect();
        let time = line.at(still.time);
        let here = self
            .stills_near(time)
            .map(|at| self.join(&marks, at))
            .max_by_key(Places::len)?;
        let code = self.code_at(time);
        let mut elsewhere = Vec::new();
        if here.len() as f32 >= JOINED {
            let other = controls
                .iter()
                .filter(|(_, c)| !code.is_none() && c.distance(&code) >= OTHER);
            elsewhere = other.take(4).map(|&(at, _)| self.join(&marks, at)).collect();
        }
        let usual = elsewhere.iter().map(Places::len).sum::<usize>() as f32 / elsewhere.len().max(1) as f32;
        let mut joined = Joined {
            surplus: here.len() as f32 - usual,
            scene: elsewhere.is_empty(),
            here,
            elsewhere,
        };
        // Where much of what can be seen is joined, what is joined at other moments too is a scene that stays, not a status bar.
        let (near, far) = (map.apply([0.0, 0.0]), map.apply(self.query.shape));
        let visible = |s: &Spot| (near[0]..far[0]).contains(&s.at[0]) && (near[1]..far[1]).contains(&s.at[1]);
        let at = self.stills_near(time).next()?;
        let visible = self.films.spots(at).filter(visible).count().min(marks.len());
        if joined.here.len() as f32 > SCENE * visible.max(8) as f32 {
            joined.elsewhere.clear();
            joined.surplus = joined.here.len() as f32;
            joined.scene = true;
        }
        Some(joined)
    }

    /// Distance of a moment's code from the best of the reference's around where the line says.
    fn by_code(&self, line: &Line, index: usize, controls: &[(usize, Code)]) -> Moment {
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
    fn said_by_codes(&self, line: &Line, agreeing: &[(f32, &Moment)]) -> f32 {
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

/// What a map joins of one still.
struct Joined {
    here: Places,
    elsewhere: Vec<Places>,
    surplus: f32,
    /// Is it the whole scene that is joined?
    scene: bool,
}

/// Do the codes of these moments say that they are of different pictures?
fn apart(agreeing: &[(f32, &Moment)]) -> bool {
    let codes: Vec<u32> = agreeing.iter().filter_map(|(_, m)| m.code).collect();
    codes.iter().sum::<u32>() > APART * codes.len() as u32
}

/// In how many places points are joined, less those where they are joined at other moments as well: a logo, a status bar.
fn said_by_points(joined: &[&Joined]) -> f32 {
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
fn best_run(moments: &[Moment]) -> Option<(usize, usize)> {
    let (mut best, mut sum, mut from) = ((0f32, 0, 0), 0f32, 0);
    for (n, moment) in moments.iter().enumerate() {
        let value = if moment.agrees() {
            1.0
        } else if moment.spoke {
            -0.4
        } else {
            -0.05
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
