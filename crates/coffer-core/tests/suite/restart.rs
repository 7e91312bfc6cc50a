//! Time and numbers after a restart: neither goes back behind what the store has seen.

use std::sync::Arc;

use coffer_core::{
    Clock, Numbers, RedeemError,
    store::{Model, Store},
};
use coffer_types::Timestamp;

use crate::support::{DAY, Draws, LIFE, Setup, VISA, act, at, card, exchange, run};

fn setup(model: &Arc<Model>, now: Timestamp) -> Setup {
    let setup = Setup::over(Arc::clone(model) as Arc<dyn Store>);
    Setup { clock: Arc::new(Clock::stopped(now)), draws: Draws::seeded(9), ..setup }
}

#[test]
fn numbers_go_on_above_the_newest_in_the_store() {
    for exchanged in [false, true] {
        let model = Arc::new(Model::new());
        let vault = Setup { node: 5, ..setup(&model, at(0)) }.open().unwrap();
        let new = card(VISA, None, "Ada");
        let token = run(vault.create(&act(), &new, |created| created.locator)).unwrap();
        if exchanged {
            exchange(&vault, &act(), &token, "customer").unwrap();
        }
        let newest = run(model.newest_number()).unwrap().unwrap();
        drop(vault);
        // The same clock, a clock far behind, and a node with a lower number of its own.
        for (node, now) in [(5, at(0)), (5, at(-DAY)), (0, at(0)), (0, at(-DAY))] {
            let vault = Setup { node, ..setup(&model, now) }.open().unwrap();
            let token = run(vault.create(&act(), &new, |created| created.locator)).unwrap();
            let number = vault.locate_token(&token).unwrap().1;
            assert!(number > newest, "node {node} at {now:?}");
        }
    }
}

#[test]
fn time_does_not_go_back_behind_the_newest_record() {
    let model = Arc::new(Model::new());
    let vault = setup(&model, at(0)).open().unwrap();
    let new = card(VISA, None, "Ada");
    let early = run(vault.create(&act(), &new, |created| created.locator)).unwrap();
    drop(vault);
    let vault = setup(&model, at(LIFE)).open().unwrap();
    let late = run(vault.create(&act(), &new, |created| created.locator)).unwrap();
    drop(vault);

    let vault = setup(&model, at(60_000)).open().unwrap();
    let seen = Numbers::time_of(run(model.newest_number()).unwrap().unwrap());
    assert!(seen >= at(LIFE));
    assert_eq!(vault.now(), seen);
    let [early, late] = [early, late].map(|token| vault.locate_token(&token).unwrap().1);
    let redeem = |number| run(vault.redeem(&act(), number, |_| ()));
    assert_eq!(redeem(early), Err(RedeemError::NotUsable), "the expired does not come back to life");
    assert_eq!(redeem(late), Ok(()));
}

#[test]
fn a_clock_ahead_of_the_store_is_believed() {
    let model = Arc::new(Model::new());
    setup(&model, at(0)).open().unwrap();
    assert_eq!(setup(&model, at(DAY)).open().unwrap().now(), at(DAY));
}
