//! Records whose data key was destroyed, as a backup of before brings them back: gone to whoever asks, and in nobody's
//! way. What does not open for another reason is loud.

use std::sync::Arc;

use coffer_core::{
    Asked, CustomerPut, DefaultInstrument, ExchangeError, ForwardOpened, ForwardSource, Hurry, Level,
    PutCustomer, RedeemError, ReferencedError, Refused, RevealError, Side, StartError, Vault, Walk, Who,
    mark_restored,
    store::{KeyRow, Order, Store},
};
use coffer_crypto::{KeyPurpose, KeyState, LocatorBytes, WrappedKey};
use coffer_types::limits;

use crate::support::{
    AMEX, Became, Before, Draws, MASTERCARD, POLICY, Seen, Setup, VISA, World, act, asked, card, exchange,
    fill, instrument_of, keep, offer, offer_in, pan, protected, refer, request, run, tenant, tokenizing,
};

fn is_first_data_key(row: &KeyRow) -> bool {
    let purposes = [KeyPurpose::DataDurable.code(), KeyPurpose::DataShortLived.code()];
    row.version == 1 && purposes.contains(&row.purpose)
}

/// The vault of a world whose first data keys were destroyed: everything of before is noise.
fn erased(world: &World) -> Vault {
    reopened(world, |rows| {
        for row in rows.iter_mut().filter(|row| is_first_data_key(row)) {
            (row.state, row.wrapped) = (KeyState::Destroyed, WrappedKey(Vec::new()));
        }
    })
}

fn reopened(world: &World, change: fn(&mut Vec<KeyRow>)) -> Vault {
    run(mark_restored(&*world.model, world.clock.now(), "test")).unwrap();
    changed(world, change).unwrap()
}

/// The same, and nobody says that the vault was put back.
fn changed(world: &World, change: fn(&mut Vec<KeyRow>)) -> Result<Vault, StartError> {
    run(world.vault.rotate_keys(&[Level::Data])).unwrap();
    world.store.on_keys(move |mut rows| {
        change(&mut rows);
        rows
    });
    let setup = Setup::over(Arc::clone(&world.store) as Arc<dyn Store>);
    Setup { draws: Draws::seeded(77), clock: Arc::clone(&world.clock), ..setup }.open()
}

fn token(vault: &Vault, pan: &str) -> LocatorBytes {
    run(vault.create(&act(), &card(pan, None, "Ada"), |created| created.locator)).unwrap()
}

fn put(vault: &Vault, id: &str) -> bool {
    let name = |_: &LocatorBytes| String::new();
    let put = PutCustomer {
        id: Some(id),
        name: &name,
        contact: Who::Said(None),
        own: None,
        default: DefaultInstrument::None,
    };
    run(vault.put_customer(&act(), &put, |put: &CustomerPut, _| put.created)).unwrap()
}

fn listed(vault: &Vault) -> Vec<Seen> {
    let mut page = vault.list_instruments(tenant(1), 0, 100, Order::NewestFirst);
    let mut all = Vec::new();
    while let Some(views) = run(page.next()).unwrap() {
        all.extend(views.iter().map(Seen::from));
    }
    all
}

/// Everything that a caller may ask of what was made before.
fn is_gone(vault: &Vault, before: &Before) {
    let (_, number) = vault.locate_token(&before.token).unwrap();
    assert_eq!(run(vault.redeem(&act(), number, |_| ())), Err(RedeemError::NotUsable));
    assert_eq!(exchange(vault, &act(), &before.token, "x").unwrap_err(), ExchangeError::NotUsable);
    assert!(run(vault.read_token(tenant(1), &before.token)).unwrap().is_none());
    let (owner, number) = vault.locate_instrument(&before.seen.locator).unwrap();
    assert!(run(vault.read_instrument(owner, &before.seen.locator)).unwrap().is_none());
    assert!(run(vault.numbered_instrument(owner, number)).unwrap().is_none());
    assert_eq!(run(vault.reveal(&act(), number, "test")).unwrap_err(), RevealError::Unknown);
    let deactivated = run(vault.deactivate_instrument(&act(), &before.seen.locator, |_| ()));
    assert!(matches!(deactivated, Err(coffer_core::UpdateError::Unknown)));
    assert!(run(vault.read_reusable(tenant(1), before.reusable)).unwrap().is_none());
    let deleted = run(vault.delete_reusable(&act(), before.reusable));
    assert_eq!(deleted, Err(coffer_core::ReusableError::Unknown));
    let revealed = run(vault.reveal_referenced(&act(), &before.digits, "test"));
    assert_eq!(revealed.unwrap_err(), ReferencedError::Unknown);
    let Asked::New(attempt) = run(asked(vault, tenant(1), request("fresh"))).unwrap() else {
        panic!("not new")
    };
    for (source, expected) in [
        (ForwardSource::Digits(&before.digits), ReferencedError::Unknown),
        (ForwardSource::Token(&before.token), ReferencedError::NotUsable),
    ] {
        let check = |_: &ForwardOpened| Ok::<(), ReferencedError>(());
        assert_eq!(run(vault.begin_forward(&act(), &attempt, source, check)).unwrap_err(), expected);
    }
}

