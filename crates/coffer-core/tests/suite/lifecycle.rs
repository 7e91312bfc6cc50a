//! The life of a token, pair by pair, against the table that documents it.

use std::collections::BTreeSet;

use coffer_core::{
    ExchangeError, ForwardOpened, ForwardSource, RedeemError, ReferencedError, UpdateError, Walk,
    lifecycle::{TOKEN_TABLE, TokenEvent, TokenStage, TokenStateName},
};
use coffer_crypto::LocatorBytes;

use crate::support::{DAY, LIFE, MASTERCARD, VISA, World, act, at, card, request, run};

const STATES: [TokenStateName; 4] =
    [TokenStateName::Live, TokenStateName::Used, TokenStateName::Expired, TokenStateName::Gone];
const EVENTS: [TokenEvent; 7] = [
    TokenEvent::Exchange,
    TokenEvent::Redeem,
    TokenEvent::Update,
    TokenEvent::Refer,
    TokenEvent::Forward,
    TokenEvent::TimeUp,
    TokenEvent::Sweep,
];

#[derive(Debug, PartialEq)]
enum Answer {
    Done,
    NotUsable,
}

/// A world with a token that was brought into a state, and an instrument that it could update.
fn token_in(state: TokenStateName) -> (World, LocatorBytes) {
    let world = World::new();
    let first = world.create(&act(), &card(MASTERCARD, None, "Ada"));
    world.exchange(&act(), &first, "updated").unwrap();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    match state {
        TokenStateName::Live => {}
        TokenStateName::Used => assert_eq!(cause(&world, &token, TokenEvent::Redeem), Answer::Done),
        TokenStateName::Expired => assert_eq!(cause(&world, &token, TokenEvent::TimeUp), Answer::Done),
        TokenStateName::Gone => assert_eq!(cause(&world, &token, TokenEvent::Sweep), Answer::Done),
    }
    (world, token)
}

fn cause(world: &World, token: &LocatorBytes, event: TokenEvent) -> Answer {
    match event {
        TokenEvent::Exchange => match world.exchange(&act(), token, "customer") {
            Ok(_) => Answer::Done,
            Err(ExchangeError::NotUsable) => Answer::NotUsable,
            Err(other) => panic!("{other}"),
        },
        TokenEvent::Redeem => match world.redeem(token) {
            Ok(_) => Answer::Done,
            Err(RedeemError::NotUsable) => Answer::NotUsable,
            Err(other) => panic!("{other}"),
        },
        TokenEvent::Update => {
            let walk = Walk { customers: &["updated"], ..Walk::default() };
            let id = world.walk(&act(), walk)[0].locator;
            match world.update(&act(), &id, Some(token), "Grace") {
                Ok(_) => Answer::Done,
                Err(UpdateError::NotUsable) => Answer::NotUsable,
                Err(other) => panic!("{other}"),
            }
        }
        TokenEvent::Refer => referred(world.refer_token(&act(), ("g", "r"), token).map(drop)),
        TokenEvent::Forward => {
            let (attempt, source) = (world.attempt(request("k")), ForwardSource::Token(token));
            let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
            referred(run(world.vault.begin_forward(&act(), &attempt, source, sends)).map(drop))
        }
        TokenEvent::TimeUp => {
            world.clock.raise_to(at(LIFE));
            Answer::Done
        }
        TokenEvent::Sweep => {
            world.clock.raise_to(at(DAY + 1));
            run(world.vault.sweep()).unwrap();
            Answer::Done
        }
    }
}

fn referred(result: Result<(), ReferencedError>) -> Answer {
    match result {
        Ok(()) => Answer::Done,
        Err(ReferencedError::NotUsable) => Answer::NotUsable,
        Err(other) => panic!("{other}"),
    }
}

fn state_of(world: &World, token: &LocatorBytes) -> TokenStateName {
    match world.stage(token) {
        None => TokenStateName::Gone,
        Some(TokenStage::Live) => TokenStateName::Live,
        Some(TokenStage::Used { .. }) => TokenStateName::Used,
        Some(TokenStage::Expired { .. }) => TokenStateName::Expired,
    }
}

#[test]
fn every_pair_of_state_and_event_does_what_the_table_says() {
    let mut listed = 0;
    for state in STATES {
        for event in EVENTS {
            let (world, token) = token_in(state);
            assert_eq!(state_of(&world, &token), state);
            let before = (world.token_row(&token), world.lines());
            let answer = cause(&world, &token, event);
            let row = TOKEN_TABLE.iter().find(|(from, on, _)| (*from, *on) == (state, event));
            let becomes = row.map_or(state, |(_, _, to)| *to);
            assert_eq!(state_of(&world, &token), becomes, "{state:?} on {event:?}");
            if row.is_some() {
                listed += 1;
                assert_eq!(answer, Answer::Done, "{state:?} on {event:?}");
                continue;
            }
            assert_eq!((world.token_row(&token), world.lines()), before, "{state:?} on {event:?}");
            if !matches!(event, TokenEvent::TimeUp | TokenEvent::Sweep) {
                assert_eq!(answer, Answer::NotUsable, "{state:?} on {event:?}");
            }
        }
    }
    assert_eq!(listed, TOKEN_TABLE.len(), "every row of the table was walked");
}

#[test]
fn the_table_names_each_pair_once() {
    let pairs: BTreeSet<String> =
        TOKEN_TABLE.iter().map(|(from, on, _)| format!("{from:?} {on:?}")).collect();
    assert_eq!(pairs.len(), TOKEN_TABLE.len());
    assert!(TOKEN_TABLE.iter().all(|(from, _, _)| *from != TokenStateName::Gone), "nothing comes back");
}

#[test]
fn a_stage_says_when_it_began() {
    let world = World::new();
    let [used, left] = [(); 2].map(|()| world.create(&act(), &card(VISA, None, "Ada")));
    world.clock.raise_to(at(5_000));
    world.redeem(&used).unwrap();
    assert_eq!(world.stage(&left), Some(TokenStage::Live));
    world.clock.raise_to(at(LIFE + 12_345));
    assert_eq!(world.stage(&used), Some(TokenStage::Used { at: at(5_000) }), "time does not expire the used");
    assert_eq!(world.stage(&left), Some(TokenStage::Expired { at: at(LIFE) }));
}
