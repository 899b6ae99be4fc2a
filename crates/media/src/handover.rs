//! A second output of the decoder. A child is started with three open files; a fourth is handed to the launcher through the socket that is
//! its standard error, before it confines itself.

use rustix::cmsg_space;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::io::{Error, IoSlice, IoSliceMut, PipeReader, Result};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// What the second output is called in ffmpeg's arguments; the launcher puts its number there.
pub const SECOND: &str = "pipe:second";

/// Leaves the writing end of a new pipe in `words` for the child that will hold its other end. Gives the reading end.
pub fn give(words: &UnixStream) -> Result<PipeReader> {
    let (ours, theirs) = std::io::pipe()?;
    let pipes = [theirs.as_fd()];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    message.push(SendAncillaryMessage::ScmRights(&pipes));
    sendmsg(words, &[IoSlice::new(&[0])], &mut message, SendFlags::NOSIGNAL)?;
    Ok(ours)
}

/// Takes the pipe that [`give`] left in standard error. It stays open for the program that this process becomes.
pub fn take() -> Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    recvmsg(
        std::io::stderr(),
        &mut [IoSliceMut::new(&mut [0])],
        &mut message,
        RecvFlags::empty(),
    )?;
    let pipe = message.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut pipes) => pipes.next(),
        _ => None,
    });
    pipe.ok_or_else(|| Error::other("no second output was handed over"))
}
