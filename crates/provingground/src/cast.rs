//! The works: their titles, holders and reference copies, rendered or taken from a folder of anybody's media.

use crate::dice::Dice;
use crate::folder::{Folder, Found};
use crate::grammar::{self, Grammar, Prose, TOPICS};
use crate::plan::{Plan, WorkRow};
use crate::recipe::Original;
use crate::workshop::{How, Input, Workshop};
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use swordnet_core::{Date, Exemption, Lang, Medium, Work, WorkId, WorkKind, china_day};

/// Longest part of a film or piece of music that is used, in seconds.
const LONGEST: f64 = 64.0;

/// A work of the ground.
#[derive(Clone, Debug)]
pub struct Member {
    pub label: String,
    pub id: WorkId,
    pub title: String,
    pub aliases: Vec<String>,
    pub kind: WorkKind,
    pub lang: Lang,
    pub holder: String,
    pub published: Date,
    pub exemption: Option<Exemption>,
    pub topic: &'static str,
    pub material: Material,
    /// Seed of the instruments of a rendered piece of music.
    pub band: u64,
    /// Where it comes from.
    pub source: String,
}

/// What a work is made of.
#[derive(Clone, Debug)]
pub enum Material {
    /// A film or a piece of music.
    Timed(Original),
    /// A picture.
    Still(PathBuf),
    /// An article, or the chapters of a novel; and the file that holds it.
    Text(Vec<Prose>, PathBuf),
}

impl Member {
    /// What recognition compares in it.
    pub fn medium(&self) -> Medium {
        match self.kind {
            WorkKind::Song => Medium::Audio,
            WorkKind::NewsArticle | WorkKind::Novel => Medium::Text,
            WorkKind::Photograph => Medium::Image,
            _ => Medium::Video,
        }
    }

    /// The reference copy.
    pub fn file(&self) -> &PathBuf {
        match &self.material {
            Material::Timed(original) => &original.file,
            Material::Still(file) | Material::Text(_, file) => file,
        }
    }
}

/// The day that lies `days` after the start.
pub fn day(start: Timestamp, days: i64) -> Date {
    china_day(start).checked_add(days.days()).unwrap_or(Date::MAX)
}

/// The names of holders and companies, each drawn once.
pub struct Names {
    seed: u64,
    used: HashSet<String>,
    drawn: BTreeMap<String, String>,
}

impl Names {
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            used: HashSet::new(),
            drawn: BTreeMap::new(),
        }
    }

    /// The name behind `key`, made by the grammar's `rule` when it is first asked for; no two keys share a name.
    pub fn of(&mut self, key: &str, rule: &str, topic: &str, lang: Lang) -> String {
        if let Some(name) = self.drawn.get(key) {
            return name.clone();
        }
        let mut dice = Dice::new(self.seed, key);
        let mut name = Grammar::of(lang).say(rule, topic, &mut dice);
        for _ in 0..50 {
            if self.used.insert(name.clone()) {
                break;
            }
            name = Grammar::of(lang).say(rule, topic, &mut dice);
        }
        self.drawn.insert(key.into(), name.clone());
        name
    }
}

/// Draws the works and orders their reference copies.
pub fn draw(
    plan: &Plan,
    seed: u64,
    start: Timestamp,
    names: &mut Names,
    mut folder: Option<Folder>,
    shop: &mut Workshop,
) -> Vec<Member> {
    let mut works = Vec::new();
    for row in &plan.work {
        for label in row.labels.split(' ') {
            works.push(member(row, label, seed, start, names, folder.as_mut(), shop));
        }
    }
    works
}

fn member(
    row: &WorkRow,
    label: &str,
    seed: u64,
    start: Timestamp,
    names: &mut Names,
    folder: Option<&mut Folder>,
    shop: &mut Workshop,
) -> Member {
    let mut dice = Dice::new(seed, &format!("work {label}"));
    let (class, _) = row.holder.split_once('.').unwrap_or((&row.holder, ""));
    let holder = names.of(&row.holder, &format!("holder_{class}"), "", row.lang);
    let number = label[1..].parse::<usize>().unwrap_or(0);
    let topic = TOPICS[(number + seed as usize) % TOPICS.len()];
    let rule = match row.kind {
        WorkKind::SeriesEpisode => "series_title",
        WorkKind::Song => "song_title",
        WorkKind::Novel => "novel_title",
        WorkKind::Photograph => "photo_title",
        _ => "film_title",
    };
    let mut lang = row.lang;
    let mut title = names.of(&format!("title {label}"), rule, topic, lang);
    let mut source = "rendered".to_owned();
    let material = match row.kind {
        WorkKind::Song => {
            let found = folder.and_then(Folder::music);
            timed(found, false, &mut title, &mut source, &mut dice, shop)
        }
        WorkKind::Photograph => match folder.and_then(Folder::picture) {
            Some(found) => {
                title = found.name.clone();
                source = name(&found);
                let input = Input {
                    before: vec![],
                    file: found.file,
                    identity: found.digest,
                };
                let fit = "scale='min(900,iw)':-2,format=yuvj420p";
                let args = ["-vf", fit, "-frames:v", "1", "-q:v", "2"]
                    .map(String::from)
                    .to_vec();
                Material::Still(shop.order(How::Ffmpeg(vec![input], args), "jpg", "pictures"))
            }
            None => Material::Still(shop.order(How::Picture(dice.bits(), 840, 560), "jpg", "pictures")),
        },
        WorkKind::NewsArticle | WorkKind::Novel => {
            let chapters = if row.kind == WorkKind::Novel { 6 } else { 1 };
            let found = folder.and_then(|f| f.text(if chapters > 1 { 3600 } else { 1000 }, lang));
            let texts = match found {
                Some((prose, spoken, from)) => {
                    (lang, title, source) = (spoken, prose.title.clone(), from);
                    divide(prose, chapters)
                }
                None if chapters > 1 => (1..=chapters).map(|n| chapter(lang, n, &mut dice)).collect(),
                None => {
                    let length = dice.from(700, 1300) as usize;
                    let text = grammar::article(
                        lang,
                        topic,
                        &mut dice,
                        if lang == Lang::En { length * 2 } else { length },
                    );
                    title = text.title.clone();
                    vec![text]
                }
            };
            let all: Vec<String> = texts
                .iter()
                .flat_map(|t| {
                    [
                        vec![t.title.clone(), String::new()],
                        t.lines(lang),
                        vec![String::new()],
                    ]
                    .concat()
                })
                .collect();
            let file = shop.order(How::Bytes(all.join("\n").into_bytes()), "txt", "texts");
            Material::Text(texts, file)
        }
        _ => {
            if row.kind == WorkKind::SeriesEpisode {
                title = format!("{title} 第{number}集");
            }
            timed(
                folder.and_then(Folder::film),
                true,
                &mut title,
                &mut source,
                &mut dice,
                shop,
            )
        }
    };
    let aliases = if dice.chance(0.4) {
        vec![names.of(&format!("alias {label}"), rule, topic, lang)]
    } else {
        vec![]
    };
    Member {
        id: Work::id_of(&title, row.kind, &holder),
        label: label.into(),
        title,
        aliases,
        kind: row.kind,
        lang,
        holder,
        published: day(start, -dice.from(2, 400)),
        exemption: row.exemption,
        topic,
        material,
        band: Dice::new(seed, &format!("band {label}")).bits(),
        source,
    }
}

