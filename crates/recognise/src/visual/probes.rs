//! A point looked up in several segments at once. What it costs is the places of memory that are gone to: how many lists are followed is
//! bounded for all segments together, and memory is asked for all lists before any is read, so that the answers overlap.

use super::describe::{self, Description, WORD_BITS};
use super::lookup::doubtful;
use super::spots::{DESCRIPTION, Spots};
use crate::room;
use std::ops::Range;

/// Lists looked at for one point, in all segments: each costs the time of some dozens of comparisons.
const LISTS: usize = 64;
/// Doubtful bits that are followed at most.
const FOLLOWED: usize = 8;
/// Points that are read in one piece of a list that is too long.
const BLOCK: usize = 8;

/// A known point like one of the query's: in how many bits they differ, its segment and number.
pub type Alike = (u32, usize, u32);

/// The points most like one of the query's, `most` at most, nearest first. About `compared` are looked at in all.
pub fn like<const N: usize>(
    segments: &[&Spots<N>],
    description: &Description,
    compared: usize,
    most: usize,
) -> Vec<Alike> {
    let lists = lists(segments, description, compared);
    room::make(lists.len());
    let touched = lists.iter().fold(0, |sum, (segment, list)| {
        sum ^ segments[*segment]
            .record(list.start)
            .map_or(0, |record| record[0])
    });
    std::hint::black_box(touched);
    let mut found: Vec<Alike> = Vec::new();
    for (segment, list) in lists {
        let records = segments[segment].between_records(list.clone());
        for (item, record) in list.zip(records) {
            if let Some(&bits) = record.first_chunk() {
                let distance = describe::distance(describe::from_bytes(bits), description.bits);
                if distance <= DESCRIPTION {
                    found.push((distance, segment, item as u32));
                }
            }
        }
    }
    found.sort_unstable();
    found.truncate(most);
    found
}

/// Where the points are that have the description's word, then those whose word differs in its doubtful bits, the least certain first:
/// segments and stretches of them, until `compared` are reached.
fn lists<const N: usize>(
    segments: &[&Spots<N>],
    description: &Description,
    compared: usize,
) -> Vec<(usize, Range<usize>)> {
    let mean: f32 = segments.iter().map(|spots| spots.lookup().mean()).sum();
    let affordable = (compared as f32 / mean.max(1.0)).max(1.0).log2() as usize;
    let affordable = affordable.min((LISTS / segments.len().max(1)).max(1).ilog2() as usize);
    let doubts = doubtful(&description.sizes, WORD_BITS);
    let doubts: Vec<Vec<u8>> = segments
        .iter()
        .map(|spots| {
            let used = |bit: &u8| u32::from(*bit) < spots.lookup().bits();
            let own = doubts.iter().copied().filter(used);
            own.take(affordable.min(FOLLOWED)).collect()
        })
        .collect();
    let longest = doubts.iter().map(Vec::len).max().unwrap_or(0);
    let word = description.bits[0] as u32;
    let (mut lists, mut left) = (Vec::new(), compared);
    for combination in 0u32..1 << longest {
        let first = lists.len();
        for (segment, (spots, doubts)) in segments.iter().zip(&doubts).enumerate() {
            if combination >> doubts.len() == 0 {
                let flips = doubts.iter().enumerate();
                let flips = flips.fold(0, |m, (i, &bit)| m | ((combination >> i) & 1) << bit);
                lists.push((segment, spots.lookup().list(word ^ flips)));
            }
        }
        let all: usize = lists[first..].iter().map(|(_, list)| list.len()).sum();
        if all >= left {
            // Blocks at even distances: no film is preferred for its place in the index.
            let step = (BLOCK * all).div_ceil(left.max(1)).max(BLOCK);
            for (segment, list) in lists.split_off(first) {
                let starts = list.clone().step_by(step);
                lists.extend(starts.map(|from| (segment, from..(from + BLOCK).min(list.end))));
            }
            break;
        }
        left -= all;
    }
    lists
}
