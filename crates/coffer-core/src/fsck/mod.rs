//! Checking a whole store: what each record must be, without the store it came from.
//!
//! [`keys`] opens the rows of wrapped keys as far as they open. [`Checks`] then holds one record after the other
//! against them: its form, its associated data and keys, and what lies in the clear beside what is sealed. [`Chain`]
//! follows the audit log. Whoever walks through the store (`coffer fsck`) reads it as [`Inspected`], gives every row
//! here, and looks up the unique keys that a record must hold. Nothing here tells what a record holds.

mod chain;
mod keys;
mod records;

use std::borrow::Cow;

use coffer_types::{RecordNumber, Tenant};
use serde::Serialize;

pub use chain::Chain;
pub use keys::{OpenedKeys, keys};
pub use records::{Checked, Checks};

use crate::{
    moving::{Movable, Table},
    store::{Pending, RecordTable, Row, UniqueKey},
};

/// What is wrong with one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The table.
    pub table: &'static str,
    /// The record's number; of a unique key its holder's, of a frame of the audit log the frame's. None where rows have
    /// no number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// Whose it is, as its row says; none of the deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<u32>,
    /// What is wrong, in words; never a part of what the record holds.
    pub what: Cow<'static, str>,
}

impl Problem {
    /// Of a whole table, or of a row without a number.
    pub fn of(table: &'static str, what: impl Into<Cow<'static, str>>) -> Self {
        Self { table, record: None, tenant: None, what: what.into() }
    }

    /// Names the record.
    #[must_use]
    pub fn record(self, number: u64) -> Self {
        Self { record: Some(number), ..self }
    }

    /// Names the tenant.
    #[must_use]
    pub fn tenant(self, tenant: Option<Tenant>) -> Self {
        Self { tenant: tenant.map(Tenant::get), ..self }
    }
}

/// A store as it is checked: read beside whatever serves from it, the short-lived table included, which never moves.
pub trait Inspected: Movable {
    /// The numbers in a table of records behind one, or from the first on, in rising order, whatever else their rows
    /// hold; at most so many.
    fn numbers(&self, table: RecordTable, after: Option<u64>, at_most: u32) -> Pending<'_, Vec<u64>>;

    /// Rows from a number on, of all tenants; at most so many.
    fn records(&self, table: RecordTable, from: RecordNumber, at_most: u32) -> Pending<'_, Vec<Row>>;

    /// Who holds each of these unique keys, in their order.
    fn holders(&self, keys: Vec<UniqueKey>) -> Pending<'_, Vec<Option<RecordNumber>>>;
}

/// The name of a table of numbered records.
pub fn table_name(table: RecordTable) -> &'static str {
    match table {
        RecordTable::Tokens => "tokens",
        RecordTable::Customers => Table::Customers.name(),
        RecordTable::Instruments => Table::Instruments.name(),
        RecordTable::Reusables => Table::Reusables.name(),
        RecordTable::Replies => Table::Replies.name(),
    }
}
