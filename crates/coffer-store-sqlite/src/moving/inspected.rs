//! What is read of a store to check it, and never moves.

use coffer_core::{
    fsck::Inspected,
    store::{Pending, RecordTable, Row, UniqueKey},
};
use coffer_types::RecordNumber;

use super::SqliteMoving;
use crate::rows::{customer, index, instrument, numbered::Numbered, reply, reusable, token, walk};

/// What is asked of a table by number.
fn numbered(table: RecordTable) -> Numbered {
    match table {
        RecordTable::Tokens => token::ROWS,
        RecordTable::Customers => customer::ROWS,
        RecordTable::Instruments => instrument::ROWS,
        RecordTable::Reusables => reusable::ROWS,
        RecordTable::Replies => reply::ROWS,
    }
}

impl Inspected for SqliteMoving {
    fn numbers(&self, table: RecordTable, after: Option<u64>, at_most: u32) -> Pending<'_, Vec<u64>> {
        let after = after.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX));
        self.read(walk::name(table), |connection| numbered(table).behind(connection, after, at_most))
    }

    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>> {
        self.read(walk::name(table), |connection| walk::rows(connection, table, from, at_most))
    }

    fn holders(&self, keys: Vec<UniqueKey>) -> Pending<'_, Vec<Option<RecordNumber>>> {
        self.read(index::TABLE, |connection| keys.iter().map(|key| index::read(connection, key)).collect())
    }
}
