//! A folder of anybody's films, music, pictures and texts, to be used as the works.

use crate::Error;
use crate::dice::Dice;
use crate::grammar::Prose;
use sha2::{Digest as _, Sha256};
use std::collections::{HashSet, VecDeque};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Command;
use swordnet_core::{Lang, Medium, Sha256Hex};

const KINDS: &[(Medium, &[&str])] = &[
    (
        Medium::Video,
        &[
            "mp4", "mkv", "avi", "mov", "webm", "mpg", "mpeg", "m4v", "ogv", "ts", "flv", "wmv",
        ],
    ),
    (
        Medium::Audio,
        &["mp3", "ogg", "oga", "opus", "flac", "wav", "m4a", "aac", "wma"],
    ),
    (Medium::Image, &["jpg", "jpeg", "png", "webp", "bmp"]),
    (Medium::Text, &["txt", "text", "md"]),
];

/// Shortest film or piece of music that is used, in seconds.
const SHORTEST: f64 = 15.0;

/// A file of the folder that can be a work.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it lies.
    pub file: PathBuf,
    /// Its name without folder and ending, for people.
    pub name: String,
    /// Digest of its length and its ends; stands for the file in names of what is made of it.
    pub digest: String,
    /// Seconds of a film or a piece of music; 0 for others.
    pub seconds: f64,
    /// Has it sound?
    pub sound: bool,
}

/// A text of the folder, used from paragraph `next` on.
#[derive(Clone, Debug)]
struct Book {
    name: String,
    lang: Lang,
    paragraphs: Vec<String>,
    next: usize,
    parts: usize,
}

/// What the folder holds, each kind in an order drawn from the seed.
#[derive(Debug, Default)]
pub struct Folder {
    films: Vec<Found>,
    music: Vec<Found>,
    pictures: Vec<Found>,
    texts: VecDeque<Book>,
    taken: HashSet<String>,
}

impl Folder {
    /// Looks through `dir`, folders in it included, and keeps what can be used. Names decide what a file is; ffmpeg is asked for the
    /// length of films and music, of at most 60 of each.
    pub fn read(dir: &Path, ffmpeg: &Path, seed: u64) -> Result<Self, Error> {
        let mut files = Vec::new();
        walk(dir, &mut files, 0)?;
        files.sort();
        let mut folder = Folder::default();
        for (medium, endings) in KINDS {
            let mut chosen: Vec<_> = files
                .iter()
                .filter(|f| ending(f).is_some_and(|e| endings.contains(&e.as_str())))
                .collect();
            Dice::new(seed, &format!("folder {medium}")).shuffle(&mut chosen);
            let mut digests = HashSet::new();
            let mut usable = Vec::new();
            for file in chosen.into_iter().take(60) {
                let Ok(digest) = digest(file) else { continue };
                let (seconds, sound) = match medium {
                    Medium::Video | Medium::Audio => facts(file, ffmpeg),
                    _ => (0.0, false),
                };
                let timed = matches!(medium, Medium::Video | Medium::Audio);
                if digests.insert(digest.clone()) && (!timed || seconds >= SHORTEST) {
                    let name = file
                        .file_stem()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .replace(['_', '-'], " ");
                    usable.push(Found {
                        file: file.clone(),
                        name,
                        digest,
                        seconds,
                        sound,
                    });
                }
            }
            match medium {
                Medium::Video => folder.films = usable,
                Medium::Audio => folder.music = usable,
                Medium::Image => folder.pictures = usable,
                Medium::Text => folder.texts = usable.iter().filter_map(Book::open).collect(),
            }
        }
        Ok(folder)
    }

    /// The next film that no work uses yet.
    pub fn film(&mut self) -> Option<Found> {
        self.films.pop()
    }

    /// The next piece of music.
    pub fn music(&mut self) -> Option<Found> {
        self.music.pop()
    }

    /// The next picture.
    pub fn picture(&mut self) -> Option<Found> {
        self.pictures.pop()
    }

