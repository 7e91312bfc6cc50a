use std::net::Ipv4Addr;

use super::*;

const KEY: &str = "shop";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A number of no brand, which no issuer gives: sixteen digits, the first of them 0.
fn pan(number: u64) -> Pan {
    assert!(number < 1_000_000_000_000_000);
    let mut padded = [0; 20];
    padded[0] = 16;
    padded[1..17].copy_from_slice(format!("{number:016}").as_bytes());
    Pan::from_padded(&padded).unwrap()
}

/// Likewise one of a million that are no series; those whose numbers differ by ten or more have different BINs.
fn other_pan(number: u64) -> Pan {
    pan(number * 1_000_000_000)
}

fn wait(millis: i64) -> Verdict {
    Verdict::Wait { until: at(millis) }
}

fn with(change: impl FnOnce(&mut CardTestingLimits)) -> CardTesting {
    let most = u32::MAX;
    let mut limits = CardTestingLimits {
        caller_creations: most,
        network_creations: most,
        bin_creations: most,
        distinct_pans: u8::MAX,
        refused_pans: most,
        series_pans: u8::MAX,
    };
    change(&mut limits);
    CardTesting::new(Some(limits))
}

#[test]
fn a_caller_that_creates_too_fast_waits_for_the_window_and_ten_seconds() {
    let testing = with(|limits| limits.caller_creations = 3);
    let before = |millis| testing.before(KEY, ip("192.0.2.1"), at(millis));
    for millis in [0, 10, 59_999] {
        assert_eq!(before(millis), Verdict::Pass, "{millis}");
    }
    assert_eq!(before(59_999), wait(70_000));
    for millis in [60_000, 69_999] {
        assert_eq!(before(millis), wait(70_000), "{millis}: the block is not made longer");
    }
    assert_eq!(before(70_000), Verdict::Pass);
    assert_eq!(before(71_000), Verdict::Pass);
    assert_eq!(before(72_000), Verdict::Pass);
    assert_eq!(before(73_000), wait(140_000));
}

#[test]
fn a_caller_below_the_limit_is_never_blocked() {
    let testing = with(|limits| limits.caller_creations = 3);
    for minute in 0..10 {
        for second in [0, 20, 40] {
            let now = at(minute * 60_000 + second * 1_000);
            assert_eq!(testing.before(KEY, ip("192.0.2.1"), now), Verdict::Pass);
        }
    }
}

#[test]
fn callers_are_told_apart_by_key_and_address() {
    let testing = with(|limits| limits.caller_creations = 1);
    let before = |key, from| testing.before(key, ip(from), at(0));
    assert_eq!(before(KEY, "192.0.2.1"), Verdict::Pass);
    assert_eq!(before(KEY, "192.0.2.1"), wait(70_000));
    assert_eq!(before(KEY, "::ffff:192.0.2.1"), wait(70_000), "the same address");
    assert_eq!(before(KEY, "192.0.2.2"), Verdict::Pass);
    assert_eq!(before("other", "192.0.2.1"), Verdict::Pass);
    assert_eq!(before(KEY, "2001:db8::1"), Verdict::Pass);
    assert_eq!(before(KEY, "2001:db8::ffff:1"), wait(70_000), "the same subscriber");
    assert_eq!(before(KEY, "2001:db8:0:1::1"), Verdict::Pass);
}

#[test]
fn a_network_has_a_limit_of_its_own() {
    let testing = with(|limits| limits.network_creations = 4);
    let before = |from, millis| testing.before(KEY, ip(from), at(millis));
    for (millis, from) in (0..).zip(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.3"]) {
        assert_eq!(before(from, millis), Verdict::Pass);
    }
    assert_eq!(before("192.0.2.4", 5), wait(60_000));
    assert_eq!(before("192.0.2.1", 59_999), wait(60_000));
    assert_eq!(before("192.0.3.1", 5), Verdict::Pass, "another network");
    assert_eq!(testing.before("other", ip("192.0.2.1"), at(5)), Verdict::Pass, "another key");
    assert_eq!(before("192.0.2.4", 60_000), Verdict::Pass);
    for subscriber in 0..4 {
        let from = ip(&format!("2001:db8:0:{subscriber}::1"));
        assert_eq!(testing.before(KEY, from, at(0)), Verdict::Pass);
    }
    assert_eq!(before("2001:db8:0:ff::1", 0), wait(60_000), "the same /56");
    assert_eq!(before("2001:db8:0:100::1", 0), Verdict::Pass);
}

#[test]
fn what_is_refused_is_not_counted() {
    let testing = with(|limits| (limits.caller_creations, limits.network_creations) = (2, 3));
    let before = |from, millis| testing.before(KEY, ip(from), at(millis));
    assert_eq!((before("192.0.2.1", 0), before("192.0.2.1", 0)), (Verdict::Pass, Verdict::Pass));
    for _ in 0..10 {
        assert_eq!(before("192.0.2.1", 0), wait(70_000));
    }
    assert_eq!(before("192.0.2.2", 0), Verdict::Pass, "the network has one left");
    for _ in 0..10 {
        assert_eq!(before("192.0.2.3", 59_000), wait(60_000));
    }
    assert_eq!(before("192.0.2.3", 60_000), Verdict::Pass, "and was not charged to the caller");
    assert_eq!(before("192.0.2.3", 60_000), Verdict::Pass);
}

