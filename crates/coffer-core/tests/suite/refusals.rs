//! Refused callers in the audit log: the first of a minute at once, the others counted, all of it bounded.

use std::net::{IpAddr, Ipv4Addr};

use coffer_core::{Failure, FailureReason, store::StoreError};
use coffer_types::limits;
use serde_json::{Value, json};

use crate::support::{MINUTE, VISA, World, act, at, card, run};

fn refusal(address: &str) -> Failure {
    let origin = Some(address.parse().unwrap());
    Failure { reason: FailureReason::Unauthenticated, actor: None, origin }
}

/// Origin and count of the lines about refusals.
fn logged(world: &World) -> Vec<(String, Option<u64>)> {
    let lines = world.lines().into_iter().filter(|line| line["action"] == "access.refused");
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
        "actor": "unknown", "origin": "192.0.2.7", "reason": "unauthenticated",
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
    let first = [told("192.0.2.1", None), told("198.51.100.1", None), told("2001:db8:1:2:3::4", None)];
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
    let expected = [told("192.0.2.1", None), told("192.0.2.0", Some(3)), told("192.0.2.9", None)];
    assert_eq!(logged(&world), expected);
}

#[test]
fn what_is_still_counted_is_written_at_the_close() {
    let world = World::new();
    for _ in 0..2 {
        run(world.vault.record_refusal(&refusal("192.0.2.1")));
    }
    run(world.vault.close());
    assert_eq!(logged(&world), [told("192.0.2.1", None), told("192.0.2.0", Some(2))]);
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
    assert_eq!(logged(&world), [told("192.0.2.1", None), told("-", Some(3))]);
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
