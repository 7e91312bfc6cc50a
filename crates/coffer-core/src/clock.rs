//! Time as a parameter.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use coffer_types::Timestamp;

/// Tells the time. Everything in Coffer that ends or expires asks this and nothing else.
///
/// Time never goes backwards within one process: when the system's clock is set back, it goes on from where it was
/// at the pace of the monotonic clock, so that nobody's life is extended. An offset moves it forward; only the
/// sandbox writes one.
#[derive(Debug)]
pub struct Clock {
    source: Source,
    reached: AtomicI64,
    offset: AtomicI64,
}

#[derive(Debug)]
enum Source {
    System { started: Instant, started_at: i64 },
    Stopped { at: i64 },
}

impl Clock {
    /// The system's clock, not moved.
    pub fn system() -> Self {
        let now = system_millis();
        Self::of(Source::System { started: Instant::now(), started_at: now }, now)
    }

    /// A clock that stands still and moves only by its offset, for tests.
    pub fn stopped(at: Timestamp) -> Self {
        Self::of(Source::Stopped { at: at.millis() }, at.millis())
    }

    fn of(source: Source, now: i64) -> Self {
        Self { source, reached: AtomicI64::new(now), offset: AtomicI64::new(0) }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        let time = match &self.source {
            Source::System { started, started_at } => {
                let elapsed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
                system_millis().max(started_at.saturating_add(elapsed))
            }
            Source::Stopped { at } => *at,
        };
        let time = time.saturating_add(self.offset.load(Ordering::Acquire));
        Timestamp::from_millis(self.reached.fetch_max(time, Ordering::AcqRel).max(time))
    }

    /// Sets how far time is moved forward, in seconds. It is never moved back.
    pub fn set_offset(&self, seconds: u64) {
        let millis = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        self.offset.fetch_max(millis, Ordering::AcqRel);
    }

    /// Time is at least this: what a store has already seen.
    pub fn raise_to(&self, floor: Timestamp) {
        self.reached.fetch_max(floor.millis(), Ordering::AcqRel);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system for the time")]
fn system_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_forward_only() {
        let clock = Clock::stopped(Timestamp::from_millis(1000));
        clock.set_offset(1800);
        assert_eq!(clock.now(), Timestamp::from_millis(1_801_000));
        clock.set_offset(10);
        assert_eq!(
            clock.now(),
            Timestamp::from_millis(1_801_000),
            "a smaller offset does not turn time back"
        );
    }

    #[test]
    fn does_not_fall_below_what_a_store_has_seen() {
        let clock = Clock::system();
        let seen = Timestamp::from_millis(clock.now().millis() + 60_000);
        clock.raise_to(seen);
        assert!(clock.now() >= seen);
    }

    #[test]
    fn goes_on_when_the_system_was_set_back() {
        let ahead = system_millis() + 3_600_000;
        let clock = Clock::of(Source::System { started: Instant::now(), started_at: ahead }, ahead);
        let first = clock.now();
        assert!(first.millis() >= ahead, "an hour ahead of the system, and staying there");
        assert!(clock.now() >= first);
    }
}
