//! Folders and files that are not opened, and rows that do not decode.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use coffer_core::store::{
    CounterKey, Ended, Order, Row, Store, StoreError, Window,
    contract::{block_on, customer, instrument, number, reusable, tenant, token, unique, unit, used},
};
use coffer_store_sqlite::{OpenError, Options, SqliteStore};
use coffer_types::Generation;
use common::{commit, done, folder, foreign, open, options};

fn refusal(folder: &Path, options: Options) -> OpenError {
    SqliteStore::open(folder, options).err().expect("the store is refused")
}

#[test]
fn one_process_at_a_time() {
    let folder = folder();
    let first = open(folder.path());
    assert!(matches!(refusal(folder.path(), options()), OpenError::InUse));
    done(&first, unit(1).insert(token(1)));
    drop(first);
    let second = open(folder.path());
    assert_eq!(block_on(second.token(tenant(1), number(1))), Ok(Some(token(1))));
}

#[test]
fn environments_are_kept_apart() {
    let folder = folder();
    drop(open(folder.path()));
    let live = Options { environment: "live", ..options() };
    match refusal(folder.path(), live) {
        OpenError::Environment { found, wanted } => assert_eq!((found.as_str(), wanted), ("sandbox", "live")),
        other => panic!("{other}"),
    }
    drop(open(folder.path()));
}

#[test]
fn a_counter_is_seen_from_outside_and_nothing_is_locked_or_made() {
    let folder = folder();
    let peek =
        |environment| SqliteStore::peek_counter(folder.path(), environment, &CounterKey::SANDBOX_CLOCK);
    assert!(peek("sandbox").is_err() && fs::read_dir(folder.path()).unwrap().count() == 0, "no file is made");
    let first = open(folder.path());
    assert!(matches!(peek("sandbox"), Ok(0)));
    done(&first, unit(1).add(CounterKey::SANDBOX_CLOCK, 1_800));
    assert!(matches!(peek("sandbox"), Ok(1_800)));
    done(&first, unit(2).add(CounterKey::SANDBOX_CLOCK, 1));
    drop(first);
    assert!(matches!(peek("sandbox"), Ok(1_801)));
    assert!(matches!(peek("live"), Err(OpenError::Environment { .. })));
    assert_eq!(block_on(open(folder.path()).counter(CounterKey::SANDBOX_CLOCK)), Ok(1_801));
}

#[test]
fn other_schema_versions_are_refused_untouched() {
    let folder = folder();
    drop(open(folder.path()));
    for other in [4, 7] {
        foreign(folder.path()).pragma_update(None, "user_version", other).unwrap();
        let before = fs::read(folder.path().join("coffer.db")).unwrap();
        match refusal(folder.path(), options()) {
            OpenError::Version { found, wanted } => assert_eq!((found, wanted), (other, 6)),
            other => panic!("{other}"),
        }
        assert_eq!(fs::read(folder.path().join("coffer.db")).unwrap(), before);
    }
}

#[test]
fn files_of_others_are_refused_untouched() {
    let text = folder();
    fs::write(text.path().join("coffer.db"), "this is not a database, it is a shopping list".repeat(100))
        .unwrap();
    let database = folder();
    foreign(database.path()).execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    for folder in [text, database] {
        let before = fs::read(folder.path().join("coffer.db")).unwrap();
        assert!(matches!(refusal(folder.path(), options()), OpenError::NotAStore));
        assert_eq!(fs::read(folder.path().join("coffer.db")).unwrap(), before);
    }
}

#[test]
fn a_making_that_was_cut_short_is_begun_again() {
    let folder = folder();
    fs::write(folder.path().join("coffer.db"), "").unwrap();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)));
}

