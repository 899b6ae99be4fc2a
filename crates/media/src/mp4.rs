//! The facts of an ordinary MP4 file: H.264 and AAC, nothing turned, stretched, cut, encrypted or beside them. Read from its index by the
//! confined child itself, without ffprobe, whose start costs more than the reading of most films' facts.
//!
//! What is not ordinary, or could be read in two ways, is ffprobe's to judge.

use crate::Media;
use crate::confine::Task;
use crate::geometry::Turn;
use crate::probe::{AudioFacts, Facts, Probed, Track, VideoFacts, open};
use h264_reader::nal::sps::SeqParameterSet;
use h264_reader::rbsp::{BitReader, decode_nal};
use memchr::memmem;
use mp4_atom::{
    Avc1, Avcc, Codec, DecodeAtom, Header, Matrix, Moov, Mp4a, ReadFrom, Stbl, StszSamples, Trak,
};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::path::Path;

/// Bytes of an index, or of a first frame, that are read: those of twelve hours are smaller.
const LARGEST: u64 = 16 << 20;
/// Boxes of a file that are looked at.
const BOXES: usize = 64;
/// Longest answer of the child.
const ANSWER: usize = 1000;

/// The child's answer.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Film {
    /// Length in millionths of a second, as ffmpeg counts.
    micros: u64,
    video: Option<Video>,
    audio: Option<Audio>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Video {
    index: u32,
    width: u32,
    height: u32,
    /// So many frames, times so many ticks a second, in so many ticks.
    rate: [u64; 2],
}

#[derive(Debug, Serialize, Deserialize)]
struct Audio {
    index: u32,
    rate: u32,
    channels: u32,
}

impl Media {
    /// What ffprobe would say; nothing where only ffprobe can say it.
    pub(crate) fn mp4_facts(&self, path: &Path) -> Option<Probed> {
        let mut head = [0; 12];
        open(path).ok()?.read_exact(&mut head).ok()?;
        let picture = matches!(&head[8..], b"avif" | b"heic" | b"heix" | b"mif1");
        if &head[4..8] != b"ftyp" || picture {
            return None;
        }
        let (answer, _) = self.collect(Task::Mp4, open(path).ok()?, vec![], ANSWER).ok()?;
        let film: Film = serde_json::from_slice::<Option<_>>(&answer).ok()??;
        if let Some(video) = &film.video
            && u64::from(video.width) * u64::from(video.height) > self.limits.pixels
        {
            return None;
        }
        Some(film.into())
    }
}

impl From<Film> for Probed {
    fn from(film: Film) -> Self {
        let facts = Facts {
            container: "mov,mp4,m4a,3gp,3g2,mj2".into(),
            seconds: film.micros as f64 / 1e6,
            video: film.video.as_ref().map(|video| VideoFacts {
                codec: "h264".into(),
                width: video.width,
                height: video.height,
                rate: video.rate[0] as f64 / video.rate[1] as f64,
            }),
            audio: film.audio.as_ref().map(|audio| AudioFacts {
                codec: "aac".into(),
                rate: audio.rate,
                channels: audio.channels,
            }),
            still: false,
        };
        Probed {
            facts,
            video: film.video.map(|video| Track {
                index: video.index,
                width: video.width,
                height: video.height,
                shape: 1.0,
                turn: Turn::None,
            }),
            audio: film.audio.map(|audio| audio.index),
        }
    }
}

/// The child's part: reads its standard input and writes the answer, `null` where the file is not ordinary.
pub fn tell() -> std::io::Result<()> {
    let film = read(&mut File::from(std::io::stdin().as_fd().try_clone_to_owned()?));
    serde_json::to_writer(std::io::stdout(), &film)?;
    std::io::stdout().flush()
}

