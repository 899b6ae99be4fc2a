//! Texts from grammars: articles, chapters, titles and names, in Chinese and in English, written for the ground alone.
//!
//! A grammar is a text file: `name = one | another`, where `{name}` stands for an expansion of that name and `{3-98}` for a
//! number between these. `{thing}` is looked up as `thing.TOPIC` first.

use crate::dice::Dice;
use std::collections::HashMap;
use std::sync::LazyLock;
use swordnet_core::Lang;

/// The rules of one language.
#[derive(Debug)]
pub struct Grammar {
    rules: HashMap<&'static str, Vec<&'static str>>,
}

static CHINESE: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(include_str!("../grammar/zh.txt")));
static ENGLISH: LazyLock<Grammar> = LazyLock::new(|| Grammar::read(include_str!("../grammar/en.txt")));

/// What news is about; a topic has words of its own.
pub const TOPICS: &[&str] = &[
    "harbour", "school", "health", "farm", "rail", "museum", "weather", "sport",
];

impl Grammar {
    /// The grammar of a language.
    pub fn of(lang: Lang) -> &'static Grammar {
        match lang {
            Lang::Zh => &CHINESE,
            Lang::En => &ENGLISH,
        }
    }

    fn read(file: &'static str) -> Self {
        let mut rules: HashMap<_, Vec<_>> = HashMap::new();
        for line in file.lines().filter(|l| !l.starts_with('#')) {
            if let Some((name, choices)) = line.split_once(" = ") {
                rules
                    .entry(name.trim())
                    .or_default()
                    .extend(choices.split(" | ").map(str::trim));
            }
        }
        Self { rules }
    }

    /// An expansion of `name` on a topic; an unknown name stands for itself.
    pub fn say(&self, name: &str, topic: &str, dice: &mut Dice) -> String {
        let mut text = String::new();
        self.expand(name, topic, dice, &mut text, 0);
        text
    }

    fn expand(&self, name: &str, topic: &str, dice: &mut Dice, out: &mut String, depth: u8) {
        if let Some((low, high)) = name.split_once('-')
            && let (Ok(low), Ok(high)) = (low.parse(), high.parse())
        {
            out.push_str(&dice.from(low, high).to_string());
            return;
        }
        let own = format!("{name}.{topic}");
        let Some(choices) = self.rules.get(own.as_str()).or_else(|| self.rules.get(name)) else {
            out.push_str(name);
            return;
        };
        if depth > 12 {
            return;
        }
        let mut rest = *dice.pick(choices);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let Some((inner, behind)) = after.split_once('}') else {
                break;
            };
            self.expand(inner, topic, dice, out, depth + 1);
            rest = behind;
        }
        out.push_str(rest);
    }
}

/// Capital letter first, as English sentences and titles want it.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|c| c.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// A text that stands in paragraphs.
#[derive(Clone, Debug, PartialEq)]
pub struct Prose {
    /// Headline or title.
    pub title: String,
    /// Paragraphs of sentences.
    pub paragraphs: Vec<Vec<String>>,
}

impl Prose {
    /// The paragraphs, each a line, sentences joined as the language does.
    pub fn lines(&self, lang: Lang) -> Vec<String> {
        self.paragraphs
            .iter()
            .map(|p| p.join(lang.pick(" ", "")))
            .collect()
    }

    /// Characters in the paragraphs.
    pub fn length(&self) -> usize {
        self.paragraphs.iter().flatten().map(|s| s.chars().count()).sum()
    }
}

/// A news article of about `characters` characters.
pub fn article(lang: Lang, topic: &str, dice: &mut Dice, characters: usize) -> Prose {
    let title = capital(&Grammar::of(lang).say("headline", topic, dice));
    prose(lang, title, topic, "lead", "sentence", dice, characters)
}

/// A chapter of about `characters` characters.
pub fn chapter(lang: Lang, title: String, dice: &mut Dice, characters: usize) -> Prose {
    prose(lang, title, "novel", "opening", "passage", dice, characters)
}

fn prose(
    lang: Lang,
    title: String,
    topic: &str,
    first: &str,
    next: &str,
    dice: &mut Dice,
    characters: usize,
) -> Prose {
    let grammar = Grammar::of(lang);
    let mut text = Prose {
        title,
        paragraphs: vec![vec![capital(&grammar.say(first, topic, dice))]],
    };
    while text.length() < characters {
        if text
            .paragraphs
            .last()
            .is_none_or(|p| p.len() >= 3 || (p.len() == 2 && dice.chance(0.3)))
        {
            text.paragraphs.push(Vec::new());
        }
        if let Some(paragraph) = text.paragraphs.last_mut() {
            paragraph.push(capital(&grammar.say(next, topic, dice)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_name_used_in_a_grammar_has_a_rule() {
        for lang in Lang::ALL {
            let grammar = Grammar::of(lang);
            for choice in grammar.rules.values().flatten() {
                for part in choice.split('{').skip(1) {
                    let (name, _) = part.split_once('}').expect("every brace is closed");
                    let known = grammar.rules.contains_key(name)
                        || TOPICS
                            .iter()
                            .all(|t| grammar.rules.contains_key(format!("{name}.{t}").as_str()))
                        || name.split('-').all(|n| n.parse::<i64>().is_ok());
                    assert!(known, "{name} in '{choice}'");
                }
            }
        }
    }

    /// Two texts on one topic must not read as copies of each other: no run of 14 signs, or of 40 letters, in common.
    #[test]
    fn texts_on_one_topic_share_no_long_run() {
        for (lang, run) in [(Lang::Zh, 16), (Lang::En, 60)] {
            let runs = |seed: u64| -> HashSet<String> {
                let text: Vec<char> = article(lang, "harbour", &mut Dice::new(seed, "t"), 1000)
                    .lines(lang)
                    .concat()
                    .chars()
                    .collect();
                text.windows(run).map(|w| w.iter().collect()).collect()
            };
            let mut shared = 0;
            for seed in 0..12 {
                shared += runs(seed).intersection(&runs(seed + 100)).count();
            }
            assert!(shared < 24, "{shared} shared runs in {lang:?}");
        }
    }
}
