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
                let (codes, end) = self.arguments(at + 3, depth + 1)?;
                let text = codes
                    .iter()
                    .filter_map(|code| code.parse().ok().and_then(char::from_u32))
                    .collect();
                Some((Term::Text(text), end))
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
            Token::Word(name) if !self.mark(at + 1, '(') && !self.mark(at + 1, '.') => {
                let text = self.constants.get(*name)?;
                self.spend(text.len())?;
                Some((Term::Text(text.clone()), at + 1))
            }
            _ => None,
        }
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
