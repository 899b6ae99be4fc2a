//! The index of an MP4 file (ISO/IEC 14496-12): where in the file each moment stands.

/// How long before a moment a decoder begins to look: it goes back a second, to the key frame before that.
const BEFORE: f64 = 1.4;
/// Samples of a file: more than any film has.
const MAX_ENTRIES: usize = 4_000_000;

/// What the index says.
#[derive(Debug)]
pub(super) struct Index {
    /// Length.
    pub(super) seconds: f64,
    tracks: Vec<Track>,
}

#[derive(Debug, Default)]
struct Track {
    film: bool,
    scale: u32,
    /// Runs of samples of the same duration: how many, how long.
    times: Vec<(u32, u32)>,
    /// Samples, from 1, that decode by themselves; none: all do.
    sync: Vec<u32>,
    /// From which chunk on, from 1, how many samples stand in each.
    chunks: Vec<(u32, u32)>,
    offsets: Vec<u64>,
    sizes: Vec<u32>,
    /// The size of every sample, where they have one size.
    size: u32,
}

/// Kind and length of the box that begins here; `rest`: bytes up to the end of the file.
pub(super) fn header(bytes: &[u8], rest: u64) -> Option<([u8; 4], u64)> {
    let size = u64::from(u32::from_be_bytes(*bytes.first_chunk()?));
    let kind = *bytes.get(4..)?.first_chunk()?;
    let size = match size {
        0 => rest,
        1 => u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?),
        size => size,
    };
    (size >= 8 && size <= rest).then_some((kind, size))
}

/// The boxes inside a box.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (kind, size) = header(bytes, bytes.len() as u64)?;
        let long = bytes.starts_with(&[0, 0, 0, 1]);
        let (this, rest) = bytes.split_at(size as usize);
        bytes = rest;
        Some((kind, this.get(if long { 16 } else { 8 }..)?))
    })
}

