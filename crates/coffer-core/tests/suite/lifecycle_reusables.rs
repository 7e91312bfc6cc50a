//! The lives of reusable tokens, conflicts and sessions, pair by pair, against the tables that document them.

use coffer_core::{
    ReusableError, SessionKind, TokenizeError,
    lifecycle::{
        CONFLICT_TABLE, REUSABLE_TABLE, ReusableEvent, ReusableStateName, SESSION_TABLE, WaitingEvent,
        WaitingStateName,
    },
    store::{Store, TokenState},
};
use coffer_crypto::{LocatorBytes, LocatorKind};
use coffer_types::RecordNumber;

use crate::support::{
    Became, LIFE, MASTERCARD, Offer, SHORT, VISA, World, act, at, card, facts, offer, offer_in, run, tenant,
};

const STATES: [ReusableStateName; 3] =
    [ReusableStateName::Living, ReusableStateName::Ended, ReusableStateName::Gone];
const EVENTS: [ReusableEvent; 8] = [
    ReusableEvent::Match,
    ReusableEvent::Conflict,
    ReusableEvent::Resolve,
    ReusableEvent::Update,
    ReusableEvent::Reveal,
    ReusableEvent::Delete,
    ReusableEvent::TimeUp,
    ReusableEvent::Sweep,
];

fn differing() -> Offer<'static> {
    Offer { facts: facts("Grace"), ..offer_in("a", VISA) }
}

/// A world with a token that was brought into a state, and a conflict beside it.
fn token_in(state: ReusableStateName) -> (World, RecordNumber, LocatorBytes) {
    let world = World::new();
    let number = world.reusable(&Offer { ends_at: Some(at(60_000)), ..offer_in("a", VISA) }).number;
    let conflict = world.conflict(&differing()).locator;
    match state {
        ReusableStateName::Living => {}
        ReusableStateName::Ended => world.clock.raise_to(at(60_000)),
        ReusableStateName::Gone => world.delete(number).unwrap(),
    }
    (world, number, conflict)
}

fn state_of(world: &World, number: RecordNumber) -> ReusableStateName {
    match (world.read(number), world.reusable_row(number)) {
        (Some(_), Some(_)) => ReusableStateName::Living,
        (None, Some(_)) => ReusableStateName::Ended,
        (None, None) => ReusableStateName::Gone,
        (Some(_), None) => panic!("what is read is there"),
    }
}

/// Whether the event was done to this token.
fn cause(world: &World, number: RecordNumber, conflict: &LocatorBytes, event: ReusableEvent) -> bool {
    match event {
        ReusableEvent::Match => match world.tokenize(&act(), &offer_in("a", VISA)).unwrap() {
            Became::Created(seen) => seen.number == number,
            became => became.matched().number == number,
        },
        ReusableEvent::Conflict => match world.tokenize(&act(), &differing()).unwrap() {
            Became::Created(seen) => seen.number == number,
            became => became.conflicting().0.number == number,
        },
        ReusableEvent::Resolve => world.resolve(conflict).is_ok(),
        ReusableEvent::Update => world.describe(number, "other words").is_ok(),
        ReusableEvent::Reveal => world.open_card(number, SHORT).is_ok(),
        ReusableEvent::Delete => world.delete(number).is_ok(),
        ReusableEvent::TimeUp => {
            world.clock.raise_to(at(60_000));
            true
        }
        ReusableEvent::Sweep => {
            world.sweep_all();
            true
        }
    }
}

#[test]
fn every_pair_of_state_and_event_of_a_token_does_what_the_table_says() {
    let mut listed = 0;
    for state in STATES {
        for event in EVENTS {
            let (world, number, conflict) = token_in(state);
            assert_eq!(state_of(&world, number), state);
            let before = world.reusable_row(number);
            let done = cause(&world, number, &conflict, event);
            let row = REUSABLE_TABLE.iter().find(|(from, on, _)| (*from, *on) == (state, event));
            let becomes = row.map_or(state, |(_, _, to)| *to);
            assert_eq!(state_of(&world, number), becomes, "{state:?} on {event:?}");
            if row.is_some() {
                listed += 1;
            } else {
                assert_eq!(world.reusable_row(number), before, "{state:?} on {event:?}");
            }
            let of_time = matches!(event, ReusableEvent::TimeUp | ReusableEvent::Sweep);
            assert_eq!(done, state == ReusableStateName::Living || of_time, "{state:?} on {event:?}");
        }
    }
    assert_eq!(listed, REUSABLE_TABLE.len(), "every row of the table was walked");
}

