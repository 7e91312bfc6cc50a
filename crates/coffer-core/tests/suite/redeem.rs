//! Redeem: clear details once, and never a token used up for nothing.

use std::sync::{Arc, Mutex};

use coffer_core::{
    RedeemError, Refused,
    lifecycle::TokenStage,
    store::{Lost, Outcome, Position, StoreError},
};
use coffer_types::{RecordNumber, limits};

use crate::support::{
    AMEX, DAY, LIFE, MASTERCARD, Step, VISA, World, act, act_of_two, at, card, clear, details_of, lines_of,
    run,
};

fn lost(world: &World, token: &coffer_crypto::LocatorBytes) -> Outcome {
    let key = world.token_row(token).unwrap().key();
    Outcome::Lost { lost: Lost::NotLive(key), after: Position(1) }
}

#[test]
fn gives_number_code_and_details_once() {
    let world = World::new();
    let token = world.create(&act(), &card(AMEX, Some("1234"), "Ada"));
    world.clock.raise_to(at(7));
    let given = run(world.vault.redeem(&act(), world.number(&token), |redeemed| {
        assert_eq!((redeemed.created_at, redeemed.used_at), (at(0), at(7)));
        (clear(&redeemed.clear), serde_json::to_value(&redeemed.details).unwrap())
    }));
    assert_eq!(given.unwrap(), ((AMEX.to_owned(), Some("1234".to_owned())), details_of("Ada")));
    for _ in 0..2 {
        assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable));
    }
    assert_eq!(world.stage(&token), Some(TokenStage::Used { at: at(7) }));
    let view = run(world.vault.read_token(act().tenant, &token)).unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(&view.details).unwrap(),
        details_of("Ada"),
        "readable, masked, after its use"
    );
}

#[test]
fn gives_no_code_where_none_came() {
    let world = World::new();
    let token = world.create(&act(), &card(MASTERCARD, None, "Ada"));
    assert_eq!(world.redeem(&token), Ok((MASTERCARD.to_owned(), None)));
}

#[test]
fn works_to_the_last_millisecond_and_not_one_longer() {
    // Wherever in the half minute of its key a code was taken in, it lives as long as its token.
    for offset in [0, 1, 15_000, 29_999] {
        let world = World::new();
        world.clock.raise_to(at(offset));
        let [early, late] = [(); 2].map(|()| world.create(&act(), &card(VISA, Some("123"), "Ada")));
        world.clock.raise_to(at(offset + LIFE - 1));
        run(world.vault.sweep()).unwrap();
        assert_eq!(world.redeem(&early), Ok((VISA.to_owned(), Some("123".to_owned()))), "at {offset}");
        world.clock.raise_to(at(offset + LIFE));
        assert_eq!(world.redeem(&late), Err(RedeemError::NotUsable), "at {offset}");
    }
}

#[test]
fn strangers_and_wrong_numbers_get_the_answer_of_used_tokens() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let number = world.number(&token);
    let redeem = |act: &coffer_core::Act, number| run(world.vault.redeem(act, number, |_| ()));
    assert_eq!(redeem(&act_of_two(), number), Err(RedeemError::NotUsable));
    let next = RecordNumber::from_u64(number.get() + 1).unwrap();
    assert_eq!(redeem(&act(), next), Err(RedeemError::NotUsable));
    assert!(lines_of(&*world.model, "token.redeem").is_empty());
    assert_eq!(redeem(&act(), number), Ok(()));
}

#[test]
fn plans_anew_after_a_lost_commit() {
    for losses in 0..limits::PLAN_ATTEMPTS {
        let world = World::new();
        let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
        world.store.answer(losses, Ok(lost(&world, &token)));
        let renders = Mutex::new(0);
        let reply = run(world.vault.redeem(&act(), world.number(&token), |redeemed| {
            *renders.lock().unwrap() += 1;
            (clear(&redeemed.clear), *renders.lock().unwrap())
        }));
        let card = (VISA.to_owned(), Some("123".to_owned()));
        assert_eq!(reply, Ok((card, losses + 1)), "the reply of the attempt that won");
        assert_eq!(*renders.lock().unwrap(), losses + 1);
        assert_eq!(lines_of(&*world.model, "token.redeem").len(), 1);
    }
}

#[test]
fn gives_up_after_its_attempts_and_uses_nothing_up() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let before = (world.token_row(&token), world.lines());
    world.store.answer(limits::PLAN_ATTEMPTS, Ok(lost(&world, &token)));
    assert_eq!(world.redeem(&token), Err(RedeemError::Refused(Refused::Contended)));
    assert_eq!((world.token_row(&token), world.lines()), before);
    assert_eq!(world.redeem(&token), Ok((VISA.to_owned(), Some("123".to_owned()))));
}

#[test]
fn a_store_that_fails_uses_nothing_up() {
    let answers = [
        (StoreError::Full, Refused::Busy),
        (StoreError::Unavailable, Refused::Unavailable),
        (StoreError::Corrupt { table: "token" }, Refused::Unavailable),
    ];
    for (error, refused) in answers {
        let world = World::new();
        let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
        let before = (world.token_row(&token), world.lines());
        world.store.answer(1, Err(error));
        assert_eq!(world.redeem(&token), Err(RedeemError::Refused(refused)), "at the commit");
        world.store.break_read("token", error);
        assert_eq!(world.redeem(&token), Err(RedeemError::Refused(refused)), "at the read");
        assert_eq!((world.token_row(&token), world.lines()), before);
        world.store.heal();
        assert_eq!(world.redeem(&token), Ok((VISA.to_owned(), Some("123".to_owned()))));
    }
}

#[test]
fn no_randomness_uses_nothing_up() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    world.draws.leave(0);
    assert_eq!(world.redeem(&token), Err(RedeemError::Refused(Refused::Unavailable)));
    world.draws.leave(u64::MAX);
    assert_eq!(world.redeem(&token), Ok((VISA.to_owned(), Some("123".to_owned()))));
}

#[test]
fn whoever_comes_second_gets_nothing_of_what_was_planned() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let (neighbour, number) = (world.neighbour(), world.number(&token));
    let first = Arc::new(Mutex::new(Vec::new()));
    let won = Arc::clone(&first);
    world.store.on_commit(move |_| {
        won.lock().unwrap().push(run(neighbour.redeem(&act(), number, |redeemed| clear(&redeemed.clear))));
        Step::Pass
    });
    assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable));
    assert_eq!(*first.lock().unwrap(), [Ok((VISA.to_owned(), None))]);
    assert_eq!(lines_of(&*world.model, "token.redeem").len(), 1, "one use, one fact");
}

#[test]
fn a_commit_whose_answer_was_lost_leaves_the_token_used() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    world.store.on_commit(|_| Step::WriteAndAnswer(Err(StoreError::Unavailable)));
    assert_eq!(world.redeem(&token), Err(RedeemError::Refused(Refused::Unavailable)));
    world.store.heal();
    assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable));
}

#[test]
fn a_day_later_the_answer_is_still_the_same() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(2 * DAY));
    assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable));
}
