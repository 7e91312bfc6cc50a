//! Sessions: what a browser left is used once, soon, by its tenant.

use coffer_core::{
    Act, CardFacts, NewReusable, NewToken, Protected, Refused, SessionKind, Source, TokenizeError, Tokenized,
    store::{Store, StoreError, TokenRow, TokenState},
};
use coffer_crypto::{LocatorBytes, LocatorKind};
use coffer_types::Expiry;

use crate::support::{
    Became, DAY, MASTERCARD, Offer, SHORT, VISA, World, act, act_of_two, at, card, facts, find, json_of,
    lines_of, offer, offer_in, pan, run, run_in_steps, tenant,
};

/// A card with a code, as a browser leaves it.
fn left() -> NewToken {
    card(VISA, Some("917"), "Ada")
}

fn code_alone() -> NewToken {
    NewToken { protected: Protected::Nothing, ..left() }
}

fn card_session(world: &World) -> LocatorBytes {
    world.session(&act(), SessionKind::Card, &left())
}

/// Of another card than that of the session: it is not looked at.
fn by_session() -> Offer<'static> {
    let expiry = Some(Expiry::new(2044, 4).unwrap());
    Offer { facts: CardFacts { expiry, ..facts("Ada") }, ..offer(MASTERCARD) }
}

fn row(world: &World, kind: SessionKind, session: &LocatorBytes) -> Option<TokenRow> {
    let (owner, number) = world.vault.locate(kind.locator(), session).unwrap();
    run(world.model.token(owner, number)).unwrap()
}

#[test]
fn card_and_expiry_come_from_the_session_and_the_rest_with_the_call() {
    let world = World::new();
    let made = world.tokenize_session(&act(), &card_session(&world), &by_session()).unwrap().created();
    assert_eq!(made.last4, "1111");
    assert_eq!(made.facts, json_of(&facts("Ada")), "the session's expiry, not the call's");
    assert_eq!(world.open_card(made.number, SHORT).unwrap().0, VISA);
    assert_eq!(world.tokenize(&act(), &offer(VISA)).unwrap().matched(), made);
}

#[test]
fn is_used_once_whatever_becomes_of_its_card() {
    let world = World::new();
    let grace = Offer { facts: facts("Grace"), ..by_session() };
    for (round, offered) in [by_session(), by_session(), grace].iter().enumerate() {
        let session = card_session(&world);
        let became = world.tokenize_session(&act(), &session, offered).unwrap();
        match (round, became) {
            (0, Became::Created(_)) | (1, Became::Matched(_)) | (2, Became::Conflicting(..)) => {}
            (round, other) => panic!("{round}: {other:?}"),
        }
        let used = row(&world, SessionKind::Card, &session).unwrap();
        assert_eq!(used.state, TokenState::Used { at: at(0) });
        let before = world.everything();
        for again in [by_session(), offer_in("a", VISA)] {
            let refused = world.tokenize_session(&act(), &session, &again);
            assert_eq!(refused, Err(TokenizeError::NotUsable));
        }
        assert_eq!(world.everything(), before);
    }
}

#[test]
fn a_card_waits_for_a_minute_and_a_code_for_a_quarter_of_an_hour() {
    let world = World::new();
    let [early, late] = [(); 2].map(|()| card_session(&world));
    let code = world.session(&act(), SessionKind::Cvv, &code_alone());
    assert_eq!(row(&world, SessionKind::Card, &early).unwrap().expires_at, at(60_000));
    assert_eq!(row(&world, SessionKind::Cvv, &code).unwrap().expires_at, at(900_000));
    world.clock.raise_to(at(59_999));
    assert!(world.tokenize_session(&act(), &early, &by_session()).is_ok());
    world.clock.raise_to(at(60_000));
    let before = world.everything();
    assert_eq!(world.tokenize_session(&act(), &late, &by_session()), Err(TokenizeError::NotUsable));
    assert_eq!(world.everything(), before);
}

#[test]
fn another_tenants_forged_and_other_names_are_not_usable() {
    let world = World::new();
    let session = card_session(&world);
    let theirs = world.session(&act_of_two(), SessionKind::Card, &left());
    let code = world.session(&act(), SessionKind::Cvv, &left());
    let token = world.create(&act(), &left());
    let made = world.reusable(&offer(MASTERCARD));
    let mut forged = session;
    forged.0[20] ^= 1;
    let before = world.everything();
    let unusable = |act: &Act, session: &LocatorBytes| {
        assert_eq!(world.tokenize_session(act, session, &by_session()), Err(TokenizeError::NotUsable));
    };
    for name in [theirs, code, token, made.names[0], forged] {
        unusable(&act(), &name);
    }
    unusable(&act_of_two(), &session);
    assert_eq!(world.everything(), before);
    assert!(world.tokenize_session(&act(), &session, &by_session()).is_ok());
    assert!(world.tokenize_session(&act_of_two(), &theirs, &by_session()).is_ok());
}

