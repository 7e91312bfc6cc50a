//! Time as a store tells it: the monotonic clock, put right by every beat.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use coffer_types::Timestamp;

/// By which part of the time that passed a clock that is ahead falls back: less than half a minute in half an hour, so
/// that no key of the ring outlives its promise for that.
const SLOWER: i64 = 128;

/// The longest time, in milliseconds, for which one observation lets the clock fall back.
const OBSERVED_MILLIS: i64 = 10_000;

/// See the file's head. All times are milliseconds: those of the monotonic clock since the start, those of the store
/// since 1970.
#[derive(Debug)]
pub(super) struct Followed {
    started: Instant,
    system: fn() -> i64,
    /// By how much the store's time, not moved, is ahead of the monotonic clock.
    store: AtomicI64,
    /// By how much time is ahead of the monotonic clock: not less than the store's, moved.
    lead: AtomicI64,
    /// The latest time that was told.
    floor: AtomicI64,
    /// By how much the system's clock was ahead of the store's when it was last asked.
    skew: AtomicI64,
    /// The last observation.
    last: Mutex<Option<Last>>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    received: i64,
    /// The most by which the store's time can have been ahead of the monotonic clock.
    most: i64,
}

impl Followed {
    pub(super) fn new(system: fn() -> i64) -> Self {
        Self {
            started: Instant::now(),
            system,
            store: AtomicI64::new(0),
            lead: AtomicI64::new(0),
            floor: AtomicI64::new(i64::MIN),
            skew: AtomicI64::new(0),
            last: Mutex::new(None),
        }
    }

    /// The store's time, moved by an offset. It stands still where it would go backwards.
    pub(super) fn now(&self, offset: i64) -> i64 {
        let moved = self.store.load(Ordering::Acquire).saturating_add(offset);
        let lead = self.lead.fetch_max(moved, Ordering::AcqRel).max(moved);
        let now = self.millis_at(Instant::now()).saturating_add(lead);
        self.floor.fetch_max(now, Ordering::AcqRel).max(now)
    }

    /// Time is at least this, and goes on from there.
    pub(super) fn raise_to(&self, floor: i64) {
        self.lead.fetch_max(floor.saturating_sub(self.millis_at(Instant::now())), Ordering::AcqRel);
    }

    /// Between `sent` and `received` the store's time was `told`. What agrees with that stays as it is; a clock that is
    /// behind jumps; one that is ahead goes a little slower, and never back.
    pub(super) fn observe(&self, (sent, received): (Instant, Instant), told: Timestamp, offset: i64) {
        let (sent, received) = (self.millis_at(sent), self.millis_at(received));
        let (least, most) = (told.millis().saturating_sub(received), told.millis().saturating_sub(sent));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = last.map_or(0, |last| received.saturating_sub(last.received)).clamp(0, OBSERVED_MILLIS);
        let store = self.store.load(Ordering::Acquire).max(least).min(most);
        self.store.store(store, Ordering::Release);
        let moved = store.saturating_add(offset);
        let put_right = |lead: i64| Some(lead.saturating_sub(passed / SLOWER).max(moved));
        let _ = self.lead.fetch_update(Ordering::AcqRel, Ordering::Acquire, put_right);
        *last = Some(Last { received, most });
        self.skew.store(self.skew_now(told, received.saturating_sub(sent)), Ordering::Release);
    }

    /// By how much the system's clock is ahead of the store's, leaving out what may be the way's.
    fn skew_now(&self, told: Timestamp, way: i64) -> i64 {
        let ahead = (self.system)().saturating_sub(told.millis());
        if ahead < 0 { ahead } else { ahead.saturating_sub(way).max(0) }
    }

    pub(super) fn skew(&self) -> i64 {
        self.skew.load(Ordering::Acquire)
    }

    /// By how much time is ahead of the store's, at least.
    pub(super) fn ahead(&self, offset: i64) -> i64 {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let lead = self.lead.load(Ordering::Acquire).saturating_sub(offset);
        last.map_or(0, |last| lead.saturating_sub(last.most).max(0))
    }

