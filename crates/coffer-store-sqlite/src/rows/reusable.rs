//! A durable table: reusable tokens.

use coffer_core::moving::MovedRow;
use coffer_core::store::{Ended, ReusableRow};
use coffer_crypto::Fingerprint;
use coffer_types::{RecordNumber, Tenant, Timestamp};
use rusqlite::{Connection, params};

use super::{
    columns::Columns,
    every, face, first, moved,
    numbered::{Numbered, numbered},
    run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "reusable_tokens";
/// What is asked of a row by its number.
pub(crate) const ROWS: Numbered = numbered!("reusable_tokens");

/// Writes a row over whatever is there under its number; what may be there was checked before.
pub(crate) fn put(connection: &Connection, row: &ReusableRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO reusable_tokens (number, tenant, generation, created_at, updated_at, \
        ends_at, bin, last4, brand, fingerprint, salt, protected, details) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let (bin, last4, brand) = face(row.face.as_ref());
    let values = params![
        row.number.get().cast_signed(),
        row.tenant.get(),
        row.generation.get(),
        row.created_at.millis(),
        row.updated_at.millis(),
        row.ends_at.millis(),
        bin,
        last4,
        brand,
        row.fingerprint.as_ref().map(Fingerprint::as_bytes),
        row.salt.as_bytes(),
        row.protected.as_bytes(),
        row.details.as_bytes(),
    ];
    run(connection, SQL, values)
}

/// The reusable token of this tenant under this number.
pub(crate) fn read(
    connection: &Connection,
    tenant: Tenant,
    number: RecordNumber,
) -> Result<Option<ReusableRow>, ReadError> {
    const SQL: &str = "SELECT number, tenant, generation, created_at, updated_at, ends_at, bin, last4, brand, \
        fingerprint, salt, protected, details FROM reusable_tokens WHERE number = ?1 AND tenant = ?2";
    first(connection, TABLE, SQL, params![number.get().cast_signed(), tenant.get()], decode)
}

/// See [`ended`].
pub(crate) const ENDED: &str = "SELECT number, tenant, generation, created_at, updated_at, ends_at, bin, last4, brand, \
    fingerprint, salt, protected, details FROM reusable_tokens WHERE (ends_at, number) > (?1, ?2) AND \
    ends_at <= ?3 ORDER BY ends_at, number LIMIT ?4";

/// The tokens whose time is over behind a place in the order of their ends.
pub(crate) fn ended(
    connection: &Connection,
    after: Ended,
    now: Timestamp,
    at_most: u32,
) -> Result<Vec<ReusableRow>, ReadError> {
    let after = (after.ends_at.millis(), after.number.get().cast_signed());
    every(connection, TABLE, ENDED, params![after.0, after.1, now.millis(), at_most], decode)
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<ReusableRow, ReadError> {
    ReusableRow::decode(columns)
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT number, tenant, generation, created_at, updated_at, ends_at, bin, last4, \
    brand, fingerprint, salt, protected, details FROM reusable_tokens WHERE number > ?1 ORDER BY number LIMIT ?2";

/// A page of all tenants' rows behind a number.
pub(crate) fn behind(connection: &Connection, number: i64, at_most: u32) -> Result<Vec<MovedRow>, ReadError> {
    moved(connection, TABLE, BEHIND, params![number, at_most], |columns| {
        Ok(MovedRow::Reusable(decode(columns)?))
    })
}