#[test]
fn a_refused_act_leaves_the_session_as_it_was() {
    let world = World::new();
    for index in 0..16 {
        world.reusable(&offer_in("full", &pan(index)));
    }
    let session = card_session(&world);
    let before = world.everything();
    let full = Offer { namespace: Some("full"), ..by_session() };
    assert_eq!(world.tokenize_session(&act(), &session, &full), Err(TokenizeError::NamespaceFull));
    let new = NewReusable {
        source: Source::Session(&session),
        namespace: None,
        description: "words",
        ends_at: None,
        facts: facts("Ada"),
        may_conflict: true,
    };
    let render = |_: &Tokenized| unreachable!("nothing became of it");
    let refused = run(world.vault.tokenize::<()>(&act(), &new, SHORT, |_| None, render));
    assert_eq!(refused, Err(TokenizeError::NotTaken));
    world.store.answer(1, Err(StoreError::Unavailable));
    let refused = world.tokenize_session(&act(), &session, &by_session());
    assert_eq!(refused, Err(TokenizeError::Refused(Refused::Unavailable)));
    assert_eq!(world.everything(), before);
    assert!(world.tokenize_session(&act(), &session, &by_session()).is_ok());
}

#[test]
fn after_its_use_a_session_has_neither_card_nor_code() {
    let world = World::new();
    let session = card_session(&world);
    let before = row(&world, SessionKind::Card, &session).unwrap();
    let TokenState::Live { protected, sad: Some(sad) } = &before.state else { panic!("live, with a code") };
    let made = world.tokenize_session(&act(), &session, &by_session()).unwrap().created();
    let after = row(&world, SessionKind::Card, &session).unwrap();
    assert_eq!(after.state, TokenState::Used { at: at(0) });
    let token = world.reusable_row(made.number).unwrap();
    let mut everything = format!("{:?}", world.model).into_bytes();
    for part in [after.salt.as_bytes().as_slice(), after.details.as_bytes(), token.protected.as_bytes()] {
        everything.extend(part);
    }
    everything.extend(token.details.as_bytes());
    for blob in [protected, sad] {
        assert_eq!(find(&everything, blob.as_bytes()), None);
    }
}

#[test]
fn the_code_of_a_session_dies_with_its_key_of_the_ring_and_the_card_is_blanked() {
    let world = World::new();
    let session = card_session(&world);
    let code = world.session(&act(), SessionKind::Cvv, &code_alone());
    for _ in 0..2 {
        world.sweep_all();
        assert!(world.vault.ring_age_seconds() < 31 * 60, "no older key is there");
        world.clock.raise_to(at(31 * 60_000));
    }
    world.sweep_all();
    for (kind, session) in [(SessionKind::Card, session), (SessionKind::Cvv, code)] {
        assert_eq!(row(&world, kind, &session).unwrap().state, TokenState::Expired);
    }
    world.clock.raise_to(at(DAY + 1));
    world.sweep_all();
    assert_eq!(row(&world, SessionKind::Card, &session), None);
}

/// Long before the half hour of single-use tokens.
#[test]
fn what_was_left_is_gone_at_the_sessions_own_end() {
    let world = World::new();
    let session = card_session(&world);
    let code = world.session(&act(), SessionKind::Cvv, &code_alone());
    let is_held =
        |kind, session| matches!(row(&world, kind, session).unwrap().state, TokenState::Live { .. });
    for (millis, card_is, code_is) in
        [(59_999, true, true), (60_000, false, true), (899_999, false, true), (900_000, false, false)]
    {
        world.clock.raise_to(at(millis));
        world.sweep_all();
        let held = (is_held(SessionKind::Card, &session), is_held(SessionKind::Cvv, &code));
        assert_eq!(held, (card_is, code_is), "{millis}");
    }
}

/// Times are clear, and what bounds a session whose end was put off is the time in its number.
#[test]
fn a_session_whose_end_was_put_off_ends_all_the_same() {
    let world = World::new();
    let session = card_session(&world);
    world.store.on_token(|mut row| {
        row.expires_at = at(9 * DAY);
        row
    });
    world.clock.raise_to(at(59_999));
    assert!(world.tokenize_session(&act(), &session, &by_session()).is_ok());
    let session = card_session(&world);
    world.clock.raise_to(at(59_999 + 60_000));
    assert_eq!(world.tokenize_session(&act(), &session, &by_session()), Err(TokenizeError::NotUsable));
    let number = world.vault.locate(LocatorKind::CardSession, &session).unwrap().1;
    assert!(run(world.vault.redeem_session(&act(), SessionKind::Card, number, |_| ())).is_err());
}

#[test]
fn every_session_is_told_of_when_it_is_made_and_when_it_is_used() {
    let world = World::new();
    let session = card_session(&world);
    let number = world.vault.locate(LocatorKind::CardSession, &session).unwrap().1.get();
    let of = |action: &str| -> Vec<_> {
        lines_of(&*world.model, action).iter().map(|line| line["object"].clone()).collect()
    };
    assert_eq!(of("session.create"), [number]);
    assert!(of("session.use").is_empty());
    world.tokenize_session(&act(), &session, &by_session()).unwrap();
    assert_eq!(of("session.use"), [number]);
}

/// A session lies among the single-use tokens and is none.
#[test]
fn is_no_single_use_token() {
    let world = World::new();
    let session = card_session(&world);
    let mut page = world.vault.list_tokens(tenant(1), 0, 10);
    let shown = run_in_steps(page.next()).unwrap().map_or(0, |shown| shown.len());
    assert_eq!((run_in_steps(page.total()).unwrap(), shown), (0, 0), "no list shows it");
    assert!(world.vault.locate_token(&session).is_none());
    let number = world.vault.locate(LocatorKind::CardSession, &session).unwrap().1;
    run(world.vault.redeem(&act(), number, |_| ())).unwrap_err();
    assert!(world.tokenize_session(&act(), &session, &by_session()).is_ok());
}
