//! Decoding: the columns of one row, taken from the left, as the cells that the core reads.

use coffer_core::store::cells::Cells;
use coffer_types::RecordNumber;
use rusqlite::{Row, types::ValueRef};

use crate::errors::ReadError;

/// A cursor over the columns of one row.
pub(crate) struct Columns<'a, 'r> {
    table: &'static str,
    row: &'a Row<'r>,
    next: usize,
}

impl<'a, 'r> Columns<'a, 'r> {
    pub(crate) fn of(table: &'static str, row: &'a Row<'r>) -> Self {
        Self { table, row, next: 0 }
    }

    fn value(&mut self) -> Result<ValueRef<'a>, ReadError> {
        let value = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

impl<'a> Cells<'a> for Columns<'a, '_> {
    type Error = ReadError;

    fn unreadable(&self) -> ReadError {
        ReadError::Unreadable { table: self.table }
    }

    fn maybe_integer(&mut self) -> Result<Option<i64>, ReadError> {
        self.value()?.as_i64_or_null().map_err(|_| self.unreadable())
    }

    fn maybe_bytes(&mut self) -> Result<Option<&'a [u8]>, ReadError> {
        self.value()?.as_blob_or_null().map_err(|_| self.unreadable())
    }

    fn maybe_text(&mut self) -> Result<Option<&'a str>, ReadError> {
        self.value()?.as_str_or_null().map_err(|_| self.unreadable())
    }
}

/// A row that is one record number.
pub(crate) fn record_number(columns: &mut Columns<'_, '_>) -> Result<RecordNumber, ReadError> {
    columns.number()
}

/// A row that is one number from zero up.
pub(crate) fn whole_number(columns: &mut Columns<'_, '_>) -> Result<u64, ReadError> {
    columns.narrow()
}
