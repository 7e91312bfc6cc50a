//! The short-lived table: single-use tokens.

use coffer_core::store::{OldestCard, Stretch, TokenRow, TokenState};
use coffer_crypto::Blob;
use coffer_types::{Bin, Brand, Generation, RecordNumber, Tenant, Timestamp};
use rusqlite::{Connection, params};

use super::{
    columns::{Columns, record_number},
    first, run,
};
use crate::errors::ReadError;

pub(crate) const TABLE: &str = "tokens";

/// Writes a row over whatever is there under its number; what may be there was checked before.
pub(crate) fn put(connection: &Connection, row: &TokenRow) -> rusqlite::Result<()> {
    const SQL: &str = "INSERT OR REPLACE INTO tokens (number, tenant, generation, created_at, expires_at, used_at, \
        bin, last4, brand, salt, card, sad, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let (used_at, card, sad) = match &row.state {
        TokenState::Live { card, sad } => (None, Some(card.as_bytes()), sad.as_ref().map(Blob::as_bytes)),
        TokenState::Used { at } => (Some(at.millis()), None, None),
        TokenState::Expired => (None, None, None),
    };
    let values = params![
        row.number.get().cast_signed(),
        row.tenant.get(),
        row.generation.get(),
        row.created_at.millis(),
        row.expires_at.millis(),
        used_at,
        row.bin.as_ref().map(Bin::as_str),
        row.last4.as_str(),
        row.brand.map(Brand::code),
        row.salt.as_bytes(),
        card,
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
    const SQL: &str = "SELECT number, tenant, generation, created_at, expires_at, used_at, bin, last4, brand, salt, \
        card, sad, details FROM tokens WHERE number = ?1 AND tenant = ?2";
    first(connection, TABLE, SQL, params![number.get().cast_signed(), tenant.get()], decode)
}

fn decode(columns: &mut Columns<'_, '_>) -> Result<TokenRow, ReadError> {
    let (number, tenant, generation) = (columns.number()?, columns.tenant()?, columns.generation()?);
    let (created_at, expires_at) = (columns.time()?, columns.time()?);
    let used_at = columns.maybe_integer()?.map(Timestamp::from_millis);
    let (bin, last4, brand) = (columns.bin()?, columns.last4()?, columns.brand()?);
    let salt = columns.salt()?;
    let state = match (used_at, columns.maybe_blob()?, columns.maybe_blob()?) {
        (None, Some(card), sad) => TokenState::Live { card, sad },
        (Some(at), None, None) => TokenState::Used { at },
        (None, None, None) => TokenState::Expired,
        _ => return Err(columns.unreadable()),
    };
    let details = columns.blob()?;
    Ok(TokenRow {
        number,
        tenant,
        generation,
        created_at,
        expires_at,
        bin,
        last4,
        brand,
        salt,
        details,
        state,
    })
}

/// Whether the token is this tenant's, at this generation, not used, not blanked, and not expired at this time.
pub(crate) fn is_live(
    connection: &Connection,
    (tenant, number): (Tenant, RecordNumber),
    generation: Generation,
    at: Timestamp,
) -> Result<bool, ReadError> {
    const SQL: &str = "SELECT tenant, generation, expires_at, used_at IS NULL AND card IS NOT NULL \
        FROM tokens WHERE number = ?1";
    let live = first(connection, TABLE, SQL, [number.get().cast_signed()], |columns| {
        let (owner, current) = (columns.tenant()?, columns.generation()?);
        let (expires_at, usable) = (columns.time()?, columns.integer()? == 1);
        Ok(owner == tenant && current == generation && usable && at < expires_at)
    })?;
    Ok(live.unwrap_or(false))
}

/// Whether any tenant's row has this number.
pub(crate) fn exists(connection: &Connection, number: RecordNumber) -> Result<bool, ReadError> {
    const SQL: &str = "SELECT 1 FROM tokens WHERE number = ?1";
    Ok(first(connection, TABLE, SQL, [number.get().cast_signed()], |_| Ok(()))?.is_some())
}

pub(crate) fn erase(connection: &Connection, number: RecordNumber) -> rusqlite::Result<()> {
    run(connection, "DELETE FROM tokens WHERE number = ?1", [number.get().cast_signed()])
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

/// Takes card and CVV out of the unused rows of a stretch.
pub(crate) fn blank(connection: &Connection, stretch: Stretch) -> rusqlite::Result<()> {
    const SQL: &str = "UPDATE tokens SET card = NULL, sad = NULL \
        WHERE number >= ?1 AND used_at IS NULL AND card IS NOT NULL AND number < coalesce( \
        (SELECT number FROM tokens WHERE number >= ?1 AND number < ?2 ORDER BY number LIMIT 1 OFFSET ?3), ?2)";
    run(connection, SQL, bounds(stretch))
}

/// The stretch's end is looked up first: rows that go or come between the two reads are no rows that were passed over.
pub(crate) fn oldest_card(connection: &Connection, stretch: Stretch) -> Result<OldestCard, ReadError> {
    const END: &str =
        "SELECT number FROM tokens WHERE number >= ?1 AND number < ?2 ORDER BY number LIMIT 1 OFFSET ?3";
    const CARD: &str = "SELECT number FROM tokens WHERE number >= ?1 AND number < ?2 \
        AND used_at IS NULL AND card IS NOT NULL ORDER BY number LIMIT 1";
    let end = first(connection, TABLE, END, bounds(stretch), record_number)?.unwrap_or(stretch.below);
    let (from, below) = (stretch.from.get().cast_signed(), end.get().cast_signed());
    let card = first(connection, TABLE, CARD, [from, below], record_number)?;
    Ok(card.map_or(OldestCard::NoneBelow(end), OldestCard::At))
}

fn bounds(stretch: Stretch) -> [i64; 3] {
    [stretch.from.get().cast_signed(), stretch.below.get().cast_signed(), stretch.at_most.into()]
}

pub(crate) fn lowest(connection: &Connection) -> Result<Option<RecordNumber>, ReadError> {
    edge(connection, "SELECT number FROM tokens ORDER BY number LIMIT 1")
}

pub(crate) fn highest(connection: &Connection) -> Result<Option<RecordNumber>, ReadError> {
    edge(connection, "SELECT number FROM tokens ORDER BY number DESC LIMIT 1")
}

fn edge(connection: &Connection, sql: &str) -> Result<Option<RecordNumber>, ReadError> {
    first(connection, TABLE, sql, [], record_number)
}
