//! Backup and restore by the real binary: the drill, a store that is put back, records of keys kept apart, and
//! `coffer fsck` on stores that were tampered with.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

#[path = "moving/commands.rs"]
#[allow(dead_code, reason = "each test crate uses its part")]
mod commands;
#[path = "backup/drill.rs"]
mod drill;
#[path = "moving/held.rs"]
#[allow(dead_code, reason = "each test crate uses its part")]
mod held;
#[path = "backup/keys_apart.rs"]
mod keys_apart;
#[path = "backup/put_back.rs"]
mod put_back;
#[path = "backup/tampered.rs"]
mod tampered;

use serde_json::Value;

use self::commands::{Ended, run};

/// What a check says, and how it ends.
fn fsck(arguments: &[&str]) -> (Ended, Value) {
    let said = run(&[&["fsck", "--json"], arguments].concat());
    let report = serde_json::from_str(&said.stdout).unwrap_or_default();
    (said, report)
}

/// A store in which nothing is wrong.
fn assert_clean(arguments: &[&str]) -> Value {
    let (said, report) = fsck(arguments);
    assert_eq!(
        (said.code, &report["clean"]),
        (Some(0), &Value::Bool(true)),
        "{}{}",
        said.stdout,
        said.stderr
    );
    report
}
