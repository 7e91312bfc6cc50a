//! The life of a kept code, pair by pair, against the table that documents it: beside an instrument and beside a
//! referenced token.

use std::collections::BTreeSet;

use coffer_core::{
    ForwardOpened, ForwardSource, ReferencedError,
    lifecycle::{KEPT_CODE_TABLE, KeptCodeEvent, KeptCodeStateName},
    store::{Store, TokenState},
};
use coffer_crypto::LocatorBytes;
use coffer_types::{Pan, RecordNumber};

use crate::support::{LIFE, VISA, World, act, at, card, clear, kept, no_own, request, run, tenant};

const STATES: [KeptCodeStateName; 2] = [KeptCodeStateName::Kept, KeptCodeStateName::Gone];
const EVENTS: [KeptCodeEvent; 7] = [
    KeptCodeEvent::Reveal,
    KeptCodeEvent::Forward,
    KeptCodeEvent::Change,
    KeptCodeEvent::Replace,
    KeptCodeEvent::Bring,
    KeptCodeEvent::Retire,
    KeptCodeEvent::TimeUp,
];
const NAMES: (&str, &str) = ("g", "r");

/// What a code is kept beside.
#[derive(Clone)]
enum Holder {
    Instrument(LocatorBytes),
    /// With its digits.
    Referenced(String),
}

impl Holder {
    fn reveal(&self, world: &World) -> Option<String> {
        let revealed = match self {
            Self::Instrument(id) => {
                run(world.vault.reveal(&act(), world.instrument_number(id), "test")).unwrap().clear
            }
            Self::Referenced(digits) => {
                run(world.vault.reveal_referenced(&act(), digits, "test")).unwrap().clear
            }
        };
        clear(&revealed).1
    }

    /// The row that the holder's details name.
    fn named(&self, world: &World) -> Option<RecordNumber> {
        let kept_code = match self {
            Self::Instrument(id) => {
                run(world.vault.read_instrument(tenant(1), id)).unwrap().unwrap().details.kept_code
            }
            Self::Referenced(digits) => {
                run(world.vault.read_referenced_digits(tenant(1), digits)).unwrap()?.details.kept_code
            }
        };
        kept_code.map(|number| RecordNumber::from_u64(number).unwrap())
    }

    fn state(&self, world: &World) -> KeptCodeStateName {
        let row = self.named(world).and_then(|number| run(world.model.token(tenant(1), number)).unwrap());
        match row {
            Some(row) if matches!(row.state, TokenState::Live { sad: Some(_), .. }) => {
                KeptCodeStateName::Kept
            }
            _ => KeptCodeStateName::Gone,
        }
    }

    /// A token becomes the holder, or is used on it.
    fn bring(&self, world: &World, cvv: Option<&str>) {
        let token = world.create(&act(), &card(VISA, cvv, "Ada"));
        match self {
            Self::Instrument(id) => assert_eq!(world.exchange(&act(), &token, "c").unwrap().0.locator, *id),
            Self::Referenced(_) => drop(world.replace(NAMES, &token).unwrap()),
        }
    }
}

/// A world with both holders, and the one that is looked at.
fn holder_in(state: KeptCodeStateName, is_instrument: bool) -> (World, Holder) {
    let world = World::keeping();
    let cvv = (state == KeptCodeStateName::Kept).then_some("123");
    let token = world.create(&act(), &card(VISA, cvv, "Ada"));
    let holder = if is_instrument {
        Holder::Instrument(world.exchange(&act(), &token, "c").unwrap().0.locator)
    } else {
        Holder::Referenced(world.refer_token(&act(), NAMES, &token).unwrap().digits)
    };
    (world, holder)
}

