//! From the points of a query's stills to hits: stills of references whose points lie as they do.

use super::align::Hit;
use super::print::{Print, Still};
use super::search::{self, Hits, Part, RESEMBLED};
use super::verify::{self, Trial};
use super::votes::{self, Vote};
use crate::visual::geometry::{self, Agreement, Pair};
use crate::visual::marks::{Seen, Spot};
use crate::visual::probes;
use crate::visual::spots::Spots;

/// Descriptions compared for one point of the query at most, about, in all segments: sets how many words are visited.
const COMPARED: usize = 1500;
/// Points of the references that one point of the query may be like.
const ALIKE: usize = 32;
/// One still in so many is looked up.
const FIRST: usize = 3;
/// Points of those that are looked up, the strongest: four in five of those that a reference has, too, are among them.
const STRONGEST: usize = 56;
/// Lines along which stills are compared, at most.
const FOLLOWED: usize = 8;
/// Seconds beyond a line's hits within which they are.
const AROUND: f32 = 15.0;
/// Different points that one map must join for a still to resemble another.
const JOINED: usize = 4;

/// A query as it is looked up: as it is, or mirrored.
struct Search<'a> {
    parts: &'a [Part<'a>],
    points: Vec<&'a Spots<{ super::segment::POINT }>>,
    query: &'a Print,
    mirrored: bool,
}

/// Adds the hits of the query's stills. Looking a point up is dear, comparing two is not: one still in some is looked up among all that is indexed, and
/// then all are compared with the few of the films that hits and votes point to.
pub fn hits(parts: &[Part<'_>], query: &Print, mirrored: bool, hits: &mut Hits) {
    let search = Search {
        parts,
        points: parts.iter().map(|part| &part.films.points).collect(),
        query,
        mirrored,
    };
    let first = if query.is_sparse() { 1 } else { FIRST };
    let mut votes = Vec::new();
    for n in (0..query.stills.len()).step_by(first) {
        search.look_up(n, hits, &mut votes);
    }
    for place in votes::likeliest(&mut votes) {
        search.compare(&votes::pairs(place), hits);
    }
    search.compare(&search.along(hits), hits);
}

/// A point of the query that is like one of a reference: of which segment and still, in how many bits they differ, and the pair.
type Near = (usize, usize, u32, Pair);

impl Search<'_> {
    /// The strongest points of the query's still `n`, as they are compared.
    fn seen<'s>(&'s self, still: &'s Still, strongest: usize) -> impl Iterator<Item = Seen> + 's {
        let marks = still.marks.iter().take(strongest);
        marks.map(|mark| Seen::of(mark, self.mirrored, self.query.shape[0]))
    }

    /// Adds what is found by one still's points, and what each of them says by itself.
    fn look_up(&self, n: usize, hits: &mut Hits, votes: &mut Vec<Vote>) {
        let still = &self.query.stills[n];
        let mut near: Vec<Near> = Vec::new();
        for seen in self.seen(still, STRONGEST) {
            for (distance, segment, item) in probes::like(&self.points, &seen.description, COMPARED, ALIKE) {
                let films = self.parts[segment].films;
                let Some(spot) = films.points.get(item as usize) else {
                    continue;
                };
                let at = films.points.owner(item as usize);
                near.push((segment, at, distance, seen.pair(&spot)));
                votes.extend(Vote::of(films, (segment, at), (n, seen.at), distance));
            }
        }
        near.sort_by_key(|n| (n.0, n.1, n.2));
        let mut groups: Vec<&[Near]> = near
            .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
            .filter(|g| g.len() >= 3)
            .collect();
        groups.sort_by_key(|g| std::cmp::Reverse(g.len()));
        groups.truncate(RESEMBLED);
        let mut agreed: Vec<(usize, usize, f32)> = Vec::new();
        for group in groups {
            let pairs: Vec<Pair> = group.iter().map(|g| g.3).collect();
            if let Some((_, weight)) = joined(&pairs) {
                agreed.push((group[0].0, group[0].1, weight));
            }
        }
        let share = share_among(agreed.len());
        for (segment, at, weight) in agreed {
            self.add((segment, at), still.time, weight * share, hits);
        }
    }

    /// The query's stills, each with those of films that lie where the strongest lines through the hits so far say: pairs as [`votes::pairs`] tells them.
    fn along(&self, hits: &Hits) -> Vec<(usize, usize, usize)> {
        let mut pairs = Vec::new();
        for (segment, film, mirrored, line) in search::strongest(self.query, hits, FOLLOWED) {
            let trial = Trial {
                films: self.parts[segment].films,
                film,
                query: self.query,
                mirrored,
            };
            for (n, still) in self.query.stills.iter().enumerate() {
                if still.time >= line.start - AROUND && still.time <= line.end + AROUND {
                    let stills = trial.stills_near(line.at(still.time));
                    pairs.extend(stills.map(|at| (n, segment, at)));
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Compares all points of pairs of stills: the query's, segment, the reference's. Adds what agrees.
    fn compare(&self, pairs: &[(usize, usize, usize)], hits: &mut Hits) {
        for &(n, segment, at) in pairs {
            let still = &self.query.stills[n];
            let spots: Vec<Spot> = self.parts[segment].films.spots(at).collect();
            let seen = self.seen(still, usize::MAX);
            let pairs: Vec<Pair> = seen
                .filter_map(|seen| verify::nearest(&seen, &spots))
                .map(|near| near.1)
                .collect();
            if let Some((agreement, weight)) = joined(&pairs)
                && agreement.map.is_upright()
            {
                self.add((segment, at), still.time, weight * share_among(1), hits);
            }
        }
    }

    /// Adds a hit.
    fn add(&self, (segment, at): (usize, usize), query: f32, weight: f32, hits: &mut Hits) {
        let films = self.parts[segment].films;
        let film = films.film_of_still(at);
        if film < films.films.len() {
            let hit = Hit {
                query,
                reference: films.time(at),
                weight,
            };
            hits.entry((segment, film, self.mirrored)).or_default().push(hit);
        }
    }
}

/// What the map says that joins the most pairs, where it joins enough different points.
fn joined(pairs: &[Pair]) -> Option<(Agreement, f32)> {
    let agreement = geometry::agree(pairs, 16)?;
    let distinct = verify::distinct(agreement.pairs.iter().map(|&i| &pairs[i]));
    let weight = ((distinct as f32 - 2.5) / 5.0).min(2.0);
    (distinct >= JOINED).then_some((agreement, weight))
}

/// A still that resembles many says less of each.
fn share_among(count: usize) -> f32 {
    1.0 / (1.0 + 0.15 * count as f32)
}
