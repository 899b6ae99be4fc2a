//! What evidence costs; to be run under `time`, in a release build.
//!
//! `measure make MEBIBYTES FILE` seals that much film; `measure seal PAGES TIMES` seals a capture of that many pages
//! (11 kB each) again and again; `measure verify FILE TIMES [TRUST]` checks a package; `measure flips FILE TIMES [TRUST]`
//! turns one bit at a time, anywhere, and fails if one goes unnoticed. TRUST is a trust list; by default the sample's key.

#[path = "../tests/evidence/material.rs"]
#[allow(dead_code)]
mod material;

use material::{at, contents, exchange, noise, signer, trust};
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Cursor};
use swordnet_evidence::Trust;
use swordnet_evidence::package::{Archive, seal, verify};
use swordnet_evidence::warc::{Info, Writer};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["make", mebibytes, file] => {
            let mut out = BufWriter::new(File::create(file)?);
            seal(with_film(mebibytes.parse::<usize>()? << 20), &signer(), &mut out)?;
        }
        ["seal", pages, times] => {
            let (warc, index) = capture(pages.parse()?);
            for _ in 0..times.parse::<u32>()? {
                let mut contents = contents();
                contents.archives[0].source = Box::new(Cursor::new(&warc));
                contents.archives[0].index = Some(index.clone());
                seal(contents, &signer(), std::io::sink())?;
            }
        }
        ["verify", file, times, ref list @ ..] => {
            let trust = trusted(list)?;
            for _ in 0..times.parse::<u32>()? {
                let report = verify(&mut File::open(file)?, &trust);
                assert!(report.valid, "{:#?}", report.problems);
            }
        }
        ["flips", file, times, ref list @ ..] => {
            flips(&std::fs::read(file)?, times.parse()?, &trusted(list)?);
        }
        _ => {
            return Err(
                "make MEBIBYTES FILE | seal PAGES TIMES | verify FILE TIMES [TRUST] | flips FILE TIMES [TRUST]".into(),
            );
        }
    }
    Ok(())
}

fn with_film(bytes: usize) -> swordnet_evidence::package::Contents<'static> {
    let mut writer = Writer::new(Vec::new(), &Info::default(), at(0)).unwrap();
    exchange(&mut writer, 1, material::FILM, "video/mp4", &noise(bytes));
    let (warc, index) = writer.finish().unwrap();
    let mut contents = contents();
    contents.archives = vec![Archive {
        name: "data.warc.gz".into(),
        source: Box::new(Cursor::new(warc)),
        index: Some(index),
    }];
    contents
}

fn capture(pages: usize) -> (Vec<u8>, Vec<swordnet_evidence::IndexEntry>) {
    let mut writer = Writer::new(Vec::new(), &Info::default(), at(0)).unwrap();
    for page in 0..pages {
        let body: String = noise(5_500 + page).iter().map(|b| format!("{b:02x}")).collect();
        exchange(
            &mut writer,
            page as i64,
            &format!("http://film.example/{page}"),
            "text/html",
            body.as_bytes(),
        );
    }
    writer.finish().unwrap()
}

fn trusted(list: &[&str]) -> Result<Trust, Box<dyn Error>> {
    match list {
        [] => Ok(trust()),
        [list, ..] => Ok(Trust::from_pem([std::fs::read_to_string(list)?.as_str()])?),
    }
}

fn flips(good: &[u8], times: usize, trust: &Trust) {
    assert!(
        verify(&mut Cursor::new(good), trust).valid,
        "it is not valid to begin with"
    );
    let places: Vec<u64> = noise(times * 8)
        .chunks_exact(8)
        .map(|b| u64::from_le_bytes(b.try_into().unwrap_or_default()))
        .collect();
    let mut altered = good.to_vec();
    for place in places {
        let (at, bit) = ((place >> 3) as usize % good.len(), place & 7);
        altered[at] ^= 1 << bit;
        assert!(
            !verify(&mut Cursor::new(&altered), trust).valid,
            "byte {at}, bit {bit}"
        );
        altered[at] = good[at];
    }
}