/// False where the holder knows no such event.
fn cause(world: &World, holder: &Holder, event: KeptCodeEvent) -> bool {
    match (event, holder) {
        (KeptCodeEvent::Reveal, _) => drop(holder.reveal(world)),
        (KeptCodeEvent::Forward, Holder::Referenced(digits)) => {
            let attempt = world.attempt(request("k"));
            let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
            let source = ForwardSource::Digits(digits);
            run(world.vault.begin_forward(&act(), &attempt, source, sends)).unwrap();
        }
        (KeptCodeEvent::Forward, Holder::Instrument(_)) => return false,
        (KeptCodeEvent::Change, Holder::Instrument(id)) => {
            world.update(&act(), id, None, "Grace").unwrap();
        }
        (KeptCodeEvent::Change, Holder::Referenced(_)) => drop(world.rename(NAMES, "Grace").unwrap()),
        (KeptCodeEvent::Replace, _) => holder.bring(world, None),
        (KeptCodeEvent::Bring, _) => holder.bring(world, Some("456")),
        (KeptCodeEvent::Retire, Holder::Instrument(id)) => drop(world.deactivate(&act(), id).unwrap()),
        (KeptCodeEvent::Retire, Holder::Referenced(_)) => world.unrefer(NAMES).unwrap(),
        (KeptCodeEvent::TimeUp, _) => {
            world.clock.raise_to(at(LIFE));
            run(world.vault.sweep()).unwrap();
        }
    }
    true
}

#[test]
fn every_pair_of_state_and_event_does_what_the_table_says() {
    let mut listed = BTreeSet::new();
    for is_instrument in [true, false] {
        for state in STATES {
            for event in EVENTS {
                let (world, holder) = holder_in(state, is_instrument);
                assert_eq!(holder.state(&world), state);
                let before = holder.named(&world);
                if !cause(&world, &holder, event) {
                    continue;
                }
                let pair = |(from, on, _): &&(_, _, _)| (*from, *on) == (state, event);
                let becomes = KEPT_CODE_TABLE.iter().find(pair).map_or(state, |(_, _, to)| *to);
                listed.extend(KEPT_CODE_TABLE.iter().position(|row| pair(&row)));
                assert_eq!(holder.state(&world), becomes, "{state:?} on {event:?}");
                // What was there before, where another took its place or none did, lies nowhere.
                let old =
                    before.filter(|old| holder.named(&world) != Some(*old) || event != KeptCodeEvent::Change);
                let row = old.and_then(|old| run(world.model.token(tenant(1), old)).unwrap());
                let has_code = row.is_some_and(|row| matches!(row.state, TokenState::Live { .. }));
                assert!(!has_code || event == KeptCodeEvent::Change, "{state:?} on {event:?}");
                if becomes == KeptCodeStateName::Kept {
                    let code = if event == KeptCodeEvent::Bring { "456" } else { "123" };
                    assert_eq!(holder.reveal(&world).as_deref(), Some(code), "{state:?} on {event:?}");
                    assert_eq!(holder.reveal(&world), None);
                } else if event != KeptCodeEvent::Retire {
                    assert_eq!(holder.reveal(&world), None, "{state:?} on {event:?}");
                }
            }
        }
    }
    assert_eq!(listed.len(), KEPT_CODE_TABLE.len(), "every row of the table was walked");
}

#[test]
fn the_same_card_that_is_kept_without_a_token_ends_the_code() {
    let (world, holder) = holder_in(KeptCodeStateName::Kept, true);
    let new = crate::support::instrument_of(coffer_core::Protected::Card(Pan::parse(VISA).unwrap()), "Ada");
    let keep = coffer_core::Keep { customer: "c", own: &no_own };
    assert!(run(world.vault.keep(&act(), &new, keep, kept)).unwrap().1, "it is updated");
    assert_eq!(holder.reveal(&world), None);
}

#[test]
fn the_log_names_the_row_with_the_fact_that_gave_the_code_out_and_with_no_other() {
    for is_instrument in [true, false] {
        let (world, holder) = holder_in(KeptCodeStateName::Kept, is_instrument);
        let named = holder.named(&world).unwrap();
        let action = if is_instrument { "instrument.reveal" } else { "reusable.reveal" };
        assert_eq!(holder.reveal(&world).as_deref(), Some("123"));
        assert_eq!(holder.reveal(&world), None);
        let lines = crate::support::lines_of(&*world.model, action);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["result"], named.get());
        assert!(lines[1].get("result").is_none(), "{}", lines[1]);
    }
    let (world, holder) = holder_in(KeptCodeStateName::Kept, false);
    let named = holder.named(&world).unwrap();
    cause(&world, &holder, KeptCodeEvent::Forward);
    let lines = crate::support::lines_of(&*world.model, "forward.begin");
    assert_eq!(lines[0]["result"], named.get());
}
