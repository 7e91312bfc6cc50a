//! Update: an instrument gets new details, with a token or without, and a refused update uses nothing up.

use coffer_core::{
    Change, Details, InstrumentView, Protected, Refused, UpdateError, lifecycle::TokenStage,
    store::StoreError,
};
use coffer_crypto::LocatorBytes;
use coffer_types::{Expiry, Pan};
use serde_json::{json, value::RawValue};

use crate::support::{
    AMEX, LIFE, MASTERCARD, Seen, VISA, World, account, act, act_of_two, at, card, details, details_of,
    instrument_of, lines_of, other, run, tenant, token_of,
};

const ROUTING: &str = "021000021";

fn pan(digits: &str) -> Protected {
    Protected::Card(Pan::parse(digits).unwrap())
}

/// A world with one instrument of tenant 1, with Ada's details.
fn stored(protected: Protected) -> (World, Seen) {
    let world = World::new();
    let (seen, _) = world.keep(&act(), &instrument_of(protected, "Ada"), "customer").unwrap();
    (world, seen)
}

/// The stage of a token of its own tenant.
fn is_live(world: &World, token: &LocatorBytes) -> bool {
    world.stage(token) == Some(TokenStage::Live)
}

#[test]
fn a_plain_change_keeps_all_but_the_details() {
    let (world, before) = stored(pan(VISA));
    world.clock.raise_to(at(5_000));
    let act = act();
    let decide = |view: &InstrumentView, token: Option<&Details>| {
        assert_eq!(Seen::from(view), before, "it is decided on the instrument as it is");
        assert!(token.is_none());
        let own = RawValue::from_string(r#"{"customFields":{"a":1.50}}"#.to_owned()).ok();
        Ok::<_, UpdateError<()>>(Change { details: details("Grace"), own })
    };
    let update =
        world.vault.update_instrument(&act, &before.locator, None, &decide, |after| Seen::from(after));
    let after = run(update).unwrap();
    assert_eq!((after.generation, after.created_at, after.updated_at), (2, at(0), at(5_000)));
    assert_eq!((&after.last4, after.fingerprint), (&before.last4, before.fingerprint));
    assert_eq!(after.details["customer"], "customer");
    assert_eq!(after.details["details"], details_of("Grace"));
    assert_eq!(after.details["own"], json!({ "customFields": { "a": 1.50 } }));
    let view = run(world.vault.read_instrument(tenant(1), &before.locator)).unwrap().unwrap();
    assert_eq!(Seen::from(&view), after, "what was answered is what is stored");
    assert_eq!(world.pan(&before.locator), VISA);
    let (again, updated) = world.keep(&act, &instrument_of(pan(VISA), "Edith"), "customer").unwrap();
    assert!(updated && again.locator == before.locator, "the same card still matches");
}

#[test]
fn a_change_of_nothing_writes_nothing_unless_a_token_is_used() {
    let (world, before) = stored(pan(VISA));
    world.clock.raise_to(at(5_000));
    let everything = world.everything();
    assert_eq!(world.update(&act(), &before.locator, None, "Ada").unwrap(), before);
    assert_eq!(world.everything(), everything, "neither the row nor the log");
    let token = world.create(&act(), &token_of(Protected::Nothing, "Ada"));
    let after = world.update(&act(), &before.locator, Some(&token), "Ada").unwrap();
    assert_eq!((after.generation, after.updated_at), (2, at(5_000)), "its use is something");
    assert!(!is_live(&world, &token));
    assert_eq!(world.update(&act(), &before.locator, None, "Grace").unwrap().generation, 3);
}

#[test]
fn a_partial_token_keeps_the_number_and_is_used_up() {
    let (world, before) = stored(pan(VISA));
    let mut partial = token_of(Protected::Nothing, "Grace");
    partial.details.expiry = Some(Expiry::new(2033, 7).unwrap());
    let token = world.create(&act(), &partial);
    world.clock.raise_to(at(7));
    let act = act();
    let decide = |view: &InstrumentView, token: Option<&Details>| {
        let expiry = token.unwrap().expiry;
        assert_eq!(expiry, Expiry::new(2033, 7).ok(), "the token's details are there to decide on");
        let old = serde_json::to_value(&view.details.details).unwrap();
        let details = serde_json::from_value::<Details>(json!({ "contact": old["contact"] })).unwrap();
        Ok::<_, UpdateError<()>>(Change { details: Details { expiry, ..details }, own: None })
    };
    let update = world
        .vault
        .update_instrument(&act, &before.locator, Some(&token), &decide, |after| Seen::from(after));
    let after = run(update).unwrap();
    assert_eq!((after.generation, after.fingerprint, after.last4.as_str()), (2, before.fingerprint, "1111"));
    assert_eq!(after.details["details"]["expiry"], json!([2033, 7]));
    assert_eq!(after.details["details"]["contact"]["firstName"], "Ada");
    assert_eq!(world.pan(&before.locator), VISA);
    assert_eq!(world.stage(&token), Some(TokenStage::Used { at: at(7) }));
    assert_eq!(world.update(&act, &before.locator, Some(&token), "Edith"), Err(UpdateError::NotUsable));
    assert!(world.redeem(&token).is_err());
    assert_eq!(world.instrument_row(&before.locator).generation.get(), 2);
}

#[test]
fn a_full_token_takes_the_old_cards_place() {
    let (world, before) = stored(pan(VISA));
    let token = world.create(&act(), &card(MASTERCARD, Some("123"), "Grace"));
    let after = world.update(&act(), &before.locator, Some(&token), "Grace").unwrap();
    assert_eq!((after.locator, after.generation, after.last4.as_str()), (before.locator, 2, "4444"));
    assert_ne!(after.fingerprint, before.fingerprint);
    assert_eq!(world.pan(&before.locator), MASTERCARD);
    assert!(!is_live(&world, &token));
    let view = run(world.vault.read_instrument(tenant(1), &before.locator)).unwrap().unwrap();
    assert_eq!(Seen::from(&view), after);

    let (old_card, updated) = world.keep(&act(), &instrument_of(pan(VISA), "Ada"), "customer").unwrap();
    assert!(!updated && old_card.locator != before.locator, "the old card is free again");
    assert_eq!(old_card.fingerprint, before.fingerprint);
    let (new_card, updated) = world.keep(&act(), &instrument_of(pan(MASTERCARD), "Ada"), "customer").unwrap();
    assert!(updated && new_card.locator == before.locator, "the new card matches this instrument");
    assert_eq!(
        world.walk(&act(), coffer_core::Walk { customers: &["customer"], ..Default::default() }).len(),
        2
    );
}

#[test]
fn the_number_that_it_has_already_is_no_other() {
    let (world, before) = stored(pan(VISA));
    let token = world.create(&act(), &card(VISA, None, "Grace"));
    let after = world.update(&act(), &before.locator, Some(&token), "Grace").unwrap();
    assert_eq!((after.generation, after.fingerprint), (2, before.fingerprint));
    let (_, updated) = world.keep(&act(), &instrument_of(pan(VISA), "Ada"), "customer").unwrap();
    assert!(updated);
}

#[test]
fn a_card_that_the_customer_has_already_is_taken() {
    let (world, visa) = stored(pan(VISA));
    let (mastercard, _) = world.keep(&act(), &instrument_of(pan(MASTERCARD), "Ada"), "customer").unwrap();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let before = world.everything();
    assert_eq!(world.update(&act(), &visa.locator, Some(&token), "Grace"), Err(UpdateError::Taken));
    assert_eq!(world.everything(), before);
    assert!(is_live(&world, &token));
    // Another customer's is no obstacle, nor is one that was deactivated.
    let (theirs, _) = world.keep(&act(), &instrument_of(pan(VISA), "Ada"), "somebody else").unwrap();
    world.update(&act(), &theirs.locator, Some(&token), "Grace").unwrap();
    world.deactivate(&act(), &mastercard.locator).unwrap();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    assert_eq!(world.update(&act(), &visa.locator, Some(&token), "Grace").unwrap().last4, "4444");
}

#[test]
fn an_instrument_never_changes_its_kind() {
    type Make = fn() -> Protected;
    let kinds: [(&str, Make); 4] = [
        ("card", || pan(VISA)),
        ("account", || account("000123456789", ROUTING)),
        ("other", || other(Some("payer"), "{\"secret\":1}")),
        ("nothing", || Protected::Nothing),
    ];
    for (held, make_held) in &kinds[..3] {
        for (fresh, make_fresh) in &kinds {
            let (world, seen) = stored(make_held());
            let token = world.create(&act(), &token_of(make_fresh(), "Grace"));
            let before = world.everything();
            let result = world.update(&act(), &seen.locator, Some(&token), "Grace");
            if held == fresh || (*held, *fresh) == ("card", "nothing") {
                assert_eq!(result.unwrap().generation, 2, "{fresh} into {held}");
            } else {
                assert_eq!(result, Err(UpdateError::OtherKind), "{fresh} into {held}");
                assert_eq!(world.everything(), before);
                assert!(is_live(&world, &token));
            }
        }
    }
}

#[test]
fn another_method_gains_and_loses_its_identity() {
    let (world, seen) = stored(other(None, "{}"));
    let with = world.create(&act(), &token_of(other(Some("payer"), "{}"), "Ada"));
    assert!(world.update(&act(), &seen.locator, Some(&with), "Ada").unwrap().fingerprint.is_some());
    let same = || world.keep(&act(), &instrument_of(other(Some("payer"), "{}"), "Ada"), "customer").unwrap();
    assert_eq!(same().0.locator, seen.locator, "now it is matched");
    let without = world.create(&act(), &token_of(other(None, "{}"), "Ada"));
    assert_eq!(world.update(&act(), &seen.locator, Some(&without), "Ada").unwrap().fingerprint, None);
    assert_ne!(same().0.locator, seen.locator, "now it is not");
    let walk = coffer_core::Walk { customers: &["customer"], ..Default::default() };
    assert_eq!(world.walk(&act(), walk).len(), 2, "and it is still among its customer's");
}

#[test]
fn tokens_that_cannot_be_used_get_one_answer() {
    let (world, seen) = stored(pan(VISA));
    let expired = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    world.clock.raise_to(at(LIFE));
    let used = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    world.redeem(&used).unwrap();
    let foreign = world.create(&act_of_two(), &card(MASTERCARD, None, "Grace"));
    let mut forged = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    forged.0[9] ^= 2;
    let before = world.everything();
    for token in [&expired, &used, &foreign, &forged, &seen.locator] {
        let result = world.update(&act(), &seen.locator, Some(token), "Grace");
        assert_eq!(result, Err(UpdateError::NotUsable));
    }
    assert_eq!(world.everything(), before);
}

#[test]
fn the_callers_reason_is_passed_on_and_uses_nothing_up() {
    #[derive(Debug, PartialEq)]
    struct TooOld(u32);
    let (world, seen) = stored(pan(VISA));
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let before = world.everything();
    let act = act();
    let decide = |view: &InstrumentView, _: Option<&Details>| Err(TooOld(view.generation.get()));
    for token in [None, Some(&token)] {
        let update = world.vault.update_instrument(&act, &seen.locator, token, &decide, |_| ());
        assert_eq!(run(update), Err(UpdateError::Rejected(TooOld(1))));
    }
    assert_eq!(world.everything(), before);
    assert!(is_live(&world, &token));
}

#[test]
fn an_instrument_that_is_none_of_the_tenants_is_unknown() {
    let (world, seen) = stored(pan(VISA));
    let token = world.create(&act(), &card(VISA, None, "Grace"));
    let foreign = world.create(&act_of_two(), &card(VISA, None, "Grace"));
    let mut forged = seen.locator;
    forged.0[3] ^= 1;
    let before = world.everything();
    for (act, id) in [(act_of_two(), &seen.locator), (act(), &forged), (act(), &token)] {
        assert_eq!(world.update(&act, id, None, "Grace"), Err(UpdateError::Unknown));
        assert_eq!(world.deactivate(&act, id), Err(UpdateError::Unknown));
    }
    assert_eq!(
        world.update(&act_of_two(), &seen.locator, Some(&foreign), "Grace"),
        Err(UpdateError::Unknown),
        "whatever token comes along"
    );
    assert_eq!(world.everything(), before);
}

#[test]
fn a_store_that_fails_uses_nothing_up() {
    for (error, refused) in
        [(StoreError::Full, Refused::Busy), (StoreError::Unavailable, Refused::Unavailable)]
    {
        let (world, seen) = stored(pan(VISA));
        let token = world.create(&act(), &card(AMEX, None, "Grace"));
        let before = world.everything();
        let update = || world.update(&act(), &seen.locator, Some(&token), "Grace");
        world.store.answer(1, Err(error));
        assert_eq!(update(), Err(UpdateError::Refused(refused)), "at the commit");
        for read in ["token", "instrument"] {
            world.store.break_read(read, error);
            assert_eq!(update(), Err(UpdateError::Refused(refused)), "{read}");
        }
        world.store.break_read("holder", error);
        assert_eq!(update(), Err(UpdateError::Refused(refused)), "whether the card is taken is not known");
        world.store.heal();
        for draws in 0..2 {
            world.draws.leave(draws);
            assert_eq!(update(), Err(UpdateError::Refused(Refused::Unavailable)), "{draws} draws");
        }
        world.draws.leave(u64::MAX);
        assert_eq!(world.everything(), before);
        assert_eq!(update().unwrap().last4, "0005");
        assert_eq!(lines_of(&*world.model, "instrument.update").len(), 1);
    }
}
