//! Character sets: what the bytes of a page are written in, whatever the page claims.
//!
//! The order of the Encoding and HTML standards (byte order mark, header, `<meta>`, guess) is kept as the order of
//! candidates, but a candidate must fit the bytes: servers declare UTF-8 over GBK pages and ISO-8859-1 over anything.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252,
};
use std::borrow::Cow;

/// How far into a page a `<meta>` may declare its character set. The HTML standard says 1,024 bytes; pages with long
/// comments above their head are common.
const PRESCAN: usize = 8 * 1024;

/// How much of a page is weighed: enough to be sure, little enough to cost nothing.
const SAMPLE: usize = 256 * 1024;

/// Letters outside ASCII that tell one European alphabet from another.
const ENOUGH: usize = 20;

/// Decodes a page and names the encoding that fits it. Malformed sequences become U+FFFD.
pub(super) fn decode<'a>(
    content_type: Option<&str>,
    host: Option<&str>,
    body: &'a [u8],
) -> (Cow<'a, str>, &'static Encoding) {
    let encoding = detect(content_type, host, body);
    (encoding.decode_with_bom_removal(body).0, encoding)
}

/// The name under which a page's encoding is reported: GBK is decoded as what contains it.
pub(super) fn name(encoding: &'static Encoding) -> String {
    if encoding == GBK { GB18030 } else { encoding }
        .name()
        .to_ascii_lowercase()
}

fn detect(content_type: Option<&str>, host: Option<&str>, body: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(body) {
        return encoding;
    }
    if let Some(encoding) = utf16_without_mark(body) {
        return encoding;
    }
    let sample = &body[..body.len().min(SAMPLE)];
    let header = content_type.and_then(|value| label(value.as_bytes()));
    let meta = declared_inside(body);
    let mut declared: Vec<&'static Encoding> = [header, meta].into_iter().flatten().collect();
    // A Latin-1 header is a server's default more often than a statement; what the page says goes first.
    if header == Some(WINDOWS_1252) && meta.is_some_and(|meta| meta != WINDOWS_1252) {
        declared.reverse();
    }
    if sample.is_ascii() {
        return declared.first().copied().unwrap_or(UTF_8);
    }
    if surely_utf8(sample) {
        return UTF_8;
    }
    let fitting = declared.iter().copied().find(|encoding| fits(encoding, sample));
    // Everything fits Latin-1. Where a server's header alone says so, enough letters of another alphabet say more.
    let by_default = fitting == Some(WINDOWS_1252) && header == fitting && meta.is_none();
    let letters = || sample.iter().filter(|byte| !byte.is_ascii()).take(ENOUGH).count();
    match fitting {
        Some(_) if by_default && letters() == ENOUGH => return guess(host, sample),
        Some(encoding) => return encoding,
        None => {}
    }
    let guess = guess(host, sample);
    [Some(guess), declared.first().copied(), Some(UTF_8)]
        .into_iter()
        .flatten()
        .min_by_key(|encoding| malformed(encoding, sample))
        .unwrap_or(UTF_8)
}

/// The encoding of a label such as `text/html; charset=gb2312`.
fn label(value: &[u8]) -> Option<&'static Encoding> {
    let at = find(value, b"charset")? + 7;
    let rest = value[at..]
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let rest = rest
        .strip_prefix(b"\"")
        .or(rest.strip_prefix(b"'"))
        .unwrap_or(rest);
    let end = rest
        .iter()
        .position(|b| b"\"'; \t\r\n>/".contains(b))
        .unwrap_or(rest.len());
    Encoding::for_label(&rest[..end])
}

/// What the page declares in a `<meta>` or an XML declaration. A page that was read as ASCII so far cannot be UTF-16.
fn declared_inside(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(PRESCAN)];
    let xml = head
        .trim_ascii_start()
        .starts_with(b"<?xml")
        .then(|| {
            let declaration = &head[..head.iter().position(|&b| b == b'>')?];
            let at = find(declaration, b"encoding")? + 8;
            let rest = declaration[at..]
                .trim_ascii_start()
                .strip_prefix(b"=")?
                .trim_ascii_start();
            let end = 1 + rest.get(1..)?.iter().position(|b| b"\"'".contains(b))?;
            Encoding::for_label(&rest[1..end])
        })
        .flatten();
    let mut found = xml;
    let mut at = 0;
    while found.is_none() {
        let Some(next) = find(&head[at..], b"<meta") else {
            break;
        };
        let tag = &head[at + next..];
        let end = tag.iter().position(|&b| b == b'>').unwrap_or(tag.len());
        found = label(&tag[..end]);
        at += next + 5;
    }
    found.map(|encoding| {
        if encoding == UTF_16LE || encoding == UTF_16BE {
            UTF_8
        } else {
            encoding
        }
    })
}

