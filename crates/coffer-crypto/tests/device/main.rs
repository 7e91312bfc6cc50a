//! A KEK in a real device, SoftHSM: it never leaves it, binds what it wraps, and may be unplugged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod away;
mod fitness;
mod fixture;
mod pin;
mod wrapping;
