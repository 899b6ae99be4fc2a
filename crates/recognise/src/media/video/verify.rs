//! Is a line a copy? One map between the pictures must hold along it, frames must agree one by one, and what agrees must be many
//! different things: a status bar seen a hundred times is one thing.

use super::align::{self, Hit, Line};
use super::print::{Print, Still};
use super::search::{CODE, DESCRIPTION, Seen};
use super::segment::{Films, Spot};
use crate::Match;
use crate::visual::code::Code;
use crate::visual::describe;
use crate::visual::geometry::{self, Affine, Pair};
use std::collections::HashSet;
use swordnet_core::{Span, Transform};

/// Seconds beyond a line's first and last hits in which it is followed.
const BEYOND: f32 = 15.0;
/// Stills that the map is found from.
const SAMPLED: usize = 24;
/// How near a point must lie to where the map puts it.
const NEAR: f32 = 0.03;
/// Bits in which descriptions of points that the map joins may differ.
const GUIDED: u32 = 42;

/// What a moment of the query says of the line.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    /// Could it have said anything?
    spoke: bool,
    /// Distance of the codes.
    code: Option<u32>,
    /// Points that the map joins.
    points: usize,
    /// Which moment of the reference fits best.
    fits: f32,
}

impl Moment {
    fn agrees(&self) -> bool {
        self.points >= 2 || self.code.is_some_and(|d| d <= CODE)
    }
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

/// The match along a line, if there is one.
pub fn verify(films: &Films, film: usize, query: &Print, mirrored: bool, line: &Line) -> Option<Match> {
    let map = map_along(films, film, query, mirrored, line);
    let length = query.length() as f32;
    let (from, until) = ((line.start - BEYOND).max(0.0), (line.end + BEYOND).min(length));
    let (first, last) = ((from * query.rate) as usize, ((until * query.rate).ceil() as usize).min(query.codes.len()));
    let mut moments = vec![Moment::default(); last.saturating_sub(first)];
    let mut places: Vec<(f32, (u8, u8))> = Vec::new();
    for (n, moment) in moments.iter_mut().enumerate() {
        *moment = by_code(films, film, query, mirrored, line, first + n);
    }
    if let Some(map) = &map {
        for still in query.stills.iter().filter(|s| s.time >= from && s.time <= until) {
            let points = by_points(films, film, query, mirrored, line, map, still, &mut places);
            // A still speaks for the moments until the next one.
            let n = ((still.time * query.rate).round() as usize).saturating_sub(first);
            let reach = (query.rate * 0.5) as usize;
            for moment in moments.iter_mut().skip(n).take(reach.max(1)) {
                moment.spoke |= points.is_some();
                moment.points = points.unwrap_or(0);
            }
        }
    }
    let (start, end) = best_run(&moments)?;
    let agreeing: Vec<(f32, &Moment)> = (start..end)
        .map(|n| ((first + n) as f32 / query.rate, &moments[n]))
        .filter(|(_, m)| m.agrees())
        .collect();
    let (start, end) = ((first + start) as f32 / query.rate, (first + end) as f32 / query.rate);
    let evidence = evidence(films, film, line, &agreeing, places.iter().filter(|p| p.0 >= start && p.0 <= end).map(|p| p.1));
    let score = 1.0 / (1.0 + (-(evidence - 16.0) / 4.0).exp());
    if score < 0.02 {
        return None;
    }
    let exact: Vec<Hit> = agreeing
        .iter()
        .filter(|(_, m)| m.code.is_some_and(|d| d <= CODE))
        .map(|&(query, m)| Hit { query, reference: m.fits, weight: 1.0 })
        .collect();
    let line = if exact.len() >= 6 { align::fit(&exact, line.speed).unwrap_or(*line) } else { *line };
    let film_length = films.films[film].codes as f32 / films.films[film].rate;
    let at = |t: f32| f64::from(line.at(t).clamp(0.0, film_length));
    let transform = Transform {
        mirrored,
        speed: ((line.speed - 1.0).abs() > 0.015).then_some(f64::from((line.speed * 100.0).round() / 100.0)),
        ..Transform::default()
    };
    Some(Match {
        reference: films.id(film).clone(),
        score: f64::from(score),
        query: Span { start: f64::from(start), end: f64::from(end) },
        in_reference: Span { start: at(start), end: at(end) },
        transform,
    })
}

/// The stills of a film on both sides of a moment.
fn stills_near(films: &Films, film: usize, time: f32) -> impl Iterator<Item = usize> + '_ {
    let f = &films.films[film];
    let (mut low, mut high) = (f.first_still, f.first_still + f.stills);
    let end = high;
    while low < high {
        let middle = (low + high) / 2;
        if films.time(middle) <= time { low = middle + 1 } else { high = middle }
    }
    let before = low.checked_sub(1).filter(|&s| s >= f.first_still);
    let after = Some(low).filter(|&s| s < end);
    [before, after].into_iter().flatten().filter(move |&s| (films.time(s) - time).abs() < 2.6)
}

