//! A store of the schema version before is brought to this one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::fs;

use coffer_core::{
    audit::Frame,
    store::{
        CounterKey, KeyRow, Position, Store,
        contract::{
            at, block_on, customer, instrument, number, reply, reusable, tenant, token, unique, unit,
        },
    },
};
use coffer_crypto::{KeyState, WrappedKey};
use coffer_store_sqlite::{OpenError, SqliteStore};
use coffer_types::Generation;
use common::{done, folder, foreign, open, options};

/// A store that a program of version 5 left behind.
const VERSION_5: &str = include_str!("samples/version_5.sql");

fn key(owner: Option<u32>, purpose: u8, made: i64) -> KeyRow {
    KeyRow {
        tenant: owner.map(tenant),
        purpose,
        version: 1,
        generation: Generation::FIRST,
        state: KeyState::Active,
        under: 1,
        created_at: at(made),
        active_at: Some(at(made)),
        changed_at: at(made),
        wrapped: WrappedKey(vec![2; 62]),
    }
}

#[test]
fn a_store_of_version_5_is_refused_untouched_and_migrated_whole() {
    let folder = folder();
    foreign(folder.path()).execute_batch(VERSION_5).unwrap();
    let before = fs::read(folder.path().join("coffer.db")).unwrap();
    let error = SqliteStore::open(folder.path(), options()).err().expect("it is refused");
    assert!(matches!(error, OpenError::Older { found: 5, wanted: 6 }));
    assert!(error.to_string().contains("coffer migrate"), "{error}");
    let other = SqliteStore::migrate(folder.path(), "live");
    assert!(matches!(other, Err(OpenError::Environment { .. })));
    assert_eq!(fs::read(folder.path().join("coffer.db")).unwrap(), before);

    assert!(matches!(SqliteStore::migrate(folder.path(), "sandbox"), Ok(true)));
    let again = SqliteStore::migrate(folder.path(), "sandbox");
    assert!(matches!(again, Ok(false)), "there is nothing left to do");
    let store = open(folder.path());
    let keys = vec![key(None, 1, 3), key(Some(1), 3, 9)];
    assert_eq!(block_on(store.keys()), Ok(keys.clone()));
    for value in 1..=3 {
        assert_eq!(block_on(store.token(tenant(1), number(value))), Ok(Some(token(value))));
    }
    assert_eq!(block_on(store.instrument(tenant(1), number(4))), Ok(Some(instrument(4))));
    assert_eq!(block_on(store.customer(tenant(1), number(5))), Ok(Some(customer(5))));
    assert_eq!(block_on(store.reusable(tenant(1), number(6))), Ok(Some(reusable(6))));
    assert_eq!(block_on(store.reply(tenant(1), reply(7).key)), Ok(Some(reply(7))));
    assert_eq!(block_on(store.holder(unique(1))), Ok(Some(number(4))));
    assert_eq!(block_on(store.counter(CounterKey::SANDBOX_CLOCK)), Ok(5));
    let frames = block_on(store.frames(None, 99)).unwrap();
    assert!(frames.len() == 5 && frames.iter().all(Frame::is_intact));

    let second = Generation::FIRST.next().unwrap();
    let next = KeyRow { generation: second, state: KeyState::DecryptOnly, ..keys[1].clone() };
    let goes_on = unit(9).insert(token(99)).replace_key(Generation::FIRST, next.clone());
    assert_eq!(done(&store, goes_on), Position(6), "and goes on where it was");
    assert_eq!(block_on(store.keys()), Ok(vec![keys[0].clone(), next]));
    assert!(matches!(SqliteStore::migrate(folder.path(), "sandbox"), Err(OpenError::InUse)));
}

#[test]
fn a_migration_that_fails_leaves_the_store_as_it_was() {
    let folder = folder();
    let connection = foreign(folder.path());
    // A key of which it is not known when it was made: its row does not go into the new table.
    let bent =
        VERSION_5.replace("created_at INTEGER NOT NULL,\n    wrapped ", "created_at INTEGER,\n    wrapped ");
    assert_ne!(bent, VERSION_5);
    connection.execute_batch(&bent).unwrap();
    connection.execute_batch("INSERT INTO keys VALUES (9, 1, 1, NULL, x'00')").unwrap();
    let rows = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(SqliteStore::migrate(folder.path(), "sandbox").is_err());
    assert_eq!(rows("SELECT user_version FROM pragma_user_version"), 5);
    assert_eq!(rows("SELECT count(*) FROM keys"), 3);
    assert_eq!(rows("SELECT count(*) FROM pragma_table_info('keys')"), 5);
    connection.execute_batch("DELETE FROM keys WHERE tenant = 9").unwrap();
    assert!(matches!(SqliteStore::migrate(folder.path(), "sandbox"), Ok(true)));
    assert_eq!(rows("SELECT count(*) FROM keys"), 2);
}

#[test]
fn nothing_is_migrated_where_nothing_is() {
    let folder = folder();
    assert!(matches!(SqliteStore::migrate(folder.path(), "sandbox"), Err(OpenError::Missing)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
