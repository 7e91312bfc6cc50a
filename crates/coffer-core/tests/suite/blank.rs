//! Blank: a token that was not used in time keeps its masked row and nothing of its card.

use coffer_core::{
    RedeemError, Refused, Swept,
    lifecycle::TokenStage,
    store::{Store, StoreError, TokenRow, TokenState},
};
use coffer_crypto::LocatorBytes;
use coffer_types::limits;

use crate::support::{DAY, LIFE, VISA, World, act, at, card, details_of, run, tenant};

fn has_card(world: &World, token: &LocatorBytes) -> bool {
    matches!(world.token_row(token).unwrap().state, TokenState::Live { .. })
}

/// Sweeps until nothing is left, and gives back how many units that took.
fn sweep(world: &World) -> u64 {
    let before = world.model.gauges().units;
    while run(world.vault.sweep()).unwrap() == Swept::More {}
    world.model.gauges().units - before
}

#[test]
fn an_expired_token_is_masked_and_still_readable() {
    let world = World::new();
    let [left, used] = [(); 2].map(|()| world.create(&act(), &card(VISA, Some("123"), "Ada")));
    world.redeem(&used).unwrap();
    let (before, after_use) = (world.token_row(&left).unwrap(), world.token_row(&used));
    let lines = world.lines();
    world.clock.raise_to(at(LIFE + 1));
    let live = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    assert_eq!(sweep(&world), 1);
    let after = world.token_row(&left).unwrap();
    assert_eq!(after, TokenRow { state: TokenState::Expired, ..before });
    assert_eq!(world.token_row(&used), after_use);
    assert!(has_card(&world, &live));
    let view = run(world.vault.read_token(tenant(1), &left)).unwrap().unwrap();
    assert_eq!(view.stage, TokenStage::Expired { at: at(LIFE) });
    assert_eq!(view.face.unwrap().last4.as_str(), "1111");
    assert_eq!(serde_json::to_value(&view.details).unwrap(), details_of("Ada"), "the details still open");
    assert_eq!(world.redeem(&left), Err(RedeemError::NotUsable));
    assert_eq!(world.redeem(&live).unwrap().1.as_deref(), Some("123"));
    let told: Vec<_> = world.lines()[lines.len()..].iter().map(|line| line["action"].clone()).collect();
    assert!(!told.iter().any(|action| action.to_string().contains("sweep")), "{told:?}");
}

#[test]
fn nothing_is_taken_before_its_time() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    for millis in [0, LIFE - 1, LIFE] {
        world.clock.raise_to(at(millis));
        assert_eq!(sweep(&world), 0);
        assert!(has_card(&world, &token), "{millis}");
    }
    world.clock.raise_to(at(LIFE + 1));
    assert_eq!(sweep(&world), 1);
    assert!(!has_card(&world, &token));
    assert_eq!(sweep(&world), 0, "nothing is written where nothing is left");
}

#[test]
fn a_step_is_bounded_and_what_comes_later_goes_too() {
    let world = World::new();
    let count = usize::try_from(limits::SWEEP_ROWS).unwrap() + 3;
    let new = card(VISA, None, "Ada");
    let tokens: Vec<_> = (0..count).map(|_| world.create(&act(), &new)).collect();
    let with_card = || tokens.iter().filter(|token| has_card(&world, token)).count();
    world.clock.raise_to(at(LIFE + 1_000));
    let later = world.create(&act(), &new);
    assert_eq!(run(world.vault.sweep()), Ok(Swept::More));
    assert_eq!(with_card(), 3);
    assert_eq!(sweep(&world), 1);
    assert_eq!(with_card(), 0);
    assert!(has_card(&world, &later));
    world.clock.raise_to(at(2 * LIFE + 2_000));
    assert_eq!(sweep(&world), 1);
    assert!(!has_card(&world, &later));
}

#[test]
fn many_used_rows_are_passed_over_without_a_write() {
    let world = World::new();
    let used = usize::try_from(limits::SWEEP_ROWS).unwrap() + 3;
    for _ in 0..used {
        let token = world.create(&act(), &card(VISA, None, "Ada"));
        world.redeem(&token).unwrap();
    }
    let last = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(LIFE + 1_000));
    let before = world.model.gauges().units;
    assert_eq!(run(world.vault.sweep()), Ok(Swept::More), "the rows of one step hold no card");
    assert_eq!(world.model.gauges().units, before);
    assert!(has_card(&world, &last));
    assert_eq!(sweep(&world), 1);
    assert!(!has_card(&world, &last));
}

#[test]
fn another_process_goes_on_where_this_one_ended() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    world.clock.raise_to(at(LIFE + 1));
    let neighbour = world.neighbour();
    while run(neighbour.sweep()).unwrap() == Swept::More {}
    assert!(!has_card(&world, &token));
    assert_eq!(sweep(&world), 0, "twice does no harm");
}

#[test]
fn a_day_old_rows_go_whole() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    world.clock.raise_to(at(DAY + 1));
    assert_eq!(sweep(&world), 1, "deleted, and not blanked before");
    assert!(world.token_row(&token).is_none());
}

#[test]
fn a_store_that_fails_is_asked_again() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    world.clock.raise_to(at(LIFE + 1));
    world.store.answer(1, Err(StoreError::Full));
    assert_eq!(run(world.vault.sweep()), Err(Refused::Busy));
    assert!(has_card(&world, &token));
    world.store.break_read("oldest_protected", StoreError::Unavailable);
    assert_eq!(run(world.vault.sweep()), Err(Refused::Unavailable));
    world.store.heal();
    assert_eq!(sweep(&world), 1);
    assert!(!has_card(&world, &token));
}