/// Position of an ASCII word, in any case.
fn find(haystack: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), haystack).find(|&at| {
        haystack[at..]
            .get(..word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
    })
}

/// UTF-16 without a byte order mark: markup has a zero in every other byte. Between its tags, an ideograph may have one on
/// the other side (一 is 4E 00).
fn utf16_without_mark(body: &[u8]) -> Option<&'static Encoding> {
    let head = &body[..body.len().min(1024)];
    if head.len() < 16 {
        return None;
    }
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|&&b| b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let (few, many) = (even.min(odd), even.max(odd));
    if many * 8 < head.len() || few * 8 > many {
        return None;
    }
    Some(if odd > even { UTF_16LE } else { UTF_16BE })
}

/// Valid UTF-8 with enough long sequences that no other encoding produces it by chance. A few two-byte sequences may be
/// GBK: its 联通 is the classic case.
fn surely_utf8(sample: &[u8]) -> bool {
    let valid = match std::str::from_utf8(sample) {
        Ok(text) => text,
        // A character cut by the end of the sample is no fault.
        Err(error) if error.error_len().is_none() => {
            match std::str::from_utf8(&sample[..error.valid_up_to()]) {
                Ok(text) => text,
                Err(_) => return false,
            }
        }
        Err(_) => return false,
    };
    let weight: usize = valid.chars().map(|c| c.len_utf8() - 1).take(4096).sum();
    weight >= 8
}

/// Do the bytes read as text of this encoding?
fn fits(encoding: &'static Encoding, sample: &[u8]) -> bool {
    if encoding == UTF_8 {
        return malformed(encoding, sample) == 0;
    }
    if encoding == WINDOWS_1252 {
        // Everything decodes as Latin-1; runs of high bytes are words of another script.
        return longest_high_run(sample) < 6;
    }
    malformed(encoding, sample) * 200 <= sample.len()
        && common_share(encoding, sample).is_none_or(|share| share > 0.6)
}

fn longest_high_run(sample: &[u8]) -> usize {
    sample.split(|b| b.is_ascii()).map(<[u8]>::len).max().unwrap_or(0)
}

/// Number of malformed sequences, one cut by the end forgiven.
fn malformed(encoding: &'static Encoding, sample: &[u8]) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(sample);
    let count = text.matches('\u{fffd}').count();
    count - usize::from(count > 0 && text.ends_with('\u{fffd}'))
}

/// The share of double-byte characters that stand where an encoding keeps its common ones; `None` where too few are
/// seen or the encoding has no such place. GB 2312 level 1 (rows B0-D7) and Big5 level 1 (A4-C6) cover more than 99 %
/// of running Chinese; either read as the other falls under two thirds.
fn common_share(encoding: &'static Encoding, sample: &[u8]) -> Option<f64> {
    let common: &[(u8, u8)] = if encoding == GBK || encoding == GB18030 {
        &[(0xa1, 0xa3), (0xb0, 0xd7)]
    } else if encoding == BIG5 {
        &[(0xa1, 0xa3), (0xa4, 0xc6)]
    } else {
        return None;
    };
    let (mut seen, mut good) = (0u32, 0u32);
    let mut bytes = sample.iter();
    while let Some(&lead) = bytes.next() {
        if lead < 0x80 {
            continue;
        }
        let Some(&trail) = bytes.next() else { break };
        seen += 1;
        let high = encoding == BIG5 || trail >= 0xa1;
        good += u32::from(high && common.iter().any(|&(from, to)| (from..=to).contains(&lead)));
    }
    (seen >= 16).then(|| f64::from(good) / f64::from(seen))
}

/// What the bytes look like, with the host's top-level domain as a hint.
fn guess(host: Option<&str>, sample: &[u8]) -> &'static Encoding {
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Allow);
    // Pieces in ASCII say nothing, unless they shift (ISO-2022-JP). No encoding has `<` inside a character.
    for piece in sample.split_inclusive(|&byte| byte == b'<') {
        if !piece.is_ascii() || memchr::memchr(0x1b, piece).is_some() {
            detector.feed(piece, false);
        }
    }
    detector.feed(b"", true);
    let tld = host
        .and_then(|host| host.rsplit('.').next())
        .filter(|tld| !tld.is_empty() && tld.bytes().all(|b| b.is_ascii_lowercase()));
    let guess = detector.guess(tld.map(str::as_bytes), chardetng::Utf8Detection::Allow);
    // Between the East Asian encodings the detector is not always right on little text; the places of the common
    // characters are.
    if [GBK, GB18030, BIG5, EUC_KR, EUC_JP, SHIFT_JIS].contains(&guess) {
        let share = |encoding| common_share(encoding, sample).unwrap_or(0.0);
        let korean = guess == EUC_KR && all_hangul(sample);
        if malformed(GB18030, sample) == 0 && share(GBK) > 0.97 && !korean {
            return GBK;
        }
    }
    guess
}

