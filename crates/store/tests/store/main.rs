//! One suite for each trait, run against every backend.
//!
//! No harness of the compiler's, because the tests are made of backend × suite, and because the kill test starts this same
//! program as the process that it kills.

mod kill;
mod material;
mod model;
mod queue;
mod records;
mod samples;
mod vault;

use libtest_mimic::{Arguments, Trial};
use material::{Place, Test};

/// Backend's name, and the URL of a new one inside a folder.
type Backend = (&'static str, fn(&std::path::Path) -> String);

const RECORDS: &[Backend] = &[("sqlite", |folder| {
    format!("sqlite://{}/store/records.db", folder.display())
})];
const VAULTS: &[Backend] = &[("folder", |folder| format!("file://{}/vault", folder.display()))];
const QUEUES: &[Backend] = &[("local", |_| "local".into())];

fn main() -> std::process::ExitCode {
    if let Some(url) = kill::asked_to_write() {
        kill::write_until_killed(&url);
    }
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (backends, suites) in [
        (
            RECORDS,
            [records::SUITE, model::SUITE, kill::SUITE, samples::SUITE].concat(),
        ),
        (VAULTS, vault::SUITE.to_vec()),
        (QUEUES, queue::SUITE.to_vec()),
    ] {
        for &(backend, url) in backends {
            trials.extend(suites.iter().map(|&(name, test): &Test| {
                Trial::test(format!("{backend}::{name}"), move || {
                    let folder = tempfile::tempdir()?;
                    test(&Place {
                        url: url(folder.path()),
                        folder: folder.path().to_owned(),
                    });
                    Ok(())
                })
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
