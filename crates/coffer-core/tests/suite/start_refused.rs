//! Starts that must not happen, each with the error that tells an operator where to look.

use std::sync::Arc;

use coffer_core::{
    StartError,
    store::{KeyRow, Model, Store, StoreError},
};
use coffer_crypto::{Environment, KeyPurpose, RingError, RootKey, WrapError};

use crate::support::{Double, Draws, Setup, Step, VISA, act, card, run, tenant};

fn setup(model: &Arc<Model>) -> Setup {
    Setup::over(Arc::clone(model) as Arc<dyn Store>)
}

/// A store that was started once.
fn started() -> Arc<Model> {
    let model = Arc::new(Model::new());
    setup(&model).open().unwrap();
    model
}

/// The error of a start that finds its key rows changed.
fn error_with_keys(
    model: &Arc<Model>,
    change: impl FnMut(Vec<KeyRow>) -> Vec<KeyRow> + Send + 'static,
) -> StartError {
    let store = Double::over(model);
    store.on_keys(change);
    Setup::over(store as Arc<dyn Store>).open().unwrap_err()
}

#[test]
fn the_wrong_root_key_is_named_and_changes_nothing() {
    let model = started();
    let before = (run(model.keys()).unwrap(), crate::support::lines(&*model));
    let root = RootKey::parse_hex(&"5b".repeat(32)).unwrap();
    let result = Setup { root, ..setup(&model) }.open();
    assert!(matches!(result, Err(StartError::WrongRoot)));
    assert_eq!((run(model.keys()).unwrap(), crate::support::lines(&*model)), before);
    assert!(setup(&model).open().is_ok());
}

#[test]
fn a_sandbox_is_never_opened_as_live_nor_the_other_way_round() {
    let worlds = [(Environment::Sandbox, Environment::Live), (Environment::Live, Environment::Sandbox)];
    for (made, opened) in worlds {
        let model = Arc::new(Model::new());
        Setup { environment: made, ..setup(&model) }.open().unwrap();
        let before = crate::support::lines(&*model);
        let result = Setup { environment: opened, ..setup(&model) }.open();
        assert!(matches!(result, Err(StartError::WrongRoot)));
        assert_eq!(crate::support::lines(&*model), before);
    }
}

