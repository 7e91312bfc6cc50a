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
