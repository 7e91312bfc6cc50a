//! `coffer keys` and what it does to a node: keys change while it serves, whoever is killed; custodians open a sealed
//! one; a device comes and goes. No secret is ever in an output that is not meant for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "keys/callers.rs"]
mod callers;
#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "payroc/calls.rs"]
mod calls;
#[path = "keys/command.rs"]
mod command;
#[path = "keys/describe.rs"]
mod describe;
#[path = "keys/destroy.rs"]
mod destroy;
#[path = "keys/device.rs"]
mod device;
#[path = "keys/kill.rs"]
mod kill;
#[path = "keys/load.rs"]
mod load;
#[path = "keys/made.rs"]
mod made;
#[path = "keys/nodes.rs"]
mod nodes;
#[path = "keys/pace.rs"]
mod pace;
#[path = "keys/patient.rs"]
mod patient;
#[path = "keys/pause.rs"]
mod pause;
#[path = "keys/prompt.rs"]
mod prompt;
#[path = "keys/rotate.rs"]
mod rotate;
#[path = "keys/sealed.rs"]
mod sealed;
#[path = "keys/shares.rs"]
mod shares;
#[path = "keys/told.rs"]
mod told;
#[path = "keys/vault.rs"]
mod vault;
#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "worldpay/calls.rs"]
mod worldpay_calls;
#[path = "keys/wrong_root.rs"]
mod wrong_root;
