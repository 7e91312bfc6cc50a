//! Tables that the operator supplies: card ranges (BIN) and IP data.
//!
//! Coffer ships neither: both are other people's work, under their licences, and go stale. The operator names
//! files in the configuration ([`TableFiles`]); a node holds what they say ([`Tables`]) and takes a replaced
//! file in whole. What no file says is absent, never guessed. `docs/TABLES.md` is the operator's page.
//!
//! | question | where |
//! | --- | --- |
//! | who issued this card, where, of what kind? | [`BinTable::find`] |
//! | where is this IP address, and is it a proxy? | [`IpData::find`] |
//! | how far is it from this billing address? | [`IpData::distance_km`] |
//! | how far ahead of UTC is that time zone now? | [`offset_minutes`] |
//! | what is wrong with a file? | [`TableError`] |
//! | how much is too much? | [`limits`] |
//!
//! The crate reads files and starts one thread (the index of places of a City file). It never reads the clock
//! and never looks a name up in the network.

mod bins;
mod error;
mod file;
mod ip;
pub mod limits;
mod tables;
mod zones;

pub use bins::{BinFacts, BinTable, Funding};
pub use error::{LineProblem, LineProblems, RefusedTable, RowFault, TableError};
pub use ip::{Address, IpData, IpFacts, PlaceIndex};
pub use tables::{TableFiles, TableKind, TableState, Tables};
pub use zones::offset_minutes;