fn name(found: &Found) -> String {
    found
        .file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The reference copy of a film or a piece of music: an excerpt of what was found, or rendered.
fn timed(
    found: Option<Found>,
    film: bool,
    title: &mut String,
    source: &mut String,
    dice: &mut Dice,
    shop: &mut Workshop,
) -> Material {
    let (what, extension) = if film { ("films", "mp4") } else { ("music", "mp3") };
    let Some(found) = found else {
        let seconds = dice.between(40.0, 54.0).round();
        let seed = dice.bits();
        let how = if film {
            How::Film(seed, seconds)
        } else {
            How::Song(seed, seed.rotate_left(7), seconds)
        };
        return Material::Timed(Original {
            file: shop.order(how, extension, what),
            seconds,
        });
    };
    *title = found.name.clone();
    let seconds = found.seconds.min(LONGEST);
    // Not the very beginning: films of one maker open alike.
    let start = (found.seconds - seconds) * dice.between(0.2, 0.8);
    *source = format!("{} {:.0}-{:.0} s", name(&found), start, start + seconds);
    let mut input = Input {
        before: vec![],
        file: found.file,
        identity: found.digest,
    };
    input.before = ["-ss", &format!("{start:.2}"), "-t", &format!("{seconds:.2}")]
        .map(String::from)
        .to_vec();
    let mut inputs = vec![input];
    let mut args: Vec<String> = Vec::new();
    if film {
        let picture =
            "scale=480:270:force_original_aspect_ratio=decrease:force_divisible_by=2,fps=25,setsar=1";
        args.extend(["-map", "0:v:0", "-vf", picture].map(String::from));
        if found.sound {
            args.extend(["-map", "0:a:0"].map(String::from));
        } else {
            // A silent film gets a score, as every film that is shown has sound.
            let seed = dice.bits();
            inputs.push(Input::made(&shop.order(
                How::Song(seed, seed, seconds),
                "mp3",
                "scores",
            )));
            args.extend(["-map", "1:a:0", "-shortest"].map(String::from));
        }
        args.extend(
            [
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-crf",
                "23",
                "-g",
                "50",
                "-pix_fmt",
                "yuv420p",
            ]
            .map(String::from),
        );
        args.extend(
            [
                "-c:a",
                "aac",
                "-b:a",
                "96k",
                "-ac",
                "1",
                "-ar",
                "44100",
                "-movflags",
                "+faststart",
            ]
            .map(String::from),
        );
    } else {
        args.extend(["-map", "0:a:0", "-ac", "1", "-ar", "44100", "-b:a", "160k"].map(String::from));
    }
    Material::Timed(Original {
        file: shop.order(How::Ffmpeg(inputs, args), extension, what),
        seconds,
    })
}

/// The `number`th chapter of a novel.
pub fn chapter(lang: Lang, number: usize, dice: &mut Dice) -> Prose {
    let place = Grammar::of(lang).say("place", "novel", dice);
    let title = match lang {
        Lang::Zh => format!("第{number}章 {place}"),
        Lang::En => format!("Chapter {number}: {place}"),
    };
    let length = if lang == Lang::En { 1900 } else { 850 };
    grammar::chapter(lang, title, dice, length)
}

/// A long text in as many chapters; one chapter keeps the text's title.
fn divide(prose: Prose, chapters: usize) -> Vec<Prose> {
    if chapters == 1 {
        return vec![prose];
    }
    let each = prose.paragraphs.len().div_ceil(chapters).max(1);
    let parts = prose.paragraphs.chunks(each).enumerate();
    parts
        .map(|(i, p)| Prose {
            title: format!("{} {}", prose.title, i + 1),
            paragraphs: p.to_vec(),
        })
        .collect()
}
