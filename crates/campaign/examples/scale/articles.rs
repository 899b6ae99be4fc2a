//! Articles that nobody wrote, as like real ones as real ones are like one another.
//!
//! Each word of English and each character of Chinese follows those before it as it does somewhere in the works (a Markov chain; Shannon 1948), after as many of
//! those before as stand so in two works at least: what two works say is language, a stock phrase or a quotation, and comes back at any length; what one says alone
//! does not. Often only the last word counts, in some articles more than in others, and some keep turning to what one work speaks of. How often was set so that `scale
//! likeness` says of them what it says of real texts.

use crate::distractors::Dice;
use rustc_hash::FxHashMap;

/// Characters of an article, about.
pub const ARTICLE: usize = 1400;
/// Words or characters before that are looked at, at most.
const DEEPEST: usize = 24;
/// Of 1,000 characters, or words of letters: before so many only the last counts, on average; in some articles before all.
const FORGETFUL: [usize; 2] = [270, 1170];
/// Of 1,000 characters, or words of letters: so many are a turn to the topic, on average.
const DEVOTED: [usize; 2] = [390, 310];

/// Writes one article after another.
pub struct Writer {
    dice: Dice,
    words: Vec<String>,
    /// Are they of letters?
    lettered: Vec<bool>,
    /// The works one after another, as numbers of words; 0, which is none, stands before each.
    text: Vec<u32>,
    /// Where each work begins.
    starts: Vec<usize>,
    /// Places of `text` in order of what stands before them, read backwards.
    order: Vec<u32>,
    /// Per place, where in `order` those lie that have as much before them in common with it as two works have, and those that have the last word in common.
    long: Vec<(u32, u32)>,
    short: Vec<(u32, u32)>,
}

/// Is this a letter or digit of a script in which many make a word?
fn letter(c: char) -> bool {
    c.is_alphanumeric() && (c as u32) < 0x2e80
}

/// The words of a text, each with what stands between it and the next, and its other characters one by one.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut left = text;
    std::iter::from_fn(move || {
        let first = left.chars().next()?;
        let mut length = first.len_utf8();
        if letter(first) {
            let end = left.find(|c| !letter(c)).unwrap_or(left.len());
            let next = |c: char| letter(c) || c as u32 >= 0x2e80;
            length = left[end..].find(next).map_or(left.len(), |space| end + space);
        }
        let (word, rest) = left.split_at(length);
        left = rest;
        Some(word)
    })
}

/// What stands before a place, the nearest first.
fn before(text: &[u32], at: u32) -> impl Iterator<Item = u32> {
    let at = at as usize;
    text[at.saturating_sub(DEEPEST)..at].iter().rev().copied()
}

impl Writer {
    /// From the texts of works.
    pub fn new(texts: &[String]) -> Self {
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        let (mut known, mut text, mut starts) = (vec![""], vec![], vec![]);
        for body in texts {
            starts.push(text.len());
            text.push(0);
            for word in words(body) {
                let number = *numbers.entry(word).or_insert(known.len() as u32);
                if number as usize == known.len() {
                    known.push(word);
                }
                text.push(number);
            }
        }
        let mut order: Vec<u32> = (1..text.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| before(&text, a).cmp(before(&text, b)));
        let mut writer = Self {
            dice: Dice::new(1),
            lettered: known
                .iter()
                .map(|word| word.chars().next().is_some_and(letter))
                .collect(),
            words: known.into_iter().map(str::to_owned).collect(),
            long: vec![(0, 0); text.len()],
            short: vec![(0, 0); text.len()],
            text,
            starts,
            order,
        };
        writer.find_contexts();
        writer
    }

    fn find_contexts(&mut self) {
        let alike = |pair: &[u32]| {
            let both = before(&self.text, pair[0]).zip(before(&self.text, pair[1]));
            both.take_while(|(a, b)| a == b && *a != 0).count()
        };
        let mut alike: Vec<usize> = self.order.windows(2).map(alike).collect();
        alike.resize(self.order.len(), 0);
        for depth in (1..=DEEPEST).rev() {
            let mut from = 0;
            for (at, alike) in alike.iter().enumerate() {
                if *alike >= depth {
                    continue;
                }
                let (range, places) = ((from as u32, at as u32 + 1), &self.order[from..=at]);
                from = at + 1;
                if depth == 1 {
                    places
                        .iter()
                        .for_each(|&place| self.short[place as usize] = range);
                }
                let work = |place: u32| self.starts.partition_point(|&start| start < place as usize);
                let mut works = places.iter().map(|&place| work(place));
                let first = works.next();
                if depth == 1 || works.any(|work| Some(work) != first) {
                    for &place in places {
                        if self.long[place as usize] == (0, 0) {
                            self.long[place as usize] = range;
                        }
                    }
                }
            }
        }
    }

    /// The next article.
    pub fn write(&mut self) -> String {
        let (mut article, mut count) = (String::new(), 0);
        let topic = self.dice.below(self.starts.len());
        let end = self.starts.get(topic + 1).copied().unwrap_or(self.text.len());
        let (first, length) = (self.starts[topic] + 1, end - self.starts[topic] - 1);
        // A square of chance is small for most and large for a few; its mean is a third.
        let mut habit = |mean: [usize; 2]| {
            let share = self.dice.below(1000);
            mean.map(|mean| mean * share * share * 3 / 1_000_000)
        };
        let (forgetful, devoted) = (habit(FORGETFUL), habit(DEVOTED));
        let mut at = first;
        while count < ARTICLE {
            let word = self.text[at] as usize;
            article.push_str(&self.words[word]);
            count += self.words[word].chars().count();
            let kind = usize::from(self.lettered[word]);
            at += 1;
            if at < self.text.len() {
                let ranges = if self.dice.below(1000) < forgetful[kind] {
                    &self.short
                } else {
                    &self.long
                };
                let (from, to) = ranges[at];
                at = self.order[from as usize + self.dice.below((to - from) as usize)] as usize;
            }
            if at >= self.text.len() || self.text[at] == 0 || self.dice.below(1000) < devoted[kind] {
                at = first + self.dice.below(length);
            }
        }
        article
    }
}
