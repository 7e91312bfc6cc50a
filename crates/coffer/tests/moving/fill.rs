//! A sandbox with many rows, which open nothing: what a command is killed in the middle of.

use std::{future::Future, path::Path, pin::pin, task};

use coffer_core::{
    moving::{ImportState, Movable, MovedRow, RowKey, Stored, Table},
    store::{CounterKey, ReusableRow},
};
use coffer_crypto::{Blob, Salt};
use coffer_store_sqlite::SqliteMoving;
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};

use crate::support::{Node, home};

fn wait<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut task::Context::from_waker(task::Waker::noop())) {
        task::Poll::Ready(value) => value,
        task::Poll::Pending => panic!("the embedded store never waits"),
    }
}

fn row(at: u64) -> MovedRow {
    MovedRow::Reusable(ReusableRow {
        number: RecordNumber::from_u64((1 << 50) + at).expect("a number"),
        tenant: Tenant::new(2).expect("a tenant"),
        generation: Generation::FIRST,
        created_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(2),
        ends_at: Timestamp::from_millis(i64::MAX),
        face: None,
        fingerprint: None,
        salt: Salt::from_bytes([at.to_le_bytes()[0]; 32]),
        protected: Blob::from_bytes(at.to_be_bytes().repeat(6)),
        details: Blob::from_bytes(at.to_be_bytes().repeat(100)),
    })
}

/// A sandbox that was started once, with so many reusable tokens.
pub(crate) fn filled(count: u64) -> tempfile::TempDir {
    let folder = home();
    assert!(Node::sandbox(folder.path()).stop(), "it ends");
    let store = SqliteMoving::target(&folder.path().join("data"), "sandbox").expect("a store");
    let state = ImportState { export: [0; 16], parts: 0 };
    for from in (0..count).step_by(5_000) {
        let rows = (from..count.min(from + 5_000)).map(row).collect();
        assert_eq!(wait(store.put(rows, state)), Ok(Stored::All));
    }
    wait(store.finish()).expect("the mark goes");
    folder
}

/// A sandbox into which the import of this export has begun, and no more.
pub(crate) fn begun(home: &Path, export: &str) {
    let store = SqliteMoving::target(&home.join("data"), "sandbox").expect("a store");
    let id = u128::from_str_radix(export, 16).expect("an id").to_be_bytes();
    wait(store.begin(id)).expect("a mark");
}

/// Whether a row says how often, or when, a store was restored: an import writes its own.
fn is_epoch(row: &MovedRow) -> bool {
    let epoch = [CounterKey::RESTORES, CounterKey::RESTORED_AT];
    matches!(row, MovedRow::Counter { key, .. } if epoch.contains(key))
}

/// Every row of a sandbox that is not running, but for its restore epoch.
pub(crate) fn everything(home: &Path) -> Vec<MovedRow> {
    let store = SqliteMoving::source(&home.join("data"), "sandbox").expect("a store");
    let mut all = Vec::new();
    for table in Table::ALL {
        let mut after: Option<RowKey> = None;
        loop {
            let page = wait(store.page(table, after, 10_000)).expect("a page");
            let Some(last) = page.last() else { break };
            after = Some(last.key());
            all.extend(page.into_iter().filter(|row| !is_epoch(row)));
        }
    }
    all
}
