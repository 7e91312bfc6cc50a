//! A vault with something of everything, and what must hold of it whatever becomes of its keys.

use std::collections::BTreeMap;

use coffer_core::{
    Hurry, KeepStep, KeyPolicy, Vault,
    store::{KeyRow, Model, RecordTable, Row, Store},
};
use coffer_crypto::{KeyPurpose, KeyState, LocatorBytes};
use coffer_types::RecordNumber;

use super::{
    Became, MASTERCARD, Seen, VISA, World, act, card, clear, exchange, offer, offer_in, protected, run,
    tokenizing,
};

/// Nothing waits, and nothing is due by itself.
pub(crate) const POLICY: KeyPolicy = KeyPolicy {
    data_days: 10_000,
    kek_days: 10_000,
    fingerprint_days: None,
    locator_days: None,
    root_days: 10_000,
    seals: u64::MAX,
    data_backup_days: 30,
    key_backup_days: 35,
    walk_rows: 2_000,
    settle_seconds: 0,
};

/// What was made before the keys changed.
pub(crate) struct Before {
    pub(crate) token: LocatorBytes,
    pub(crate) seen: Seen,
    pub(crate) reusable: RecordNumber,
    pub(crate) named: [LocatorBytes; 2],
    pub(crate) digits: String,
}

/// Fills a vault with one of everything.
pub(crate) fn fill(world: &World) -> Before {
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let spent = world.create(&act(), &card(VISA, None, "Ada"));
    let (seen, _) = world.exchange(&act(), &spent, "customer").unwrap();
    let reusable = world.reusable(&offer_in("shop", MASTERCARD));
    let lone = world.reusable(&offer(VISA));
    let made = world.refer(("group", "ref"), protected(VISA), "Ada").unwrap();
    Before {
        token,
        seen,
        reusable: reusable.number,
        named: [reusable.names[0], lone.names[0]],
        digits: made.digits,
    }
}

/// Everything works as if nothing had happened, by this vault. The single-use token is not used.
pub(crate) fn works(vault: &Vault, before: &Before, round: u32) {
    let (owner, number) = vault.locate_instrument(&before.seen.locator).unwrap();
    let view = run(vault.read_instrument(owner, &before.seen.locator)).unwrap().unwrap();
    assert_eq!(view.locator, before.seen.locator);
    let revealed = run(vault.reveal(&act(), number, "test")).unwrap();
    assert_eq!(clear(&revealed.clear).0, VISA);
    // The same card is the same instrument, and the same reusable token.
    let again = run(vault.create(&act(), &card(VISA, None, "Ada"), |created| created.locator)).unwrap();
    let (kept, was_there) = exchange(vault, &act(), &again, "customer").unwrap();
    assert!(was_there && kept.locator == before.seen.locator, "round {round}");
    for (offer, named) in [offer_in("shop", MASTERCARD), offer(VISA)].into_iter().zip(before.named) {
        let matched = match run(tokenizing(vault, &act(), offer)).unwrap() {
            Became::Matched(seen) => seen,
            other => panic!("round {round}: {other:?}"),
        };
        assert_eq!(matched.names[0], named, "round {round}");
    }
    // What is new is found again too.
    let customer = format!("customer {round}");
    let [first, second] = [(); 2].map(|()| {
        let token = run(vault.create(&act(), &card(MASTERCARD, None, "Eve"), |created| created.locator));
        exchange(vault, &act(), &token.unwrap(), &customer).unwrap()
    });
    assert!(!first.1 && second.1 && first.0.locator == second.0.locator, "round {round}");
}

/// The upkeep until it has nothing to do.
pub(crate) fn keep(vault: &Vault, policy: &KeyPolicy, hurry: Hurry) {
    let mut idle = 0;
    for _ in 0..10_000 {
        match run(vault.keep_keys(policy, hurry)).unwrap() {
            KeepStep::Idle | KeepStep::Paused => idle += 1,
            KeepStep::More => idle = 0,
        }
        if idle == 3 {
            return;
        }
    }
    panic!("the upkeep does not come to an end");
}

/// How many versions of each purpose are in each state.
pub(crate) fn states(model: &Model) -> BTreeMap<(u8, KeyState), usize> {
    let mut states = BTreeMap::new();
    for row in run(model.keys()).unwrap() {
        *states.entry((row.purpose, row.state)).or_default() += 1;
    }
    states
}

/// The rows of one purpose.
pub(crate) fn rows_of(model: &Model, purpose: KeyPurpose) -> Vec<KeyRow> {
    run(model.keys()).unwrap().into_iter().filter(|row| row.purpose == purpose.code()).collect()
}

/// The key versions under which durable records lie, and how many blobs under each.
pub(crate) fn sealed_under(model: &Model) -> BTreeMap<u32, usize> {
    let tables =
        [RecordTable::Customers, RecordTable::Instruments, RecordTable::Reusables, RecordTable::Replies];
    let mut versions = BTreeMap::new();
    for table in tables {
        for row in run(model.records(table, RecordNumber::MIN, u32::MAX)).unwrap() {
            let blobs = match row {
                Row::Customer(row) => vec![row.details],
                Row::Instrument(row) => vec![row.protected, row.details],
                Row::Reusable(row) => vec![row.protected, row.details],
                Row::Reply(row) => vec![row.details],
                other => panic!("{other:?}"),
            };
            for blob in blobs {
                *versions.entry(blob.key_version().unwrap().get()).or_default() += 1;
            }
        }
    }
    versions
}
