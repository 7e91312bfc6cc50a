//! The sandbox's clock: moved durably, forward only, and what it ends stays ended.

use std::{fs, sync::Arc};

use coffer_core::{
    RedeemError, Refused,
    store::{CounterKey, Store, StoreError},
};
use coffer_types::limits;

use crate::support::{LIFE, Setup, VISA, World, act, at, card, lines_of, run};

#[test]
fn moves_add_up_and_are_durable() {
    let world = World::new();
    assert_eq!(run(world.vault.clock_offset()), Ok(0));
    assert_eq!(run(world.vault.advance_clock(90)), Ok(Some(90)));
    assert_eq!((world.vault.now(), run(world.vault.clock_offset())), (at(90_000), Ok(90)));
    assert_eq!(run(world.vault.advance_clock(0)), Ok(Some(90)));
    assert_eq!(run(world.vault.advance_clock(10)), Ok(Some(100)));
    assert_eq!(world.vault.now(), at(100_000));
    assert_eq!(run(world.model.counter(CounterKey::SANDBOX_CLOCK)), Ok(100));
    assert_eq!(lines_of(&*world.model, "sandbox.clock").len(), 3);
    let restarted = Setup::over(Arc::clone(&world.model) as Arc<dyn Store>).open().unwrap();
    assert_eq!(restarted.now(), at(100_000));
}

#[test]
fn a_token_ends_when_the_clock_says_so_and_a_restart_does_not_revive_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let world = World::with_ring(Some(path.clone()));
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    assert!(fs::read(&path).unwrap()[512..].iter().any(|byte| *byte != 0), "the ring holds a key");
    run(world.vault.advance_clock(1_799)).unwrap();
    let (number, model) = (world.number(&token), Arc::clone(&world.model));
    assert!(world.stage(&token).is_some_and(|stage| stage == coffer_core::lifecycle::TokenStage::Live));
    run(world.vault.advance_clock(1)).unwrap();
    assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable));
    run(world.vault.advance_clock(30)).unwrap();
    let slots = fs::read(&path).unwrap()[512..].to_vec();
    assert!(slots.iter().all(|byte| *byte == 0), "what the move ended is erased at once");
    drop(world);
    let setup = Setup::over(model as Arc<dyn Store>);
    let restarted = Setup { ring: Some(path), ..setup }.open().unwrap();
    assert_eq!(run(restarted.redeem(&act(), number, |_| ())), Err(RedeemError::NotUsable));
    assert_eq!(restarted.now(), at(LIFE + 30_000));
}

#[test]
fn a_move_that_is_not_durable_is_no_move() {
    let world = World::new();
    for (error, refused) in
        [(StoreError::Full, Refused::Busy), (StoreError::Unavailable, Refused::Unavailable)]
    {
        world.store.answer(1, Err(error));
        assert_eq!(run(world.vault.advance_clock(60)), Err(refused));
        assert_eq!((world.vault.now(), run(world.vault.clock_offset())), (at(0), Ok(0)));
    }
    assert!(lines_of(&*world.model, "sandbox.clock").is_empty());
}

#[test]
fn every_node_adds_to_one_clock() {
    let world = World::new();
    let neighbour = world.neighbour();
    run(world.vault.advance_clock(60)).unwrap();
    assert_eq!(run(neighbour.advance_clock(40)), Ok(Some(100)));
    assert_eq!(run(world.vault.clock_offset()), Ok(100));
    assert_eq!(neighbour.now(), at(100_000));
}

#[test]
fn the_clock_is_moved_by_ten_years_at_most_in_all() {
    let world = World::new();
    let most = limits::SANDBOX_CLOCK_SECONDS;
    assert_eq!(run(world.vault.advance_clock(most + 1)), Ok(None));
    assert_eq!(run(world.vault.advance_clock(u64::MAX)), Ok(None));
    assert_eq!(run(world.vault.advance_clock(most - 1)), Ok(Some(most - 1)));
    assert_eq!(run(world.vault.advance_clock(2)), Ok(None));
    assert_eq!(run(world.vault.advance_clock(1)), Ok(Some(most)), "up to the bound");
    assert_eq!(run(world.vault.advance_clock(1)), Ok(None));
    assert_eq!(run(world.vault.clock_offset()), Ok(most), "a refused move moves nothing");
}
