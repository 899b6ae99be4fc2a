//! `match --live`.

use super::{Office, line, object};
use crate::{exit, output};
use serde_json::json;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use swordnet_campaign::{Error, Hearing, InputError, Source};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Hears a stream until it ends, or until it is interrupted or terminated: then what is open is closed and told.
pub async fn run(
    office: &Office,
    path: &Path,
    least: Option<f64>,
    fail_on_finding: bool,
) -> Result<ExitCode, Error> {
    let source = match path.to_str() {
        Some("-") if std::io::stdin().is_terminal() => {
            let why = "it is a terminal; pipe a stream into this command";
            return Err(Error::Input(InputError::new("standard input", why)));
        }
        Some("-") => Source::Standard,
        _ => Source::File(path.to_owned()),
    };
    let listener = Arc::new(office.open_offline().await?.listener().await?);
    let stop = Arc::new(AtomicBool::new(false));
    let (teller, mut told) = mpsc::unbounded_channel();
    let hearing = {
        let (listener, stop) = (listener.clone(), stop.clone());
        move || {
            // Nobody is left to be told only when the program is ending.
            listener.hear(&source, least, &stop, &mut |hearing| drop(teller.send(hearing)))
        }
    };
    let heard = tokio::task::spawn_blocking(hearing);
    let unable = |e: std::io::Error| Error::Bug(format!("no signal can be awaited: {e}"));
    let mut interrupted = signal(SignalKind::interrupt()).map_err(unable)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(unable)?;
    let mut found = false;
    loop {
        tokio::select! {
            hearing = told.recv() => match hearing {
                Some(hearing) => {
                    found = true;
                    show(office, path, listener.register().title(&hearing.candidate.work), &hearing);
                }
                None => break,
            },
            _ = interrupted.recv() => stop.store(true, Ordering::Relaxed),
            _ = terminated.recv() => stop.store(true, Ordering::Relaxed),
        }
    }
    let heard = heard.await.map_err(|e| Error::Bug(e.to_string()))??;
    for note in &heard.notes {
        output::note(note);
    }
    output::note(&format!("{:.1} s of sound heard", heard.seconds));
    Ok(ExitCode::from(if found && fail_on_finding {
        exit::FOUND
    } else {
        exit::DONE
    }))
}

fn show(office: &Office, path: &Path, title: &str, hearing: &Hearing) {
    let Hearing {
        candidate,
        told_at,
        ended,
    } = hearing;
    if office.json {
        let mut object = object(path, title, candidate);
        object["told_at"] = json!(told_at);
        object["ended"] = json!(ended);
        output::json(&object);
    } else {
        let state = if *ended { "ended, told" } else { "told" };
        output::line_out(&format!(
            "{state} at {told_at:.1}  {}",
            line(path, title, candidate)
        ));
    }
}