/// Hangul stand in rows B0 to C8 of KS X 1001, which are the first half of the common rows of GB 2312: Chinese uses the second
/// half as well.
fn all_hangul(sample: &[u8]) -> bool {
    let (mut seen, mut beyond) = (0u32, 0u32);
    let mut bytes = sample.iter();
    while let Some(&lead) = bytes.next() {
        if lead >= 0x80 && bytes.next().is_some() {
            seen += 1;
            beyond += u32::from((0xc9..=0xd7).contains(&lead));
        }
    }
    beyond * 10 < seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "侵权盗版影片下载站，这里的每一部电影都没有得到权利人的许可。";
    const TAIWAN: &str = "侵權盜版影片下載，這是一個沒有宣告編碼的繁體中文網頁。";

    fn detected(content_type: Option<&str>, body: &[u8]) -> (String, String) {
        let (text, encoding) = decode(content_type, None, body);
        (name(encoding), text.into_owned())
    }

    fn written(encoding: &'static Encoding, text: &str) -> Vec<u8> {
        encoding.encode(text).0.into_owned()
    }

    #[test]
    fn declarations_that_fit_are_believed() {
        let body = written(GB18030, TEXT);
        assert_eq!(
            detected(Some("text/html; charset=GBK"), &body),
            ("gb18030".into(), TEXT.into())
        );
        let page = format!("<meta charset=\"gb2312\"><title>{TEXT}</title>㐀");
        assert_eq!(detected(Some("text/html"), &written(GB18030, &page)).1, page);
        let page = format!("<META http-equiv=content-type content='text/html;charset=big5'>{TAIWAN}");
        assert_eq!(detected(None, &written(BIG5, &page)), ("big5".into(), page));
        assert_eq!(
            detected(Some("text/html; charset=iso-8859-1"), b"caf\xe9").1,
            "café"
        );
    }

    #[test]
    fn undeclared_text_is_recognised() {
        for (encoding, text) in [
            (GB18030, TEXT),
            (BIG5, TAIWAN),
            (UTF_8, TEXT),
            (SHIFT_JIS, "これは日本語のページです。映画を見ることができます。"),
        ] {
            let page = format!("<title>{text}</title><p>{}</p>", text.repeat(10));
            assert_eq!(
                detected(None, &written(encoding, &page)).1,
                page,
                "{}",
                encoding.name()
            );
        }
    }

    #[test]
    fn wrong_declarations_are_not_believed() {
        let page = format!("<meta charset=gbk><title>{TEXT}</title>");
        assert_eq!(
            detected(Some("text/html; charset=utf-8"), &written(GB18030, &page)).1,
            page
        );
        assert_eq!(
            detected(Some("text/html; charset=iso-8859-1"), &written(GB18030, &page)).1,
            page
        );
        assert_eq!(detected(Some("text/html; charset=gbk"), page.as_bytes()).1, page);
        let page = format!("<p>{}</p>", TEXT.repeat(8));
        assert_eq!(
            detected(Some("text/html; charset=utf-8"), &written(GB18030, &page)).1,
            page
        );
        assert_eq!(
            detected(Some("text/html; charset=iso-8859-1"), &written(GB18030, &page)).1,
            page
        );
        assert_eq!(
            detected(Some("text/html; charset=big5"), &written(GB18030, &page)).1,
            page
        );
        let page = format!("<p>{}</p>", TAIWAN.repeat(8));
        assert_eq!(
            detected(Some("text/html; charset=gb2312"), &written(BIG5, &page)).1,
            page
        );
    }

    #[test]
    fn utf16_is_read_with_and_without_its_mark() {
        let page = "<html><title>t</title><a href=x>y</a> 侵权</html>";
        let units: Vec<u8> = page.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = page.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked: Vec<u8> = [0xff, 0xfe].into_iter().chain(units.iter().copied()).collect();
        for bytes in [&units, &big, &marked] {
            assert_eq!(detected(None, bytes).1, page);
        }
    }

    #[test]
    fn a_character_cut_at_the_end_is_forgiven() {
        let body = TEXT.as_bytes();
        assert_eq!(detected(None, &body[..body.len() - 1]).0, "utf-8");
    }
}
