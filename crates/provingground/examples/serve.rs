//! Builds the ground and serves it for a browser, a crawler or a benchmark of one's own:
//!
//!     cargo run -p swordnet-provingground --example serve -- [--seed N] [--media DIR] [--dir DIR] [--listen ADDR] [--build-only]
//!
//! A browser sees the sites with `chromium --host-resolver-rules="MAP *.site.test 127.0.0.1:PORT"`; curl with
//! `--connect-to ::127.0.0.1:PORT`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use swordnet_core::Timestamp;
use swordnet_provingground::{Options, build, serve_on};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = Options {
        seed: 1,
        media: None,
        dir: std::env::temp_dir().join("provingground"),
        ffmpeg: PathBuf::from("ffmpeg"),
        start: Timestamp::now(),
    };
    let mut listen: SocketAddr = "127.0.0.1:8080".parse()?;
    let mut build_only = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
        match argument.as_str() {
            "--seed" => options.seed = value()?.parse()?,
            "--media" => options.media = Some(value()?.into()),
            "--dir" => options.dir = value()?.into(),
            "--listen" => listen = value()?.parse()?,
            "--build-only" => build_only = true,
            _ => return Err(format!("unknown argument {argument}").into()),
        }
    }
    let began = Instant::now();
    let mut last = String::new();
    let ground = build(&options, &mut |p| {
        if p.what != last {
            eprintln!(
                "{:>4}/{} {} {:.0} s",
                p.done,
                p.total,
                p.what,
                began.elapsed().as_secs_f64()
            );
            last = p.what.to_owned();
        }
    })?;
    let truth = &ground.truth;
    println!(
        "{} works, {} sites, {} copies, {} decoys, {} forbidden; {:.1} s; truth: {}",
        ground.works.len(),
        ground.sites.len(),
        truth.copies.len(),
        truth.decoys.len(),
        truth.forbidden.len(),
        began.elapsed().as_secs_f64(),
        options.dir.join("truth.json").display()
    );
    if build_only {
        return Ok(());
    }
    let sites: Vec<_> = ground.sites.iter().map(|s| s.start.clone()).collect();
    let served = serve_on(Arc::new(ground), Arc::new(Timestamp::now), listen)?;
    println!("serving on {}: {}", served.addr, sites.join(" "));
    loop {
        std::thread::park();
    }
}
