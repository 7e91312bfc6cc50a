//! Record numbers: they rise with time, so that a store appends (`design.md` section 5, docs/FORMAT.md).

use std::sync::atomic::{AtomicU64, Ordering};

use coffer_types::{RecordNumber, Timestamp};

/// 2024-01-01T00:00:00Z in milliseconds: the count starts here.
const EPOCH_MILLIS: i64 = 1_704_067_200_000;
const COUNTER_BITS: u32 = 12;
const NODE_BITS: u32 = 10;
const MILLIS_MAX: u64 = (1 << 41) - 1;
const NODE_MAX: u64 = (1 << NODE_BITS) - 1;
const COUNTER_MAX: u64 = (1 << COUNTER_BITS) - 1;

/// One node's counter: 41 bits of milliseconds, 10 bits of node, 12 bits of counter.
///
/// The counter never goes back: when the clock does, or when 4,096 numbers of one millisecond are used up, it counts
/// on into the next one. A node that gets another number goes on from the next millisecond.
#[derive(Debug)]
pub struct Numbers {
    /// The last number: the node's is a part of it, so that both change at once.
    last: AtomicU64,
}

impl Numbers {
    /// A counter for a node (0 to 1023) that goes on after `newest`, the highest number in the store.
    pub fn after(node: u16, newest: Option<RecordNumber>) -> Self {
        Self { last: AtomicU64::new(end_of(newest.map_or(0, RecordNumber::get), node)) }
    }

    /// Goes on as another node, after what was drawn and after `newest`.
    pub fn change(&self, node: u16, newest: Option<RecordNumber>) {
        let newest = newest.map_or(0, RecordNumber::get);
        let _ = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(end_of(last.max(newest), node)));
    }

    /// The next number at this time.
    pub fn next(&self, now: Timestamp) -> RecordNumber {
        let floor = millis_since_epoch(now) << COUNTER_BITS;
        let step = |last: u64| {
            let (tick, node) = taken_apart(last);
            assemble(floor.max(tick.saturating_add(1)), node)
        };
        let stepped = |last: u64| Some(step(last));
        let last = match self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, stepped) {
            Ok(last) | Err(last) => last,
        };
        number_of(step(last))
    }

    /// The lowest number that a record made at this time or later can have.
    pub fn lowest_at(at: Timestamp) -> RecordNumber {
        number_of(assemble(millis_since_epoch(at) << COUNTER_BITS, 0))
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

/// A number of milliseconds and counter (a tick), and node.
fn assemble(tick: u64, node: u64) -> u64 {
    let (millis, counter) = (tick >> COUNTER_BITS, tick & COUNTER_MAX);
    (millis.min(MILLIS_MAX) << (COUNTER_BITS + NODE_BITS)) | (node << COUNTER_BITS) | counter
}

/// The tick and the node of a number.
fn taken_apart(number: u64) -> (u64, u64) {
    let millis = number >> (COUNTER_BITS + NODE_BITS);
    ((millis << COUNTER_BITS) | (number & COUNTER_MAX), (number >> COUNTER_BITS) & NODE_MAX)
}

/// The last number of a node within the millisecond of another number: the next one is of a later millisecond, for
/// within one, another node's may be higher. Nothing for no number.
fn end_of(number: u64, node: u16) -> u64 {
    let (tick, _) = taken_apart(number);
    assemble(if number == 0 { 0 } else { tick | COUNTER_MAX }, u64::from(node) & NODE_MAX)
}

fn number_of(number: u64) -> RecordNumber {
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
    fn another_node_number_goes_on_after_what_was_drawn() {
        let node = |number: RecordNumber| (number.get() >> 12) & 0x3FF;
        let numbers = Numbers::after(900, None);
        let first = numbers.next(at(1_000));
        numbers.change(3, None);
        let second = numbers.next(at(1_000));
        assert!(second > first, "although the node is lower");
        assert_eq!((node(first), node(second)), (900, 3));
        numbers.change(2, Some(Numbers::after(1023, None).next(at(9_000))));
        let third = numbers.next(at(1_000));
        assert!(third > Numbers::lowest_at(at(9_001)) && node(third) == 2);
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
