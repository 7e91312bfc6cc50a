//! What a stranger can hold open, send too much of, or send ambiguously: raw sockets against the real binary
//! (`reference/security.md` section 9).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "limits/bodies.rs"]
mod bodies;
#[path = "limits/crowd.rs"]
mod crowd;
#[path = "limits/hanging.rs"]
mod hanging;
#[path = "limits/heads.rs"]
mod heads;
#[path = "limits/raw.rs"]
mod raw;
#[path = "limits/smuggling.rs"]
mod smuggling;
