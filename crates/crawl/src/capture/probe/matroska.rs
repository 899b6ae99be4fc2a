//! The index of a Matroska or WebM file (RFC 9559): which cluster each moment stands in.

/// Elements that are looked at; a list of cues has one for every key frame.
const MAX_ELEMENTS: usize = 1_000_000;

const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114d_9b74;
const SEEK: u32 = 0x4dbb;
const SEEK_ID: u32 = 0x53ab;
const SEEK_POSITION: u32 = 0x53ac;
const INFO: u32 = 0x1549_a966;
const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
const DURATION: u32 = 0x4489;
const CLUSTER: u32 = 0x1f43_b675;
const CUES: u32 = 0x1c53_bb6b;
const CUE_POINT: u32 = 0xbb;
const CUE_TIME: u32 = 0xb3;
const CUE_TRACK_POSITIONS: u32 = 0xb7;
const CUE_CLUSTER_POSITION: u32 = 0xf1;

/// What stands at the beginning of the file.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Start {
    /// Where the segment's content begins: positions are counted from here.
    segment: u64,
    /// Where the first cluster begins.
    pub(super) first_cluster: usize,
    /// Where the list of cues begins.
    pub(super) cues: Option<u64>,
    /// Nanoseconds of a tick.
    scale: u64,
    /// Length in ticks.
    duration: f64,
}

/// A variable-length number (RFC 8794, section 4) and how long it is; with or without its marker.
fn vint(bytes: &[u8], keep_marker: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let marker = if keep_marker {
        first
    } else {
        (u16::from(first) & ((0x100 >> length) - 1)) as u8
    };
    let rest = bytes.get(1..length)?;
    Some((
        rest.iter()
            .fold(u64::from(marker), |value, byte| value << 8 | u64::from(*byte)),
        length,
    ))
}

/// Identifier, content length and header length of the element that begins here.
fn header(bytes: &[u8]) -> Option<(u32, u64, usize)> {
    let (id, a) = vint(bytes, true)?;
    let (size, b) = vint(bytes.get(a..)?, false)?;
    Some((u32::try_from(id).ok()?, size, a + b))
}

/// The length of the element that begins here, header included.
pub(super) fn whole(bytes: &[u8]) -> Option<u64> {
    let (_, size, head) = header(bytes)?;
    size.checked_add(head as u64)
}

/// The elements inside an element, as far as they are there.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let (id, size, head) = header(bytes)?;
        let end = usize::try_from(size)
            .ok()
            .and_then(|size| size.checked_add(head))
            .map_or(bytes.len(), |end| end.min(bytes.len()));
        let body = &bytes[head..end];
        bytes = &bytes[end..];
        Some((id, body))
    })
    .take(MAX_ELEMENTS)
}

