//! A durable table: customers.

use coffer_core::moving::MovedRow;
use coffer_core::store::CustomerRow;
use coffer_types::{RecordNumber, Tenant};
use rusqlite::{Connection, params};

use super::{
    columns::Columns,
    first, moved,
    numbered::{Numbered, numbered},
    run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "customers";
/// What is asked of a row by its number.
pub(crate) const ROWS: Numbered = numbered!("customers");

/// Writes a row over whatever is there under its number; what may be there was checked before.
pub(crate) fn put(connection: &Connection, row: &CustomerRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO customers (number, tenant, generation, created_at, updated_at, salt, \
        details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let values = params![
        row.number.get().cast_signed(),
        row.tenant.get(),
        row.generation.get(),
        row.created_at.millis(),
        row.updated_at.millis(),
        row.salt.as_bytes(),
        row.details.as_bytes(),
    ];
    run(connection, SQL, values)
}

/// The customer of this tenant under this number.
pub(crate) fn read(
    connection: &Connection,
    tenant: Tenant,
    number: RecordNumber,
) -> Result<Option<CustomerRow>, ReadError> {
    const SQL: &str = "SELECT number, tenant, generation, created_at, updated_at, salt, details FROM customers \
        WHERE number = ?1 AND tenant = ?2";
    first(connection, TABLE, SQL, params![number.get().cast_signed(), tenant.get()], decode)
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<CustomerRow, ReadError> {
    CustomerRow::decode(columns)
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT number, tenant, generation, created_at, updated_at, salt, details \
    FROM customers WHERE number > ?1 ORDER BY number LIMIT ?2";

/// A page of all tenants' rows behind a number.
pub(crate) fn behind(connection: &Connection, number: i64, at_most: u32) -> Result<Vec<MovedRow>, ReadError> {
    moved(connection, TABLE, BEHIND, params![number, at_most], |columns| {
        Ok(MovedRow::Customer(decode(columns)?))
    })
}
