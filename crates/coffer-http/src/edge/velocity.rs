//! How often a value was seen in the last day (Rebilly reference 6.2): approximate, in memory, for one node.
//!
//! A value is counted in the hour of the clock in which it was seen, and the hour that is under way and the 23 before
//! it are added up. So what is 24 hours old is never counted, what is at most 23 hours old always is, and in between
//! it depends on the minute. When there are more values than room, those that came once and longest ago are forgotten:
//! their next count starts at 0. Values are kept as keyed hashes; the key is drawn at the start and never leaves.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use coffer_types::{Tenant, Timestamp};

use super::bounded::Bounded;

const SHARDS: usize = 64;
/// Hours that are kept, the one that is under way among them.
const HOURS: i64 = 24;
const MILLIS_PER_HOUR: i64 = 3_600_000;

/// What kind of value: equal bytes of two kinds are two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The fingerprint of a card or an account.
    Instrument,
    /// The fingerprint of a device.
    Device,
    /// An IP address.
    Ip,
    /// An e-mail address.
    Email,
    /// A billing address.
    BillingAddress,
}

/// The values that were seen lately, of all tenants. No tenant's count tells of another's.
pub struct Velocities {
    key: RandomState,
    /// Values that were forgotten before their day was over.
    forgotten: AtomicU64,
    shards: Vec<Mutex<Shard>>,
}

struct Shard {
    days: Bounded<Day>,
    /// When values that are over were last dropped, as an hour.
    pruned: i64,
}

/// One value's last 24 hours; the place of an hour is its number modulo 24.
struct Day {
    hours: [u16; 24],
    /// The latest hour that is in here.
    latest: i64,
}

impl Velocities {
    /// Room for so many values in all (see `limits::VELOCITY_ENTRIES`). With 0 nothing is ever counted.
    pub fn new(capacity: usize) -> Self {
        let shards = SHARDS.min(capacity);
        let shard = |_| Mutex::new(Shard { days: Bounded::new(capacity / shards), pruned: i64::MIN });
        Self {
            key: RandomState::new(),
            forgotten: AtomicU64::new(0),
            shards: (0..shards).map(shard).collect(),
        }
    }

    /// How often the value was added in the last 24 hours. Adds nothing.
    pub fn count(&self, tenant: Tenant, kind: Kind, value: &[u8], now: Timestamp) -> u32 {
        let hash = self.hash(tenant, kind, value);
        self.shard(hash).and_then(|shard| shard.days.get(hash).map(|day| day.count(hour(now)))).unwrap_or(0)
    }

    /// Counts the value once. At most 65,535 in an hour.
    pub fn add(&self, tenant: Tenant, kind: Kind, value: &[u8], now: Timestamp) {
        let hash = self.hash(tenant, kind, value);
        let Some(mut shard) = self.shard(hash) else { return };
        let now = hour(now);
        shard.prune(now);
        if shard.days.is_full() && shard.days.get(hash).is_none() {
            self.forgotten.fetch_add(1, Ordering::Relaxed);
        }
        shard.days.entry(hash, || Day::new(now)).add(now);
    }

    /// How many values were forgotten for others since the start: more of them than now and then, and the counts are
    /// too low.
    pub fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    fn hash(&self, tenant: Tenant, kind: Kind, value: &[u8]) -> u64 {
        self.key.hash_one((tenant.get(), kind, value))
    }

    fn shard(&self, hash: u64) -> Option<MutexGuard<'_, Shard>> {
        let place = hash.checked_rem(self.shards.len() as u64)?;
        let shard = self.shards.get(usize::try_from(place).ok()?)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    /// Once an hour: drops the values whose day is over. A thread whose clock is behind drops nothing.
    fn prune(&mut self, now: i64) {
        if now > self.pruned {
            self.pruned = now;
            self.days.retain(|day| day.count(now) > 0);
        }
    }
}

impl Day {
    fn new(now: i64) -> Self {
        Self { hours: [0; 24], latest: now }
    }

