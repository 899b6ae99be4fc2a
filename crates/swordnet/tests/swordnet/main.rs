//! The program as others see it: its crates' arrows, its contract, a whole campaign, and that campaign killed many times.

mod architecture;
mod campaign;
mod contract;
mod evidence;
mod hidden;
mod lists;
mod live;
mod readme;
mod refresh;
mod reupload;
mod site;
mod sweep;
mod unchanged;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program under test.
fn swordnet() -> Command {
    Command::new(env!("CARGO_BIN_EXE_swordnet"))
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The lines of JSON that a command printed.
fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("JSON is UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// Runs a command that speaks JSON over a data folder.
fn run(data: &Path, arguments: &[&str]) -> Output {
    swordnet()
        .arg("--data")
        .arg(data)
        .arg("--json")
        .args(arguments)
        .output()
        .expect("the program runs")
}

/// A path as an argument.
fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// What a command said on standard error.
fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
