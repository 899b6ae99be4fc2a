//! Is a line a copy? One map between the pictures must hold along it, and frames must agree one by one.

use super::align::{self, Hit, Line};
use super::evidence::{self, Joined, Moment};
use super::print::{Print, Still};
use super::search::{self, CODE};
use super::segment::Films;
use crate::Match;
use crate::visual::code::Code;
use crate::visual::describe;
use crate::visual::geometry::{self, Affine, Agreement, Pair};
use crate::visual::marks::{Mark, Seen, Spot};
use crate::visual::spots::DESCRIPTION;
use std::collections::HashSet;
use swordnet_core::{Span, Transform};

/// Seconds beyond a line's first and last hits in which it is followed.
const BEYOND: f32 = 15.0;
/// What a moment without a code costs a span, in moments that agree, where every moment was looked at.
const SILENCE: f32 = 0.05;
/// Stills that the map is found from.
const SAMPLED: usize = 48;
/// Pairs of points that it is found from, those that are most alike, and how many of them propose one.
const PAIRS: (usize, usize) = (600, 64);
/// Pairs that must agree on a map for other moments to be tried with it.
const AGREED: usize = 26;
/// Seconds by which other moments may lie away from a line.
const AWAY: f32 = 4.0;
/// Points that are joined at the right moment and not at most around it.
const MORE: usize = 3;
/// A score at which nothing else is tried.
const SURE: f64 = 0.99;
/// Evidence at which a match counts, and what multiplies the odds by e: a logistic regression (Platt, "Probabilistic outputs for support vector
/// machines", 1999) over 423 copies, thirteen sets of films with 38 kinds of edit, and 493 strangers, most of them other rounds of the games in the register, where one
/// file in twenty holds a copy. It puts even odds at 17.2 and a factor of e at 2.2; the likest stranger has 15.2, the next 12.5.
const EVEN: f32 = 15.5;
/// See `EVEN`.
const ODDS: f32 = 3.0;
/// What points say beyond doubt.
const PLAIN: f32 = 100.0;
/// Share of what codes say that stays, whatever speaks against the points.
const ALONE: f32 = 0.75;
/// Scores below this are not worth telling.
pub const LEAST: f64 = 0.02;

/// A verified span.
pub struct Verified {
    /// Was the query taken mirrored?
    pub mirrored: bool,
    /// The match.
    pub found: Match,
    /// How well it fits in all, to choose between lines that claim the same span.
    pub fit: f32,
    /// What its score is made from.
    pub evidence: f32,
}

