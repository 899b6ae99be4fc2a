//! Passages that are there because a text copies another work.
//!
//! A news report and a later one of the same desk share a background paragraph. Who copies the one whole has that paragraph
//! from it, and the other work only echoes. A passage is an echo where far longer passages of other works hold the same
//! characters of the query.

use super::passages::Passage;

/// How many times the characters of an echo the other passage keeps, at least.
const LONGER: u64 = 2;
/// Share of an echo's characters that longer passages hold, in percent.
const HELD: u64 = 90;

/// For each passage, given with a number that tells its work, whether it is an echo. `length` is the query's.
pub fn echoes<W: PartialEq>(length: usize, passages: &[(W, Passage)]) -> Vec<bool> {
    let kept: Vec<u64> = passages
        .iter()
        .map(|(_, passage)| passage.runs.iter().map(|run| u64::from(run.length)).sum())
        .collect();
    let mut order: Vec<usize> = (0..passages.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(kept[at]));
    // The longest passage that holds each character of the query, from 1; 0 is none.
    let mut holder = vec![0u32; if passages.len() > 1 { length } else { 0 }];
    let mut echoes = vec![false; passages.len()];
    for at in order {
        let (work, passage) = &passages[at];
        let mut held = 0;
        for run in &passage.runs {
            let (from, to) = (run.query as usize, (run.query + run.length) as usize);
            for holder in holder.get_mut(from..to).into_iter().flatten() {
                match *holder {
                    0 => *holder = at as u32 + 1,
                    by => {
                        let by = by as usize - 1;
                        held += u64::from(passages[by].0 != *work && kept[by] >= LONGER * kept[at]);
                    }
                }
            }
        }
        echoes[at] = 100 * held >= HELD * kept[at].max(1);
    }
    echoes
}

#[cfg(test)]
mod tests {
    use super::super::runs::Run;
    use super::*;

    fn passage(query: u32, length: u32) -> Passage {
        let run = Run {
            query,
            reference: 0,
            length,
            rarity: 1.0,
        };
        Passage { runs: vec![run] }
    }

    #[test]
    fn what_lies_in_a_longer_passage_of_another_work_is_an_echo() {
        let whole = (1, passage(100, 600));
        let judged = |other: (u32, Passage)| echoes(1000, &[other, whole.clone()]);
        assert_eq!(judged((2, passage(200, 90))), [true, false]);
        assert_eq!(judged((1, passage(200, 90))), [false, false], "the same work");
        assert_eq!(judged((2, passage(60, 90))), [false, false], "it reaches beyond");
        assert_eq!(
            judged((2, passage(100, 400))),
            [false, false],
            "as good as the other"
        );
        assert_eq!(judged((2, passage(800, 90))), [false, false], "elsewhere");
    }

    #[test]
    fn two_halves_around_an_inserted_passage_do_not_hold_it() {
        let mut around = passage(0, 300);
        around.runs.extend(passage(400, 300).runs);
        assert_eq!(
            echoes(1000, &[(1, around), (2, passage(300, 100))]),
            [false, false]
        );
    }
}
