//! The verifier alone: `verify-package PACKAGE [TRUSTED…]` prints the report as JSON and exits with 1 where the package is
//! not valid. A TRUSTED file holds public keys and time-stamp authorities' certificates, in PEM; without a key among
//! them, whoever sealed the package is taken at their word.
//!
//! Built for WASI, this is what the page beside it runs in a browser.

use std::fs::{File, read_to_string};
use std::io::Write;
use std::process::ExitCode;
use swordnet_evidence::Trust;
use swordnet_evidence::package::verify;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match check(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(3)
        }
    }
}

fn check(arguments: &[String]) -> Result<bool, Failure> {
    let (package, trusted) = arguments.split_first().ok_or("which package?")?;
    let report = verify(&mut File::open(package)?, &trust(trusted)?);
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
    Ok(report.valid)
}

fn trust(files: &[String]) -> Result<Trust, Failure> {
    let lists: Vec<String> = files.iter().map(read_to_string).collect::<Result<_, _>>()?;
    match lists.as_slice() {
        [] => Ok(Trust::anyone()),
        lists => Ok(Trust::from_pem(lists.iter().map(String::as_str))?),
    }
}
