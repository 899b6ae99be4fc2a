//! The Chrome DevTools Protocol over a pipe: JSON messages that end with a zero byte.
//!
//! A pipe rather than a WebSocket: nobody else on the machine can reach it, and it needs no port and no library.

use serde_json::{Value, json};
use std::{collections::VecDeque, io, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{Instant, timeout, timeout_at},
};

/// Longest message that we read: a screenshot's, in base64.
const MAX_MESSAGE: usize = 64 << 20;
/// Events that wait to be looked at; beyond them the oldest are forgotten.
const MAX_EVENTS: usize = 20_000;
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A browser that listens.
pub(super) struct DevTools {
    _child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    partial: Vec<u8>,
    events: VecDeque<Value>,
    last: u64,
}

impl DevTools {
    /// Starts the browser. It reads commands from its descriptor 3 and answers on 4, which a shell lays there.
    pub(super) fn start(program: &std::path::Path, arguments: &[String]) -> io::Result<DevTools> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(
                ["PATH", "HOME", "LANG", "FONTCONFIG_PATH"]
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let ends = child.stdin.take().zip(child.stdout.take());
        let (to, from) = ends.ok_or_else(|| io::Error::other("the browser has no pipe"))?;
        Ok(DevTools {
            _child: child,
            to,
            from: BufReader::with_capacity(64 << 10, from),
            partial: Vec::new(),
            events: VecDeque::new(),
            last: 0,
        })
    }

    /// Gives a command and waits for its answer; `session`: which page it is for.
    pub(super) async fn call(
        &mut self,
        session: Option<&str>,
        method: &str,
        parameters: Value,
    ) -> io::Result<Value> {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let answer = timeout(PATIENCE, async {
            self.to.write_all(&bytes).await?;
            loop {
                let mut message = self.message().await?;
                if message["id"] == self.last {
                    return match message.get("error") {
                        Some(error) => Err(io::Error::other(format!("{method}: {error}"))),
                        None => Ok(message["result"].take()),
                    };
                }
                self.remember(message);
            }
        });
        answer
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The next event, if one comes before then.
    pub(super) async fn event(&mut self, until: Instant) -> io::Result<Option<Value>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            match timeout_at(until, self.message()).await {
                Err(_) => return Ok(None),
                Ok(message) => self.remember(message?),
            }
        }
    }

    fn remember(&mut self, message: Value) {
        // The answer to a command that nobody waits for any more is no event.
        if message.get("method").is_some() {
            if self.events.len() == MAX_EVENTS {
                self.events.pop_front();
            }
            self.events.push_back(message);
        }
    }

    async fn message(&mut self) -> io::Result<Value> {
        loop {
            let piece = self.from.fill_buf().await?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let end = memchr::memchr(0, piece);
            self.partial
                .extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            let read = end.map_or(piece.len(), |end| end + 1);
            self.from.consume(read);
            if self.partial.len() > MAX_MESSAGE {
                return Err(io::Error::other("a message without end"));
            }
            if end.is_some() {
                let message = serde_json::from_slice(&self.partial)?;
                self.partial.clear();
                return Ok(message);
            }
        }
    }
}
