//! Keys that change while the vault serves.

use std::{sync::Arc, time::Duration};

use coffer_core::{
    Clock, Hurry, KeepStep, KeyPolicy, Level, RotateError, Rotated, Vault,
    moving::{Movable, Table},
    store::{Model, Put, Row, Store, StoreError, Unit},
};
use coffer_crypto::{KeyPurpose, KeyState};
use tokio::time::timeout;

use crate::support::{
    AMEX, Before, DAY, Double, Draws, LIFE, POLICY, Setup, Step, VISA, World, act, at, card, fill, keep,
    lines_of, offer, protected, rows_of, run, sealed_under, states, tenant, wait, works,
};

fn unique_keys(world: &World) -> u64 {
    run(world.model.count(Table::UniqueKeys)).unwrap()
}

/// Rotates every level. The time comes at once at which records are named by the new locator key.
fn rotate_all(world: &World) -> Vec<Rotated> {
    let clock = Arc::clone(&world.clock);
    world.store.on_commit(move |unit| {
        come_into_use(&clock, unit);
        Step::Pass
    });
    run(world.vault.rotate_keys(&Level::ALL)).unwrap()
}

fn come_into_use(clock: &Clock, unit: &Unit) {
    for put in unit.puts() {
        if let Put::Replace(Row::Key(row)) = put
            && let Some(at) = row.active_at
        {
            clock.raise_to(at);
        }
    }
}

fn again(model: &Arc<Model>, world: &World, seed: u64) -> Vault {
    let setup = Setup::over(Arc::clone(model) as Arc<dyn Store>);
    Setup { draws: Draws::seeded(seed), clock: Arc::clone(&world.clock), ..setup }.open().unwrap()
}

/// All of `works`, and the token that was made before, which only the process that has its ring gives out.
fn all_works(world: &World, before: &Before, round: u32) {
    works(&world.vault, before, round);
    let neighbour = world.neighbour();
    works(&neighbour, before, 1_000 + round);
}

#[test]
fn every_level_changes_and_nobody_notices() {
    let world = World::new();
    let before = fill(&world);
    for round in 1..4 {
        let rotated = rotate_all(&world);
        assert!(rotated.iter().all(|level| (level.from, level.to) == (round, round + 1)), "{rotated:?}");
        all_works(&world, &before, round);
        keep(&world.vault, &POLICY, Hurry::No);
        all_works(&world, &before, 100 + round);
        assert_eq!(sealed_under(&world.model).keys().copied().collect::<Vec<_>>(), [round + 1]);
        works(&again(&world.model, &world, 40 + u64::from(round)), &before, 200 + round);
    }
    assert_eq!(world.redeem(&before.token), Ok((VISA.to_owned(), Some("123".to_owned()))));
    assert_eq!(world.opened(&before.digits).map(|_| ()), Ok(()));
    let made = lines_of(&*world.model, "key.create").len();
    // Of each round: the KEK and what brings it to the nodes, the locator key, three keys of each tenant.
    assert_eq!(made, 13 + 3 * (2 + 1 + 3 * 2));
}

