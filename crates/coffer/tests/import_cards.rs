//! `coffer import-cards`, the real binary: what it makes is used over HTTP afterwards, what it refuses it refuses
//! whole, and what was cut off goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "import_cards/bad.rs"]
mod bad;
#[path = "import_cards/cut_off.rs"]
mod cut_off;
#[path = "import_cards/files.rs"]
mod files;
#[path = "import_cards/leak.rs"]
mod leak;
#[path = "import_cards/live.rs"]
mod live;
#[path = "import_cards/place.rs"]
mod place;
mod support;
#[path = "import_cards/used.rs"]
mod used;