    fn add(&mut self, now: i64) {
        if !is_within_a_day(self.latest, now) {
            *self = Self::new(now);
        }
        while self.latest < now {
            self.latest += 1;
            self.hours[place(self.latest)] = 0;
        }
        let hour = &mut self.hours[place(now)];
        *hour = hour.saturating_add(1);
    }

    /// The sum of the hours that belong both to the day before `now` and to the one that is kept.
    fn count(&self, now: i64) -> u32 {
        if !is_within_a_day(self.latest, now) {
            return 0;
        }
        let first = self.latest.max(now) - (HOURS - 1);
        (first..=self.latest.min(now)).map(|hour| u32::from(self.hours[place(hour)])).sum()
    }
}

/// Whether two hours are less than 24 apart. A clock that was set back further finds nothing.
fn is_within_a_day(one: i64, other: i64) -> bool {
    one.abs_diff(other) < HOURS.unsigned_abs()
}

/// The number of an hour since 1970.
fn hour(now: Timestamp) -> i64 {
    now.millis().div_euclid(MILLIS_PER_HOUR)
}

fn place(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(HOURS)).unwrap_or_default()
}

impl fmt::Debug for Velocities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Velocities(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    /// 20 minutes past an hour.
    const START: i64 = 472_222 * MILLIS_PER_HOUR + 20 * MINUTE;

    fn tenant(number: u32) -> Tenant {
        Tenant::new(number).unwrap()
    }

    /// So many minutes after the start.
    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(START + minutes * MINUTE)
    }

    fn add(velocities: &Velocities, value: &[u8], minutes: i64) {
        velocities.add(tenant(1), Kind::Ip, value, at(minutes));
    }

    fn count(velocities: &Velocities, value: &[u8], minutes: i64) -> u32 {
        velocities.count(tenant(1), Kind::Ip, value, at(minutes))
    }

    #[test]
    fn an_event_is_there_for_23_hours_and_gone_after_24_whatever_the_minute() {
        for minute in 0..60 {
            let velocities = Velocities::new(100);
            add(&velocities, b"a", minute);
            assert_eq!(count(&velocities, b"a", minute), 1);
            assert_eq!(count(&velocities, b"a", minute + 23 * 60), 1, "{minute}");
            assert_eq!(count(&velocities, b"a", minute + 24 * 60), 0, "{minute}");
            add(&velocities, b"a", minute + 24 * 60);
            assert_eq!(
                count(&velocities, b"a", minute + 24 * 60),
                1,
                "the old one is not taken for the new one"
            );
        }
    }

    #[test]
    fn the_boundary_is_the_hour_of_the_clock() {
        let velocities = Velocities::new(100);
        add(&velocities, b"a", 0);
        assert_eq!(count(&velocities, b"a", 23 * 60 + 39), 1, "23:39 old, in the 24th hour");
        assert_eq!(count(&velocities, b"a", 23 * 60 + 40), 0, "23:40 old, in the 25th hour");
    }

    #[test]
    fn events_leave_hour_by_hour() {
        let velocities = Velocities::new(100);
        for hour in 0..24 {
            for _ in 0..=hour {
                add(&velocities, b"a", hour * 60);
            }
        }
        assert_eq!(count(&velocities, b"a", 23 * 60), 300);
        assert_eq!(count(&velocities, b"a", 24 * 60), 299);
        assert_eq!(count(&velocities, b"a", 26 * 60), 294);
        add(&velocities, b"a", 30 * 60);
        assert_eq!(count(&velocities, b"a", 30 * 60), 300 - 28 + 1);
        assert_eq!(count(&velocities, b"a", 46 * 60), 24 + 1);
        assert_eq!(count(&velocities, b"a", 47 * 60), 1);
        assert_eq!(count(&velocities, b"a", 54 * 60), 0);
    }

    #[test]
    fn a_clock_may_step_back() {
        let velocities = Velocities::new(100);
        add(&velocities, b"a", 60);
        add(&velocities, b"a", 0);
        assert_eq!((count(&velocities, b"a", 60), count(&velocities, b"a", 0)), (2, 1));
        add(&velocities, b"a", -30 * 60);
        assert_eq!((count(&velocities, b"a", -30 * 60), count(&velocities, b"a", 60)), (1, 0));
    }

    #[test]
    fn tenants_kinds_and_values_are_apart() {
        let velocities = Velocities::new(1_000);
        let kinds = [Kind::Instrument, Kind::Device, Kind::Ip, Kind::Email, Kind::BillingAddress];
        for (times, kind) in (1..).zip(kinds) {
            for _ in 0..times {
                velocities.add(tenant(1), kind, b"a", at(0));
            }
        }
        for (times, kind) in (1..).zip(kinds) {
            assert_eq!(velocities.count(tenant(1), kind, b"a", at(0)), times, "{kind:?}");
            assert_eq!(velocities.count(tenant(2), kind, b"a", at(0)), 0);
            assert_eq!(velocities.count(tenant(1), kind, b"b", at(0)), 0);
            assert_eq!(velocities.count(tenant(1), kind, b"", at(0)), 0);
        }
    }

    #[test]
    fn an_hour_stops_at_its_end_and_the_sum_goes_on() {
        let velocities = Velocities::new(100);
        for minutes in [0, 60] {
            for _ in 0..65_600 {
                add(&velocities, b"a", minutes);
            }
        }
        assert_eq!(count(&velocities, b"a", 60), 2 * 65_535);
    }

    #[test]
    fn threads_on_both_sides_of_an_hour_drop_nothing() {
        let velocities = Velocities::new(1);
        for _ in 0..3 {
            add(&velocities, b"a", 40);
            add(&velocities, b"a", 39);
        }
        assert_eq!((count(&velocities, b"a", 40), count(&velocities, b"a", 39)), (6, 3));
    }

    fn kept(velocities: &Velocities) -> usize {
        velocities.shards.iter().map(|shard| shard.lock().unwrap().days.len()).sum()
    }

    #[test]
    fn memory_is_bounded_and_what_is_seen_often_stays() {
        let velocities = Velocities::new(2_000);
        for number in 0..100_000_u32 {
            add(&velocities, &number.to_be_bytes(), 0);
            if number % 100 == 0 {
                add(&velocities, b"often", 0);
            }
        }
        assert!((98_000..=98_200).contains(&velocities.forgotten()), "{}", velocities.forgotten());
        let kept = kept(&velocities);
        assert!((1_900..=2_000).contains(&kept), "{kept}");
        assert_eq!(count(&velocities, b"often", 0), 1_000);
        assert_eq!(count(&velocities, &99_999_u32.to_be_bytes(), 0), 1);
        assert_eq!(count(&velocities, &0_u32.to_be_bytes(), 0), 0);
    }

    #[test]
    fn counting_takes_no_memory_and_what_is_over_is_dropped() {
        let velocities = Velocities::new(2_000);
        for number in 0..1_000_u32 {
            assert_eq!(count(&velocities, &number.to_be_bytes(), 0), 0);
        }
        assert_eq!(kept(&velocities), 0);
        for minutes in [0, 24 * 60] {
            for number in 0..500_u32 {
                add(&velocities, &(number + u32::from(minutes > 0) * 500).to_be_bytes(), minutes);
            }
        }
        // Each shard drops what is over when it is next written; few are not written by five hundred values.
        assert!((500..=600).contains(&kept(&velocities)), "{}", kept(&velocities));
    }

    #[test]
    fn small_capacities_hold() {
        for capacity in [0, 1, 3, 63, 65] {
            let velocities = Velocities::new(capacity);
            for number in 0..1_000_u32 {
                add(&velocities, &number.to_be_bytes(), 0);
            }
            assert!(kept(&velocities) <= capacity, "{capacity}");
            assert_eq!(count(&velocities, &999_u32.to_be_bytes(), 0), u32::from(capacity > 0), "{capacity}");
        }
    }
}
