//! Packets of an MPEG transport stream (ISO/IEC 13818-1, section 2.4.3): 188 bytes each, the first of which is 0x47.

const PACKET: usize = 188;

/// Where the first packet begins.
pub(super) fn synchronous(bytes: &[u8]) -> Option<usize> {
    (0..PACKET.min(bytes.len())).find(|at| (0..8).all(|n| bytes.get(at + n * PACKET) == Some(&0x47)))
}

/// The packets before the first picture or sound: they say what the others hold.
pub(super) fn tables(head: &[u8]) -> Vec<u8> {
    let from = synchronous(head).unwrap_or(head.len());
    let (packets, _) = head[from..].as_chunks::<PACKET>();
    packets
        .iter()
        .take_while(|packet| begins(packet).is_none())
        .flatten()
        .copied()
        .collect()
}

/// Where the packet begins that a key frame of the picture begins with; the bytes begin with a packet.
pub(super) fn key_frame(bytes: &[u8]) -> Option<usize> {
    let (packets, _) = bytes.as_chunks::<PACKET>();
    let at = packets.iter().position(|packet| {
        // Adaptation field that is there and not empty, with its random access indicator.
        let random = packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x40 != 0;
        random && matches!(begins(packet), Some(0xe0..=0xef))
    })?;
    Some(at * PACKET)
}

/// The kind of elementary stream of which a piece begins in this packet (0xe0 to 0xef: pictures).
fn begins(packet: &[u8; PACKET]) -> Option<u8> {
    let payload = match packet[3] >> 4 & 3 {
        1 => 4,
        3 => 5 + usize::from(packet[4]),
        _ => return None,
    };
    let starts = packet[0] == 0x47 && packet[1] & 0x40 != 0;
    match packet.get(payload..)? {
        [0, 0, 1, kind, ..] if starts => Some(*kind),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(head: &[u8]) -> [u8; PACKET] {
        let mut packet = [0xff; PACKET];
        packet[..head.len()].copy_from_slice(head);
        packet
    }

    #[test]
    fn tables_come_before_the_first_piece_and_key_frames_are_marked() {
        let table = packet(&[0x47, 0x40, 0, 0x10, 0, 0, 0xb0]);
        let sound = packet(&[0x47, 0x41, 1, 0x30, 1, 0x40, 0, 0, 1, 0xc0]);
        let picture = packet(&[0x47, 0x41, 0, 0x10, 0, 0, 1, 0xe0]);
        let key = packet(&[0x47, 0x41, 0, 0x30, 7, 0x50, 1, 2, 3, 4, 5, 6, 0, 0, 1, 0xe0]);
        let more = packet(&[0x47, 0x01, 0, 0x10]);
        let stream = [table, table, sound, picture, more, more, key, more, picture].concat();
        assert_eq!(synchronous(&stream), Some(0));
        assert_eq!(tables(&stream), [table, table].concat());
        assert_eq!(key_frame(&stream), Some(6 * PACKET));
        assert_eq!(key_frame(&stream[..6 * PACKET]), None);
    }

    #[test]
    fn any_bytes_are_no_fault() {
        for length in [0, 1, 187, 188, 189, 2000] {
            for byte in 0..=255 {
                let bytes = vec![byte; length];
                tables(&bytes);
                key_frame(&bytes);
            }
        }
    }
}