fn lists_are_empty(vault: &Vault) {
    assert_eq!(listed(vault), []);
    for glance in [false, true] {
        for customers in [&[][..], &["customer"]] {
            let mut visitor = crate::support::Visitor::default();
            run(vault.walk_instruments(
                tenant(1),
                Walk { customers, glance, ..Walk::default() },
                &mut visitor,
            ))
            .unwrap();
            assert_eq!(visitor.seen, []);
        }
    }
    let mut tokens = vault.list_tokens(tenant(1), 0, 100);
    while let Some(views) = run(tokens.next()).unwrap() {
        assert!(views.is_empty());
    }
    let page = run(vault.list_referenced(tenant(1), "group", Side::Beginning, 10, |_| true)).unwrap();
    assert!(page.items.is_empty() && page.more.is_none());
    assert!(run(vault.read_namespace(tenant(1), "shop")).unwrap().is_empty());
}

#[test]
fn what_is_erased_is_gone_to_whoever_asks() {
    let world = World::new();
    let before = fill(&world);
    let vault = erased(&world);
    is_gone(&vault, &before);
    lists_are_empty(&vault);
    assert!(run(vault.find_instrument(tenant(1), "customer", &protected(VISA))).unwrap().is_none());
    assert!(run(vault.find_reusable(tenant(1), Some("shop"), &protected(MASTERCARD))).unwrap().is_none());
}

/// A card that comes again is new, once: whatever the noise of before was found by leads to it from then on.
#[test]
fn what_comes_again_is_new_and_then_found() {
    let world = World::new();
    put(&world.vault, "of before");
    let before = fill(&world);
    let vault = erased(&world);
    let (first, was_there) = exchange(&vault, &act(), &token(&vault, VISA), "customer").unwrap();
    assert!(!was_there && first.locator != before.seen.locator);
    let (second, was_there) = exchange(&vault, &act(), &token(&vault, VISA), "customer").unwrap();
    assert!(was_there && second.locator == first.locator);
    assert_eq!(listed(&vault).len(), 1);
    for offer in [offer_in("shop", MASTERCARD), offer(VISA)] {
        let made = run(tokenizing(&vault, &act(), offer.clone())).unwrap().created();
        assert!(!before.named.contains(&made.names[0]));
        match run(tokenizing(&vault, &act(), offer)).unwrap() {
            Became::Matched(seen) => assert_eq!(seen.names, made.names),
            other => panic!("{other:?}"),
        }
    }
    assert!(run(vault.read_customer(tenant(1), "of before")).unwrap().is_none());
    assert_eq!([(); 2].map(|()| put(&vault, "of before")), [true, false]);
    // Names of referenced tokens are nobody's for ever, as of those that were deleted.
    let again = run(refer(&vault, &act(), ("group", "ref"), &instrument_of(protected(VISA), "Ada")));
    assert_eq!(again.unwrap_err(), ReferencedError::Taken);
    is_gone(&vault, &before);
}

/// Another number that an instrument gets may have been one's that is erased.
#[test]
fn an_update_takes_what_an_erased_instrument_had() {
    let world = World::new();
    let held = world.create(&act(), &card(AMEX, None, "Ada"));
    world.exchange(&act(), &held, "customer").unwrap();
    let vault = erased(&world);
    let (mine, _) = exchange(&vault, &act(), &token(&vault, VISA), "customer").unwrap();
    let decide = |view: &coffer_core::InstrumentView, _: Option<&coffer_core::Details>| {
        let json = serde_json::to_value(&view.details.details).unwrap();
        Ok::<_, ()>(coffer_core::Change { details: serde_json::from_value(json).unwrap(), own: None })
    };
    let fresh = token(&vault, AMEX);
    let updated = run(vault.update_instrument(&act(), &mine.locator, Some(&fresh), &decide, |_| ()));
    assert!(updated.is_ok(), "{updated:?}");
    let (found, was_there) = exchange(&vault, &act(), &token(&vault, AMEX), "customer").unwrap();
    assert!(was_there && found.locator == mine.locator);
}

