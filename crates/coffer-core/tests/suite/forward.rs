//! Forward: what goes out in place of a token goes out once, whatever happens on the way.

use std::{future::Future, pin::Pin};

use coffer_core::{
    Act, Asked, Attempt, Forward, ForwardOpened, ForwardSource, NewToken, ReferencedError, ReferencedSource,
    ReferencedView, Refused, SavedReply,
    store::{Outcome, Store, StoreError, TokenState},
};
use coffer_crypto::LocatorBytes;
use coffer_types::{RecordNumber, limits};
use serde_json::json;
use zeroize::Zeroizing;

use crate::support::{
    AMEX, DAY, LIFE, MASTERCARD, MINUTE, Request, Step, VISA, World, act, act_of_two, asked, at, card, clear,
    details_of, instrument_of, leave, line, lines_of, new_referenced, protected, refer, replace, reply,
    request, run, seen, tenant, together,
};

type Going<'a> = Pin<Box<dyn Future<Output = Result<Forward, Error>> + 'a>>;

const UNDERWAY: i64 = limits::REPLY_UNDERWAY_SECONDS * 1_000;

/// Why a test sends nothing.
#[derive(Debug, PartialEq)]
enum Error {
    /// The check did not like what is in it.
    Checked,
    Core(ReferencedError),
}

impl From<ReferencedError> for Error {
    fn from(error: ReferencedError) -> Self {
        Self::Core(error)
    }
}

const ANSWERED: Error = Error::Core(ReferencedError::Refused(Refused::Answered));
const NOT_USABLE: Error = Error::Core(ReferencedError::NotUsable);
const UNKNOWN: Error = Error::Core(ReferencedError::Unknown);

fn begin(world: &World, act: &Act, attempt: &Attempt, source: ForwardSource<'_>) -> Result<Forward, Error> {
    run(world.vault.begin_forward(act, attempt, source, |_: &ForwardOpened| Ok::<(), Error>(())))
}

/// For tenant 1, under a key that nobody used.
fn sent(world: &World, key: &str, source: ForwardSource<'_>) -> (Attempt, Forward) {
    let attempt = world.attempt(request(key));
    let forward = begin(world, &act(), &attempt, source).unwrap();
    (attempt, forward)
}

fn end(world: &World, attempt: &Attempt, forward: &Forward) -> Result<(), Refused> {
    run(world.vault.end_forward(&act(), attempt, forward, &reply(200, "fine")))
}

fn is_used(world: &World, token: &LocatorBytes) -> bool {
    matches!(world.token_row(token).unwrap().state, TokenState::Used { .. })
}

fn with_reader() -> NewToken {
    NewToken { reader: Some(Zeroizing::new("{\"track\":1}".to_owned())), ..card(VISA, Some("123"), "Ada") }
}

#[test]
fn token_and_key_are_used_up_in_one_unit_before_anything_is_given_out() {
    for written in [true, false] {
        let world = World::new();
        let token = world.create(&act(), &with_reader());
        let attempt = world.attempt(request("k"));
        let mut units = 0;
        world.store.on_commit(move |_| {
            units += 1;
            assert_eq!(units, 1, "one unit has it all");
            Step::Silence { write: written }
        });
        let act = act();
        let source = ForwardSource::Token(&token);
        leave(world.vault.begin_forward(&act, &attempt, source, |_| Ok::<(), Error>(())));
        world.store.heal();
        assert_eq!(is_used(&world, &token), written);
        if written {
            assert!(matches!(world.asked(request("k")), Ok(Asked::Underway)));
            assert_eq!(begin(&world, &act, &attempt, source).unwrap_err(), NOT_USABLE);
        } else {
            world.is_new(request("k"));
            let (_, forward) = sent(&world, "k", source);
            assert_eq!(clear(&forward.opened.unwrap().clear).0, VISA);
        }
        assert_eq!(lines_of(&*world.model, "forward.begin").len(), 1);
    }
}

#[test]
fn a_token_gives_all_that_it_holds_once_and_its_row_keeps_nothing_of_it() {
    let world = World::new();
    let token = world.create(&act(), &with_reader());
    let (_, forward) = sent(&world, "k", ForwardSource::Token(&token));
    let opened = forward.opened.unwrap();
    assert_eq!(clear(&opened.clear), (VISA.to_owned(), Some("123".to_owned())));
    assert_eq!(opened.clear.reader.as_ref().map(|reader| reader.as_str()), Some("{\"track\":1}"));
    assert_eq!(serde_json::to_value(&opened.details).unwrap(), details_of("Ada"));
    assert!(opened.referenced.is_none());
    let row = world.token_row(&token).unwrap();
    assert_eq!((row.state, row.generation.get()), (TokenState::Used { at: at(0) }, 2));
    let attempt = world.attempt(request("l"));
    assert_eq!(begin(&world, &act(), &attempt, ForwardSource::Token(&token)).unwrap_err(), NOT_USABLE);
    world.redeem(&token).unwrap_err();
    world.is_new(request("l"));
}

