//! Why a retired key is not destroyed yet, and what is told where newer keys cannot be loaded.

use std::{sync::Arc, time::Duration};

use coffer_core::{
    Hurry, KeyStatus, KeyWaits, Level, Refused,
    store::{KeyRow, StoreError},
};
use coffer_crypto::{KeyPurpose, WrappedKey};

use crate::support::{Company, DAY, POLICY, World, at, fill, keep, run, tenant, wait, while_beating};

/// What the first version of a key waits for.
fn waits(status: &KeyStatus, purpose: &str, owner: Option<u32>) -> Option<KeyWaits> {
    let mut keys = status.keys.iter();
    keys.find(|key| (key.purpose, key.version, key.tenant) == (purpose, 1, owner)).unwrap().waits
}

fn status(world: &World, hurry: Hurry) -> KeyStatus {
    run(world.vault.key_status_in(&POLICY, hurry)).unwrap()
}

#[test]
fn a_retired_data_key_says_what_it_waits_for() {
    let world = World::new();
    fill(&world);
    let of = |hurry| waits(&status(&world, hurry), "data, durable", Some(1));
    assert_eq!(of(Hurry::No), None, "it is in use");
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    assert_eq!(of(Hurry::No), Some(KeyWaits::Records));
    keep(&world.vault, &POLICY, Hurry::No);
    let until = world.vault.now().millis() + 30 * DAY;
    assert_eq!(of(Hurry::No), Some(KeyWaits::Backups { until }));
    assert_eq!(of(Hurry::DestroyNow), Some(KeyWaits::LastLook), "nothing but that");
    let short = waits(&status(&world, Hurry::No), "data, short-lived", Some(2));
    assert!(matches!(short, Some(KeyWaits::Tokens { until }) if until > at(DAY).millis()), "{short:?}");
    world.clock.raise_to(coffer_types::Timestamp::from_millis(until - 1));
    assert_eq!(of(Hurry::No), Some(KeyWaits::Backups { until }));
    world.clock.raise_to(coffer_types::Timestamp::from_millis(until));
    assert_eq!(of(Hurry::No), Some(KeyWaits::LastLook));
    keep(&world.vault, &POLICY, Hurry::No);
    let status = status(&world, Hurry::No);
    assert_eq!(waits(&status, "data, durable", Some(1)), None);
    assert!(status.keys.iter().all(|key| key.state != "decrypt-only" || key.waits.is_some()));
}

#[test]
fn a_retired_locator_key_waits_for_tokens_and_then_for_what_it_has_named() {
    let world = World::new();
    fill(&world);
    wait(async {
        let clock = Arc::clone(&world.clock);
        let moving = async {
            loop {
                clock.raise_to(coffer_types::Timestamp::from_millis(clock.now().millis() + 1_000));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            rotated = world.vault.rotate_keys(&[Level::Locator]) => drop(rotated.unwrap()),
            () = moving => {}
        }
    });
    let of = || waits(&status(&world, Hurry::No), "locator", None);
    assert!(matches!(of(), Some(KeyWaits::Tokens { .. })), "{:?}", of());
    world.clock.raise_to(at(3 * DAY));
    assert_eq!(of(), Some(KeyWaits::Names));
}

/// While a node that lives has not the newest keys, that is why.
#[test]
fn a_node_that_has_not_met_is_named() {
    wait(async {
        let company = Company::new();
        let (one, two) = (company.open(1).await, company.open(2).await);
        while_beating(&[&two], one.vault.rotate_keys(&[Level::Data])).await.unwrap();
        let met = while_beating(&[&two], one.vault.key_status(&POLICY)).await.unwrap();
        assert_eq!(waits(&met, "data, durable", Some(1)), Some(KeyWaits::Records));
        let begun = tokio::time::timeout(Duration::from_millis(300), one.vault.rotate_keys(&[Level::Data]));
        assert!(begun.await.is_err(), "the other node has not loaded them");
        let status = one.vault.key_status(&POLICY).await.unwrap();
        let node = status.nodes.iter().find(|node| node.revision < status.revision).map(|node| node.node);
        assert!(node.is_some() && !status.met);
        assert_eq!(waits(&status, "data, durable", Some(1)), Some(KeyWaits::Nodes { node }));
    });
}

/// As where the device that opens them is away: what is known is told, and that it is of before.
#[test]
fn a_node_that_cannot_load_the_newest_keys_tells_of_those_that_it_has() {
    let world = World::new();
    let before = status(&world, Hurry::No);
    assert!(!before.behind);
    run(world.neighbour().rotate_keys(&[Level::Data])).unwrap();
    world.store.on_keys(|rows: Vec<KeyRow>| {
        let shut = |row: KeyRow| match (row.purpose == KeyPurpose::DataDurable.code(), row.version) {
            (true, 2) => KeyRow { wrapped: WrappedKey(vec![0; row.wrapped.0.len()]), ..row },
            _ => row,
        };
        rows.into_iter().map(shut).collect()
    });
    let told = status(&world, Hurry::No);
    assert!(told.behind && !told.met);
    assert_eq!((told.revision, told.keys.len()), (before.revision, before.keys.len()));
    world.store.heal();
    let told = status(&world, Hurry::No);
    assert!(!told.behind && told.met && told.revision > before.revision);
    assert!(told.keys.iter().any(|key| key.tenant == Some(tenant(1).get()) && key.version == 2));
    world.store.break_read("counter", StoreError::Unavailable);
    assert_eq!(run(world.vault.key_status(&POLICY)).map(|_| ()), Err(Refused::Unavailable));
}
