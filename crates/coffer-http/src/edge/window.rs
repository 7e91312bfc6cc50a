//! Fixed windows of time: each begins with the first thing that is counted in it.

use coffer_types::Timestamp;

/// Counts within one window. How long the window is, in seconds, is the caller's to say, the same each time.
///
/// A moment that lies before the beginning, by less than the window's length, belongs to it: threads read the clock in
/// any order. A clock that was set back further begins a new window, so that nobody waits for the old one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    begins: Timestamp,
    count: u32,
}

impl Window {
    /// Nothing counted.
    pub(super) const EMPTY: Self = Self { begins: Timestamp::from_millis(0), count: 0 };

    /// How often something was counted in the window that is open now.
    pub(super) fn count(&self, now: Timestamp, seconds: i64) -> u32 {
        if self.is_open(now, seconds) { self.count } else { 0 }
    }

    /// Counts one more. Stops at the end of the type.
    pub(super) fn add(&mut self, now: Timestamp, seconds: i64) {
        if self.is_open(now, seconds) {
            self.count = self.count.saturating_add(1);
        } else {
            *self = Self { begins: now, count: 1 };
        }
    }

    /// When the open window ends; when there is none, when one that began now would.
    pub(super) fn ends(&self, now: Timestamp, seconds: i64) -> Timestamp {
        let begins = if self.is_open(now, seconds) { self.begins } else { now };
        begins.plus_seconds(seconds)
    }

    /// Whether something was counted and the window is not over.
    pub(super) fn is_open(&self, now: Timestamp, seconds: i64) -> bool {
        self.count > 0 && is_near(self.begins, now, seconds)
    }
}

/// A set of distinct 64-bit hashes within one window. Bounded by whoever asks [`Distinct::admits`] before adding.
/// Cannot be printed: the hashes are of card numbers.
pub(super) struct Distinct {
    window: Window,
    hashes: Vec<u64>,
}

impl Distinct {
    /// Nothing seen.
    pub(super) const EMPTY: Self = Self { window: Window::EMPTY, hashes: Vec::new() };

    /// Whether `hash` is known in this window, or there is room for one more among `most`.
    pub(super) fn admits(&self, hash: u64, now: Timestamp, seconds: i64, most: u8) -> bool {
        let known = if self.window.is_open(now, seconds) { self.hashes.as_slice() } else { &[] };
        known.len() < usize::from(most) || known.contains(&hash)
    }

    /// Adds what is admitted.
    pub(super) fn add(&mut self, hash: u64, now: Timestamp, seconds: i64) {
        if !self.window.is_open(now, seconds) {
            self.hashes.clear();
        } else if self.hashes.contains(&hash) {
            return;
        }
        self.window.add(now, seconds);
        self.hashes.push(hash);
    }

    /// When the open window ends; see [`Window::ends`].
    pub(super) fn ends(&self, now: Timestamp, seconds: i64) -> Timestamp {
        self.window.ends(now, seconds)
    }

    /// Whether something was seen and the window is not over.
    pub(super) fn is_open(&self, now: Timestamp, seconds: i64) -> bool {
        self.window.is_open(now, seconds)
    }
}

/// Whether less than so many seconds lie between two moments.
fn is_near(one: Timestamp, other: Timestamp, seconds: i64) -> bool {
    let millis = seconds.unsigned_abs().saturating_mul(1_000);
    one.millis().abs_diff(other.millis()) < millis
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn a_window_begins_with_the_first_and_ends_to_the_millisecond() {
        let mut window = Window::EMPTY;
        assert_eq!((window.count(at(5), 10), window.ends(at(5), 10)), (0, at(10_005)));
        window.add(at(5), 10);
        window.add(at(10_004), 10);
        assert_eq!((window.count(at(10_004), 10), window.ends(at(10_004), 10)), (2, at(10_005)));
        assert_eq!(window.count(at(10_005), 10), 0);
        window.add(at(10_005), 10);
        assert_eq!((window.count(at(10_005), 10), window.ends(at(10_005), 10)), (1, at(20_005)));
    }

    #[test]
    fn clocks_that_disagree_share_a_window_and_one_that_was_set_back_does_not() {
        let mut window = Window::EMPTY;
        window.add(at(50_000), 10);
        window.add(at(49_990), 10);
        assert_eq!(window.count(at(50_000), 10), 2);
        assert_eq!(window.count(at(40_001), 10), 2);
        window.add(at(40_000), 10);
        assert_eq!((window.count(at(40_000), 10), window.ends(at(40_000), 10)), (1, at(50_000)));
    }

    #[test]
    fn a_full_set_admits_what_it_knows() {
        let mut set = Distinct::EMPTY;
        for hash in [1, 2, 1, 2] {
            assert!(set.admits(hash, at(0), 10, 2));
            set.add(hash, at(0), 10);
        }
        assert_eq!(set.hashes.len(), 2);
        assert!(set.admits(1, at(9_999), 10, 2) && !set.admits(3, at(9_999), 10, 2));
        assert!(set.admits(3, at(10_000), 10, 2));
        assert!(!set.admits(3, at(10_000), 10, 0), "none at all");
        set.add(3, at(10_000), 10);
        assert_eq!(set.hashes, [3], "what is over is forgotten");
    }
}