fn read(file: &mut File) -> Option<Film> {
    let (header, bytes) = index(file)?;
    let moov = Moov::decode_atom(&header, &mut bytes.as_slice()).ok()?;
    // ffmpeg finds boxes in places where others do not look: each stands as often as it was found.
    let count = |word: &&[u8; 4]| memmem::find_iter(&bytes, *word).count();
    let tracks = moov.trak.len();
    if [b"trak", b"tkhd", b"mdhd", b"stsd", b"stts"]
        .iter()
        .any(|word| count(word) != tracks)
        || [b"mvhd", b"avcC", b"esds", b"pasp"]
            .iter()
            .any(|word| count(word) > 1)
        || [b"mvex", b"cmov", b"sinf", b"covr", b"clap"]
            .iter()
            .any(|word| count(word) > 0)
        || !plain(&moov.mvhd.matrix)
    {
        return None;
    }
    let mut film = Film {
        micros: micros(moov.mvhd.duration, moov.mvhd.timescale)?,
        ..Film::default()
    };
    for (index, track) in (0..).zip(&moov.trak) {
        let stbl = &track.mdia.minf.stbl;
        let [codec] = &stbl.stsd.codecs[..] else {
            return None;
        };
        let [frames, ticks] = length(track)?;
        match (codec, &track.mdia.hdlr.handler.into()) {
            (Codec::Avc1(entry), b"vide") if film.video.is_none() => {
                let [width, height] = size(track, entry)?;
                if redefined(file, stbl, &entry.avcc)? {
                    return None;
                }
                film.video = Some(Video {
                    index,
                    width,
                    height,
                    rate: [frames * u64::from(track.mdia.mdhd.timescale), ticks],
                });
            }
            (Codec::Mp4a(entry), b"soun") if film.audio.is_none() => {
                let [rate, channels] = sound(entry)?;
                film.audio = Some(Audio {
                    index,
                    rate,
                    channels,
                });
            }
            _ => return None,
        }
    }
    (tracks > 0).then_some(film)
}

/// The one index of a file that holds nothing but it and what it leads to; that is skipped.
fn index(file: &mut File) -> Option<(Header, Vec<u8>)> {
    let end = file.metadata().ok()?.len();
    let (mut at, mut found) = (0, None);
    for _ in 0..BOXES {
        if at == end {
            return found;
        }
        file.seek(SeekFrom::Start(at)).ok()?;
        let header = Header::read_from(file).ok()?;
        let size = header.size? as u64;
        let next = file.stream_position().ok()?.checked_add(size)?;
        match &header.kind.into() {
            b"ftyp" | b"mdat" | b"wide" => {}
            // Where ffmpeg looks for an index that was hidden.
            b"free" | b"skip" => {
                let mut inner = Vec::new();
                file.take(size.min(8)).read_to_end(&mut inner).ok()?;
                if matches!(inner.get(4..), Some(b"mvhd" | b"cmov")) {
                    return None;
                }
            }
            b"moov" if found.is_none() && size <= LARGEST => {
                let mut bytes = Vec::new();
                file.take(size).read_to_end(&mut bytes).ok()?;
                found = Some((header, bytes));
            }
            _ => return None,
        }
        at = Some(next).filter(|&next| next <= end)?;
    }
    None
}

fn plain(matrix: &Matrix) -> bool {
    const ONE: i32 = 1 << 16;
    *matrix
        == Matrix {
            a: ONE,
            b: 0,
            u: 0,
            c: 0,
            d: ONE,
            v: 0,
            x: 0,
            y: 0,
            w: 1 << 30,
        }
}

fn micros(duration: u64, timescale: u32) -> Option<u64> {
    let known = duration < u64::from(u32::MAX) && clock(timescale);
    known
        .then(|| (duration * 1_000_000 + u64::from(timescale) / 2) / u64::from(timescale))
        .filter(|&micros| micros > 0)
}

/// What ffmpeg reads as a positive number.
fn clock(timescale: u32) -> bool {
    timescale > 0 && i32::try_from(timescale).is_ok()
}

