//! Payments that are sent on: a live node in front of an upstream that this process plays, with TLS and everything it
//! may do wrong (`reference/payroc.md`, section 7).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "support/live.rs"]
mod live;

#[allow(dead_code, reason = "the words of the dialect's own tests, of which these need a part")]
#[path = "payroc/calls.rs"]
mod calls;

#[path = "payroc_forward/answers.rs"]
mod answers;
#[path = "payroc_forward/before.rs"]
mod before;
#[path = "payroc_forward/bodies.rs"]
mod bodies;
#[path = "payroc_forward/ends.rs"]
mod ends;
#[path = "payroc_forward/goes_on.rs"]
mod goes_on;
#[path = "payroc_forward/kept.rs"]
mod kept;
#[path = "payroc_forward/place.rs"]
mod place;
#[path = "payroc_forward/upstream.rs"]
mod upstream;
