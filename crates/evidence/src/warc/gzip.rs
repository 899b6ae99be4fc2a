//! One gzip member a record (WARC 1.1, annex D), by compressors that are used again: to set one up costs more than most
//! records.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use std::io::{self, Write};

/// Bytes that are handed on at once.
const PIECE: usize = 32 << 10;

/// Writes gzip members (RFC 1952).
pub(super) struct Gzip {
    stored: Compress,
    packed: Compress,
    piece: Vec<u8>,
}

/// A member in the making.
pub(super) struct Member<'a, W: Write> {
    compress: &'a mut Compress,
    piece: &'a mut Vec<u8>,
    out: &'a mut W,
    crc: Crc,
    written: u64,
}

impl Gzip {
    pub fn new(level: u32) -> Gzip {
        Gzip {
            stored: Compress::new(Compression::none(), false),
            packed: Compress::new(Compression::new(level), false),
            piece: Vec::with_capacity(PIECE),
        }
    }

    /// Begins a member; `pack`: is it worth deflating?
    pub fn member<'a, W: Write>(&'a mut self, out: &'a mut W, pack: bool) -> io::Result<Member<'a, W>> {
        // No name, no time, no system: the same record gives the same bytes.
        out.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])?;
        let compress = if pack { &mut self.packed } else { &mut self.stored };
        compress.reset();
        Ok(Member {
            compress,
            piece: &mut self.piece,
            out,
            crc: Crc::new(),
            written: 10,
        })
    }
}

impl<W: Write> Member<'_, W> {
    /// Ends the member; gives its length.
    pub fn finish(mut self) -> io::Result<u64> {
        self.pass(&[], FlushCompress::Finish)?;
        self.out.write_all(&self.crc.sum().to_le_bytes())?;
        self.out.write_all(&self.crc.amount().to_le_bytes())?;
        Ok(self.written + 8)
    }

    fn pass(&mut self, mut bytes: &[u8], flush: FlushCompress) -> io::Result<()> {
        loop {
            let before = self.compress.total_in();
            self.piece.clear();
            let status = self.compress.compress_vec(bytes, self.piece, flush)?;
            bytes = &bytes[(self.compress.total_in() - before) as usize..];
            self.out.write_all(self.piece)?;
            self.written += self.piece.len() as u64;
            let more = match flush {
                FlushCompress::Finish => status != Status::StreamEnd,
                _ => !bytes.is_empty(),
            };
            if !more {
                return Ok(());
            }
        }
    }
}

impl<W: Write> Write for Member<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.crc.update(bytes);
        self.pass(bytes, FlushCompress::None)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn members_are_read_back_one_after_the_other() {
        let noise: Vec<u8> = (0..300_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8)
            .collect();
        let text = b"the same words again and again ".repeat(9_000);
        let (mut gzip, mut out) = (Gzip::new(6), Vec::new());
        for (bytes, pack) in [
            (&noise, true),
            (&text, false),
            (&text, true),
            (&Vec::new(), true),
            (&noise, false),
        ] {
            let start = out.len();
            let mut member = gzip.member(&mut out, pack).unwrap();
            bytes
                .chunks(70_001)
                .for_each(|part| member.write_all(part).unwrap());
            let length = member.finish().unwrap();
            assert_eq!(out.len() - start, length as usize);
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(&out[start..])
                .read_to_end(&mut back)
                .unwrap();
            assert!(&back == bytes);
        }
    }
}
