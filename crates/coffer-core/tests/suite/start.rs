//! Start: keys are made once, and whatever a start that was cut off has left, the next one completes.

use std::{collections::BTreeSet, sync::Arc};

use coffer_core::{
    StartError, Vault,
    store::{Lost, Model, Outcome, Position, Store, StoreError},
};

use crate::support::{
    Double, Draws, MASTERCARD, Setup, Step, VISA, act, card, clear, exchange, lines_of, run, tenant,
};

/// The keys of two tenants: the KEK, the record of the root, three of the deployment, four of each tenant.
const KEYS: usize = 1 + 1 + 3 + 2 * 4;

fn setup(model: &Arc<Model>) -> Setup {
    Setup::over(Arc::clone(model) as Arc<dyn Store>)
}

fn made(model: &Model) -> usize {
    lines_of(model, "key.create").len()
}

/// One token through the vault and out again.
fn works(vault: &Vault, tenant_number: u32) {
    let act = coffer_core::Act { tenant: tenant(tenant_number), ..act() };
    let new = card(VISA, Some("123"), "Ada");
    let token = run(vault.create(&act, &new, |created| created.locator)).unwrap();
    let number = vault.locate_token(&token).unwrap().1;
    let given = run(vault.redeem(&act, number, |redeemed| clear(&redeemed.clear)));
    assert_eq!(given, Ok((VISA.to_owned(), Some("123".to_owned()))));
}

#[test]
fn keys_are_made_once_and_the_second_start_reads_what_the_first_wrote() {
    let model = Arc::new(Model::new());
    let vault = setup(&model).open().unwrap();
    assert_eq!(made(&model), KEYS);
    let rows = run(model.keys()).unwrap();
    let names: BTreeSet<_> = rows.iter().map(|row| (row.tenant, row.purpose, row.version)).collect();
    assert_eq!((rows.len(), names.len()), (KEYS, KEYS));
    let new = card(VISA, None, "Ada");
    let [kept, token] = [(); 2].map(|()| run(vault.create(&act(), &new, |created| created.locator)).unwrap());
    let (seen, _) = exchange(&vault, &act(), &token, "customer").unwrap();
    drop(vault);

    let vault = Setup { draws: Draws::seeded(2), ..setup(&model) }.open().unwrap();
    assert_eq!(made(&model), KEYS, "no key was made again");
    assert_eq!(run(model.keys()).unwrap(), rows);
    assert_eq!(lines_of(&*model, "vault.start").len(), 2);
    let number = vault.locate_token(&kept).expect("the printed token still leads somewhere").1;
    let given = run(vault.redeem(&act(), number, |redeemed| clear(&redeemed.clear)));
    assert_eq!(given, Ok((VISA.to_owned(), None)));
    let number = vault.locate_instrument(&seen.locator).unwrap().1;
    let revealed = run(vault.reveal(&act(), number, "test")).unwrap();
    assert_eq!(clear(&revealed.clear).0, VISA);
    let again = run(vault.create(&act(), &card(VISA, None, "Ada"), |created| created.locator)).unwrap();
    let (updated, was_there) = exchange(&vault, &act(), &again, "customer").unwrap();
    assert!(was_there && updated.locator == seen.locator && updated.fingerprint == seen.fingerprint);
}

#[test]
fn a_new_tenant_gets_keys_and_the_others_keep_theirs() {
    let model = Arc::new(Model::new());
    setup(&model).open().unwrap();
    let before = run(model.keys()).unwrap();
    let tenants = vec![tenant(1), tenant(2), tenant(3)];
    let vault = Setup { tenants, draws: Draws::seeded(2), ..setup(&model) }.open().unwrap();
    assert_eq!(made(&model), KEYS + 4);
    let rows = run(model.keys()).unwrap();
    assert!(before.iter().all(|row| rows.contains(row)));
    works(&vault, 3);
    drop(vault);
    // A tenant that left the configuration keeps its keys: its instruments are still there.
    let vault = Setup { tenants: vec![tenant(1)], ..setup(&model) }.open().unwrap();
    assert_eq!(run(model.keys()).unwrap(), rows);
    works(&vault, 3);
}

