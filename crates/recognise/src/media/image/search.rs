//! From a query's fingerprint to matches.

use super::print::{Print, TurnedCode};
use super::segment::Pictures;
use crate::Match;
use crate::visual::describe;
use crate::visual::geometry::{self, Affine, Pair, TOLERANCE};
use crate::visual::lists::DESCRIPTION;
use crate::visual::marks::{Seen, Spot};
use std::collections::BTreeMap;
use swordnet_core::{Span, Transform};

/// Bits in which the codes of a picture and of its copy may differ; strangers' differ in 64.
const CODE: u32 = 34;
/// The same for descriptions of points, where a map says where to look.
const GUIDED: u32 = 44;
/// As many bits less, and two points are surely alike.
const CLEAR: f32 = 16.0;
/// Descriptions compared for one point of the query at most, about.
const COMPARED: f32 = 400.0;
/// Evidence at which a match is as likely right as wrong.
const EVEN: f32 = 6.0;
/// Pictures whose points are looked at.
const LOOKED_AT: usize = 10;

/// What speaks for one picture.
#[derive(Default)]
struct Case {
    /// Distance of the codes, and which of the query's it was.
    code: Option<(u32, usize)>,
    points: f32,
    map: Option<(Affine, bool)>,
}

/// Matches of a query, best first.
pub fn search(pictures: &Pictures, query: &Print, silenced: &dyn Fn(usize) -> bool) -> Vec<Match> {
    let mut cases: BTreeMap<usize, Case> = BTreeMap::new();
    by_codes(pictures, query, &mut cases);
    for mirrored in [false, true] {
        by_points(pictures, query, mirrored, &mut cases);
    }
    let mut found: Vec<Match> = Vec::new();
    for (picture, case) in cases {
        if silenced(picture) {
            continue;
        }
        let codes = case.code.map_or(0.0, |(distance, n)| {
            (CODE - distance) as f32 * 0.4 * trust(pictures, query, &query.codes[n], picture)
        });
        let points = 0.8 * (case.points - 4.0).max(0.0);
        let score = 1.0 / (1.0 + (-(codes + points - EVEN) / 1.5).exp());
        if score < 0.02 {
            continue;
        }
        let (map, mirrored) = case.map.unzip();
        let mirrored = mirrored
            .or(case.code.map(|c| query.codes[c.1].mirrored))
            .unwrap_or(false);
        let rotation = map.map(|m| f64::from(m.rotation().round())).filter(|r| *r != 0.0);
        found.push(Match {
            reference: pictures.id(picture).clone(),
            score: f64::from(score),
            query: Span { start: 0.0, end: 1.0 },
            in_reference: Span { start: 0.0, end: 1.0 },
            transform: Transform {
                mirrored,
                rotation,
                ..Transform::default()
            },
        });
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

fn by_codes(pictures: &Pictures, query: &Print, cases: &mut BTreeMap<usize, Case>) {
    let mut items: Vec<u32> = Vec::new();
    for (n, turned) in query.codes.iter().enumerate() {
        pictures.lists.like_code(&turned.doubted, &mut items);
        for &item in &items {
            let Some((code, picture)) = pictures.code(item as usize) else {
                continue;
            };
            let distance = code.distance(&turned.doubted.code);
            if distance <= CODE {
                let case = cases.entry(picture).or_default();
                if case.code.is_none_or(|(d, _)| distance < d) {
                    case.code = Some((distance, n));
                }
            }
        }
    }
}

/// How far a code is to be believed. Simple pictures, a thing on a plain ground, have like codes: where both have points enough, some
/// of them must be in the same places.
fn trust(pictures: &Pictures, query: &Print, code: &TurnedCode, picture: usize) -> f32 {
    const ENOUGH: usize = 30;
    const PLAIN: f32 = 0.6;
    let spots: Vec<Spot> = pictures.spots(picture).collect();
    if !code.whole {
        return 1.0;
    }
    if query.marks.len() < ENOUGH || spots.len() < ENOUGH {
        return PLAIN;
    }
    let seen: Vec<Seen> = query
        .marks
        .iter()
        .map(|m| Seen::of(m, code.mirrored, query.shape[0]))
        .collect();
    let [w, h] = query.shape.map(|side| 1.0 / side.max(0.01));
    let [rw, rh] = pictures.shape(picture);
    // Turning and then mirroring is mirroring and then turning the other way.
    let map = match if code.mirrored {
        (4 - code.quarters) % 4
    } else {
        code.quarters
    } {
        0 => [rw * w, 0.0, 0.0, 0.0, rh * h, 0.0],
        1 => [0.0, -rw * h, rw, rh * w, 0.0, 0.0],
        2 => [-rw * w, 0.0, rw, 0.0, -rh * h, rh],
        _ => [0.0, rw * h, 0.0, -rh * w, 0.0, rh],
    };
    let joined = guided(&seen, &spots, &Affine(map));
    (0.35 + 0.2 * joined).min(1.2)
}

fn by_points(pictures: &Pictures, query: &Print, mirrored: bool, cases: &mut BTreeMap<usize, Case>) {
    let seen: Vec<Seen> = query
        .marks
        .iter()
        .map(|m| Seen::of(m, mirrored, query.shape[0]))
        .collect();
    let mut near: Vec<(usize, u32, Pair)> = Vec::new();
    for seen in &seen {
        let found = pictures
            .lists
            .like_point(&pictures.points, &seen.description, COMPARED, 16);
        for (distance, item) in found {
            let Some(spot) = pictures.points.get(item as usize) else {
                continue;
            };
            near.push((pictures.picture_of(item as usize), distance, seen.pair(&spot)));
        }
    }
    near.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut groups: Vec<&[(usize, u32, Pair)]> = near
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|g| g.len() >= 3)
        .collect();
    let weight = |g: &[(usize, u32, Pair)]| g.iter().map(|n| DESCRIPTION + 8 - n.1).sum::<u32>();
    groups.sort_by_key(|g| std::cmp::Reverse(weight(g)));
    groups.truncate(LOOKED_AT);
    for group in groups {
        let picture = group[0].0;
        let pairs: Vec<Pair> = group.iter().map(|g| g.2).collect();
        let Some(agreement) = geometry::agree(&pairs, 48) else {
            continue;
        };
        let spots: Vec<Spot> = pictures.spots(picture).collect();
        let points = guided(&seen, &spots, &agreement.map);
        let case = cases.entry(picture).or_default();
        if points > case.points {
            case.points = points;
            case.map = Some((agreement.map, mirrored));
        }
    }
}

/// How many points the map joins with ones that look alike, each place counted once on both sides, and the less the less alike.
fn guided(seen: &[Seen], spots: &[Spot], map: &Affine) -> f32 {
    let cell = |p: [f32; 2]| ((p[0] * 48.0) as i32, (p[1] * 48.0) as i32);
    let rarity = rarity(spots);
    let (mut from, mut to) = (BTreeMap::new(), BTreeMap::new());
    for seen in seen {
        let place = map.apply(seen.at);
        let close =
            |s: &Spot| (s.at[0] - place[0]).abs() < TOLERANCE && (s.at[1] - place[1]).abs() < TOLERANCE;
        let nearest = spots
            .iter()
            .zip(&rarity)
            .filter(|(s, _)| close(s))
            .map(|(s, rare)| (describe::distance(s.bits, seen.description.bits), s, rare))
            .filter(|(d, s, _)| *d <= GUIDED && geometry::agrees(map, &seen.pair(s), 2.0 * TOLERANCE))
            .min_by_key(|b| b.0);
        if let Some((distance, spot, rare)) = nearest {
            let likeness = rare * ((GUIDED - distance) as f32 / CLEAR).min(1.0);
            for (cells, place) in [(&mut from, cell(seen.at)), (&mut to, cell(spot.at))] {
                let held: &mut f32 = cells.entry(place).or_insert(0.0);
                *held = held.max(likeness);
            }
        }
    }
    let sum = |cells: &BTreeMap<_, f32>| cells.values().sum::<f32>();
    sum(&from).min(sum(&to))
}

/// How little each point is repeated in its own picture, 0..1. The windows of a street all look alike, and any grid of them fits any other:
/// m alike count as the root of m (burstiness: Jégou, Douze, Schmid, "On the burstiness of visual elements", CVPR 2009).
fn rarity(spots: &[Spot]) -> Vec<f32> {
    spots
        .iter()
        .map(|s| {
            let alike = spots
                .iter()
                .filter(|o| describe::distance(o.bits, s.bits) <= DESCRIPTION)
                .count();
            1.0 / (alike.max(1) as f32).sqrt()
        })
        .collect()
}