    /// The next text in this language, or in another where there is none: about `characters` characters, none of its
    /// paragraphs like any taken before. Texts take turns; a long one serves several times, each time with another part.
    pub fn text(&mut self, characters: usize, lang: Lang) -> Option<(Prose, Lang, String)> {
        for wanted in [lang, if lang == Lang::Zh { Lang::En } else { Lang::Zh }] {
            while let Some(index) = self.texts.iter().position(|b| b.lang == wanted) {
                let mut book = self.texts.remove(index)?;
                if let Some(prose) = book.part(characters, &mut self.taken) {
                    let from = format!("{} ({})", book.name, book.parts);
                    self.texts.push_back(book);
                    return Some((prose, wanted, from));
                }
            }
        }
        None
    }
}

impl Book {
    fn open(found: &Found) -> Option<Self> {
        let paragraphs = paragraphs(&decode(&found.file)?);
        let count = |test: fn(char) -> bool| {
            paragraphs
                .iter()
                .flat_map(|p| p.chars())
                .filter(|c| test(*c))
                .count()
        };
        let han = count(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
        let lang = if han * 5 > count(|_| true) {
            Lang::Zh
        } else {
            Lang::En
        };
        // Not the very beginning: books of one house open alike.
        let next = paragraphs.len() / 10;
        Some(Self {
            name: found.name.clone(),
            lang,
            paragraphs,
            next,
            parts: 0,
        })
    }

    /// The next part of about `characters` characters; `None` when there is not enough left.
    fn part(&mut self, characters: usize, taken: &mut HashSet<String>) -> Option<Prose> {
        let mut prose = Prose {
            title: String::new(),
            paragraphs: Vec::new(),
        };
        while prose.length() < characters
            && let Some(paragraph) = self.paragraphs.get(self.next)
        {
            self.next += 1;
            let runs = runs(paragraph);
            // Set phrases are shared by everybody; a quarter of a paragraph is a copy.
            if runs.iter().filter(|r| taken.contains(*r)).count() * 4 <= runs.len() {
                taken.extend(runs);
                prose.paragraphs.push(sentences(paragraph));
            }
        }
        self.parts += 1;
        prose.title = match (self.parts, self.lang) {
            (1, _) => self.name.clone(),
            (n, Lang::Zh) => format!("{}（{n}）", self.name),
            (n, Lang::En) => format!("{}, part {n}", self.name),
        };
        (prose.length() >= characters * 2 / 3).then_some(prose)
    }
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>, depth: u8) -> Result<(), Error> {
    if depth > 8 || files.len() > 20_000 {
        return Ok(());
    }
    let entries = std::fs::read_dir(dir).map_err(|e| Error::io(dir, e))?;
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&path, files, depth + 1)?,
            _ if path.is_file() => files.push(path),
            _ => {}
        }
    }
    Ok(())
}

fn ending(file: &Path) -> Option<String> {
    file.extension().map(|e| e.to_string_lossy().to_lowercase())
}

fn digest(file: &Path) -> std::io::Result<String> {
    const END: u64 = 1 << 20;
    let mut open = std::fs::File::open(file)?;
    let length = open.metadata()?.len();
    let mut hash = Sha256::new();
    hash.update(length.to_be_bytes());
    let mut bytes = Vec::new();
    open.by_ref().take(END).read_to_end(&mut bytes)?;
    open.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    open.take(END).read_to_end(&mut bytes)?;
    hash.update(&bytes);
    Ok(Sha256Hex::from_array(hash.finalize().as_ref()).as_str()[..16].to_owned())
}