#[test]
fn what_the_check_refuses_uses_nothing_up() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let made = world.refer(("g", "r"), protected(MASTERCARD), "Grace").unwrap();
    let attempt = world.attempt(request("k"));
    let before = world.everything();
    for source in [ForwardSource::Token(&token), ForwardSource::Digits(&made.digits)] {
        let check = |opened: &ForwardOpened| match clear(&opened.clear).0.as_str() {
            VISA | MASTERCARD => Err(Error::Checked),
            _ => Ok(()),
        };
        let refused = run(world.vault.begin_forward(&act(), &attempt, source, check));
        assert_eq!(refused.unwrap_err(), Error::Checked);
    }
    assert_eq!(world.everything(), before, "nothing was written");
    begin(&world, &act(), &attempt, ForwardSource::Token(&token)).unwrap();
}

#[test]
fn a_second_one_under_the_key_is_told_so_and_uses_nothing_up() {
    let world = World::new();
    let [first, second] = [VISA, AMEX].map(|pan| world.create(&act(), &card(pan, None, "Ada")));
    let twin = world.attempt(request("k"));
    let (attempt, forward) = sent(&world, "k", ForwardSource::Token(&first));
    for source in [ForwardSource::Token(&second), ForwardSource::Given] {
        assert_eq!(begin(&world, &act(), &twin, source).unwrap_err(), ANSWERED);
    }
    assert!(!is_used(&world, &second));
    assert!(matches!(world.asked(request("k")), Ok(Asked::Underway)));
    end(&world, &attempt, &forward).unwrap();
    assert_eq!(begin(&world, &act(), &twin, ForwardSource::Token(&second)).unwrap_err(), ANSWERED);
    assert_eq!(world.answered(request("k")), reply(200, "fine"));
    assert_eq!(lines_of(&*world.model, "forward.begin").len(), 1);
}

#[test]
fn of_16_at_once_under_one_key_one_is_sent() {
    const MANY: usize = 16;
    for backwards in [false, true] {
        let world = World::new();
        let act = act();
        let token = world.create(&act, &card(VISA, None, "Ada"));
        for source in [ForwardSource::Given, ForwardSource::Token(&token)] {
            let key = if matches!(source, ForwardSource::Given) { "given" } else { "token" };
            let attempts: Vec<_> = (0..MANY).map(|_| world.attempt(request(key))).collect();
            world.store.heal();
            if backwards {
                world.store.commit_backwards(MANY);
            } else {
                world.store.commit_late();
            }
            let going = attempts.iter().map(|attempt| {
                Box::pin(world.vault.begin_forward(&act, attempt, source, |_| Ok(()))) as Going<'_>
            });
            let results = together(going.collect());
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
            assert!(
                results.iter().filter_map(|result| result.as_ref().err()).all(|error| *error == ANSWERED)
            );
            world.store.heal();
            assert!(matches!(world.asked(request(key)), Ok(Asked::Underway)));
        }
        assert_eq!(lines_of(&*world.model, "forward.begin").len(), 2);
    }
}

#[test]
fn of_16_keys_that_want_one_token_one_is_sent() {
    let world = World::new();
    let act = act();
    let token = world.create(&act, &card(VISA, None, "Ada"));
    let keys: Vec<String> = (0..16).map(|key| key.to_string()).collect();
    let attempts: Vec<_> = keys.iter().map(|key| world.attempt(request(key))).collect();
    world.store.commit_late();
    let source = ForwardSource::Token(&token);
    let going = attempts
        .iter()
        .map(|attempt| Box::pin(world.vault.begin_forward(&act, attempt, source, |_| Ok(()))) as Going<'_>);
    let results = together(going.collect());
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().filter_map(|result| result.as_ref().err()).all(|error| *error == NOT_USABLE));
    world.store.heal();
    let underway = keys.iter().filter(|key| matches!(world.asked(request(key)), Ok(Asked::Underway))).count();
    assert_eq!(underway, 1, "who was refused left no key behind");
}

