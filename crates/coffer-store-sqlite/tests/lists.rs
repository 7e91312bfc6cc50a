//! Lists beside the writer: a list sees whole commits, waits for no batch and holds none up.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::thread;

use coffer_core::store::{
    IndexKind, Order, Row, Store, TokenRow, Window,
    contract::{block_on, instrument, number, tenant, token, unique, unit},
};
use common::{Pause, done, folder, foreign, now, open};

fn window(from: u64, below: u64, at_most: u32) -> Window {
    Window { from: number(from), below: number(below), skip: 0, at_most, order: Order::NewestFirst }
}

fn numbers(rows: &[TokenRow]) -> Vec<u64> {
    rows.iter().map(|row| row.number.get()).collect()
}

#[test]
fn lists_are_read_while_the_writer_stands_still() {
    let folder = folder();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)).insert(instrument(2)));
    done(&store, unit(2).insert(Row::Index { key: unique(7), holder: number(2) }));
    let pause = Pause::of(folder.path());
    let mut pending = store.commit(unit(3).insert(token(3)).finish());
    assert_eq!(now(&mut pending), None);
    assert_eq!(block_on(store.tokens(tenant(1), window(0, 9, 9))), Ok(vec![token(1)]));
    assert_eq!(block_on(store.count_tokens(tenant(1), number(0))), Ok(1));
    assert_eq!(block_on(store.instruments(tenant(1), window(0, 9, 9))), Ok(vec![instrument(2)]));
    assert_eq!(block_on(store.count_instruments(tenant(1))), Ok(1));
    let held = block_on(store.holders(tenant(1), IndexKind::CustomerInstrument, [7; 8], 9));
    assert_eq!(held, Ok(vec![number(2)]));
    drop(pause);
    block_on(pending).unwrap();
    assert_eq!(block_on(store.tokens(tenant(1), window(0, 9, 9))), Ok(vec![token(3), token(1)]));
}

#[test]
fn what_is_not_committed_is_not_seen() {
    let folder = folder();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)).insert(token(2)));
    let half = foreign(folder.path());
    half.execute_batch("BEGIN IMMEDIATE; DELETE FROM tokens WHERE number = 1").unwrap();
    assert_eq!(block_on(store.tokens(tenant(1), window(0, 9, 9))), Ok(vec![token(2), token(1)]));
    assert_eq!(block_on(store.count_tokens(tenant(1), number(0))), Ok(2));
    half.execute_batch("COMMIT").unwrap();
    assert_eq!(block_on(store.tokens(tenant(1), window(0, 9, 9))), Ok(vec![token(2)]));
}

/// Every unit brings two rows: whoever counts sees both or none of them, and no page has a hole.
#[test]
fn a_list_beside_many_commits_sees_whole_units() {
    const UNITS: u64 = 300;
    let folder = folder();
    let store = open(folder.path());
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for value in 1..=UNITS {
                done(&store, unit(value).insert(token(2 * value)).insert(token(2 * value + 1)));
            }
        });
        let (mut seen, mut looks) = (0, 0);
        while seen < 2 * UNITS {
            let count = block_on(store.count_tokens(tenant(1), number(0))).unwrap();
            assert!(count.is_multiple_of(2) && count >= seen, "{count} after {seen}");
            seen = count;
            let page = block_on(store.tokens(tenant(1), window(0, 10_000, 7))).unwrap();
            let newest = page.first().map_or(1, |row| row.number.get());
            assert!(!newest.is_multiple_of(2) && newest > count, "{newest} ends a unit and is not older");
            let expected: Vec<u64> = (2..=newest).rev().take(7).collect();
            assert_eq!(numbers(&page), expected);
            looks += 1;
            assert!(looks < 1_000_000, "the writer goes on");
        }
        writer.join().unwrap();
    });
}

#[test]
fn callers_who_leave_harm_nothing() {
    let folder = folder();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)));
    for _ in 0..1_000 {
        drop(store.tokens(tenant(1), window(0, 9, 9)));
    }
    // Those that were still waiting leave their places again.
    loop {
        match block_on(store.tokens(tenant(1), window(0, 9, 9))) {
            Ok(rows) => break assert_eq!(rows, [token(1)]),
            Err(error) => assert_eq!(error, coffer_core::store::StoreError::Full),
        }
    }
    done(&store, unit(2).insert(token(2)));
    assert_eq!(block_on(store.count_tokens(tenant(1), number(0))), Ok(2));
}
