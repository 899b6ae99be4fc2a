//! From a query's fingerprint to matches.

use super::print::{Print, TurnedCode};
use super::segment::Pictures;
use crate::Match;
use crate::visual::describe;
use crate::visual::geometry::{self, Affine, Pair, TOLERANCE};
use crate::visual::marks::{Seen, Spot};
use crate::visual::spots::DESCRIPTION;
use std::collections::{BTreeMap, HashSet};
use swordnet_core::{ReferenceId, Span, Transform};

/// Bits in which the codes of a picture and of its copy may differ; strangers' differ in 64.
const CODE: u32 = 34;
/// The same for descriptions of points, where a map says where to look.
const GUIDED: u32 = 44;
/// As many bits less, and two points are surely alike.
const CLEAR: f32 = 16.0;
/// Descriptions compared for one point of the query at most, about, in all segments.
const COMPARED: f32 = 2000.0;
/// Evidence at which a match is as likely right as wrong.
const EVEN: f32 = 12.0;
/// What multiplies the odds by e. Both as `bench/calibrate.py` fitted them to 300 copies and 300 strangers of seed 71.
const ODDS: f32 = 3.0;
/// Points that one of the query's may be like.
const ALIKE: usize = 16;
/// Pictures with like codes that are looked at: in a large index chance brings more.
const NEAREST: usize = 24;
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

/// A picture: its segment, and its number there.
type Known = (usize, usize);

/// Codes compared for one of the query's at most, about, in all segments.
const CODES: f32 = 4_000.0;

/// A segment and its share of all that is indexed, which is its share of the work.
struct Part<'a> {
    pictures: &'a Pictures,
    share: f32,
}

/// Matches of a query in some segments, best first. They are searched as one: a query costs about the same however many they are.
pub fn search(segments: &[&Pictures], query: &Print, removed: &HashSet<ReferenceId>) -> Vec<Match> {
    let all: usize = segments.iter().map(|pictures| pictures.points.len()).sum();
    let parts: Vec<Part<'_>> = segments
        .iter()
        .map(|pictures| Part {
            pictures,
            share: pictures.points.len() as f32 / all.max(1) as f32,
        })
        .collect();
    let mut cases: BTreeMap<Known, Case> = BTreeMap::new();
    by_codes(&parts, query, &mut cases);
    for mirrored in [false, true] {
        by_points(&parts, query, mirrored, &mut cases);
    }
    let mut found: Vec<Match> = Vec::new();
    for ((segment, picture), case) in cases {
        let pictures = segments[segment];
        if removed.contains(pictures.id(picture)) {
            continue;
        }
        let codes = case.code.map_or(0.0, |(distance, n)| {
            (CODE - distance) as f32 * 0.4 * trust(pictures, query, &query.codes[n], picture)
        });
        let points = 0.8 * (case.points - 4.0).max(0.0);
        let score = 1.0 / (1.0 + (-(codes + points - EVEN) / ODDS).exp());
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

/// The pictures whose codes are nearest, each by its nearest.
fn by_codes(parts: &[Part<'_>], query: &Print, cases: &mut BTreeMap<Known, Case>) {
    let mut near: Vec<(u32, Known, usize)> = Vec::new();
    for (n, turned) in query.codes.iter().enumerate() {
        for (segment, Part { pictures, share }) in parts.iter().enumerate() {
            let code = |item| pictures.code(item).map(|c| c.0);
            let found = pictures
                .lists
                .like_code(&turned.doubted, CODE, share * CODES, code);
            let own = found.into_iter().filter_map(|(distance, item)| {
                let (_, picture) = pictures.code(item as usize)?;
                Some((distance, (segment, picture), n))
            });
            near.extend(own);
        }
    }
    near.sort_unstable();
    for (distance, known, n) in near {
        if cases.len() == NEAREST {
            break;
        }
        cases.entry(known).or_insert(Case {
            code: Some((distance, n)),
            ..Case::default()
        });
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

fn by_points(parts: &[Part<'_>], query: &Print, mirrored: bool, cases: &mut BTreeMap<Known, Case>) {
    let seen: Vec<Seen> = query
        .marks
        .iter()
        .map(|m| Seen::of(m, mirrored, query.shape[0]))
        .collect();
    let mut near: Vec<(Known, u32, Pair)> = Vec::new();
    for seen in &seen {
        let mut alike: Vec<(u32, usize, u32)> = Vec::new();
        for (segment, Part { pictures, share }) in parts.iter().enumerate() {
            let found = pictures.points.like(&seen.description, share * COMPARED, ALIKE);
            alike.extend(
                found
                    .into_iter()
                    .map(|(distance, item)| (distance, segment, item)),
            );
        }
        alike.sort_unstable();
        for &(distance, segment, item) in alike.iter().take(ALIKE) {
            let pictures = parts[segment].pictures;
            let picture = pictures.points.owner(item as usize);
            if let Some(spot) = pictures
                .points
                .get(item as usize)
                .filter(|_| picture < pictures.len())
            {
                near.push(((segment, picture), distance, seen.pair(&spot)));
            }
        }
    }
    near.sort_by_key(|n| (n.0, n.1));
    let mut groups: Vec<&[(Known, u32, Pair)]> = near
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|g| g.len() >= 3)
        .collect();
    let weight = |g: &[(Known, u32, Pair)]| g.iter().map(|n| DESCRIPTION + 8 - n.1).sum::<u32>();
    groups.sort_by_key(|g| std::cmp::Reverse(weight(g)));
    groups.truncate(LOOKED_AT);
    for group in groups {
        let (segment, picture) = group[0].0;
        let pairs: Vec<Pair> = group.iter().map(|g| g.2).collect();
        let Some(agreement) = geometry::agree(&pairs, 48) else {
            continue;
        };
        let spots: Vec<Spot> = parts[segment].pictures.spots(picture).collect();
        let points = guided(&seen, &spots, &agreement.map);
        let case = cases.entry((segment, picture)).or_default();
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