#[test]
fn without_an_end_it_is_under_way_then_unknown_and_never_sent_again() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let asked = Request { sad: "123", ..request("k") };
    let attempt = world.attempt(asked);
    let forward = begin(&world, &act(), &attempt, ForwardSource::Token(&token)).unwrap();
    for millis in [0, UNDERWAY - 1] {
        world.clock.raise_to(at(millis));
        assert!(matches!(world.asked(asked), Ok(Asked::Underway)), "{millis}");
        world.is_different(Request { body: "{}", ..asked });
        world.is_different(Request { sad: "124", ..asked });
    }
    for millis in [UNDERWAY, DAY, 7 * DAY - 1] {
        world.clock.raise_to(at(millis));
        world.sweep_all();
        assert!(matches!(world.asked(asked), Ok(Asked::Unknown)), "{millis}");
        world.is_different(Request { body: "{}", ..asked });
        assert_eq!(begin(&world, &act(), &attempt, ForwardSource::Given).unwrap_err(), ANSWERED);
    }
    world.clock.raise_to(at(7 * DAY));
    world.is_new(asked);
    assert_eq!(end(&world, &attempt, &forward), Err(Refused::Contended), "the key is somebody else's");
    assert_eq!(lines_of(&*world.model, "forward.end").len(), 0);
}

#[test]
fn an_end_that_comes_late_is_known_from_then_on() {
    let world = World::new();
    let (attempt, forward) = sent(&world, "k", ForwardSource::Given);
    world.clock.raise_to(at(UNDERWAY));
    assert!(matches!(world.asked(request("k")), Ok(Asked::Unknown)));
    end(&world, &attempt, &forward).unwrap();
    assert_eq!(world.answered(request("k")), reply(200, "fine"));
    world.clock.raise_to(at(7 * DAY - 1));
    assert_eq!(world.answered(request("k")), reply(200, "fine"));
    world.clock.raise_to(at(7 * DAY));
    world.is_new(request("k"));
}

#[test]
fn an_end_is_written_once() {
    let world = World::new();
    let (attempt, forward) = sent(&world, "k", ForwardSource::Given);
    end(&world, &attempt, &forward).unwrap();
    let second = run(world.vault.end_forward(&act(), &attempt, &forward, &reply(500, "no")));
    assert_eq!(second, Err(Refused::Contended));
    assert_eq!(world.answered(request("k")), reply(200, "fine"));
    assert_eq!(lines_of(&*world.model, "forward.end").len(), 1);
}

#[test]
fn an_end_is_tried_again_while_the_store_is_away() {
    let attempts = limits::PLAN_ATTEMPTS;
    for (failures, error) in [(attempts - 1, None), (attempts, Some(Refused::Busy))] {
        let world = World::new();
        let (attempt, forward) = sent(&world, "k", ForwardSource::Given);
        world.store.answer(failures, Err(StoreError::Full));
        let ended =
            together(vec![
                Box::pin(world.vault.end_forward(&act(), &attempt, &forward, &reply(200, "fine")))
                    as Pin<Box<dyn Future<Output = Result<(), Refused>> + '_>>,
            ]);
        assert_eq!(ended[0].err(), error);
        if error.is_none() {
            assert_eq!(world.answered(request("k")), reply(200, "fine"));
        } else {
            assert!(matches!(world.asked(request("k")), Ok(Asked::Underway)));
        }
    }
}

/// Ends it, and keeps what was sent under a reference.
fn keep(world: &World, attempt: &Attempt, forward: &Forward, reference: &str) -> Result<SavedReply, Refused> {
    let (act, given) = (act(), instrument_of(protected(VISA), "Ada"));
    let new = new_referenced("t1", reference, ReferencedSource::Given(&given));
    let (render, bare) = (|_: &ReferencedView| reply(201, "kept"), reply(201, "bare"));
    let ended = world.vault.end_forward_keeping(&act, attempt, forward, &new, (&render, &bare));
    let ended: Vec<Pin<Box<dyn Future<Output = _> + '_>>> = vec![Box::pin(ended)];
    together(ended).remove(0)
}

/// A fault of the store costs nobody a token that was asked for: whoever ends it is told, and tries again.
#[test]
fn what_cannot_be_kept_yet_is_not_given_up() {
    let attempts = limits::PLAN_ATTEMPTS;
    let world = World::new();
    let (attempt, forward) = sent(&world, "k", ForwardSource::Given);
    world.store.answer(attempts, Err(StoreError::Full));
    assert_eq!(keep(&world, &attempt, &forward, "mine"), Err(Refused::Busy));
    assert!(
        matches!(world.asked(request("k")), Ok(Asked::Underway)),
        "and nothing else is written in its place"
    );
    assert_eq!(keep(&world, &attempt, &forward, "mine"), Ok(reply(201, "kept")));
    assert_eq!(world.answered(request("k")), reply(201, "kept"));
    assert!(run(world.vault.read_referenced(tenant(1), "t1", "mine")).unwrap().is_some());
}