fn unsigned(body: &[u8]) -> u64 {
    body.iter()
        .take(8)
        .fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn float(body: &[u8]) -> f64 {
    match body.len() {
        4 => body
            .first_chunk()
            .map_or(0.0, |b| f64::from(f32::from_be_bytes(*b))),
        8 => body.first_chunk().map_or(0.0, |b| f64::from_be_bytes(*b)),
        _ => 0.0,
    }
}

impl Start {
    pub(super) fn read(head: &[u8]) -> Option<Start> {
        let ebml = usize::try_from(whole(head)?).ok()?;
        let (id, _, length) = header(head.get(ebml..)?)?;
        let segment = ebml + length;
        if id != SEGMENT {
            return None;
        }
        let mut start = Start {
            segment: segment as u64,
            scale: 1_000_000,
            ..Start::default()
        };
        let mut at = segment;
        loop {
            let (id, size, length) = header(head.get(at..)?)?;
            if id == CLUSTER {
                start.first_cluster = at;
                return Some(start);
            }
            let end = usize::try_from(size).ok()?.checked_add(at + length)?;
            match id {
                CUES => start.cues = Some(at as u64),
                SEEK_HEAD => start.seek(head.get(at + length..end)?),
                INFO => {
                    for (id, body) in elements(head.get(at + length..end)?) {
                        match id {
                            TIMESTAMP_SCALE => start.scale = unsigned(body).max(1),
                            DURATION => start.duration = float(body),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
            at = end;
        }
    }

    fn seek(&mut self, body: &[u8]) {
        for (_, seek) in elements(body).filter(|(id, _)| *id == SEEK) {
            let of = |wanted| {
                elements(seek)
                    .find(|(id, _)| *id == wanted)
                    .map(|(_, body)| unsigned(body))
            };
            if of(SEEK_ID) == Some(u64::from(CUES)) {
                self.cues = of(SEEK_POSITION).and_then(|at| at.checked_add(self.segment));
            }
        }
    }
}

/// Where clusters begin, by their time.
#[derive(Debug)]
pub(super) struct Index {
    /// Length.
    pub(super) seconds: f64,
    /// Second and place in the file, in order.
    cues: Vec<(f64, u64)>,
}

impl Index {
    /// Reads the list of cues, its header included.
    pub(super) fn read(start: &Start, bytes: &[u8]) -> Option<Index> {
        let (id, size, head) = header(bytes)?;
        let end = usize::try_from(size).ok()?.saturating_add(head).min(bytes.len());
        if id != CUES {
            return None;
        }
        let tick = start.scale as f64 / 1e9;
        let mut cues: Vec<(f64, u64)> = elements(&bytes[head..end])
            .filter(|(id, _)| *id == CUE_POINT)
            .filter_map(|(_, point)| {
                let time = elements(point)
                    .find(|(id, _)| *id == CUE_TIME)
                    .map(|(_, body)| unsigned(body))?;
                let positions = elements(point).find(|(id, _)| *id == CUE_TRACK_POSITIONS)?.1;
                let position = elements(positions).find(|(id, _)| *id == CUE_CLUSTER_POSITION)?.1;
                Some((time as f64 * tick, unsigned(position).checked_add(start.segment)?))
            })
            .collect();
        cues.sort_by(|a, b| a.0.total_cmp(&b.0));
        let last = cues.last()?.0;
        Some(Index {
            seconds: (start.duration * tick).max(last),
            cues,
        })
    }

    /// The clusters that hold so many seconds from the key frame at or before a moment.
    pub(super) fn range(&self, moment: f64, seconds: f64, length: u64) -> Option<(u64, u64)> {
        let first = self
            .cues
            .partition_point(|(time, _)| *time <= moment)
            .saturating_sub(1);
        let &(key, start) = self.cues.get(first)?;
        let end = self.cues[first..]
            .iter()
            .find(|(time, at)| *time >= key + seconds && *at > start);
        let end = end.map_or(length, |(_, at)| *at).min(length);
        (start < end).then_some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(id: u32, body: &[u8]) -> Vec<u8> {
        let id: Vec<u8> = id.to_be_bytes().into_iter().skip_while(|b| *b == 0).collect();
        [&id[..], &(body.len() as u64 | 1 << 56).to_be_bytes(), body].concat()
    }

    fn film() -> (Vec<u8>, Vec<u8>) {
        let seek = [
            element(SEEK_ID, &CUES.to_be_bytes()),
            element(SEEK_POSITION, &90_000u32.to_be_bytes()),
        ];
        let info = [
            element(TIMESTAMP_SCALE, &1_000_000u32.to_be_bytes()),
            element(DURATION, &1_000_000f64.to_be_bytes()),
        ];
        let inner = [
            element(SEEK_HEAD, &element(SEEK, &seek.concat())),
            element(INFO, &info.concat()),
            element(CLUSTER, b"x"),
        ];
        let head = [element(0x1a45_dfa3, b"webm"), element(SEGMENT, &inner.concat())].concat();
        let cues: Vec<u8> = (0..100u32)
            .flat_map(|n| {
                let place = element(CUE_CLUSTER_POSITION, &(1000 + n * 500).to_be_bytes());
                let point = [
                    element(CUE_TIME, &(n * 10_000).to_be_bytes()),
                    element(CUE_TRACK_POSITIONS, &place),
                ];
                element(CUE_POINT, &point.concat())
            })
            .collect();
        (head, element(CUES, &cues))
    }

    #[test]
    fn clusters_are_found_by_their_time() {
        let (head, cues) = film();
        let start = Start::read(&head).unwrap();
        let segment = start.segment;
        assert_eq!(start.cues, Some(90_000 + segment));
        assert_eq!(head[start.first_cluster..][..4], CLUSTER.to_be_bytes());
        assert_eq!(whole(&cues), Some(cues.len() as u64));
        let index = Index::read(&start, &cues).unwrap();
        assert_eq!(index.seconds, 1000.0);
        assert_eq!(
            index.range(105.0, 4.0, 1 << 30),
            Some((6000 + segment, 6500 + segment))
        );
        assert_eq!(index.range(995.0, 4.0, 60_000), Some((50_500 + segment, 60_000)));
    }

    #[test]
    fn altered_files_are_no_fault() {
        let (head, cues) = film();
        let start = Start::read(&head).unwrap();
        for change in [0x00, 0x01, 0x40, 0xff] {
            for at in 0..head.len() {
                let mut altered = head.clone();
                altered[at] = change;
                Start::read(&altered);
                Start::read(&head[..at]);
            }
            for at in 0..cues.len() {
                let mut altered = cues.clone();
                altered[at] = change;
                if let Some(index) = Index::read(&start, &altered) {
                    index.range(105.0, 4.0, u64::MAX);
                }
            }
        }
    }
}
