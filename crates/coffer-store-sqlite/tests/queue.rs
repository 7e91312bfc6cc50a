//! The bounded queue: full at once, nothing lost that was accepted, nothing withdrawn.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use coffer_core::store::{
    Outcome, Position, Store, StoreError,
    contract::{block_on, number, tenant, token, unit},
};
use coffer_store_sqlite::{Options, SqliteStore};
use common::{Pause, done, folder, now, open, options};

#[test]
fn a_full_queue_refuses_at_once_and_loses_nothing() {
    let folder = folder();
    let small = Options { queue_units: 4, batch_units: 2, ..options() };
    let store = SqliteStore::open(folder.path(), small).unwrap();
    let pause = Pause::of(folder.path());
    let mut accepted = Vec::new();
    let refused = (1..=100)
        .find(|value| {
            let mut pending = store.commit(unit(*value).insert(token(*value)).finish());
            match now(&mut pending) {
                None => accepted.push((*value, pending)),
                Some(answer) => assert_eq!(answer, Err(StoreError::Full)),
            }
            accepted.len() < usize::try_from(*value).unwrap()
        })
        .expect("a queue of four units fills up");
    assert!((4..=6).contains(&accepted.len()), "the queue and at most one batch: {}", accepted.len());
    assert!(store.gauges().queued_units <= 4);
    assert!(store.ready(), "a full queue is no failure");
    let (kept, dropped): (Vec<_>, Vec<_>) = accepted.into_iter().partition(|(value, _)| value % 2 == 0);
    let dropped: Vec<u64> = dropped.into_iter().map(|(value, _)| value).collect();
    drop(pause);
    for (value, pending) in kept {
        assert_eq!(block_on(pending), Ok(Outcome::Done(Position(value))), "the order of the queue is kept");
    }
    let last = done(&store, unit(refused).insert(token(refused)));
    assert_eq!(last, Position(refused), "the refused unit took no place, and succeeds when it is sent again");
    for value in dropped {
        let row = block_on(store.token(tenant(1), number(value))).unwrap();
        assert_eq!(row, Some(token(value)), "a caller who hung up does not withdraw the unit");
    }
    assert_eq!(store.gauges().queued_units, 0);
}

#[test]
fn closing_and_dropping_finish_what_was_accepted() {
    let folder = folder();
    for (round, close) in [(0, true), (1000, false)] {
        let store = open(folder.path());
        let pause = Pause::of(folder.path());
        let pending: Vec<_> =
            (1..=50).map(|value| store.commit(unit(value).insert(token(round + value)).finish())).collect();
        if close {
            let mut closing = store.close();
            assert_eq!(now(&mut closing), None, "there is work to finish");
            let mut late = store.commit(unit(99).finish());
            assert_eq!(now(&mut late), Some(Err(StoreError::Unavailable)));
            assert!(!store.ready());
            drop(pause);
            assert_eq!(block_on(closing), Ok(()));
            assert_eq!(block_on(store.close()), Ok(()), "closing twice does no harm");
        } else {
            drop(pause);
        }
        drop(store);
        assert!(pending.into_iter().all(|pending| matches!(block_on(pending), Ok(Outcome::Done(_)))));
        let store = open(folder.path());
        for value in 1..=50 {
            let row = block_on(store.token(tenant(1), number(round + value))).unwrap();
            assert_eq!(row, Some(token(round + value)));
        }
    }
}

#[test]
fn units_that_queued_up_share_a_commit() {
    let folder = folder();
    let store = open(folder.path());
    let pause = Pause::of(folder.path());
    let pending: Vec<_> =
        (1..=100).map(|value| store.commit(unit(value).insert(token(value)).finish())).collect();
    drop(pause);
    for (position, pending) in (1..).zip(pending) {
        assert_eq!(block_on(pending), Ok(Outcome::Done(Position(position))));
    }
    let gauges = store.gauges();
    assert_eq!(gauges.units, 100);
    assert!(gauges.batches <= 2, "what came before the lock and what queued behind it: {}", gauges.batches);
    let frames = block_on(store.frames(None, 1000)).unwrap();
    assert_eq!(frames.len() as u64, gauges.batches, "one frame a commit");
}
