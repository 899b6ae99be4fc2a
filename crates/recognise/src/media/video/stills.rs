//! From the points of a query's stills to hits: stills of references whose points lie as they do.

use super::align::Hit;
use super::print::{Print, Still};
use super::search::{Hits, Part, RESEMBLED};
use super::verify;
use super::votes::{self, Vote};
use crate::visual::describe;
use crate::visual::geometry::{self, Agreement, Pair};
use crate::visual::marks::{Seen, Spot};
use crate::visual::probes;
use crate::visual::spots::{DESCRIPTION, Spots};

/// Descriptions compared for one point of the query at most, about, in all segments: sets how many words are visited.
const COMPARED: usize = 1500;
/// Points of the references that one point of the query may be like.
const ALIKE: usize = 48;
/// One still in so many is looked up first.
const FIRST: usize = 3;
/// Points of those that are looked up, the strongest: four in five of those that a reference has, too, are among them.
const STRONGEST: usize = 56;
/// Seconds around a still that found something within which the others are looked up, too.
const AROUND: f32 = 15.0;
/// Different points that one map must join for a still to resemble another, where the points were found by looking them up, and where all were compared.
const JOINED: (usize, usize) = (4, 5);

/// A query as it is looked up: as it is, or mirrored.
struct Search<'a> {
    parts: &'a [Part<'a>],
    points: Vec<&'a Spots<{ super::segment::POINT }>>,
    query: &'a Print,
    mirrored: bool,
}

/// Adds the hits of the query's stills. Most of what is looked at is nobody's copy: the first stills are looked up, and the rest only where those
/// found something.
pub fn hits(parts: &[Part<'_>], query: &Print, mirrored: bool, hits: &mut Hits) {
    let search = Search {
        parts,
        points: parts.iter().map(|part| &part.films.points).collect(),
        query,
        mirrored,
    };
    let first = if query.is_sparse() { 1 } else { FIRST };
    let (mut found, mut votes) = (Vec::<f32>::new(), Vec::new());
    for n in (0..query.stills.len()).step_by(first) {
        if search.look_up(n, STRONGEST, hits, &mut votes) {
            found.push(query.stills[n].time);
        }
    }
    for place in votes::likeliest(&mut votes) {
        search.look_again(place, hits, &mut found);
    }
    for (n, still) in query.stills.iter().enumerate() {
        let near = |t: &f32| (t - still.time).abs() <= AROUND;
        if n % first != 0 && found.iter().any(near) {
            search.look_up(n, usize::MAX, hits, &mut Vec::new());
        }
    }
}

/// A point of the query that is like one of a reference: of which segment and still, in how many bits they differ, and the pair.
type Near = (usize, usize, u32, Pair);

impl Search<'_> {
    /// The strongest points of the query's still `n`, as they are compared.
    fn seen<'s>(&'s self, still: &'s Still, strongest: usize) -> impl Iterator<Item = Seen> + 's {
        let marks = still.marks.iter().take(strongest);
        marks.map(|mark| Seen::of(mark, self.mirrored, self.query.shape[0]))
    }

    /// Adds what is found by one still's points, and what each of them says by itself; were there hits?
    fn look_up(&self, n: usize, strongest: usize, hits: &mut Hits, votes: &mut Vec<Vote>) -> bool {
        let still = &self.query.stills[n];
        let mut near: Vec<Near> = Vec::new();
        for seen in self.seen(still, strongest) {
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
            if let Some((_, weight)) = joined(&pairs, JOINED.0) {
                agreed.push((group[0].0, group[0].1, weight));
            }
        }
        let share = share_among(agreed.len());
        let any = !agreed.is_empty();
        for (segment, at, weight) in agreed {
            self.add((segment, at), still.time, weight * share, hits);
        }
        any
    }

    /// Compares all points of the stills that a stretch of a reference was voted for by, and adds what agrees.
    fn look_again(&self, place: &[Vote], hits: &mut Hits, found: &mut Vec<f32>) {
        for (n, segment, at) in votes::pairs(place) {
            let still = &self.query.stills[n];
            let spots: Vec<Spot> = self.parts[segment].films.spots(at).collect();
            let nearest = |seen: Seen| {
                let likeness = spots
                    .iter()
                    .map(|spot| (describe::distance(spot.bits, seen.description.bits), spot));
                let (distance, spot) = likeness.min_by_key(|likeness| likeness.0)?;
                (distance <= DESCRIPTION).then(|| seen.pair(spot))
            };
            let pairs: Vec<Pair> = self.seen(still, usize::MAX).filter_map(nearest).collect();
            if let Some((agreement, weight)) = joined(&pairs, JOINED.1)
                && agreement.map.is_upright()
            {
                found.push(still.time);
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
fn joined(pairs: &[Pair], least: usize) -> Option<(Agreement, f32)> {
    let agreement = geometry::agree(pairs, 16)?;
    let distinct = verify::distinct(agreement.pairs.iter().map(|&i| &pairs[i]));
    let weight = ((distinct as f32 - 2.5) / 5.0).min(2.0);
    (distinct >= least).then_some((agreement, weight))
}

/// A still that resembles many says less of each.
fn share_among(count: usize) -> f32 {
    1.0 / (1.0 + 0.15 * count as f32)
}
