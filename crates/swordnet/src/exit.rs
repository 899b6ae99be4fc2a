//! The one place where errors become exit codes; docs/EXIT-CODES.md lists them.

use crate::output;
use std::process::ExitCode;
use swordnet_campaign::Error;

/// Done.
pub const DONE: u8 = 0;
/// Done, and something was found or an exhibit is invalid.
pub const FOUND: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 2;
/// An input is wrong; what was good is kept.
pub const INPUT: u8 = 3;
/// A site or service could not be reached.
pub const UNREACHABLE: u8 = 4;
/// Store, vault or queue failed.
pub const STORE: u8 = 5;
/// A bug.
pub const BUG: u8 = 70;

/// Says what went wrong and gives its exit code.
pub fn report(error: &Error) -> ExitCode {
    let (code, hint) = match error {
        Error::Input(_) => (INPUT, None),
        Error::NotInitialised(_) => (USAGE, None),
        Error::Unreachable(_) => (UNREACHABLE, None),
        Error::Store(_) | Error::File { .. } => (
            STORE,
            Some("check the disk and the permissions of the data folder"),
        ),
        Error::Media(swordnet_media::Error::Missing(..)) => (
            INPUT,
            Some("install ffmpeg, for example with `apt-get install ffmpeg`"),
        ),
        Error::Media(_) | Error::Evidence(_) => (INPUT, None),
        Error::Stopped => (DONE, None),
        Error::Bug(why) => return bug(why),
    };
    output::error(&error.to_string());
    if let Some(hint) = hint {
        output::hint(hint);
    }
    ExitCode::from(code)
}

/// A bug, with the request to report it.
pub fn bug(why: &str) -> ExitCode {
    output::error(&format!("this is a bug: {why}"));
    output::hint("please report it with the command that you ran");
    ExitCode::from(BUG)
}
