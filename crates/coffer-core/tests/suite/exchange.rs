//! Exchange: one instrument for one card of one customer of one tenant.

use coffer_core::{ExchangeError, Refused, lifecycle::TokenStage, store::StoreError};
use serde_json::json;

use crate::support::{
    LIFE, MASTERCARD, Seen, VISA, World, act, act_of_two, at, card, clear, details_of, run, tenant,
};

/// Makes a token and exchanges it at once.
fn stored(world: &World, act: &coffer_core::Act, pan: &str, name: &str, customer: &str) -> (Seen, bool) {
    let token = world.create(act, &card(pan, Some("123"), name));
    world.exchange(act, &token, customer).unwrap()
}

fn instrument_details(name: &str, customer: &str) -> serde_json::Value {
    json!({ "customer": customer, "details": details_of(name) })
}

#[test]
fn a_token_becomes_an_instrument() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    world.clock.raise_to(at(9));
    let (seen, updated) = world.exchange(&act(), &token, "customer").unwrap();
    assert!(!updated);
    assert_eq!((seen.generation, seen.created_at, seen.updated_at), (1, at(9), at(9)));
    assert_eq!((seen.last4.as_str(), &seen.details), ("1111", &instrument_details("Ada", "customer")));
    let view = run(world.vault.read_instrument(tenant(1), &seen.locator)).unwrap().unwrap();
    assert_eq!(Seen::from(&view), seen, "what was answered is what is stored");
    let extra = view.details.details.extra.unwrap();
    assert_eq!(extra.get(), r#"{"riskOf":"Ada","score":1.50}"#, "the dialect's JSON, to the letter");
    assert_eq!(world.stage(&token), Some(TokenStage::Used { at: at(9) }));
    assert_eq!(world.exchange(&act(), &token, "customer"), Err(ExchangeError::NotUsable));
    assert!(world.redeem(&token).is_err(), "an exchanged token cannot be redeemed either");
}

#[test]
fn the_same_card_of_the_same_customer_is_updated() {
    let world = World::new();
    let (first, _) = stored(&world, &act(), VISA, "Ada", "customer");
    world.clock.raise_to(at(60_000));
    let mut new = card(VISA, None, "Grace");
    new.details.expiry = Some(coffer_types::Expiry::new(2031, 12).unwrap());
    let token = world.create(&act(), &new);
    let (second, updated) = world.exchange(&act(), &token, "customer").unwrap();
    assert!(updated);
    assert_eq!(second.locator, first.locator, "the number is kept");
    assert_eq!((second.generation, second.created_at, second.updated_at), (2, at(0), at(60_000)));
    assert_eq!(second.fingerprint, first.fingerprint);
    let mut details = instrument_details("Grace", "customer");
    details["details"]["expiry"] = json!([2031, 12]);
    assert_eq!(second.details, details, "expiry and contact are the new token's");
    let view = run(world.vault.read_instrument(tenant(1), &first.locator)).unwrap().unwrap();
    assert_eq!(Seen::from(&view), second);
    let number = world.vault.locate_instrument(&first.locator).unwrap().1;
    let revealed = run(world.vault.reveal(&act(), number, "chargeback")).unwrap();
    assert_eq!(clear(&revealed.clear).0, VISA);
}

#[test]
fn another_customer_or_card_is_another_instrument() {
    let world = World::new();
    let (first, _) = stored(&world, &act(), VISA, "Ada", "customer");
    let (other_customer, updated) = stored(&world, &act(), VISA, "Ada", "Customer");
    assert!(!updated && other_customer.locator != first.locator);
    assert_eq!(other_customer.fingerprint, first.fingerprint, "one card within one tenant");
    let (other_card, updated) = stored(&world, &act(), MASTERCARD, "Ada", "customer");
    assert!(!updated && other_card.locator != first.locator);
    assert_ne!(other_card.fingerprint, first.fingerprint);
}

#[test]
fn customer_and_number_do_not_run_into_each_other() {
    let world = World::new();
    let (_, updated) = stored(&world, &act(), VISA, "Ada", "");
    assert!(!updated);
    let (_, updated) = stored(&world, &act(), VISA, "Ada", VISA);
    assert!(!updated);
    let (_, updated) = stored(&world, &act(), VISA, "Ada", "");
    assert!(updated, "the empty reference is one too");
}

#[test]
fn tenants_never_match_each_other() {
    let world = World::new();
    let (first, _) = stored(&world, &act(), VISA, "Ada", "customer");
    let (second, updated) = stored(&world, &act_of_two(), VISA, "Ada", "customer");
    assert!(!updated);
    assert_ne!(second.locator, first.locator);
    assert_ne!(second.fingerprint, first.fingerprint);
    assert!(run(world.vault.read_instrument(tenant(2), &first.locator)).unwrap().is_none());
    assert!(run(world.vault.read_instrument(tenant(1), &second.locator)).unwrap().is_none());
    let (_, updated) = stored(&world, &act_of_two(), VISA, "Ada", "customer");
    assert!(updated, "each tenant finds its own");
    assert_eq!(world.instrument_row(&first.locator).generation.get(), 1);
}

#[test]
fn what_cannot_be_used_is_answered_alike_and_used_up_never() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let (instrument, _) = stored(&world, &act(), MASTERCARD, "Ada", "customer");
    let before = (world.token_row(&token), world.lines());
    let mut forged = token;
    forged.0[5] ^= 0x40;
    world.store.break_read("token", StoreError::Unavailable); // None of them gets as far as the store.
    for (act, token) in [(act(), &forged), (act_of_two(), &token), (act(), &instrument.locator)] {
        assert_eq!(world.exchange(&act, token, "customer"), Err(ExchangeError::NotUsable));
    }
    world.store.break_read("instrument", StoreError::Unavailable);
    for (tenant, id) in [(tenant(1), &forged), (tenant(2), &instrument.locator), (tenant(1), &token)] {
        assert!(run(world.vault.read_instrument(tenant, id)).is_ok_and(|view| view.is_none()));
    }
    world.store.heal();
    assert_eq!((world.token_row(&token), world.lines()), before);
    world.clock.raise_to(at(LIFE - 1));
    let (_, updated) = world.exchange(&act(), &token, "customer").unwrap();
    assert!(!updated);
    let late = world.create(&act(), &card(VISA, None, "Ada"));
    world.clock.raise_to(at(LIFE - 1 + LIFE));
    assert_eq!(world.exchange(&act(), &late, "customer"), Err(ExchangeError::NotUsable));
}

#[test]
fn a_store_that_fails_uses_nothing_up() {
    for (error, refused) in
        [(StoreError::Full, Refused::Busy), (StoreError::Unavailable, Refused::Unavailable)]
    {
        let world = World::new();
        stored(&world, &act(), VISA, "Ada", "customer");
        let token = world.create(&act(), &card(VISA, None, "Grace"));
        let before = (world.token_row(&token), world.lines());
        let exchange = || world.exchange(&act(), &token, "customer");
        world.store.answer(1, Err(error));
        assert_eq!(exchange(), Err(ExchangeError::Refused(refused)), "at the commit");
        for read in ["token", "holder", "instrument"] {
            world.store.break_read(read, error);
            assert_eq!(exchange(), Err(ExchangeError::Refused(refused)), "{read}");
        }
        world.store.heal();
        for draws in 0..2 {
            world.draws.leave(draws);
            assert_eq!(exchange(), Err(ExchangeError::Refused(Refused::Unavailable)), "{draws} draws");
        }
        world.draws.leave(u64::MAX);
        assert_eq!((world.token_row(&token), world.lines()), before);
        assert!(exchange().unwrap().1);
    }
}
