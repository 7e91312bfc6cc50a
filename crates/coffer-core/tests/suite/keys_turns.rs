//! What a turn of the upkeep of keys costs: reads that do not grow with tenants or with keys that wait for their time.

use std::sync::Arc;

use coffer_core::{
    Hurry, KeepStep, KeyPolicy, Level, Vault,
    store::{Model, Put, Row, Store},
};
use coffer_crypto::{KeyPurpose, KeyState};
use coffer_types::limits;

use crate::support::{
    DAY, Double, Draws, POLICY, Setup, Step, VISA, World, act, at, card, keep, rows_of, run, tenant,
};

/// A store, and whoever serves so many tenants from it.
struct Many {
    vault: Vault,
    model: Arc<Model>,
    store: Arc<Double>,
    clock: Arc<coffer_core::Clock>,
    tenants: u32,
}

impl Many {
    fn new(tenants: u32) -> Self {
        let model = Arc::new(Model::new());
        let store = Double::over(&model);
        let setup = Self::setup(&store, tenants);
        let clock = Arc::clone(&setup.clock);
        Self { vault: setup.open().unwrap(), model, store, clock, tenants }
    }

    fn setup(store: &Arc<Double>, tenants: u32) -> Setup {
        let setup = Setup::over(Arc::clone(store) as Arc<dyn Store>);
        Setup { tenants: (1..=tenants).map(tenant).collect(), ..setup }
    }

    /// Another process goes on with the store.
    fn restarted(self) -> Self {
        let Self { vault, model, store, clock, tenants } = self;
        drop(vault);
        let setup = Self::setup(&store, tenants);
        let vault = Setup { draws: Draws::seeded(9), clock: Arc::clone(&clock), ..setup }.open().unwrap();
        Self { vault, model, store, clock, tenants }
    }

    /// The reads of one turn.
    fn turn(&self, policy: &KeyPolicy) -> (KeepStep, usize) {
        self.store.take_reads();
        let step = run(self.vault.keep_keys(policy, Hurry::No)).unwrap();
        (step, self.store.take_reads())
    }

    fn retired(&self, purpose: KeyPurpose) -> usize {
        rows_of(&self.model, purpose).iter().filter(|row| row.state == KeyState::DecryptOnly).count()
    }
}

/// The reads of turns in which nothing is to be done, while every tenant has retired keys that wait for their backups.
fn idle_turns(tenants: u32) -> Vec<usize> {
    let many = Many::new(tenants);
    // A new locator key is in use when its time has come: at once.
    let clock = Arc::clone(&many.clock);
    many.store.on_commit(move |unit| {
        for put in unit.puts() {
            if let Put::Replace(Row::Key(row)) = put
                && let Some(at) = row.active_at
            {
                clock.raise_to(at);
            }
        }
        Step::Pass
    });
    for _ in 0..2 {
        run(many.vault.rotate_keys(&[Level::Data, Level::Fingerprint, Level::Locator])).unwrap();
        keep(&many.vault, &POLICY, Hurry::No);
        many.clock.raise_to(at(many.vault.now().millis() - at(0).millis() + DAY));
    }
    keep(&many.vault, &POLICY, Hurry::No);
    let waiting = many.retired(KeyPurpose::DataDurable) + many.retired(KeyPurpose::Fingerprint);
    assert_eq!(waiting, usize::try_from(tenants).unwrap() * 4, "they wait for backups");
    let many = many.restarted();
    keep(&many.vault, &POLICY, Hurry::No);
    let turns: Vec<_> = (0..5).map(|_| many.turn(&POLICY)).collect();
    assert!(turns.iter().all(|(step, _)| *step == KeepStep::Idle));
    // What was remembered of them is no hindrance when their time has come.
    many.clock.raise_to(at(40 * DAY));
    keep(&many.vault, &POLICY, Hurry::No);
    assert_eq!(many.retired(KeyPurpose::DataDurable) + many.retired(KeyPurpose::Fingerprint), 0);
    turns.into_iter().map(|(_, reads)| reads).collect()
}

#[test]
fn a_turn_with_nothing_to_do_reads_as_much_with_many_retired_keys_as_with_few() {
    let few = idle_turns(2);
    assert!(few.iter().all(|reads| *reads <= 16), "{few:?}");
    assert_eq!(idle_turns(70), few);
}

/// What a new process has to learn of its keys it learns in steps.
#[test]
fn no_turn_reads_more_than_some_marks() {
    let many = Many::new(400);
    run(many.vault.rotate_keys(&[Level::Data, Level::Fingerprint])).unwrap();
    keep(&many.vault, &POLICY, Hurry::No);
    let many = many.restarted();
    let bound = usize::try_from(limits::WALK_ROWS).unwrap();
    // The rows of keys are one read.
    let mut read = 0;
    for _ in 0..20 {
        let (_, reads) = many.turn(&POLICY);
        assert!(reads <= 2 * bound + 16, "{reads} of one turn");
        read += reads;
    }
    assert!(read > 4 * bound, "{read}: they were learned");
    assert!(many.turn(&POLICY).1 <= 16);
}

/// A mark that another node has set in the meantime is met at the end of the walk, and holds up nothing.
#[test]
fn a_mark_that_another_node_has_set_is_read_again() {
    let world = World::new();
    world.create(&act(), &card(VISA, None, "Ada"));
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    run(world.vault.keep_keys(&POLICY, Hurry::No)).unwrap();
    let neighbour = world.neighbour();
    keep(&neighbour, &POLICY, Hurry::No);
    keep(&world.vault, &POLICY, Hurry::No);
    let status = run(world.vault.key_status(&POLICY)).unwrap();
    assert!(!status.renewing, "both know that no record needs the key");
    world.clock.raise_to(at(40 * DAY));
    keep(&world.vault, &POLICY, Hurry::No);
    let old = rows_of(&world.model, KeyPurpose::DataDurable).into_iter().filter(|row| row.version == 1);
    assert!(old.into_iter().all(|row| row.state == KeyState::Destroyed));
}

#[test]
fn a_data_key_is_replaced_when_it_has_sealed_enough() {
    let world = World::new();
    for _ in 0..12 {
        world.create(&act(), &card(VISA, None, "Ada"));
    }
    keep(&world.vault, &KeyPolicy { seals: 13, ..POLICY }, Hurry::No);
    assert_eq!(rows_of(&world.model, KeyPurpose::DataShortLived).len(), 2, "not yet");
    let world = World::new();
    for _ in 0..12 {
        world.create(&act(), &card(VISA, None, "Ada"));
    }
    keep(&world.vault, &KeyPolicy { seals: 12, ..POLICY }, Hurry::No);
    let versions: Vec<u32> =
        rows_of(&world.model, KeyPurpose::DataShortLived).iter().map(|row| row.version).collect();
    assert_eq!(versions, [1, 2, 1, 2], "of every tenant");
}