fn inside<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |bytes, kind| {
        boxes(bytes).find(|(k, _)| k == *kind).map(|(_, body)| body)
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The entries of a table: version and flags, their number, then `N` words each.
fn table<const N: usize>(body: &[u8]) -> Option<Vec<[u32; N]>> {
    let count = number(body, 4)? as usize;
    let words = body.get(8..)?.as_chunks::<4>().0;
    let entries = words.chunks_exact(N).take(count.min(MAX_ENTRIES));
    Some(
        entries
            .map(|entry| std::array::from_fn(|n| u32::from_be_bytes(entry[n])))
            .collect(),
    )
}

/// Ticks a second and length in ticks, as `mvhd` and `mdhd` say them.
fn clock(body: &[u8]) -> Option<(u32, u64)> {
    if body.first() == Some(&1) {
        Some((
            number(body, 20)?,
            u64::from_be_bytes(*body.get(24..)?.first_chunk()?),
        ))
    } else {
        Some((number(body, 12)?, u64::from(number(body, 16)?)))
    }
}

impl Index {
    /// Reads a whole `moov` box; `None` where it lists no samples, as in fragmented files.
    pub(super) fn read(moov: &[u8]) -> Option<Index> {
        let moov = inside(moov, &[b"moov"])?;
        let (scale, length) = clock(inside(moov, &[b"mvhd"])?)?;
        let tracks = boxes(moov).filter(|(kind, _)| kind == b"trak").take(16);
        let tracks: Vec<Track> = tracks.filter_map(|(_, trak)| Track::read(trak)).collect();
        let film = tracks.iter().any(|track| track.film);
        (film && scale > 0).then(|| Index {
            seconds: length as f64 / f64::from(scale),
            tracks,
        })
    }

    /// The moment after a key frame, at or shortly before this one, that costs a decoder least: nothing is decoded in vain but
    /// what it goes back anyway.
    pub(super) fn cheapest(&self, moment: f64) -> f64 {
        let film = self.tracks.iter().find(|track| track.film);
        film.map_or(moment, |film| {
            film.time_of(film.sync_before(film.sample_at(moment))) + BEFORE + 0.1
        })
    }

    /// The bytes that hold these seconds of picture and sound, with what a decoder wants around them.
    pub(super) fn range(&self, from: f64, until: f64, length: u64) -> Option<(u64, u64)> {
        let (mut start, mut end) = (u64::MAX, 0);
        for film in [true, false] {
            let Some(track) = self.tracks.iter().find(|track| track.film == film) else {
                continue;
            };
            let first = track.sync_before(track.sample_at((from - BEFORE).max(0.0)));
            let last = track.sample_at(until + 0.5);
            let (a, _) = track.place(first)?;
            let (b, size) = track.place(last)?;
            (start, end) = (start.min(a), end.max(b.saturating_add(u64::from(size))));
        }
        (start < end && end <= length).then_some((start, end))
    }
}

impl Track {
    fn read(trak: &[u8]) -> Option<Track> {
        let media = inside(trak, &[b"mdia"])?;
        let film = match inside(media, &[b"hdlr"])?.get(8..12)? {
            b"vide" => true,
            b"soun" => false,
            _ => return None,
        };
        let (scale, _) = clock(inside(media, &[b"mdhd"])?)?;
        let samples = inside(media, &[b"minf", b"stbl"])?;
        let of = |kind: &[u8; 4]| inside(samples, &[kind]);
        let pairs = |body: &[u8]| table::<2>(body).map(|all| all.into_iter().map(|[a, b]| (a, b)).collect());
        let offsets = match of(b"stco") {
            Some(body) => table::<1>(body)?.into_iter().map(|[at]| u64::from(at)).collect(),
            None => {
                let all = table::<2>(of(b"co64")?)?;
                all.into_iter()
                    .map(|[high, low]| u64::from(high) << 32 | u64::from(low))
                    .collect()
            }
        };
        let sizes = of(b"stsz")?;
        let size = number(sizes, 4)?;
        Some(Track {
            film,
            scale: Some(scale).filter(|scale| *scale > 0)?,
            times: pairs(of(b"stts")?)?,
            sync: of(b"stss")
                .and_then(table::<1>)
                .unwrap_or_default()
                .into_iter()
                .map(|[n]| n)
                .collect(),
            chunks: table::<3>(of(b"stsc")?)?
                .into_iter()
                .map(|[first, per, _]| (first, per))
                .collect(),
            offsets,
            sizes: if size == 0 {
                table::<1>(sizes.get(4..)?)?.into_iter().map(|[n]| n).collect()
            } else {
                Vec::new()
            },
            size,
        })
        .filter(|track: &Track| !track.offsets.is_empty() && !track.times.is_empty())
    }

    /// The sample, from 0, that is on at this second; the last one behind the end.
    fn sample_at(&self, second: f64) -> u64 {
        let (mut ticks, mut sample) = ((second * f64::from(self.scale)) as u64, 0u64);
        for &(count, each) in &self.times {
            let run = u64::from(count) * u64::from(each);
            if ticks < run {
                return sample + ticks / u64::from(each);
            }
            (ticks, sample) = (ticks - run, sample + u64::from(count));
        }
        sample.saturating_sub(1)
    }

    /// The second at which a sample, from 0, is on.
    fn time_of(&self, sample: u64) -> f64 {
        let (mut ticks, mut left) = (0u64, sample);
        for &(count, each) in &self.times {
            let run = left.min(u64::from(count));
            (ticks, left) = (ticks.saturating_add(run * u64::from(each)), left - run);
        }
        ticks as f64 / f64::from(self.scale)
    }

    fn sync_before(&self, sample: u64) -> u64 {
        let before = self.sync.partition_point(|n| u64::from(*n) <= sample + 1);
        match (self.sync.is_empty(), before) {
            (true, _) => sample,
            (_, 0) => 0,
            (_, before) => u64::from(self.sync[before - 1]).saturating_sub(1),
        }
    }

    /// Where a sample stands, and how long it is.
    fn place(&self, sample: u64) -> Option<(u64, u32)> {
        let size = |n: u64| {
            if self.size > 0 {
                Some(self.size)
            } else {
                self.sizes.get(usize::try_from(n).ok()?).copied()
            }
        };
        let mut left = sample;
        for (n, &(first, each)) in self.chunks.iter().enumerate() {
            let next = self
                .chunks
                .get(n + 1)
                .map_or(self.offsets.len() as u64 + 1, |(next, _)| u64::from(*next));
            let run = next.saturating_sub(u64::from(first)) * u64::from(each);
            if left < run {
                let chunk = u64::from(first).checked_sub(1)? + left / u64::from(each);
                let begins = *self.offsets.get(usize::try_from(chunk).ok()?)?;
                let before = left % u64::from(each);
                let skipped = if self.size > 0 {
                    before * u64::from(self.size)
                } else {
                    let first = usize::try_from(sample - before).ok()?;
                    self.sizes
                        .get(first..first + before as usize)?
                        .iter()
                        .map(|n| u64::from(*n))
                        .sum()
                };
                return Some((begins.checked_add(skipped)?, size(sample)?));
            }
            left -= run;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A film of 1,000 s: a sample a second of 100 bytes, ten in a chunk, chunks 5,000 bytes apart, a key frame every 20.
    fn film() -> Vec<u8> {
        let sync: Vec<u32> = (0..50).map(|n| n * 20 + 1).collect();
        let offsets: Vec<u32> = (0..100).map(|n| 5000 * n + 40).collect();
        let table = [
            boxed(b"stts", &words(&[0, 1, 1000, 1])),
            boxed(b"stss", &words(&[&[0, 50][..], &sync].concat())),
            boxed(b"stsc", &words(&[0, 1, 1, 10, 1])),
            boxed(b"stco", &words(&[&[0, 100][..], &offsets].concat())),
            boxed(b"stsz", &words(&[&[0, 0, 1000][..], &[100; 1000]].concat())),
        ];
        let media = [
            boxed(b"mdhd", &words(&[0, 0, 0, 1, 1000, 0])),
            boxed(b"hdlr", &[&words(&[0, 0])[..], b"vide", &[0; 12]].concat()),
            boxed(b"minf", &boxed(b"stbl", &table.concat())),
        ];
        let film = [
            boxed(b"mvhd", &words(&[0, 0, 0, 600, 600_000, 0])),
            boxed(b"trak", &boxed(b"mdia", &media.concat())),
        ];
        boxed(b"moov", &film.concat())
    }

    #[test]
    fn moments_are_found_from_the_key_frame_before_them() {
        let index = Index::read(&film()).unwrap();
        assert_eq!(index.seconds, 1000.0);
        // Second 50 asks from 48.5 on: key frame 40 is the first of chunk 4; it ends with sample 54, the fifth of chunk 5.
        assert_eq!(index.range(50.0, 54.0, 1 << 20), Some((20_040, 25_040 + 500)));
        assert_eq!(index.range(50.0, 54.0, 20_000), None);
        // The one that begins with key frame 40, to be looked at from 41.5 on.
        assert_eq!(index.cheapest(50.0), 41.5);
        assert_eq!(index.range(41.5, 45.5, 1 << 20), Some((20_040, 20_040 + 700)));
        assert!(index.range(2000.0, 2004.0, 1 << 20).is_some());
    }

    #[test]
    fn altered_indexes_are_no_fault() {
        let film = film();
        for at in 0..film.len() {
            for change in [0x00, 0x01, 0x7f, 0xff] {
                let mut altered = film.clone();
                altered[at] = change;
                if let Some(index) = Index::read(&altered) {
                    let from = index.cheapest(50.0);
                    index.range(from, from + 4.0, u64::MAX);
                }
            }
            Index::read(&film[..at]);
        }
    }
}
