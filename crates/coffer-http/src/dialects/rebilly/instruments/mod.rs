//! `/payment-instruments`.

mod fields;
mod find;

pub(super) mod create;
pub(super) mod deactivate;
pub(super) mod list;
pub(super) mod read;
pub(super) mod update;

pub(super) use fields::{FIELDS, OWN_FIELDS};
