//! How copies are made: the ways in which pirates change films, songs and pictures, as words that a plan can name, each with
//! what it is called in both languages.

use crate::dice::Dice;
use crate::workshop::{How, Input, Workshop};
use std::path::{Path, PathBuf};
use swordnet_core::Lang;

/// One way of changing a work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Way {
    Lowrate,
    Crop,
    Mirror,
    Speed,
    Logo,
    Subtitles,
    Letterbox,
    Camcord,
    Inside,
    Excerpt,
    Whole,
    Mp3,
    Opus,
    Aac,
    Faster,
    Pitch,
    Resize,
    Watermark,
    Recolour,
    Reorder,
    Synonyms,
    Traditional,
    Trim,
    Headline,
    Strip,
    Retitle,
}

const WAYS: &[(Way, &str, &str, &str)] = &[
    (
        Way::Lowrate,
        "lowrate",
        "re-encoded at a low bit rate",
        "低码率重新编码",
    ),
    (Way::Crop, "crop", "cropped", "裁剪画面"),
    (Way::Mirror, "mirror", "mirrored", "左右镜像"),
    (Way::Speed, "speed", "sped up", "加速播放"),
    (Way::Logo, "logo", "with a logo", "加台标"),
    (Way::Subtitles, "subtitles", "with subtitles burnt in", "压制字幕"),
    (Way::Letterbox, "letterbox", "with black bars", "加黑边"),
    (
        Way::Camcord,
        "camcord",
        "filmed off a screen, its sound recorded in the room",
        "枪版偷拍，现场收音",
    ),
    (
        Way::Inside,
        "inside",
        "an excerpt inside something else",
        "片段夹在其他内容中",
    ),
    (Way::Excerpt, "excerpt", "an excerpt", "截取片段"),
    (Way::Whole, "whole", "unchanged", "未作改动"),
    (Way::Mp3, "mp3", "transcoded to MP3", "转码为 MP3"),
    (Way::Opus, "opus", "transcoded to Opus", "转码为 Opus"),
    (Way::Aac, "aac", "transcoded to AAC", "转码为 AAC"),
    (Way::Faster, "faster", "3 % faster", "加快百分之三"),
    (Way::Pitch, "pitch", "pitched up a semitone", "升高半音"),
    (Way::Resize, "resize", "resized", "缩放"),
    (Way::Watermark, "watermark", "with a watermark", "加水印"),
    (Way::Recolour, "recolour", "recoloured", "调色"),
    (Way::Reorder, "reorder", "sentences in another order", "调换语序"),
    (Way::Synonyms, "synonyms", "words replaced", "同义词替换"),
    (
        Way::Traditional,
        "traditional",
        "set in traditional characters",
        "转为繁体",
    ),
    (Way::Trim, "trim", "shortened", "删减"),
    (Way::Headline, "headline", "under another headline", "更换标题"),
    (Way::Strip, "strip", "its credit stripped", "删去来源署名"),
    (Way::Retitle, "retitle", "under another title", "改名"),
];

impl Way {
    /// The ways that a line of words names.
    ///
    /// # Errors
    /// The word that is none.
    pub fn read(words: &str) -> Result<Vec<Way>, String> {
        words
            .split_whitespace()
            .map(|word| {
                WAYS.iter()
                    .find(|w| w.1 == word)
                    .map(|w| w.0)
                    .ok_or_else(|| word.to_owned())
            })
            .collect()
    }

    /// What was done, for people.
    pub fn describe(ways: &[Way], lang: Lang) -> String {
        let names = WAYS
            .iter()
            .filter(|w| ways.contains(&w.0))
            .map(|w| lang.pick(w.2, w.3));
        names.collect::<Vec<_>>().join(lang.pick(", ", "，"))
    }
}

/// A film or piece of music to copy from.
#[derive(Clone, Debug)]
pub struct Original {
    /// The reference copy.
    pub file: PathBuf,
    /// Its length.
    pub seconds: f64,
}

/// What surrounds an excerpt.
pub struct Surroundings<'a> {
    /// A film or piece that comes before.
    pub before: &'a Path,
    /// One that comes after.
    pub after: &'a Path,
}

fn own(args: &[&str]) -> Vec<String> {
    args.iter().map(|a| (*a).to_owned()).collect()
}

/// An input from `start` for `length` seconds.
fn cut(file: &Path, start: f64, length: f64) -> Input {
    let mut input = Input::made(file);
    input.before = own(&["-ss", &format!("{start:.2}"), "-t", &format!("{length:.2}")]);
    input
}

