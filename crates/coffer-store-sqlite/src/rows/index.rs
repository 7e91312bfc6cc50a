//! The unique keys and the records that hold them.

use coffer_core::store::cells::Cells;
use coffer_core::{
    moving::MovedRow,
    store::{IndexKind, Order, UniqueKey, Window},
};
use coffer_types::{RecordNumber, Tenant};
use rusqlite::{Connection, params};

use super::{columns::record_number, every, first, moved, run};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "unique_keys";

/// Gives a key to a record; that nobody else holds it was checked before.
pub(crate) fn put(connection: &Connection, key: &UniqueKey, holder: RecordNumber) -> rusqlite::Result<()> {
    const SQL: &str =
        "INSERT OR REPLACE INTO unique_keys (tenant, kind, value, holder) VALUES (?1, ?2, ?3, ?4)";
    run(connection, SQL, params![key.tenant.get(), key.kind.code(), key.value, holder.get().cast_signed()])
}

/// The record that holds a key.
pub(crate) fn read(connection: &Connection, key: &UniqueKey) -> Result<Option<RecordNumber>, ReadError> {
    const SQL: &str = "SELECT holder FROM unique_keys WHERE tenant = ?1 AND kind = ?2 AND value = ?3";
    first(connection, TABLE, SQL, params![key.tenant.get(), key.kind.code(), key.value], record_number)
}

/// See [`beginning`].
pub(crate) const BEGINNING: &str = "SELECT holder FROM unique_keys WHERE tenant = ?1 AND kind = ?2 AND value >= ?3 \
    AND value <= ?4 ORDER BY holder LIMIT ?5";

/// The records that hold keys which begin alike, lowest number first.
pub(crate) fn beginning(
    connection: &Connection,
    (tenant, kind): (Tenant, IndexKind),
    prefix: [u8; 8],
    at_most: u32,
) -> Result<Vec<RecordNumber>, ReadError> {
    let bound = |rest: u8| {
        let mut value = [rest; 16];
        value[..8].copy_from_slice(&prefix);
        value
    };
    let values = params![tenant.get(), kind.code(), bound(0), bound(u8::MAX), at_most];
    every(connection, TABLE, BEGINNING, values, record_number)
}

/// See [`members`].
pub(crate) const MEMBERS: &str = "SELECT holder FROM unique_keys WHERE tenant = ?1 AND kind = ?2 AND value >= ?3 \
    AND value < ?4 ORDER BY value DESC LIMIT ?5 OFFSET ?6";

/// See [`members`].
pub(crate) const MEMBERS_FROM_OLDEST: &str = "SELECT holder FROM unique_keys WHERE tenant = ?1 AND kind = ?2 \
    AND value >= ?3 AND value < ?4 ORDER BY value LIMIT ?5 OFFSET ?6";

/// The records that hold keys which begin alike and go on with a number of a window.
pub(crate) fn members(
    connection: &Connection,
    (tenant, kind): (Tenant, IndexKind),
    prefix: [u8; 8],
    window: Window,
) -> Result<Vec<RecordNumber>, ReadError> {
    let bound = |number: RecordNumber| {
        let mut value = [0; 16];
        value[..8].copy_from_slice(&prefix);
        value[8..].copy_from_slice(&number.get().to_be_bytes());
        value
    };
    let sql = match window.order {
        Order::NewestFirst => MEMBERS,
        Order::OldestFirst => MEMBERS_FROM_OLDEST,
    };
    let (from, below) = (bound(window.from), bound(window.below));
    let values = params![tenant.get(), kind.code(), from, below, window.at_most, window.skip];
    every(connection, TABLE, sql, values, record_number)
}

/// Nobody holds the key any more.
pub(crate) fn erase(connection: &Connection, key: &UniqueKey) -> rusqlite::Result<()> {
    const SQL: &str = "DELETE FROM unique_keys WHERE tenant = ?1 AND kind = ?2 AND value = ?3";
    run(connection, SQL, params![key.tenant.get(), key.kind.code(), key.value])
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT tenant, kind, value, holder FROM unique_keys \
    WHERE (tenant, kind, value) > (?1, ?2, ?3) ORDER BY tenant, kind, value LIMIT ?4";

/// A page of unique keys behind one; tenant -1 is before all.
pub(crate) fn behind(
    connection: &Connection,
    (tenant, kind, value): (i64, u8, [u8; 16]),
    at_most: u32,
) -> Result<Vec<MovedRow>, ReadError> {
    moved(connection, TABLE, BEHIND, params![tenant, kind, value, at_most], |columns| {
        let tenant = columns.tenant()?;
        let kind = IndexKind::from_code(columns.narrow()?).ok_or_else(|| columns.unreadable())?;
        let key = UniqueKey { tenant, kind, value: columns.array()? };
        Ok(MovedRow::UniqueKey { key, holder: columns.number()? })
    })
}