/// Places of a namespace that are noise are free to whoever needs one.
#[test]
fn a_namespace_full_of_noise_has_room() {
    let world = World::new();
    let full = u32::from(limits::NAMESPACE_TOKENS);
    for index in 0..full {
        world.reusable(&offer_in("shop", &pan(index)));
    }
    let vault = erased(&world);
    for index in full..2 * full {
        run(tokenizing(&vault, &act(), offer_in("shop", &pan(index)))).unwrap().created();
    }
    assert_eq!(run(vault.read_namespace(tenant(1), "shop")).unwrap().len(), usize::try_from(full).unwrap());
    let refused = run(tokenizing(&vault, &act(), offer_in("shop", &pan(3 * full)))).unwrap_err();
    assert_eq!(
        refused,
        coffer_core::TokenizeError::NamespaceFull,
        "of what lives there is no more room than before"
    );
    // A card of before is free of its place, and still found by nothing else.
    let refused = run(tokenizing(&vault, &act(), offer_in("shop", &pan(0)))).unwrap_err();
    assert_eq!(refused, coffer_core::TokenizeError::NamespaceFull);
}

/// What was answered is not known any more: an act is not done a second time.
#[test]
fn the_key_of_an_erased_answer_is_used() {
    let world = World::new();
    world.create_once(request("key"), &card(VISA, None, "Ada"));
    let vault = erased(&world);
    assert!(matches!(run(asked(&vault, tenant(1), request("key"))), Ok(Asked::Different)));
}

/// The next keys change, and are destroyed, past the noise.
#[test]
fn noise_holds_up_no_renewal() {
    let world = World::new();
    fill(&world);
    let vault = erased(&world);
    let (kept, _) = exchange(&vault, &act(), &token(&vault, VISA), "other").unwrap();
    run(vault.rotate_keys(&[Level::Data, Level::Fingerprint])).unwrap();
    keep(&vault, &POLICY, Hurry::DestroyNow);
    let status = run(vault.key_status(&POLICY)).unwrap();
    assert!(!status.renewing, "{:?}", status.walk);
    let of = |version| {
        let mut keys = status.keys.iter();
        let key =
            keys.find(|key| (key.purpose, key.version, key.tenant) == ("data, durable", version, Some(1)));
        key.unwrap().state
    };
    assert_eq!((of(2), of(3)), ("destroyed", "active"));
    assert!(run(vault.read_instrument(tenant(1), &kept.locator)).unwrap().is_some());
}

/// A key that is not there at all is no destroyed one: nothing opens before it is put back.
#[test]
fn a_key_that_is_not_there_is_no_destroyed_one() {
    let world = World::new();
    fill(&world);
    let opened = changed(&world, |rows| rows.retain(|row| !is_first_data_key(row)));
    assert!(matches!(opened.err(), Some(StartError::MissingKey { version: 1, .. })));
}

/// Nor is one that is called destroyed in a vault that was never put back: no rotation does that while a record needs
/// it.
#[test]
fn what_is_called_destroyed_without_a_restore_is_loud() {
    let world = World::new();
    let before = fill(&world);
    let vault = changed(&world, |rows| {
        for row in rows.iter_mut().filter(|row| is_first_data_key(row)) {
            (row.state, row.wrapped) = (KeyState::Destroyed, WrappedKey(Vec::new()));
        }
    });
    let vault = vault.unwrap();
    refuses(&vault, &before);
    let tokenized = run(tokenizing(&vault, &act(), offer(VISA)));
    assert!(matches!(tokenized, Err(coffer_core::TokenizeError::Refused(_))));
}

/// Nor does a record that does not open under a key that lives.
#[test]
fn a_record_that_does_not_open_under_a_living_key_is_no_erased_one() {
    let world = World::new();
    let before = fill(&world);
    let bend = |salt: &coffer_crypto::Salt| {
        let mut bytes = *salt.as_bytes();
        bytes[0] ^= 1;
        coffer_crypto::Salt::from_bytes(bytes)
    };
    world.store.on_token(move |row| coffer_core::store::TokenRow { salt: bend(&row.salt), ..row });
    world.store.on_instrument(move |row| coffer_core::store::InstrumentRow { salt: bend(&row.salt), ..row });
    world.store.on_reusable(move |row| coffer_core::store::ReusableRow { salt: bend(&row.salt), ..row });
    refuses(&world.vault, &before);
}

fn refuses(vault: &Vault, before: &Before) {
    let unavailable = Refused::Unavailable;
    let (_, number) = vault.locate_token(&before.token).unwrap();
    assert_eq!(run(vault.redeem(&act(), number, |_| ())), Err(RedeemError::Refused(unavailable)));
    let (_, number) = vault.locate_instrument(&before.seen.locator).unwrap();
    assert_eq!(run(vault.reveal(&act(), number, "test")).unwrap_err(), RevealError::Refused(unavailable));
    let read = run(vault.read_reusable(tenant(1), before.reusable));
    assert_eq!(read.map(|_| ()), Err(unavailable));
    let revealed = run(vault.reveal_referenced(&act(), &before.digits, "test"));
    assert_eq!(revealed.unwrap_err(), ReferencedError::Refused(unavailable));
}
