//! The verifier alone: `verify-package PACKAGE [TRUSTED…]` prints the report as JSON and exits with 1 where the package is
//! not valid. A TRUSTED file holds a public key or a time-stamp authority's certificate, in PEM; without a key among
//! them, whoever sealed the package is taken at their word.
//!
//! Built for WASI, this is what the page beside it runs in a browser.

use std::fs::{File, read_to_string};
use std::io::Write;
use std::process::ExitCode;
use swordnet_evidence::package::verify;
use swordnet_evidence::timestamp::Authority;
use swordnet_evidence::{PublicKey, Trust};

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
    let mut trust = Trust::default();
    for file in files {
        let pem = read_to_string(file)?;
        if pem.contains("BEGIN CERTIFICATE") {
            trust.authorities.push(Authority::from_pem(&pem)?);
        } else {
            trust.keys.push(PublicKey::from_pem(&pem)?);
        }
    }
    trust.anyone = trust.keys.is_empty();
    Ok(trust)
}
