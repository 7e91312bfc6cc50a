//! The store for several machines: PostgreSQL, shared by as many nodes as wanted.
//!
//! Start with [`PostgresStore`]. A unit's way is `commit` → the bounded queue → `writer`, which takes what can go
//! together → `batch` (`checks`, then `writes`) → one commit → the caller. Reads (`reads`) take a connection of the
//! pool (`connections`); `health` knows whether the database is there. `peers` is what the nodes share beside the
//! records, `schema` has the tables and their versions, `address` what is asked of the way to the database, `moving`
//! carries a whole vault.
//!
//! This crate decides nothing about tokens and opens no blob; the store knows three expectations and four puts.

mod address;
mod batch;
mod checks;
mod connections;
mod errors;
mod health;
mod moving;
mod options;
mod peers;
mod reads;
mod rows;
mod schema;
mod store;
mod touches;
mod writer;
mod writes;

pub use address::{Address, AddressError, PasswordInAddress};
pub use errors::OpenError;
pub use moving::PostgresMoving;
pub use options::Options;
pub use schema::Migrated;
pub use store::PostgresStore;

/// The database's clock in milliseconds since 1970, at the moment at which it is asked and not at the transaction's
/// start.
pub(crate) const CLOCK: &str = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";

/// By how many milliseconds the sandbox's clock is moved: kind 1 of the counters, subject zero, and no further than it
/// can be moved ([`coffer_types::limits::SANDBOX_CLOCK_SECONDS`]).
pub(crate) const OFFSET: &str = "coalesce((SELECT least(value, 315360000) FROM counters WHERE kind = 1 \
    AND subject = '\\x00000000000000000000000000000000'), 0) * 1000";

/// How often a key has changed: kind 3 of the counters, subject zero.
pub(crate) const REVISION: &str = "coalesce((SELECT value FROM counters WHERE kind = 3 \
    AND subject = '\\x00000000000000000000000000000000'), 0)";
