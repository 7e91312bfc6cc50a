//! The behaviour that every store shares.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use coffer_core::{
    moving::{ImportState, Movable},
    store::contract::{self, block_on},
};
use coffer_store_postgres::{OpenError, PostgresMoving, PostgresStore};

#[test]
fn keeps_the_contract() {
    let opened = AtomicUsize::new(0);
    contract::all(&|| {
        opened.fetch_add(1, Ordering::Relaxed);
        Arc::new(common::open(&common::database()))
    });
    assert!(opened.into_inner() > 10, "the suite opened its stores here");
}

#[test]
fn keeps_the_contract_of_what_moves() {
    let opened = AtomicUsize::new(0);
    contract::movable(&|| {
        opened.fetch_add(1, Ordering::Relaxed);
        Arc::new(PostgresMoving::target(&common::options(&common::database())).expect("a store"))
    });
    assert!(opened.into_inner() > 1, "the suite opened its stores here");
}

#[test]
fn a_store_whose_import_was_not_finished_does_not_serve() {
    let url = common::database();
    let target = PostgresMoving::target(&common::options(&url)).unwrap();
    block_on(target.begin([7; 16])).unwrap();
    let refused = PostgresStore::open(&common::options(&url)).map(drop);
    assert!(matches!(refused, Err(OpenError::Importing)), "{refused:?}");
    assert!(matches!(PostgresMoving::source(&common::options(&url)).map(drop), Err(OpenError::Importing)));
    drop(target);
    let again = PostgresMoving::target(&common::options(&url)).unwrap();
    assert_eq!(block_on(again.importing()), Ok(Some(ImportState { export: [7; 16], parts: 0 })));
    block_on(again.finish()).unwrap();
    PostgresStore::open(&common::options(&url)).unwrap();
}
