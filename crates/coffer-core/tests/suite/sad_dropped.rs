//! Where no sensitive authentication data is stored, none is, and everything else works.

use std::sync::Arc;

use coffer_core::{
    Asked, FieldsError, FieldsSession, ForwardOpened, ForwardSource, NewToken, Protected, ReferencedError,
    SadPolicy, SessionKind,
    store::{Put, Row, Store, TokenState, Unit},
};
use coffer_types::{Cvv, RecordNumber};
use zeroize::Zeroizing;

use crate::support::{
    Draws, MASTERCARD, Request, Setup, Step, VISA, World, act, card, clear, create_once, details, request,
    run, tenant,
};

fn dropping() -> World {
    let world = World::with_sad(None, SadPolicy::Dropped);
    world.store.on_commit(|unit| {
        assert_no_sad(unit);
        Step::Pass
    });
    world
}

fn assert_no_sad(unit: &Unit) {
    for put in unit.puts() {
        if let Put::Insert(row) | Put::Replace(row) = put {
            let has_sad = match row {
                Row::Token(row) => matches!(row.state, TokenState::Live { sad: Some(_), .. }),
                Row::Reply(row) => row.sad.is_some(),
                _ => false,
            };
            assert!(!has_sad, "{row:?}");
        }
    }
}

fn with_everything() -> NewToken {
    NewToken { reader: Some(Zeroizing::new("{\"track\":1}".to_owned())), ..card(VISA, Some("917"), "Ada") }
}

#[test]
fn tokens_give_the_card_and_no_code() {
    let world = dropping();
    assert!(!world.vault.stores_sad() && World::new().vault.stores_sad());
    let token = world.create(&act(), &with_everything());
    let given = run(world.vault.redeem(&act(), world.number(&token), |redeemed| {
        (clear(&redeemed.clear), redeemed.clear.reader.is_some())
    }));
    assert_eq!(given.unwrap(), ((VISA.to_owned(), None), false));
    let token = world.create(&act(), &with_everything());
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    assert!(seen.details.get("kept_code").is_none());
    assert_eq!(world.pan(&seen.locator), VISA);
    let token = world.create(&act(), &card(MASTERCARD, Some("917"), "Ada"));
    let made = world.refer_token(&act(), ("g", "r"), &token).unwrap();
    let attempt = world.attempt(request("k"));
    let sends = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
    let source = ForwardSource::Digits(&made.digits);
    let forward = run(world.vault.begin_forward(&act(), &attempt, source, sends)).unwrap();
    assert_eq!(clear(&forward.opened.unwrap().clear), (MASTERCARD.to_owned(), None));
}

#[test]
fn sessions_are_made_and_used_without_a_code() {
    let world = dropping();
    let code = NewToken { protected: Protected::Nothing, ..card(VISA, Some("917"), "Ada") };
    let session = world.session(&act(), SessionKind::Cvv, &code);
    let number = world.vault.locate(SessionKind::Cvv.locator(), &session).unwrap().1;
    let given = run(world.vault.redeem_session(&act(), SessionKind::Cvv, number, |redeemed| {
        (matches!(redeemed.clear.protected, Protected::Nothing), redeemed.clear.cvv.is_some())
    }));
    assert_eq!(given.unwrap(), (true, false));

    let new = NewToken { protected: Protected::Nothing, cvv: None, reader: None, details: details("shop") };
    let session = world.session(&act(), SessionKind::Fields, &new);
    let number = world.vault.locate_fields(&session).unwrap().1;
    let fill = |session: FieldsSession| {
        let cvv = Some(Cvv::parse("917").unwrap());
        Ok::<_, FieldsError>(NewToken { cvv, ..card_of(session) })
    };
    run(world.vault.fill_fields(&act(), number, None, fill, || ())).unwrap();
    let finish = |session: FieldsSession| {
        assert!(session.clear.cvv.is_none(), "nothing was held");
        Ok::<_, FieldsError>(NewToken { ..card(VISA, None, "Ada") })
    };
    run(world.vault.finish_fields(&act(), number, None, finish, |_| ())).unwrap();
}

fn card_of(session: FieldsSession) -> NewToken {
    NewToken { protected: session.clear.protected, cvv: None, reader: None, details: session.details }
}

#[test]
fn who_asks_again_is_answered_and_codes_are_not_compared() {
    let world = dropping();
    let asked = Request { sad: "917", ..request("k") };
    let reply = run(create_once(&world.vault, &act(), asked, &with_everything()));
    assert!(world.answered(asked) == reply);
    assert!(world.answered(Request { sad: "918", ..asked }) == reply, "no mark of a code is kept");
    assert!(
        matches!(world.asked(Request { sad: "", ..asked }), Ok(Asked::Different)),
        "whether one came is told"
    );
    world.is_different(Request { body: "{}", ..asked });
}

#[test]
fn what_was_stored_before_is_not_given_out_and_its_keys_are_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let world = World::with_sad(Some(path.clone()), SadPolicy::Stored { kept_by: [tenant(1)].into() });
    let token = world.create(&act(), &card(VISA, Some("917"), "Ada"));
    let exchanged = world.create(&act(), &card(VISA, Some("917"), "Ada"));
    let (seen, _) = world.exchange(&act(), &exchanged, "customer").unwrap();
    let number: RecordNumber = world.number(&token);
    let instrument = world.instrument_number(&seen.locator);
    let World { vault, model, clock, .. } = world;
    drop(vault);
    let keys = |path: &std::path::Path| std::fs::read(path).unwrap()[512..].iter().any(|byte| *byte != 0);
    assert!(keys(&path));
    let setup = Setup::over(Arc::clone(&model) as Arc<dyn Store>);
    let setup = Setup { ring: Some(path.clone()), clock, draws: Draws::seeded(7), ..setup };
    let vault = Setup { sad: SadPolicy::Dropped, ..setup }.open().unwrap();
    assert!(!keys(&path), "the ring's keys are overwritten at the start");
    let given = run(vault.redeem(&act(), number, |redeemed| clear(&redeemed.clear))).unwrap();
    assert_eq!(given, (VISA.to_owned(), None));
    let revealed = run(vault.reveal(&act(), instrument, "test")).unwrap();
    assert_eq!(clear(&revealed.clear), (VISA.to_owned(), None));
    let new = card(VISA, Some("917"), "Ada");
    run(vault.create(&act(), &new, |_| ())).unwrap();
    assert!(!keys(&path), "and no new one is drawn");
}

#[test]
fn a_ring_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring");
    let world = World::with_sad(Some(path.clone()), SadPolicy::Dropped);
    let token = world.create(&act(), &with_everything());
    world.redeem(&token).unwrap();
    run(world.vault.sweep()).unwrap();
    assert!(!path.exists());
}
