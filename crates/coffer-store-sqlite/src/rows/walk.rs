//! Walks through a whole table of numbered records: the rows of all tenants, in the order of their numbers.

use coffer_core::store::{CustomerRow, InstrumentRow, RecordTable, ReplyRow, ReusableRow, Row, TokenRow};
use coffer_types::RecordNumber;
use rusqlite::{Connection, params};

use super::{columns::Columns, customer, every, instrument, reply, reusable, token};
use crate::errors::ReadError;

/// Rows of a table from a number on, at most so many.
pub(crate) fn rows(
    connection: &Connection,
    table: RecordTable,
    from: RecordNumber,
    at_most: u32,
) -> Result<Vec<Row>, ReadError> {
    let sql = match table {
        RecordTable::Tokens => token::BEHIND,
        RecordTable::Customers => customer::BEHIND,
        RecordTable::Instruments => instrument::BEHIND,
        RecordTable::Reusables => reusable::BEHIND,
        RecordTable::Replies => reply::BEHIND,
    };
    let behind = from.get().cast_signed().saturating_sub(1);
    every(connection, name(table), sql, params![behind, at_most], |columns| decode(table, columns))
}

/// The name of a table.
pub(crate) fn name(table: RecordTable) -> &'static str {
    match table {
        RecordTable::Tokens => token::TABLE,
        RecordTable::Customers => customer::TABLE,
        RecordTable::Instruments => instrument::TABLE,
        RecordTable::Reusables => reusable::TABLE,
        RecordTable::Replies => reply::TABLE,
    }
}

fn decode(table: RecordTable, columns: &mut Columns<'_, '_>) -> Result<Row, ReadError> {
    Ok(match table {
        RecordTable::Tokens => TokenRow::decode(columns)?.into(),
        RecordTable::Customers => CustomerRow::decode(columns)?.into(),
        RecordTable::Instruments => InstrumentRow::decode(columns)?.into(),
        RecordTable::Reusables => ReusableRow::decode(columns)?.into(),
        RecordTable::Replies => ReplyRow::decode(columns)?.into(),
    })
}
