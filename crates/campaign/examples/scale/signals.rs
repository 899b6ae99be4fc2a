//! Decoded signals in the plainest forms there are, so that nothing is decoded here:
//! sound: 16-bit samples, mono, 8 kHz (`ffmpeg -i FILE -ac 1 -ar 8000 -f s16le OUT`); text: UTF-8;
//! video and pictures: YUV4MPEG2 without colour (`-pix_fmt gray -strict -1 -f yuv4mpegpipe`), scaled as the medium demands.

use crate::Failure;
use std::fs;
use std::path::Path;
use swordnet_core::Medium;
use swordnet_recognise::{Error, Fingerprint, MediumKind, Purpose, Signal};

/// The fingerprint of a file; nothing where it holds nothing to recognise.
pub fn print(kind: &dyn MediumKind, purpose: Purpose, path: &Path) -> Result<Option<Fingerprint>, Failure> {
    let mut extractor = kind.extractor(purpose);
    match kind.medium() {
        Medium::Text => extractor.push(Signal::Text(&fs::read_to_string(path)?))?,
        Medium::Audio => {
            let bytes = fs::read(path)?;
            let sample = |b: &[u8]| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0;
            let samples: Vec<f32> = bytes.chunks_exact(2).map(sample).collect();
            extractor.push(Signal::Samples(&samples))?;
        }
        _ => {
            for (time, (width, height), pixels) in Frames::of(&fs::read(path)?)? {
                extractor.push(Signal::Frame {
                    time,
                    width,
                    height,
                    pixels,
                })?;
            }
        }
    }
    match extractor.finish() {
        Ok(print) => Ok(Some(print)),
        Err(Error::Empty(_)) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The frames of a YUV4MPEG2 file of one plane.
struct Frames<'a> {
    left: &'a [u8],
    size: (u32, u32),
    rate: f64,
    shown: u32,
}

impl<'a> Frames<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, Failure> {
        let end = bytes.iter().position(|&b| b == b'\n').ok_or("no header line")?;
        let header = std::str::from_utf8(&bytes[..end])?;
        let field = |letter: char| header.split(' ').skip(1).find_map(|f| f.strip_prefix(letter));
        let number = |letter| field(letter).unwrap_or_default().parse::<u32>();
        let (above, below) = field('F').and_then(|f| f.split_once(':')).unwrap_or(("1", "1"));
        Ok(Self {
            left: &bytes[end + 1..],
            size: (number('W')?, number('H')?),
            rate: above.parse::<f64>()? / below.parse::<f64>()?,
            shown: 0,
        })
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = (f64, (u32, u32), &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (width, height) = self.size;
        let pixels = self.left.strip_prefix(b"FRAME\n")?;
        let (frame, left) = pixels.split_at_checked(width as usize * height as usize)?;
        let time = f64::from(self.shown) / self.rate;
        (self.left, self.shown) = (left, self.shown + 1);
        Some((time, self.size, frame))
    }
}