#[test]
fn a_reference_that_is_taken_meanwhile_costs_the_token_alone() {
    let world = World::new();
    let (attempt, forward) = sent(&world, "k", ForwardSource::Given);
    let given = instrument_of(protected(MASTERCARD), "Grace");
    run(refer(&world.vault, &act(), ("t1", "mine"), &given)).unwrap();
    assert_eq!(keep(&world, &attempt, &forward, "mine"), Ok(reply(201, "bare")));
    assert_eq!(world.answered(request("k")), reply(201, "bare"));
    assert_eq!(keep(&world, &attempt, &forward, "other"), Err(Refused::Contended), "it ended");
    assert!(run(world.vault.read_referenced(tenant(1), "t1", "other")).unwrap().is_none());
}

#[test]
fn a_crash_before_the_end_is_written_leaves_it_unknown() {
    let world = World::new();
    let (attempt, forward) = sent(&world, "k", ForwardSource::Given);
    let (act, answer) = (act(), reply(200, "fine"));
    world.store.on_commit(|_| Step::Silence { write: false });
    leave(world.vault.end_forward(&act, &attempt, &forward, &answer));
    world.store.heal();
    world.clock.raise_to(at(UNDERWAY));
    assert!(matches!(world.asked(request("k")), Ok(Asked::Unknown)));
    world.store.on_commit(|_| Step::Silence { write: true });
    leave(world.vault.end_forward(&act, &attempt, &forward, &answer));
    world.store.heal();
    assert_eq!(world.answered(request("k")), answer);
}

/// The mark of a code that was sealed when the act began is not given new time by its end.
#[test]
fn an_end_gives_the_mark_of_a_code_no_new_time() {
    let world = World::new();
    let asked = Request { sad: "123", ..request("k") };
    let rows = world.replies_of(|| {
        let attempt = world.attempt(asked);
        let forward = begin(&world, &act(), &attempt, ForwardSource::Given).unwrap();
        world.clock.raise_to(at(2 * MINUTE));
        end(&world, &attempt, &forward).unwrap();
    });
    let [begun, ended] = rows.try_into().unwrap();
    let versions = [&begun, &ended].map(|row| row.sad.as_ref().unwrap().key_version().unwrap());
    assert_eq!(versions[0], versions[1]);
    assert_ne!((begun.salt, begun.generation), (ended.salt, ended.generation));
    world.is_different(Request { sad: "124", ..asked });
    world.clock.raise_to(at(31 * MINUTE));
    world.answered(Request { sad: "124", ..asked });
    // One that ends when nothing can be compared any more is written all the same.
    let attempt = world.attempt(Request { key: "late", ..asked });
    let forward = begin(&world, &act(), &attempt, ForwardSource::Given).unwrap();
    world.clock.raise_to(at(63 * MINUTE));
    let rows = world.replies_of(|| end(&world, &attempt, &forward).unwrap());
    assert_eq!(rows[0].sad, None);
    world.answered(Request { key: "late", ..asked });
}

#[test]
fn digits_give_what_is_there_as_often_as_they_are_sent() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    for key in ["k", "l"] {
        let (attempt, forward) = sent(&world, key, ForwardSource::Digits(&made.digits));
        let opened = forward.opened.as_ref().unwrap();
        assert_eq!(clear(&opened.clear), (VISA.to_owned(), None));
        assert!(opened.clear.reader.is_none());
        assert_eq!(serde_json::to_value(&opened.details).unwrap(), details_of("Ada"));
        assert_eq!(opened.referenced.as_ref().map(seen), Some(made.clone()));
        end(&world, &attempt, &forward).unwrap();
    }
    assert_eq!(world.referenced(("g", "r")), Some(made), "it stays as it is");
}

