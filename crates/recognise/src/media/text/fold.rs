//! Folds characters to what a reader takes them for, so that a copy written in another script, width or with
//! look-alike letters reads the same as its original.
//!
//! A character becomes none, one or a few codes of 16 bits. Compatibility forms are decomposed (Unicode Standard Annex
//! 15), marks, spaces, punctuation, symbols and invisible characters dropped, case folded, traditional and variant
//! Chinese characters replaced by one form of their class, look-alikes by their prototype (Unicode Technical Standard
//! 39). What folds together is compared, never shown, so folding too much costs little; `1`, `l` and `I` are one code.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};
use unicode_normalization::UnicodeNormalization;

/// Something that folding undid, counted by [`Folds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fold {
    /// Nothing that is worth telling.
    Plain = 0,
    /// A Chinese character used in simplified text only.
    Simplified = 1,
    /// A Chinese character used in traditional text only.
    Traditional = 2,
    /// A full-width letter or digit.
    Wide = 3,
    /// A letter of another alphabet, a compatibility form or a styled letter that looks like the common one.
    LookAlike = 4,
    /// An invisible character.
    Invisible = 5,
}

/// Number of kinds of [`Fold`].
pub const KINDS: usize = 6;

/// Codes from here on stand for characters of which few make a word: Chinese, kana, Hangul.
const DENSE: u16 = 0x2E80;
/// No character folds to more codes than this; the few that would are cut.
const LONGEST: usize = 4;
const PAGES: usize = 0x110000 / 256;
/// In place of a code: the character is dropped, or its codes are in the page's `long` list.
const DROPPED: u16 = 0;
const SEVERAL: u16 = 1;

/// Is this the code of a character of which few make a word?
pub fn is_dense(code: u16) -> bool {
    code >= DENSE
}

/// The foldings of 256 neighbouring characters.
struct Page {
    code: [u16; 256],
    fold: [u8; 256],
    long: Vec<(u8, Vec<u16>)>,
}

/// Calls `out` with each code that `c` folds to, and says what was undone.
#[inline]
pub fn fold(c: char, mut out: impl FnMut(u16)) -> Fold {
    static TABLE: [OnceLock<Box<Page>>; PAGES] = [const { OnceLock::new() }; PAGES];
    let (high, low) = (c as usize >> 8, c as usize & 0xff);
    let page = TABLE[high].get_or_init(|| Box::new(Page::of(high as u32)));
    match page.code[low] {
        DROPPED => {}
        SEVERAL => {
            let found = page.long.binary_search_by_key(&(low as u8), |(c, _)| *c);
            found
                .iter()
                .flat_map(|&at| &page.long[at].1)
                .for_each(|&code| out(code));
        }
        code => out(code),
    }
    match page.fold[low] {
        1 => Fold::Simplified,
        2 => Fold::Traditional,
        3 => Fold::Wide,
        4 => Fold::LookAlike,
        5 => Fold::Invisible,
        _ => Fold::Plain,
    }
}

impl Page {
    fn of(high: u32) -> Self {
        let mut page = Page {
            code: [DROPPED; 256],
            fold: [0; 256],
            long: Vec::new(),
        };
        for low in 0..=255u8 {
            let Some(c) = char::from_u32(high << 8 | u32::from(low)) else {
                continue;
            };
            let (codes, fold) = work_out(c);
            page.fold[usize::from(low)] = fold as u8;
            page.code[usize::from(low)] = match codes.as_slice() {
                [] => DROPPED,
                [one] => *one,
                _ => SEVERAL,
            };
            if codes.len() > 1 {
                page.long.push((low, codes));
            }
        }
        page
    }
}

/// What [`fold`] looks up.
fn work_out(c: char) -> (Vec<u16>, Fold) {
    if c.is_ascii() {
        let mut codes = Vec::new();
        ascii(c, &mut codes);
        return (codes, Fold::Plain);
    }
    if is_invisible(c) {
        return (Vec::new(), Fold::Invisible);
    }
    let mut codes = Vec::new();
    let mut fold = match c {
        '\u{ff10}'..='\u{ff5a}' => Fold::Wide,
        '\u{2e80}'..='\u{2fdf}' | '\u{f900}'..='\u{fadf}' | '\u{1d400}'..='\u{1d7ff}' => Fold::LookAlike,
        _ => Fold::Plain,
    };
    // Hangul syllables decompose into their letters; they are kept whole.
    let hangul = ('\u{ac00}'..='\u{d7a3}').contains(&c);
    let parts: Vec<char> = if hangul {
        vec![c]
    } else {
        enclosed(c).map_or_else(|| c.nfkd().collect(), |letter| vec![letter])
    };
    for part in parts.into_iter().filter(|part| part.is_alphanumeric()) {
        if part.is_ascii() {
            ascii(part, &mut codes);
        } else if let Some(&(form, kind)) = VARIANTS.get(&part) {
            codes.push(code_of(form));
            if fold == Fold::Plain {
                fold = kind;
            }
        } else {
            let alike = look_alike(part);
            if alike.is_ascii() || alike.chars().any(|a| is_dense(code_of(a)) && a != part) {
                fold = Fold::LookAlike;
            }
            for c in alike.chars() {
                match VARIANTS.get(&c) {
                    Some(&(form, _)) => codes.push(code_of(form)),
                    None if c.is_ascii() => ascii(c, &mut codes),
                    None => codes.push(code_of(c)),
                }
            }
        }
    }
    codes.truncate(LONGEST);
    (codes, fold)
}

