//! A durable table: stored instruments.

use coffer_core::moving::MovedRow;
use coffer_core::store::{InstrumentOutline, InstrumentRow, Order, Window};
use coffer_crypto::Fingerprint;
use coffer_types::{RecordNumber, Tenant};
use rusqlite::{Connection, params};

use super::{
    columns::{Columns, whole_number},
    every, face, first, moved,
    numbered::{Numbered, numbered},
    run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "instruments";
/// What is asked of a row by its number.
pub(crate) const ROWS: Numbered = numbered!("instruments");

/// Writes a row over whatever is there under its number; what may be there was checked before.
pub(crate) fn put(connection: &Connection, row: &InstrumentRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO instruments (number, tenant, generation, created_at, updated_at, bin, \
        last4, brand, fingerprint, salt, protected, details) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let (bin, last4, brand) = face(row.face.as_ref());
    let values = params![
        row.number.get().cast_signed(),
        row.tenant.get(),
        row.generation.get(),
        row.created_at.millis(),
        row.updated_at.millis(),
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

/// The instrument of this tenant under this number.
pub(crate) fn read(
    connection: &Connection,
    tenant: Tenant,
    number: RecordNumber,
) -> Result<Option<InstrumentRow>, ReadError> {
    const SQL: &str = "SELECT number, tenant, generation, created_at, updated_at, bin, last4, brand, fingerprint, \
        salt, protected, details FROM instruments WHERE number = ?1 AND tenant = ?2";
    first(connection, TABLE, SQL, params![number.get().cast_signed(), tenant.get()], decode)
}

/// See [`page`].
pub(crate) const PAGE: &str = "SELECT number, tenant, generation, created_at, updated_at, bin, last4, brand, \
    fingerprint, salt, protected, details FROM instruments WHERE tenant = ?1 AND number >= ?2 AND number < ?3 \
    ORDER BY number DESC LIMIT ?4 OFFSET ?5";

/// See [`page`].
pub(crate) const PAGE_FROM_OLDEST: &str = "SELECT number, tenant, generation, created_at, updated_at, bin, last4, \
    brand, fingerprint, salt, protected, details FROM instruments \
    WHERE tenant = ?1 AND number >= ?2 AND number < ?3 ORDER BY number LIMIT ?4 OFFSET ?5";

/// A page of a tenant's instruments.
pub(crate) fn page(
    connection: &Connection,
    tenant: Tenant,
    window: Window,
) -> Result<Vec<InstrumentRow>, ReadError> {
    let sql = match window.order {
        Order::NewestFirst => PAGE,
        Order::OldestFirst => PAGE_FROM_OLDEST,
    };
    every(connection, TABLE, sql, super::page(tenant, window), decode)
}

/// See [`outlines`]. The columns that stand before the blobs: no overflow page is read.
pub(crate) const OUTLINES: &str = "SELECT number, generation, created_at, updated_at, bin, last4, brand, fingerprint \
    FROM instruments WHERE tenant = ?1 AND number >= ?2 AND number < ?3 ORDER BY number DESC LIMIT ?4 OFFSET ?5";

/// See [`outlines`].
pub(crate) const OUTLINES_FROM_OLDEST: &str = "SELECT number, generation, created_at, updated_at, bin, last4, brand, \
    fingerprint FROM instruments WHERE tenant = ?1 AND number >= ?2 AND number < ?3 \
    ORDER BY number LIMIT ?4 OFFSET ?5";

/// What of a page of instruments lies in the clear.
pub(crate) fn outlines(
    connection: &Connection,
    tenant: Tenant,
    window: Window,
) -> Result<Vec<InstrumentOutline>, ReadError> {
    let sql = match window.order {
        Order::NewestFirst => OUTLINES,
        Order::OldestFirst => OUTLINES_FROM_OLDEST,
    };
    every(connection, TABLE, sql, super::page(tenant, window), |columns| InstrumentOutline::decode(columns))
}

/// See [`count`].
pub(crate) const COUNT: &str = "SELECT count(*) FROM instruments WHERE tenant = ?1";

/// How many instruments a tenant has.
pub(crate) fn count(connection: &Connection, tenant: Tenant) -> Result<u64, ReadError> {
    Ok(first(connection, TABLE, COUNT, [tenant.get()], whole_number)?.unwrap_or(0))
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<InstrumentRow, ReadError> {
    InstrumentRow::decode(columns)
}

/// See [`behind`].
pub(crate) const BEHIND: &str = "SELECT number, tenant, generation, created_at, updated_at, bin, last4, brand, \
    fingerprint, salt, protected, details FROM instruments WHERE number > ?1 ORDER BY number LIMIT ?2";

/// A page of all tenants' rows behind a number.
pub(crate) fn behind(connection: &Connection, number: i64, at_most: u32) -> Result<Vec<MovedRow>, ReadError> {
    moved(connection, TABLE, BEHIND, params![number, at_most], |columns| {
        Ok(MovedRow::Instrument(decode(columns)?))
    })
}
