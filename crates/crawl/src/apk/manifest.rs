//! AndroidManifest.xml in its binary form (ResourceTypes.h of the Android Open Source Project).

use super::zip::long;

const STRINGS: u16 = 0x0001;
const RESOURCES: u16 = 0x0180;
const ELEMENT: u16 = 0x0102;
/// Identifiers of the attributes whose names may be left out.
const VERSION_CODE: u64 = 0x0101_021b;
const VERSION_NAME: u64 = 0x0101_021c;
/// Kinds of value.
const STRING: u8 = 0x03;
/// Longest string that is read.
const MAX_STRING: usize = 1000;

/// What the manifest says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Manifest {
    pub package: String,
    pub version: String,
    pub version_code: u64,
}

/// Reads the `<manifest>` element.
pub(super) fn read(bytes: &[u8]) -> Option<Manifest> {
    let mut rest = bytes.get(8..)?;
    let (mut strings, mut resources): (&[u8], &[u8]) = (&[], &[]);
    loop {
        let kind = u16::from_le_bytes(*rest.first_chunk()?);
        let size = usize::try_from(long(rest, 4)?).ok()?;
        let chunk = rest.get(..size).filter(|chunk| chunk.len() >= 8)?;
        rest = &rest[size..];
        match kind {
            STRINGS => strings = chunk,
            RESOURCES => resources = chunk.get(8..)?,
            ELEMENT if string(strings, long(chunk, 20)?).as_deref() == Some("manifest") => {
                return Some(element(chunk, strings, resources));
            }
            _ => {}
        }
    }
}

fn element(chunk: &[u8], strings: &[u8], resources: &[u8]) -> Manifest {
    let mut manifest = Manifest::default();
    let word = |at: usize| {
        chunk
            .get(at..)
            .and_then(|b| b.first_chunk())
            .map_or(0, |b| u16::from_le_bytes(*b))
    };
    let (start, each, count) = (
        16 + usize::from(word(24)),
        usize::from(word(26)).max(20),
        word(28),
    );
    for n in 0..usize::from(count) {
        let Some(attribute) = chunk.get(start + n * each..).filter(|rest| rest.len() >= 20) else {
            break;
        };
        let (Some(name), Some(data)) = (long(attribute, 4), long(attribute, 16)) else {
            break;
        };
        let id = usize::try_from(name)
            .ok()
            .and_then(|name| long(resources, name * 4));
        let text = || {
            if attribute[15] == STRING {
                string(strings, data).unwrap_or_default()
            } else {
                String::new()
            }
        };
        match (string(strings, name).as_deref(), id) {
            (_, Some(VERSION_CODE)) | (Some("versionCode"), _) => manifest.version_code = data,
            (_, Some(VERSION_NAME)) | (Some("versionName"), _) => manifest.version = text(),
            (Some("package"), _) => manifest.package = text(),
            _ => {}
        }
    }
    manifest
}

/// A string of the pool.
fn string(pool: &[u8], n: u64) -> Option<String> {
    let (count, flags, start) = (long(pool, 8)?, long(pool, 16)?, long(pool, 20)?);
    if n >= count {
        return None;
    }
    let offset = long(pool, usize::try_from(28 + n * 4).ok()?)?;
    let text = pool.get(usize::try_from(start + offset).ok()?..)?;
    if flags & 0x100 != 0 {
        // Its length in characters, then in bytes; one byte each, or two where the first has its high bit set.
        let skip = |text: &[u8]| Some(if text.first()? & 0x80 != 0 { 2 } else { 1 });
        let text = text.get(skip(text)?..)?;
        let length = match text.first()? {
            high if high & 0x80 != 0 => usize::from(high & 0x7f) << 8 | usize::from(*text.get(1)?),
            length => usize::from(*length),
        };
        let text = text.get(skip(text)?..)?;
        let text = text.get(..length.min(MAX_STRING))?;
        Some(String::from_utf8_lossy(text).into_owned())
    } else {
        let units = text.as_chunks::<2>().0;
        let length = usize::from(u16::from_le_bytes(*units.first()?));
        let units = units.get(1..1 + length.min(MAX_STRING))?;
        Some(String::from_utf16_lossy(
            &units
                .iter()
                .map(|unit| u16::from_le_bytes(*unit))
                .collect::<Vec<_>>(),
        ))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A manifest with strings in UTF-8, whose version attributes are named by their identifiers alone.
    pub(in crate::apk) fn sample() -> Vec<u8> {
        let strings = ["", "", "manifest", "package", "org.pirate.app", "3.1"];
        let (mut offsets, mut data) = (Vec::new(), Vec::new());
        for text in strings {
            offsets.extend((data.len() as u32).to_le_bytes());
            data.extend([text.len() as u8, text.len() as u8]);
            data.extend(text.as_bytes());
            data.push(0);
        }
        let words = |words: &[u32]| {
            words
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let chunk = |kind: u32, body: &[u8]| [&words(&[kind, body.len() as u32 + 8])[..], body].concat();
        let start = 28 + offsets.len() as u32;
        let pool = [
            &words(&[strings.len() as u32, 0, 0x100, start, 0])[..],
            &offsets,
            &data,
        ]
        .concat();
        let attribute =
            |name: u32, kind: u32, value: u32| words(&[u32::MAX, name, u32::MAX, 8 | kind << 24, value]);
        let attributes = [
            attribute(0, 0x10, 31),
            attribute(1, 0x03, 5),
            attribute(3, 0x03, 4),
        ]
        .concat();
        let element = [
            &words(&[1, u32::MAX, u32::MAX, 2, 20 | 20 << 16, 3, 0])[..],
            &attributes,
        ]
        .concat();
        let body = [
            chunk(0x001c_0001, &pool),
            chunk(0x0008_0180, &words(&[VERSION_CODE as u32, VERSION_NAME as u32])),
            chunk(0x0010_0102, &element),
        ];
        chunk(0x0008_0003, &body.concat())
    }

    #[test]
    fn name_and_version_are_read() {
        let expected = Manifest {
            package: "org.pirate.app".into(),
            version: "3.1".into(),
            version_code: 31,
        };
        assert_eq!(read(&sample()), Some(expected));
    }

    #[test]
    fn altered_manifests_are_no_fault() {
        let sample = sample();
        for at in 0..sample.len() {
            for change in [0, 1, 0x80, 0xff] {
                let mut altered = sample.clone();
                altered[at] = change;
                read(&altered);
            }
            read(&sample[..at]);
        }
    }
}
