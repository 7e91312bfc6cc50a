//! The rows: one file a table, with its SQL and its columns and nothing else.

pub(crate) mod columns;
pub(crate) mod counter;
pub(crate) mod frame;
pub(crate) mod index;
pub(crate) mod instrument;
pub(crate) mod key;
pub(crate) mod token;

use rusqlite::{Connection, Params};

use crate::errors::ReadError;
use columns::Columns;

/// The first row of a query, decoded. The statement is reset before this returns, and its snapshot ends.
pub(crate) fn first<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    decode: impl FnOnce(&mut Columns<'_, '_>) -> Result<T, ReadError>,
) -> Result<Option<T>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(|row| decode(&mut Columns::of(table, row))).transpose()
}

/// All rows of a query, decoded.
pub(crate) fn every<T>(
    connection: &Connection,
    table: &'static str,
    sql: &str,
    params: impl Params,
    mut decode: impl FnMut(&mut Columns<'_, '_>) -> Result<T, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(decode(&mut Columns::of(table, row))?);
    }
    Ok(found)
}

/// Carries out a statement that gives back no rows.
pub(crate) fn run(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(params)?;
    Ok(())
}
