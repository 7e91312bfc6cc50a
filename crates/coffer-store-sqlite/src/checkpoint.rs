//! Checkpoints, off the committing thread: what is in the write-ahead log goes into the database file.
//!
//! A passive checkpoint runs all the time while there are commits and gets in nobody's way. Under load it never catches
//! up with the writer, and the log would grow; so past a bound the writer stands still once, between two batches, until
//! a restarting checkpoint has copied the rest. The writer's next commit then begins the log anew.
//!
//! A log that begins anew still holds what it held, behind its end. So it is also cut to nothing: when there were no
//! commits for [`REST`], under load at least every `clean_after`, and when somebody asks for it. What was erased before
//! is in none of the files then (`secure_delete` has written over it in the database file).

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    connection::RESTART_PATIENCE,
    errors::{code, fatal_kind},
    shared::Shared,
    turnstile::{Scrub, Woken},
};

/// Between two passive checkpoints. Shorter only adds fsyncs, longer lets the log grow further at once.
const BEAT: Duration = Duration::from_millis(50);

/// Without commits, before the log is cut to nothing, or is tried again where some reader kept it from being copied.
const REST: Duration = Duration::from_secs(1);

/// Until a log that readers kept from being cut is tried again: the writer stands still for half a second each time.
const RETRY: Duration = Duration::from_secs(10);

/// Who asks for an empty log waits so long for readers that do not end.
const SCRUB_PATIENCE: Duration = Duration::from_secs(10);

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
    /// How long the log may hold what was replaced in it.
    clean_after: Duration,
    /// Commits when the log was last cut to nothing; none before the first time, whatever a crash has left in it.
    clean: Option<u64>,
    /// Since when the log holds something; none where it is empty.
    filled: Option<Instant>,
    /// Not before this is it cut by itself.
    cut_from: Instant,
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
    pub(crate) fn new(
        connection: Connection,
        shared: Arc<Shared>,
        restart_bytes: u64,
        clean_after: Duration,
    ) -> Self {
        let now = Instant::now();
        Self {
            connection,
            shared,
            restart_bytes,
            ask_at: restart_bytes,
            frames: 0,
            clean_after,
            clean: None,
            filled: Some(now),
            cut_from: now,
        }
    }

    /// Runs until the store closes; leaves an empty log behind.
    pub(crate) fn run(mut self) {
        let (mut seen, mut rest) = (0, Some(REST));
        while self.shared.turnstile.wait_for_commits(seen, rest) == Woken::Work {
            self.scrub(self.shared.turnstile.take_scrubs());
            // Counted before the checkpoint: a commit during it is work for the next one.
            let commits = self.shared.turnstile.commits();
            let is_idle = commits == seen;
            seen = commits;
            let copied = self.step();
            self.clean(is_idle && copied);
            rest = self.rest(copied);
            if !self.shared.is_alive() || self.shared.turnstile.pause(BEAT) == Woken::Closing {
                break;
            }
        }
        if self.shared.is_alive() {
            self.checkpoint("TRUNCATE");
        }
        // Whoever still waits learns that it did not come to it.
        self.shared.turnstile.close();
        drop(self.shared.turnstile.take_scrubs());
    }

    /// How long it sleeps without commits; for ever when there is nothing to do.
    fn rest(&self, copied: bool) -> Option<Duration> {
        let wait = self.cut_from.saturating_duration_since(Instant::now());
        if !copied {
            Some(REST)
        } else if self.clean == Some(self.shared.turnstile.commits()) {
            None
        } else {
            Some(wait.max(REST))
        }
    }

    /// Cuts the log to nothing where it is time for it.
    fn clean(&mut self, is_idle: bool) {
        if self.clean == Some(self.shared.turnstile.commits()) {
            return;
        }
        let now = Instant::now();
        let filled = *self.filled.get_or_insert(now);
        let is_due = is_idle || now.duration_since(filled) >= self.clean_after;
        if is_due && now >= self.cut_from && !self.cut() {
            self.cut_from = Instant::now() + RETRY;
            tracing::warn!("readers kept the write-ahead log from being emptied");
        }
    }

    /// Cuts the log to nothing for those who wait for it, if readers let it.
    fn scrub(&mut self, waiting: Vec<Scrub>) {
        let end = Instant::now() + SCRUB_PATIENCE;
        while !waiting.is_empty() && self.shared.is_alive() {
            if self.cut() {
                // One who stopped waiting is no error.
                for waiting in waiting {
                    let _ = waiting.send(());
                }
                return;
            }
            let woken = self.shared.turnstile.pause(RESTART_PATIENCE);
            if Instant::now() >= end || woken == Woken::Closing {
                tracing::warn!("readers kept the write-ahead log from being emptied");
                return;
            }
        }
    }

    /// The writer stands still, all of the log is copied, and the file is cut to nothing. Whether it came to that.
    fn cut(&mut self) -> bool {
        let held = self.shared.turnstile.hold();
        let log = self.checkpoint("TRUNCATE");
        let commits = self.shared.turnstile.commits();
        drop(held);
        let is_cut = log.is_some_and(|log| !log.was_busy);
        if is_cut {
            self.clean = Some(commits);
            self.filled = None;
            self.began_anew();
        }
        is_cut
    }

    fn began_anew(&mut self) {
        self.shared.wal_restarts.fetch_add(1, Relaxed);
        self.shared.wal_bytes.store(0, Relaxed);
        self.frames = 0;
        self.ask_at = self.restart_bytes;
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
            self.began_anew();
        } else {
            // Readers were in the way: it makes no sense to stop the writer again for the same log at once.
            self.ask_at = log.bytes() + self.restart_bytes / 4;
        }
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
