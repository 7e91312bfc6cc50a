//! The rows: what the tables are called, what their columns hold, and how rows become columns.

pub(crate) mod cells;
mod column;
mod records;
pub(crate) mod table;

pub(crate) use cells::decode_all;
pub(crate) use column::Column;
pub(crate) use records::{KEYS, Kind, Record, keys_columns};
pub(crate) use table::Table;
