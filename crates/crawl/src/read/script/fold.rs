//! Expressions that are strings whatever the script does.

use super::lexer::Token;
use crate::read::address::percent_decoded;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::cell::Cell;
use std::collections::HashMap;

/// A folded string longer than this is none: scripts double strings to exhaust memory.
const MAX_FOLDED: usize = 64 * 1024;
/// A constant longer than this is not kept.
const MAX_CONSTANT: usize = 4 * 1024;
/// Constants kept of a script.
const MAX_CONSTANTS: usize = 10_000;
/// Strings of one list that have names.
const MAX_NAMED: usize = 256;
/// Bytes that folding one script may handle.
const MAX_WORK: usize = 16 * 1024 * 1024;
/// Parentheses within parentheses.
const MAX_DEPTH: u8 = 12;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Text behind base64, if it is text: UTF-8 without control characters.
pub(in crate::read) fn base64_decoded(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    let decoded = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
    (!decoded.is_empty() && !decoded.chars().any(|c| c.is_control() && !c.is_whitespace())).then_some(decoded)
}

/// `unescape()` of ECMAScript: `%XX` and `%uXXXX`.
pub(in crate::read) fn unescaped(text: &str) -> String {
    if !text.contains("%u") {
        return percent_decoded(text);
    }
    let mut pieces = text.split("%u");
    let mut units = pieces.next().map(percent_decoded).unwrap_or_default();
    for piece in pieces {
        match piece
            .get(..4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .and_then(char::from_u32)
        {
            Some(c) => {
                units.push(c);
                units.push_str(&percent_decoded(&piece[4..]));
            }
            None => {
                units.push_str("%u");
                units.push_str(&percent_decoded(piece));
            }
        }
    }
    units
}

pub(super) struct Folder<'t, 'a> {
    tokens: &'t [Token<'a>],
    constants: HashMap<String, String>,
    /// Bytes that folding may still handle.
    left: Cell<usize>,
}

/// What an expression is worth.
enum Term {
    Text(String),
    List(Vec<String>),
}

