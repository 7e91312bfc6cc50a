//! Sweep: rows nobody may read any more go away, in bounded steps, and nothing else does.

use coffer_core::{
    Refused, Swept,
    store::{Store, StoreError},
};
use coffer_types::limits;

use crate::support::{DAY, MINUTE, VISA, World, act, at, card, run, tenant};

#[test]
fn a_row_stays_readable_for_a_day_and_then_goes() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(MINUTE));
    let younger = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(DAY));
    while run(world.vault.sweep()) == Ok(Swept::More) {}
    assert!(world.token_row(&token).is_some());
    world.clock.raise_to(at(DAY + 1));
    assert_eq!(run(world.vault.sweep()), Ok(Swept::More));
    assert!(world.token_row(&token).is_none());
    assert!(world.token_row(&younger).is_some());
    assert_eq!(run(world.vault.sweep()), Ok(Swept::Clean));
    assert!(run(world.vault.read_token(tenant(1), &token)).unwrap().is_none());
}

#[test]
fn instruments_are_not_swept() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    world.clock.raise_to(at(1_000 * DAY));
    while run(world.vault.sweep()) == Ok(Swept::More) {}
    assert!(world.token_row(&token).is_none());
    assert!(run(world.vault.read_instrument(tenant(1), &seen.locator)).unwrap().is_some());
}

#[test]
fn one_step_is_bounded() {
    let world = World::new();
    let count = usize::try_from(limits::SWEEP_ROWS).unwrap() + 3;
    let new = card(VISA, None, "Ada");
    let tokens: Vec<_> = (0..count).map(|_| world.create(&act(), &new)).collect();
    let lines = world.lines();
    world.clock.raise_to(at(2 * DAY));
    let left = || tokens.iter().filter(|token| world.token_row(token).is_some()).count();
    assert_eq!(run(world.vault.sweep()), Ok(Swept::More));
    assert_eq!(left(), 3);
    assert_eq!(run(world.vault.sweep()), Ok(Swept::More));
    assert_eq!(left(), 0);
    assert_eq!(run(world.vault.sweep()), Ok(Swept::Clean));
    assert_eq!(world.lines(), lines, "no fact is told of what merely ended");
}

#[test]
fn a_store_that_fails_is_swept_the_next_time() {
    let world = World::new();
    world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(2 * DAY));
    world.store.answer(1, Err(StoreError::Full));
    assert_eq!(run(world.vault.sweep()), Err(Refused::Busy));
    world.store.break_read("oldest_token", StoreError::Unavailable);
    assert_eq!(run(world.vault.sweep()), Err(Refused::Unavailable));
    world.store.heal();
    assert_eq!(run(world.vault.sweep()), Ok(Swept::More));
    assert_eq!(run(world.model.oldest_token()), Ok(None));
}

#[test]
fn a_store_that_takes_no_writes_is_asked_and_holds_up_nothing() {
    let world = World::new();
    world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(2 * DAY));
    world.store.refuse();
    world.store.answer(1, Err(StoreError::Unavailable));
    assert_eq!(run(world.vault.sweep()), Err(Refused::Unavailable), "the question was refused");
    assert_eq!(run(world.model.oldest_token()), Ok(None), "and the old row went all the same");
    let before = world.model.gauges().units;
    assert_eq!(run(world.vault.sweep()), Ok(Swept::Clean));
    assert_eq!(world.model.gauges().units, before + 1, "it is asked until it takes one");
}
