//! Scripts as tokens: enough of ECMAScript to tell strings from everything else.

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A string, its escapes undone.
    Text(String),
    /// An identifier or keyword.
    Word(&'a str),
    /// A number, as written.
    Number(&'a str),
    /// A regular expression; what it matches is not asked.
    Pattern(&'a str),
    /// Any other character.
    Mark(char),
}

/// Tokens read of one script; what comes later in a longer one is not read.
const MAX_TOKENS: usize = 1_000_000;

/// The tokens of a script. Never fails: what is no script gives meaningless marks.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        source,
        at: 0,
        tokens: Vec::new(),
    };
    while lexer.tokens.len() < MAX_TOKENS && lexer.next() {}
    lexer.tokens
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn next(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return false;
        };
        match first {
            _ if first.is_whitespace() => self.at += first.len_utf8(),
            '"' | '\'' => {
                let text = self.quoted(first);
                self.tokens.push(Token::Text(text));
            }
            '`' => self.template(),
            '/' if rest.starts_with("//") => self.at += rest.find(['\n', '\r']).unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                self.at += rest[2..].find("*/").map_or(rest.len(), |end| end + 4)
            }
            '/' if self.expects_value() => self.pattern(),
            _ if first.is_alphabetic() || matches!(first, '_' | '$') => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
                    .unwrap_or(rest.len());
                self.tokens.push(Token::Word(&rest[..end]));
                self.at += end;
            }
            '0'..='9' => {
                let end = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
                    .unwrap_or(rest.len());
                self.tokens.push(Token::Number(&rest[..end]));
                self.at += end;
            }
            _ => {
                self.tokens.push(Token::Mark(first));
                self.at += first.len_utf8();
            }
        }
        true
    }

    /// Does a value come next, so that a slash begins a pattern and divides nothing?
    fn expects_value(&self) -> bool {
        match self.tokens.last() {
            None => true,
            Some(Token::Mark(mark)) => !matches!(mark, ')' | ']' | '}'),
            Some(Token::Word(word)) => matches!(*word, "return" | "typeof" | "case" | "in" | "of"),
            _ => false,
        }
    }

    fn pattern(&mut self) {
        let rest = self.rest();
        let (mut escaped, mut in_class) = (false, false);
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => {
                    let flags = rest[at + 1..]
                        .find(|c: char| !c.is_ascii_alphabetic())
                        .unwrap_or(0);
                    self.tokens.push(Token::Pattern(&rest[1..at]));
                    self.at += at + 1 + flags;
                    return;
                }
                _ => {}
            }
        }
        self.tokens.push(Token::Mark('/'));
        self.at += 1;
    }

    /// A quoted string; one that does not end stops at its line's end.
    fn quoted(&mut self, quote: char) -> String {
        let rest = self.rest();
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == quote => {
                    self.at += at + 1;
                    return text;
                }
                '\\' => {
                    if let Some((at, escape)) = chars.next() {
                        let skipped = unescape(escape, &rest[at + escape.len_utf8()..], &mut text);
                        for _ in 0..skipped {
                            chars.next();
                        }
                    }
                }
                '\n' => {
                    self.at += at;
                    return text;
                }
                _ => text.push(c),
            }
        }
        self.at = self.source.len();
        text
    }

    /// A template: its strings and names joined by plus signs, so that it folds like any other sum.
    fn template(&mut self) {
        let rest = self.rest();
        let mut text = String::new();
        let mut chars = rest.char_indices().skip(1);
        self.tokens.push(Token::Mark('('));
        while let Some((at, c)) = chars.next() {
            match c {
                '`' => {
                    self.tokens.extend([Token::Text(text), Token::Mark(')')]);
                    self.at += at + 1;
                    return;
                }
                '\\' => {
                    if let Some((at, escape)) = chars.next() {
                        let skipped = unescape(escape, &rest[at + escape.len_utf8()..], &mut text);
                        for _ in 0..skipped {
                            chars.next();
                        }
                    }
                }
                '$' if rest[at + 1..].starts_with('{') => {
                    let inner = &rest[at + 2..];
                    let end = inner.find('}').unwrap_or(inner.len());
                    let name = inner[..end].trim();
                    let name = name.rsplit('.').next().unwrap_or_default();
                    self.tokens.extend([
                        Token::Text(std::mem::take(&mut text)),
                        Token::Mark('+'),
                        Token::Word(name),
                        Token::Mark('+'),
                    ]);
                    for _ in 0..inner[..end].chars().count() + 2 {
                        chars.next();
                    }
                }
                _ => text.push(c),
            }
        }
        self.tokens.extend([Token::Text(text), Token::Mark(')')]);
        self.at = self.source.len();
    }
}

/// Undoes the escape `\` + `escape`, which `rest` follows; gives the number of characters of `rest` that it used.
fn unescape(escape: char, rest: &str, text: &mut String) -> usize {
    let hex = |digits: &str| u32::from_str_radix(digits, 16).ok();
    match escape {
        'n' => text.push('\n'),
        't' => text.push('\t'),
        'r' => text.push('\r'),
        'b' | 'f' | 'v' | '0' | '\n' => {}
        'x' => {
            if let Some(c) = rest.get(..2).and_then(hex).and_then(char::from_u32) {
                text.push(c);
                return 2;
            }
        }
        'u' if rest.starts_with('{') => {
            if let Some(end) = rest.find('}').filter(|&end| end < 9) {
                text.extend(hex(&rest[1..end]).and_then(char::from_u32));
                return end + 1;
            }
        }
        'u' => {
            let Some(unit) = rest.get(..4).and_then(hex) else {
                return 0;
            };
            let low = rest
                .get(4..10)
                .filter(|low| low.starts_with("\\u"))
                .and_then(|low| hex(&low[2..]));
            if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (unit, low) {
                text.extend(char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)));
                return 10;
            }
            text.push(char::from_u32(unit).unwrap_or('\u{fffd}'));
            return 4;
        }
        other => text.push(other),
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_lose_their_escapes() {
        let source = r#"a = "http:\/\/x\u002fy\x2fz\u{41}\ud83d\ude00" // 'no'
            /* "no" */ b = 'it\'s'; c = x / 2 / 3; d = s.replace(/["'\/]/g, '')"#;
        let texts: Vec<_> = tokens(source)
            .into_iter()
            .filter_map(|t| if let Token::Text(t) = t { Some(t) } else { None })
            .collect();
        assert_eq!(texts, ["http://x/y/zA😀", "it's", ""]);
    }

    #[test]
    fn hostile_scripts_end() {
        for source in [
            "\"",
            "'\\",
            "`${",
            "`${a",
            "/[",
            "/*",
            "\\u12",
            "'\\u{",
            "'\\ud800\\u",
            "\u{feff}",
        ] {
            tokens(source);
        }
    }
}
