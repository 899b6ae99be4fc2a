//! A folded text: the fingerprint of this medium, and what a segment keeps of each reference.
//!
//! | bytes | |
//! | --- | --- |
//! | 4 | `SWTX` |
//! | 2, 1, 1 | version; bytes a code, 1 or 2; zero |
//! | 4, 4 | folded characters; characters of the text as given |
//! | 5 × 4 | characters folded by each [`Fold`] but the plain one |
//! | 4 | words of the position map |
//! | 8 | checksum of the rest |
//! | … | codes; position map |
//!
//! All numbers little-endian.

use super::checksum::checksum;
use super::fold::{self, Fold, fold};
use super::positions::{self, Positions};

const MAGIC: &[u8; 4] = b"SWTX";
/// Version of the folding and of this form.
pub const VERSION: u16 = 1;
const HEADER: usize = 48;
const CHECKSUM: std::ops::Range<usize> = 40..48;

/// Folds a text that comes in pieces.
pub struct Folder {
    codes: Vec<u16>,
    positions: positions::Builder,
    length: u64,
    folds: [u32; fold::KINDS],
    full: bool,
}

impl Folder {
    /// An empty text.
    pub fn new() -> Self {
        Self {
            codes: Vec::new(),
            positions: positions::Builder::default(),
            length: 0,
            folds: [0; fold::KINDS],
            full: false,
        }
    }

    /// The next piece. What lies beyond two thousand million characters is left out.
    pub fn push(&mut self, text: &str) {
        for c in text.chars() {
            if self.full {
                return;
            }
            let (codes, positions, length, full) =
                (&mut self.codes, &mut self.positions, self.length, &mut self.full);
            let kind = fold(c, |code| match positions.push(length) {
                true => codes.push(code),
                false => *full = true,
            });
            self.folds[kind as usize] += 1;
            self.length += 1;
        }
    }

    /// The folded text as bytes; `None` when nothing was left.
    pub fn finish(self) -> Option<Vec<u8>> {
        if self.codes.is_empty() {
            return None;
        }
        let wide = self.codes.iter().any(|&code| code > 0xff);
        let mut out = Vec::with_capacity(HEADER + self.codes.len() * 3);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend([1 + u8::from(wide), 0]);
        out.extend((self.codes.len() as u32).to_le_bytes());
        out.extend((self.length.min(u32::MAX.into()) as u32).to_le_bytes());
        self.folds[1..]
            .iter()
            .for_each(|count| out.extend(count.to_le_bytes()));
        out.extend((self.positions.words() as u32).to_le_bytes());
        out.extend([0; 8]);
        match wide {
            true => self.codes.iter().for_each(|code| out.extend(code.to_le_bytes())),
            false => self.codes.iter().for_each(|&code| out.push(code as u8)),
        }
        self.positions.write(&mut out);
        let sum = sum(&out);
        out[CHECKSUM].copy_from_slice(&sum.to_le_bytes());
        Some(out)
    }
}

fn sum(bytes: &[u8]) -> u64 {
    checksum(&bytes[..CHECKSUM.start]) ^ checksum(&bytes[HEADER..]).rotate_left(1)
}

/// A folded text as it lies in a fingerprint or segment.
#[derive(Clone, Copy, Debug)]
pub struct FoldedText<'a> {
    wide: bool,
    codes: &'a [u8],
    positions: Positions<'a>,
    /// Number of folded characters.
    pub count: usize,
    /// Number of characters of the text as given.
    pub length: u32,
    folds: [u32; fold::KINDS],
}

impl<'a> FoldedText<'a> {
    /// Reads bytes that came from elsewhere.
    pub fn open_checked(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let text = Self::open(bytes)?;
        let kept = bytes
            .get(CHECKSUM)
            .and_then(|bytes| bytes.first_chunk())
            .map(|bytes| u64::from_le_bytes(*bytes));
        if !crate::CHECKED || kept == Some(sum(bytes)) {
            Ok(text)
        } else {
            Err("the checksum does not fit")
        }
    }

