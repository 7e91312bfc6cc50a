//! Calls that may hang, made by a thread of their own: who asks waits for a bounded time and goes on.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Calls that wait behind one that hangs. Further ones are refused at once.
const QUEUE: usize = 16;

/// A thread and what it works on, which nobody else touches. When this is dropped the thread drops that and ends, and
/// is waited for as long as for a call: a program that ended while a foreign library is still closing would crash.
pub(super) struct Worker<S> {
    /// `None` only while it is dropped.
    jobs: Option<SyncSender<Job<S>>>,
    bound: Duration,
    thread: Option<JoinHandle<()>>,
    /// Hangs up when the thread has dropped what it worked on.
    ended: Mutex<Receiver<()>>,
}

struct Job<S> {
    until: Instant,
    work: Box<dyn FnOnce(&mut S) + Send>,
}

impl<S: Send + 'static> Worker<S> {
    pub(super) fn start(name: &str, bound: Duration, state: S) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let (end, ended) = sync_channel(1);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            serve(state, &queue);
            drop(end);
        })?;
        Ok(Self { jobs: Some(jobs), bound, thread: Some(thread), ended: Mutex::new(ended) })
    }

    /// Lets the thread do it, and waits for the bound at most. `None`: it was not done in time. It may still be done
    /// later, if it was begun; what it gives is dropped then.
    pub(super) fn call<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> R + Send + 'static,
    ) -> Option<R> {
        let (reply, answer) = sync_channel(1);
        let until = Instant::now() + self.bound;
        let work = Box::new(move |state: &mut S| {
            let _ = reply.try_send(work(state));
        });
        self.jobs.as_ref()?.try_send(Job { until, work }).ok()?;
        answer.recv_timeout(self.bound).ok()
    }
}

impl<S> Drop for Worker<S> {
    fn drop(&mut self) {
        self.jobs = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(self.bound) != Err(RecvTimeoutError::Timeout) {
            let _ = self.thread.take().map(JoinHandle::join);
        }
    }
}

fn serve<S>(mut state: S, queue: &Receiver<Job<S>>) {
    while let Ok(job) = queue.recv() {
        // Nobody waits any more for what stood behind a call that hung.
        if Instant::now() < job.until {
            (job.work)(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_call_that_hangs_holds_nobody_and_what_follows_is_done_when_it_ends() {
        let mut worker = Worker::start("test", Duration::from_millis(20), 0_u32).unwrap();
        let (release, released) = channel::<()>();
        let hung = worker.call(move |state| {
            *state += 1;
            let _ = released.recv();
        });
        assert_eq!(hung, None, "it hangs until it is released below");
        for _ in 0..QUEUE {
            assert_eq!(worker.call(|state| *state += 100), None, "it waits behind the one that hangs");
        }
        assert_eq!(worker.call(|state| *state += 100), None, "the queue is full");
        release.send(()).unwrap();
        worker.bound = Duration::from_mins(1);
        let mut seen = None;
        while seen.is_none() {
            seen = worker.call(|state| *state);
        }
        assert_eq!(seen, Some(1), "what nobody waits for is not begun");
    }

    #[test]
    fn what_it_works_on_is_gone_when_it_is() {
        struct Told(std::sync::mpsc::Sender<()>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.send(()).unwrap();
            }
        }
        let (tell, told) = channel();
        drop(Worker::start("test", Duration::from_mins(1), Told(tell)).unwrap());
        assert!(told.try_recv().is_ok());
    }

    #[test]
    fn one_that_hangs_for_ever_keeps_nobody_from_ending() {
        let worker = Worker::start("test", Duration::from_millis(20), ()).unwrap();
        let (release, released) = channel::<()>();
        assert_eq!(worker.call(move |()| released.recv().is_ok()), None);
        drop(worker);
        drop(release);
    }
}
