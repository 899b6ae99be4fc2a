//! Undoes content codings, within bounds: a few bytes can stand for a great many.

use super::{
    Truncation,
    spool::{Spool, SpoolWriter},
};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::{self, BufRead, BufReader, Read};

/// Most codings on top of one another.
const MAX_NESTING: usize = 3;
/// Largest Zstandard window, by RFC 9659.
const MAX_WINDOW: u64 = 8 << 20;
/// Decoded bytes that are let pass whatever the ratio.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

/// Bounds on what comes out.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) bytes: u64,
    pub(crate) ratio: u64,
}

/// The codings named by Content-Encoding, in the order in which they were applied; `identity` left out.
pub(crate) fn codings<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let names = values
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase());
    names
        .filter(|name| !name.is_empty() && name != "identity")
        .collect()
}

/// Undoes the codings. What cannot be decoded ends the body where it stands; an unknown coding leaves it as sent.
pub(crate) fn decode(
    body: &Spool,
    codings: &[String],
    bounds: Bounds,
) -> io::Result<(Spool, Option<Truncation>)> {
    if codings.len() > MAX_NESTING || !codings.iter().all(|name| known(name)) {
        return Ok((body.clone(), None));
    }
    // Servers say "gzip" of what they did not pack.
    let packed = |name: &String| {
        !name.ends_with("gzip") || body.slice(0, 2).bytes().is_ok_and(|magic| *magic == *b"\x1f\x8b")
    };
    if !body.is_empty() && !codings.last().is_none_or(packed) {
        return Ok((body.clone(), None));
    }
    let mut reader: Box<dyn Read> = Box::new(body.reader());
    for name in codings.iter().rev() {
        reader = match undo(name, reader) {
            Ok(reader) => reader,
            Err(_) => return Ok((Spool::from(bytes::Bytes::new()), Some(Truncation::Disconnect))),
        };
    }
    let by_ratio = body.len().saturating_mul(bounds.ratio).max(RATIO_COUNTS_FROM);
    let most = bounds.bytes.min(by_ratio);
    let mut out = SpoolWriter::default();
    let mut piece = vec![0u8; 32 << 10];
    let mut truncated = None;
    loop {
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => {
                let room = (most - out.len()).min(n as u64) as usize;
                out.push(&piece[..room])?;
                if room < n {
                    truncated = Some(Truncation::Length);
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                truncated = Some(Truncation::Disconnect);
                break;
            }
        }
    }
    Ok((out.finish(), truncated))
}

fn known(name: &str) -> bool {
    matches!(name, "gzip" | "x-gzip" | "deflate" | "br" | "zstd")
}

fn undo(name: &str, reader: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    Ok(match name {
        "br" => Box::new(brotli_decompressor::Decompressor::new(reader, 16 << 10)),
        "zstd" => {
            let mut reader = BufReader::new(reader);
            if zstd_window(reader.fill_buf()?).is_none_or(|window| window > MAX_WINDOW) {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let decoder = ruzstd::decoding::StreamingDecoder::new(reader);
            Box::new(decoder.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?)
        }
        "deflate" => {
            // RFC 9110 means zlib's format; some servers send bare deflate.
            let mut reader = BufReader::new(reader);
            let zlib = matches!(reader.fill_buf()?, [a, b, ..] if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0);
            if zlib {
                Box::new(ZlibDecoder::new(reader))
            } else {
                Box::new(DeflateDecoder::new(reader))
            }
        }
        _ => Box::new(MultiGzDecoder::new(reader)),
    })
}

/// The memory that a Zstandard frame asks for (RFC 8878, section 3.1.1.1).
fn zstd_window(frame: &[u8]) -> Option<u64> {
    let (descriptor, rest) = frame.strip_prefix(b"\x28\xb5\x2f\xfd")?.split_first()?;
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        let byte = rest.first()?;
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    // Then the window is the content, whose size follows the dictionary's number.
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = rest.get(dictionary..)?;
    Some(match descriptor >> 6 {
        0 => u64::from(*size.first()?),
        1 => u64::from(u16::from_le_bytes(*size.first_chunk()?)) + 256,
        2 => u64::from(u32::from_le_bytes(*size.first_chunk()?)),
        _ => u64::from_le_bytes(*size.first_chunk()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write};
    use std::io::Write;

    const BOUNDS: Bounds = Bounds {
        bytes: 4 << 20,
        ratio: 200,
    };

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn undone(data: Vec<u8>, names: &[&str]) -> (Vec<u8>, Option<Truncation>) {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let (body, truncated) = decode(&Spool::from(bytes::Bytes::from(data)), &names, BOUNDS).unwrap();
        (body.bytes().unwrap().to_vec(), truncated)
    }

    #[test]
    fn codings_are_undone_also_nested_and_in_both_readings_of_deflate() {
        let text = "盗版".repeat(1000).into_bytes();
        assert_eq!(undone(gzip(&text), &["gzip"]), (text.clone(), None));
        assert_eq!(
            undone(gzip(&gzip(&text)), &["gzip", "x-gzip"]),
            (text.clone(), None)
        );
        let mut zlib = write::ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&text).unwrap();
        assert_eq!(undone(zlib.finish().unwrap(), &["deflate"]), (text.clone(), None));
        let mut bare = write::DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(&text).unwrap();
        assert_eq!(undone(bare.finish().unwrap(), &["deflate"]), (text.clone(), None));
        let zstd = ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(undone(zstd, &["zstd"]), (text.clone(), None));
        assert_eq!(undone(text.clone(), &["unknown"]), (text, None));
    }

    #[test]
    fn a_bomb_is_cut_off_and_says_so() {
        let bomb = gzip(&vec![0; 64 << 20]);
        let (body, truncated) = undone(bomb.clone(), &["gzip"]);
        assert_eq!(
            (body.len() as u64, truncated),
            (BOUNDS.bytes, Some(Truncation::Length))
        );
        let (body, truncated) = undone(gzip(&bomb), &["gzip", "gzip"]);
        assert_eq!(
            (body.len() as u64, truncated),
            (RATIO_COUNTS_FROM, Some(Truncation::Length))
        );
    }

    #[test]
    fn half_a_stream_gives_what_there_is() {
        let noise: Vec<u8> = (0..200_000u32)
            .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let whole = gzip(&noise);
        let (body, truncated) = undone(whole[..whole.len() / 2].to_vec(), &["gzip"]);
        assert!(!body.is_empty() && noise.starts_with(&body));
        assert_eq!(truncated, Some(Truncation::Disconnect));
        // A frame that asks for a window of 3.75 TiB.
        assert_eq!(
            undone(b"\x28\xb5\x2f\xfd\x00\xff rest".to_vec(), &["zstd"]).1,
            Some(Truncation::Disconnect)
        );
        for name in ["deflate", "br", "zstd"] {
            undone(b"no such thing".to_vec(), &[name]);
        }
        assert_eq!(
            undone(b"<p>not packed".to_vec(), &["gzip"]),
            (b"<p>not packed".to_vec(), None)
        );
        let behind = [gzip(b"one "), gzip(b"two"), b"and what is none".to_vec()].concat();
        assert_eq!(undone(behind, &["gzip"]).0, b"one two");
    }
}