#[test]
fn digits_and_tokens_that_are_not_there_leave_no_key_behind() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let gone = world.refer(("g", "gone"), protected(VISA), "Ada").unwrap();
    world.unrefer(("g", "gone")).unwrap();
    let theirs = world.create(&act_of_two(), &card(VISA, None, "Ada"));
    let over = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(LIFE));
    let attempt = world.attempt(request("k"));
    for digits in ["", "1", &gone.digits, &format!("{}0", made.digits), &made.reference] {
        let refused = begin(&world, &act(), &attempt, ForwardSource::Digits(digits)).unwrap_err();
        assert_eq!(refused, UNKNOWN, "{digits}");
    }
    let forged = LocatorBytes([7; 28]);
    for token in [&theirs, &over, &forged] {
        let refused = begin(&world, &act(), &attempt, ForwardSource::Token(token)).unwrap_err();
        assert_eq!(refused, NOT_USABLE);
    }
    world.is_new(request("k"));
    assert_eq!(lines_of(&*world.model, "forward.begin").len(), 0);
    assert!(matches!(run(world.vault.read_token(tenant(2), &theirs)), Ok(Some(_))));
}

#[test]
fn another_tenants_digits_are_not_there() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let attempt = match run(asked(&world.vault, act_of_two().tenant, request("k"))).unwrap() {
        Asked::New(attempt) => attempt,
        other => panic!("{other:?}"),
    };
    let refused = begin(&world, &act_of_two(), &attempt, ForwardSource::Digits(&made.digits)).unwrap_err();
    assert_eq!(refused, UNKNOWN);
    assert!(matches!(run(asked(&world.vault, act_of_two().tenant, request("k"))).unwrap(), Asked::New(_)));
}

#[test]
fn a_token_that_is_deleted_or_replaced_meanwhile_is_looked_at_anew() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let fresh = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let (neighbour, mut done) = (world.neighbour(), false);
    world.store.on_commit(move |_| {
        if !std::mem::replace(&mut done, true) {
            run(replace(&neighbour, &act(), ("g", "r"), &fresh)).unwrap();
        }
        Step::Pass
    });
    let (_, forward) = sent(&world, "k", ForwardSource::Digits(&made.digits));
    assert_eq!(clear(&forward.opened.unwrap().clear).0, MASTERCARD, "what is there when it is written down");
    let (neighbour, mut done) = (world.neighbour(), false);
    world.store.on_commit(move |_| {
        if !std::mem::replace(&mut done, true) {
            run(neighbour.delete_referenced(&act(), "g", "r")).unwrap();
        }
        Step::Pass
    });
    let attempt = world.attempt(request("l"));
    assert_eq!(begin(&world, &act(), &attempt, ForwardSource::Digits(&made.digits)).unwrap_err(), UNKNOWN);
    world.store.heal();
    world.is_new(request("l"));
}

#[test]
fn an_act_that_always_loses_gives_up() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let attempt = world.attempt(request("k"));
    let lost = Outcome::Lost {
        lost: coffer_core::store::Lost::NotLive(world.reusable_row(made.number).unwrap().key()),
        after: coffer_core::store::Position(0),
    };
    world.store.answer(limits::PLAN_ATTEMPTS, Ok(lost));
    let refused = begin(&world, &act(), &attempt, ForwardSource::Digits(&made.digits)).unwrap_err();
    assert_eq!(refused, Error::Core(ReferencedError::Refused(Refused::Contended)));
    world.store.answer(limits::PLAN_ATTEMPTS - 1, Ok(lost));
    begin(&world, &act(), &attempt, ForwardSource::Digits(&made.digits)).unwrap();
}

#[test]
fn the_log_tells_what_was_sent_and_how_it_ended() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let number: RecordNumber = world.number(&token);
    let sources = [
        (ForwardSource::Token(&token), Some(number)),
        (ForwardSource::Digits(&made.digits), Some(made.number)),
        (ForwardSource::Given, None),
    ];
    for (key, (source, object)) in ["a", "b", "c"].into_iter().zip(sources) {
        let before = world.lines().len();
        let mut ended = None;
        let rows = world.replies_of(|| ended = Some(sent(&world, key, source)));
        let mut begun = line(at(0), "forward.begin", number);
        match object {
            Some(object) => begun["object"] = json!(object.get()),
            None => drop(begun.as_object_mut().unwrap().remove("object")),
        }
        assert_eq!(world.lines_since(before), [begun]);
        let (attempt, forward) = ended.unwrap();
        let before = world.lines().len();
        end(&world, &attempt, &forward).unwrap();
        let mut over = line(at(0), "forward.end", rows[0].number);
        over["reason"] = json!("status 200");
        assert_eq!(world.lines_since(before), [over]);
    }
    let row = run(world.model.reusable(act().tenant, made.number)).unwrap().unwrap();
    assert_eq!(row.generation.get(), 1, "a referenced token is not written");
}
