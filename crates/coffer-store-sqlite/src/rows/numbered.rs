//! What every table of numbered records has: looks by number, and the end of a row.

use coffer_core::store::cells::Cells;
use coffer_types::{Generation, RecordNumber, Tenant};
use rusqlite::{Connection, params};

use super::{
    columns::{record_number, whole_number},
    every, first, run,
};
use crate::errors::ReadError;

/// The statements of a table.
pub(crate) struct Numbered {
    pub(crate) table: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) exists: &'static str,
    pub(crate) erase: &'static str,
    pub(crate) highest: &'static str,
    pub(crate) behind: &'static str,
}

/// The statements of a table with columns `number`, `tenant` and `generation`.
macro_rules! numbered {
    ($table:literal) => {
        $crate::rows::numbered::Numbered {
            table: $table,
            owner: concat!("SELECT tenant, generation FROM ", $table, " WHERE number = ?1"),
            exists: concat!("SELECT 1 FROM ", $table, " WHERE number = ?1"),
            erase: concat!("DELETE FROM ", $table, " WHERE number = ?1"),
            behind: concat!("SELECT number FROM ", $table, " WHERE number > ?1 ORDER BY number LIMIT ?2"),
            highest: concat!("SELECT number FROM ", $table, " ORDER BY number DESC LIMIT 1"),
        }
    };
}
pub(crate) use numbered;

impl Numbered {
    /// Whether the record is this tenant's and at this generation.
    pub(crate) fn is_live(
        &self,
        connection: &Connection,
        (tenant, number): (Tenant, RecordNumber),
        generation: Generation,
    ) -> Result<bool, ReadError> {
        let live = first(connection, self.table, self.owner, [number.get().cast_signed()], |columns| {
            Ok(columns.tenant()? == tenant && columns.generation()? == generation)
        })?;
        Ok(live.unwrap_or(false))
    }

    /// Whether any tenant's row has this number.
    pub(crate) fn exists(&self, connection: &Connection, number: RecordNumber) -> Result<bool, ReadError> {
        Ok(first(connection, self.table, self.exists, [number.get().cast_signed()], |_| Ok(()))?.is_some())
    }

    /// The numbers behind one, whatever else their rows hold.
    pub(crate) fn behind(
        &self,
        connection: &Connection,
        after: i64,
        at_most: u32,
    ) -> Result<Vec<u64>, ReadError> {
        every(connection, self.table, self.behind, params![after, at_most], whole_number)
    }

    pub(crate) fn erase(&self, connection: &Connection, number: RecordNumber) -> rusqlite::Result<()> {
        run(connection, self.erase, [number.get().cast_signed()])
    }

    pub(crate) fn highest(&self, connection: &Connection) -> Result<Option<RecordNumber>, ReadError> {
        first(connection, self.table, self.highest, [], record_number)
    }
}
