//! `coffer export`, `coffer import` and `coffer migrate` by the real binary: tokens after a move, kills half way,
//! refusals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "moving/commands.rs"]
mod commands;
#[path = "moving/dialects.rs"]
mod dialects;
#[path = "moving/fill.rs"]
mod fill;
#[path = "moving/held.rs"]
mod held;
#[path = "moving/kills.rs"]
mod kills;
#[path = "support/live.rs"]
mod live;
#[path = "moving/refused.rs"]
mod refused;
