//! Faults of the database as callers see them: while it is away every request is answered within five seconds, by a
//! success or by a 503 that says when to try again; afterwards the nodes go on by themselves, everything that was
//! acknowledged is there, and nothing was used twice. Always on PostgreSQL, with a server of each test's own.

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
#[path = "crash/dice.rs"]
mod dice;

#[path = "outage/book.rs"]
mod book;
#[path = "outage/check.rs"]
mod check;
#[path = "outage/faults.rs"]
mod faults;
#[path = "outage/hog.rs"]
mod hog;
#[path = "outage/load.rs"]
mod load;
#[path = "outage/site.rs"]
mod site;
#[path = "outage/watch.rs"]
mod watch;