#[test]
fn distinct_card_numbers_of_a_caller() {
    let testing = with(|limits| limits.distinct_pans = 3);
    let seen = |from, number, millis| testing.seen(KEY, ip(from), &other_pan(number), at(millis));
    for number in [1, 2, 1, 3, 2, 1] {
        assert_eq!(seen("192.0.2.1", number, 0), Verdict::Pass);
    }
    assert_eq!(seen("192.0.2.1", 4, 10), wait(3_600_000));
    assert_eq!(seen("192.0.2.1", 5, 3_599_999), wait(3_600_000));
    assert_eq!(seen("192.0.2.1", 3, 20), Verdict::Pass, "a known one goes on");
    assert_eq!(seen("192.0.2.2", 4, 10), Verdict::Pass, "another caller");
    assert_eq!(testing.seen("other", ip("192.0.2.1"), &other_pan(4), at(10)), Verdict::Pass);
    assert_eq!(testing.before(KEY, ip("192.0.2.1"), at(30)), Verdict::Pass, "the caller is not shut out");
    assert_eq!(seen("192.0.2.1", 4, 3_600_000), Verdict::Pass);
}

#[test]
fn a_series_is_one_of_a_network_and_shuts_its_caller_out() {
    let testing = with(|limits| limits.series_pans = 4);
    let seen = |from, number, millis| testing.seen(KEY, ip(from), &pan(number), at(millis));
    for (number, from) in (0..).zip(["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]) {
        assert_eq!(seen(from, number, 0), Verdict::Pass);
    }
    assert_eq!(seen("192.0.2.9", 3, 5), Verdict::Pass, "a known one goes on");
    assert_eq!(seen("192.0.2.9", 9_999, 6), wait(600_000));
    assert_eq!(seen("192.0.2.9", 0, 7), wait(600_000));
    assert_eq!(testing.before(KEY, ip("192.0.2.9"), at(599_999)), wait(600_000));
    assert_eq!(
        testing.before(KEY, ip("192.0.2.1"), at(8)),
        Verdict::Pass,
        "the others of the network may go on"
    );
    assert_eq!(seen("192.0.2.1", 10_000, 8), Verdict::Pass, "the twelfth digit is another");
    assert_eq!(seen("192.0.3.1", 9_999, 8), Verdict::Pass, "another network");
    assert_eq!(testing.before(KEY, ip("192.0.2.9"), at(600_000)), Verdict::Pass);
    assert_eq!(seen("192.0.2.9", 9_999, 600_000), Verdict::Pass);
}

#[test]
fn refused_numbers_shut_the_caller_out() {
    let testing = with(|limits| limits.refused_pans = 3);
    let before = |from, millis| testing.before(KEY, ip(from), at(millis));
    for millis in [0, 1, 2] {
        assert_eq!(before("192.0.2.1", millis), Verdict::Pass);
        testing.refused(KEY, ip("192.0.2.1"), at(millis));
    }
    assert_eq!(before("192.0.2.1", 3), wait(600_000));
    assert_eq!(testing.seen(KEY, ip("192.0.2.1"), &pan(0), at(3)), wait(600_000));
    assert_eq!(before("192.0.2.1", 599_999), wait(600_000));
    assert_eq!(before("192.0.2.2", 3), Verdict::Pass);
    assert_eq!(testing.before("other", ip("192.0.2.1"), at(3)), Verdict::Pass);
    assert_eq!(before("192.0.2.1", 600_000), Verdict::Pass);
    testing.refused(KEY, ip("192.0.2.1"), at(600_000));
    assert_eq!(before("192.0.2.1", 600_001), Verdict::Pass, "the new window has its own count");
}

#[test]
fn a_bin_is_counted_over_all_addresses_of_a_key() {
    let testing = with(|limits| limits.bin_creations = 3);
    let seen = |from, number, millis| testing.seen(KEY, ip(from), &pan(number), at(millis));
    for (millis, from) in (0..).zip(["192.0.2.1", "198.51.100.1", "2001:db8::1"]) {
        assert_eq!(seen(from, 7, millis), Verdict::Pass, "the same card counts each time");
    }
    assert_eq!(seen("203.0.113.1", 1, 3), wait(60_000));
    assert_eq!(testing.seen(KEY, ip("203.0.113.1"), &other_pan(10), at(3)), Verdict::Pass, "another BIN");
    assert_eq!(testing.seen("other", ip("203.0.113.1"), &pan(1), at(3)), Verdict::Pass, "another key");
    assert_eq!(seen("203.0.113.1", 1, 60_000), Verdict::Pass);
}

#[test]
fn a_refused_number_is_no_distinct_number_and_no_part_of_a_series() {
    let full_bin =
        with(|limits| (limits.bin_creations, limits.distinct_pans, limits.series_pans) = (1, 2, 2));
    let caller = ip("192.0.2.1");
    assert_eq!(full_bin.seen(KEY, caller, &pan(0), at(0)), Verdict::Pass);
    for number in 1..20 {
        assert_eq!(full_bin.seen(KEY, caller, &pan(number), at(1)), wait(60_000));
    }
    assert_eq!(full_bin.seen(KEY, caller, &pan(30), at(60_000)), Verdict::Pass, "room for a second one");

    let full_caller = with(|limits| (limits.distinct_pans, limits.bin_creations) = (1, 2));
    assert_eq!(full_caller.seen(KEY, caller, &pan(0), at(0)), Verdict::Pass);
    for number in 1..20 {
        assert_eq!(full_caller.seen(KEY, caller, &pan(number), at(1)), wait(3_600_000));
    }
    assert_eq!(full_caller.seen(KEY, ip("192.0.2.2"), &pan(0), at(2)), Verdict::Pass, "the BIN has one left");
}

#[test]
fn off_is_off_and_the_defaults_are_the_documented_ones() {
    let off = CardTesting::new(None);
    for number in 0..1_000 {
        off.refused(KEY, ip("192.0.2.1"), at(0));
        assert_eq!(off.before(KEY, ip("192.0.2.1"), at(0)), Verdict::Pass);
        assert_eq!(off.seen(KEY, ip("192.0.2.1"), &pan(number), at(0)), Verdict::Pass);
    }
    let on = CardTesting::new(Some(CardTestingLimits::default()));
    let passed = (0..100).filter(|_| on.before(KEY, ip("192.0.2.1"), at(0)) == Verdict::Pass).count();
    let distinct =
        (1..100).filter(|n| on.seen(KEY, ip("198.51.100.1"), &other_pan(*n), at(0)) == Verdict::Pass).count();
    let in_series =
        (0..100).filter(|n| on.seen(KEY, ip("203.0.113.1"), &pan(*n), at(0)) == Verdict::Pass).count();
    assert_eq!((passed, distinct, in_series), (50, 20, 10));
    let limits = CardTestingLimits::default();
    assert_eq!((limits.network_creations, limits.bin_creations, limits.refused_pans), (200, 300, 20));
    assert_eq!(
        (format!("{off:?}"), format!("{on:?}")),
        ("CardTesting(off)".into(), "CardTesting(on)".into())
    );
}

/// How many callers, networks, series and BINs there are.
fn kept(testing: &CardTesting) -> [usize; 4] {
    let counters = testing.0.as_ref().unwrap();
    let mut all = [0; 4];
    for shard in &counters.shards {
        let shard = shard.lock().unwrap();
        all[0] += shard.callers.len();
        all[1] += shard.networks.len();
        all[2] += shard.series.len();
    }
    all[3] = counters.bins.iter().map(|bins| bins.lock().unwrap().len()).sum();
    all
}

#[test]
fn a_million_addresses_take_no_more_memory_and_a_busy_caller_stays_known() {
    let testing = with(|limits| limits.caller_creations = 50);
    let busy = ip("192.0.2.1");
    let mut passed = 0;
    for number in 0..1_000_000_u32 {
        let from = IpAddr::V4(Ipv4Addr::from(number.wrapping_mul(0x9E37_79B1)));
        let _ = testing.before(KEY, from, at(0));
        if number % 10_000 == 0 {
            passed += usize::from(testing.before(KEY, busy, at(0)) == Verdict::Pass);
        }
        if number % 5 == 0 {
            let _ = testing.seen(KEY, from, &other_pan(u64::from(number)), at(0));
        }
    }
    for kept in kept(&testing) {
        assert!((1_000..=limits::TESTING_PLACES).contains(&kept), "{kept}");
    }
    assert_eq!(passed, 50, "the flood did not make the busy caller new");
}

#[test]
fn what_is_over_is_dropped_within_the_hour() {
    let testing = with(|_| ());
    for number in 0..1_000_u32 {
        let from = IpAddr::V4(Ipv4Addr::from(number << 8));
        let _ = testing.before(KEY, from, at(0));
        let _ = testing.seen(KEY, from, &pan(0), at(0));
    }
    assert_eq!(kept(&testing), [1_000, 1_000, 1_000, 1]);
    for number in 0..1_000_u32 {
        let from = IpAddr::V4(Ipv4Addr::from((number + 5_000) << 8));
        testing.refused(KEY, from, at(3_600_000));
    }
    assert_eq!(kept(&testing), [1_000, 0, 0, 1]);
}

#[test]
fn threads_together_pass_exactly_what_there_is() {
    let testing = with(|limits| limits.network_creations = 500);
    let passed = |last: u8| {
        let from = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        (0..300).filter(|_| testing.before(KEY, from, at(0)) == Verdict::Pass).count()
    };
    let passed = &passed;
    let all: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|last| scope.spawn(move || passed(last))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(all, 500);
}
