//! Checkpoints, off the committing thread: what is in the write-ahead log goes into the database file.
//!
//! A passive checkpoint runs all the time while there are commits and gets in nobody's way. Under load it never catches
//! up with the writer, and the log would grow; so past a bound the writer stands still once, between two batches, until
//! a restarting checkpoint has copied the rest. The writer's next commit then begins the log anew.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use rusqlite::Connection;

use crate::{
    errors::{code, fatal_kind},
    shared::Shared,
    turnstile::Woken,
};

/// Between two passive checkpoints. Shorter only adds fsyncs, longer lets the log grow further at once.
const BEAT: Duration = Duration::from_millis(50);

/// Until an idle log that some reader kept from being copied whole is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A frame of the log: a page and its header.
const FRAME_BYTES: u64 = 4_096 + 24;

/// The checkpoint thread.
pub(crate) struct Checkpoints {
    connection: Connection,
    shared: Arc<Shared>,
    restart_bytes: u64,
    /// Past this size the writer is asked to stand still.
    ask_at: u64,
    /// Frames of the log at the last look. Fewer now: it began anew.
    frames: u64,
}

/// What `PRAGMA wal_checkpoint` answers.
#[derive(Clone, Copy, Debug)]
struct Log {
    was_busy: bool,
    frames: u64,
    copied: u64,
}

impl Log {
    fn bytes(self) -> u64 {
        self.frames * FRAME_BYTES
    }

    fn is_copied(self) -> bool {
        self.copied >= self.frames
    }
}

impl Checkpoints {
    pub(crate) fn new(connection: Connection, shared: Arc<Shared>, restart_bytes: u64) -> Self {
        Self { connection, shared, restart_bytes, ask_at: restart_bytes, frames: 0 }
    }

    /// Runs until the store closes; leaves an empty log behind.
    pub(crate) fn run(mut self) {
        let (mut seen, mut retry) = (0, None);
        while self.shared.turnstile.wait_for_commits(seen, retry) == Woken::Work {
            // Counted before the checkpoint: a commit during it is work for the next one.
            seen = self.shared.turnstile.commits();
            let copied = self.step();
            retry = (!copied).then_some(RETRY);
            if !self.shared.is_alive() || self.shared.turnstile.pause(BEAT) == Woken::Closing {
                break;
            }
        }
        if self.shared.is_alive() {
            self.checkpoint("TRUNCATE");
        }
    }

    /// One passive checkpoint, and a restart where the log has grown past the bound. Whether all of it was copied.
    fn step(&mut self) -> bool {
        let Some(log) = self.checkpoint("PASSIVE") else { return false };
        self.shared.wal_bytes.store(log.bytes(), Relaxed);
        // Where a checkpoint copied everything and no reader was about, the writer begins anew without being asked.
        if log.frames < self.frames {
            self.shared.wal_restarts.fetch_add(1, Relaxed);
        }
        self.frames = log.frames;
        if log.bytes() < self.restart_bytes {
            self.ask_at = self.restart_bytes;
        }
        if log.bytes() < self.ask_at {
            return log.is_copied();
        }
        let restarted = self.restart();
        if restarted {
            self.shared.wal_restarts.fetch_add(1, Relaxed);
            self.shared.wal_bytes.store(0, Relaxed);
            self.frames = 0;
        }
        // Readers were in the way: it makes no sense to stop the writer again for the same log at once.
        self.ask_at = if restarted { self.restart_bytes } else { log.bytes() + self.restart_bytes / 4 };
        restarted
    }

    fn restart(&self) -> bool {
        let held = self.shared.turnstile.hold();
        let log = self.checkpoint("RESTART");
        drop(held);
        let restarted = log.is_some_and(|log| !log.was_busy);
        if !restarted {
            tracing::warn!("readers kept the write-ahead log from starting afresh");
        }
        restarted
    }

    fn checkpoint(&self, mode: &str) -> Option<Log> {
        let answer = self.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
            let (busy, frames, copied) =
                (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?);
            let count = |frames: i64| u64::try_from(frames).unwrap_or(0);
            Ok(Log { was_busy: busy != 0, frames: count(frames), copied: count(copied) })
        });
        answer.inspect_err(|error| self.failed(error)).ok()
    }

    fn failed(&self, error: &rusqlite::Error) {
        if let Some(kind) = fatal_kind(error) {
            self.shared.fail(kind, code(error));
        } else {
            tracing::warn!(code = code(error), "a checkpoint failed and will be tried again");
        }
    }
}
