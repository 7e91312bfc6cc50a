//! The tables as a node sees them: from files to facts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod broken;
mod ip;
mod places;
mod reload;
#[path = "../support/mod.rs"]
mod support;
