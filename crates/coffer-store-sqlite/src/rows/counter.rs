//! The counters.

use coffer_core::store::CounterKey;
use rusqlite::{Connection, params};

use super::{columns::whole_number, first, run};
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
