//! Where the bytes of a body are while hyper counts them.
//!
//! hyper reads a connection into a buffer of its own, which lives as long as the connection and which nobody can wipe:
//! card numbers and codes would stay there until later requests happen to lie over them. So a body whose length is
//! known goes aside, into the one buffer that is wiped, and hyper is given as many zeros in its place.
//!
//! Where a head ends is found by looking for its empty line, and hyper gets nothing beyond that in the same read. Only
//! when hyper then takes exactly that for the head, and says how long the body is, does anything go aside; whatever
//! else it makes of the bytes (lines before a head, requests in advance, chunks) goes through as it is.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use coffer_types::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroizing;

/// Bytes that are read at a time.
const CHUNK: usize = 8_192;

/// The bodies of one connection, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// Bytes of the body that are still to come.
    left: usize,
    body: Zeroizing<Vec<u8>>,
    /// Whether the line that is being given holds nothing so far.
    blank: bool,
    /// How many empty lines were given since a head was taken, and whether one was the last of what was given.
    ends: usize,
    at_end: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { left: 0, body: Zeroizing::default(), blank: true, ends: 0, at_end: false }
    }
}

impl Aside {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A head was taken whose body has this length. True when the body goes aside.
    pub(super) fn begin(&self, length: Option<u64>) -> bool {
        let mut state = self.state();
        let is_exact = state.at_end && state.ends == 1;
        let length = length.and_then(|length| usize::try_from(length).ok());
        *state = State::default();
        match length {
            Some(length) if is_exact && (1..=limits::BODY_BYTES).contains(&length) => {
                state.left = length;
                // Sized once: a buffer that grows leaves unwiped copies behind.
                state.body = Zeroizing::new(Vec::with_capacity(length));
                true
            }
            _ => false,
        }
    }

    /// What went aside of the body.
    pub(crate) fn take(&self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.state().body)
    }
}

impl State {
    /// How many of these bytes are given next: up to the end of an empty line.
    fn until_end(&mut self, bytes: &[u8]) -> usize {
        for (index, byte) in bytes.iter().enumerate() {
            self.at_end = *byte == b'\n' && self.blank;
            self.blank = *byte == b'\n' || (self.blank && *byte == b'\r');
            if self.at_end {
                self.ends += 1;
                return index + 1;
            }
        }
        bytes.len()
    }
}

/// A stream whose bodies go aside.
pub(super) struct Parted<S> {
    stream: S,
    aside: Aside,
    /// What was read; beyond `filled` there are zeros.
    read: Zeroizing<Vec<u8>>,
    filled: usize,
    /// What of it was given already.
    given: usize,
}

impl<S> Parted<S> {
    pub(super) fn new(stream: S, aside: Aside) -> Self {
        Self { stream, aside, read: Zeroizing::default(), filled: 0, given: 0 }
    }