#[test]
fn a_key_row_that_was_changed_is_named() {
    let model = started();
    for row in run(model.keys()).unwrap() {
        let (purpose, version, owner) = (row.purpose, row.version, row.tenant);
        for byte in [0, 1, 2, 20, row.wrapped.0.len() - 1].into_iter().filter(|at| *at < row.wrapped.0.len())
        {
            let error = error_with_keys(&model, move |mut rows| {
                let mine = |row: &&mut KeyRow| (row.purpose, row.tenant) == (purpose, owner);
                rows.iter_mut().find(mine).unwrap().wrapped.0[byte] ^= 4;
                rows
            });
            match error {
                StartError::WrongRoot => {
                    assert!([KeyPurpose::Kek, KeyPurpose::Root].map(KeyPurpose::code).contains(&purpose));
                }
                StartError::BadKey { purpose: named, version: numbered } => {
                    assert_eq!((named, numbered), (purpose, version));
                }
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn keys_at_each_others_places_do_not_open() {
    let model = started();
    let swap = |one: fn(&KeyRow) -> bool, two: fn(&KeyRow) -> bool| {
        error_with_keys(&model, move |mut rows| {
            let [one, two] = [one, two].map(|is| rows.iter().position(is).unwrap());
            let wrapped = rows[one].wrapped.clone();
            rows[one].wrapped = rows[two].wrapped.clone();
            rows[two].wrapped = wrapped;
            rows
        })
    };
    let of_one = |row: &KeyRow| row.tenant == Some(tenant(1)) && row.purpose == 2;
    let of_two = |row: &KeyRow| row.tenant == Some(tenant(2)) && row.purpose == 2;
    let durable = |row: &KeyRow| row.tenant == Some(tenant(1)) && row.purpose == 3;
    for error in [swap(of_one, of_two), swap(of_one, durable)] {
        assert!(matches!(error, StartError::BadKey { purpose: 2, version: 1 }), "{error}");
    }
    let unknown = error_with_keys(&model, |mut rows| {
        rows.push(KeyRow { purpose: 99, ..rows.last().unwrap().clone() });
        rows
    });
    assert!(matches!(unknown, StartError::BadKey { purpose: 99, version: 1 }));
    let renumbered = error_with_keys(&model, |mut rows| {
        rows.iter_mut().find(|row| row.purpose == 6).unwrap().version = 2;
        rows
    });
    assert!(matches!(renumbered, StartError::MissingKey { purpose: 6, version: 1 }), "{renumbered}");
}

/// Records without any key are no new vault, whichever root is given.
#[test]
fn a_store_with_records_and_no_keys_gets_none() {
    let model = Arc::new(Model::new());
    let vault = setup(&model).open().unwrap();
    run(vault.create(&act(), &card(VISA, None, "Ada"), |created| created.locator)).unwrap();
    drop(vault);
    let before = (run(model.keys()).unwrap(), crate::support::lines(&*model));
    let error = error_with_keys(&model, |_| Vec::new());
    assert!(matches!(error, StartError::NoKeys), "{error}");
    assert_eq!((run(model.keys()).unwrap(), crate::support::lines(&*model)), before, "nothing was made");
    assert!(setup(&model).open().is_ok());
}

#[test]
fn half_the_keys_of_a_tenant_who_has_left_are_completed() {
    let model = Arc::new(Model::new());
    let store = Double::over(&model);
    // KEK, record of the root, three of the deployment, four of the first tenant, and half of the second's.
    let mut left = 11;
    store.on_commit(move |_| {
        left -= 1;
        if left >= 0 { Step::Pass } else { Step::Answer(Err(StoreError::Unavailable)) }
    });
    assert!(Setup::over(store as Arc<dyn Store>).open().is_err());
    assert_eq!(run(model.keys()).unwrap().len(), 11);
    let only_one = Setup { tenants: vec![tenant(1)], draws: Draws::seeded(2), ..setup(&model) };
    assert!(only_one.open().is_ok(), "half a set of keys does not block every start");
    let keys = run(model.keys()).unwrap();
    assert_eq!(keys.iter().filter(|row| row.tenant == Some(tenant(2))).count(), 4);
}

#[test]
fn a_tenants_number_stays_with_its_first_name() {
    let model = started();
    let before = run(model.keys()).unwrap();
    let renamed = Setup { suffix: "_competitor", ..setup(&model) }.open();
    assert!(matches!(renamed, Err(StartError::TenantTaken { number: 1 })));
    assert_eq!(run(model.keys()).unwrap(), before);
    assert!(setup(&model).open().is_ok(), "the first name is still good");
    assert!(Setup { tenants: vec![tenant(2)], ..setup(&model) }.open().is_ok(), "a tenant may leave");
    let newcomer =
        Setup { tenants: vec![tenant(3)], draws: Draws::seeded(2), suffix: "_new", ..setup(&model) };
    assert!(newcomer.open().is_ok(), "a new number takes any name");
}

#[test]
fn no_randomness_is_named_and_the_next_start_completes() {
    let mut refusals = 0;
    for draws in 0.. {
        let model = Arc::new(Model::new());
        let entropy = Draws::seeded(1);
        entropy.leave(draws);
        match (Setup { draws: entropy, ..setup(&model) }).open() {
            Err(StartError::Entropy) => refusals += 1,
            // The last draw of a start is the ring's: it begins a new one.
            Err(StartError::Ring(RingError::Key(WrapError::Entropy(_)))) => {
                assert_eq!(run(model.keys()).unwrap().len(), 13);
            }
            Err(other) => panic!("{other}"),
            Ok(_) => break,
        }
        assert!(crate::support::lines_of(&*model, "vault.start").is_empty());
        assert!(setup(&model).open().is_ok(), "after {draws} draws");
    }
    assert_eq!(refusals, 2 * 12, "two draws for each key: the key and the nonce of its wrapping");
}

#[test]
fn a_store_that_cannot_be_read_or_written_is_named() {
    for error in [StoreError::Unavailable, StoreError::Corrupt { table: "key" }] {
        for read in ["counter", "newest_number", "keys"] {
            let store = Double::over(&started());
            store.break_read(read, error);
            let result = Setup::over(store as Arc<dyn Store>).open();
            assert!(matches!(result, Err(StartError::Store(found)) if found == error), "{read}");
        }
    }
    let model = started();
    run(model.close()).unwrap();
    assert!(matches!(setup(&model).open(), Err(StartError::Store(StoreError::Unavailable))));
}

#[test]
fn a_foreign_ring_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    drop(Setup { ring: Some(path.clone()), ..setup(&Arc::new(Model::new())) }.open().unwrap());
    let another =
        Setup { ring: Some(path), draws: Draws::seeded(2), ..setup(&Arc::new(Model::new())) }.open();
    assert!(matches!(another, Err(StartError::Ring(RingError::Foreign))));
}
