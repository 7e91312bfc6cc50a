//! Whether a token is over is asked of the database's clock, whatever the node believes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod common;

use coffer_core::{
    peers::{Announcement, LeaseId, Peers},
    store::{
        CounterKey, Lost, Outcome, Store, TokenRow, Unit, UnitBuilder,
        contract::{block_on, number, token, unit, used},
    },
};
use coffer_store_postgres::PostgresStore;
use coffer_types::{Generation, Timestamp};
use common::{database, open};

/// The database's clock.
fn now(store: &PostgresStore) -> i64 {
    let lease = LeaseId([3; 16]);
    let node = block_on(store.join(lease)).unwrap().unwrap();
    block_on(store.beat(node, lease, Announcement::default())).unwrap().unwrap().now.millis()
}

fn ending(value: u64, millis: i64) -> TokenRow {
    TokenRow { expires_at: Timestamp::from_millis(millis), ..token(value) }
}

/// A use whose node believes that it is 1970.
fn late_use(value: u64) -> UnitBuilder {
    Unit::build(number(500 + value), Timestamp::from_millis(0))
        .replace_token(Generation::FIRST, used(value, 1))
}

fn outcome(store: &PostgresStore, unit: UnitBuilder) -> Outcome {
    block_on(store.commit(unit.finish())).unwrap()
}

#[test]
fn a_token_ends_by_the_databases_clock() {
    let store = open(&database());
    let now = now(&store);
    outcome(&store, unit(100).insert(ending(1, now - 1)).insert(ending(2, now + 600_000)));
    assert!(
        matches!(outcome(&store, late_use(1)), Outcome::Lost { lost: Lost::NotLive(_), .. }),
        "over by the database's clock, and not by the node's"
    );
    assert!(matches!(outcome(&store, late_use(2)), Outcome::Done(_)));
}

#[test]
fn the_sandboxs_clock_moves_in_the_same_statement_for_every_node() {
    let url = database();
    let (store, other) = (open(&url), open(&url));
    let now = now(&store);
    outcome(&store, unit(100).insert(ending(1, now + 1_800_000)).insert(ending(2, now + 1_900_000)));
    outcome(&store, unit(101).add(CounterKey::SANDBOX_CLOCK, 1_800));
    assert!(matches!(outcome(&other, late_use(1)), Outcome::Lost { lost: Lost::NotLive(_), .. }));
    assert!(matches!(outcome(&other, late_use(2)), Outcome::Done(_)));
}
