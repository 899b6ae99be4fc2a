//! What people and programs read: JSON Lines or tables on standard output, everything else on standard error.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;
use std::collections::HashMap;
use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use swordnet_campaign::{Observer, Progress};
use swordnet_core::Record;

/// Sends the log to standard error: warnings, or more with `-v`.
pub fn begin_log(verbose: u8) {
    let level = ["swordnet=warn", "swordnet=info", "swordnet=debug"][usize::from(verbose.min(2))];
    let level = level.replace("swordnet=", "warn,swordnet_campaign=");
    let filter = tracing_subscriber::EnvFilter::try_from_env("SWORDNET_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}

/// Writes one object as a line of JSON. A closed pipe is no error.
pub fn json(value: &impl Serialize) {
    if let Ok(line) = serde_json::to_string(value) {
        line_out(&line);
    }
}

/// Writes a line for people.
pub fn line_out(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes a message to standard error.
pub fn note(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// Names an error.
pub fn error(message: &str) {
    note(&format!("error: {message}"));
}

/// Says what to do, on a line of its own.
pub fn hint(message: &str) {
    note(&format!("hint: {message}"));
}

/// Progress bars on a terminal, nothing elsewhere; findings and outcomes as they come.
pub struct Console<'a> {
    bars: Option<MultiProgress>,
    stages: Mutex<HashMap<String, ProgressBar>>,
    tell: Box<dyn Fn(&Record) + Send + Sync + 'a>,
}

impl<'a> Console<'a> {
    /// A console that gives records to `tell`.
    pub fn new(tell: impl Fn(&Record) + Send + Sync + 'a) -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self {
            bars,
            stages: Mutex::default(),
            tell: Box::new(tell),
        }
    }

    /// A console for work that gives no records.
    pub fn quiet() -> Self {
        Self::new(|_| {})
    }

    fn bar(&self, stage: &str, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self
            .stages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(stage)
        {
            act(bar);
        }
    }
}

impl Progress for Console<'_> {
    fn begin(&self, stage: &str, total: u64) {
        let Some(bars) = &self.bars else { return };
        let bar = bars.add(ProgressBar::new(total));
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>10} [{bar:30}] {pos}/{len} {elapsed} {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(stage.to_owned());
        self.stages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(stage.to_owned(), bar);
    }

    fn more(&self, stage: &str, by: u64) {
        self.bar(stage, |bar| bar.inc_length(by));
    }

    fn step(&self, stage: &str, what: &str) {
        self.bar(stage, |bar| {
            bar.inc(1);
            bar.set_message(what.to_owned());
        });
    }

    fn end(&self, stage: &str) {
        self.bar(stage, ProgressBar::finish_and_clear);
        self.stages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(stage);
    }
}

impl Observer for Console<'_> {
    fn record(&self, record: &Record) {
        (self.tell)(record);
    }
}
