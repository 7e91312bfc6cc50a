//! How long a connection may keep us waiting: for a head, between two requests, and for taking an answer, its next
//! bytes and the whole of it.
//!
//! hyper has one timer for "idle" and "head not complete"; an honest client that keeps a connection open between two
//! calls needs a minute where half a head must not have more than seconds. So the bytes are watched here, and the
//! service says when a head was complete. The body has its own bound in `Call::body`.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use coffer_types::limits;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

const HEAD: Duration = Duration::from_secs(limits::HEADER_READ_SECONDS);
const IDLE: Duration = Duration::from_secs(limits::IDLE_SECONDS);
const WRITE: Duration = Duration::from_secs(limits::WRITE_SECONDS);
const ANSWER: Duration = Duration::from_secs(limits::ANSWER_SECONDS);

/// What a connection is waiting for.
#[derive(Clone, Debug)]
pub(crate) struct Phase(Arc<AtomicU8>);

const AWAITING_HEAD: u8 = 0;
const ANSWERING: u8 = 1;
const BETWEEN: u8 = 2;

impl Phase {
    /// A connection that was just accepted owes us a head.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(AWAITING_HEAD)))
    }

    /// A head is complete and its answer is being made.
    pub(crate) fn answering(&self) {
        self.0.store(ANSWERING, Ordering::Release);
    }

    /// The answer is made; what comes next is another head.
    pub(crate) fn answered(&self) {
        self.0.store(BETWEEN, Ordering::Release);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// A stream whose peer is not waited for without end.
pub(crate) struct Patient<S> {
    stream: S,
    phase: Phase,
    read: Pin<Box<Sleep>>,
    /// The phase that the read timer was set for.
    timed: u8,
    write: Option<Pin<Box<Sleep>>>,
    /// When the first byte was written of what is not written whole.
    began: Option<Instant>,
    /// Whether the reader's buffer is wiped at every read.
    wipes: bool,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S, phase: Phase) -> Self {
        let read = Box::pin(sleep_until(Instant::now() + HEAD));
        Self { stream, phase, read, timed: AWAITING_HEAD, write: None, began: None, wipes: false }
    }

    /// Wipes what its reader's buffer still holds when it asks for more. rustls decrypts in that buffer, and asks again
    /// when what it decrypted is served.
    pub(crate) fn wiping(mut self) -> Self {
        self.wipes = true;
        self
    }

    /// Ends the wait for bytes when the phase's time is over.
    fn check_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let phase = self.phase.get();
        if phase == ANSWERING {
            self.timed = ANSWERING;
            return Poll::Pending;
        }
        if self.timed != phase {
            self.timed = phase;
            let patience = if phase == BETWEEN { IDLE } else { HEAD };
            self.read.as_mut().reset(Instant::now() + patience);
        }
        ready!(self.read.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Ends the wait for a peer that takes no bytes, or takes them too slowly.
    fn check_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let whole = *self.began.get_or_insert_with(Instant::now) + ANSWER;
        let write =
            self.write.get_or_insert_with(|| Box::pin(sleep_until(whole.min(Instant::now() + WRITE))));
        ready!(write.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.wipes {
            buffer.initialize_unfilled().fill(0);
        }
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            // The first bytes after an answer begin a head, and its time.
            if buffer.filled().len() > before && self.phase.get() == BETWEEN {
                self.phase.0.store(AWAITING_HEAD, Ordering::Release);
            }
            return Poll::Ready(read);
        }
        self.check_read(context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(context, bytes) {
            self.write = None;
            return Poll::Ready(written);
        }
        self.check_write(context).map(|ended| ended.map(|()| 0))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write_vectored(context, buffers) {
            self.write = None;
            return Poll::Ready(written);
        }
        self.check_write(context).map(|ended| ended.map(|()| 0))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Asked for when an answer is written.
        self.began = None;
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

    /// How long a read waits in a phase, on a clock that runs by itself.
    async fn waits(prepare: impl FnOnce(&Phase)) -> Duration {
        let (ours, _theirs) = duplex(64);
        let phase = Phase::new();
        let mut patient = Patient::new(ours, phase.clone());
        prepare(&phase);
        let began = Instant::now();
        let error = patient.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        began.elapsed().checked_sub(Duration::from_millis(5)).unwrap_or_default()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_has_seconds_and_an_idle_connection_a_minute() {
        let head = waits(|_| {}).await;
        assert!(head < HEAD && head + Duration::from_millis(10) > HEAD, "{head:?}");
        let idle = waits(Phase::answered).await;
        assert!(idle < IDLE && idle + Duration::from_millis(10) > IDLE, "{idle:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_after_an_answer_begins_the_time_of_a_head() {
        let (ours, mut theirs) = duplex(64);
        let phase = Phase::new();
        let mut patient = Patient::new(ours, phase.clone());
        phase.answered();
        theirs.write_all(b"G").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'G');
        let began = Instant::now();
        patient.read_u8().await.unwrap_err();
        assert!(began.elapsed() < IDLE / 2, "half a head does not have the minute of an idle connection");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_readers_buffer_still_holds_is_wiped_when_it_asks_for_more() {
        let (ours, mut theirs) = duplex(64);
        let mut patient = Patient::new(ours, Phase::new()).wiping();
        let mut buffer = *b"4111111111111111";
        theirs.write_all(b"ab").await.unwrap();
        assert_eq!(patient.read(&mut buffer).await.unwrap(), 2);
        assert_eq!(&buffer, b"ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        patient.read(&mut buffer).await.unwrap_err();
        assert_eq!(buffer, [0; 16], "while it waits");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_under_way_is_not_cut_off() {
        let (ours, mut theirs) = duplex(64);
        let phase = Phase::new();
        let mut patient = Patient::new(ours, phase.clone());
        phase.answering();
        let long = tokio::time::timeout(IDLE * 10, patient.read_u8()).await;
        assert!(long.is_err(), "still waiting after ten minutes");
        theirs.write_all(b"x").await.unwrap();
        assert_eq!(patient.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (ours, _theirs) = duplex(4);
        let mut patient = Patient::new(ours, Phase::new());
        let began = Instant::now();
        let error = patient.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= WRITE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_an_answer_drop_by_drop_is_given_up() {
        let (ours, mut theirs) = duplex(4);
        let mut patient = Patient::new(ours, Phase::new());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(WRITE / 2).await;
                let _ = theirs.read_u8().await;
            }
        });
        for answer in 0..3 {
            let began = Instant::now();
            patient.write_all(&[0; 8]).await.unwrap();
            patient.flush().await.unwrap();
            assert!(began.elapsed() < ANSWER, "a short one is taken in time: {answer}");
        }
        let began = Instant::now();
        let error = patient.write_all(&[0; 1024]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!((ANSWER..ANSWER + WRITE).contains(&began.elapsed()), "{:?}", began.elapsed());
    }
}
