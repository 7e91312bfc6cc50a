//! The behaviour that every store shares.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::{cell::RefCell, sync::Arc};

use coffer_core::store::contract;
use coffer_store_sqlite::SqliteMoving;

#[test]
fn keeps_the_contract() {
    let folders = RefCell::new(Vec::new());
    contract::all(&|| {
        let folder = common::folder();
        let store = Arc::new(common::open(folder.path()));
        folders.borrow_mut().push(folder);
        store
    });
    assert!(folders.borrow().len() > 10, "the suite opened its stores here");
}

#[test]
fn is_moved_as_every_store() {
    let folders = RefCell::new(Vec::new());
    contract::movable(&|| {
        let folder = common::folder();
        let target = SqliteMoving::target(folder.path(), "sandbox").unwrap();
        folders.borrow_mut().push(folder);
        Arc::new(target)
    });
}
