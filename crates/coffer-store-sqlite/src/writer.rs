//! The writer thread: takes what has queued up, carries it out as one batch, answers all callers.

use std::{
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, SyncSender},
    },
    thread::JoinHandle,
};

use coffer_core::store::{Outcome, StoreError, Unit};
use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use crate::{
    batch::{Answers, Ledger},
    errors::{code, fatal_kind, is_full},
    shared::Shared,
};

/// An accepted unit. Nobody takes it back: not even the caller, who may have stopped waiting.
pub(crate) struct Job {
    pub(crate) unit: Unit,
    pub(crate) answer: oneshot::Sender<Result<Outcome, StoreError>>,
}

/// The queue before the writer, seen from a caller. Nothing in it once the store is closed.
pub(crate) type Queue = SyncSender<Job>;

/// The only one who writes.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) ledger: Ledger,
    pub(crate) jobs: Receiver<Job>,
    pub(crate) batch_units: usize,
    pub(crate) shared: Arc<Shared>,
    /// The page bound that the connection has now.
    pub(crate) max_pages: u32,
}

/// Whatever ends the writer, the store knows it and the checkpoints end too.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.turnstile.close();
    }
}

impl Writer {
    /// Runs until all callers' ends of the queue are gone and the queue is empty, or until a fatal failure. Then the
    /// checkpoints finish, and `closed` learns whether everything went well.
    pub(crate) fn run(mut self, checkpoints: JoinHandle<()>, closed: &watch::Sender<bool>) {
        let ending = Ending(Arc::clone(&self.shared));
        self.serve();
        let shared = Arc::clone(&self.shared);
        // What is still in the queue after a fatal failure is dropped, and its callers learn it.
        drop(self);
        drop(ending);
        let joined = checkpoints.join().is_ok();
        let well = joined && shared.is_alive();
        shared.end();
        closed.send_replace(well);
    }

    fn serve(&mut self) {
        let mut batch = Vec::with_capacity(self.batch_units);
        while let Ok(first) = self.jobs.recv() {
            batch.push(first);
            while batch.len() < self.batch_units
                && let Ok(next) = self.jobs.try_recv()
            {
                batch.push(next);
            }
            self.shared.queued.fetch_sub(batch.len() as u64, Relaxed);
            let answers = self.carry_out(&batch);
            answer(&mut batch, answers);
            if !self.shared.is_alive() {
                return;
            }
        }
    }

    fn carry_out(&mut self, batch: &[Job]) -> Option<Answers> {
        self.bound_pages();
        let writing = self.shared.turnstile.enter();
        let before = self.ledger.last();
        match self.ledger.carry_out(&self.connection, batch.iter().map(|job| &job.unit)) {
            Ok(answers) => {
                self.shared.set_refusing(false);
                let done = self.ledger.last().0 - before.0;
                if done > 0 {
                    self.shared.batches.fetch_add(1, Relaxed);
                    self.shared.units.fetch_add(done, Relaxed);
                    writing.committed();
                }
                Some(answers)
            }
            Err(error) => {
                self.failed(&error);
                None
            }
        }
    }

    fn failed(&self, error: &rusqlite::Error) {
        if let Some(kind) = fatal_kind(error) {
            self.shared.fail(kind, code(error));
        } else if !self.connection.is_autocommit() {
            self.shared.fail("a batch could not be rolled back", code(error));
        } else {
            self.shared.set_refusing(true);
            let reason = if is_full(error) { "the disk is full" } else { "see the code" };
            tracing::error!(code = code(error), reason, "a batch was rolled back");
        }
    }

    fn bound_pages(&mut self) {
        let wanted = self.shared.max_pages.load(Relaxed);
        if wanted != self.max_pages && self.connection.pragma_update(None, "max_page_count", wanted).is_ok() {
            self.max_pages = wanted;
        }
    }
}

/// Tells every caller. One who stopped waiting is no error.
fn answer(batch: &mut Vec<Job>, answers: Option<Answers>) {
    match answers {
        Some(answers) => {
            for (job, answer) in batch.drain(..).zip(answers) {
                let _ = job.answer.send(answer);
            }
        }
        None => {
            for job in batch.drain(..) {
                let _ = job.answer.send(Err(StoreError::Unavailable));
            }
        }
    }
}
