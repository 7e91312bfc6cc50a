//! The lives of references, of keys under which acts are asked for again and of forms that are filled in, pair by pair,
//! against the tables that document them.

use coffer_core::{
    Asked, Attempt, FieldsError, FieldsSession, Forward, ForwardOpened, ForwardSource, NewToken, Protected,
    ReferencedError, Refused, SessionKind,
    lifecycle::{
        FIELDS_TABLE, FieldsEvent, REFERENCE_TABLE, REPLY_TABLE, ReferenceEvent, ReferenceStateName,
        ReplyEvent, ReplyStateName, WaitingStateName,
    },
    store::{Store, TokenState},
};
use coffer_types::{RecordNumber, limits};

use crate::support::{
    AMEX, DAY, VISA, World, act, at, card, details, made, once, protected, replace, reply, request, run,
    tenant,
};

const NAMES: (&str, &str) = ("g", "r");

const REFERENCES: [ReferenceStateName; 3] =
    [ReferenceStateName::Free, ReferenceStateName::Named, ReferenceStateName::Burned];
const REFERENCE_EVENTS: [ReferenceEvent; 7] = [
    ReferenceEvent::Create,
    ReferenceEvent::Update,
    ReferenceEvent::Replace,
    ReferenceEvent::Reveal,
    ReferenceEvent::Forward,
    ReferenceEvent::Delete,
    ReferenceEvent::Sweep,
];

#[expect(clippy::unnecessary_wraps, reason = "a check may refuse")]
fn sends(_: &ForwardOpened) -> Result<(), ReferencedError> {
    Ok(())
}

/// A world with a reference in a state, and the digits that its token has or had.
fn reference_in(state: ReferenceStateName) -> (World, String) {
    let world = World::new();
    if state == ReferenceStateName::Free {
        return (world, "0".to_owned());
    }
    let digits = world.refer(NAMES, protected(VISA), "Ada").unwrap().digits;
    if state == ReferenceStateName::Burned {
        world.unrefer(NAMES).unwrap();
    }
    (world, digits)
}

fn reference_state(world: &World) -> ReferenceStateName {
    let place = run(world.vault.referenced_place(tenant(1), NAMES.0, NAMES.1)).unwrap();
    match (world.referenced(NAMES), place) {
        (Some(_), Some(_)) => ReferenceStateName::Named,
        (None, Some(_)) => ReferenceStateName::Burned,
        (None, None) => ReferenceStateName::Free,
        (Some(_), None) => panic!("what is read has its reference"),
    }
}

