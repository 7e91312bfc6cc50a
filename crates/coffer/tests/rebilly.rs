//! The Rebilly dialect against its contract, over a socket of the real binary (`reference/rebilly.md` sections 2 to 5,
//! 7, 8 and 10, and the seeds).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "rebilly/calls.rs"]
mod calls;
#[path = "rebilly/cards.rs"]
mod cards;
#[path = "rebilly/create.rs"]
mod create;
#[path = "rebilly/credentials.rs"]
mod credentials;
#[path = "rebilly/exchange.rs"]
mod exchange;
#[path = "rebilly/fields.rs"]
mod fields;
#[path = "rebilly/life.rs"]
mod life;
#[path = "support/live.rs"]
mod live;
#[path = "rebilly/problems.rs"]
mod problems;
#[path = "rebilly/races.rs"]
mod races;
#[path = "rebilly/refused.rs"]
mod refused;