/// Orders a copy of a film and returns its file and the part of the original that it shows, in seconds.
pub fn film(
    shop: &mut Workshop,
    original: &Original,
    ways: &[Way],
    around: &Surroundings<'_>,
    dice: &mut Dice,
) -> (PathBuf, (f64, f64)) {
    let has = |way| ways.contains(&way);
    let wanted = if has(Way::Inside) {
        dice.between(18.0, 24.0)
    } else {
        dice.between(26.0, 42.0)
    };
    let length = if has(Way::Whole) {
        original.seconds
    } else {
        wanted.min(original.seconds)
    };
    let start = dice.between(0.0, (original.seconds - length).max(0.01));
    let speed = if has(Way::Speed) {
        dice.from(105, 125) as f64 / 100.0
    } else {
        1.0
    };
    let mut inputs = vec![cut(&original.file, start, length)];
    let mut picture: Vec<String> = vec!["[0:v]setpts=PTS-STARTPTS".into()];
    let mut sound: Vec<String> = vec!["[0:a]asetpts=PTS-STARTPTS".into()];
    if has(Way::Speed) {
        picture.push(format!("setpts=PTS/{speed}"));
        sound.push(format!("atempo={speed}"));
    }
    if has(Way::Crop) {
        let (w, h) = (dice.between(0.85, 0.9), dice.between(0.85, 0.9));
        let (x, y) = (dice.between(0.0, 1.0 - w), dice.between(0.0, 1.0 - h));
        picture.push(format!("crop=iw*{w:.3}:ih*{h:.3}:iw*{x:.3}:ih*{y:.3}"));
    }
    if has(Way::Mirror) {
        picture.push("hflip".into());
    }
    if has(Way::Camcord) {
        let lean = dice.between(0.01, 0.03);
        picture.push(format!(
            "rotate={lean:.3}:ow=iw*0.96:oh=ih*0.96,eq=gamma=0.85:contrast=0.9,noise=alls=9:allf=t"
        ));
        sound.push("aecho=0.8:0.7:38|61:0.35|0.25,lowpass=f=5200,highpass=f=120".into());
    }
    let (width, height) = if has(Way::Lowrate) { (320, 180) } else { (480, 270) };
    if has(Way::Letterbox) {
        let inner = height * 3 / 4 / 2 * 2;
        picture.push(format!("scale={width}:{inner},pad={width}:{height}:0:(oh-ih)/2"));
    } else {
        picture.push(format!("scale={width}:{height}"));
    }
    picture.push("setsar=1,fps=25,format=yuv420p".into());
    sound.push("aresample=44100,aformat=channel_layouts=mono".into());
    let mut graph = format!("{}[v];{}[a]", picture.join(","), sound.join(","));
    let (mut v, mut a) = ("v", "a");
    if has(Way::Logo) {
        let mark = shop.order(How::Writing(dice.bits(), 5, height / 12), "pam", "logo");
        inputs.push(Input::made(&mark));
        let corner = *dice.pick(&["W-w-12:12", "12:12", "W-w-12:H-h-12"]);
        graph.push_str(&format!(
            ";[v][{}:v]overlay={corner}:format=auto[logo]",
            inputs.len() - 1
        ));
        v = "logo";
    }
    if has(Way::Subtitles) {
        for (line, name) in ["one", "two", "three"].into_iter().enumerate() {
            let signs = dice.from(8, 15) as usize;
            let mark = shop.order(How::Writing(dice.bits(), signs, height / 14), "pam", "subtitles");
            inputs.push(Input::made(&mark));
            let (from, to) = (line * 4, line * 4 + 3);
            graph.push_str(&format!(
                ";[{v}][{}:v]overlay=(W-w)/2:H-h-14:enable='between(mod(t,12),{from},{to})'[{name}]",
                inputs.len() - 1
            ));
            v = name;
        }
    }
    if has(Way::Inside) {
        inputs.push(cut(around.before, 0.0, 9.0));
        inputs.push(cut(around.after, 4.0, 7.0));
        let n = inputs.len();
        let same = format!("scale={width}:{height},setsar=1,fps=25,format=yuv420p");
        for (index, name) in [(n - 2, "b"), (n - 1, "c")] {
            graph.push_str(&format!(
                ";[{index}:v]{same}[v{name}];[{index}:a]aresample=44100,aformat=channel_layouts=mono[a{name}]"
            ));
        }
        graph.push_str(&format!(
            ";[vb][ab][{v}][{a}][vc][ac]concat=n=3:v=1:a=1[whole][sound]"
        ));
        (v, a) = ("whole", "sound");
    }
    if has(Way::Camcord) {
        graph.push_str(&format!(";anoisesrc=a=0.012:c=pink:r=44100:s={}[room];[{a}][room]amix=inputs=2:duration=first:normalize=0[mixed]", dice.below(9999)));
        a = "mixed";
    }
    let quality = if has(Way::Lowrate) { "34" } else { "29" };
    let mut args = own(&[
        "-filter_complex",
        &graph,
        "-map",
        &format!("[{v}]"),
        "-map",
        &format!("[{a}]"),
    ]);
    args.extend(own(&[
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        quality,
        "-g",
        "50",
        "-pix_fmt",
        "yuv420p",
    ]));
    args.extend(own(&[
        "-c:a",
        "aac",
        "-b:a",
        if has(Way::Lowrate) { "48k" } else { "64k" },
        "-movflags",
        "+faststart",
    ]));
    (
        shop.order(How::Ffmpeg(inputs, args), "mp4", "copies of films"),
        (start, start + length),
    )
}

