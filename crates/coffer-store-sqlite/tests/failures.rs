//! A disk that is full, and a file that is damaged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{fs::OpenOptions, os::unix::fs::FileExt, path::Path};

use coffer_core::{
    audit::{Action, Fact},
    store::{
        Lost, Outcome, Position, Row, Store, StoreError,
        contract::{block_on, number, tenant, token, unique, unit},
    },
};
use coffer_store_sqlite::SqliteStore;
use common::{Pause, commit, done, folder, foreign, open, recording, until};

#[test]
fn a_full_disk_stops_writes_and_nothing_else() {
    let folder = folder();
    let store = open(folder.path());
    let fact = || Fact::system(Action::Create);
    done(&store, unit(1).insert(token(1)).fact(fact()));
    store.bound_pages(1);
    let mut kept = vec![1];
    let full = (2..10_000)
        .find(|value| match commit(&store, unit(*value).insert(token(*value)).fact(fact())) {
            Ok(Outcome::Done(position)) => {
                assert_eq!(position, Position(*value));
                kept.push(*value);
                false
            }
            Err(StoreError::Unavailable) => true,
            other => panic!("{other:?}"),
        })
        .expect("the last pages fill up");
    for _ in 0..3 {
        let again = commit(&store, unit(full).insert(token(full)).insert(token(full + 1)).fact(fact()));
        assert_eq!(again, Err(StoreError::Unavailable));
    }
    let wordy = unit(full).fact(fact().reason("x".repeat(50_000)));
    assert_eq!(commit(&store, wordy), Err(StoreError::Unavailable), "the frame itself finds no room");
    assert_eq!(
        commit(&store, unit(full).insert(token(1))),
        Ok(Outcome::Lost { lost: Lost::Exists, after: Position(full - 1) }),
        "what writes nothing is still answered"
    );
    assert!(store.ready(), "it recovers by itself");
    store.bound_pages(1 << 30);
    assert_eq!(done(&store, unit(full).insert(token(full)).fact(fact())), Position(full), "no gap");
    kept.push(full);
    for value in kept {
        assert_eq!(block_on(store.token(tenant(1), number(value))), Ok(Some(token(value))));
    }
    assert_eq!(block_on(store.token(tenant(1), number(full + 1))), Ok(None));
    let frames = block_on(store.frames(None, 20_000)).unwrap();
    let numbers: Vec<u64> = frames.iter().map(|frame| frame.number).collect();
    assert_eq!(
        numbers,
        (0..full).collect::<Vec<_>>(),
        "a batch that was rolled back leaves no gap in its lane"
    );
    assert!(frames.windows(2).all(|pair| pair[1].previous == pair[0].hash));
}

#[test]
fn a_unit_that_lost_inside_a_failed_batch_fails_with_it() {
    let folder = folder();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)));
    store.bound_pages(1);
    let pause = Pause::of(folder.path());
    let first = store.commit(unit(2).finish());
    // The writer has taken the first unit and stands still; the next three come into one batch.
    until(|| store.gauges().queued_units == 0);
    let index = |holder: u64| unit(holder).insert(Row::Index { key: unique(1), holder: number(holder) });
    let winner = store.commit(index(3).finish());
    let loser = store.commit(index(4).finish());
    let large = (1_000..1_500).fold(unit(5), |unit, value| unit.insert(token(value)));
    let large = store.commit(large.finish());
    drop(pause);
    assert_eq!(block_on(first), Ok(Outcome::Done(Position(2))));
    for pending in [winner, loser, large] {
        assert_eq!(
            block_on(pending),
            Err(StoreError::Unavailable),
            "nobody loses against what was rolled back"
        );
    }
    assert_eq!(block_on(store.holder(unique(1))), Ok(None));
    store.bound_pages(1 << 30);
    assert_eq!(done(&store, index(4)), Position(3));
}

fn overwrite_root_page(folder: &Path, table: &str) {
    let root: u64 = foreign(folder)
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0))
        .map(|page: i64| page.unsigned_abs())
        .unwrap();
    let file = OpenOptions::new().write(true).open(folder.join("coffer.db")).unwrap();
    file.write_all_at(&[0xFF; 4096], (root - 1) * 4096).unwrap();
    file.sync_all().unwrap();
}

#[test]
fn a_damaged_page_ends_the_store() {
    let folder = folder();
    drop(open(folder.path()));
    overwrite_root_page(folder.path(), "unique_keys");
    let (options, fatal) = recording();
    let store = SqliteStore::open(folder.path(), options).unwrap();
    done(&store, unit(1).insert(token(1)));
    assert_eq!(block_on(store.holder(unique(1))), Err(StoreError::Corrupt { table: "unique_keys" }));
    assert!(fatal.lock().unwrap().is_empty(), "a read that fails does not end the process");
    let index = Row::Index { key: unique(1), holder: number(1) };
    assert_eq!(commit(&store, unit(2).insert(index)), Err(StoreError::Unavailable));
    assert_eq!(*fatal.lock().unwrap(), ["corrupt database"]);
    assert!(!store.ready());
    assert_eq!(commit(&store, unit(3).insert(token(3))), Err(StoreError::Unavailable));
    assert_eq!(block_on(store.close()), Err(StoreError::Unavailable));
    assert_eq!(fatal.lock().unwrap().len(), 1);
}

#[test]
fn nothing_of_a_failed_batch_is_found_after_a_new_start() {
    let folder = folder();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)));
    store.bound_pages(1);
    let many = (2..500).fold(unit(2), |unit, value| unit.insert(token(value)));
    assert_eq!(commit(&store, many), Err(StoreError::Unavailable));
    drop(store);
    let store = open(folder.path());
    assert_eq!(block_on(store.newest_number()), Ok(Some(number(1))));
    assert_eq!(done(&store, unit(3).insert(token(2))), Position(2));
}