#[test]
fn a_retired_key_opens_and_is_destroyed_when_nothing_needs_it() {
    let world = World::new();
    let before = fill(&world);
    rotate_all(&world);
    let of = |state| move |purpose: KeyPurpose| (purpose.code(), state);
    let now = states(&world.model);
    for purpose in [KeyPurpose::DataDurable, KeyPurpose::DataShortLived, KeyPurpose::Fingerprint] {
        assert_eq!(
            now[&of(KeyState::Active)(purpose)],
            if purpose == KeyPurpose::Fingerprint { 4 } else { 2 }
        );
    }
    keep(&world.vault, &POLICY, Hurry::No);
    let retired = |purpose| rows_of(&world.model, purpose).into_iter().filter(|row| row.version == 1);
    let state = |purpose| retired(purpose).map(|row| row.state).max().unwrap();
    assert_eq!(state(KeyPurpose::Kek), KeyState::Destroyed, "nothing lies under it");
    for purpose in [KeyPurpose::DataDurable, KeyPurpose::DataShortLived, KeyPurpose::Fingerprint] {
        assert_eq!(state(purpose), KeyState::DecryptOnly, "{purpose:?}: kept for the backups, or for tokens");
    }
    world.clock.raise_to(at(DAY - 1));
    world.sweep_all();
    keep(&world.vault, &POLICY, Hurry::No);
    assert_eq!(state(KeyPurpose::DataShortLived), KeyState::DecryptOnly, "tokens of that day can be read");
    world.clock.raise_to(at(2 * DAY));
    world.sweep_all();
    keep(&world.vault, &POLICY, Hurry::No);
    assert_eq!(state(KeyPurpose::DataShortLived), KeyState::Destroyed, "its last token is gone");
    assert_eq!(state(KeyPurpose::DataDurable), KeyState::DecryptOnly);
    assert_eq!(state(KeyPurpose::Locator), KeyState::DecryptOnly, "an instrument is named with it");
    world.clock.raise_to(at(31 * DAY));
    keep(&world.vault, &POLICY, Hurry::No);
    assert_eq!(state(KeyPurpose::DataDurable), KeyState::Destroyed);
    assert_eq!(state(KeyPurpose::Fingerprint), KeyState::Destroyed);
    assert!(retired(KeyPurpose::DataDurable).all(|row| row.wrapped.0.is_empty()), "and its bytes with it");
    works(&world.vault, &before, 1);
}

#[test]
fn status_tells_the_day_of_erasure() {
    let world = World::new();
    fill(&world);
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    keep(&world.vault, &POLICY, Hurry::No);
    let status = run(world.vault.key_status(&POLICY)).unwrap();
    assert!(status.met && !status.renewing && status.nodes.is_empty());
    let of = |state: &str| {
        let mut keys = status.keys.iter();
        keys.find(|key| key.purpose == "data, durable" && key.state == state).unwrap().clone()
    };
    let (retired, in_use) = (of("decrypt-only"), of("active"));
    assert_eq!(retired.erased_by, Some(at((30 + 35) * DAY).millis()));
    assert_eq!(in_use.erased_by, Some(at((10_000 + 30 + 35) * DAY).millis()));
    assert_eq!((retired.unneeded, in_use.due_at), (Some(true), Some(at(10_000 * DAY).millis())));
    world.clock.raise_to(at(30 * DAY));
    keep(&world.vault, &POLICY, Hurry::No);
    let status = run(world.vault.key_status(&POLICY)).unwrap();
    let destroyed = status.keys.iter().find(|key| key.purpose == "data, durable" && key.state == "destroyed");
    assert_eq!(destroyed.unwrap().erased_by, Some(at((30 + 35) * DAY).millis()), "as it was told");
}

/// A rotation that is cut off at any commit, before it or after it: whoever comes next brings it to its end.
#[test]
fn a_rotation_that_is_cut_off_anywhere_comes_to_its_end() {
    for written in [false, true] {
        for left in 0_u32.. {
            let world = World::new();
            let before = fill(&world);
            let (store, mut left_now) = (Double::over(&world.model), left);
            let clock = Arc::clone(&world.clock);
            store.on_commit(move |unit| match left_now.checked_sub(1) {
                Some(fewer) => {
                    left_now = fewer;
                    come_into_use(&clock, unit);
                    Step::Pass
                }
                None if written => Step::WriteAndAnswer(Err(StoreError::Unavailable)),
                None => Step::Answer(Err(StoreError::Unavailable)),
            });
            let setup = Setup::over(Arc::clone(&store) as Arc<dyn Store>);
            let opened = Setup { draws: Draws::seeded(7), clock: Arc::clone(&world.clock), ..setup }.open();
            let Ok(vault) = opened else { continue };
            let ended = wait(async {
                // A process that ends: the store answers it nothing more.
                let cut_off = timeout(Duration::from_millis(100), vault.rotate_keys(&Level::ALL));
                cut_off.await.ok()?.ok()?;
                for _ in 0..60 {
                    vault.keep_keys(&POLICY, Hurry::No).await.ok()?;
                }
                Some(())
            });
            drop(vault);
            let next = again(&world.model, &world, 8);
            works(&next, &before, 2);
            keep(&next, &POLICY, Hurry::No);
            works(&next, &before, 3);
            let now = states(&world.model);
            assert!(!now.keys().any(|(_, state)| *state == KeyState::Distributed), "{left}: {now:?}");
            assert_eq!(now[&(KeyPurpose::Kek.code(), KeyState::Active)], 1, "{left}");
            let highest = rows_of(&world.model, KeyPurpose::DataDurable).iter().map(|row| row.version).max();
            let versions: Vec<u32> = sealed_under(&world.model).into_keys().collect();
            assert_eq!(versions, [highest.unwrap()], "{left}");
            works(&again(&world.model, &world, 9), &before, 4);
            if ended.is_some() {
                break;
            }
            assert!(left < 200, "it ends some time");
        }
    }
}

