//! Still pictures in the web's formats: decoded by the confined child itself, without ffmpeg, whose start costs more than they do.
//!
//! What does not decode here, for whatever reason, is ffmpeg's to judge.

use crate::Media;
use crate::confine::Task;
use crate::geometry::fit;
use crate::probe::{Facts, VideoFacts, open};
use crate::snapshot::OwnedFrame;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, metadata::Orientation};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

/// Bytes of a file that are read whole; a larger one is no picture of the web.
const LARGEST: u64 = 64 << 20;
/// Bytes that tell the format, and whether it moves.
const HEAD: usize = 64;
/// Longest first line of the answer.
const LINE: usize = 200;

/// What the child is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Picture {
    /// Longest side in pixels, and channels; nothing where only facts are wanted.
    wanted: Option<(u32, u8)>,
    /// Pixels of the picture as it is coded, at most.
    pixels: u64,
    /// Bytes of memory for its pixels.
    memory: u64,
}

/// First line of the child's answer, as JSON; the pixels follow.
#[derive(Debug, Serialize, Deserialize)]
struct Shown {
    /// Size as it is shown.
    facts: [u32; 2],
    /// Size of what follows.
    given: [u32; 2],
}

impl Media {
    /// What a still picture is; nothing where it is not one of the web's formats, or does not read.
    pub(crate) fn still_facts(&self, path: &Path) -> Option<Facts> {
        let (format, shown, _) = self.look(path, None)?;
        let [width, height] = shown.facts;
        let codec = match format {
            ImageFormat::Jpeg => "mjpeg",
            ImageFormat::Png => "png",
            ImageFormat::WebP => "webp",
            _ => "bmp",
        };
        Some(Facts {
            container: format!("{codec}_pipe"),
            seconds: 0.0,
            video: Some(VideoFacts {
                codec: codec.into(),
                width,
                height,
                rate: 0.0,
            }),
            audio: None,
            still: true,
        })
    }

    /// A still picture, at most `max_side` pixels long; nothing where [`Media::still_facts`] gives nothing.
    pub(crate) fn still_picture(&self, path: &Path, max_side: u32, channels: u8) -> Option<OwnedFrame> {
        let (_, shown, pixels) = self.look(path, Some((max_side, channels)))?;
        let [width, height] = shown.given;
        (pixels.len() == width as usize * height as usize * usize::from(channels)).then_some(OwnedFrame {
            width,
            height,
            channels,
            pixels,
        })
    }

    fn look(&self, path: &Path, wanted: Option<(u32, u8)>) -> Option<(ImageFormat, Shown, Vec<u8>)> {
        let mut head = Vec::with_capacity(HEAD);
        let file = open(path).ok()?;
        if file.metadata().ok()?.len() > LARGEST {
            return None;
        }
        file.take(HEAD as u64).read_to_end(&mut head).ok()?;
        let format = format(&head)?;
        let task = Task::Picture(Picture {
            wanted,
            pixels: self.limits.pixels,
            memory: self.limits.memory,
        });
        let room = wanted.map_or(0, |(side, channels)| {
            let side = side.min(1 << 14) as usize;
            side * side * usize::from(channels)
        });
        let (answer, _) = self.collect(task, open(path).ok()?, vec![], LINE + room).ok()?;
        let end = answer.iter().position(|&b| b == b'\n')?;
        let shown = serde_json::from_slice(&answer[..end]).ok()?;
        Some((format, shown, answer[end + 1..].to_vec()))
    }
}

/// The format of a picture that does not move, by its first bytes.
fn format(head: &[u8]) -> Option<ImageFormat> {
    // A series of pictures, or one of them with something behind it, is ffmpeg's.
    let moves = head.windows(4).any(|word| word == b"acTL" || word == b"ANIM");
    image::guess_format(head)
        .ok()
        .filter(|format| TAKEN.contains(format) && !moves)
}

const TAKEN: [ImageFormat; 4] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::WebP,
    ImageFormat::Bmp,
];

/// The child's part: decodes its standard input and writes the answer. Gives what went wrong.
pub fn decode(task: &Picture) -> Result<(), Box<dyn std::error::Error>> {
    let mut bytes = Vec::new();
    File::from(std::io::stdin().as_fd().try_clone_to_owned()?)
        .take(LARGEST)
        .read_to_end(&mut bytes)?;
    // A film of such pictures, one behind the other.
    if bytes.windows(5).any(|end| end == b"\xff\xd9\xff\xd8\xff") {
        return Err("a series of pictures".into());
    }
    let mut reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format()?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(task.memory);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > task.pixels {
        return Err("more pixels than allowed".into());
    }
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut out = std::io::stdout().lock();
    let (given, pixels) = match task.wanted {
        None => ([0; 2], Vec::new()),
        Some((max_side, channels)) => {
            let (w, h) = fit(width, height, 1.0, max_side);
            let mut picture = reduced(DynamicImage::from_decoder(decoder)?, w, h, channels);
            picture.apply_orientation(turn);
            ([picture.width(), picture.height()], picture.into_bytes())
        }
    };
    let facts = match turn {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => [height, width],
        _ => [width, height],
    };
    writeln!(out, "{}", serde_json::to_string(&Shown { facts, given })?)?;
    out.write_all(&pixels)?;
    Ok(out.flush()?)
}

/// In the colours and the size that are wanted; every pixel of the picture has its share. Transparency is left out, as ffmpeg does.
fn reduced(picture: DynamicImage, width: u32, height: u32, channels: u8) -> DynamicImage {
    let same = (picture.width(), picture.height()) == (width, height);
    if channels == 3 {
        let colours = picture.into_rgb8();
        return DynamicImage::ImageRgb8(if same {
            colours
        } else {
            image::imageops::thumbnail(&colours, width, height)
        });
    }
    let luma = match picture {
        DynamicImage::ImageLuma8(luma) => luma,
        other => {
            let colours = other.into_rgb8();
            // Luma as films and JPEG have it (ITU-R BT.601), full range.
            let of = |p: &[u8]| {
                ((19_595 * u32::from(p[0]) + 38_470 * u32::from(p[1]) + 7_471 * u32::from(p[2]) + 32_768)
                    >> 16) as u8
            };
            let luma = colours.as_raw().chunks_exact(3).map(of).collect();
            image::GrayImage::from_raw(colours.width(), colours.height(), luma).unwrap_or_default()
        }
    };
    DynamicImage::ImageLuma8(if same {
        luma
    } else {
        image::imageops::thumbnail(&luma, width, height)
    })
}
