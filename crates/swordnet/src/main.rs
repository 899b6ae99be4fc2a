//! Swordnet: arguments in, exit codes and pages out.

mod cli;
mod exit;
mod output;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // When this program was started as the confined launcher of a decoder, it never comes back from here.
    swordnet_media::enter_if_confined();
    let arguments = cli::Arguments::parse();
    output::begin_log(arguments.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return exit::bug(&e.to_string()),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    }
}