/// While fingerprint keys change, a card is found in every phase, also by a node that is one step behind or ahead.
#[test]
fn a_card_is_found_in_every_phase() {
    let world = World::new();
    let before = fill(&world);
    let keys = || unique_keys(&world);
    let at_first = keys();
    run(world.vault.rotate_keys(&[Level::Fingerprint])).unwrap();
    all_works(&world, &before, 1);
    for round in 2..40 {
        let step = run(world.vault.keep_keys(&POLICY, Hurry::No)).unwrap();
        all_works(&world, &before, round);
        if step == KeepStep::Idle && round > 20 {
            break;
        }
    }
    keep(&world.vault, &POLICY, Hurry::No);
    let retired = rows_of(&world.model, KeyPurpose::Fingerprint);
    let old: Vec<_> = retired.iter().filter(|row| row.version == 1).map(|row| row.state).collect();
    assert_eq!(old, [KeyState::DecryptOnly; 2]);
    let shown = run(world.vault.read_instrument(tenant(1), &before.seen.locator)).unwrap().unwrap();
    assert_ne!(shown.fingerprint.map(|print| *print.as_bytes()), before.seen.fingerprint, "it shows another");
    // Each customer of a round has one instrument; nothing is found by two fingerprints any more.
    let instruments = run(world.model.count_instruments(tenant(1))).unwrap();
    assert_eq!(keys(), at_first + instruments - 1);
    assert!(run(world.vault.rotate_keys(&[Level::Fingerprint])).is_ok(), "and again");
    let refused = run(world.vault.rotate_keys(&[Level::Fingerprint]));
    assert_eq!(refused, Err(RotateError::Unfinished(Level::Fingerprint)), "not before that one has ended");
}

#[test]
fn what_is_given_back_while_fingerprints_change_is_free() {
    let world = World::new();
    let made = world.reusable(&offer(AMEX));
    run(world.vault.rotate_keys(&[Level::Fingerprint])).unwrap();
    world.delete(made.number).unwrap();
    let other = world.reusable(&offer(AMEX));
    assert_ne!(other.number, made.number);
    for _ in 0..12 {
        run(world.vault.keep_keys(&POLICY, Hurry::No)).unwrap();
    }
    world.delete(other.number).unwrap();
    let keys = unique_keys(&world);
    let third = world.reusable(&offer(AMEX));
    world.delete(third.number).unwrap();
    assert_eq!(unique_keys(&world), keys, "nothing stays behind");
}

/// What was printed stays what it is, and what is made later is named by the new key.
#[test]
fn names_stay_and_new_ones_are_of_the_new_key() {
    let world = World::new();
    let before = fill(&world);
    rotate_all(&world);
    let token = world.create(&act(), &card(VISA, None, "Eve"));
    assert_eq!((before.token.0[0], token.0[0]), (1, 2));
    let view = run(world.vault.read_token(tenant(1), &before.token)).unwrap().unwrap();
    assert_eq!(view.locator, before.token);
    works(&world.vault, &before, 1);
    works(&again(&world.model, &world, 5), &before, 2);
}