/// The probability that a match is right.
pub fn score(evidence: f32) -> f64 {
    f64::from(1.0 / (1.0 + (-(evidence - EVEN) / ODDS).exp()))
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

/// A point with the one of a still that is most like it, if it is like it, and in how many bits they differ.
pub fn nearest(seen: &Seen, spots: &[Spot]) -> Option<(u32, Pair)> {
    let likeness = spots
        .iter()
        .map(|spot| (describe::distance(spot.bits, seen.description.bits), spot));
    let (distance, spot) = likeness.min_by_key(|likeness| likeness.0)?;
    (distance <= DESCRIPTION).then(|| (distance, seen.pair(spot)))
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

impl Trial<'_> {
    /// The match along a line, if there is one.
    pub fn verify(&self, line: &Line) -> Option<Verified> {
        let line = self.settle(line);
        let map = self.map_along(&line);
        let found = self.follow(&line, map.as_ref().map(|map| &map.map));
        if !self.query.is_sparse()
            && found.as_ref().is_none_or(|found| found.found.score < SURE)
            && let Some(map) = map.filter(|map| map.pairs.len() >= AGREED)
            && let Some(line) = self.retimed(&line, &map.map)
        {
            let map = self.map_along(&line).unwrap_or(map);
            let again = self.follow(&line, Some(&map.map));
            return found
                .into_iter()
                .chain(again)
                .max_by(|a, b| a.evidence.total_cmp(&b.evidence));
        }
        found
    }

    /// The match along a line in which a map holds, if there is one.
    fn follow(&self, line: &Line, map: Option<&Affine>) -> Option<Verified> {
        let (films, query) = (self.films, self.query);
        let length = query.length() as f32;
        let beyond = BEYOND.max(2.0 * query.spacing());
        let (from, until) = ((line.start - beyond).max(0.0), (line.end + beyond).min(length));
        let first = (from * query.rate) as usize;
        let last = ((until * query.rate).ceil() as usize).min(query.codes.len());
        let controls = self.controls();
        let mut moments: Vec<Moment> = (first..last)
            .map(|index| self.by_code(line, index, &controls))
            .collect();
        let mut joined: Vec<(&Still, Joined)> = Vec::new();
        if let Some(map) = map {
            // Codes that are far say nothing of a part of the picture.
            moments
                .iter_mut()
                .for_each(|moment| moment.spoke = moment.code_agrees());
            for still in query.stills.iter().filter(|s| s.time >= from && s.time <= until) {
                let Some(found) = self.by_points(line, map, still, &controls) else {
                    continue;
                };
                // A still speaks for the moments until the next one.
                let n = ((still.time * query.rate).round() as usize).saturating_sub(first);
                let reach = ((query.rate * 0.5) as usize).max(1);
                for moment in moments.iter_mut().skip(n).take(reach) {
                    moment.spoke |= found.at_once || found.agrees();
                    moment.points = moment.points.max(found.surplus);
                }
                joined.push((still, found));
            }
        }
        let (start, end) = evidence::best_run(&moments, SILENCE / (query.spacing() * query.rate))?;
        let at = |n: usize| (first + n) as f32 / query.rate;
        let agreeing: Vec<(f32, &Moment)> = (start..end)
            .map(|n| (at(n), &moments[n]))
            .filter(|(_, m)| m.agrees())
            .collect();
        let (start, end) = (at(start), at(end));
        let said = self.said_by_codes(line, &agreeing);
        joined.retain(|(still, _)| still.time >= start && still.time <= end);
        let own: Vec<(&Still, &Joined)> = joined
            .iter()
            .filter(|(_, joined)| joined.agrees())
            .map(|(still, joined)| (*still, joined))
            .collect();
        let by_points = evidence::said_by_points(&own);
        let mut evidence = said + by_points;
        // Of key frames too few agree to tell; what they leave open is looked at closely.
        if let Some(map) = map
            && !query.is_sparse()
            && score(evidence) >= LEAST
            && by_points < PLAIN
        {
            evidence = (evidence - self.against(line, map, &joined)).max(ALONE * said);
        }
        let score = score(evidence);
        if score < LEAST {
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
        // A key frame stands for what is around it.
        let margin = if query.is_sparse() {
            query.spacing() / 2.0
        } else {
            0.0
        };
        let (start, end) = ((start - margin).max(0.0), end + margin);
        let at = |t: f32| f64::from(line.at(t).clamp(0.0, film.codes as f32 / film.rate));
        let (picture, crop) = map.map_or((None, None), |map| self.frames(map));
        let transform = Transform {
            mirrored: self.mirrored,
            picture,
            crop,
            speed: (!line.is_plain()).then_some(f64::from((line.speed * 100.0).round() / 100.0)),
            ..Transform::default()
        };
        let found = Match {
            reference: films.id(self.film).clone(),
            score,
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
            mirrored: self.mirrored,
            found,
            fit,
            evidence,
        })
    }

    /// Which part of the copy's frame shows the work, and which part of the work's frame the copy shows, where it is not all of it.
    fn frames(&self, map: &Affine) -> (Option<[f64; 4]>, Option<[f64; 4]>) {
        let work = self.films.films[self.film].shape;
        let [near, far] = self.shown(map);
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
        // What the codes say that are near: a line may go on where the copy does not.
        let said = |line: &Line| {
            let nearest = |(time, codes): &(f32, Vec<Code>)| {
                let other = self.code_at(line.at(*time));
                let near = codes.iter().map(|c| c.distance(&other)).min();
                near.filter(|_| !other.is_none())
                    .map_or(0, |d| (CODE + 2).saturating_sub(d))
            };
            samples.iter().map(nearest).sum::<u32>() as f32 / samples.len() as f32
        };
        let mut best = (said(line) + 0.5, *line);
        for speed in [line.speed, 1.0] {
            for shift in -REACH..=REACH {
                let offset = line.at(middle) - speed * middle + shift as f32 * STEP;
                let moved = Line {
                    speed,
                    offset,
                    ..*line
                };
                let said = said(&moved);
                if said > best.0 {
                    best = (said, moved);
                }
            }
        }
        best.1
    }

    /// A code of the query as it is compared.
    pub fn oriented(&self, code: &Code) -> Code {
        if self.mirrored { code.mirrored() } else { *code }
    }

    /// The reference's code at a moment.
    pub fn code_at(&self, time: f32) -> Code {
        let f = &self.films.films[self.film];
        let i = (time * f.rate).round().max(0.0) as usize;
        self.films.code(f.first_code + i.min(f.codes.saturating_sub(1)))
    }

    /// The first still of the film after a moment; the film's end if there is none.
    fn still_after(&self, time: f32) -> usize {
        let film = &self.films.films[self.film];
        let (mut low, mut high) = (film.first_still, film.first_still + film.stills);
        while low < high {
            let middle = (low + high) / 2;
            if self.films.time(middle) <= time {
                low = middle + 1
            } else {
                high = middle
            }
        }
        low
    }

    /// The stills of the film on both sides of a moment.
    pub fn stills_near(&self, time: f32) -> impl Iterator<Item = usize> + '_ {
        let film = &self.films.films[self.film];
        let after = self.still_after(time);
        let both =
            after.saturating_sub(1).max(film.first_still)..(after + 1).min(film.first_still + film.stills);
        both.filter(move |&still| (self.films.time(still) - time).abs() < 2.6)
    }

    /// A mark as it is compared.
    pub fn seen(&self, mark: &Mark) -> Seen {
        Seen::of(mark, self.mirrored, self.query.shape[0])
    }

    /// Stills of the query along a line and so many seconds beyond it, evenly taken.
    fn sampled(&self, line: &Line, beyond: f32) -> impl Iterator<Item = &Still> {
        let own = |s: &&Still| s.time >= line.start - beyond && s.time <= line.end + beyond;
        let own: Vec<&Still> = self.query.stills.iter().filter(own).collect();
        let step = own.len().div_ceil(SAMPLED).max(1);
        own.into_iter().step_by(step)
    }

    /// The line through the moments at which a map joins more than it does around them. Where the picture rushes few stills resemble one
    /// another, and a line through them goes astray; the map that it gives is near the right one all the same.
    fn retimed(&self, line: &Line, map: &Affine) -> Option<Line> {
        let mut hits = Vec::new();
        for still in self.sampled(line, AWAY) {
            let (placed, time) = (self.placed(still, map), line.at(still.time));
            let around = self.still_after(time - AWAY)..self.still_after(time + AWAY);
            let joined: Vec<(usize, usize)> = around.map(|at| (self.join(&placed, at).len(), at)).collect();
            let mut counts: Vec<usize> = joined.iter().map(|joined| joined.0).collect();
            counts.sort_unstable();
            let usual = counts.get(counts.len() / 2).copied().unwrap_or_default();
            let more = joined.into_iter().filter(|joined| joined.0 >= usual + MORE);
            hits.extend(more.map(|(count, at)| Hit {
                query: still.time,
                reference: self.films.time(at),
                weight: ((count - usual) as f32 - 2.0).min(6.0),
            }));
        }
        align::lines(&hits, 1, search::GAP.0).pop()
    }

    /// The map that the most pairs of points along the line agree on.
    fn map_along(&self, line: &Line) -> Option<Agreement> {
        let mut pairs: Vec<(u32, Pair)> = Vec::new();
        for still in self.sampled(line, 0.3) {
            for at in self.stills_near(line.at(still.time)) {
                let spots: Vec<Spot> = self.films.spots(at).collect();
                let seen = still.marks.iter().map(|m| self.seen(m));
                pairs.extend(seen.filter_map(|seen| nearest(&seen, &spots)));
            }
        }
        pairs.sort_by_key(|pair| pair.0);
        let pairs: Vec<Pair> = pairs.into_iter().take(PAIRS.0).map(|pair| pair.1).collect();
        geometry::agree_from(&pairs, pairs.iter().take(PAIRS.1)).filter(|agreed| agreed.map.is_upright())
    }
}