const WAITING: [WaitingStateName; 3] =
    [WaitingStateName::Waiting, WaitingStateName::Used, WaitingStateName::Over];
const WAITING_EVENTS: [WaitingEvent; 3] =
    [WaitingEvent::Use, WaitingEvent::TimeUp, WaitingEvent::TokenDeleted];

/// A conflict or a session, and how it is used.
struct Waits {
    kind: LocatorKind,
    make: fn(&World) -> LocatorBytes,
    /// Whether it could be used.
    use_up: fn(&World, &LocatorBytes) -> bool,
}

const CONFLICT: Waits = Waits {
    kind: LocatorKind::Conflict,
    make: |world| {
        world.reusable(&offer_in("a", VISA));
        world.conflict(&differing()).locator
    },
    use_up: |world, name| match world.resolve(name) {
        Ok(()) => true,
        Err(ReusableError::Unknown) => false,
        Err(other) => panic!("{other}"),
    },
};

const SESSION: Waits = Waits {
    kind: LocatorKind::CardSession,
    make: |world| {
        world.reusable(&offer_in("a", VISA));
        world.session(&act(), SessionKind::Card, &card(MASTERCARD, None, "Ada"))
    },
    use_up: |world, name| match world.tokenize_session(&act(), name, &offer(VISA)) {
        Ok(_) => true,
        Err(TokenizeError::NotUsable) => false,
        Err(other) => panic!("{other}"),
    },
};

fn happen(world: &World, waits: &Waits, name: &LocatorBytes, event: WaitingEvent) -> bool {
    match event {
        WaitingEvent::Use => return (waits.use_up)(world, name),
        WaitingEvent::TimeUp => world.clock.raise_to(at(LIFE)),
        WaitingEvent::TokenDeleted => {
            for number in world.in_namespace("a") {
                world.delete(number).unwrap();
            }
        }
    }
    true
}

fn waiting_state(world: &World, waits: &Waits, name: &LocatorBytes) -> WaitingStateName {
    let number = world.vault.locate(waits.kind, name).unwrap().1;
    let row = run(world.model.token(tenant(1), number)).unwrap().unwrap();
    let there = match waits.kind {
        LocatorKind::Conflict => world.read_conflict(name).is_some(),
        _ => row.is_live(world.vault.now()),
    };
    match row.state {
        TokenState::Used { .. } => WaitingStateName::Used,
        _ if there => WaitingStateName::Waiting,
        _ => WaitingStateName::Over,
    }
}

fn walk(waits: &Waits, table: &[(WaitingStateName, WaitingEvent, WaitingStateName)]) {
    let mut listed = 0;
    for state in WAITING {
        for event in WAITING_EVENTS {
            let world = World::new();
            let name = (waits.make)(&world);
            match state {
                WaitingStateName::Waiting => {}
                WaitingStateName::Used => assert!((waits.use_up)(&world, &name)),
                WaitingStateName::Over => world.clock.raise_to(at(LIFE)),
            }
            assert_eq!(waiting_state(&world, waits, &name), state);
            let done = happen(&world, waits, &name, event);
            let row = table.iter().find(|(from, on, _)| (*from, *on) == (state, event));
            listed += usize::from(row.is_some());
            let becomes = row.map_or(state, |(_, _, to)| *to);
            assert_eq!(waiting_state(&world, waits, &name), becomes, "{state:?} on {event:?}");
            assert_eq!(done, row.is_some() || event != WaitingEvent::Use, "{state:?} on {event:?}");
        }
    }
    assert_eq!(listed, table.len(), "every row of the table was walked");
}

#[test]
fn every_pair_of_state_and_event_of_a_conflict_does_what_the_table_says() {
    walk(&CONFLICT, &CONFLICT_TABLE);
}

#[test]
fn every_pair_of_state_and_event_of_a_session_does_what_the_table_says() {
    walk(&SESSION, &SESSION_TABLE);
}
