//! Short runs of folded characters, as numbers: what the index is built of.
//!
//! A gram starts at every character and ends where it holds enough: 14 letters of an alphabet, 6 Chinese characters, or
//! a mixture that weighs as much. The index keeps the grams of every second character of a reference and looks up all
//! those of a query (as BLAT does: Kent 2002), so that any common run of 15 letters or 7 Chinese characters is found.

use super::fold::is_dense;

/// Letters in a gram of letters.
pub const LETTERS: usize = 14;
/// Characters in a gram of Chinese characters.
pub const CHARACTERS: usize = 6;
/// One gram is kept for so many characters of a reference.
pub const STEP: usize = 2;

const ENOUGH: usize = LETTERS * CHARACTERS;

fn weight(code: u16) -> usize {
    if is_dense(code) { LETTERS } else { CHARACTERS }
}

/// Calls `each` with the place and number of every gram that starts within `from..to`.
pub fn grams(codes: &[u16], from: usize, to: usize, mut each: impl FnMut(usize, u64)) {
    const FACTOR: u64 = 0x0100_0000_01b3;
    let mut power = [1u64; LETTERS + 1];
    for at in 1..power.len() {
        power[at] = power[at - 1].wrapping_mul(FACTOR);
    }
    let (mut end, mut held, mut sum) = (from, 0, 0u64);
    for start in from..to.min(codes.len()) {
        while held < ENOUGH {
            let Some(&code) = codes.get(end) else { return };
            sum = sum.wrapping_mul(FACTOR).wrapping_add(code.into());
            held += weight(code);
            end += 1;
        }
        each(start, mix(sum));
        let code = codes[start];
        sum = sum.wrapping_sub(power[end - start - 1].wrapping_mul(code.into()));
        held -= weight(code);
    }
}

/// Spreads a sum over all bits (the finish of Stafford's thirteenth variant of MurmurHash3).
fn mix(mut sum: u64) -> u64 {
    sum = (sum ^ sum >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    sum = (sum ^ sum >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    sum ^ sum >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn all(text: &str) -> Vec<(usize, u64)> {
        let codes: Vec<u16> = text.chars().map(|c| c as u16).collect();
        let mut found = Vec::new();
        grams(&codes, 0, codes.len(), |at, gram| found.push((at, gram)));
        found
    }

    #[test]
    fn a_gram_holds_fourteen_letters_or_six_characters() {
        assert_eq!(all("abcdefghijklm").len(), 0);
        assert_eq!(all("abcdefghijklmn").len(), 1);
        assert_eq!(all("一二三四五").len(), 0);
        assert_eq!(all("一二三四五六").len(), 1);
        assert_eq!(all("一二三abcdefg").len(), 1);
    }

    #[test]
    fn equal_runs_give_equal_grams_wherever_they_stand() {
        let text = "the quick brown fox 一二三四五六七八九十 jumps over the lazy dog";
        let codes: Vec<u16> = text.chars().map(|c| c as u16).collect();
        let known: HashMap<usize, u64> = all(text).into_iter().collect();
        for from in 0..codes.len() {
            grams(&codes, from, from + 3, |at, gram| assert_eq!(known[&at], gram));
        }
        let numbers: std::collections::HashSet<u64> = known.values().copied().collect();
        assert_eq!(numbers.len(), known.len());
    }
}