#[test]
fn work_that_was_stopped_goes_on_where_it_was() {
    let world = World::new();
    let before = fill(&world);
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    run(world.vault.pause_walk(true)).unwrap();
    run(world.vault.pause_walk(true)).unwrap();
    for _ in 0..20 {
        assert_ne!(run(world.vault.keep_keys(&POLICY, Hurry::No)), Ok(KeepStep::More));
    }
    assert!(sealed_under(&world.model).contains_key(&1), "nothing was renewed");
    let next = again(&world.model, &world, 5);
    keep(&next, &POLICY, Hurry::No);
    assert!(sealed_under(&world.model).contains_key(&1), "not by another process either");
    run(next.pause_walk(false)).unwrap();
    keep(&next, &POLICY, Hurry::No);
    assert_eq!(sealed_under(&world.model).into_keys().collect::<Vec<_>>(), [2]);
    works(&next, &before, 1);
}

/// A record that does not open keeps its key: it is told, and destroyed is nothing.
#[test]
fn a_record_that_does_not_open_keeps_its_key() {
    let world = World::new();
    let before = fill(&world);
    world.bend_row(before.reusable, |row| coffer_core::store::ReusableRow {
        salt: row.salt.clone(),
        tenant: tenant(2),
        ..row
    });
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    keep(&world.vault, &POLICY, Hurry::DestroyNow);
    world.clock.raise_to(at(400 * DAY));
    keep(&world.vault, &POLICY, Hurry::DestroyNow);
    let status = run(world.vault.key_status(&POLICY)).unwrap();
    let old = |owner| {
        let mut keys = status.keys.iter();
        keys.find(|key| (key.purpose, key.version, key.tenant) == ("data, durable", 1, Some(owner))).unwrap()
    };
    assert_eq!((old(1).unneeded, old(2).unneeded), (Some(true), Some(false)), "the row says tenant two");
    assert_eq!(old(2).state, "decrypt-only");
    let status = run(world.vault.key_status(&POLICY)).unwrap();
    assert!(status.renewing && status.walk.is_some_and(|walk| walk.stuck > 0));
    // It holds up nothing else: not the other tenant's keys, not those that need no walk, and no other level.
    let by_age = KeyPolicy { kek_days: 1, data_days: 100, ..POLICY };
    world.sweep_all();
    keep(&world.vault, &by_age, Hurry::DestroyNow);
    let newest = |purpose| rows_of(&world.model, purpose).iter().map(|row| row.version).max().unwrap();
    assert_eq!((newest(KeyPurpose::Kek), newest(KeyPurpose::DataDurable)), (2, 3));
    let short = rows_of(&world.model, KeyPurpose::DataShortLived).into_iter().filter(|row| row.version == 1);
    assert!(short.into_iter().all(|row| row.state == KeyState::Destroyed));
}

/// A change and a renewal of one record: whichever comes second, nothing of the change is lost.
#[test]
fn a_renewal_takes_no_change_back() {
    let world = World::new();
    let before = fill(&world);
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    let neighbour = world.neighbour();
    let mut changed = false;
    let number = before.reusable;
    world.store.on_commit(move |unit: &Unit| {
        let renews = unit
            .puts()
            .iter()
            .any(|put| matches!(put, Put::Replace(Row::Reusable(row)) if row.number == number));
        if renews && !changed {
            changed = true;
            let change = coffer_core::ReusableChange::Description("changed meanwhile".to_owned());
            run(neighbour.update_reusable(&act(), number, &change)).unwrap();
        }
        Step::Pass
    });
    keep(&world.vault, &POLICY, Hurry::No);
    assert_eq!(world.read(number).unwrap().description, "changed meanwhile");
    assert_eq!(sealed_under(&world.model).into_keys().collect::<Vec<_>>(), [2]);
}

