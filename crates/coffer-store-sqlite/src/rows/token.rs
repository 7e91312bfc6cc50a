//! The short-lived table: single-use tokens.

use coffer_core::store::cells::Cells;
use coffer_core::store::{OldestProtected, Order, Stretch, TokenRow, TokenState, Window};
use coffer_crypto::Blob;
use coffer_types::{Generation, RecordNumber, Tenant, Timestamp};
use rusqlite::{Connection, params};

use super::{
    columns::{Columns, record_number, whole_number},
    every, face, first,
    numbered::{Numbered, numbered},
    run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "tokens";
/// What is asked of a row by its number.
pub(crate) const ROWS: Numbered = numbered!("tokens");

/// Writes a row over whatever is there under its number; what may be there was checked before.
pub(crate) fn put(connection: &Connection, row: &TokenRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO tokens (number, tenant, kind, generation, created_at, expires_at, \
        used_at, bin, last4, brand, salt, protected, sad, details) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let (used_at, protected, sad) = match &row.state {
        TokenState::Live { protected, sad } => {
            (None, Some(protected.as_bytes()), sad.as_ref().map(Blob::as_bytes))
        }
        TokenState::Used { at } => (Some(at.millis()), None, None),
        TokenState::Expired => (None, None, None),
    };
    let (bin, last4, brand) = face(row.face.as_ref());
    let values = params![
        row.number.get().cast_signed(),
        row.tenant.get(),
        row.kind.code(),
        row.generation.get(),
        row.created_at.millis(),
        row.expires_at.millis(),
        used_at,
        bin,
        last4,
        brand,
        row.salt.as_bytes(),
        protected,
        sad,
        row.details.as_bytes(),
    ];
    run(connection, SQL, values)
}

/// The token of this tenant under this number.
pub(crate) fn read(
    connection: &Connection,
    tenant: Tenant,
    number: RecordNumber,
) -> Result<Option<TokenRow>, ReadError> {
    const SQL: &str = "SELECT number, tenant, kind, generation, created_at, expires_at, used_at, bin, last4, brand, \
        salt, protected, sad, details FROM tokens WHERE number = ?1 AND tenant = ?2";
    first(connection, TABLE, SQL, params![number.get().cast_signed(), tenant.get()], decode)
}

/// See [`page`]. Kind 1 is [`TokenKind::SingleUse`].
pub(crate) const PAGE: &str = "SELECT number, tenant, kind, generation, created_at, expires_at, used_at, bin, last4, \
    brand, salt, protected, sad, details FROM tokens WHERE tenant = ?1 AND kind = 1 AND number >= ?2 AND number < ?3 \
    ORDER BY number DESC LIMIT ?4 OFFSET ?5";

/// See [`page`].
pub(crate) const PAGE_FROM_OLDEST: &str = "SELECT number, tenant, kind, generation, created_at, expires_at, used_at, \
    bin, last4, brand, salt, protected, sad, details FROM tokens WHERE tenant = ?1 AND kind = 1 AND number >= ?2 \
    AND number < ?3 ORDER BY number LIMIT ?4 OFFSET ?5";

/// A page of a tenant's single-use tokens.
pub(crate) fn page(
    connection: &Connection,
    tenant: Tenant,
    window: Window,
) -> Result<Vec<TokenRow>, ReadError> {
    let sql = match window.order {
        Order::NewestFirst => PAGE,
        Order::OldestFirst => PAGE_FROM_OLDEST,
    };
    every(connection, TABLE, sql, super::page(tenant, window), decode)
}

/// Rows of all tenants behind a number.
pub(crate) const BEHIND: &str = "SELECT number, tenant, kind, generation, created_at, expires_at, used_at, bin, last4, \
    brand, salt, protected, sad, details FROM tokens WHERE number > ?1 ORDER BY number LIMIT ?2";

/// See [`count`].
pub(crate) const COUNT: &str = "SELECT count(*) FROM tokens WHERE tenant = ?1 AND kind = 1 AND number >= ?2";

/// How many single-use tokens a tenant has from a number on.
pub(crate) fn count(connection: &Connection, tenant: Tenant, from: RecordNumber) -> Result<u64, ReadError> {
    let count =
        first(connection, TABLE, COUNT, params![tenant.get(), from.get().cast_signed()], whole_number)?;
    Ok(count.unwrap_or(0))
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<TokenRow, ReadError> {
    TokenRow::decode(columns)
}

/// Whether the token is this tenant's, at this generation, not used, not blanked, and not expired at this time.
pub(crate) fn is_live(
    connection: &Connection,
    (tenant, number): (Tenant, RecordNumber),
    generation: Generation,
    at: Timestamp,
) -> Result<bool, ReadError> {
    const SQL: &str = "SELECT tenant, generation, expires_at, used_at IS NULL AND protected IS NOT NULL \
        FROM tokens WHERE number = ?1";
    let live = first(connection, TABLE, SQL, [number.get().cast_signed()], |columns| {
        let (owner, current) = (columns.tenant()?, columns.generation()?);
        let (expires_at, usable) = (columns.time()?, columns.integer()? == 1);
        Ok(owner == tenant && current == generation && usable && at < expires_at)
    })?;
    Ok(live.unwrap_or(false))
}

/// Erases the oldest rows below a number, at most so many.
pub(crate) fn erase_below(
    connection: &Connection,
    number: RecordNumber,
    at_most: u32,
) -> rusqlite::Result<()> {
    const SQL: &str = "DELETE FROM tokens WHERE number IN \
        (SELECT number FROM tokens WHERE number < ?1 ORDER BY number LIMIT ?2)";
    run(connection, SQL, params![number.get().cast_signed(), at_most])
}

/// Takes what is protected and the CVV out of the unused rows of a stretch.
pub(crate) fn blank(connection: &Connection, stretch: Stretch) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE tokens SET protected = NULL, sad = NULL \
        WHERE number >= ?1 AND used_at IS NULL AND protected IS NOT NULL AND number < coalesce( \
        (SELECT number FROM tokens WHERE number >= ?1 AND number < ?2 ORDER BY number LIMIT 1 OFFSET ?3), ?2)";
    run(connection, SQL, bounds(stretch))
}

/// The stretch's end is looked up first: rows that go or come between the two reads are no rows that were passed over.
pub(crate) fn oldest_protected(
    connection: &Connection,
    stretch: Stretch,
) -> Result<OldestProtected, ReadError> {
    const END: &str =
        "SELECT number FROM tokens WHERE number >= ?1 AND number < ?2 ORDER BY number LIMIT 1 OFFSET ?3";
    const CARD: &str = "SELECT number FROM tokens WHERE number >= ?1 AND number < ?2 \
        AND used_at IS NULL AND protected IS NOT NULL ORDER BY number LIMIT 1";
    let end = first(connection, TABLE, END, bounds(stretch), record_number)?.unwrap_or(stretch.below);
    let (from, below) = (stretch.from.get().cast_signed(), end.get().cast_signed());
    let card = first(connection, TABLE, CARD, [from, below], record_number)?;
    Ok(card.map_or(OldestProtected::NoneBelow(end), OldestProtected::At))
}

fn bounds(stretch: Stretch) -> [i64; 3] {
    [stretch.from.get().cast_signed(), stretch.below.get().cast_signed(), stretch.at_most.into()]
}

pub(crate) fn lowest(connection: &Connection) -> Result<Option<RecordNumber>, ReadError> {
    edge(connection, "SELECT number FROM tokens ORDER BY number LIMIT 1")
}

fn edge(connection: &Connection, sql: &str) -> Result<Option<RecordNumber>, ReadError> {
    first(connection, TABLE, sql, [], record_number)
}
