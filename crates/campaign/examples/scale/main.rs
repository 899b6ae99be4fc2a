//! What a large index costs and what it still finds, with synthetic fingerprints made from real ones. `bench/scale.sh` runs it:
//!
//! - `scale build MEDIUM WORKS SIZE INDEX` writes an index of the works and of distractors, SIZE in all (hours, pictures or articles), in segments as large
//!   as those that the program makes;
//! - `scale ask MEDIUM QUERIES INDEX [SCORES]` maps it, asks every query and prints one row; SCORES gets the best right and wrong answers of each;
//! - `scale likeness TEXTS KNOWN [SIZE]` tells what texts have in common with real ones, or with SIZE articles made from those.
//!
//! WORKS and QUERIES are folders of decoded signals (see `signals`). A query's name up to the first `~` is the work that it was copied from, or several works
//! joined by `+`; a stranger's name begins with `~`.

mod articles;
mod distractors;
mod likeness;
mod measure;
mod signals;

use std::path::Path;
use std::{env, fs};
use swordnet_campaign::FULL_SEGMENT;
use swordnet_core::{Medium, ReferenceId};
use swordnet_recognise::{Fingerprint, MediumKind, Purpose, media};

type Failure = Box<dyn std::error::Error>;

fn kind_of(name: &str) -> Result<&'static dyn MediumKind, Failure> {
    let found = media::ALL.iter().find(|kind| kind.medium().to_string() == name);
    found
        .copied()
        .ok_or_else(|| format!("no medium is called {name}").into())
}

/// Files of a folder in order of their names, with the names without their endings.
fn listed(folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        files.push((stem, path));
    }
    files.sort();
    Ok(files)
}

fn build(kind: &'static dyn MediumKind, works: &Path, size: f64, index: &Path) -> Result<(), Failure> {
    let mut waiting: Vec<(ReferenceId, Fingerprint)> = Vec::new();
    let mut reached = 0.0;
    let mut texts = Vec::new();
    for (name, path) in listed(works)? {
        if kind.medium() == Medium::Text {
            texts.push(fs::read_to_string(&path)?);
        }
        if let Some(print) = signals::print(kind, Purpose::Reference, &path)? {
            reached += distractors::size(&print);
            waiting.push((ReferenceId::from_text(name), print));
        }
    }
    let real: Vec<Fingerprint> = waiting.iter().map(|w| w.1.clone()).collect();
    let mut maker = distractors::Maker::new(kind, &real, &texts);
    fs::create_dir_all(index)?;
    let (mut segments, mut made) = (0, 0);
    loop {
        let mut weight: usize = waiting.iter().map(|w| w.1.bytes.len()).sum();
        while reached < size && weight < FULL_SEGMENT {
            let print = maker.next()?;
            (reached, weight) = (reached + distractors::size(&print), weight + print.bytes.len());
            waiting.push((ReferenceId::from_text(format!("~{made}")), print));
            made += 1;
        }
        let borrowed: Vec<_> = waiting.iter().map(|(id, print)| (id.clone(), print)).collect();
        let bytes = kind.build(&borrowed)?;
        fs::write(index.join(format!("{segments:04}")), bytes)?;
        segments += 1;
        waiting.clear();
        if reached >= size {
            return Ok(());
        }
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["build", medium, works, size, index] => {
            build(kind_of(medium)?, works.as_ref(), size.parse()?, index.as_ref())
        }
        ["ask", medium, queries, index] => measure::ask(kind_of(medium)?, queries.as_ref(), index.as_ref(), None),
        ["ask", medium, queries, index, scores] => {
            measure::ask(kind_of(medium)?, queries.as_ref(), index.as_ref(), Some(scores.as_ref()))
        }
        ["likeness", texts, known] => likeness::likeness(texts.as_ref(), known.as_ref(), None),
        ["likeness", texts, known, size] => likeness::likeness(texts.as_ref(), known.as_ref(), Some(size.parse()?)),
        _ => Err("scale build MEDIUM WORKS SIZE INDEX, ask MEDIUM QUERIES INDEX [SCORES] or likeness TEXTS KNOWN [SIZE]".into()),
    }
}
