//! The wrapped keys. A key of the whole deployment has tenant 0, which no tenant has.

use coffer_core::store::cells::Cells;
use coffer_core::{
    moving::MovedRow,
    store::{KeyId, KeyRow},
};
use coffer_types::{Generation, Tenant, Timestamp};
use rusqlite::{Connection, params};

use super::{columns::Columns, every, first, moved, run};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "keys";

/// Writes a row over whatever is there under its id; what may be there was checked before.
pub(crate) fn put(connection: &Connection, row: &KeyRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO keys (tenant, purpose, version, generation, state, under, created_at, \
        active_at, changed_at, wrapped) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = params![
        owner(row.id()),
        row.purpose,
        row.version,
        row.generation.get(),
        row.state.code(),
        row.under,
        row.created_at.millis(),
        row.active_at.map(Timestamp::millis),
        row.changed_at.millis(),
        row.wrapped.0,
    ];
    run(connection, SQL, values)
}

/// Writes the whole table anew. The engine moves rows between pages and leaves what they were in the gaps of a page; a
/// page that is given back it fills with zeros. So nothing of a key that was destroyed or replaced before is left.
pub(crate) fn write_anew(connection: &Connection) -> rusqlite::Result<()> {
    run(connection, "CREATE TEMP TABLE keys_kept AS SELECT * FROM main.keys", [])?;
    run(connection, "DELETE FROM main.keys", [])?;
    run(
        connection,
        "INSERT INTO main.keys SELECT * FROM temp.keys_kept ORDER BY tenant, purpose, version",
        [],
    )?;
    run(connection, "DROP TABLE temp.keys_kept", [])
}

const GENERATION: &str = "SELECT generation FROM keys WHERE tenant = ?1 AND purpose = ?2 AND version = ?3";

/// Whether there is a key of the same tenant, purpose and version.
pub(crate) fn exists(connection: &Connection, id: KeyId) -> Result<bool, ReadError> {
    let values = params![owner(id), id.purpose, id.version];
    Ok(first(connection, TABLE, GENERATION, values, |_| Ok(()))?.is_some())
}

/// Whether the key is at this generation, in whatever state.
pub(crate) fn is_live(connection: &Connection, id: KeyId, generation: Generation) -> Result<bool, ReadError> {
    let values = params![owner(id), id.purpose, id.version];
    Ok(first(connection, TABLE, GENERATION, values, |columns| columns.generation())? == Some(generation))
}

/// All keys: the deployment's first, then by tenant, purpose and version.
pub(crate) fn all(connection: &Connection) -> Result<Vec<KeyRow>, ReadError> {
    const SQL: &str = "SELECT tenant, purpose, version, generation, state, under, created_at, active_at, changed_at, \
        wrapped FROM keys ORDER BY tenant, purpose, version";
    every(connection, TABLE, SQL, [], decode)
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<KeyRow, ReadError> {
    KeyRow::decode(columns)
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT tenant, purpose, version, generation, state, under, created_at, active_at, \
    changed_at, wrapped FROM keys WHERE (tenant, purpose, version) > (?1, ?2, ?3) \
    ORDER BY tenant, purpose, version LIMIT ?4";

/// A page of keys behind one; tenant -1 is before all.
pub(crate) fn behind(
    connection: &Connection,
    (tenant, purpose, version): (i64, u8, u32),
    at_most: u32,
) -> Result<Vec<MovedRow>, ReadError> {
    let values = params![tenant, purpose, version, at_most];
    moved(connection, TABLE, BEHIND, values, |columns| Ok(MovedRow::Key(decode(columns)?)))
}

fn owner(id: KeyId) -> u32 {
    id.tenant.map_or(0, Tenant::get)
}