#[test]
fn a_start_that_was_cut_off_anywhere_is_completed_by_the_next() {
    for written in [false, true] {
        // One commit for each key and one for the start itself.
        for done in 0..=KEYS {
            let model = Arc::new(Model::new());
            let store = Double::over(&model);
            let mut left = done;
            store.on_commit(move |_| {
                let unavailable = Err(StoreError::Unavailable);
                match left.checked_sub(1) {
                    Some(fewer) => {
                        left = fewer;
                        Step::Pass
                    }
                    None if written => Step::WriteAndAnswer(unavailable),
                    None => Step::Answer(unavailable),
                }
            });
            let cut = Setup::over(Arc::clone(&store) as Arc<dyn Store>).open();
            assert!(matches!(cut, Err(StartError::Store(StoreError::Unavailable))), "after {done}");
            let found = if written { (done + 1).min(KEYS) } else { done };
            assert_eq!(made(&model), found);
            let vault = Setup { draws: Draws::seeded(2), ..setup(&model) }.open().unwrap();
            assert_eq!((made(&model), run(model.keys()).unwrap().len()), (KEYS, KEYS), "after {done}");
            works(&vault, 1);
            works(&vault, 2);
        }
    }
}

#[test]
fn two_first_starts_at_once_agree_on_one_set_of_keys() {
    for moment in 0..KEYS {
        let model = Arc::new(Model::new());
        let store = Double::over(&model);
        let (theirs, mut commits) = (Arc::clone(&model), 0);
        store.on_commit(move |_| {
            if commits == moment {
                Setup { node: 1, draws: Draws::seeded(77), ..setup(&theirs) }.open().unwrap();
            }
            commits += 1;
            Step::Pass
        });
        let ours = Setup::over(Arc::clone(&store) as Arc<dyn Store>).open();
        works(&ours.unwrap(), 1);
        assert_eq!((made(&model), run(model.keys()).unwrap().len()), (KEYS, KEYS), "at {moment}");
        works(&setup(&model).open().unwrap(), 2);
    }
}

#[test]
fn two_first_starts_that_meet_at_a_name_agree_when_it_is_the_same() {
    for (suffix, agree) in [("", true), ("_other", false)] {
        let model = Arc::new(Model::new());
        let store = Double::over(&model);
        let (theirs, mut commits) = (Arc::clone(&model), 0);
        store.on_commit(move |_| {
            // All keys are made; the next unit gives the first tenant's number its name.
            if commits == KEYS {
                Setup { node: 1, draws: Draws::seeded(77), suffix, ..setup(&theirs) }.open().unwrap();
            }
            commits += 1;
            Step::Pass
        });
        let ours = Setup::over(Arc::clone(&store) as Arc<dyn Store>).open();
        if agree {
            works(&ours.unwrap(), 1);
        } else {
            assert!(matches!(ours, Err(StartError::TenantTaken { number: 1 })));
        }
    }
}

#[test]
fn a_start_that_is_not_in_the_log_is_no_start() {
    let model = Arc::new(Model::new());
    setup(&model).open().unwrap();
    let starts = lines_of(&*model, "vault.start").len();
    let store = Double::over(&model);
    store.answer(1, Err(StoreError::Full));
    let result = Setup::over(Arc::clone(&store) as Arc<dyn Store>).open();
    assert!(matches!(result, Err(StartError::Store(StoreError::Full))));
    store.answer(1, Ok(Outcome::Lost { lost: Lost::Exists, after: Position(1) }));
    let result = Setup::over(Arc::clone(&store) as Arc<dyn Store>).open();
    assert!(result.is_err(), "a lost unit wrote no fact either");
    assert_eq!(lines_of(&*model, "vault.start").len(), starts);
}

#[test]
fn nodes_of_one_store_understand_each_other() {
    let model = Arc::new(Model::new());
    let one = setup(&model).open().unwrap();
    let two = Setup { node: 1, draws: Draws::seeded(2), ..setup(&model) }.open().unwrap();
    let token = run(one.create(&act(), &card(MASTERCARD, None, "Ada"), |created| created.locator)).unwrap();
    let (seen, _) = exchange(&two, &act(), &token, "customer").unwrap();
    let view = run(one.read_instrument(tenant(1), &seen.locator)).unwrap().unwrap();
    assert_eq!(crate::support::Seen::from(&view), seen);
}
