//! What a large index costs, with synthetic fingerprints made from real ones:
//! `cargo run --release -p swordnet-recognise --example scale -- sound RAW… -- HOURS…` and `… text TXT… -- ARTICLES…`.
//!
//! RAW are works as 16-bit samples, mono, 8 kHz (`ffmpeg -i WORK -ac 1 -ar 8000 -f s16le RAW`), TXT are articles. The first work is the
//! query's and stays as it is; copies of the others are altered until the index is as large as wanted: the samples of every work are mirrored in
//! time, resampled and mixed in turn; every article is written anew from sentences of others, with one character in five replaced.

use std::collections::HashSet;
use std::io::Write;
use std::time::Instant;
use std::{env, fs};
use swordnet_core::ReferenceId;
use swordnet_recognise::media::{audio::Audio, text::Text};
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, Signal};

type Failure = Box<dyn std::error::Error>;

/// A small source of chance.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn print(kind: &dyn MediumKind, purpose: Purpose, signal: Signal<'_>) -> Result<Fingerprint, Failure> {
    let mut extractor = kind.extractor(purpose);
    extractor.push(signal)?;
    Ok(extractor.finish()?)
}

/// Seconds that this process computed, and its resident mebibytes (Linux).
fn used() -> Result<(f64, f64), Failure> {
    let times = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = times.split(' ').next().unwrap_or_default().parse()?;
    let status = fs::read_to_string("/proc/self/status")?;
    let resident = status
        .lines()
        .find_map(|l| l.strip_prefix("VmRSS:"))
        .unwrap_or_default();
    let kibibytes: f64 = resident.trim().trim_end_matches(" kB").parse()?;
    Ok((nanoseconds / 1e9, kibibytes / 1024.0))
}

fn sound(files: &[String], hours: f64, dice: &mut Dice) -> Result<(Vec<Fingerprint>, Fingerprint), Failure> {
    let mut works = Vec::new();
    for file in files {
        let bytes = fs::read(file)?;
        let samples = bytes
            .chunks_exact(2)
            .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0);
        works.push(samples.collect::<Vec<_>>());
    }
    let middle = works[0].len() / 2;
    let query = &works[0][middle..(middle + 60 * 8000).min(works[0].len())];
    let query = print(&Audio, Purpose::Query, Signal::Samples(query))?;
    let mut prints = vec![print(&Audio, Purpose::Reference, Signal::Samples(&works[0]))?];
    let mut seconds = works[0].len() as f64 / 8000.0;
    while seconds < hours * 3600.0 {
        let (one, other) = (
            &works[1 + dice.below(works.len() - 1)],
            &works[dice.below(works.len())],
        );
        let (step, late) = (0.8 + dice.below(400) as f64 / 1000.0, dice.below(other.len()));
        let altered: Vec<f32> = (0..(one.len() as f64 / step) as usize)
            .map(|at| {
                let at = (at as f64 * step) as usize;
                one[one.len() - 1 - at] + 0.7 * other[(late + at) % other.len()]
            })
            .collect();
        prints.push(print(&Audio, Purpose::Reference, Signal::Samples(&altered))?);
        seconds += altered.len() as f64 / 8000.0;
    }
    Ok((prints, query))
}

fn text(
    files: &[String],
    articles: f64,
    dice: &mut Dice,
) -> Result<(Vec<Fingerprint>, Fingerprint), Failure> {
    let texts = files
        .iter()
        .map(fs::read_to_string)
        .collect::<Result<Vec<_>, _>>()?;
    let sentences: Vec<Vec<char>> = texts
        .iter()
        .flat_map(|text| text.split_inclusive(['。', '.', '\n']))
        .map(|sentence| sentence.chars().collect())
        .collect();
    let mut prints = vec![print(&Text, Purpose::Reference, Signal::Text(&texts[0]))?];
    while (prints.len() as f64) < articles {
        let mut article = String::new();
        while article.len() < 4000 {
            let other = &sentences[dice.below(sentences.len())];
            for &c in &sentences[dice.below(sentences.len())] {
                let replaced = dice.below(5) == 0;
                article.push(if replaced {
                    other[dice.below(other.len())]
                } else {
                    c
                });
            }
        }
        prints.push(print(&Text, Purpose::Reference, Signal::Text(&article))?);
    }
    let query = print(&Text, Purpose::Query, Signal::Text(&texts[0]))?;
    Ok((prints, query))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let bar = arguments
        .iter()
        .position(|a| a == "--")
        .ok_or("no -- before the sizes")?;
    let (medium, files) = arguments[..bar].split_first().ok_or("sound or text?")?;
    let kind: &dyn MediumKind = if medium == "sound" { &Audio } else { &Text };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| size | index MB | opened in s | resident MB | CPU ms a query | first answer right |"
    )?;
    for size in &arguments[bar + 1..] {
        let mut dice = Dice(1);
        let make = if medium == "sound" { sound } else { text };
        let (prints, query) = make(files, size.parse()?, &mut dice)?;
        let references: Vec<_> = prints
            .iter()
            .enumerate()
            .map(|(at, print)| (ReferenceId::from_text(format!("{at}")), print))
            .collect();
        let file = env::temp_dir().join(format!("swordnet-scale-{}", std::process::id()));
        fs::write(&file, kind.build(&references)?)?;
        drop(references);
        drop(prints);
        let before = Instant::now();
        let bytes = fs::read(&file)?;
        fs::remove_file(&file)?;
        let length = bytes.len() as f64 / 1e6;
        let segment = kind.open(bytes.into())?;
        let opened = before.elapsed().as_secs_f64();
        let (start, resident) = used()?;
        const TIMES: u32 = 10;
        let mut right = true;
        for _ in 0..TIMES {
            let found = segment.search(&query, &HashSet::new())?;
            right &= found.first().is_some_and(|m| m.reference.as_str() == "0");
        }
        let each = (used()?.0 - start) * 1000.0 / f64::from(TIMES);
        writeln!(
            out,
            "| {size} | {length:.0} | {opened:.2} | {resident:.0} | {each:.1} | {right} |"
        )?;
    }
    Ok(())
}