/// Frames and ticks of a track that is played as it lies there.
fn length(track: &Trak) -> Option<[u64; 2]> {
    let edits = track.edts.iter().flat_map(|edts| &edts.elst);
    let edits: Vec<_> = edits.flat_map(|list| &list.entries).collect();
    let through = match edits[..] {
        [] => true,
        [edit] => edit.media_time.is_some() && edit.media_rate == 1.into(),
        _ => false,
    };
    let stbl = &track.mdia.minf.stbl;
    let (samples, largest) = match &stbl.stsz.samples {
        StszSamples::Identical { count, size } => (u64::from(*count), *size),
        StszSamples::Different { sizes } => (sizes.len() as u64, sizes.iter().copied().max()?),
    };
    i32::try_from(largest).ok()?;
    let [mut frames, mut ticks] = [0_u64; 2];
    for run in &stbl.stts.entries {
        let delta = i32::try_from(run.sample_delta).ok()?.unsigned_abs();
        frames += u64::from(run.sample_count);
        ticks = ticks.checked_add(u64::from(run.sample_count) * u64::from(delta))?;
    }
    let told = through && frames == samples && plain(&track.tkhd.matrix) && clock(track.mdia.mdhd.timescale);
    (told && frames > 1 && frames < u64::from(u32::MAX) && ticks > 0).then_some([frames, ticks])
}

/// Width and height, where all that tell them agree and pixels are square.
fn size(track: &Trak, entry: &Avc1) -> Option<[u32; 2]> {
    let [set] = &entry.avcc.sequence_parameter_sets[..] else {
        return None;
    };
    let set = decode_nal(Some(set).filter(|set| set.len() > 4)?).ok()?;
    let set = SeqParameterSet::from_bits(BitReader::new(&*set)).ok()?;
    let (width, height) = set.pixel_dimensions().ok()?;
    let told = set.vui_parameters.and_then(|vui| vui.aspect_ratio_info?.get());
    let square = told.is_none_or(|(across, down)| across == down)
        && entry
            .pasp
            .as_ref()
            .is_none_or(|p| p.h_spacing == p.v_spacing && p.h_spacing > 0);
    let shown = [&track.tkhd.width, &track.tkhd.height].map(|side| (side.integer(), side.decimal()));
    let same = [entry.visual.width, entry.visual.height] == shown.map(|(side, _)| side)
        && shown == [(width, 0), (height, 0)].map(|(side, rest)| (u16::try_from(side).unwrap_or(0), rest));
    (square && same && width > 0 && height > 0).then_some([width, height])
}

/// Does the first frame bring another description than the index's, which it would go before?
fn redefined(file: &mut File, stbl: &Stbl, avcc: &Avcc) -> Option<bool> {
    let near = stbl
        .stco
        .iter()
        .flat_map(|list| &list.entries)
        .map(|&at| at.into());
    let far = stbl.co64.iter().flat_map(|list| list.entries.iter().copied());
    let size = match &stbl.stsz.samples {
        StszSamples::Identical { size, .. } => *size,
        StszSamples::Different { sizes } => *sizes.first()?,
    };
    if u64::from(size) > LARGEST {
        return None;
    }
    let mut frame = vec![0; size as usize];
    file.seek(SeekFrom::Start(near.chain(far).next()?)).ok()?;
    file.read_exact(&mut frame).ok()?;
    let mut rest = &frame[..];
    while !rest.is_empty() {
        let (length, next) = rest.split_at_checked(avcc.length_size.into())?;
        let length = length.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        let (unit, next) = next.split_at_checked(length)?;
        // A sequence parameter set (ITU-T H.264, table 7-1).
        if unit.first()? & 31 == 7 && !avcc.sequence_parameter_sets.iter().any(|set| set == unit) {
            return Some(true);
        }
        rest = next;
    }
    Some(false)
}

/// Rate and channels of AAC-LC, as its own description has them: the entry's channels are 2 by custom. Of lower rates and of longer
/// descriptions the decoder may make others (HE-AAC).
fn sound(entry: &Mp4a) -> Option<[u32; 2]> {
    /// "No spectral band replication", as ffmpeg's encoder adds it.
    const NO_SBR: &[u8] = &[0x56, 0xe5, 0];
    let config = &entry.esds.es_desc.dec_config;
    let specific = config.dec_specific.as_ref()?;
    let rate = match specific.freq_index {
        3 => 48_000,
        4 => 44_100,
        _ => return None,
    };
    let channels = specific.chan_conf.into();
    let plain = config.object_type_indication == 0x40
        && entry.audio.sample_rate == rate.into()
        && specific.profile == 2
        && matches!(specific.raw.get(2..), Some(rest) if rest.is_empty() || rest == NO_SBR);
    (plain && matches!(channels, 1 | 2)).then_some([rate.into(), channels])
}
