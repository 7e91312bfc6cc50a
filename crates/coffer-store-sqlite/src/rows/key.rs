//! The wrapped keys. A key of the whole deployment has tenant 0, which no tenant has.

use coffer_core::store::KeyRow;
use coffer_crypto::WrappedKey;
use coffer_types::Tenant;
use rusqlite::{Connection, params};

use super::{columns::Columns, every, first, run};
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
    Ok(KeyRow {
        tenant: columns.maybe_tenant()?,
        purpose: columns.narrow()?,
        version: columns.narrow()?,
        created_at: columns.time()?,
        wrapped: WrappedKey(columns.bytes()?.to_vec()),
    })
}

fn owner(row: &KeyRow) -> u32 {
    row.tenant.map_or(0, Tenant::get)
}
