//! Decodes a file as recognition does, to see what it costs, and keeps the frames where a last argument names a file: YUV4MPEG2 without
//! colour, as `scale` of the recognise crate wants its signals.
//!
//! ```sh
//! cargo build --release -p swordnet-media --example frames
//! /usr/bin/time -v target/release/examples/frames FILM [RATE] [MAX_SIDE] [full|quick|keyframes] [OUT.y4m]
//! ```

use std::fs;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use swordnet_media::{Depth, FrameRequest, Media, Options, enter_if_confined};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    enter_if_confined();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let film = arguments.first().ok_or("which film?")?;
    let mut request = FrameRequest::default();
    if let Some(rate) = arguments.get(1) {
        request.rate = rate.parse()?;
    }
    if let Some(side) = arguments.get(2) {
        request.max_side = side.parse()?;
    }
    request.depth = match arguments.get(3).map(String::as_str) {
        Some("keyframes") => Depth::KeyFrames,
        Some("quick") => Depth::Quick,
        _ => Depth::Full,
    };
    let media = Media::new(Options::default())?;
    let mut out = std::io::stdout();
    writeln!(out, "{:?}", media.confinement()?)?;
    writeln!(out, "{:?}", media.probe(Path::new(film))?)?;
    let kept = arguments.get(4).map(fs::File::create).transpose()?;
    let (mut bytes, mut kept, mut failed) = (0, kept.map(BufWriter::new), Ok(()));
    let decoded = media.frames(Path::new(film), &request, &mut |frame| {
        if let Some(file) = &mut kept {
            failed = (|| {
                if bytes == 0 {
                    let (width, height, thousandths) =
                        (frame.width, frame.height, (request.rate * 1000.0) as u32);
                    writeln!(
                        file,
                        "YUV4MPEG2 W{width} H{height} F{thousandths}:1000 Ip A1:1 Cmono"
                    )?;
                }
                file.write_all(b"FRAME\n")?;
                file.write_all(frame.pixels)
            })();
            if failed.is_err() {
                return ControlFlow::Break(());
            }
        }
        bytes += frame.pixels.len();
        ControlFlow::Continue(())
    })?;
    writeln!(out, "{bytes} bytes, {decoded:?}")?;
    failed?;
    kept.map_or(Ok(()), |mut file| file.flush())?;
    Ok(())
}
