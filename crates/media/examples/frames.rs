//! Decodes a file as recognition does, to see what it costs:
//!
//! ```sh
//! cargo build --release -p swordnet-media --example frames
//! /usr/bin/time -v target/release/examples/frames FILM [RATE] [MAX_SIDE] [quick|keyframes]
//! ```

use std::io::Write;
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
    let mut bytes = 0;
    let decoded = media.frames(Path::new(film), &request, &mut |frame| {
        bytes += frame.pixels.len();
        ControlFlow::Continue(())
    })?;
    writeln!(out, "{bytes} bytes, {decoded:?}")?;
    Ok(())
}
