//! An index asked: what it costs, and what it finds.

use crate::distractors::size;
use crate::{Failure, listed, signals};
use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;
use swordnet_core::Medium;
use swordnet_recognise::{MediumKind, Purpose, Segment, room};
use swordnet_store::mapped;

/// Seconds that this process computed (Linux).
fn computed() -> Result<f64, Failure> {
    let times = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = times.split(' ').next().unwrap_or_default().parse()?;
    Ok(nanoseconds / 1e9)
}

/// Mebibytes of this process's memory that a line of its status tells (Linux).
fn resident(line: &str) -> Result<f64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let value = status
        .lines()
        .find_map(|l| l.strip_prefix(line))
        .unwrap_or("0 kB");
    let kibibytes: f64 = value.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

/// Maps the index, asks all queries, and prints a row: segments, megabytes, seconds to open, mebibytes resident at most (of which its own at the end), queries, CPU
/// milliseconds a query (mean, and the worst), copies, share of them above every wrong answer, share answered at the threshold, strangers or wrong works answered at
/// the threshold; for video also seconds a query (mean), and CPU milliseconds for a minute of query.
pub fn ask(
    kind: &dyn MediumKind,
    queries: &Path,
    index: &Path,
    scores: Option<&Path>,
) -> Result<(), Failure> {
    let mut prints = Vec::new();
    for (name, path) in listed(queries)? {
        if let Some(print) = signals::print(kind, Purpose::Query, &path)? {
            prints.push((name, print));
        }
    }
    let files = listed(index)?;
    // From here on the most that is resident is told.
    fs::write("/proc/self/clear_refs", "5")?;
    let before = Instant::now();
    room::made_by(mapped::make_room);
    let (mut segments, mut length) = (Vec::<Box<dyn Segment>>::new(), 0);
    for (_, path) in &files {
        let bytes = mapped::map(path)?;
        length += bytes.len();
        let segment = kind.open(bytes)?;
        segment.seldom().iter().for_each(mapped::seldom);
        segments.push(segment);
    }
    let opened = before.elapsed().as_secs_f64();
    let (mut total, mut worst) = (0.0, 0f64);
    let (mut right, mut wrong, mut copies) = (Vec::new(), Vec::new(), 0);
    let mut rows = String::new();
    for (name, print) in &prints {
        let works = name.split('~').next().unwrap_or_default();
        let works: Vec<&str> = works.split('+').filter(|work| !work.is_empty()).collect();
        let start = computed()?;
        let found = kind.search(&segments, print, &HashSet::new())?;
        let spent = (computed()? - start) * 1000.0;
        (total, worst) = (total + spent, worst.max(spent));
        copies += works.len();
        let best = |wanted: &dyn Fn(&str) -> bool| found.iter().find(|m| wanted(m.reference.as_str()));
        let of_each: Vec<_> = works
            .iter()
            .map(|work| best(&|id| id == *work).map(|m| m.score))
            .collect();
        let other = best(&|id| !works.contains(&id));
        rows += &format!(
            "{name} {spent:.2} {of_each:?} {:?}\n",
            other.map(|m| (m.reference.as_str(), m.score))
        );
        right.extend(of_each.into_iter().flatten());
        wrong.extend(other.map(|m| m.score));
    }
    if let Some(path) = scores {
        fs::write(path, rows)?;
    }
    let bar = wrong.iter().copied().fold(0.0, f64::max);
    let share = |least: f64| right.iter().filter(|&&s| s > least).count() as f64 / copies.max(1) as f64;
    let accepted = wrong.iter().filter(|&&s| s >= kind.threshold()).count();
    let seconds = match kind.medium() {
        Medium::Video => prints.iter().map(|(_, print)| size(print) * 3600.0).sum(),
        _ => 0.0,
    };
    let lengths = if seconds > 0.0 {
        let mean = seconds / prints.len() as f64;
        format!(" {mean:.1} {:.1}", total / seconds * 60.0)
    } else {
        String::new()
    };
    writeln!(
        std::io::stdout(),
        "{} {:.0} {opened:.3} {:.0} {:.0} {} {:.1} {worst:.1} {copies} {:.3} {:.3} {accepted}{lengths}",
        files.len(),
        length as f64 / 1e6,
        resident("VmHWM:")?,
        resident("RssAnon:")?,
        prints.len(),
        total / prints.len().max(1) as f64,
        share(bar),
        share(kind.threshold() - 1e-9),
    )?;
    Ok(())
}
