//! What a running process leaves open or leaves behind: its memory, what others may do with it, and modes of files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "support/live.rs"]
mod live;
#[path = "hygiene/memory.rs"]
mod memory;
#[path = "hygiene/modes.rs"]
mod modes;
#[path = "hygiene/process.rs"]
mod process;
#[path = "hygiene/scan.rs"]
mod scan;
mod support;