    /// Gives what was read: the next part of a head, or zeros for the body.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let mut state = self.aside.state();
        let rest = self.read.get(self.given..self.filled).unwrap_or_default();
        let rest = rest.get(..buffer.remaining()).unwrap_or(rest);
        if state.left > 0 {
            let part = rest.get(..state.left).unwrap_or(rest);
            state.body.extend_from_slice(part);
            state.left -= part.len();
            buffer.initialize_unfilled_to(part.len()).fill(0);
            buffer.advance(part.len());
            self.given += part.len();
        } else {
            let part = rest.get(..state.until_end(rest)).unwrap_or(rest);
            buffer.put_slice(part);
            self.given += part.len();
        }
        if self.given >= self.filled {
            self.read.iter_mut().take(self.filled).for_each(|byte| *byte = 0);
            (self.filled, self.given) = (0, 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Parted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let own = &mut *self;
        if own.filled == 0 {
            if own.read.is_empty() {
                own.read.resize(CHUNK, 0);
            }
            let mut into = ReadBuf::new(&mut own.read);
            ready!(Pin::new(&mut own.stream).poll_read(context, &mut into))?;
            own.filled = into.filled().len();
        }
        own.give(buffer);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Parted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const HEAD: &[u8] = b"POST /x HTTP/1.1\r\nHost: a\r\n\r\n";

    /// What one read gives at most.
    async fn read(stream: &mut Parted<tokio::io::DuplexStream>) -> Vec<u8> {
        let mut buffer = vec![b'?'; 4_096];
        let count = stream.read(&mut buffer).await.unwrap();
        buffer.truncate(count);
        buffer
    }

    async fn sent(bytes: &[&[u8]]) -> (Parted<tokio::io::DuplexStream>, Aside) {
        let (ours, mut theirs) = duplex(65_536);
        theirs.write_all(&bytes.concat()).await.unwrap();
        std::mem::forget(theirs);
        let aside = Aside::default();
        (Parted::new(ours, aside.clone()), aside)
    }

    #[tokio::test]
    async fn a_body_goes_aside_and_the_next_head_does_not() {
        let (mut stream, aside) = sent(&[HEAD, b"{\n\n}4111", HEAD, b"second"]).await;
        for body in [&b"{\n\n}4111"[..], b"second"] {
            assert_eq!(read(&mut stream).await, HEAD, "nothing beyond a head in one read");
            assert!(aside.begin(Some(body.len() as u64)));
            assert_eq!(read(&mut stream).await, vec![0; body.len()], "hyper counts");
            assert_eq!(*aside.take(), body);
        }
        assert!(stream.filled == 0 && stream.read.iter().all(|byte| *byte == 0), "nothing is kept");
    }

    #[tokio::test]
    async fn a_body_in_parts_is_one() {
        let (ours, mut theirs) = duplex(65_536);
        let aside = Aside::default();
        let mut stream = Parted::new(ours, aside.clone());
        for byte in HEAD {
            theirs.write_all(&[*byte]).await.unwrap();
            assert_eq!(read(&mut stream).await, [*byte]);
        }
        assert!(aside.begin(Some(3)));
        for byte in b"abc" {
            theirs.write_all(&[*byte]).await.unwrap();
            assert_eq!(read(&mut stream).await, [0]);
        }
        assert_eq!(*aside.take(), b"abc");
    }

    #[tokio::test]
    async fn whatever_is_not_exactly_one_head_goes_through() {
        // An empty line before the head; a body that was read in advance, which ends like a head.
        for (bytes, reads) in [(&[b"\r\n", HEAD, b"abc"][..], 2), (&[HEAD, b"abc\n\n", b"abc"], 2)] {
            let (mut stream, aside) = sent(bytes).await;
            for _ in 0..reads {
                read(&mut stream).await;
            }
            assert!(!aside.begin(Some(3)));
            assert_eq!(read(&mut stream).await, b"abc");
            assert!(aside.take().is_empty());
        }
        for length in [None, Some(0), Some(limits::BODY_BYTES as u64 + 1)] {
            let (mut stream, aside) = sent(&[HEAD, b"abc"]).await;
            read(&mut stream).await;
            assert!(!aside.begin(length), "{length:?}");
            assert_eq!(read(&mut stream).await, b"abc");
        }
    }

    #[tokio::test]
    async fn a_small_buffer_of_the_reader_loses_nothing() {
        let (mut stream, aside) = sent(&[HEAD, b"abcdef", HEAD]).await;
        let mut small = [0; 4];
        let mut head = Vec::new();
        while head.len() < HEAD.len() {
            let count = stream.read(&mut small).await.unwrap();
            head.extend_from_slice(&small[..count]);
        }
        assert_eq!(head, HEAD);
        assert!(aside.begin(Some(6)));
        assert_eq!((stream.read(&mut small).await.unwrap(), stream.read(&mut small).await.unwrap()), (4, 2));
        assert_eq!((aside.take().as_slice(), read(&mut stream).await.as_slice()), (&b"abcdef"[..], HEAD));
    }
}
