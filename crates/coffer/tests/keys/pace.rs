//! How fast a caller goes: first as fast as it can, then by a schedule.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Percent of what a caller could do that it does by its schedule.
pub(crate) const SHARE: u32 = 80;

/// What the callers are to do; each stage follows on the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// As fast as they can, uncounted: connections and caches become warm.
    Warm = 0,
    /// As fast as they can: the capacity.
    Full = 1,
    /// By their schedules.
    Paced = 2,
    Over = 3,
}

impl Stage {
    pub(crate) fn of(word: &AtomicU8) -> Self {
        match word.load(Ordering::SeqCst) {
            0 => Self::Warm,
            1 => Self::Full,
            2 => Self::Paced,
            _ => Self::Over,
        }
    }
}

/// What callers have done in one stage, all of them together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    /// Calls that were answered as they should be.
    pub(crate) calls: u64,
    /// Calls of them that were put off, and asked again.
    pub(crate) put_off: u64,
    /// The longest that an answer took.
    pub(crate) slowest: Duration,
    /// The longest from the moment at which a call was due to its answer.
    pub(crate) latest: Duration,
}

/// One for each stage.
pub(crate) type Board = Mutex<[Figures; 4]>;

pub(crate) fn figures(board: &Board, stage: Stage) -> Figures {
    board.lock().unwrap_or_else(PoisonError::into_inner)[stage as usize]
}

/// The pace of one caller.
pub(crate) struct Pace {
    stage: Stage,
    /// Since when it is in this stage, and how many calls it has made there.
    since: Instant,
    calls: u32,
    /// Between two calls of the schedule.
    between: Duration,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self { stage: Stage::Warm, since: Instant::now(), calls: 0, between: Duration::ZERO }
    }

    /// Waits until the next call is due: in which stage it is, and since when it is due. A call that is late is due
    /// since long and made at once; so the schedule is kept, whatever the node does.
    pub(crate) fn next(&mut self, now: Stage) -> (Stage, Instant) {
        if now != self.stage {
            if now == Stage::Paced && self.calls > 0 {
                self.between = self.since.elapsed() * 100 / (self.calls * SHARE);
            }
            (self.stage, self.since, self.calls) = (now, Instant::now(), 0);
        }
        self.calls += 1;
        if self.stage != Stage::Paced {
            return (self.stage, Instant::now());
        }
        let due = self.since + self.between * (self.calls - 1);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        (self.stage, due)
    }
}
