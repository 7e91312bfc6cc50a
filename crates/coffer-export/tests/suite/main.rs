//! A vault out of a store, into a folder, and into another store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod format;
mod refusals;
mod resume;
mod round_trip;
mod serving;
mod world;
