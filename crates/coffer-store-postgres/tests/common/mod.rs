//! Stores on databases of a real server, and several of them on one database.
#![allow(dead_code, unreachable_pub, reason = "each test crate uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use coffer_core::store::{
    Model, Outcome, Store, StoreError, Unit,
    contract::{
        block_on,
        histories::{Random, assert_same_rows, marked_unit},
        number,
    },
};
use coffer_postgres_fixture::{Server, shared};
use coffer_store_postgres::{Address, Options, PasswordInAddress, PostgresStore};

/// Settings of a server that says in which order it committed.
pub const IN_ORDER: &[(&str, &str)] = &[("track_commit_timestamp", "on")];

/// The address of an empty database of the server that the tests of this program share.
pub fn database() -> String {
    shared().database()
}

/// How a store at this address is opened.
pub fn options(url: &str) -> Options {
    let address = Address::parse(url, None, None, PasswordInAddress::Refused).expect("an address");
    Options { make_tables: true, connections: 4, ..Options::new(address, "sandbox") }
}

/// Opens the store at this address; the tables are made where there are none.
pub fn open(url: &str) -> PostgresStore {
    PostgresStore::open(&options(url)).expect("a store")
}

/// The same with one writer, whose lane has every unit in its order.
pub fn open_in_order(url: &str) -> PostgresStore {
    PostgresStore::open(&Options { writers: 1, ..options(url) }).expect("a store")
}

/// What each unit was answered, by its number.
pub type Answers = BTreeMap<u64, Result<Outcome, StoreError>>;

/// Several nodes on one database.
pub struct Nodes(pub Vec<PostgresStore>);

impl Nodes {
    pub fn of(stores: Vec<PostgresStore>) -> Self {
        Self(stores)
    }

    /// The units of a race, by their numbers: the same for the same seed.
    fn units(&self, seed: u64, each: u64) -> Vec<Vec<Unit>> {
        let lanes = (0..).zip(&self.0).map(|(lane, _)| {
            let mut random = Random::new(seed * 1_000 + lane);
            (0..each).map(|count| marked_unit(number(1 + lane + count * 16), &mut random)).collect()
        });
        lanes.collect()
    }

    /// Every node commits its units, a few at a time, beside the others. A unit that is refused is not sent again.
    pub fn race(&self, seed: u64, each: u64) -> Answers {
        let units = self.units(seed, each);
        thread::scope(|scope| {
            let racers: Vec<_> = self
                .0
                .iter()
                .zip(units)
                .map(|(store, units)| {
                    scope.spawn(move || {
                        let mut answers = Answers::new();
                        for burst in units.chunks(6) {
                            let pending: Vec<_> =
                                burst.iter().map(|unit| store.commit(unit.clone())).collect();
                            for (unit, pending) in burst.iter().zip(pending) {
                                answers.insert(unit.id().get(), block_on(pending));
                            }
                            if answers.values().last().is_some_and(Result::is_err) {
                                thread::sleep(std::time::Duration::from_millis(50));
                            }
                        }
                        answers
                    })
                })
                .collect();
            racers.into_iter().flat_map(|racer| racer.join().unwrap()).collect()
        })
    }

    /// What was committed, in the order in which the database committed it, is what the model does; whoever was told
    /// that a unit is done finds it there, once, and whoever was told that it lost does not.
    pub fn check(&self, server: &Server, url: &str, seed: u64, answers: &Answers) {
        let each = u64::try_from(answers.len() / self.0.len()).unwrap();
        let units: BTreeMap<u64, Unit> =
            self.units(seed, each).into_iter().flatten().map(|unit| (unit.id().get(), unit)).collect();
        let committed = committed(server, url);
        let distinct: BTreeSet<_> = committed.iter().collect();
        assert_eq!(distinct.len(), committed.len(), "seed {seed}: no unit twice");
        for (id, answer) in answers {
            match answer {
                Ok(Outcome::Done(_)) => assert!(distinct.contains(id), "seed {seed}: unit {id} is lost"),
                Ok(Outcome::Lost { .. }) => {
                    assert!(!distinct.contains(id), "seed {seed}: unit {id} had lost");
                }
                Err(_) => {}
            }
        }
        let model = Model::new();
        for id in &committed {
            let outcome = model.apply(&units[id]).unwrap();
            assert!(
                matches!(outcome, Outcome::Done(_)),
                "seed {seed}: unit {id} after what came before it: {outcome:?}"
            );
        }
        for store in &self.0 {
            assert_same_rows(store, &model, seed);
        }
    }
}

/// The numbers of the units that a database committed, in that order.
fn committed(server: &Server, url: &str) -> Vec<u64> {
    let (_, name) = url.rsplit_once('/').unwrap();
    let records = server.sql(
        name,
        "SELECT convert_from(records, 'UTF8') FROM audit ORDER BY pg_xact_commit_timestamp(xmin), lane, number",
    );
    let lines = records.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["object"].as_u64().unwrap())
        .collect()
}