/// Whether the event was done.
fn happens(world: &World, digits: &str, event: ReferenceEvent) -> bool {
    let result = match event {
        ReferenceEvent::Create => world.refer(NAMES, protected(VISA), "Ada").map(drop),
        ReferenceEvent::Update => world.rename(NAMES, "Grace").map(drop),
        ReferenceEvent::Replace => {
            let token = world.create(&act(), &card(AMEX, None, "Eve"));
            let replaced = run(replace(&world.vault, &act(), NAMES, &token)).map(drop);
            assert_eq!(world.redeem(&token).is_err(), replaced.is_ok(), "used up by what was done alone");
            replaced
        }
        ReferenceEvent::Reveal => world.opened(digits).map(drop),
        ReferenceEvent::Forward => {
            let (attempt, source) = (world.attempt(request("k")), ForwardSource::Digits(digits));
            run(world.vault.begin_forward(&act(), &attempt, source, sends)).map(drop)
        }
        ReferenceEvent::Delete => world.unrefer(NAMES),
        ReferenceEvent::Sweep => {
            world.clock.raise_to(at(9_000 * DAY));
            world.sweep_all();
            Ok(())
        }
    };
    match result {
        Ok(()) => true,
        Err(ReferencedError::Unknown | ReferencedError::Taken) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_pair_of_state_and_event_of_a_reference_does_what_the_table_says() {
    let mut listed = 0;
    for state in REFERENCES {
        for event in REFERENCE_EVENTS {
            let (world, digits) = reference_in(state);
            assert_eq!(reference_state(&world), state);
            let before = world.referenced(NAMES);
            let done = happens(&world, &digits, event);
            let row = REFERENCE_TABLE.iter().find(|(from, on, _)| (*from, *on) == (state, event));
            let becomes = row.map_or(state, |(_, _, to)| *to);
            assert_eq!(reference_state(&world), becomes, "{state:?} on {event:?}");
            listed += usize::from(row.is_some());
            if row.is_none() {
                assert_eq!(world.referenced(NAMES), before, "{state:?} on {event:?}");
            }
            assert_eq!(done, row.is_some() || event == ReferenceEvent::Sweep, "{state:?} on {event:?}");
        }
    }
    assert_eq!(listed, REFERENCE_TABLE.len(), "every row of the table was walked");
    let revived = |(from, _, to): &(ReferenceStateName, ReferenceEvent, ReferenceStateName)| {
        *from == ReferenceStateName::Burned || *to == ReferenceStateName::Free
    };
    assert!(!REFERENCE_TABLE.iter().any(revived), "a reference is used once for ever");
}

const REPLIES: [ReplyStateName; 4] =
    [ReplyStateName::Free, ReplyStateName::Underway, ReplyStateName::Unknown, ReplyStateName::Answered];
const REPLY_EVENTS: [ReplyEvent; 5] =
    [ReplyEvent::Act, ReplyEvent::Begin, ReplyEvent::End, ReplyEvent::UpstreamTimeUp, ReplyEvent::TimeUp];

/// A key, and what was sent under it.
struct Key {
    world: World,
    /// Looked up while the key was free: whoever looks later is told what is there.
    attempt: Attempt,
    sent: Option<Forward>,
}

impl Key {
    fn in_state(state: ReplyStateName) -> Self {
        let world = World::new();
        let attempt = world.attempt(request("k"));
        let mut key = Self { world, attempt, sent: None };
        let events: &[ReplyEvent] = match state {
            ReplyStateName::Free => &[],
            ReplyStateName::Underway => &[ReplyEvent::Begin],
            ReplyStateName::Unknown => &[ReplyEvent::Begin, ReplyEvent::UpstreamTimeUp],
            ReplyStateName::Answered => &[ReplyEvent::Begin, ReplyEvent::End],
        };
        for event in events {
            assert!(key.happens(*event));
        }
        key
    }

    fn state(&self) -> ReplyStateName {
        match self.world.asked(request("k")).unwrap() {
            Asked::New(_) => ReplyStateName::Free,
            Asked::Underway => ReplyStateName::Underway,
            Asked::Unknown => ReplyStateName::Unknown,
            Asked::Answered(_) => ReplyStateName::Answered,
            Asked::Different => panic!("the same is asked"),
        }
    }

    /// Whether the event was done.
    fn happens(&mut self, event: ReplyEvent) -> bool {
        let (world, attempt) = (&self.world, &self.attempt);
        match event {
            ReplyEvent::Act => {
                let new = card(VISA, None, "Ada");
                match run(world.vault.create_once(&act(), &new, Some(once(attempt)), made)) {
                    Ok(_) => true,
                    Err(Refused::Answered) => false,
                    Err(other) => panic!("{other}"),
                }
            }
            ReplyEvent::Begin => {
                match run(world.vault.begin_forward(&act(), attempt, ForwardSource::Given, sends)) {
                    Ok(forward) => {
                        self.sent = Some(forward);
                        true
                    }
                    Err(ReferencedError::Refused(Refused::Answered)) => false,
                    Err(other) => panic!("{other}"),
                }
            }
            ReplyEvent::End => {
                let Some(forward) = &self.sent else { return false };
                match run(world.vault.end_forward(&act(), attempt, forward, &reply(200, "fine"))) {
                    Ok(()) => true,
                    Err(Refused::Contended) => false,
                    Err(other) => panic!("{other}"),
                }
            }
            ReplyEvent::UpstreamTimeUp => {
                world.clock.raise_to(at(limits::REPLY_UNDERWAY_SECONDS * 1_000));
                true
            }
            ReplyEvent::TimeUp => {
                world.clock.raise_to(at(7 * DAY));
                true
            }
        }
    }
}

#[test]
fn every_pair_of_state_and_event_of_a_key_does_what_the_table_says() {
    let mut listed = 0;
    for state in REPLIES {
        for event in REPLY_EVENTS {
            let mut key = Key::in_state(state);
            assert_eq!(key.state(), state);
            let done = key.happens(event);
            let row = REPLY_TABLE.iter().find(|(from, on, _)| (*from, *on) == (state, event));
            listed += usize::from(row.is_some());
            let becomes = row.map_or(state, |(_, _, to)| *to);
            assert_eq!(key.state(), becomes, "{state:?} on {event:?}");
            let of_time = matches!(event, ReplyEvent::UpstreamTimeUp | ReplyEvent::TimeUp);
            assert_eq!(done, row.is_some() || of_time, "{state:?} on {event:?}");
        }
    }
    assert_eq!(listed, REPLY_TABLE.len(), "every row of the table was walked");
}

const WAITING: [WaitingStateName; 3] =
    [WaitingStateName::Waiting, WaitingStateName::Used, WaitingStateName::Over];
const FIELDS_EVENTS: [FieldsEvent; 3] = [FieldsEvent::Fill, FieldsEvent::Finish, FieldsEvent::TimeUp];

fn form_state(world: &World, number: RecordNumber) -> WaitingStateName {
    let there = run(world.vault.read_fields(tenant(1), number)).unwrap().is_some();
    match run(world.model.token(tenant(1), number)).unwrap().unwrap().state {
        TokenState::Used { .. } => WaitingStateName::Used,
        _ if there => WaitingStateName::Waiting,
        _ => WaitingStateName::Over,
    }
}

/// Whether the event was done.
fn form_happens(world: &World, number: RecordNumber, event: FieldsEvent) -> bool {
    let as_it_is = |session: FieldsSession| {
        let FieldsSession { clear, details } = session;
        Ok(NewToken { protected: clear.protected, cvv: clear.cvv, reader: clear.reader, details })
    };
    let result: Result<(), FieldsError> = match event {
        FieldsEvent::Fill => run(world.vault.fill_fields(&act(), number, None, as_it_is, || ())),
        FieldsEvent::Finish => run(world.vault.finish_fields(&act(), number, None, as_it_is, |_| ())),
        FieldsEvent::TimeUp => {
            world.clock.raise_to(at(limits::FIELDS_SESSION_SECONDS * 1_000));
            Ok(())
        }
    };
    match result {
        Ok(()) => true,
        Err(FieldsError::NotUsable) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_pair_of_state_and_event_of_a_form_does_what_the_table_says() {
    let mut listed = 0;
    for state in WAITING {
        for event in FIELDS_EVENTS {
            let world = World::new();
            let new =
                NewToken { protected: Protected::Nothing, cvv: None, reader: None, details: details("shop") };
            let session = world.session(&act(), SessionKind::Fields, &new);
            let number = world.vault.locate_fields(&session).unwrap().1;
            match state {
                WaitingStateName::Waiting => {}
                WaitingStateName::Used => assert!(form_happens(&world, number, FieldsEvent::Finish)),
                WaitingStateName::Over => assert!(form_happens(&world, number, FieldsEvent::TimeUp)),
            }
            assert_eq!(form_state(&world, number), state);
            let before = run(world.model.token(tenant(1), number));
            let done = form_happens(&world, number, event);
            let row = FIELDS_TABLE.iter().find(|(from, on, _)| (*from, *on) == (state, event));
            listed += usize::from(row.is_some());
            let becomes = row.map_or(state, |(_, _, to)| *to);
            assert_eq!(form_state(&world, number), becomes, "{state:?} on {event:?}");
            if row.is_none() {
                assert_eq!(run(world.model.token(tenant(1), number)), before, "{state:?} on {event:?}");
            }
            assert_eq!(done, row.is_some() || event == FieldsEvent::TimeUp, "{state:?} on {event:?}");
            let made = state == WaitingStateName::Used
                || (state, event) == (WaitingStateName::Waiting, FieldsEvent::Finish);
            assert_eq!(world.tokens(), u64::from(made), "one token at most");
        }
    }
    assert_eq!(listed, FIELDS_TABLE.len(), "every row of the table was walked");
}