/// Orders a copy of a piece of music and returns its file and the part of the original that it holds, in seconds.
pub fn song(
    shop: &mut Workshop,
    original: &Original,
    ways: &[Way],
    around: &Surroundings<'_>,
    dice: &mut Dice,
) -> (PathBuf, (f64, f64)) {
    let has = |way| ways.contains(&way);
    let short = has(Way::Excerpt) || has(Way::Inside);
    let length = if short {
        dice.between(16.0, 22.0).min(original.seconds)
    } else {
        original.seconds
    };
    let start = dice.between(0.0, (original.seconds - length).max(0.01));
    let mut inputs = vec![cut(&original.file, start, length)];
    let mut filters = vec!["[0:a]aresample=44100,aformat=channel_layouts=mono".to_owned()];
    if has(Way::Faster) {
        filters.push("asetrate=44100*1.03,aresample=44100".into());
    }
    if has(Way::Pitch) {
        // A semitone up at the old tempo.
        filters.push("asetrate=44100*1.059463,aresample=44100,atempo=0.943874".into());
    }
    if has(Way::Camcord) {
        filters.push("aecho=0.8:0.7:45|70:0.4|0.25,lowpass=f=4500,highpass=f=100".into());
    }
    let mut graph = format!("{}[a]", filters.join(","));
    let mut a = "a";
    if has(Way::Camcord) {
        graph.push_str(&format!(";anoisesrc=a=0.015:c=pink:r=44100:s={}[room];[a][room]amix=inputs=2:duration=first:normalize=0[mixed]", dice.below(9999)));
        a = "mixed";
    }
    if has(Way::Inside) {
        inputs.push(cut(around.before, 0.0, 9.0));
        inputs.push(cut(around.after, 4.0, 8.0));
        for (index, name) in [(1, "b"), (2, "c")] {
            graph.push_str(&format!(
                ";[{index}:a]aresample=44100,aformat=channel_layouts=mono[{name}]"
            ));
        }
        graph.push_str(&format!(";[b][{a}][c]concat=n=3:v=0:a=1[whole]"));
        a = "whole";
    }
    let (extension, codec, rate) = if has(Way::Opus) {
        ("ogg", "libopus", "48k")
    } else if has(Way::Aac) {
        ("m4a", "aac", "64k")
    } else {
        ("mp3", "libmp3lame", "80k")
    };
    let args = own(&[
        "-filter_complex",
        &graph,
        "-map",
        &format!("[{a}]"),
        "-c:a",
        codec,
        "-b:a",
        rate,
    ]);
    (
        shop.order(How::Ffmpeg(inputs, args), extension, "copies of music"),
        (start, start + length),
    )
}

/// Orders a copy of a picture.
pub fn picture(shop: &mut Workshop, original: &Path, ways: &[Way], dice: &mut Dice) -> PathBuf {
    let has = |way| ways.contains(&way);
    let mut inputs = vec![Input::made(original)];
    let mut filters = vec!["[0:v]format=rgb24".to_owned()];
    if has(Way::Crop) {
        let (w, h) = (dice.between(0.85, 0.9), dice.between(0.85, 0.9));
        let (x, y) = (dice.between(0.0, 1.0 - w), dice.between(0.0, 1.0 - h));
        filters.push(format!("crop=iw*{w:.3}:ih*{h:.3}:iw*{x:.3}:ih*{y:.3}"));
    }
    if has(Way::Mirror) {
        filters.push("hflip".into());
    }
    if has(Way::Recolour) {
        let (saturation, turn) = (dice.between(0.5, 1.5), dice.between(-14.0, 14.0));
        filters.push(format!(
            "eq=saturation={saturation:.2}:contrast=1.12:gamma=1.1,hue=h={turn:.1}"
        ));
    }
    if has(Way::Resize) {
        filters.push(format!(
            "scale=trunc(iw*{0:.3}/2)*2:trunc(ih*{0:.3}/2)*2",
            dice.between(0.5, 0.75)
        ));
    }
    let mut graph = format!("{}[v]", filters.join(","));
    let mut v = "v";
    if has(Way::Watermark) {
        let mark = shop.order(How::Writing(dice.bits(), 7, 30), "pam", "watermarks");
        inputs.push(Input::made(&mark));
        graph.push_str(";[v][1:v]overlay=(W-w)/2:H*0.7:format=auto[marked]");
        v = "marked";
    }
    let quality = if has(Way::Lowrate) { "14" } else { "5" };
    let args = own(&[
        "-filter_complex",
        &graph,
        "-map",
        &format!("[{v}]"),
        "-frames:v",
        "1",
        "-q:v",
        quality,
        "-pix_fmt",
        "yuvj420p",
    ]);
    shop.order(How::Ffmpeg(inputs, args), "jpg", "copies of pictures")
}

