//! Dean Edwards' packer (`eval(function(p,a,c,k,e,d){…}('…',62,99,'…'.split('|'),0,{}))`), which players' pages use to
//! keep addresses from plain search.

use super::lexer::{Token, tokens};

/// Unpacked scripts longer than this are not unpacked.
const MAX_UNPACKED: usize = 2 * 1024 * 1024;

/// The scripts packed inside a script, unpacked; at most eight.
pub(super) fn unpack(source: &str) -> Vec<String> {
    source
        .match_indices("function(p,a,c,k,e,")
        .take(8)
        .filter_map(|(at, _)| one(&source[at..]))
        .collect()
}

fn one(source: &str) -> Option<String> {
    // The packed text is the first argument after the function's body, `}('`.
    let start = source.find("}('").or_else(|| source.find("}(\""))?;
    let tokens = tokens(&source[start + 1..]);
    let [
        Token::Mark('('),
        Token::Text(packed),
        Token::Mark(','),
        Token::Number(radix),
        Token::Mark(','),
        Token::Number(_),
        Token::Mark(','),
        Token::Text(words),
        ..,
    ] = tokens.as_slice()
    else {
        return None;
    };
    let radix: u64 = radix.parse().ok().filter(|radix| (2..=62).contains(radix))?;
    let words: Vec<&str> = words.split('|').collect();
    let mut unpacked = String::with_capacity(packed.len() * 2);
    let mut rest = packed.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        unpacked.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let word = number(&rest[..end], radix)
            .and_then(|n| words.get(n))
            .copied()
            .filter(|word| !word.is_empty());
        unpacked.push_str(word.unwrap_or(&rest[..end]));
        rest = &rest[end..];
        if unpacked.len() > MAX_UNPACKED {
            return None;
        }
    }
    unpacked.push_str(rest);
    Some(unpacked)
}

/// A number in the packer's digits: 0-9, a-z, A-Z.
fn number(digits: &str, radix: u64) -> Option<usize> {
    let mut value = 0u64;
    for digit in digits.bytes() {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'z' => digit - b'a' + 10,
            b'A'..=b'Z' => digit - b'A' + 36,
            _ => return None,
        };
        value = value.checked_mul(radix)?.checked_add(u64::from(digit))?;
        if u64::from(digit) >= radix || value > 1_000_000 {
            return None;
        }
    }
    Some(value as usize)
}