/// The map that the most pairs of points along the line agree on.
fn map_along(films: &Films, film: usize, query: &Print, mirrored: bool, line: &Line) -> Option<Affine> {
    let own: Vec<&Still> = query.stills.iter().filter(|s| s.time >= line.start - 0.3 && s.time <= line.end + 0.3).collect();
    let step = own.len().div_ceil(SAMPLED).max(1);
    let mut pairs: Vec<Pair> = Vec::new();
    for still in own.into_iter().step_by(step) {
        for at in stills_near(films, film, line.at(still.time)) {
            let spots: Vec<Spot> = films.spots(at).collect();
            for mark in &still.marks {
                let seen = Seen::of(mark, mirrored, query.shape[0]);
                let best = spots.iter().map(|s| (describe::distance(s.bits, seen.description.bits), s)).min_by_key(|b| b.0);
                if let Some((distance, spot)) = best
                    && distance <= DESCRIPTION
                {
                    pairs.push(seen.pair(spot.at, spot.scale));
                }
            }
        }
    }
    geometry::agree(&pairs, 64).map(|a| a.map)
}

/// How many of a still's points the map joins with points of the reference at the moment that the line says.
/// Nothing when there is nothing to compare with.
#[allow(clippy::too_many_arguments)]
fn by_points(
    films: &Films,
    film: usize,
    query: &Print,
    mirrored: bool,
    line: &Line,
    map: &Affine,
    still: &Still,
    places: &mut Vec<(f32, (u8, u8))>,
) -> Option<usize> {
    let mut best: Option<(usize, Vec<(u8, u8)>)> = None;
    for at in stills_near(films, film, line.at(still.time)) {
        let spots: Vec<Spot> = films.spots(at).collect();
        let mut joined: HashSet<(u8, u8)> = HashSet::new();
        for mark in &still.marks {
            let seen = Seen::of(mark, mirrored, query.shape[0]);
            let [x, y] = map.apply(seen.at);
            let close = |s: &&Spot| (s.at[0] - x).abs() < NEAR && (s.at[1] - y).abs() < NEAR;
            let nearest = spots.iter().filter(close).map(|s| (describe::distance(s.bits, seen.description.bits), s.at)).min_by_key(|b| b.0);
            if let Some((distance, at)) = nearest
                && distance <= GUIDED
            {
                joined.insert(((at[0] * 24.0) as u8, (at[1] * 24.0) as u8));
            }
        }
        if best.as_ref().is_none_or(|b| joined.len() > b.0) {
            best = Some((joined.len(), joined.into_iter().collect()));
        }
    }
    let (count, cells) = best?;
    if count >= 2 {
        places.extend(cells.into_iter().map(|c| (still.time, c)));
    }
    Some(count)
}

/// Distance of a moment's code from the best of the reference's around where the line says.
fn by_code(films: &Films, film: usize, query: &Print, mirrored: bool, line: &Line, index: usize) -> Moment {
    let time = index as f32 / query.rate;
    let f = &films.films[film];
    let expected = line.at(time);
    let mut moment = Moment { fits: expected, ..Moment::default() };
    let reach = (0.4 * f.rate).ceil() as isize;
    let middle = (expected * f.rate).round() as isize;
    for doubted in &query.codes[index] {
        let code = if mirrored { doubted.code.mirrored() } else { doubted.code };
        for i in middle - reach..=middle + reach {
            let Ok(i) = usize::try_from(i) else { continue };
            if i >= f.codes {
                break;
            }
            let other = films.code(f.first_code + i);
            if other.is_none() {
                continue;
            }
            moment.spoke = true;
            let distance = other.distance(&code);
            let at = i as f32 / f.rate;
            let better = |d: u32| distance < d || (distance == d && (at - expected).abs() < (moment.fits - expected).abs());
            if moment.code.is_none_or(better) {
                moment.code = Some(distance);
                moment.fits = at;
            }
        }
    }
    moment
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

/// What the agreeing moments say together, in nats, about.
fn evidence(films: &Films, film: usize, line: &Line, agreeing: &[(f32, &Moment)], places: impl Iterator<Item = (u8, u8)>) -> f32 {
    let f = &films.films[film];
    // Codes: each different picture of the reference speaks once.
    let mut seen: Vec<Code> = Vec::new();
    let mut said = 0f32;
    for (time, moment) in agreeing {
        let Some(distance) = moment.code.filter(|&d| d <= CODE) else { continue };
        let at = if moment.fits.is_finite() { moment.fits } else { line.at(*time) };
        let code = films.code(f.first_code + ((at * f.rate).round().max(0.0) as usize).min(f.codes.saturating_sub(1)));
        if seen.iter().all(|s| s.distance(&code) > 24) {
            if seen.len() < 64 {
                seen.push(code);
            }
            said += (CODE + 2 - distance) as f32 * 0.22;
        }
    }
    let cells: HashSet<(u8, u8)> = places.collect();
    said + 1.2 * (cells.len() as f32 - 4.0).max(0.0)
}