#[test]
fn files_are_for_their_owner_alone() {
    let parent = folder();
    let folder = parent.path().join("deep").join("data");
    let store = open(&folder);
    done(&store, unit(1).insert(token(1)));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["coffer.db", "coffer.db-wal", "coffer.db-shm", "lock"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
}

#[test]
fn what_was_open_to_others_is_closed() {
    let parent = folder();
    let folder = parent.path().join("data");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let names = ["coffer.db", "coffer.db-wal", "coffer.db-shm", "lock"];
    let store = open(&folder);
    done(&store, unit(1).insert(token(1)));
    // What a crash leaves behind: the log, which a close would have taken away.
    let left: Vec<_> = names.iter().map(|name| fs::read(folder.join(name)).unwrap()).collect();
    drop(store);
    for (name, bytes) in names.iter().zip(left) {
        fs::write(folder.join(name), bytes).unwrap();
        set(&folder.join(name), 0o666);
    }
    set(&folder, 0o755);
    let store = open(&folder);
    assert_eq!(mode(&folder), 0o700);
    for name in names {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
    assert_eq!(block_on(store.token(tenant(1), number(1))), Ok(Some(token(1))));
}

#[test]
fn a_folder_of_others_keeps_its_mode() {
    let folder = folder();
    foreign(folder.path()).execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let paths = [folder.path().to_path_buf(), folder.path().join("coffer.db")];
    for path in &paths {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert!(matches!(refusal(folder.path(), options()), OpenError::NotAStore));
    for path in &paths {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o755);
    }
}

/// The rows are bent with the engine itself, as a tool or a newer version would do it.
#[test]
fn rows_that_do_not_decode_are_reported() {
    let bends = [
        "UPDATE tokens SET brand = 999",
        "UPDATE tokens SET brand = -1",
        "UPDATE tokens SET last4 = 'four'",
        "UPDATE tokens SET last4 = NULL",
        "UPDATE tokens SET last4 = NULL, bin = NULL",
        "UPDATE tokens SET bin = ''",
        "UPDATE tokens SET salt = x'00'",
        "UPDATE tokens SET generation = 0",
        "UPDATE tokens SET generation = 4294967296",
        "UPDATE tokens SET protected = NULL",
        "UPDATE tokens SET protected = NULL, used_at = 5",
        "UPDATE tokens SET used_at = 5",
    ];
    for bend in bends {
        let folder = folder();
        let store = open(folder.path());
        done(&store, unit(1).insert(token(2)));
        foreign(folder.path()).execute_batch(bend).unwrap();
        let read = block_on(store.token(tenant(1), number(2)));
        assert_eq!(read, Err(StoreError::Corrupt { table: "tokens" }), "{bend}");
        let window =
            Window { from: number(0), below: number(9), skip: 0, at_most: 9, order: Order::NewestFirst };
        let page = block_on(store.tokens(tenant(1), window));
        assert_eq!(page, Err(StoreError::Corrupt { table: "tokens" }), "{bend}");
        assert_eq!(block_on(store.count_tokens(tenant(1), number(0))), Ok(1), "a count needs no row");
    }
}

#[test]
fn durable_rows_and_kinds_that_do_not_decode_are_reported() {
    let bends = [
        ("UPDATE instruments SET fingerprint = x'00'", "instruments"),
        ("UPDATE instruments SET last4 = NULL, brand = 1", "instruments"),
        ("UPDATE instruments SET generation = -1", "instruments"),
        ("UPDATE customers SET generation = 0", "customers"),
        ("UPDATE customers SET salt = x''", "customers"),
        ("UPDATE reusable_tokens SET fingerprint = x'00'", "reusable_tokens"),
        ("UPDATE reusable_tokens SET last4 = NULL", "reusable_tokens"),
        ("UPDATE reusable_tokens SET generation = 0", "reusable_tokens"),
        ("UPDATE tokens SET kind = 9", "tokens"),
        ("UPDATE tokens SET kind = 0", "tokens"),
    ];
    for (bend, table) in bends {
        let folder = folder();
        let store = open(folder.path());
        done(&store, unit(1).insert(instrument(2)).insert(customer(3)).insert(reusable(4)).insert(token(5)));
        foreign(folder.path()).execute_batch(bend).unwrap();
        let corrupt = StoreError::Corrupt { table };
        match table {
            "instruments" => {
                assert_eq!(block_on(store.instrument(tenant(1), number(2))), Err(corrupt), "{bend}");
            }
            "customers" => assert_eq!(block_on(store.customer(tenant(1), number(3))), Err(corrupt), "{bend}"),
            "tokens" => assert_eq!(block_on(store.token(tenant(1), number(5))), Err(corrupt), "{bend}"),
            _ => {
                assert_eq!(block_on(store.reusable(tenant(1), number(4))), Err(corrupt), "{bend}");
                let end = reusable(4).ends_at;
                assert_eq!(block_on(store.ended_reusables(Ended::NOTHING, end, 9)), Err(corrupt), "{bend}");
            }
        }
    }
}

#[test]
fn a_row_that_does_not_decode_stops_only_the_units_that_need_it() {
    let folder = folder();
    let store = open(folder.path());
    done(&store, unit(1).insert(token(1)).insert(instrument(2)));
    done(&store, unit(2).insert(Row::Index { key: unique(1), holder: number(2) }));
    foreign(folder.path())
        .execute_batch("UPDATE tokens SET generation = 0; UPDATE unique_keys SET holder = -1;")
        .unwrap();
    let redeem = commit(&store, unit(3).replace_token(Generation::FIRST, used(1, 1)));
    assert_eq!(redeem, Err(StoreError::Corrupt { table: "tokens" }));
    let index = commit(&store, unit(4).insert(Row::Index { key: unique(1), holder: number(3) }));
    assert_eq!(index, Err(StoreError::Corrupt { table: "unique_keys" }));
    assert_eq!(block_on(store.holder(unique(1))), Err(StoreError::Corrupt { table: "unique_keys" }));
    done(&store, unit(5).insert(token(3)));
    assert!(store.ready());
}
