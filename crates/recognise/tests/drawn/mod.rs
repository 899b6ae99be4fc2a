//! Films that tests and benchmarks draw themselves.

/// A small generator, so that every run draws the same.
pub struct Random(pub u64);

impl Random {
    /// 0 to 1.
    pub fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32) / (1u64 << 24) as f32
    }
}

/// Pixels across.
pub const W: usize = 320;
/// Pixels down.
pub const H: usize = 180;

/// Luma, row by row.
pub type Frame = Vec<u8>;

/// A frame of a drawn film: shots of two to five seconds, each of boxes and discs that drift.
pub fn draw(seed: u64, time: f32) -> Frame {
    let mut cuts = Random(seed ^ 0x5eed);
    let (mut shot, mut start) = (0u64, 0f32);
    loop {
        let length = 2.0 + 3.0 * cuts.next();
        if start + length > time {
            break;
        }
        start += length;
        shot += 1;
    }
    let mut r = Random(seed.wrapping_mul(977).wrapping_add(shot * 31 + 7));
    for _ in 0..8 {
        r.next();
    }
    let slope = [r.next() * 0.4, r.next() * 0.4, 60.0 + 100.0 * r.next()];
    let mut frame: Frame = (0..W * H)
        .map(|i| (slope[2] + slope[0] * (i % W) as f32 - slope[1] * (i / W) as f32).clamp(0.0, 255.0) as u8)
        .collect();
    for _ in 0..70 {
        let (x, y, w, h) = (
            r.next() * 320.0,
            r.next() * 180.0,
            3.0 + 28.0 * r.next() * r.next(),
            3.0 + 28.0 * r.next() * r.next(),
        );
        let (vx, vy, luma, round) = (
            (r.next() - 0.5) * 24.0,
            (r.next() - 0.5) * 16.0,
            r.next() * 255.0,
            r.next() < 0.5,
        );
        let (cx, cy) = (x + vx * (time - start), y + vy * (time - start));
        for py in (cy - h).max(0.0) as usize..(cy + h).clamp(0.0, H as f32) as usize {
            for px in (cx - w).max(0.0) as usize..(cx + w).clamp(0.0, W as f32) as usize {
                let (dx, dy) = ((px as f32 - cx) / w, (py as f32 - cy) / h);
                if !round || dx * dx + dy * dy <= 1.0 {
                    frame[py * W + px] = luma as u8;
                }
            }
        }
    }
    frame
}