/// Letters and digits that are taken for one another even within ASCII share a code.
fn ascii(c: char, codes: &mut Vec<u16>) {
    match c.to_ascii_lowercase() {
        'l' | '1' => codes.push(u16::from(b'i')),
        '0' => codes.push(u16::from(b'o')),
        'm' => codes.extend([u16::from(b'r'), u16::from(b'n')]),
        c if c.is_ascii_alphanumeric() => codes.push(c as u16),
        _ => {}
    }
}

/// Characters beyond the first plane share the codes that no character has (those of the surrogates).
fn code_of(c: char) -> u16 {
    let c = c as u32;
    u16::try_from(c).unwrap_or_else(|_| 0xd800 | (c.wrapping_mul(0x9e37_79b1) >> 21) as u16)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The letter in a black circle or square, which have no decomposition.
fn enclosed(c: char) -> Option<char> {
    let letter = match c as u32 {
        c @ 0x1f150..=0x1f169 => c - 0x1f150,
        c @ 0x1f170..=0x1f189 => c - 0x1f170,
        c @ 0x1f1e6..=0x1f1ff => c - 0x1f1e6,
        _ => return None,
    };
    char::from_u32('a' as u32 + letter)
}

/// What a letter outside ASCII looks like: ASCII letters where either of its cases looks like some, so that the cases
/// of a Cyrillic or Greek letter fold alike; else its prototype.
fn look_alike(c: char) -> String {
    /// Small capitals, and letters whose prototype is not the one they are used for.
    const OWN: &str = "ᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpꞯqʀrꜱsᴛtᴜuᴠvᴡwʏyᴢzυuωwηnпnгrиuїiієeɑaɡgıiſs";
    let own = |c: char| {
        let mut pairs = OWN.chars();
        while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
            if from == c {
                return Some(to.to_string());
            }
        }
        None
    };
    let prototype = |c: char| -> String {
        let found =
            unicode_security::confusable_detection::skeleton(c.encode_utf8(&mut [0; 4])).collect::<String>();
        found.nfkd().filter(|c| c.is_alphanumeric()).collect()
    };
    let lower = c.to_lowercase().next().unwrap_or(c);
    let upper = lower.to_uppercase().next().unwrap_or(lower);
    if let Some(letter) = own(lower) {
        return letter;
    }
    for case in [lower, upper] {
        let found = prototype(case);
        if !found.is_empty() && found.is_ascii() {
            return found;
        }
    }
    let found = prototype(lower);
    if found.is_empty() {
        lower.to_string()
    } else {
        found
    }
}

/// For each Chinese character with written variants: the form that stands for its class, and the script it tells.
static VARIANTS: LazyLock<HashMap<char, (char, Fold)>> = LazyLock::new(|| {
    let mut variants = HashMap::new();
    for line in include_str!("variants.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let Some(form) = line.chars().find(|&c| c != '\t') else {
            continue;
        };
        for (column, kind) in line
            .split('\t')
            .zip([Fold::Simplified, Fold::Plain, Fold::Traditional])
        {
            variants.extend(column.chars().map(|c| (c, (form, kind))));
        }
    }
    variants
});

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<u16> {
        let mut codes = Vec::new();
        for c in text.chars() {
            fold(c, |code| codes.push(code));
        }
        codes
    }

    #[test]
    fn scripts_widths_and_look_alikes_read_the_same() {
        for (one, other) in [
            ("软件后面发现里面", "軟件後面發現裡面"),
            ("说着话", "說著話"),
            ("Hello World 2024", "Ｈｅｌｌｏ　Ｗｏｒｌｄ　２０２４"),
            ("Space and copies", "Sрасе аnd сорiеѕ"),
            ("SPACE", "ЅРАСЕ"),
            ("naïve café", "naive cafe"),
            ("金田人", "⾦⽥⼈"),
            ("zero", "z\u{200b}e\u{2060}r\u{ad}o"),
            ("l1I|", "iii"),
            ("modern", "rnodern"),
            ("bold", "𝐛𝐨𝐥𝐝"),
            ("small", "ꜱᴍᴀʟʟ"),
            ("、，。！ “”", ""),
        ] {
            assert_eq!(folded(one), folded(other), "{one} and {other}");
        }
    }

    #[test]
    fn different_words_stay_different() {
        for (one, other) in [
            ("天", "夫"),
            ("田", "由"),
            ("cat", "car"),
            ("привет", "пока"),
            ("한국", "한글"),
        ] {
            assert_ne!(folded(one), folded(other), "{one} and {other}");
        }
    }

    #[test]
    fn cases_fold_alike_in_every_alphabet() {
        for word in ["ПРИВЕТ МИР", "ΚΑΛΗΜΕΡΑ", "STRAẞE", "ÅNGSTRÖM"] {
            assert_eq!(folded(word), folded(&word.to_lowercase()), "{word}");
        }
    }

    #[test]
    fn every_character_folds_to_few_codes_and_none_is_reserved() {
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            let mut codes = 0;
            fold(c, |code| {
                assert!(code > SEVERAL);
                codes += 1;
            });
            assert!(codes <= LONGEST);
        }
    }
}
