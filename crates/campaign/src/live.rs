//! Streams that have no end, recognised as they come: media decodes, recognise cuts, asks and joins.

use crate::{Campaign, Error, InputError, Register};
use std::fs::File;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use swordnet_core::{Candidate, Medium};
use swordnet_media::{Media, open_stream};
use swordnet_recognise::live::{Join, Pace, Telling, Windows};
use swordnet_recognise::{Demand, Purpose, media};

/// Where a stream comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This program's standard input.
    Standard,
    /// A named pipe, a device, or a file that is read once from its start.
    File(PathBuf),
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::Standard => "standard input".into(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The open stream; nothing when it was stopped before it began.
    fn open(&self, stop: &AtomicBool) -> Result<Option<File>, Error> {
        match self {
            Self::Standard => {
                let own = std::io::stdin().as_fd().try_clone_to_owned();
                own.map(|fd| Some(fd.into())).map_err(|e| self.wrong(e))
            }
            Self::File(path) => open_stream(path, stop).map_err(|e| self.wrong(e)),
        }
    }

    fn wrong(&self, why: impl ToString) -> Error {
        Error::Input(InputError::new(self.name(), why))
    }
}

/// What is told of a part of a stream that is a work: once when it is recognised, once more when it has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Hearing {
    /// The span so far; places in the query are seconds of the stream.
    pub candidate: Candidate,
    /// Seconds of the stream heard when it was recognised.
    pub told_at: f64,
    /// Has it ended?
    pub ended: bool,
}

/// How a stream ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Seconds of it.
    pub seconds: f64,
    /// What a person should know: damage, a system that could not confine the decoder fully.
    pub notes: Vec<String>,
}

impl Campaign {
    /// What hears streams against the register as it is now.
    pub async fn listener(&self) -> Result<Listener, Error> {
        Ok(Listener {
            media: self.media.clone(),
            register: self.register().await?,
        })
    }
}

/// What hears a stream.
pub struct Listener {
    media: Media,
    register: Arc<Register>,
}

impl Listener {
    /// The register that is asked.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Recognises the sound of a stream until it ends or `stop` is set, and hands on what scores at least `least` (by default the medium's threshold)
    /// as soon as it is told. Writes no record. Takes as long as the stream: call it from a thread of its own. What was open when the
    /// stream broke is handed on before its error is returned.
    pub fn hear(
        &self,
        source: &Source,
        least: Option<f64>,
        stop: &AtomicBool,
        each: &mut dyn FnMut(Hearing),
    ) -> Result<Heard, Error> {
        let kind =
            media::of(Medium::Audio).ok_or_else(|| Error::Bug("there is no medium of sound".into()))?;
        let Demand::Samples { rate } = kind.demand(Purpose::Query) else {
            return Err(Error::Bug("sound is not heard by samples".into()));
        };
        let Some(input) = source.open(stop)? else {
            return Ok(Heard::default());
        };
        let mut windows = Windows::new(Pace::default());
        let mut join = Join::new(least.unwrap_or_else(|| kind.threshold()));
        let mut seconds = 0.0;
        let mut tell = |telling: Telling, heard: f64| {
            if let Some(hearing) = self.hearing(telling, heard) {
                each(hearing);
            }
        };
        let mut failed = None;
        let decoded = self.media.listen(input, rate, stop, &mut |samples| {
            let asked = windows.push(samples, |window| {
                seconds = window.heard;
                let found = match &window.print {
                    Some(print) => self.register.matches(print)?,
                    None => Vec::new(),
                };
                join.push(window.start, window.heard, found, &mut |t| tell(t, window.heard));
                Ok::<(), Error>(())
            });
            match asked {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => {
                    failed = Some(e);
                    ControlFlow::Break(())
                }
            }
        });
        if failed.is_none()
            && let Some(window) = windows.finish()
            && let Some(print) = &window.print
        {
            seconds = window.heard;
            let found = self.register.matches(print)?;
            join.push(window.start, window.heard, found, &mut |t| tell(t, window.heard));
        }
        join.finish(&mut |t| tell(t, seconds));
        let decoded = match (failed, decoded) {
            (Some(e), _) => return Err(e),
            (None, Err(e @ swordnet_media::Error::Missing(..))) => return Err(e.into()),
            (None, Err(e)) => return Err(source.wrong(e)),
            (None, Ok(decoded)) => decoded,
        };
        Ok(Heard {
            seconds: decoded.end,
            notes: decoded.notes,
        })
    }

    fn hearing(&self, telling: Telling, heard: f64) -> Option<Hearing> {
        let (work, reference_length) = self.register.owner(&telling.found.reference)?;
        let m = telling.found;
        Some(Hearing {
            candidate: Candidate {
                work: work.clone(),
                reference: m.reference,
                medium: Medium::Audio,
                score: m.score,
                in_reference: m.in_reference,
                in_query: m.query,
                query_length: heard,
                reference_length,
                transform: m.transform,
                carried_by: vec![Medium::Audio],
            },
            told_at: telling.told_at,
            ended: telling.ended,
        })
    }
}
