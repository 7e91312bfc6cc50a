//! Refused callers in the audit log: the first of a minute at once, the others counted, all of it bounded.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr},
    task::{Context, Waker},
};

use coffer_core::{
    Failure, FailureReason, RequestId,
    store::{Lost, Model, Outcome, Position, StoreError},
};
use coffer_types::limits;
use serde_json::{Value, json};

use crate::support::{MINUTE, Step, VISA, World, act, at, card, lines_of, run};

fn refusal(address: &str) -> Failure {
    let origin = Some(address.parse().unwrap());
    let request = Some(RequestId { process: 0x00C0_FFEE, count: 7 });
    Failure { reason: FailureReason::Unauthenticated, actor: None, origin, request }
}

/// Origin and count of the lines about refusals.
fn logged(world: &World) -> Vec<(String, Option<u64>)> {
    logged_in(&world.model)
}

fn logged_in(store: &Model) -> Vec<(String, Option<u64>)> {
    let lines = lines_of(store, "access.refused").into_iter();
    lines.map(|line| (line["origin"].as_str().unwrap_or("-").to_owned(), line["count"].as_u64())).collect()
}

fn told(origin: &str, count: Option<u64>) -> (String, Option<u64>) {
    (origin.to_owned(), count)
}

#[test]
fn the_first_of_a_minute_is_durable_before_the_answer() {
    let world = World::new();
    run(world.vault.record_refusal(&refusal("192.0.2.7")));
    let line = world.lines().pop().unwrap();
    let position = line["position"].clone();
    let expected = json!({
        "position": position, "at": at(0).millis(), "outcome": "refused", "action": "access.refused",
        "actor": "unknown", "origin": "192.0.2.0", "reason": "unauthenticated",
        "request": "0000000000c0ffee0000000007",
    });
    assert_eq!(line, expected);
    let named =
        Failure { reason: FailureReason::Forbidden, actor: Some("pk".into()), ..refusal("192.0.2.7") };
    run(world.vault.record_refusal(&named));
    let line: Value = world.lines().pop().unwrap();
    assert_eq!((&line["actor"], &line["reason"]), (&json!("pk"), &json!("forbidden")));
}

#[test]
fn the_others_are_counted_and_written_when_the_minute_is_over() {
    let world = World::new();
    for last in 1..=5 {
        run(world.vault.record_refusal(&refusal(&format!("192.0.2.{last}"))));
    }
    run(world.vault.record_refusal(&refusal("198.51.100.1")));
    run(world.vault.record_refusal(&refusal("2001:db8:1:2:3::4")));
    run(world.vault.record_refusal(&refusal("2001:db8:1:2:ffff::4")));
    let first = [told("192.0.2.0", None), told("198.51.100.0", None), told("2001:db8:1:2::", None)];
    assert_eq!(logged(&world), first);
    world.clock.raise_to(at(MINUTE - 1));
    run(world.vault.sweep()).unwrap();
    assert_eq!(logged(&world), first, "the minute is not over");
    world.clock.raise_to(at(MINUTE));
    run(world.vault.sweep()).unwrap();
    let mut counted = logged(&world)[3..].to_vec();
    counted.sort();
    let expected = [told("192.0.2.0", Some(5)), told("2001:db8:1:2::", Some(2))];
    assert_eq!(counted, expected, "one that came alone is not written twice");
    run(world.vault.sweep()).unwrap();
    assert_eq!(logged(&world).len(), 5);
}

#[test]
fn a_refusal_of_the_next_minute_writes_the_last_one_down() {
    let world = World::new();
    for _ in 0..3 {
        run(world.vault.record_refusal(&refusal("192.0.2.1")));
    }
    world.clock.raise_to(at(MINUTE));
    run(world.vault.record_refusal(&refusal("192.0.2.9")));
    let expected = [told("192.0.2.0", None), told("192.0.2.0", Some(3)), told("192.0.2.0", None)];
    assert_eq!(logged(&world), expected);
    let lines = world.lines();
    let [.., counted, first] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(counted["position"], first["position"], "both in one unit");
    assert_eq!((counted.get("request"), first["request"].is_string()), (None, true));
}

