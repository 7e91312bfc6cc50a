//! The life of an instrument, pair by pair, against the table that documents it.

use std::collections::BTreeSet;

use coffer_core::{
    CustomerError, DefaultInstrument, Protected, PutCustomer, UpdateError, Who,
    lifecycle::{INSTRUMENT_TABLE, InstrumentEvent, InstrumentStateName},
};
use coffer_crypto::LocatorBytes;
use coffer_types::Pan;

use crate::support::{VISA, World, act, instrument_of, run};

const STATES: [InstrumentStateName; 2] = [InstrumentStateName::Active, InstrumentStateName::Deactivated];
const EVENTS: [InstrumentEvent; 5] = [
    InstrumentEvent::Keep,
    InstrumentEvent::Update,
    InstrumentEvent::BecomeDefault,
    InstrumentEvent::Deactivate,
    InstrumentEvent::Reveal,
];

#[derive(Debug, PartialEq)]
enum Answer {
    Done,
    Refused,
    /// What was kept became another instrument.
    Another,
}

fn keep(world: &World) -> LocatorBytes {
    let new = instrument_of(Protected::Card(Pan::parse(VISA).unwrap()), "Ada");
    world.keep(&act(), &new, "customer").unwrap().0.locator
}

/// A world with an instrument that was brought into a state.
fn instrument_in(state: InstrumentStateName) -> (World, LocatorBytes) {
    let world = World::new();
    let id = keep(&world);
    if state == InstrumentStateName::Deactivated {
        assert_eq!(cause(&world, &id, InstrumentEvent::Deactivate), Answer::Done);
    }
    (world, id)
}

fn cause(world: &World, id: &LocatorBytes, event: InstrumentEvent) -> Answer {
    match event {
        InstrumentEvent::Keep => {
            if keep(world) == *id {
                Answer::Done
            } else {
                Answer::Another
            }
        }
        InstrumentEvent::Update => {
            world.update(&act(), id, None, "Grace").unwrap();
            Answer::Done
        }
        InstrumentEvent::BecomeDefault => {
            let put = PutCustomer {
                id: Some("customer"),
                name: &|_| unreachable!("the id is given"),
                contact: Who::Said(None),
                own: None,
                default: DefaultInstrument::Instrument(id),
            };
            match run(world.vault.put_customer(&act(), &put, |_, _| ())) {
                Ok(()) => Answer::Done,
                Err(CustomerError::NoSuchInstrument) => Answer::Refused,
                Err(other) => panic!("{other}"),
            }
        }
        InstrumentEvent::Deactivate => match world.deactivate(&act(), id) {
            Ok(_) => Answer::Done,
            Err(UpdateError::Deactivated) => Answer::Refused,
            Err(other) => panic!("{other}"),
        },
        InstrumentEvent::Reveal => {
            assert_eq!(world.pan(id), VISA);
            Answer::Done
        }
    }
}

fn state_of(world: &World, id: &LocatorBytes) -> InstrumentStateName {
    let view = run(world.vault.read_instrument(act().tenant, id)).unwrap().unwrap();
    if view.details.deactivated { InstrumentStateName::Deactivated } else { InstrumentStateName::Active }
}

#[test]
fn every_pair_of_state_and_event_does_what_the_table_says() {
    let mut listed = 0;
    for state in STATES {
        for event in EVENTS {
            let (world, id) = instrument_in(state);
            assert_eq!(state_of(&world, &id), state);
            let before = (world.instrument_row(&id), world.lines().len());
            let answer = cause(&world, &id, event);
            let row = INSTRUMENT_TABLE.iter().find(|(from, on, _)| (*from, *on) == (state, event));
            let becomes = row.map_or(state, |(_, _, to)| *to);
            assert_eq!(state_of(&world, &id), becomes, "{state:?} on {event:?}");
            if row.is_some() {
                listed += 1;
                assert_eq!(answer, Answer::Done, "{state:?} on {event:?}");
                assert_eq!(world.lines().len(), before.1 + 1, "{state:?} on {event:?} is in the log");
                continue;
            }
            assert_eq!(world.instrument_row(&id), before.0, "{state:?} on {event:?}");
            let expected = if event == InstrumentEvent::Keep { Answer::Another } else { Answer::Refused };
            assert_eq!(answer, expected, "{state:?} on {event:?}");
        }
    }
    assert_eq!(listed, INSTRUMENT_TABLE.len(), "every row of the table was walked");
}

#[test]
fn the_table_names_each_pair_once_and_nothing_is_activated_again() {
    let pairs: BTreeSet<String> =
        INSTRUMENT_TABLE.iter().map(|(from, on, _)| format!("{from:?} {on:?}")).collect();
    assert_eq!(pairs.len(), INSTRUMENT_TABLE.len());
    let back = (InstrumentStateName::Deactivated, InstrumentStateName::Active);
    assert!(INSTRUMENT_TABLE.iter().all(|(from, _, to)| (*from, *to) != back));
}
