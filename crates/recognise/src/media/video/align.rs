//! Straight lines through pairs of moments: the copy's time against the work's.
//!
//! A Hough vote over offset and speed (Hough 1962; for copies of video, Douze and others, "Compact video description for copy
//! detection with precise temporal alignment", 2010), then least squares.

/// A moment of the query that resembles a moment of the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Seconds in the query.
    pub query: f32,
    /// Seconds in the reference.
    pub reference: f32,
    /// How much it says.
    pub weight: f32,
}

/// `reference = offset + speed * query`, for a span of the query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Seconds of the reference for one of the query.
    pub speed: f32,
    /// Seconds.
    pub offset: f32,
    /// Where its first hit is, in the query.
    pub start: f32,
    /// Where its last hit is.
    pub end: f32,
    /// Weight of its hits, one for each moment of the query.
    pub weight: f32,
}

impl Line {
    /// Is the speed the work's own, as far as can be told?
    pub fn is_plain(&self) -> bool {
        (self.speed - 1.0).abs() <= 0.015
    }

    /// The reference's moment for one of the query.
    pub fn at(&self, query: f32) -> f32 {
        self.offset + self.speed * query
    }
}

/// Slowest and fastest copy that is looked for.
pub const SPEEDS: (f32, f32) = (0.76, 1.32);
/// Steps between them.
const STEPS: usize = 57;
/// Width of an offset's bin in seconds.
const BIN: f32 = 0.5;

/// The strongest lines through the hits, at most `most`, each with its own hits. Hits farther apart in the query than `gap` seconds
/// are of different lines.
pub fn lines(hits: &[Hit], most: usize, gap: f32) -> Vec<Line> {
    let mut left: Vec<Hit> = hits.to_vec();
    let mut found = Vec::new();
    while found.len() < most {
        let Some(line) = strongest(&left, gap) else { break };
        let before = left.len();
        left.retain(|h| !near(&line, h, 1.0) || h.query < line.start - 0.01 || h.query > line.end + 0.01);
        if left.len() == before {
            break;
        }
        found.push(line);
    }
    found
}

fn near(line: &Line, hit: &Hit, slack: f32) -> bool {
    (hit.reference - line.at(hit.query)).abs() <= slack
}

fn strongest(hits: &[Hit], gap: f32) -> Option<Line> {
    let mut best: Option<(f32, f32, f32)> = None;
    let mut bins: Vec<(i32, f32, f32)> = Vec::with_capacity(hits.len());
    for step in 0..STEPS {
        let speed = SPEEDS.0 + (SPEEDS.1 - SPEEDS.0) * step as f32 / (STEPS - 1) as f32;
        bins.clear();
        bins.extend(hits.iter().map(|h| {
            (
                ((h.reference - speed * h.query) / BIN).floor() as i32,
                h.query,
                h.weight,
            )
        }));
        bins.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut from = 0;
        while from < bins.len() {
            let bin = bins[from].0;
            let end = bins.partition_point(|b| b.0 <= bin + 1);
            let next = bins.partition_point(|b| b.0 <= bin);
            // Copies are rarely sped up: the plain speed wins where both explain the hits, and where little moves any speed does.
            let handicap = if (speed - 1.0).abs() < 0.006 { 1.0 } else { 0.9 };
            let weight = handicap * run(&bins[from..end], gap);
            if best.is_none_or(|b| weight > b.0) {
                best = Some((weight, speed, (bin as f32 + 1.0) * BIN));
            }
            from = next;
        }
    }
    let (weight, speed, offset) = best?;
    let rough = Line {
        speed,
        offset,
        start: f32::MIN,
        end: f32::MAX,
        weight,
    };
    let mut own: Vec<Hit> = hits
        .iter()
        .copied()
        .filter(|h| near(&rough, h, BIN * 1.5))
        .collect();
    own.sort_by(|a, b| a.query.total_cmp(&b.query));
    let own = heaviest_run(&own, gap);
    let line = fit(own, speed).unwrap_or(rough);
    Some(Line {
        start: own.first()?.query,
        end: own.last()?.query,
        weight,
        ..line
    })
}