#[test]
fn what_is_still_counted_is_written_at_the_close() {
    let world = World::new();
    for _ in 0..2 {
        run(world.vault.record_refusal(&refusal("192.0.2.1")));
    }
    run(world.vault.close());
    assert_eq!(logged(&world), [told("192.0.2.0", None), told("192.0.2.0", Some(2))]);
    assert!(!world.vault.ready());
    let late = run(world.vault.create(&act(), &card(VISA, None, "Ada"), |_| ()));
    assert!(late.is_err(), "a closed vault takes nothing");
}

#[test]
fn one_credential_is_counted_together_wherever_it_comes_from() {
    let world = World::new();
    for address in ["192.0.2.1", "198.51.100.1", "203.0.113.1"] {
        let named = Failure { actor: Some("pk".into()), ..refusal(address) };
        run(world.vault.record_refusal(&Failure { reason: FailureReason::Forbidden, ..named }));
    }
    run(world.vault.close());
    assert_eq!(logged(&world), [told("192.0.2.0", None), told("-", Some(3))]);
}

#[test]
fn a_flood_from_everywhere_is_bounded_and_nothing_of_it_is_forgotten() {
    let world = World::new();
    let flood = 3 * limits::AUTH_FAILURE_KEYS;
    for value in 0..u32::try_from(flood).unwrap() {
        let origin = Some(IpAddr::V4(Ipv4Addr::from(0x0A00_0000 | (value << 8))));
        run(world.vault.record_refusal(&Failure { origin, ..refusal("192.0.2.1") }));
    }
    let at_once = logged(&world);
    assert_eq!(at_once.len(), limits::AUTH_FAILURE_KEYS + 1);
    world.clock.raise_to(at(MINUTE));
    run(world.vault.sweep()).unwrap();
    let rest = logged(&world).split_off(at_once.len());
    let joined = u64::try_from(flood - limits::AUTH_FAILURE_KEYS).unwrap();
    assert_eq!(rest, [told("-", Some(joined))]);
}

#[test]
fn a_store_that_takes_no_write_changes_no_answer() {
    let world = World::new();
    world.store.answer(usize::MAX, Err(StoreError::Full));
    run(world.vault.record_refusal(&refusal("192.0.2.1")));
    run(world.vault.record_refusal(&refusal("192.0.2.1")));
    assert!(logged(&world).is_empty());
    world.store.heal();
    run(world.vault.close());
    assert_eq!(logged(&world), [told("192.0.2.0", Some(2))], "what was counted is still told");
}

#[test]
fn a_first_refusal_that_was_not_written_is_told_later_though_it_stayed_alone() {
    for answer in [
        Err(StoreError::Full),
        Err(StoreError::Unavailable),
        Ok(Outcome::Lost { lost: Lost::Exists, after: Position(0) }),
    ] {
        let world = World::new();
        world.store.answer(1, answer);
        run(world.vault.record_refusal(&refusal("192.0.2.1")));
        run(world.vault.record_refusal(&refusal("198.51.100.1")));
        assert_eq!(logged(&world), [told("198.51.100.0", None)], "{answer:?}");
        world.clock.raise_to(at(MINUTE));
        run(world.vault.sweep()).unwrap();
        let expected = [told("198.51.100.0", None), told("192.0.2.0", Some(1))];
        assert_eq!(logged(&world), expected, "{answer:?}: and what is in the log is not told twice");
        world.clock.raise_to(at(2 * MINUTE));
        run(world.vault.sweep()).unwrap();
        run(world.vault.close());
        assert_eq!(logged(&world), expected, "{answer:?}");
    }
}

