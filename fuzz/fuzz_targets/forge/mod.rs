//! Segments with some bytes forged.

/// `whole` with changes: three bytes each, a place (little-endian; of the last 64 KiB where the first byte is odd) and what stands there.
pub fn forged(whole: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let Some((side, changes)) = changes.split_first() else {
        return bytes;
    };
    let from = if side % 2 == 1 {
        whole.len().saturating_sub(1 << 16)
    } else {
        0
    };
    for change in changes.chunks_exact(3) {
        let at = from + usize::from(u16::from_le_bytes([change[0], change[1]]));
        if let Some(byte) = bytes.get_mut(at) {
            *byte = change[2];
        }
    }
    bytes
}
