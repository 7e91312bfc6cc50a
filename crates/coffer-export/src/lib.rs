//! A whole vault on its way: out of one store into a folder of sealed files, and from there into another store.
//!
//! Start with [`export()`] and [`import()`]. `row` writes every row in one canonical form, `part` seals many of them
//! into a file, `manifest` says what belongs together, `folder` is where the files lie, `verify` holds a store against
//! them. `docs/FORMAT.md` 11 draws every byte.
//!
//! The crate opens no record: what is sealed in a row stays sealed, and tokens are the same on both sides.

mod digest;
mod erased;
mod error;
mod export;
mod folder;
mod import;
mod keys;
mod manifest;
mod part;
mod reader;
mod report;
mod restored;
mod row;
mod verify;

pub use digest::TableDigest;
pub use erased::Erased;
pub use error::MoveError;
pub use export::{Export, export, export_keys};
pub use import::{Import, import};
pub use manifest::{Lane, Manifest, PartEntry, TableEntry};
pub use part::{Header, open_part, seal_part};
pub use reader::{Opened, roots};
pub use report::{Difference, Report, TableReport};
pub use row::{decode, encode};
pub use verify::verify;

/// Is told how far an export or an import has come.
pub trait Progress {
    /// A stage begins that walks through about so many rows.
    fn stage(&mut self, name: &'static str, rows: u64);

    /// So many more rows are done.
    fn add(&mut self, rows: u64);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&mut self, _: &'static str, _: u64) {}
    fn add(&mut self, _: u64) {}
}
