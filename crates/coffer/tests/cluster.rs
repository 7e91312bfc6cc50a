//! Three nodes on one database are one vault: what one of them did is seen by the others at once, and what may happen
//! once happens once, wherever it is asked for. Always on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "payroc/calls.rs"]
mod calls;
#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "worldpay/calls.rs"]
mod worldpay_calls;
#[allow(dead_code, reason = "the numbers of the dialect's own tests, of which these need a part")]
#[path = "worldpay/cards.rs"]
mod worldpay_cards;

#[path = "cluster/audit.rs"]
mod audit;
#[path = "cluster/clock.rs"]
mod clock;
#[path = "cluster/kill.rs"]
mod kill;
#[path = "support/live.rs"]
mod live;
#[path = "cluster/lives.rs"]
mod lives;
#[path = "cluster/nodes.rs"]
mod nodes;
#[path = "cluster/payroc.rs"]
mod payroc;
#[path = "cluster/start.rs"]
mod start;
#[path = "cluster/tokens.rs"]
mod tokens;
#[path = "cluster/worldpay.rs"]
mod worldpay;
