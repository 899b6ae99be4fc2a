//! The certificates that a package is signed with.

use super::zip::long;

/// Numbers of the schemes v2, v3 and v3.1 in the signing block.
const SCHEMES: [u32; 3] = [0x7109_871a, 0xf053_68c0, 0x1b93_ad61];
/// Most signers and certificates that are read.
const MOST: usize = 64;

/// Splits off what its first four bytes give the length of.
fn prefixed<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(long(bytes, 0)?).ok()?;
    let (this, rest) = bytes.get(4..)?.split_at_checked(length)?;
    *bytes = rest;
    Some(this)
}

/// The first certificate of each signer in a signing block (source.android.com, "APK Signature Scheme v2" and "v3").
pub(super) fn of_block(mut block: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(length) = block.first_chunk::<8>() {
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((pair, rest)) = block[8..].split_at_checked(length) else {
            break;
        };
        block = rest;
        let (Some(number), Some(mut value)) = (pair.first_chunk(), pair.get(4..)) else {
            continue;
        };
        if SCHEMES.contains(&u32::from_le_bytes(*number)) {
            let mut signers = prefixed(&mut value).unwrap_or_default();
            while let Some(mut signer) = prefixed(&mut signers).filter(|_| found.len() < MOST) {
                found.extend(first_certificate(&mut signer));
            }
        }
    }
    found
}

fn first_certificate(signer: &mut &[u8]) -> Option<Vec<u8>> {
    let mut signed = prefixed(signer)?;
    let _digests = prefixed(&mut signed)?;
    let mut certificates = prefixed(&mut signed)?;
    Some(prefixed(&mut certificates)?.to_vec())
}

/// An element of DER (X.690).
struct Der<'a> {
    tag: u8,
    content: &'a [u8],
    /// Tag, length and content.
    whole: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
}

fn der(bytes: &[u8]) -> Option<Der<'_>> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (length, head) = match first {
        0..=0x7f => (usize::from(first), 2),
        0x81..=0x84 => {
            let n = usize::from(first & 0x7f);
            let length = bytes.get(2..2 + n)?;
            (
                length
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte)),
                2 + n,
            )
        }
        _ => return None,
    };
    let (whole, rest) = bytes.split_at_checked(head + length)?;
    Some(Der {
        tag,
        content: &whole[head..],
        whole,
        rest,
    })
}

/// The certificates of a signature file of scheme v1: CMS signed data (RFC 5652, section 5.1).
pub(super) fn of_file(file: &[u8]) -> Vec<Vec<u8>> {
    let certificates = || {
        let explicit = der(der(der(file)?.content)?.rest)?;
        if explicit.tag != 0xa0 {
            return None;
        }
        let mut signed = der(explicit.content)?.content;
        loop {
            let part = der(signed)?;
            if part.tag == 0xa0 {
                return Some(part.content);
            }
            signed = part.rest;
        }
    };
    let mut rest = certificates().unwrap_or_default();
    let mut found = Vec::new();
    while let Some(certificate) = der(rest).filter(|_| found.len() < MOST) {
        found.push(certificate.whole.to_vec());
        rest = certificate.rest;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_length(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
    }

    #[test]
    fn certificates_of_a_signing_block_are_read() {
        let signed = [with_length(b"digests"), with_length(&with_length(b"certificate"))].concat();
        let signer = [with_length(&signed), with_length(b"signatures")].concat();
        let value = [&SCHEMES[1].to_le_bytes()[..], &with_length(&with_length(&signer))].concat();
        let block = [&(value.len() as u64).to_le_bytes()[..], &value].concat();
        assert_eq!(of_block(&block), [b"certificate".to_vec()]);
        for at in 0..block.len() {
            of_block(&block[..at]);
        }
    }

    #[test]
    fn certificates_of_a_signature_file_are_read() {
        let der = |tag: u8, body: &[u8]| [&[tag, body.len() as u8][..], body].concat();
        let certificate = der(0x30, b"certificate");
        let signed = [
            der(0x02, b"\x01"),
            der(0x31, b""),
            der(0x30, b"data"),
            der(0xa0, &certificate),
        ]
        .concat();
        let file = der(
            0x30,
            &[der(0x06, b"oid"), der(0xa0, &der(0x30, &signed))].concat(),
        );
        assert_eq!(of_file(&file), [certificate]);
        for at in 0..file.len() {
            of_file(&file[..at]);
        }
    }
}
