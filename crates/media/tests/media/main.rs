//! Media made with ffmpeg itself, decoded by the confined child.
//!
//! No harness of the compiler's: the child is this same program, so `main` must begin with `enter_if_confined`.

mod decoding;
mod hostile;
mod listening;
mod material;
mod mp4;
mod together;

use libtest_mimic::{Arguments, Trial};

fn main() -> std::process::ExitCode {
    swordnet_media::enter_if_confined();
    let name = std::env::current_exe().unwrap_or_default();
    if name.ends_with("ffprobe") {
        return hostile::try_everything();
    }
    let arguments = Arguments::from_args();
    let tests = [
        decoding::TESTS,
        hostile::TESTS,
        listening::TESTS,
        mp4::TESTS,
        together::TESTS,
    ];
    let trials = tests
        .concat()
        .into_iter()
        .map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