#[test]
fn a_renewal_is_no_change_to_those_who_read() {
    let world = World::new();
    let before = fill(&world);
    let row = world.instrument_row(&before.seen.locator);
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    world.clock.raise_to(at(LIFE));
    keep(&world.vault, &POLICY, Hurry::No);
    let after = world.instrument_row(&before.seen.locator);
    assert_ne!((&row.salt, &row.protected, &row.details), (&after.salt, &after.protected, &after.details));
    assert_eq!((row.generation, row.updated_at), (after.generation, after.updated_at));
    assert_eq!(row.fingerprint, after.fingerprint);
}

#[test]
fn keys_are_replaced_when_their_time_is_over_or_they_sealed_enough() {
    let world = World::new();
    let before = fill(&world);
    let versions = |level: Level| {
        let purpose = match level {
            Level::Kek => KeyPurpose::Kek,
            Level::Data => KeyPurpose::DataDurable,
            Level::Fingerprint => KeyPurpose::Fingerprint,
            Level::Locator => KeyPurpose::Locator,
        };
        rows_of(&world.model, purpose).iter().map(|row| row.version).max().unwrap()
    };
    let now = || Level::ALL.map(versions);
    let by_age = KeyPolicy {
        data_days: 10,
        kek_days: 20,
        fingerprint_days: Some(30),
        locator_days: Some(40),
        ..POLICY
    };
    keep(&world.vault, &by_age, Hurry::No);
    assert_eq!(now(), [1, 1, 1, 1]);
    for (days, expected) in [(10, [1, 2, 1, 1]), (20, [2, 3, 1, 1]), (30, [2, 4, 2, 1]), (40, [3, 5, 2, 2])] {
        world.clock.raise_to(at(days * DAY - 1));
        keep(&world.vault, &by_age, Hurry::No);
        let [kek, data, print, locator] = now();
        assert!([kek, data, print, locator].into_iter().zip(expected).all(|(now, then)| now <= then));
        world.clock.raise_to(at(days * DAY + 10));
        keep(&world.vault, &by_age, Hurry::No);
        assert_eq!(now(), expected, "day {days}");
    }
    works(&world.vault, &before, 1);
    let by_count = KeyPolicy { seals: 10, ..POLICY };
    let fresh = World::new();
    keep(&fresh.vault, &by_count, Hurry::No);
    assert_eq!(rows_of(&fresh.model, KeyPurpose::DataShortLived).len(), 2, "nothing was sealed yet");
}

#[test]
fn counts_of_seals_reach_the_store() {
    let world = World::new();
    for _ in 0..7 {
        world.create(&act(), &card(VISA, None, "Ada"));
    }
    run(world.vault.keep_keys(&POLICY, Hurry::No)).unwrap();
    let status = run(world.vault.key_status(&POLICY)).unwrap();
    let sealed: Vec<_> = status
        .keys
        .iter()
        .filter(|key| key.tenant == Some(1))
        .filter_map(|key| key.sealed.map(|count| (key.purpose, count)))
        .collect();
    assert_eq!(sealed, [("data, short-lived", 7), ("data, durable", 0)]);
}

/// Whoever makes records faster than they are looked at holds up nothing.
#[test]
fn records_that_are_made_meanwhile_are_none_of_a_walks_affair() {
    let world = World::new();
    fill(&world);
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    world.clock.raise_to(at(60_000));
    let mut steps = 0;
    while !run(world.vault.key_status(&POLICY)).unwrap().keys.iter().all(|key| key.unneeded != Some(false)) {
        run(world.vault.keep_keys(&POLICY, Hurry::No)).unwrap();
        world.clock.raise_to(at(61_000 + 1_000 * i64::from(steps)));
        // More of them with each step than a step looks at.
        for count in 0..300 {
            world.refer(("group", &format!("{steps} {count}")), protected(VISA), "Ada").unwrap();
        }
        steps += 1;
        assert!(steps < 40, "it does not come to its end");
    }
}
