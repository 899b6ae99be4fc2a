//! Matches that are there because another work is copied.
//!
//! Two rounds of one game, two takes of one set show the same things in the same places of the picture. Who copies the one is not copying the
//! other: a match is an echo where one of another work takes in all its moments, in the same part of the frame, and fits far better. A scene
//! that both works have is none: it fits both alike.

use super::verify::{LEAST, Verified, score};

/// Share of an echo's seconds that the other match takes in.
const HELD: f64 = 0.9;
/// How many times better a second of the other match fits.
const BETTER: f64 = 2.0;
/// How far the borders of the two pictures may lie apart in the query's frame, as a share of it.
const PLACE: f64 = 0.1;
/// What an echo's evidence weighs: what would be beyond doubt twice over stays so.
const WEIGHT: f32 = 0.5;

/// Takes from echoes what they owe to another work.
pub fn weaken(found: &mut Vec<Verified>) {
    let echo = |this: &Verified| found.iter().any(|other| is_echo(this, other));
    let echoes: Vec<bool> = found.iter().map(echo).collect();
    for (this, _) in found.iter_mut().zip(echoes).filter(|(_, echo)| *echo) {
        this.evidence *= WEIGHT;
        this.fit *= WEIGHT;
        this.found.score = score(this.evidence);
    }
    found.retain(|this| this.found.score >= LEAST);
}

fn is_echo(this: &Verified, other: &Verified) -> bool {
    let (own, theirs) = (this.found.query, other.found.query);
    let held = own.end.min(theirs.end) - own.start.max(theirs.start);
    let fits = |v: &Verified| f64::from(v.fit) / v.found.query.length().max(1e-3);
    let place = |v: &Verified| v.found.transform.picture.unwrap_or([0.0, 0.0, 1.0, 1.0]);
    let apart = place(this)
        .into_iter()
        .zip(place(other))
        .map(|(a, b)| (a - b).abs());
    this.found.reference != other.found.reference
        && this.mirrored == other.mirrored
        && held >= HELD * own.length()
        && fits(other) >= BETTER * fits(this)
        && apart.fold(0.0, f64::max) <= PLACE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Match;
    use swordnet_core::{ReferenceId, Span, Transform};

    fn verified(
        work: &str,
        span: (f64, f64),
        evidence: f32,
        fit: f32,
        picture: Option<[f64; 4]>,
    ) -> Verified {
        let (start, end) = span;
        Verified {
            mirrored: false,
            found: Match {
                reference: ReferenceId::from_text(work),
                score: score(evidence),
                query: Span { start, end },
                in_reference: Span { start, end },
                transform: Transform {
                    picture,
                    ..Transform::default()
                },
            },
            fit,
            evidence,
        }
    }

    fn scores(mut found: Vec<Verified>) -> Vec<f64> {
        weaken(&mut found);
        found.iter().map(|v| v.found.score).collect()
    }

    #[test]
    fn another_round_of_a_game_is_an_echo() {
        let copy = verified("round", (0.0, 35.0), 200.0, 3500.0, None);
        let other = verified("another", (11.0, 20.0), 30.0, 300.0, None);
        assert_eq!(scores(vec![copy, other]), [1.0, score(15.0)]);
    }

    #[test]
    fn what_is_copied_beside_or_as_well_is_none() {
        let copy = || verified("host", (0.0, 35.0), 200.0, 3500.0, None);
        // A small picture in the picture; a scene that both have; one that goes on beyond the copy.
        for other in [
            verified("inset", (11.0, 20.0), 30.0, 300.0, Some([0.6, 0.6, 0.9, 0.9])),
            verified("scene", (11.0, 20.0), 30.0, 850.0, None),
            verified("next", (30.0, 45.0), 30.0, 300.0, None),
        ] {
            assert_eq!(scores(vec![copy(), other]), [1.0, score(30.0)]);
        }
    }
}