/// Weight of hits of one bin: the heaviest stretch without a long gap, each moment of the query counted once.
fn run(bin: &[(i32, f32, f32)], gap: f32) -> f32 {
    let mut hits: Vec<(f32, f32)> = bin.iter().map(|b| (b.1, b.2)).collect();
    hits.sort_by(|a, b| a.0.total_cmp(&b.0));
    let moments = hits.chunk_by(|a, b| b.0 - a.0 < 0.01);
    let (mut best, mut sum, mut last) = (0f32, 0f32, f32::MIN);
    for moment in moments {
        let time = moment[0].0;
        if time - last > gap {
            sum = 0.0;
        }
        sum += moment.iter().map(|h| h.1).fold(0.0, f32::max);
        last = time;
        best = best.max(sum);
    }
    best
}

/// The stretch of hits without a long gap that weighs the most.
fn heaviest_run(hits: &[Hit], gap: f32) -> &[Hit] {
    let weight = |run: &[Hit]| run.iter().map(|h| h.weight).sum::<f32>();
    let runs = hits.chunk_by(|a, b| b.query - a.query <= gap);
    runs.max_by(|a, b| weight(a).total_cmp(&weight(b))).unwrap_or(&[])
}

/// Weighted least squares, with the speed held where the hits span too little to tell it.
pub fn fit(hits: &[Hit], speed: f32) -> Option<Line> {
    let total: f32 = hits.iter().map(|h| h.weight).sum();
    if hits.is_empty() || total <= 0.0 {
        return None;
    }
    let mean = |f: fn(&Hit) -> f32| hits.iter().map(|h| f(h) * h.weight).sum::<f32>() / total;
    let (mq, mr) = (mean(|h| h.query), mean(|h| h.reference));
    let (mut qq, mut qr) = (0f32, 0f32);
    for h in hits {
        qq += h.weight * (h.query - mq) * (h.query - mq);
        qr += h.weight * (h.query - mq) * (h.reference - mr);
    }
    // The prior: one hit's weight five seconds away says the proposed speed.
    let prior = 25.0 * total / hits.len() as f32;
    let speed = ((qr + prior * speed) / (qq + prior)).clamp(SPEEDS.0, SPEEDS.1);
    // A speed within three standard errors of the plain one is the plain one.
    let off = |h: &Hit| h.reference - mr - speed * (h.query - mq);
    let scatter: f32 = hits.iter().map(|h| h.weight * off(h) * off(h)).sum();
    let told = (speed - 1.0) * (speed - 1.0) * qq > 9.0 * scatter / hits.len() as f32;
    let speed = if told { speed } else { 1.0 };
    let (start, end) = (hits.first()?.query, hits.last()?.query);
    Some(Line {
        speed,
        offset: mr - speed * mq,
        start,
        end,
        weight: total,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A sped-up excerpt among false hits is found, with its speed and offset.
        #[test]
        fn a_line_among_strays_is_found(speed in 0.8f32..1.25, offset in 0.0f32..500.0, length in 12.0f32..60.0, seed in any::<u32>()) {
            let mut state = seed | 1;
            let mut random = || { state ^= state << 13; state ^= state >> 17; state ^= state << 5; (state >> 8) as f32 / (1 << 24) as f32 };
            let mut hits = Vec::new();
            let mut t = 20.0;
            while t < 20.0 + length {
                if random() < 0.7 {
                    hits.push(Hit { query: t, reference: offset + speed * t + 0.2 * random() - 0.1, weight: 1.0 });
                }
                hits.push(Hit { query: t, reference: 600.0 * random(), weight: 1.0 });
                t += 0.5;
            }
            let line = lines(&hits, 1, 10.0)[0];
            let middle = 20.0 + length / 2.0;
            prop_assert!((line.at(middle) - (offset + speed * middle)).abs() < 0.5, "{line:?}");
            prop_assert!((line.speed - speed).abs() < 0.04, "{line:?}");
        }
    }

    #[test]
    fn nothing_gives_no_line() {
        assert!(lines(&[], 3, 10.0).is_empty());
    }
}
