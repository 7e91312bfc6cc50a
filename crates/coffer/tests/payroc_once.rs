//! Every POST and PATCH of the Payroc dialect is carried out once for its key, whatever happens between: crashes,
//! crowds, retries days later (`reference/payroc.md`, section 1.3).
//!
//! `COFFER_ONCE_CYCLES` sets the number of kills, `COFFER_ONCE_STEPS` the length of the histories, and
//! `COFFER_ONCE_SEED` repeats the choices of a run.

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

#[path = "payroc_once/asked.rs"]
mod asked;
#[path = "payroc_once/crash.rs"]
mod crash;
#[path = "payroc_once/histories.rs"]
mod histories;
#[path = "payroc_once/kept.rs"]
mod kept;
#[path = "payroc_once/load.rs"]
mod load;
#[path = "payroc_once/model.rs"]
mod model;
#[path = "payroc_once/together.rs"]
mod together;

use std::{
    hash::{BuildHasher, RandomState},
    io::Write,
};

/// A number that whoever runs the test may choose.
#[expect(clippy::disallowed_methods, reason = "whoever runs the test chooses its length and its seed")]
fn number_from(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The seed of this run, told when it fails.
struct Seed(u64);

impl Seed {
    fn choose() -> Self {
        Self(number_from("COFFER_ONCE_SEED").unwrap_or_else(|| RandomState::new().hash_one("once")))
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Past the test harness, which would keep it back.
            let line = format!("once: failed; repeat with COFFER_ONCE_SEED={}\n", self.0);
            std::io::stderr().write_all(line.as_bytes()).unwrap();
        }
    }
}
