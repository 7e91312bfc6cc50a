//! The counters.

use coffer_core::store::cells::Cells;
use coffer_core::{
    moving::MovedRow,
    store::{CounterKey, CounterKind},
};
use rusqlite::{Connection, params};

use super::{columns::whole_number, first, moved, run};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "counters";

/// The value of a counter; zero when it was never added to.
pub(crate) fn read(connection: &Connection, key: &CounterKey) -> Result<u64, ReadError> {
    const SQL: &str = "SELECT value FROM counters WHERE kind = ?1 AND subject = ?2";
    let value = first(connection, TABLE, SQL, params![key.kind.code(), key.subject], whole_number)?;
    Ok(value.unwrap_or(0))
}

/// Adds to a counter, which stops at the largest signed integer: `coffer_core::store::COUNTER_MAX`. One statement, so
/// that a value that does not decode cannot stop a unit that has begun to write.
pub(crate) fn add(connection: &Connection, key: &CounterKey, by: u64) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT INTO counters (kind, subject, value) VALUES (?1, ?2, ?3) \
        ON CONFLICT DO UPDATE SET value = CASE WHEN value > 9223372036854775807 - excluded.value \
        THEN 9223372036854775807 ELSE value + excluded.value END";
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    run(connection, SQL, params![key.kind.code(), key.subject, by])
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT kind, subject, value FROM counters WHERE (kind, subject) > (?1, ?2) \
    ORDER BY kind, subject LIMIT ?3";

/// A page of counters behind one; kind -1 is before all.
pub(crate) fn behind(
    connection: &Connection,
    (kind, subject): (i64, [u8; 16]),
    at_most: u32,
) -> Result<Vec<MovedRow>, ReadError> {
    moved(connection, TABLE, BEHIND, params![kind, subject, at_most], |columns| {
        let kind = CounterKind::from_code(columns.narrow()?).ok_or_else(|| columns.unreadable())?;
        let key = CounterKey { kind, subject: columns.array()? };
        Ok(MovedRow::Counter { key, value: columns.narrow()? })
    })
}
