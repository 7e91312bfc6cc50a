//! Fields: a form that is filled in step by step becomes one single-use token, in time.

use std::{cell::Cell, future::Future, pin::Pin};

use coffer_core::{
    Act, Asked, Created, FieldsError, FieldsSession, NewToken, Once, Protected, ProtectedKind, RedeemError,
    Refused, SavedReply, SessionKind,
    store::{Store, StoreError, TokenRow, TokenState},
};
use coffer_crypto::{LocatorBytes, LocatorKind};
use coffer_types::{Cvv, RecordNumber, limits};
use serde_json::json;
use zeroize::Zeroizing;

use crate::support::{
    AMEX, LIFE, MINUTE, Request, Step, VISA, World, act, act_of_two, asked, at, card, clear, details,
    details_of, find, leave, line, made, once, protected, reply, request, run, tenant, together,
};

type Going<'a, T> = Pin<Box<dyn Future<Output = Result<T, FieldsError>> + 'a>>;

/// The whole life of a session.
const SESSION: i64 = limits::FIELDS_SESSION_SECONDS * 1_000;
const NOT_USABLE: FieldsError = FieldsError::NotUsable;

/// A session of tenant 1 in which nothing is filled in.
fn opened(world: &World) -> RecordNumber {
    let new = NewToken { protected: Protected::Nothing, cvv: None, reader: None, details: details("shop") };
    let session = world.session(&act(), SessionKind::Fields, &new);
    world.vault.locate_fields(&session).unwrap().1
}

