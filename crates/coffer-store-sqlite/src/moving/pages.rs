//! Tables in pages, by key.

use coffer_core::moving::{MovedRow, RowKey, Table};
use coffer_types::Tenant;
use rusqlite::Connection;

use crate::{
    errors::ReadError,
    rows::{columns::whole_number, counter, customer, first, frame, index, instrument, key, reply, reusable},
};

/// Rows of a table behind a key, which must be one of this table's; from the first one on where it is not.
pub(super) fn page(
    connection: &Connection,
    table: Table,
    after: Option<RowKey>,
    at_most: u32,
) -> Result<Vec<MovedRow>, ReadError> {
    match table {
        Table::Keys => key::behind(connection, place_of_key(after), at_most),
        Table::Counters => {
            let after = match after {
                Some(RowKey::Counter(key)) => (key.kind.code().into(), key.subject),
                _ => (-1, [0; 16]),
            };
            counter::behind(connection, after, at_most)
        }
        Table::UniqueKeys => {
            let after = match after {
                Some(RowKey::Unique(key)) => (key.tenant.get().into(), key.kind.code(), key.value),
                _ => (-1, 0, [0; 16]),
            };
            index::behind(connection, after, at_most)
        }
        Table::Customers => customer::behind(connection, number(after), at_most),
        Table::Instruments => instrument::behind(connection, number(after), at_most),
        Table::Reusables => reusable::behind(connection, number(after), at_most),
        Table::Replies => reply::behind(connection, number(after), at_most),
        Table::Audit => {
            let place = match after {
                Some(RowKey::Frame(place)) => Some(place),
                _ => None,
            };
            frame::behind(connection, frame::stored(place), at_most)
        }
    }
}

fn place_of_key(after: Option<RowKey>) -> (i64, u8, u32) {
    match after {
        Some(RowKey::Key { tenant, purpose, version }) => {
            (tenant.map_or(0, Tenant::get).into(), purpose, version)
        }
        _ => (-1, 0, 0),
    }
}

fn number(after: Option<RowKey>) -> i64 {
    match after {
        Some(RowKey::Number(number)) => number.get().cast_signed(),
        _ => -1,
    }
}

/// How many rows a table has. The engine counts them in the smallest index.
pub(super) fn count(connection: &Connection, table: Table) -> Result<u64, ReadError> {
    let sql = match table {
        Table::Keys => "SELECT count(*) FROM keys",
        Table::Counters => "SELECT count(*) FROM counters",
        Table::UniqueKeys => "SELECT count(*) FROM unique_keys",
        Table::Customers => "SELECT count(*) FROM customers",
        Table::Instruments => "SELECT count(*) FROM instruments",
        Table::Reusables => "SELECT count(*) FROM reusable_tokens",
        Table::Replies => "SELECT count(*) FROM replies",
        Table::Audit => "SELECT count(*) FROM audit",
    };
    Ok(first(connection, table.name(), sql, [], whole_number)?.unwrap_or(0))
}
