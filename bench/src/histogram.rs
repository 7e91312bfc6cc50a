//! Latencies in buckets whose width grows with the value: exact below 128 ns, then within 1/64 of the value.

use std::time::Duration;

/// Buckets to each doubling of the value, as a power of two.
const SHIFT: u32 = 6;
const PER_DOUBLING: u64 = 1 << SHIFT;

/// As many as 64 bits of nanoseconds need: 58 doublings of 64 buckets and the 64 smallest values.
const BUCKETS: usize = 59 * 64;

/// Counts of latencies.
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }

    pub(crate) fn record(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    pub(crate) fn count(&self) -> u64 {
        self.total
    }

    /// The latency that `per_mille` of 1000 requests do not exceed, rounded up to the end of its bucket; zero
    /// when nothing was recorded.
    pub(crate) fn quantile(&self, per_mille: u64) -> Duration {
        let rank = (self.total * per_mille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper_end(bucket));
            }
        }
        Duration::ZERO
    }
}

/// The bucket of a value. Values below 128 have a bucket each; above, the bucket is
/// the doubling and the six bits below the highest one.
fn bucket(value: u64) -> usize {
    let magnitude = (value | 1).ilog2();
    let doubling = magnitude.saturating_sub(SHIFT);
    let place = u64::from(doubling) * PER_DOUBLING + (value >> doubling);
    usize::try_from(place).map_or(BUCKETS - 1, |place| place.min(BUCKETS - 1))
}

/// The largest value of a bucket.
fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * PER_DOUBLING {
        return bucket;
    }
    let doubling = bucket / PER_DOUBLING - 1;
    let leading = u128::from(bucket - doubling * PER_DOUBLING);
    u64::try_from(((leading + 1) << doubling) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(nanoseconds: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::new();
        nanoseconds.into_iter().for_each(|value| histogram.record(Duration::from_nanos(value)));
        histogram
    }

    #[test]
    fn every_value_lies_in_its_bucket_and_close_to_its_end() {
        let powers = (0..64).map(|bit| 1_u64 << bit);
        let values = powers.flat_map(|power| [power - 1, power, power + 1, power / 3 * 4]).chain([u64::MAX]);
        for value in values {
            let place = bucket(value);
            let end = upper_end(place);
            assert!(end >= value, "{value}");
            assert!(end - value <= value / 64, "{value}");
            assert!(place == 0 || upper_end(place - 1) < value, "{value}");
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        for place in 0..BUCKETS - 1 {
            let end = upper_end(place);
            assert_eq!(bucket(end), place);
            assert!(end == u64::MAX || bucket(end + 1) == place + 1, "{place}");
        }
    }

    #[test]
    fn quantiles_of_a_known_series() {
        let series = histogram(1..=100);
        assert_eq!(series.count(), 100);
        assert_eq!(series.quantile(500), Duration::from_nanos(50));
        assert_eq!(series.quantile(990), Duration::from_nanos(99));
        assert_eq!(series.quantile(1000), Duration::from_nanos(100));
        assert_eq!(series.quantile(0), Duration::from_nanos(1));
    }

    #[test]
    fn one_slow_request_in_a_hundred_is_beyond_p99_and_two_are_not() {
        let slow = Duration::from_millis(100);
        let mut one = histogram(std::iter::repeat_n(1000, 99));
        one.record(slow);
        assert!(one.quantile(990) < Duration::from_micros(2));
        one.record(slow);
        assert!(one.quantile(990) >= slow);
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert_eq!(Histogram::new().quantile(500), Duration::ZERO);
    }
}
