//! How much texts have in common that are no copies of one another: whether synthetic articles are as like real ones as real ones are.

use crate::articles::{ARTICLE, Writer};
use crate::distractors::Dice;
use crate::{Failure, listed};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use swordnet_recognise::media::text::Text;
use swordnet_recognise::{MediumKind, Purpose, Signal};

/// The first code of a dense character, what such a one weighs, a letter, and a gram: `fold` and `grams` of `media/text`.
const FIRST: u16 = 0x2e80;
const DENSE: u32 = 14;
const LETTER: u32 = 6;
const GRAM: u32 = 84;
/// A text of whose grams a known one holds so many percent is a copy.
const COPY: usize = 25;
/// What is told of a distribution.
const PERCENT: [usize; 5] = [50, 75, 90, 95, 99];

fn weight(code: u16) -> u32 {
    if code >= FIRST { DENSE } else { LETTER }
}

/// The codes that a text folds to, as they lie in its fingerprint (`media/text/folded`).
fn folded(text: &str) -> Result<Vec<u16>, Failure> {
    let mut extractor = Text.extractor(Purpose::Reference);
    extractor.push(Signal::Text(text))?;
    let bytes = extractor.finish()?.bytes;
    let width = usize::from(bytes[6]);
    let count = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize;
    let code = |b: &[u8]| b.iter().rev().fold(0, |code, &byte| code << 8 | u16::from(byte));
    Ok(bytes[48..48 + count * width]
        .chunks_exact(width)
        .map(code)
        .collect())
}

/// Calls `each` with the place and number of every gram.
fn grams(codes: &[u16], mut each: impl FnMut(usize, u64)) {
    let (mut end, mut held) = (0, 0);
    for start in 0..codes.len() {
        while held < GRAM {
            let Some(&code) = codes.get(end) else { return };
            held += weight(code);
            end += 1;
        }
        let add = |sum: u64, code: &u16| {
            (sum ^ u64::from(*code))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(23)
        };
        each(start, codes[start..end].iter().fold(0, add));
        held -= weight(codes[start]);
    }
}

/// A text that is not among the known ones.
struct Apart {
    codes: Vec<u16>,
    lettered: bool,
    grams: usize,
    /// Places of grams that known texts hold.
    found: FxHashSet<u32>,
    /// The longest run in common with a known text, in Chinese characters.
    longest: u32,
    /// All runs in common with the likest one.
    likest: u32,
}

/// What one known text and one other have in common.
#[derive(Default)]
struct Common {
    places: FxHashSet<u32>,
    longest: u32,
    sum: u32,
}

/// Prints, for more and more known texts, of Chinese texts and of English ones: the mean share of grams that a known text holds; then the longest run in common
/// with a known text and all runs with the likest one, of 50, 75, 90, 95 and 99 % of the texts, in Chinese characters. Known are the real ones of a folder in any order, or as many
/// as said that are made from them; of each the first [`ARTICLE`] characters. Pairs that are copies are left out.
pub fn likeness(texts: &Path, known: &Path, made: Option<usize>) -> Result<(), Failure> {
    let mut apart: Vec<Apart> = Vec::new();
    let mut table: FxHashMap<u64, Vec<(usize, u32)>> = FxHashMap::default();
    for (_, path) in listed(texts)? {
        let (codes, mut count) = (folded(&fs::read_to_string(path)?)?, 0);
        grams(&codes, |at, gram| {
            table.entry(gram).or_default().push((apart.len(), at as u32));
            count += 1;
        });
        apart.push(Apart {
            lettered: codes.iter().filter(|&&code| code < FIRST).count() * 2 > codes.len(),
            codes,
            grams: count,
            found: FxHashSet::default(),
            longest: 0,
            likest: 0,
        });
    }
    let files = listed(known)?;
    let mut sources = files
        .iter()
        .map(|f| fs::read_to_string(&f.1))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut dice, mut writer) = (Dice::new(7), made.map(|_| Writer::new(&sources)));
    (1..sources.len())
        .rev()
        .for_each(|at| sources.swap(at, dice.below(at + 1)));
    let (size, mut copies) = (made.unwrap_or(sources.len()), 0);
    for number in 1..=size {
        let article = match &mut writer {
            Some(writer) => writer.write(),
            None => sources[number - 1].chars().take(ARTICLE).collect(),
        };
        copies += compare(&folded(&article)?, &table, &mut apart);
        if number == size || number >= 250 && (number / 250).is_power_of_two() && number % 250 == 0 {
            row(number, "Chinese", &apart, false)?;
            row(number, "English", &apart, true)?;
        }
    }
    writeln!(std::io::stdout(), "{copies} pairs are copies")?;
    Ok(())
}

/// Notes what a known text has in common with each; the number of those that are copies.
fn compare(known: &[u16], table: &FxHashMap<u64, Vec<(usize, u32)>>, apart: &mut [Apart]) -> usize {
    let mut all: FxHashMap<usize, Common> = FxHashMap::default();
    grams(known, |at, gram| {
        for &(number, place) in table.get(&gram).into_iter().flatten() {
            let common = all.entry(number).or_default();
            common.places.insert(place);
            let (text, place) = (&apart[number].codes, place as usize);
            if at == 0 || place == 0 || known[at - 1] != text[place - 1] {
                let run = known[at..].iter().zip(&text[place..]).take_while(|(a, b)| a == b);
                let length = run.map(|(&code, _)| weight(code)).sum::<u32>() / DENSE;
                common.longest = common.longest.max(length);
                common.sum += length;
            }
        }
    });
    let before = all.len();
    all.retain(|&number, common| common.places.len() * 100 <= apart[number].grams * COPY);
    let copies = before - all.len();
    for (number, common) in all {
        let text = &mut apart[number];
        text.found.extend(common.places);
        text.longest = text.longest.max(common.longest);
        text.likest = text.likest.max(common.sum);
    }
    copies
}

fn row(size: usize, language: &str, apart: &[Apart], lettered: bool) -> Result<(), Failure> {
    let texts: Vec<&Apart> = apart
        .iter()
        .filter(|t| t.lettered == lettered && t.grams > 0)
        .collect();
    if texts.is_empty() {
        return Ok(());
    }
    let shares = texts.iter().map(|t| t.found.len() as f64 / t.grams as f64);
    let share = shares.sum::<f64>() / texts.len() as f64;
    let of = |value: fn(&Apart) -> u32| {
        let mut values: Vec<u32> = texts.iter().map(|t| value(t)).collect();
        values.sort_unstable();
        PERCENT
            .map(|percent| values[(values.len() - 1) * percent / 100].to_string())
            .join(" ")
    };
    let (longest, likest) = (of(|t| t.longest), of(|t| t.likest));
    writeln!(
        std::io::stdout(),
        "{size} {language} {share:.4} {longest} {likest}"
    )?;
    Ok(())
}
