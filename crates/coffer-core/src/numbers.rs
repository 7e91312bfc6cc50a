//! Record numbers: they rise with time, so that a store appends (`design.md` section 5, docs/FORMAT.md).

use std::sync::atomic::{AtomicU64, Ordering};

use coffer_types::{RecordNumber, Timestamp};

/// 2024-01-01T00:00:00Z in milliseconds: the count starts here.
const EPOCH_MILLIS: i64 = 1_704_067_200_000;
const COUNTER_BITS: u32 = 12;
const NODE_BITS: u32 = 10;
const MILLIS_MAX: u64 = (1 << 41) - 1;

/// One node's counter: 41 bits of milliseconds, 10 bits of node, 12 bits of counter.
///
/// The counter never goes back: when the clock does, or when 4,096 numbers of one millisecond are used up, it counts
/// on into the next one.
#[derive(Debug)]
pub struct Numbers {
    node: u64,
    /// Milliseconds and counter of the last number, without the node.
    last: AtomicU64,
}

impl Numbers {
    /// A counter for a node (0 to 1023) that goes on after `newest`, the highest number in the store.
    pub fn after(node: u16, newest: Option<RecordNumber>) -> Self {
        // From the next millisecond on: within one, another node's number may be higher than ours.
        let last = newest
            .map_or(0, |number| (((number.get() >> (COUNTER_BITS + NODE_BITS)) + 1) << COUNTER_BITS) - 1);
        Self { node: u64::from(node) & ((1 << NODE_BITS) - 1), last: AtomicU64::new(last) }
    }

    /// The next number at this time.
    pub fn next(&self, now: Timestamp) -> RecordNumber {
        let floor = millis_since_epoch(now) << COUNTER_BITS;
        let step = |last: u64| Some(floor.max(last.saturating_add(1)));
        let last = match self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, step) {
            Ok(last) | Err(last) => last,
        };
        assemble(floor.max(last.saturating_add(1)), self.node)
    }

    /// The lowest number that a record made at this time or later can have.
    pub fn lowest_at(at: Timestamp) -> RecordNumber {
        assemble(millis_since_epoch(at) << COUNTER_BITS, 0)
    }

    /// The time in a number.
    pub fn time_of(number: RecordNumber) -> Timestamp {
        let millis = number.get() >> (COUNTER_BITS + NODE_BITS);
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX).saturating_add(EPOCH_MILLIS))
    }
}

fn millis_since_epoch(at: Timestamp) -> u64 {
    u64::try_from(at.millis().saturating_sub(EPOCH_MILLIS)).unwrap_or(0).min(MILLIS_MAX)
}

fn assemble(tick: u64, node: u64) -> RecordNumber {
    let (millis, counter) = (tick >> COUNTER_BITS, tick & ((1 << COUNTER_BITS) - 1));
    let number = (millis.min(MILLIS_MAX) << (COUNTER_BITS + NODE_BITS)) | (node << COUNTER_BITS) | counter;
    RecordNumber::from_u64(number).unwrap_or(RecordNumber::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(EPOCH_MILLIS + millis)
    }

    #[test]
    fn rises_within_a_millisecond_and_past_its_end() {
        let numbers = Numbers::after(3, None);
        let drawn: Vec<u64> = (0..10_000).map(|_| numbers.next(at(5)).get()).collect();
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(drawn.iter().all(|number| (number >> 12) & 0x3FF == 3), "the node never changes");
        assert_eq!(Numbers::time_of(RecordNumber::from_u64(drawn[0]).unwrap()), at(5));
        assert_eq!(Numbers::time_of(RecordNumber::from_u64(drawn[9_999]).unwrap()), at(7));
    }

    #[test]
    fn does_not_follow_a_clock_backwards() {
        let numbers = Numbers::after(0, None);
        let first = numbers.next(at(1000));
        assert!(numbers.next(at(1)) > first);
    }

    #[test]
    fn goes_on_after_what_the_store_holds() {
        let newest = Numbers::after(1023, None).next(at(9_000));
        assert!(Numbers::after(0, Some(newest)).next(at(1)) > newest);
    }

    #[test]
    fn lowest_at_parts_before_from_after() {
        let numbers = Numbers::after(7, None);
        let before = numbers.next(at(10));
        let bound = Numbers::lowest_at(at(11));
        let after = numbers.next(at(11));
        assert!(before < bound && bound <= after);
    }

    #[test]
    fn threads_never_draw_the_same_number() {
        let numbers = Numbers::after(0, None);
        let mut drawn: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..5_000).map(|_| numbers.next(at(1)).get()).collect::<Vec<_>>()))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 20_000);
    }
}
