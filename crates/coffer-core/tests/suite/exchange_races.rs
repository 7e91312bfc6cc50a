//! Exchanges that meet: another node commits between our plan and our commit.

use std::sync::{Arc, Mutex};

use coffer_core::{
    ExchangeError, Keep, Kept, Refused,
    store::{Lost, Outcome, Position},
};
use coffer_crypto::LocatorBytes;
use coffer_types::limits;

use crate::support::{Seen, Step, VISA, World, act, card, exchange, lines_of, no_own, run};

type Log = Arc<Mutex<Vec<String>>>;

/// Before the world's next commit, another node exchanges `token`. Every commit is written into the log.
fn compete(world: &World, token: LocatorBytes, log: &Log) -> Arc<Mutex<Option<Seen>>> {
    let (neighbour, log) = (world.neighbour(), Arc::clone(log));
    let winner = Arc::new(Mutex::new(None));
    let won = Arc::clone(&winner);
    world.store.on_commit(move |_| {
        log.lock().unwrap().push("commit".to_owned());
        let mut won = won.lock().unwrap();
        if won.is_none() {
            *won = Some(exchange(&neighbour, &act(), &token, "customer").unwrap().0);
        }
        Step::Pass
    });
    winner
}

/// Exchanges `token` and writes every rendering into the log.
fn exchange_logged(world: &World, token: &LocatorBytes, log: &Log) -> (Seen, String) {
    let render = |exchanged: &Kept| {
        let generation = exchanged.instrument.generation.get();
        let text = format!("render, updated {}, generation {generation}", exchanged.updated);
        log.lock().unwrap().push(text.clone());
        (Seen::from(&exchanged.instrument), text)
    };
    let keep = Keep { customer: "customer", own: &no_own };
    run(world.vault.exchange(&act(), token, keep, render)).unwrap()
}

#[test]
fn two_first_exchanges_of_one_card_make_one_instrument() {
    let world = World::new();
    let theirs = world.create(&act(), &card(VISA, None, "Ada"));
    let ours = world.create(&act(), &card(VISA, None, "Grace"));
    let log = Log::default();
    let winner = compete(&world, theirs, &log);
    let (seen, reply) = exchange_logged(&world, &ours, &log);
    let expected =
        ["render, updated false, generation 1", "commit", "render, updated true, generation 2", "commit"];
    assert_eq!(*log.lock().unwrap(), expected, "each plan is rendered before its commit");
    assert_eq!(reply, expected[2], "the reply is the winning attempt's");
    let winner = winner.lock().unwrap().take().unwrap();
    assert_eq!((seen.locator, seen.fingerprint), (winner.locator, winner.fingerprint));
    assert_eq!(world.instrument_row(&seen.locator).generation.get(), 2);
    let facts = lines_of(&*world.model, "token.exchange");
    assert_eq!(facts.len(), 2);
    assert_eq!(facts[0]["result"], facts[1]["result"], "both uses led to one record");
    for token in [theirs, ours] {
        assert_eq!(world.exchange(&act(), &token, "customer"), Err(ExchangeError::NotUsable));
    }
}

#[test]
fn two_updates_of_one_instrument_both_count() {
    let world = World::new();
    let [first, theirs, ours] =
        ["Ada", "Grace", "Edith"].map(|name| world.create(&act(), &card(VISA, None, name)));
    world.exchange(&act(), &first, "customer").unwrap();
    let log = Log::default();
    compete(&world, theirs, &log);
    let (seen, reply) = exchange_logged(&world, &ours, &log);
    assert_eq!(reply, "render, updated true, generation 3");
    assert_eq!(log.lock().unwrap().len(), 4);
    assert_eq!(seen.details["details"]["contact"]["firstName"], "Edith", "the last writer's details");
    assert_eq!(world.instrument_row(&seen.locator).generation.get(), 3);
}

#[test]
fn one_token_exchanged_twice_at_once_is_used_once() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let winner = compete(&world, token, &Log::default());
    assert_eq!(world.exchange(&act(), &token, "customer"), Err(ExchangeError::NotUsable));
    let winner = winner.lock().unwrap().take().unwrap();
    assert_eq!(world.instrument_row(&winner.locator).generation.get(), 1);
    assert_eq!(lines_of(&*world.model, "token.exchange").len(), 1);
}

#[test]
fn plans_as_often_as_the_limit_says() {
    for losses in [1, limits::PLAN_ATTEMPTS - 1, limits::PLAN_ATTEMPTS] {
        let world = World::new();
        let token = world.create(&act(), &card(VISA, None, "Ada"));
        let before = (world.token_row(&token), world.lines());
        let key = world.token_row(&token).unwrap().key();
        world.store.answer(losses, Ok(Outcome::Lost { lost: Lost::NotLive(key), after: Position(1) }));
        let result = world.exchange(&act(), &token, "customer");
        if losses < limits::PLAN_ATTEMPTS {
            assert!(!result.unwrap().1, "{losses} losses");
        } else {
            assert_eq!(result, Err(ExchangeError::Refused(Refused::Contended)));
            assert_eq!((world.token_row(&token), world.lines()), before);
            assert!(!world.exchange(&act(), &token, "customer").unwrap().1, "nothing was used up");
        }
    }
}
