//! A durable table: what was answered to acts that may be asked for again.

use coffer_core::moving::MovedRow;
use coffer_core::store::ReplyRow;
use coffer_crypto::Blob;
use coffer_types::{RecordNumber, Tenant};
use rusqlite::{Connection, params};

use super::{
    columns::{Columns, record_number},
    first, moved,
    numbered::{Numbered, numbered},
    run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "replies";
/// What is asked of a row by its number.
pub(crate) const ROWS: Numbered = numbered!("replies");

/// Writes a row over whatever is there under its number; what may be there was checked before.
pub(crate) fn put(connection: &Connection, row: &ReplyRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO replies (number, tenant, key, generation, salt, sad, details) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = params![
        row.number.get().cast_signed(),
        row.tenant.get(),
        row.key,
        row.generation.get(),
        row.salt.as_bytes(),
        row.sad.as_ref().map(Blob::as_bytes),
        row.details.as_bytes(),
    ];
    run(connection, SQL, values)
}

/// See [`read`].
pub(crate) const BY_KEY: &str =
    "SELECT number, tenant, key, generation, salt, sad, details FROM replies WHERE tenant = ?1 AND key = ?2";

/// The reply of this tenant under this key.
pub(crate) fn read(
    connection: &Connection,
    tenant: Tenant,
    key: [u8; 16],
) -> Result<Option<ReplyRow>, ReadError> {
    first(connection, TABLE, BY_KEY, params![tenant.get(), key], decode)
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<ReplyRow, ReadError> {
    ReplyRow::decode(columns)
}

/// Whether the tenant has a reply under this key.
pub(crate) fn is_held(connection: &Connection, row: &ReplyRow) -> Result<bool, ReadError> {
    const SQL: &str = "SELECT 1 FROM replies WHERE tenant = ?1 AND key = ?2";
    Ok(first(connection, TABLE, SQL, params![row.tenant.get(), row.key], |_| Ok(()))?.is_some())
}

/// Erases the oldest rows below a number, at most so many.
pub(crate) fn erase_below(
    connection: &Connection,
    number: RecordNumber,
    at_most: u32,
) -> rusqlite::Result<()> {
    const SQL: &str = "DELETE FROM replies WHERE number IN \
        (SELECT number FROM replies WHERE number < ?1 ORDER BY number LIMIT ?2)";
    run(connection, SQL, params![number.get().cast_signed(), at_most])
}

pub(crate) fn lowest(connection: &Connection) -> Result<Option<RecordNumber>, ReadError> {
    first(connection, TABLE, "SELECT number FROM replies ORDER BY number LIMIT 1", [], record_number)
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT number, tenant, key, generation, salt, sad, details FROM replies \
    WHERE number > ?1 ORDER BY number LIMIT ?2";

/// A page of all tenants' rows behind a number.
pub(crate) fn behind(connection: &Connection, number: i64, at_most: u32) -> Result<Vec<MovedRow>, ReadError> {
    moved(connection, TABLE, BEHIND, params![number, at_most], |columns| {
        Ok(MovedRow::Reply(decode(columns)?.into()))
    })
}
