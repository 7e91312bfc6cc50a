//! Decoding: a row of the engine as the cells that the core reads.

use coffer_core::store::cells::Cells;
use tokio_postgres::{Row, types::FromSql};

/// A cursor over the columns of one row.
pub(crate) struct RowCells<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> RowCells<'a> {
    pub(crate) fn of(row: &'a Row) -> Self {
        Self::at(row, 0)
    }

    /// From a column on.
    pub(crate) fn at(row: &'a Row, column: usize) -> Self {
        Self { row, next: column }
    }

    fn value<T: FromSql<'a>>(&mut self) -> Result<Option<T>, Unreadable> {
        let value = self.row.try_get(self.next).map_err(|_| Unreadable);
        self.next += 1;
        value
    }
}

impl<'a> Cells<'a> for RowCells<'a> {
    type Error = Unreadable;

    fn unreadable(&self) -> Unreadable {
        Unreadable
    }

    fn maybe_integer(&mut self) -> Result<Option<i64>, Unreadable> {
        self.value()
    }

    fn maybe_bytes(&mut self) -> Result<Option<&'a [u8]>, Unreadable> {
        self.value()
    }

    fn maybe_text(&mut self) -> Result<Option<&'a str>, Unreadable> {
        self.value()
    }
}

/// A cell does not hold what its type asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Every row decoded; none at all when one does not decode.
pub(crate) fn decode_all<'r, T>(
    rows: &'r [Row],
    decode: impl Fn(&mut RowCells<'r>) -> Result<T, Unreadable>,
) -> Result<Vec<T>, Unreadable> {
    rows.iter().map(|row| decode(&mut RowCells::of(row))).collect()
}
