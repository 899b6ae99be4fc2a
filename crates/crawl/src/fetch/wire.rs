//! Copies what goes over a connection, so that it can be kept as it was.

use super::spool::SpoolWriter;
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Either kind of connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What went over the wire since it was last taken.
pub(crate) struct Tap {
    pub(crate) request: Vec<u8>,
    pub(crate) response: SpoolWriter,
    /// Writing the copy failed: our own disk.
    pub(crate) failed: Option<io::Error>,
    /// Most bytes of the response.
    most: u64,
}

impl Default for Tap {
    fn default() -> Self {
        Tap {
            request: Vec::new(),
            response: SpoolWriter::default(),
            failed: None,
            most: u64::MAX,
        }
    }
}

/// A handle on the copy.
#[derive(Clone, Default)]
pub(crate) struct Copy(Arc<Mutex<Tap>>);

impl Copy {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Tap> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection when the response exceeds so many bytes.
    pub(crate) fn bound(&self, most: u64) {
        self.lock().most = most;
    }

    /// Takes what has accumulated and begins anew.
    pub(crate) fn take(&self) -> Tap {
        std::mem::take(&mut *self.lock())
    }
}

/// A connection that is copied, as hyper wants it.
pub(crate) struct Copied {
    inner: Box<dyn Stream>,
    copy: Copy,
}

impl Copied {
    pub(crate) fn new(inner: Box<dyn Stream>, copy: Copy) -> Copied {
        Copied { inner, copy }
    }
}

impl hyper::rt::Read for Copied {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper's cursor can only be filled by copying without unsafe code; pieces of 16 KiB are TLS records.
        let mut piece = [0u8; 16 << 10];
        let room = cursor.remaining().min(piece.len());
        let mut buf = ReadBuf::new(&mut piece[..room]);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buf))?;
        let mut tap = self.copy.lock();
        if tap.response.len() > tap.most {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        if let Err(error) = tap.response.push(buf.filled()) {
            tap.failed.get_or_insert(error);
            return Poll::Ready(Err(io::ErrorKind::StorageFull.into()));
        }
        drop(tap);
        cursor.put_slice(buf.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Copied {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.copy.lock().request.extend_from_slice(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
