//! A root that changes, and the KEK beside it.

use std::sync::Arc;

use coffer_core::{
    Hurry, KekSource, KekSourceError, KeyPolicy, Level, RootError, RotateError, StartError,
    store::{Put, Row, Store, Unit},
};
use coffer_crypto::{Entropy, Environment, Kek, KeyPurpose, KeyVersion, RootId, RootKey, WrappedKey};

use crate::support::{DAY, Draws, POLICY, Setup, Step, World, at, fill, keep, rows_of, run, works};

#[test]
fn the_root_changes_and_the_one_before_opens_nothing() {
    let world = World::new();
    let before = fill(&world);
    let next = || RootKey::parse_hex(&"77".repeat(32)).unwrap();
    let open = |root: RootKey, seed| {
        let setup = Setup::over(Arc::clone(&world.model) as Arc<dyn Store>);
        Setup { root, draws: Draws::seeded(seed), clock: Arc::clone(&world.clock), ..setup }.open()
    };
    assert_eq!(run(world.vault.finish_root()), Err(RootError::NotBegun));
    assert!(matches!(open(next(), 3), Err(StartError::WrongRoot)));
    run(world.vault.begin_root(&next())).unwrap();
    run(world.vault.begin_root(&next())).unwrap();
    let another = RootKey::parse_hex(&"78".repeat(32)).unwrap();
    run(world.vault.begin_root(&another)).unwrap();
    assert!(open(next(), 31).is_err(), "that change was given up for the other one");
    run(world.vault.begin_root(&next())).unwrap();
    assert_eq!(run(world.vault.finish_root()), Err(RootError::NotHere), "this node would not start again");
    let holder = open(next(), 4).unwrap();
    works(&holder, &before, 1);
    works(&open(crate::support::root(), 5).unwrap(), &before, 2);
    assert!(world.vault.is_root(&crate::support::root()) && !world.vault.is_root(&next()));
    assert_eq!(run(holder.finish_root()), Ok(next().id()));
    assert!(holder.is_root(&next()) && !holder.is_root(&crate::support::root()));
    assert!(matches!(open(crate::support::root(), 6), Err(StartError::WrongRoot)));
    works(&open(next(), 7).unwrap(), &before, 3);
    works(&world.vault, &before, 4);
    assert_eq!(holder.root_id(), Some(next().id()));
    assert_eq!(run(holder.begin_root(&next())), Err(RootError::Same));
    let nothing = rows_of(&world.model, KeyPurpose::KekNextRoot);
    assert!(nothing.iter().all(|row| row.wrapped.0.is_empty()));
    // A second change, and a KEK of a later version under it.
    run(holder.begin_root(&another)).unwrap();
    let again = || RootKey::parse_hex(&"78".repeat(32)).unwrap();
    run(open(again(), 9).unwrap().finish_root()).unwrap();
    works(&open(another, 8).unwrap(), &before, 5);
}

/// A change of the root and one of the KEK exclude each other, in either order: the next root never wraps a KEK that is
/// not in use any more.
#[test]
fn a_root_and_a_kek_do_not_change_at_once() {
    let world = World::new();
    let before = fill(&world);
    let next = || RootKey::parse_hex(&"77".repeat(32)).unwrap();
    run(world.vault.begin_root(&next())).unwrap();
    let refused = Err(RotateError::Unfinished(Level::Kek));
    assert_eq!(run(world.vault.rotate_keys(&[Level::Kek])), refused);
    let by_age = KeyPolicy { kek_days: 1, ..POLICY };
    world.clock.raise_to(at(5 * DAY));
    keep(&world.vault, &by_age, Hurry::No);
    assert_eq!(rows_of(&world.model, KeyPurpose::Kek).len(), 1, "not when its time is over either");
    let setup = Setup::over(Arc::clone(&world.model) as Arc<dyn Store>);
    let setup = Setup { root: next(), draws: Draws::seeded(3), clock: Arc::clone(&world.clock), ..setup };
    let holder = setup.open().unwrap();
    run(holder.finish_root()).unwrap();
    run(holder.rotate_keys(&[Level::Kek])).unwrap();
    keep(&holder, &POLICY, Hurry::No);
    let setup = Setup::over(Arc::clone(&world.model) as Arc<dyn Store>);
    let setup = Setup { root: next(), draws: Draws::seeded(4), clock: Arc::clone(&world.clock), ..setup };
    works(&setup.open().unwrap(), &before, 1);
}

/// The same where the two are begun between another's look and its commit.
#[test]
fn whichever_of_a_root_and_a_kek_is_begun_first_goes_on_alone() {
    let next = || RootKey::parse_hex(&"77".repeat(32)).unwrap();
    for root_first in [true, false] {
        let world = World::new();
        fill(&world);
        let neighbour = world.neighbour();
        let mut met = false;
        world.store.on_commit(move |unit: &Unit| {
            let begins = unit.puts().iter().any(|put| matches!(put, Put::Insert(Row::Key(_))));
            if begins && !met {
                met = true;
                if root_first {
                    run(neighbour.begin_root(&next())).unwrap();
                } else {
                    run(neighbour.rotate_keys(&[Level::Kek])).unwrap();
                }
            }
            Step::Pass
        });
        if root_first {
            assert_eq!(run(world.vault.rotate_keys(&[Level::Kek])), Err(RotateError::Unfinished(Level::Kek)));
            assert_eq!(rows_of(&world.model, KeyPurpose::Kek).len(), 1);
        } else {
            assert_eq!(run(world.vault.begin_root(&next())), Err(RootError::Unfinished));
            assert!(rows_of(&world.model, KeyPurpose::KekNextRoot).is_empty());
        }
    }
}

/// A root that does not open the store wraps no KEK of it.
#[test]
fn a_root_of_another_store_wraps_no_kek() {
    let world = World::new();
    let foreign = Arc::new(Foreign(crate::support::root()));
    let setup = Setup::over(Arc::clone(&world.model) as Arc<dyn Store>);
    let vault = run(setup.start_with(Arc::clone(&foreign) as Arc<dyn KekSource>)).unwrap();
    let refused = run(vault.rotate_keys(&[Level::Kek]));
    assert_eq!(refused, Err(RotateError::Source(KekSourceError::Wrong)));
    assert_eq!(rows_of(&world.model, KeyPurpose::Kek).len(), 1);
}

/// Opens with one root and then says that it has another: a key file that was exchanged.
struct Foreign(RootKey);

impl KekSource for Foreign {
    fn root(&self) -> Option<RootId> {
        OPENED.with(|opened| if opened.get() { Some(RootId::from_bytes([9; 8])) } else { self.0.root() })
    }

    fn open(
        &self,
        environment: Environment,
        version: KeyVersion,
        wrapped: &WrappedKey,
    ) -> Result<Kek, KekSourceError> {
        let kek = self.0.open(environment, version, wrapped);
        OPENED.with(|opened| opened.set(true));
        kek
    }

    fn make(
        &self,
        environment: Environment,
        version: KeyVersion,
        entropy: &dyn Entropy,
    ) -> Result<(Kek, WrappedKey), KekSourceError> {
        self.0.make(environment, version, entropy)
    }

    fn makes(&self) -> bool {
        true
    }
}

thread_local! {
    static OPENED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}
