//! The wrapped keys. A key of the whole deployment has tenant 0, which no tenant has.

use coffer_core::{moving::MovedRow, store::KeyRow};
use coffer_types::Tenant;
use rusqlite::{Connection, params};

use super::{columns::Columns, every, first, moved, run};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "keys";

/// Writes a key; that its version is new was checked before.
pub(crate) fn put(connection: &Connection, row: &KeyRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO keys (tenant, purpose, version, created_at, wrapped) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![owner(row), row.purpose, row.version, row.created_at.millis(), row.wrapped.0];
    run(connection, SQL, values)
}

/// Whether there is a key of the same tenant, purpose and version.
pub(crate) fn exists(connection: &Connection, row: &KeyRow) -> Result<bool, ReadError> {
    const SQL: &str = "SELECT 1 FROM keys WHERE tenant = ?1 AND purpose = ?2 AND version = ?3";
    Ok(first(connection, TABLE, SQL, params![owner(row), row.purpose, row.version], |_| Ok(()))?.is_some())
}

/// All keys: the deployment's first, then by tenant, purpose and version.
pub(crate) fn all(connection: &Connection) -> Result<Vec<KeyRow>, ReadError> {
    const SQL: &str =
        "SELECT tenant, purpose, version, created_at, wrapped FROM keys ORDER BY tenant, purpose, version";
    every(connection, TABLE, SQL, [], decode)
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<KeyRow, ReadError> {
    KeyRow::decode(columns)
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT tenant, purpose, version, created_at, wrapped FROM keys \
    WHERE (tenant, purpose, version) > (?1, ?2, ?3) ORDER BY tenant, purpose, version LIMIT ?4";

/// A page of keys behind one; tenant -1 is before all.
pub(crate) fn behind(
    connection: &Connection,
    (tenant, purpose, version): (i64, u8, u32),
    at_most: u32,
) -> Result<Vec<MovedRow>, ReadError> {
    let values = params![tenant, purpose, version, at_most];
    moved(connection, TABLE, BEHIND, values, |columns| Ok(MovedRow::Key(decode(columns)?)))
}

fn owner(row: &KeyRow) -> u32 {
    row.tenant.map_or(0, Tenant::get)
}
