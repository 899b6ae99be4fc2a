//! Where single points of a query are found again, all stills together. In a large index too few points of one still are found to tell
//! whether they lie as they do there, but those of all stills vote for one stretch of one reference, and chance spreads its votes over all of
//! them (Douze and others, "Compact video description for copy detection with precise temporal alignment", 2010).

use super::segment::Films;

/// Seconds of half a stretch: each is half of two.
const HALF: f32 = 15.0;
/// Bits in which descriptions may differ for a vote.
const VOTED: u32 = 30;
/// Bits in which they differ where likeness says next to nothing.
const SILENT: u32 = 36;
/// Different places of the query's picture that must vote.
const PLACES: usize = 3;
/// Stretches that are looked at again.
const STRETCHES: usize = 24;
/// Pairs of stills compared for each.
const PAIRS: usize = 8;
/// Cells of the query's picture along its longer side.
const CELLS: f32 = 12.0;

/// One point that is like one of a reference.
pub struct Vote {
    /// Segment, film and stretch of it.
    stretch: (usize, usize, u32),
    /// Where in the query's picture.
    cell: (u8, u8),
    /// The query's still.
    still: usize,
    /// The reference's.
    at: usize,
    /// What it says: chance brings twice as many for every two bits more.
    weight: u32,
}

impl Vote {
    /// For the two stretches that a segment's still belongs to, by a point of the query's still and its place, if they are alike enough.
    pub fn of(
        films: &Films,
        (segment, at): (usize, usize),
        (still, place): (usize, [f32; 2]),
        distance: u32,
    ) -> impl Iterator<Item = Self> {
        let near = (distance <= VOTED).then(|| {
            let half = (films.time(at).max(0.0) / HALF) as u32;
            (films.film_of_still(at), half)
        });
        near.into_iter().flat_map(move |(film, half)| {
            (half.saturating_sub(1)..=half).map(move |first| Self {
                stretch: (segment, film, first),
                cell: ((place[0] * CELLS) as u8, (place[1] * CELLS) as u8),
                still,
                at,
                weight: SILENT - distance,
            })
        })
    }
}

/// The stretches for which the most is said, each with its votes. A place of the query's picture speaks once, with its best vote: what stays
/// on the screen finds the same chance likeness in every still.
pub fn likeliest(votes: &mut [Vote]) -> Vec<&[Vote]> {
    votes.sort_unstable_by_key(|v| (v.stretch, v.cell, v.still, v.at));
    let mut stretches: Vec<(u32, &[Vote])> = Vec::new();
    for stretch in votes.chunk_by(|a, b| a.stretch == b.stretch) {
        let cells = stretch.chunk_by(|a, b| a.cell == b.cell);
        let said = cells.map(|cell| cell.iter().map(|v| v.weight).max().unwrap_or(0));
        let (count, sum) = said.fold((0, 0), |(count, sum), said| (count + 1, sum + said));
        if count >= PLACES {
            stretches.push((sum, stretch));
        }
    }
    stretches.sort_by_key(|s| std::cmp::Reverse(s.0));
    stretches.truncate(STRETCHES);
    stretches.into_iter().map(|s| s.1).collect()
}

/// The pairs of stills that most of a stretch's votes are of: the query's still, segment, the reference's still.
pub fn pairs(stretch: &[Vote]) -> Vec<(usize, usize, usize)> {
    let mut votes: Vec<&Vote> = stretch.iter().collect();
    votes.sort_unstable_by_key(|v| (v.still, v.at));
    let mut pairs: Vec<(u32, &Vote)> = votes
        .chunk_by(|a, b| (a.still, a.at) == (b.still, b.at))
        .map(|pair| (pair.iter().map(|v| v.weight).sum(), pair[0]))
        .collect();
    pairs.sort_by_key(|p| std::cmp::Reverse(p.0));
    pairs.truncate(PAIRS);
    let told = |(_, v): (u32, &Vote)| (v.still, v.stretch.0, v.at);
    pairs.into_iter().map(told).collect()
}
