//! The crate from outside. Unit tests beside the code look at what cannot be seen from here (the AAD by
//! itself, the primitives against published vectors).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod binding;
mod custody;
mod exchange;
mod fixture;
mod hierarchy;
mod locator;
mod ring;
mod ring_file;
mod samples;
mod shares;