    /// Reads bytes whose checksum was seen to before; still safe with any bytes.
    pub fn open(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or("shorter than its header")?;
        let number =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if &header[..4] != MAGIC {
            return Err("not a folded text");
        }
        if u16::from_le_bytes([header[4], header[5]]) != VERSION {
            return Err("of another version");
        }
        let (count, width) = (number(8) as usize, usize::from(header[6]));
        if count == 0 || !matches!(width, 1 | 2) {
            return Err("an impossible header");
        }
        let body = &bytes[HEADER..];
        let codes = body.get(..count * width).ok_or("shorter than its codes")?;
        let positions = Positions::open(&body[count * width..], count, number(36) as usize)
            .ok_or("an impossible position map")?;
        let mut folds = [0; fold::KINDS];
        (1..fold::KINDS).for_each(|kind| folds[kind] = number(12 + 4 * kind));
        Ok(Self {
            wide: width == 2,
            codes,
            positions,
            count,
            length: number(12),
            folds,
        })
    }

    /// The code at `index`; 0, which is no code, past the end.
    #[inline]
    pub fn code(&self, index: usize) -> u16 {
        match self.wide {
            true => self
                .codes
                .get(2 * index..2 * index + 2)
                .map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]])),
            false => self.codes.get(index).map_or(0, |&code| code.into()),
        }
    }

    /// All codes.
    pub fn codes(&self) -> Vec<u16> {
        match self.wide {
            true => self
                .codes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect(),
            false => self.codes.iter().map(|&code| code.into()).collect(),
        }
    }

    /// The span of the text as given, in characters, from which the folded characters `start..end` came.
    pub fn span(&self, start: usize, end: usize) -> Option<(u32, u32)> {
        let last = end.checked_sub(1).filter(|&last| last >= start)?;
        Some((
            self.positions.get(start)?,
            self.positions.get(last)?.checked_add(1)?,
        ))
    }

    /// How many characters were folded so.
    pub fn folded(&self, kind: Fold) -> u32 {
        self.folds[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn fold_text(text: &str) -> Vec<u8> {
        let mut folder = Folder::new();
        folder.push(text);
        folder.finish().unwrap()
    }

    #[test]
    fn spans_count_characters_of_the_text_as_given() {
        let bytes = fold_text("“天 地”, ﬁne 𠀀!");
        let text = FoldedText::open_checked(&bytes).unwrap();
        assert_eq!(text.count, 7);
        assert_eq!(text.length, 13);
        assert_eq!(text.span(0, 2), Some((1, 4)));
        assert_eq!(text.span(2, 6), Some((7, 10)));
        assert_eq!(text.span(6, 7), Some((11, 12)));
        assert_eq!(text.span(6, 8), None);
        assert_eq!(text.span(3, 3), None);
    }

    #[test]
    fn any_changed_bit_is_noticed() {
        let bytes = fold_text("Swordnet checks websites; 剑网检查网站。");
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(FoldedText::open_checked(&changed).is_err(), "bit {bit}");
        }
        for end in 0..bytes.len() {
            assert!(FoldedText::open_checked(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference_and_spans_land_on_the_right_characters(text in "([a-zé 天地說。\u{200b}ﬁ𠀀]|\\PC){1,200}", cut in 0usize..200) {
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            let mut folder = Folder::new();
            folder.push(&text[..cut]);
            folder.push(&text[cut..]);
            let Some(bytes) = folder.finish() else { return Ok(()) };
            prop_assert_eq!(&bytes, &fold_text(&text));
            let folded = FoldedText::open_checked(&bytes).unwrap();
            let given: Vec<char> = text.chars().collect();
            let mut last = 0;
            for index in 0..folded.count {
                let (start, end) = folded.span(index, index + 1).unwrap();
                prop_assert!(start >= last && end == start + 1);
                let mut codes = Vec::new();
                fold(given[start as usize], |code| codes.push(code));
                prop_assert!(codes.contains(&folded.code(index)));
                last = start;
            }
        }

        #[test]
        fn hostile_bytes_give_no_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), seed in "\\PC{0,40}a", keep in 0usize..120) {
            let real = fold_text(&seed);
            let keep = keep.min(real.len()).min(bytes.len());
            bytes[..keep].copy_from_slice(&real[..keep]);
            if let Ok(text) = FoldedText::open(&bytes) {
                for index in [0, 1, text.count / 2, text.count, usize::MAX / 4] {
                    let _ = (text.code(index), text.span(index, index + 3));
                }
            }
        }
    }
}
