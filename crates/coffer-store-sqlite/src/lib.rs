//! The embedded store: SQLite, one file, one writer thread.
//!
//! Start with [`SqliteStore`]. A unit's way is `commit` → the bounded queue → `writer` →
//! `batch` (`checks`, then `rows`) → one fsync → the caller. Reads by key run on the caller's thread (`readers`);
//! checkpoints run on a thread of their own (`checkpoint`, `turnstile`). `schema` has the tables.
//!
//! `moving` carries a whole store out and in.
//!
//! This crate decides nothing about tokens and opens no blob; the store knows three expectations and four puts.

mod batch;
mod checkpoint;
mod checks;
mod connection;
mod errors;
mod folder;
mod lists;
mod moving;
mod options;
mod readers;
mod rows;
mod schema;
mod shared;
mod store;
mod turnstile;
mod writer;

pub use errors::OpenError;
pub use moving::SqliteMoving;
pub use options::{Committed, Options};
pub use shared::Fatal;
pub use store::SqliteStore;