impl<'t, 'a> Folder<'t, 'a> {
    pub fn new(tokens: &'t [Token<'a>]) -> Self {
        Folder {
            tokens,
            constants: HashMap::new(),
            left: Cell::new(MAX_WORK),
        }
    }

    /// Remembers what a name stands for.
    pub fn name(&mut self, name: &str, value: &str) {
        if value.len() <= MAX_CONSTANT
            && (self.constants.len() < MAX_CONSTANTS || self.constants.contains_key(name))
        {
            self.constants.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Remembers what stands in a list of strings, as `name[0]` and so on.
    pub fn name_list(&mut self, name: &str, at: usize) {
        if name.is_empty() || !self.mark(at, '[') {
            return;
        }
        let Some((list, _)) = self.list(at, ']', 1) else {
            return;
        };
        for (n, value) in list.iter().enumerate().take(MAX_NAMED) {
            self.name(&format!("{name}[{n}]"), value);
        }
    }

    /// The string that begins at a token, and the token after it. A sum ends at the first part that is not known.
    pub fn value(&self, at: usize) -> Option<(String, usize)> {
        // A single string, however long, is itself; most values are.
        match self.tokens.get(at)? {
            Token::Text(text) if !matches!(self.tokens.get(at + 1), Some(Token::Mark('+' | '.'))) => {
                Some((text.clone(), at + 1))
            }
            Token::Text(_) | Token::Word(_) => self.sum(at, 0),
            // A list is a value only where it is joined.
            Token::Mark('[' | '(') => self.sum(at, 0),
            _ => None,
        }
    }

    /// Takes bytes from what folding may handle; `None` when nothing is left.
    fn spend(&self, bytes: usize) -> Option<()> {
        self.left.set(self.left.get().checked_sub(bytes)?);
        Some(())
    }

    fn mark(&self, at: usize, mark: char) -> bool {
        self.tokens.get(at) == Some(&Token::Mark(mark))
    }

    fn sum(&self, at: usize, depth: u8) -> Option<(String, usize)> {
        let (first, mut at) = self.term(at, depth)?;
        let Term::Text(mut text) = first else { return None };
        while self.mark(at, '+') && !self.mark(at + 1, '+') && !self.mark(at + 1, '=') {
            let Some((Term::Text(next), end)) = self.term(at + 1, depth) else {
                break;
            };
            if text.len() + next.len() > MAX_FOLDED {
                break;
            }
            text.push_str(&next);
            at = end;
        }
        Some((text, at))
    }

    fn term(&self, at: usize, depth: u8) -> Option<(Term, usize)> {
        if depth > MAX_DEPTH {
            return None;
        }
        let (mut term, mut at) = self.plain(at, depth)?;
        // `.split("").reverse().join("")` and the like.
        while self.mark(at, '.') {
            let Some(Token::Word(method)) = self.tokens.get(at + 1) else {
                break;
            };
            if !self.mark(at + 2, '(') {
                return None;
            }
            if *method == "map"
                && let Term::List(codes) = &term
                && let Some(end) = self.character_mapping(at + 2)
            {
                term = Term::List(
                    codes
                        .iter()
                        .map(|code| characters(std::slice::from_ref(code)))
                        .collect(),
                );
                at = end;
                continue;
            }
            let (arguments, end) = self.arguments(at + 2, depth + 1)?;
            self.spend(match &term {
                Term::Text(text) => 64 + text.len(),
                Term::List(list) => {
                    64 + list
                        .iter()
                        .map(|item| 16 + item.len() + arguments.first().map_or(0, String::len))
                        .sum::<usize>()
                }
            })?;
            let argument = |n: usize| arguments.get(n).map(String::as_str).unwrap_or_default();
            term = match (term, *method) {
                (Term::List(list), "join") => {
                    Term::Text(list.join(if arguments.is_empty() { "," } else { argument(0) }))
                }
                (Term::List(mut list), "reverse") => {
                    list.reverse();
                    Term::List(list)
                }
                (Term::Text(text), "split") if text.len() <= MAX_FOLDED => match argument(0) {
                    "" => Term::List(text.chars().map(String::from).collect()),
                    mark => Term::List(text.split(mark).map(String::from).collect()),
                },
                (Term::Text(text), "replace" | "replaceAll") if text.len() <= MAX_FOLDED => {
                    Term::Text(match (argument(0), argument(1)) {
                        ("", _) => text,
                        (from, to) if to.len() <= from.len() * 4 + 64 => {
                            text.replacen(from, to, if *method == "replace" { 1 } else { 1000 })
                        }
                        _ => text,
                    })
                }
                (Term::Text(text), "concat") if text.len() <= MAX_FOLDED => {
                    Term::Text(text + &arguments.concat())
                }
                (Term::Text(text), "trim" | "toString" | "toLowerCase") => Term::Text(text),
                _ => return None,
            };
            at = end;
        }
        Some((term, at))
    }

    fn plain(&self, at: usize, depth: u8) -> Option<(Term, usize)> {
        match self.tokens.get(at)? {
            Token::Text(text) => {
                self.spend(text.len())?;
                Some((Term::Text(text.clone()), at + 1))
            }
            Token::Number(number) if depth > 0 || self.mark(at.wrapping_sub(1), '+') => {
                Some((Term::Text((*number).to_owned()), at + 1))
            }
            Token::Mark('(') => {
                let (text, end) = self.sum(at + 1, depth + 1)?;
                self.mark(end, ')').then_some((Term::Text(text), end + 1))
            }
            Token::Mark('[') => {
                let (list, end) = self.list(at, ']', depth + 1)?;
                self.mark(end, '.').then_some((Term::List(list), end))
            }
            Token::Word("String")
                if self.mark(at + 1, '.')
                    && self.tokens.get(at + 2) == Some(&Token::Word("fromCharCode")) =>
            {
                // `.apply(null, […])` gives the numbers as a list.
                let applied = self.mark(at + 3, '.') && self.mark(at + 5, '(') && self.mark(at + 7, ',');
                let (codes, end) = if applied {
                    let (codes, end) = self
                        .list(at + 8, ']', depth + 1)
                        .filter(|_| self.mark(at + 8, '['))?;
                    (codes, end + usize::from(self.mark(end, ')')))
                } else {
                    self.arguments(at + 3, depth + 1)?
                };
                Some((Term::Text(characters(&codes)), end))
            }
            Token::Word("window" | "self") if self.mark(at + 1, '.') => self.plain(at + 2, depth + 1),
            Token::Word(
                name @ ("atob" | "unescape" | "decodeURIComponent" | "decodeURI" | "base64decode"
                | "encodeURI" | "String"),
            ) if self.mark(at + 1, '(') => {
                let (arguments, end) = self.arguments(at + 1, depth + 1)?;
                let argument = arguments.into_iter().next()?;
                let text = match *name {
                    "atob" | "base64decode" => base64_decoded(&argument)?,
                    "encodeURI" | "String" => argument,
                    _ => unescaped(&argument),
                };
                Some((Term::Text(text), end))
            }
            Token::Word(name) if !self.mark(at + 1, '(') => {
                let (text, end) = self.named(name, at)?;
                self.spend(text.len())?;
                Some((Term::Text(text.clone()), end))
            }
            _ => None,
        }
    }

    /// What a name stands for: `a`, `a[0]`, `a.b` (by the property's name alone), or `a` before a call of its method.
    fn named(&self, name: &str, at: usize) -> Option<(&String, usize)> {
        if self.mark(at + 1, '[') {
            let Some(Token::Number(n)) = self.tokens.get(at + 2) else {
                return None;
            };
            let text = self.constants.get(&format!("{name}[{n}]"))?;
            return self.mark(at + 3, ']').then_some((text, at + 4));
        }
        if self.mark(at + 1, '.') && !self.mark(at + 3, '(') {
            let Some(Token::Word(property)) = self.tokens.get(at + 2) else {
                return None;
            };
            // What is given to the property stands after it; what is deeper has other names.
            let end = at + 3;
            let plain = !self.mark(end, '.') && !self.mark(end, '[') && !self.mark(end, '=');
            return plain.then_some((self.constants.get(*property)?, end));
        }
        Some((self.constants.get(name)?, at + 1))
    }

    /// Behind the parenthesis that opens at `at`, if what stands in it makes characters of numbers.
    fn character_mapping(&self, at: usize) -> Option<usize> {
        let mut open = 0usize;
        let mut characters = false;
        for (n, token) in self.tokens.get(at..)?.iter().enumerate().take(40) {
            match token {
                Token::Mark('(') => open += 1,
                Token::Mark(')') if open == 1 => return characters.then_some(at + n + 1),
                Token::Mark(')') => open -= 1,
                Token::Word("fromCharCode") => characters = true,
                _ => {}
            }
        }
        None
    }

    fn arguments(&self, at: usize, depth: u8) -> Option<(Vec<String>, usize)> {
        self.mark(at, '(').then(|| self.list(at, ')', depth)).flatten()
    }

    /// A list of strings and numbers between brackets; none if anything else stands in it.
    fn list(&self, at: usize, close: char, depth: u8) -> Option<(Vec<String>, usize)> {
        let mut at = at + 1;
        let mut list = Vec::new();
        while !self.mark(at, close) {
            let (text, end) = match self.tokens.get(at)? {
                // `.replace(/x/g, "")` with a pattern that is a plain string.
                Token::Pattern(pattern)
                    if !pattern.contains(['[', '(', '*', '+', '?', '.', '|', '^', '$']) =>
                {
                    (pattern.replace('\\', ""), at + 1)
                }
                _ => self.sum(at, depth)?,
            };
            list.push(text);
            at = end;
            if self.mark(at, ',') {
                at += 1;
            } else if !self.mark(at, close) {
                return None;
            }
            if list.len() > 100_000 {
                return None;
            }
        }
        Some((list, at + 1))
    }
}

/// The text whose characters have these numbers, decimal or hexadecimal.
fn characters(codes: &[String]) -> String {
    let number = |code: &String| match code.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => code.parse().ok(),
    };
    codes
        .iter()
        .filter_map(|code| char::from_u32(number(code)?))
        .collect()
}