    fn millis_at(&self, instant: Instant) -> i64 {
        let passed = instant.saturating_duration_since(self.started);
        i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::{thread::sleep, time::Duration};

    use super::*;
    use crate::Clock;

    const TOLD: i64 = 1_800_000_000_000;

    fn told(millis: i64) -> Timestamp {
        Timestamp::from_millis(TOLD + millis)
    }

    /// Observes as if the answer had come at once.
    fn observe(clock: &Clock, millis: i64) {
        let now = Instant::now();
        clock.observe(now, now, told(millis));
    }

    /// How far a clock is behind `told(millis)` now, as a test may measure it: no more than a slow machine takes.
    fn is_at(clock: &Clock, millis: i64) -> bool {
        (TOLD + millis..TOLD + millis + 5_000).contains(&clock.now().millis())
    }

    #[test]
    fn tells_what_the_store_tells_and_goes_on_from_there() {
        let clock = Clock::following();
        observe(&clock, 0);
        assert!(is_at(&clock, 0));
        let before = clock.now();
        sleep(Duration::from_millis(20));
        assert!(clock.now().millis() >= before.millis() + 19);
        observe(&clock, 3_600_000);
        assert!(is_at(&clock, 3_600_000), "the store's clock jumped: lives end early");
        clock.set_offset(60);
        assert!(is_at(&clock, 3_660_000));
    }

    #[test]
    fn never_goes_backwards_and_falls_back_slowly() {
        let clock = Clock::following();
        observe(&clock, 3_600_000);
        let before = clock.now();
        observe(&clock, 0);
        assert!(clock.now() >= before);
        assert!((3_595_000..=3_600_000).contains(&clock.ahead_of_store_millis()));
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        clock.observe(at(10), at(10), told(10_000));
        let ahead = clock.ahead_of_store_millis();
        clock.observe(at(20), at(20), told(20_000));
        assert_eq!(clock.ahead_of_store_millis(), ahead - 78, "ten seconds less a part of 128");
        clock.observe(at(1_000), at(1_000), told(1_000_000));
        assert_eq!(
            clock.ahead_of_store_millis(),
            ahead - 2 * 78,
            "no more at once for what was not observed"
        );
        clock.observe(at(1_001), at(1_001), told(3_601_000 + 1_000_000));
        assert_eq!(clock.ahead_of_store_millis(), 0);
    }

    #[test]
    fn a_slow_answer_moves_a_clock_that_agrees_with_it_nowhere() {
        let (clock, start) = (Clock::following(), Instant::now());
        clock.observe(start, start, told(0));
        let before = clock.now().millis();
        clock.observe(start, start + Duration::from_secs(8), told(3_000));
        assert!((before..before + 5_000).contains(&clock.now().millis()));
        assert_eq!(clock.ahead_of_store_millis(), 0);
    }

    #[test]
    fn measures_the_systems_clock_and_does_not_follow_it() {
        for (system, skew) in [(TOLD, 0), (TOLD + 9_000, 9_000), (TOLD - 9_000, -9_000)] {
            let clock = Clock::following_beside(match skew {
                0 => || TOLD,
                9_000 => || TOLD + 9_000,
                _ => || TOLD - 9_000,
            });
            observe(&clock, 0);
            assert_eq!(clock.skew_millis(), skew, "{system}");
            assert!(is_at(&clock, 0));
        }
        // Half a second of the nine may be the way's.
        let (clock, start) = (Clock::following_beside(|| TOLD + 9_000), Instant::now());
        clock.observe(start, start + Duration::from_millis(500), told(0));
        assert_eq!(clock.skew_millis(), 8_500);
    }

    #[test]
    fn is_not_behind_what_the_store_holds() {
        let clock = Clock::following();
        observe(&clock, 0);
        clock.raise_to(told(10_000));
        assert!(is_at(&clock, 10_000));
        assert!(clock.ahead_of_store_millis() > 5_000);
        // What the store holds was written after a move that is heard of later: time is not moved twice.
        let clock = Clock::following();
        observe(&clock, 0);
        clock.raise_to(told(3_600_000));
        clock.set_offset(3_600);
        assert!(is_at(&clock, 3_600_000));
        assert_eq!(clock.ahead_of_store_millis(), 0);
    }
}
