//! What reprinters do to a text before they put it up as their own.

use crate::dice::Dice;
use crate::grammar::Prose;
use swordnet_core::Lang;

/// Words and their stand-ins, a pair a line, for each language.
const SYNONYMS: [(Lang, &str); 2] = [
    (Lang::Zh, include_str!("../grammar/synonyms-zh.txt")),
    (Lang::En, include_str!("../grammar/synonyms-en.txt")),
];
/// Simplified characters, each followed by its traditional form.
const TRADITIONAL: &str = include_str!("../grammar/traditional.txt");

/// One way of rewriting; several are applied in turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rewriting {
    /// Sentences change places within paragraphs, and paragraphs with their neighbours.
    Reordered,
    /// Words are replaced by others of the same meaning.
    Synonyms,
    /// Set in traditional characters.
    Traditional,
    /// Only the first part is kept: this share.
    Trimmed(f64),
    /// Under another headline.
    Headline,
}

/// Applies `rewritings` to a text, in their order.
pub fn rewrite(text: &Prose, lang: Lang, rewritings: &[Rewriting], headline: &str, dice: &mut Dice) -> Prose {
    let mut text = text.clone();
    for rewriting in rewritings {
        match rewriting {
            Rewriting::Reordered => reorder(&mut text, dice),
            Rewriting::Synonyms => each(&mut text, |s| synonyms(s, lang)),
            Rewriting::Traditional => {
                each(&mut text, traditional);
                text.title = traditional(&text.title);
            }
            Rewriting::Trimmed(share) => trim(&mut text, *share),
            Rewriting::Headline => text.title = headline.to_owned(),
        }
    }
    text
}

fn each(text: &mut Prose, change: impl Fn(&str) -> String) {
    for sentence in text.paragraphs.iter_mut().flatten() {
        *sentence = change(sentence);
    }
}

fn reorder(text: &mut Prose, dice: &mut Dice) {
    for paragraph in &mut text.paragraphs {
        dice.shuffle(paragraph);
    }
    for pair in text.paragraphs.chunks_exact_mut(2) {
        if dice.chance(0.5) {
            pair.swap(0, 1);
        }
    }
}

fn trim(text: &mut Prose, share: f64) {
    let keep = (text.length() as f64 * share) as usize;
    let mut kept = 0;
    text.paragraphs.retain(|p| {
        let stays = kept < keep;
        kept += p.iter().map(|s| s.chars().count()).sum::<usize>();
        stays
    });
}

fn synonyms(sentence: &str, lang: Lang) -> String {
    let list = SYNONYMS
        .iter()
        .find(|(l, _)| *l == lang)
        .map_or("", |(_, list)| list);
    let mut text = sentence.to_owned();
    for (word, other) in list.lines().filter_map(|l| l.split_once('\t')) {
        text = text.replace(word, other);
    }
    text
}

/// The text in traditional characters, sign by sign.
pub fn traditional(text: &str) -> String {
    let mut table = TRADITIONAL.chars().filter(|c| !c.is_whitespace());
    let mut pairs = std::collections::HashMap::new();
    while let (Some(simple), Some(full)) = (table.next(), table.next()) {
        pairs.insert(simple, full);
    }
    text.chars().map(|c| *pairs.get(&c).unwrap_or(&c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::article;

    fn text(lang: Lang) -> Prose {
        article(lang, "rail", &mut Dice::new(3, "text"), 900)
    }

    #[test]
    fn reordering_keeps_every_sentence() {
        let before = text(Lang::Zh);
        let after = rewrite(
            &before,
            Lang::Zh,
            &[Rewriting::Reordered],
            "",
            &mut Dice::new(1, "r"),
        );
        let sorted = |p: &Prose| {
            let mut all: Vec<_> = p.paragraphs.concat();
            all.sort();
            all
        };
        assert_ne!(before.paragraphs, after.paragraphs);
        assert_eq!(sorted(&before), sorted(&after));
    }

    #[test]
    fn synonyms_change_some_words_and_leave_most() {
        for lang in Lang::ALL {
            let before = text(lang);
            let after = rewrite(&before, lang, &[Rewriting::Synonyms], "", &mut Dice::new(1, "r"));
            let changed = before
                .paragraphs
                .concat()
                .iter()
                .zip(after.paragraphs.concat())
                .filter(|(a, b)| **a != *b)
                .count();
            assert!(changed >= 3, "{changed} sentences changed in {lang:?}");
        }
    }

    #[test]
    fn traditional_script_is_another_script() {
        assert_eq!(traditional("国家图书馆"), "國家圖書館");
    }

    #[test]
    fn trimming_keeps_the_share_asked_for() {
        let before = text(Lang::En);
        let after = rewrite(
            &before,
            Lang::En,
            &[Rewriting::Trimmed(0.6)],
            "",
            &mut Dice::new(1, "r"),
        );
        let share = after.length() as f64 / before.length() as f64;
        assert!((0.55..0.95).contains(&share), "{share}");
    }
}
