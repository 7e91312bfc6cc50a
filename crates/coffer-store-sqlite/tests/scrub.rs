//! The write-ahead log is cut to nothing: by itself, and when somebody asks for it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{fs, path::Path, time::Duration};

use coffer_core::store::{
    Store, StoreError,
    contract::{block_on, number, tenant, token, unit},
};
use coffer_store_sqlite::{Options, SqliteStore};
use common::{done, folder, foreign, open, options, until};

fn wal_bytes(folder: &Path) -> u64 {
    fs::metadata(folder.join("coffer.db-wal")).unwrap().len()
}

#[test]
fn when_nothing_is_written_any_more_the_log_is_cut() {
    let folder = folder();
    let store = open(folder.path());
    for value in 1..=3 {
        done(&store, unit(value).insert(token(value)));
        assert!(wal_bytes(folder.path()) > 0);
        until(|| wal_bytes(folder.path()) == 0);
    }
}

#[test]
fn under_steady_load_the_log_is_cut_too() {
    let folder = folder();
    let options = Options { wal_clean_after: Duration::from_millis(200), ..options() };
    let store = SqliteStore::open(folder.path(), options).unwrap();
    let (mut value, mut cuts) = (0, 0);
    while cuts < 3 {
        value += 1;
        assert!(value < 2_000_000, "it never happened");
        let before = wal_bytes(folder.path());
        done(&store, unit(value).insert(token(value)));
        // Nothing else makes the file shorter.
        cuts += u64::from(wal_bytes(folder.path()) < before);
    }
}

#[test]
fn who_asks_finds_an_empty_log_and_readers_that_do_not_end_are_not_waited_for() {
    let folder = folder();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)));
    block_on(store.scrub()).unwrap();
    assert_eq!(wal_bytes(folder.path()), 0);
    block_on(store.scrub()).unwrap();

    let reader = foreign(folder.path());
    reader.execute_batch("BEGIN; SELECT count(*) FROM tokens").unwrap();
    done(&store, unit(2).insert(token(2)));
    assert_eq!(block_on(store.scrub()), Err(StoreError::Unavailable));
    assert!(wal_bytes(folder.path()) > 0);
    done(&store, unit(3).insert(token(3)));
    assert_eq!(block_on(store.token(tenant(1), number(3))), Ok(Some(token(3))), "and all else goes on");
    reader.execute_batch("COMMIT").unwrap();
    block_on(store.scrub()).unwrap();
    assert_eq!(wal_bytes(folder.path()), 0);

    block_on(store.close()).unwrap();
    assert_eq!(block_on(store.scrub()), Err(StoreError::Unavailable));
}
