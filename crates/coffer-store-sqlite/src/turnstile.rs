//! Where the writer and the checkpoints meet: the writer passes before each batch, and a checkpoint that needs the
//! writer to stand still closes it for a moment.
//!
//! SQLite's own write lock would do, but whoever waits for it polls, and a writer under load takes it again before a
//! poll comes round. Here the checkpoint is let in after at most one batch, and the writer waits for it once.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

/// Shared by the writer and the checkpoint thread.
#[derive(Debug, Default)]
pub(crate) struct Turnstile {
    state: Mutex<State>,
    to_writer: Condvar,
    to_checkpoints: Condvar,
}

#[derive(Debug, Default)]
struct State {
    writing: bool,
    held: bool,
    closing: bool,
    checkpoints: Checkpoints,
    commits: u64,
    /// Who waits until the log is empty.
    scrubs: Vec<Scrub>,
}

/// Answers one who waits until the log is empty. Dropped where it does not come to that.
pub(crate) type Scrub = oneshot::Sender<()>;

/// The checkpoint thread, seen from the writer: a commit is worth a signal only to one who sleeps until there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Checkpoints {
    #[default]
    Busy,
    Asleep,
}

impl State {
    fn woken(&self) -> Woken {
        if self.closing { Woken::Closing } else { Woken::Work }
    }
}

/// Why a wait of the checkpoint thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// Time is up, there are commits that were not seen, or somebody waits until the log is empty.
    Work,
    /// The store closes.
    Closing,
}

impl Turnstile {
    /// Lets the writer in, after a checkpoint that holds the turnstile has let go.
    pub(crate) fn enter(&self) -> Writing<'_> {
        let state = self.lock();
        let mut state = wait_while(&self.to_writer, state, |state| state.held);
        state.writing = true;
        Writing(self)
    }

    /// Holds the turnstile: returns as soon as the writer is between two batches.
    pub(crate) fn hold(&self) -> Held<'_> {
        let mut state = self.lock();
        state.held = true;
        drop(wait_while(&self.to_checkpoints, state, |state| state.writing));
        Held(self)
    }

    /// Commits since the start.
    pub(crate) fn commits(&self) -> u64 {
        self.lock().commits
    }

    /// Asks the checkpoint thread to empty the log.
    pub(crate) fn ask_to_scrub(&self) -> oneshot::Receiver<()> {
        let (answer, answered) = oneshot::channel();
        let mut state = self.lock();
        if !state.closing {
            state.scrubs.push(answer);
            self.to_checkpoints.notify_all();
        }
        answered
    }

    /// Those who wait until the log is empty, each of them once.
    pub(crate) fn take_scrubs(&self) -> Vec<Scrub> {
        std::mem::take(&mut self.lock().scrubs)
    }

    /// Sleeps until there are more commits than were seen, somebody waits until the log is empty, or the store closes;
    /// or until this much time is over.
    pub(crate) fn wait_for_commits(&self, seen: u64, at_most: Option<Duration>) -> Woken {
        let mut state = self.lock();
        state.checkpoints = Checkpoints::Asleep;
        let mut state = self.sleep(state, at_most, |state| state.commits == seen && state.scrubs.is_empty());
        state.checkpoints = Checkpoints::Busy;
        state.woken()
    }

    /// Sleeps for a while, or until the store closes. Commits do not wake it.
    pub(crate) fn pause(&self, length: Duration) -> Woken {
        self.sleep(self.lock(), Some(length), |_| true).woken()
    }

    /// Tells the checkpoint thread to finish.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.to_checkpoints.notify_all();
    }

    fn sleep<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        at_most: Option<Duration>,
        asleep: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let end = at_most.map(|length| Instant::now() + length);
        while !state.closing && asleep(&state) {
            state = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => self.to_checkpoints.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(rest) => {
                    self.to_checkpoints.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The writer is inside a batch while this lives.
#[derive(Debug)]
pub(crate) struct Writing<'a>(&'a Turnstile);

impl Writing<'_> {
    /// A batch is on disk: there is something to checkpoint.
    pub(crate) fn committed(&self) {
        let mut state = self.0.lock();
        state.commits += 1;
        if state.checkpoints == Checkpoints::Asleep {
            self.0.to_checkpoints.notify_all();
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.writing = false;
        if state.held {
            self.0.to_checkpoints.notify_all();
        }
    }
}

/// The writer stands still while this lives.
#[derive(Debug)]
pub(crate) struct Held<'a>(&'a Turnstile);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.lock().held = false;
        self.0.to_writer.notify_all();
    }
}

fn wait_while<'a>(
    signal: &Condvar,
    state: MutexGuard<'a, State>,
    blocked: impl Fn(&State) -> bool,
) -> MutexGuard<'a, State> {
    signal.wait_while(state, |state| blocked(state)).unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;

    #[test]
    fn a_held_turnstile_keeps_the_writer_out_until_it_is_let_go() {
        let turnstile = Turnstile::default();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            let held = turnstile.hold();
            scope.spawn(|| {
                let writing = turnstile.enter();
                tell.send("writer").unwrap();
                drop(writing);
            });
            tell.send("checkpoint").unwrap();
            drop(held);
        });
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["checkpoint", "writer"]);
    }

    #[test]
    fn a_hold_waits_for_the_batch_that_is_under_way() {
        let turnstile = Turnstile::default();
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            let writing = turnstile.enter();
            scope.spawn(|| {
                let _held = turnstile.hold();
                tell.send("checkpoint").unwrap();
            });
            while !turnstile.lock().held {
                thread::yield_now();
            }
            tell.send("writer").unwrap();
            drop(writing);
        });
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["writer", "checkpoint"]);
    }

    #[test]
    fn commits_and_closing_wake_the_checkpoints() {
        let turnstile = Turnstile::default();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| turnstile.wait_for_commits(0, None));
            turnstile.enter().committed();
            assert_eq!(waiting.join().unwrap(), Woken::Work);
            let waiting = scope.spawn(|| turnstile.wait_for_commits(1, None));
            turnstile.close();
            assert_eq!(waiting.join().unwrap(), Woken::Closing);
        });
        assert_eq!(turnstile.pause(Duration::from_hours(1)), Woken::Closing);
        drop(turnstile.enter());
    }

    #[test]
    fn a_commit_that_came_before_the_wait_ends_it_at_once() {
        let turnstile = Turnstile::default();
        turnstile.enter().committed();
        assert_eq!(turnstile.commits(), 1);
        assert_eq!(turnstile.wait_for_commits(0, None), Woken::Work);
        assert_eq!(turnstile.wait_for_commits(1, Some(Duration::ZERO)), Woken::Work);
    }
}