#[test]
fn counts_that_were_not_written_are_told_with_those_of_the_next_minute() {
    let world = World::new();
    for _ in 0..3 {
        run(world.vault.record_refusal(&refusal("192.0.2.1")));
    }
    run(world.vault.record_refusal(&refusal("198.51.100.1")));
    run(world.vault.record_refusal(&refusal("198.51.100.1")));
    let first = [told("192.0.2.0", None), told("198.51.100.0", None)];
    world.store.answer(usize::MAX, Err(StoreError::Unavailable));
    world.clock.raise_to(at(MINUTE));
    // The counts and the first refusal of the new minute are one unit, and none of it is written.
    run(world.vault.record_refusal(&refusal("192.0.2.1")));
    assert_eq!(logged(&world), first);
    world.store.heal();
    run(world.vault.record_refusal(&refusal("203.0.113.1")));
    let at_once = told("203.0.113.0", None);
    assert_eq!(logged(&world)[2..], [at_once], "a refusal in the same minute does not try them again");
    world.clock.raise_to(at(2 * MINUTE));
    run(world.vault.sweep()).unwrap();
    let mut later = logged(&world)[3..].to_vec();
    later.sort();
    assert_eq!(later, [told("192.0.2.0", Some(4)), told("198.51.100.0", Some(2))]);
    run(world.vault.close());
    assert_eq!(logged(&world).len(), 5, "told once");
}

#[test]
fn counts_that_were_never_taken_are_told_at_the_close() {
    let world = World::new();
    run(world.vault.record_refusal(&refusal("192.0.2.1")));
    run(world.vault.record_refusal(&refusal("192.0.2.1")));
    world.store.answer(usize::MAX, Err(StoreError::Full));
    for minute in 1..=5 {
        world.clock.raise_to(at(minute * MINUTE));
        run(world.vault.record_refusal(&refusal("192.0.2.1")));
    }
    world.store.heal();
    run(world.vault.close());
    assert_eq!(logged(&world), [told("192.0.2.0", None), told("192.0.2.0", Some(7))]);
}

#[test]
fn a_flood_before_a_store_that_takes_no_write_is_bounded_and_nothing_of_it_is_forgotten() {
    let world = World::new();
    world.store.answer(usize::MAX, Err(StoreError::Unavailable));
    let places = 2 * u32::try_from(limits::AUTH_FAILURE_KEYS).unwrap();
    for minute in 0..3 {
        world.clock.raise_to(at(i64::from(minute) * MINUTE));
        for value in minute * places..(minute + 1) * places {
            let origin = Some(IpAddr::V4(Ipv4Addr::from(0x0A00_0000 | (value << 8))));
            run(world.vault.record_refusal(&Failure { origin, ..refusal("192.0.2.1") }));
        }
    }
    world.store.heal();
    run(world.vault.close());
    let told = logged(&world);
    assert!(told.len() <= limits::AUTH_FAILURE_KEYS + 1, "{} records", told.len());
    assert_eq!(told.iter().filter_map(|(_, count)| *count).sum::<u64>(), u64::from(3 * places));
}

#[test]
fn a_caller_who_leaves_does_not_take_the_record_along() {
    for done in [true, false] {
        let world = World::new();
        for _ in 0..2 {
            run(world.vault.record_refusal(&refusal("192.0.2.1")));
        }
        world.clock.raise_to(at(MINUTE));
        world.store.on_commit(move |_| Step::Silence { write: done });
        let failure = refusal("198.51.100.1");
        let mut waiting = Box::pin(world.vault.record_refusal(&failure));
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "it waits for the disk");
        drop(waiting);
        let mut expected = vec![told("192.0.2.0", None)];
        if done {
            expected.extend([told("192.0.2.0", Some(2)), told("198.51.100.0", None)]);
        }
        assert_eq!(logged(&world), expected, "the store had all of it before the first wait");
        world.store.heal();
        run(world.vault.close());
        // Nobody heard how the write ended, so it is told again: twice is a nuisance, never is a hole.
        let mut again = logged(&world).split_off(expected.len());
        again.sort();
        assert_eq!(again, [told("192.0.2.0", Some(2)), told("198.51.100.0", Some(1))]);
    }
}

#[test]
fn an_address_is_told_as_its_network_alone() {
    let world = World::new();
    for (actor, address) in [(None, "::ffff:192.0.2.77"), (Some("pk"), "2001:db8:1:2:3:4:5:6")] {
        run(world.vault.record_refusal(&Failure { actor: actor.map(Into::into), ..refusal(address) }));
    }
    assert_eq!(logged(&world), [told("192.0.2.0", None), told("2001:db8:1:2::", None)]);
}