/// Length in seconds and whether there is sound, out of what ffmpeg says about an input; zero when it says nothing.
fn facts(file: &Path, ffmpeg: &Path) -> (f64, bool) {
    let Ok(output) = Command::new(ffmpeg)
        .args(["-hide_banner", "-nostdin", "-i"])
        .arg(file)
        .output()
    else {
        return (0.0, false);
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let length = said.split("Duration: ").nth(1).and_then(|rest| {
        let mut seconds = 0.0;
        for part in rest.split(',').next()?.split(':') {
            seconds = seconds * 60.0 + part.trim().parse::<f64>().ok()?;
        }
        Some(seconds)
    });
    (length.unwrap_or(0.0), said.contains("Audio: "))
}

fn decode(file: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .ok()?
        .take(2 << 20)
        .read_to_end(&mut bytes)
        .ok()?;
    // A cut in the middle of a sign must not make the file look foreign.
    let whole = match std::str::from_utf8(&bytes) {
        Ok(text) => return Some(text.to_owned()),
        Err(e) if e.error_len().is_none() => e.valid_up_to(),
        Err(_) => 0,
    };
    if whole > 0 {
        return String::from_utf8(bytes[..whole].to_vec()).ok();
    }
    let (text, _, broken) = encoding_rs::GB18030.decode(&bytes);
    (!broken).then(|| text.into_owned())
}

/// Paragraphs of running text: blocks between empty lines, joined, long enough and mostly letters.
fn paragraphs(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            blocks.push(String::new());
        } else if let Some(block) = blocks.last_mut() {
            let latin = block.ends_with(|c: char| c.is_ascii()) && !block.is_empty();
            block.push_str(if latin { " " } else { "" });
            block.push_str(line);
        }
    }
    blocks.retain(|b| {
        let count = b.chars().count();
        let letters = b.chars().filter(|c| c.is_alphabetic() || *c == ' ').count();
        (60..=1500).contains(&count) && letters * 100 > count * 78
    });
    blocks
}

fn sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    let mut before = ' ';
    for c in paragraph.chars() {
        let ended = matches!(before, '。' | '！' | '？') || (matches!(before, '.' | '!' | '?') && c == ' ');
        if ended && sentences.last().is_some_and(|s| s.chars().count() > 12) {
            sentences.push(String::new());
        }
        if let Some(sentence) = sentences.last_mut()
            && !(sentence.is_empty() && c == ' ')
        {
            sentence.push(c);
        }
        before = c;
    }
    sentences
}

/// Samples of a paragraph's wording: a fifth of its runs of 20 letters, chosen by what they hold.
fn runs(paragraph: &str) -> Vec<String> {
    let signs: Vec<char> = paragraph.chars().filter(|c| c.is_alphanumeric()).collect();
    signs
        .windows(20)
        .filter(|w| w.iter().map(|c| *c as u32).sum::<u32>() % 5 == 0)
        .map(|w| w.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_folder_share_no_paragraph() {
        let dir = tempfile::tempdir().unwrap();
        let text = |seed| {
            let mut dice = Dice::new(seed, "texts");
            crate::grammar::article(Lang::En, "rail", &mut dice, 4000)
                .lines(Lang::En)
                .join("\n\n")
        };
        for (name, seed) in [("one.txt", 1), ("the-same.txt", 1), ("other.txt", 2)] {
            std::fs::write(
                dir.path().join(name),
                text(seed) + if seed == 1 { name } else { "" },
            )
            .unwrap();
        }
        let mut folder = Folder::read(dir.path(), Path::new("ffmpeg"), 1).unwrap();
        let mut seen = Vec::new();
        while let Some((prose, _, _)) = folder.text(2400, Lang::En) {
            seen.push(prose.paragraphs);
        }
        assert_eq!(
            seen.len(),
            2,
            "the same text under another name gives nothing new"
        );
        for (i, a) in seen.iter().enumerate() {
            for b in &seen[i + 1..] {
                assert!(a.iter().all(|p| !b.contains(p)));
            }
        }
    }

    #[test]
    fn chinese_sentences_are_told_apart() {
        let parts = sentences("今天的会议一直开到了深夜才结束。代表们随后乘车离开了会场，没有人说话。");
        assert_eq!(parts.len(), 2);
    }
}
