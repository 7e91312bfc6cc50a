//! The unique keys and the records that hold them.

use coffer_core::store::UniqueKey;
use coffer_types::RecordNumber;
use rusqlite::{Connection, params};

use super::{columns::record_number, first, run};
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