/// Fills in a code, a number or what a reader sent, and leaves all else as it is.
#[derive(Clone, Copy)]
enum Field<'a> {
    Code(&'a str),
    Number(&'a str),
    Reader(&'a str),
}

impl Field<'_> {
    fn fill(self, session: FieldsSession) -> NewToken {
        let FieldsSession { clear, details } = session;
        let new = NewToken { protected: clear.protected, cvv: clear.cvv, reader: clear.reader, details };
        match self {
            Self::Code(code) => NewToken { cvv: Some(Cvv::parse(code).unwrap()), ..new },
            Self::Number(pan) => NewToken { protected: protected(pan), ..new },
            Self::Reader(text) => NewToken { reader: Some(Zeroizing::new(text.to_owned())), ..new },
        }
    }
}

fn fill(world: &World, act: &Act, number: RecordNumber, field: Field<'_>) -> Result<(), FieldsError> {
    let fill = |session| Ok::<_, FieldsError>(field.fill(session));
    run(world.vault.fill_fields(act, number, None, fill, || ()))
}

/// What is filled in becomes the token, as it is.
#[expect(clippy::unnecessary_wraps, reason = "a dialect may refuse")]
fn all(session: FieldsSession) -> Result<NewToken, FieldsError> {
    let FieldsSession { clear, details } = session;
    Ok(NewToken { protected: clear.protected, cvv: clear.cvv, reader: clear.reader, details })
}

fn finish(world: &World, act: &Act, number: RecordNumber) -> Result<LocatorBytes, FieldsError> {
    run(world.vault.finish_fields(act, number, None, all, |created: &Created| created.locator))
}

fn row(world: &World, number: RecordNumber) -> TokenRow {
    run(world.model.token(tenant(1), number)).unwrap().unwrap()
}

/// What is filled in, as the next step finds it.
fn filled(world: &World, number: RecordNumber) -> (ProtectedKind, Option<String>, Option<String>) {
    let found = Cell::new(None);
    let look = |session: FieldsSession| {
        let FieldsSession { clear, .. } = &session;
        let code = clear.cvv.as_ref().map(|code| code.expose().to_owned());
        let reader = clear.reader.as_ref().map(|text| text.to_string());
        found.set(Some((clear.protected.kind(), code, reader)));
        Err::<NewToken, _>(NOT_USABLE)
    };
    run(world.vault.fill_fields(&act(), number, None, look, || ())).unwrap_err();
    found.take().unwrap()
}

#[test]
fn a_form_is_filled_in_step_by_step_and_becomes_a_token() {
    let world = World::new();
    let number = opened(&world);
    let said = run(world.vault.read_fields(tenant(1), number)).unwrap().unwrap();
    assert_eq!(serde_json::to_value(&said).unwrap(), details_of("shop"));
    assert_eq!(filled(&world, number), (ProtectedKind::Nothing, None, None));
    let first = row(&world, number);
    fill(&world, &act(), number, Field::Number(VISA)).unwrap();
    assert_eq!(filled(&world, number), (ProtectedKind::Card, None, None));
    world.clock.raise_to(at(MINUTE));
    fill(&world, &act(), number, Field::Code("123")).unwrap();
    fill(&world, &act(), number, Field::Reader("{\"t\":1}")).unwrap();
    let code = Some("123".to_owned());
    assert_eq!(filled(&world, number), (ProtectedKind::Card, code.clone(), Some("{\"t\":1}".to_owned())));
    let last = row(&world, number);
    assert_eq!(last.generation.get(), 4);
    assert_eq!((last.created_at, last.expires_at), (first.created_at, at(SESSION)), "no step gives it time");
    assert!(last.salt != first.salt && last.details != first.details, "each step is sealed anew");
    assert_eq!(last.face.map(|face| face.last4.as_str().to_owned()), Some("1111".to_owned()));

    let before = world.lines().len();
    let token = finish(&world, &act(), number).unwrap();
    let mut used = line(at(MINUTE), "session.use", number);
    used["result"] = json!(world.number(&token).get());
    assert_eq!(world.lines_since(before), [used, line(at(MINUTE), "token.create", world.number(&token))]);
    let row = world.token_row(&token).unwrap();
    assert_eq!((row.created_at, row.expires_at), (at(MINUTE), at(MINUTE + LIFE)), "a token of its own time");
    let given = run(world.vault.redeem(&act(), world.number(&token), |redeemed| {
        let reader = redeemed.clear.reader.as_ref().map(|text| text.to_string());
        (clear(&redeemed.clear), reader, serde_json::to_value(&redeemed.details).unwrap())
    }));
    assert_eq!(given, Ok(((VISA.to_owned(), code), Some("{\"t\":1}".to_owned()), details_of("shop"))));
}

#[test]
fn a_session_becomes_one_token_and_keeps_nothing_of_it() {
    let world = World::new();
    let number = opened(&world);
    fill(&world, &act(), number, Field::Number(VISA)).unwrap();
    fill(&world, &act(), number, Field::Code("123")).unwrap();
    let TokenState::Live { protected, sad } = row(&world, number).state else { panic!("it is live") };
    finish(&world, &act(), number).unwrap();
    let after = row(&world, number);
    assert_eq!((&after.state, after.generation.get()), (&TokenState::Used { at: at(0) }, 4));
    let bytes = [after.salt.as_bytes().as_slice(), after.details.as_bytes()].concat();
    for blob in [protected, sad.unwrap()] {
        assert_eq!(find(&bytes, blob.as_bytes()), None);
    }
    let before = world.everything();
    assert_eq!(finish(&world, &act(), number), Err(NOT_USABLE));
    assert_eq!(fill(&world, &act(), number, Field::Code("999")), Err(NOT_USABLE));
    assert!(run(world.vault.read_fields(tenant(1), number)).unwrap().is_none());
    assert_eq!(world.everything(), before);
    assert_eq!(world.tokens(), 1);
}

#[test]
fn a_session_lives_ten_minutes_to_the_last_millisecond_and_is_blanked_then() {
    let world = World::new();
    let [left, late] = [(); 2].map(|()| opened(&world));
    fill(&world, &act(), left, Field::Number(VISA)).unwrap();
    world.clock.raise_to(at(SESSION - 1));
    fill(&world, &act(), left, Field::Code("123")).unwrap();
    fill(&world, &act(), late, Field::Number(AMEX)).unwrap();
    finish(&world, &act(), late).unwrap();
    world.sweep_all();
    assert!(matches!(row(&world, left).state, TokenState::Live { .. }), "nothing is taken before its end");
    world.clock.raise_to(at(SESSION));
    assert_eq!(fill(&world, &act(), left, Field::Code("124")), Err(NOT_USABLE));
    assert_eq!(finish(&world, &act(), left), Err(NOT_USABLE));
    assert!(run(world.vault.read_fields(tenant(1), left)).unwrap().is_none());
    world.sweep_all();
    assert_eq!(row(&world, left).state, TokenState::Expired, "card and code are gone from the row");
    // A row whose clear end was put off is over all the same: the time is in its number.
    let other = World::new();
    let number = opened(&other);
    other.store.on_token(|row| TokenRow { expires_at: at(9 * SESSION), ..row });
    other.clock.raise_to(at(SESSION));
    assert_eq!(finish(&other, &act(), number), Err(NOT_USABLE));
}

/// However often a form is sealed anew, its code opens no longer than half an hour after it came in: not in the
/// session, and not in the token.
#[test]
fn no_step_gives_a_code_new_time() {
    let world = World::new();
    let number = opened(&world);
    let version = |row: &TokenRow| match &row.state {
        TokenState::Live { sad: Some(sad), .. } => sad.key_version().unwrap(),
        _ => panic!("there is a code"),
    };
    fill(&world, &act(), number, Field::Code("123")).unwrap();
    let first = version(&row(&world, number));
    for minute in 1..9 {
        world.clock.raise_to(at(minute * MINUTE));
        fill(&world, &act(), number, Field::Number(VISA)).unwrap();
        assert_eq!(version(&row(&world, number)), first);
    }
    fill(&world, &act(), number, Field::Code("124")).unwrap();
    assert_eq!(version(&row(&world, number)), first, "another code is not older than the first");
    let token = finish(&world, &act(), number).unwrap();
    assert_eq!(version(&world.token_row(&token).unwrap()), first);
    world.clock.raise_to(at(31 * MINUTE));
    assert_eq!(world.redeem(&token), Ok((VISA.to_owned(), None)), "the card lives its half hour");

    let number = opened(&world);
    fill(&world, &act(), number, Field::Number(VISA)).unwrap();
    world.clock.raise_to(at(35 * MINUTE));
    fill(&world, &act(), number, Field::Code("123")).unwrap();
    world.clock.raise_to(at(40 * MINUTE));
    let token = finish(&world, &act(), number).unwrap();
    world.clock.raise_to(at(65 * MINUTE - 1));
    assert_eq!(world.redeem(&token).unwrap().1, Some("123".to_owned()), "and a code its own");
}

#[test]
fn what_is_refused_changes_nothing() {
    #[derive(Debug, PartialEq)]
    enum Error {
        No,
        Core(FieldsError),
    }
    impl From<FieldsError> for Error {
        fn from(error: FieldsError) -> Self {
            Self::Core(error)
        }
    }
    let world = World::new();
    let number = opened(&world);
    fill(&world, &act(), number, Field::Number(VISA)).unwrap();
    let before = world.everything();
    let no = |_: FieldsSession| Err::<NewToken, _>(Error::No);
    assert_eq!(run(world.vault.fill_fields(&act(), number, None, no, || ())), Err(Error::No));
    assert_eq!(run(world.vault.finish_fields(&act(), number, None, no, |_| ())), Err(Error::No));
    let large = |session: FieldsSession| -> Result<NewToken, Error> {
        Ok(Field::Reader(&"x".repeat(limits::SEALED_BYTES)).fill(session))
    };
    let too_large = Err(Error::Core(FieldsError::Refused(Refused::TooLarge)));
    assert_eq!(run(world.vault.fill_fields(&act(), number, None, large, || ())), too_large);
    assert_eq!(run(world.vault.finish_fields(&act(), number, None, large, |_| ())), too_large);
    for (error, refused) in
        [(StoreError::Full, Refused::Busy), (StoreError::Unavailable, Refused::Unavailable)]
    {
        world.store.answer(2, Err(error));
        let refused = Err(FieldsError::Refused(refused));
        assert_eq!(fill(&world, &act(), number, Field::Code("123")), refused);
        assert_eq!(finish(&world, &act(), number).map(drop), refused);
    }
    world.store.heal();
    assert_eq!(world.everything(), before);
    finish(&world, &act(), number).unwrap();
}

#[test]
fn nothing_else_is_a_session_of_fields_and_one_is_nothing_else() {
    let world = World::new();
    let new = card(VISA, Some("123"), "Ada");
    let mine = world.session(&act(), SessionKind::Fields, &new);
    let theirs = world.session(&act_of_two(), SessionKind::Fields, &new);
    let token = world.create(&act(), &new);
    let [of_card, of_code] =
        [SessionKind::Card, SessionKind::Cvv].map(|kind| world.session(&act(), kind, &new));
    world.reusable(&crate::support::offer(AMEX));
    let other =
        crate::support::Offer { facts: crate::support::facts("Grace"), ..crate::support::offer(AMEX) };
    let conflict = world.conflict(&other).locator;
    let vault = &world.vault;
    let numbers = [
        vault.locate_token(&token),
        vault.locate(LocatorKind::CardSession, &of_card),
        vault.locate(LocatorKind::CvvSession, &of_code),
        vault.locate(LocatorKind::Conflict, &conflict),
        vault.locate_fields(&theirs),
    ];
    for other in [&token, &of_card, &of_code, &conflict] {
        assert_eq!(vault.locate_fields(other), None, "the kind is in the locator");
    }
    let before = world.everything();
    for number in numbers.map(|located| located.unwrap().1).into_iter().chain([RecordNumber::MAX]) {
        assert_eq!(fill(&world, &act(), number, Field::Code("999")), Err(NOT_USABLE));
        assert_eq!(finish(&world, &act(), number), Err(NOT_USABLE));
        assert!(run(vault.read_fields(tenant(1), number)).unwrap().is_none());
    }
    let number = vault.locate_fields(&mine).unwrap().1;
    assert_eq!(vault.locate_token(&mine), None);
    assert_eq!(run(vault.redeem(&act(), number, |_| ())), Err(RedeemError::NotUsable));
    for kind in [SessionKind::Card, SessionKind::Cvv] {
        assert_eq!(run(vault.redeem_session(&act(), kind, number, |_| ())), Err(RedeemError::NotUsable));
        assert_eq!(vault.locate(kind.locator(), &mine), None);
    }
    assert_eq!(finish(&world, &act_of_two(), number), Err(NOT_USABLE));
    assert_eq!(world.everything(), before);
    assert_eq!(world.tokens(), 1, "it stands in no list");
    assert_eq!(SessionKind::of(LocatorKind::FieldsSession), Some(SessionKind::Fields));
    finish(&world, &act(), number).unwrap();
}

#[test]
fn of_many_that_fill_in_at_once_none_is_lost_or_it_is_told_so() {
    for backwards in [false, true] {
        let world = World::new();
        let (act, number) = (act(), opened(&world));
        if backwards {
            world.store.commit_backwards(3);
        } else {
            world.store.commit_late();
        }
        let fields = [Field::Number(VISA), Field::Code("123"), Field::Reader("{}")];
        let going = fields.iter().map(|field| {
            let fill = |session| Ok::<_, FieldsError>(field.fill(session));
            Box::pin(world.vault.fill_fields(&act, number, None, fill, || ())) as Going<'_, ()>
        });
        let results = together(going.collect());
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        world.store.heal();
        let expected = (ProtectedKind::Card, Some("123".to_owned()), Some("{}".to_owned()));
        assert_eq!(filled(&world, number), expected);
        assert_eq!(row(&world, number).generation.get(), 4);
    }
}

#[test]
fn of_16_that_finish_at_once_one_gets_the_token() {
    const MANY: usize = 16;
    for backwards in [false, true] {
        let world = World::new();
        let (act, number) = (act(), opened(&world));
        fill(&world, &act, number, Field::Number(VISA)).unwrap();
        if backwards {
            world.store.commit_backwards(MANY);
        } else {
            world.store.commit_late();
        }
        let going = (0..MANY).map(|_| {
            let finish = world.vault.finish_fields(&act, number, None, all, |created| created.locator);
            Box::pin(finish) as Going<'_, LocatorBytes>
        });
        let results = together(going.collect());
        let tokens: Vec<_> = results.iter().flatten().collect();
        assert_eq!((tokens.len(), world.tokens()), (1, 1));
        assert!(results.iter().filter(|result| **result == Err(NOT_USABLE)).count() == MANY - 1);
        world.store.heal();
        assert_eq!(world.redeem(tokens[0]).unwrap().0, VISA);
    }
}

#[test]
fn a_step_that_meets_the_end_does_not_bring_it_back() {
    let world = World::new();
    let number = opened(&world);
    fill(&world, &act(), number, Field::Number(VISA)).unwrap();
    let (neighbour, mut done) = (world.neighbour(), false);
    world.store.on_commit(move |_| {
        if !std::mem::replace(&mut done, true) {
            run(neighbour.finish_fields(&act(), number, None, all, |_| ())).unwrap();
        }
        Step::Pass
    });
    assert_eq!(fill(&world, &act(), number, Field::Code("123")), Err(NOT_USABLE));
    world.store.heal();
    assert_eq!((row(&world, number).generation.get(), world.tokens()), (3, 1));
}

fn kept() -> SavedReply {
    reply(200, "filled in")
}

#[test]
fn steps_under_a_key_are_done_once_and_answered_the_same() {
    for written in [true, false] {
        let world = World::new();
        let (act, number) = (act(), opened(&world));
        let [coded, ended] = [Request { sad: "123", ..request("k") }, request("end")];
        let attempt = world.attempt(coded);
        let step = |session| Ok::<_, FieldsError>(Field::Code("123").fill(session));
        world.store.on_commit(move |_| Step::Silence { write: written });
        leave(world.vault.fill_fields(&act, number, Some(once(&attempt)), step, kept));
        world.store.heal();
        let again = run(world.vault.fill_fields(&act, number, Some(once(&attempt)), step, kept));
        let expected = if written { Err(FieldsError::Refused(Refused::Answered)) } else { Ok(kept()) };
        assert_eq!(again, expected);
        assert_eq!(world.answered(coded), kept());
        assert_eq!(row(&world, number).generation.get(), 2, "filled in once");

        let attempt = world.attempt(ended);
        world.store.on_commit(move |_| Step::Silence { write: written });
        leave(world.vault.finish_fields(&act, number, Some(once(&attempt)), all, made));
        world.store.heal();
        let save = Some(Once { attempt: &attempt, save: &|reply: &SavedReply| reply.clone() });
        let again = run(world.vault.finish_fields(&act, number, save, all, made));
        match again {
            Ok(reply) => assert!(!written && world.answered(ended) == reply),
            Err(refused) => {
                assert_eq!((written, refused), (true, NOT_USABLE));
                assert_eq!(run(world.vault.answer(&attempt, &reply(404, "no"))), Err(Refused::Answered));
            }
        }
        let token = coffer_crypto::forms::parse_hex(&world.answered(ended).body).unwrap();
        assert_eq!((world.tokens(), world.stage(&token).is_some()), (1, true));
    }
}

#[test]
fn a_session_is_opened_once_under_a_key() {
    let world = World::new();
    let new = card(VISA, None, "Ada");
    let [first, second] = [(); 2].map(|()| world.attempt(request("k")));
    let open = |attempt| {
        let once = Some(once(attempt));
        run(world.vault.create_session_once(&act(), SessionKind::Fields, &new, once, made))
    };
    let opened = open(&first).unwrap();
    assert_eq!(open(&second), Err(Refused::Answered));
    assert_eq!(world.answered(request("k")), opened);
    assert!(matches!(run(asked(&world.vault, tenant(2), request("k"))), Ok(Asked::New(_))));
    let session = coffer_crypto::forms::parse_hex(&opened.body).unwrap();
    assert!(world.vault.locate_fields(&session).is_some());
}

#[test]
fn rows_hold_nothing_clear_of_what_is_filled_in() {
    let world = World::new();
    let number = opened(&world);
    let mut bytes = Vec::new();
    for field in [Field::Number(AMEX), Field::Code("9173"), Field::Reader("{\"track\":\"of-note\"}")] {
        fill(&world, &act(), number, field).unwrap();
        let row = row(&world, number);
        let TokenState::Live { protected, sad } = &row.state else { panic!("it is live") };
        bytes.extend([row.salt.as_bytes().as_slice(), row.details.as_bytes(), protected.as_bytes()].concat());
        bytes.extend(sad.iter().flat_map(|sad| sad.as_bytes().to_vec()));
        bytes.extend(format!("{row:?} {:?}", world.model).bytes());
    }
    finish(&world, &act(), number).unwrap();
    bytes.extend(format!("{:?} {:?}", world.model, world.lines()).bytes());
    for mark in [AMEX, "9173", "of-note", "shop", "riskOf"] {
        assert_eq!(find(&bytes, mark.as_bytes()), None, "{mark}");
    }
    assert_eq!(find(&bytes, b"0005"), Some("raw"), "the search does see what is there");
}