/// Orders a small version of a picture, as galleries show.
pub fn thumbnail(shop: &mut Workshop, of: &Path) -> PathBuf {
    let args = own(&[
        "-vf",
        "scale=160:-2",
        "-frames:v",
        "1",
        "-q:v",
        "6",
        "-pix_fmt",
        "yuvj420p",
    ]);
    shop.order(How::Ffmpeg(vec![Input::made(of)], args), "jpg", "thumbnails")
}

/// Orders one frame of a film, as lists show.
pub fn poster(shop: &mut Workshop, of: &Path) -> PathBuf {
    let mut input = Input::made(of);
    input.before = own(&["-ss", "3"]);
    let args = own(&[
        "-vf",
        "scale=240:-2",
        "-frames:v",
        "1",
        "-q:v",
        "7",
        "-pix_fmt",
        "yuvj420p",
    ]);
    shop.order(How::Ffmpeg(vec![input], args), "jpg", "posters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_ways_and_ways_have_names() {
        let ways = Way::read("crop  mirror").unwrap();
        assert_eq!(ways, [Way::Crop, Way::Mirror]);
        assert_eq!(Way::describe(&ways, Lang::En), "cropped, mirrored");
        assert_eq!(Way::describe(&ways, Lang::Zh), "裁剪画面，左右镜像");
        assert_eq!(Way::read("crop melt"), Err("melt".into()));
    }

    /// Every way of making a copy, on a few seconds of film, music and picture; and a second making makes nothing.
    #[test]
    fn every_way_makes_a_file_and_makes_it_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut shop = Workshop::new(dir.path(), Path::new("ffmpeg"));
        let mut dice = Dice::new(1, "ways");
        let seconds = 4.0;
        let film_file = shop.order(How::Film(1, seconds), "mp4", "");
        let song_file = shop.order(How::Song(1, 2, seconds), "mp3", "");
        let still = shop.order(How::Picture(1, 320, 200), "jpg", "");
        let mut made = vec![thumbnail(&mut shop, &still), poster(&mut shop, &film_file)];
        let film_original = Original {
            file: film_file.clone(),
            seconds,
        };
        let song_original = Original {
            file: song_file.clone(),
            seconds,
        };
        let around = Surroundings {
            before: &film_file,
            after: &film_file,
        };
        for words in [
            "lowrate crop",
            "speed logo mirror",
            "subtitles letterbox",
            "camcord",
            "inside camcord logo",
        ] {
            let copy = film(
                &mut shop,
                &film_original,
                &Way::read(words).unwrap(),
                &around,
                &mut dice,
            )
            .0;
            made.push(shop.order(How::Hls(copy.clone()), "m3u8", ""));
            made.push(copy);
        }
        let around = Surroundings {
            before: &song_file,
            after: &song_file,
        };
        for words in ["mp3", "opus excerpt", "aac", "faster", "pitch", "camcord inside"] {
            made.push(
                song(
                    &mut shop,
                    &song_original,
                    &Way::read(words).unwrap(),
                    &around,
                    &mut dice,
                )
                .0,
            );
        }
        for words in ["crop resize", "watermark mirror", "recolour", "lowrate"] {
            made.push(picture(&mut shop, &still, &Way::read(words).unwrap(), &mut dice));
        }
        shop.make(&mut |_| {}).unwrap();
        let lengths =
            |files: &[PathBuf]| -> Vec<u64> { files.iter().map(|f| f.metadata().unwrap().len()).collect() };
        assert!(lengths(&made).iter().all(|l| *l > 100), "{:?}", lengths(&made));
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .flatten()
            .filter(|e| e.file_name().to_string_lossy().starts_with("making"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
        let mut calls = 0;
        shop.make(&mut |_| calls += 1).unwrap();
        assert_eq!(calls, 1, "only the closing call");
    }
}
