//! Time as a parameter.

mod followed;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use coffer_types::Timestamp;

use self::followed::Followed;

/// Tells the time. Everything in Coffer that ends or expires asks this and nothing else.
///
/// Time goes on at the pace of the monotonic clock and never goes backwards within one process. Where the system's
/// clock is ahead of it, time jumps there and stays ahead: a clock that is set forward ends lives early, and one that
/// is set back lengthens none. An offset moves time forward; only the sandbox writes one.
///
/// Nodes that share a store follow the store's clock instead ([`Clock::following`]): time is what the store told last,
/// and what has passed since by the monotonic clock. The system's clock is then only measured.
#[derive(Debug)]
pub struct Clock {
    source: Source,
    /// By how much time is ahead of the monotonic clock since the start, in milliseconds. Only rises.
    ahead: AtomicI64,
    offset: AtomicI64,
}

#[derive(Debug)]
enum Source {
    System { started: Instant, started_at: i64, system: fn() -> i64 },
    Stopped { at: i64 },
    Followed(Followed),
}

impl Clock {
    /// The system's clock, not moved.
    pub fn system() -> Self {
        Self::reading(system_millis)
    }

    /// The clock of a store, which [`Clock::observe`] tells. Before the first time it stands near 1970.
    pub fn following() -> Self {
        Self::following_beside(system_millis)
    }

    fn following_beside(system: fn() -> i64) -> Self {
        Self::of(Source::Followed(Followed::new(system)))
    }

    /// A clock that stands still and moves only by its offset, for tests.
    pub fn stopped(at: Timestamp) -> Self {
        Self::of(Source::Stopped { at: at.millis() })
    }

    fn reading(system: fn() -> i64) -> Self {
        Self::of(Source::System { started: Instant::now(), started_at: system(), system })
    }

    fn of(source: Source) -> Self {
        Self { source, ahead: AtomicI64::new(0), offset: AtomicI64::new(0) }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::Acquire);
        let (monotonic, system) = match &self.source {
            Source::System { system, .. } => (self.monotonic(), system()),
            Source::Stopped { at } => (*at, *at),
            Source::Followed(followed) => return Timestamp::from_millis(followed.now(offset)),
        };
        let ahead = system.saturating_add(offset).saturating_sub(monotonic);
        let ahead = self.ahead.fetch_max(ahead, Ordering::AcqRel).max(ahead);
        Timestamp::from_millis(monotonic.saturating_add(ahead))
    }

    /// The time now, had nobody moved it forward.
    pub(crate) fn unmoved(&self) -> Timestamp {
        let offset = self.offset.load(Ordering::Acquire);
        Timestamp::from_millis(self.now().millis().saturating_sub(offset))
    }

    /// Sets how far time is moved forward, in seconds. It is never moved back.
    pub fn set_offset(&self, seconds: u64) {
        let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        self.offset.fetch_max(millis, Ordering::AcqRel);
    }

    /// By how many seconds time is moved forward.
    pub fn offset_seconds(&self) -> u64 {
        u64::try_from(self.offset.load(Ordering::Acquire) / 1000).unwrap_or(0)
    }

    /// Takes over what a store told of its time, not moved, between `sent` and `received`: the error is no more than
    /// lies between the two. A clock that follows no store leaves it alone.
    pub fn observe(&self, sent: Instant, received: Instant, told: Timestamp) {
        if let Source::Followed(followed) = &self.source {
            followed.observe((sent, received), told, self.offset.load(Ordering::Acquire));
        }
    }

    /// By how many milliseconds the system's clock was ahead of the store's when it was last observed.
    pub fn skew_millis(&self) -> i64 {
        match &self.source {
            Source::Followed(followed) => followed.skew(),
            Source::System { .. } | Source::Stopped { .. } => 0,
        }
    }

    /// By how many milliseconds time is ahead of the store's, at least: the store's clock was set back, or the store
    /// holds records of a later time.
    pub fn ahead_of_store_millis(&self) -> i64 {
        match &self.source {
            Source::Followed(followed) => followed.ahead(self.offset.load(Ordering::Acquire)),
            Source::System { .. } | Source::Stopped { .. } => 0,
        }
    }

    /// Time is at least this now, and goes on from there: what a store has already seen.
    pub fn raise_to(&self, floor: Timestamp) {
        if let Source::Followed(followed) = &self.source {
            return followed.raise_to(floor.millis());
        }
        self.ahead.fetch_max(floor.millis().saturating_sub(self.monotonic()), Ordering::AcqRel);
    }

    fn monotonic(&self) -> i64 {
        match &self.source {
            Source::System { started, started_at, .. } => {
                let elapsed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
                started_at.saturating_add(elapsed)
            }
            Source::Stopped { at } => *at,
            Source::Followed(_) => 0,
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for the time")]
fn system_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{thread::sleep, time::Duration};

    use super::*;

    #[test]
    fn moves_forward_only() {
        let clock = Clock::stopped(Timestamp::from_millis(1000));
        clock.set_offset(1800);
        assert_eq!(clock.now(), Timestamp::from_millis(1_801_000));
        assert_eq!(clock.unmoved(), Timestamp::from_millis(1_000));
        clock.set_offset(10);
        assert_eq!(
            clock.now(),
            Timestamp::from_millis(1_801_000),
            "a smaller offset does not turn time back"
        );
    }

    /// Time goes on: after a sleep it is later by at least as much as was slept.
    fn assert_goes_on(clock: &Clock) {
        let before = clock.now();
        sleep(Duration::from_millis(20));
        assert!(clock.now().millis() >= before.millis() + 20, "time stands still");
    }

    #[test]
    fn does_not_fall_below_what_a_store_has_seen_and_goes_on_from_there() {
        let clock = Clock::system();
        let seen = Timestamp::from_millis(clock.now().millis() + 3_600_000);
        clock.raise_to(seen);
        assert!(clock.now() >= seen);
        assert_goes_on(&clock);
    }

    #[test]
    fn goes_on_when_the_system_was_set_back() {
        static SYSTEM: AtomicI64 = AtomicI64::new(1_000_000_000);
        let clock = Clock::reading(|| SYSTEM.load(Ordering::Acquire));
        let first = clock.now();
        SYSTEM.store(500, Ordering::Release);
        assert!(clock.now() >= first);
        assert_goes_on(&clock);
    }

    #[test]
    fn goes_on_after_a_step_forward_that_was_taken_back() {
        static SYSTEM: AtomicI64 = AtomicI64::new(1_000_000_000);
        let clock = Clock::reading(|| SYSTEM.load(Ordering::Acquire));
        SYSTEM.store(1_086_400_000, Ordering::Release);
        let ahead = clock.now();
        assert!(ahead.millis() >= 1_086_400_000, "the step is believed: lives end early");
        SYSTEM.store(1_000_000_001, Ordering::Release);
        assert!(clock.now() >= ahead);
        assert_goes_on(&clock);
    }
}
