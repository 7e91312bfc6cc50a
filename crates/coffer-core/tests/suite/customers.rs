//! Customers: who they are, and the instrument that is used when none is named, all in one unit.

use std::sync::{Arc, Mutex};

use coffer_core::{
    Act, CustomerError, CustomerPut, DefaultInstrument, ExchangeError, Protected, PutCustomer, Refused,
    Vault, Who,
    lifecycle::TokenStage,
    store::{Lost, Outcome, Position, Store, StoreError},
};
use coffer_crypto::{LocatorBytes, forms};
use coffer_types::{Pan, Timestamp, limits};
use serde_json::{Value, json, value::RawValue};

use crate::support::{
    MASTERCARD, Step, VISA, World, act, act_of_two, at, card, contact, counted, instrument_of, lines_of,
    no_own, run, tenant, token_of,
};

/// A customer as a caller sees them.
#[derive(Clone, Debug, PartialEq)]
struct SeenCustomer {
    generation: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
    details: Value,
    default: Option<LocatorBytes>,
}

impl From<&coffer_core::CustomerView> for SeenCustomer {
    fn from(view: &coffer_core::CustomerView) -> Self {
        Self {
            generation: view.generation.get(),
            created_at: view.created_at,
            updated_at: view.updated_at,
            details: serde_json::to_value(&view.details).unwrap(),
            default: view.default.as_ref().map(|default| default.locator),
        }
    }
}

type Put = (SeenCustomer, bool, Option<LocatorBytes>);

fn printed(locator: &LocatorBytes) -> String {
    format!("cus_{}", forms::upper(locator))
}

fn who(name: &str) -> Who {
    Who::Said(Some(contact(name)))
}

fn put_by(
    vault: &Vault,
    act: &Act,
    id: Option<&str>,
    contact: Who,
    default: DefaultInstrument<'_>,
) -> Result<Put, CustomerError> {
    let put = PutCustomer { id, name: &printed, contact, own: None, default };
    run(vault.put_customer(act, &put, |put: &CustomerPut, kept| {
        let kept = kept.map(|kept| kept.instrument.locator);
        (SeenCustomer::from(&put.customer), put.created, kept)
    }))
}

fn put(
    world: &World,
    id: Option<&str>,
    name: &str,
    default: DefaultInstrument<'_>,
) -> Result<Put, CustomerError> {
    put_by(&world.vault, &act(), id, who(name), default)
}

fn read(world: &World, number: u32, id: &str) -> Option<SeenCustomer> {
    run(world.vault.read_customer(tenant(number), id)).unwrap().map(|view| SeenCustomer::from(&view))
}

fn token(token: &LocatorBytes) -> DefaultInstrument<'_> {
    DefaultInstrument::Token { token, own: &no_own }
}

/// An instrument of a customer of tenant 1.
fn instrument(world: &World, digits: &str, customer: &str) -> LocatorBytes {
    let protected = Protected::Card(Pan::parse(digits).unwrap());
    world.keep(&act(), &instrument_of(protected, "Ada"), customer).unwrap().0.locator
}

#[test]
fn a_new_customer_gets_an_id_that_reads_back() {
    let world = World::new();
    world.clock.raise_to(at(4));
    let ids = [(); 2].map(|()| {
        let (seen, created, kept) = put(&world, None, "Ada", DefaultInstrument::AsItWas).unwrap();
        assert!(created && kept.is_none());
        assert_eq!(
            (seen.generation, seen.created_at, seen.updated_at, seen.default),
            (1, at(4), at(4), None)
        );
        let id = seen.details["id"].as_str().unwrap().to_owned();
        assert_eq!(seen.details, json!({ "id": id, "contact": contact("Ada") }));
        assert_eq!(read(&world, 1, &id), Some(seen));
        id
    });
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.starts_with("cus_") && id.len() <= 50));
}

#[test]
fn a_given_id_is_created_once_and_updated_then() {
    let world = World::new();
    assert_eq!(read(&world, 1, "one"), None);
    let (first, created, _) = put(&world, Some("one"), "Ada", DefaultInstrument::None).unwrap();
    assert!(created);
    world.clock.raise_to(at(9));
    let own = RawValue::from_string("{\"a\":1.50}".to_owned()).unwrap();
    let again = PutCustomer {
        id: Some("one"),
        name: &printed,
        contact: Who::Said(None),
        own: Some(&own),
        default: DefaultInstrument::AsItWas,
    };
    let render = |put: &CustomerPut, _: Option<&_>| (SeenCustomer::from(&put.customer), put.created);
    let (second, created) = run(world.vault.put_customer(&act(), &again, render)).unwrap();
    assert!(!created);
    assert_eq!((second.generation, second.created_at, second.updated_at), (2, first.created_at, at(9)));
    assert_eq!(second.details, json!({ "id": "one", "own": { "a": 1.50 } }), "what was not said is gone");
    assert_eq!(read(&world, 1, "one"), Some(second));
    assert_eq!(read(&world, 1, "One"), None, "an id is what it is to the letter");
    let told: Vec<Value> = world.lines().iter().map(|line| line["action"].clone()).collect();
    assert_eq!(told[told.len() - 2..], ["customer.create", "customer.update"]);
}

#[test]
fn a_token_becomes_the_default_instrument_in_one_unit() {
    let world = World::new();
    let one = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let before = world.model.gauges().units;
    let (seen, created, kept) = put_by(&world.vault, &act(), Some("one"), Who::OfToken, token(&one)).unwrap();
    assert_eq!(world.model.gauges().units, before + 1, "token, instrument and customer");
    let kept = kept.unwrap();
    assert!(created);
    assert_eq!(seen.details["contact"], json!(contact("Ada")), "the token's");
    assert_eq!(seen.details["default"], world.instrument_number(&kept).get());
    assert!(matches!(world.stage(&one), Some(TokenStage::Used { .. })));
    assert_eq!(world.pan(&kept), VISA);
    let stored = read(&world, 1, "one").unwrap();
    assert_eq!(stored.default, Some(kept));
    assert_eq!(lines_of(&*world.model, "token.exchange").len(), 1);
    let customers: Vec<_> = world.walk(&act(), coffer_core::Walk::default());
    assert_eq!(customers[0].details["customer"], "one");

    let again = world.create(&act(), &card(VISA, None, "Grace"));
    let mut counting = PutCustomer {
        id: Some("one"),
        name: &printed,
        contact: who("Edith"),
        own: None,
        default: DefaultInstrument::Token { token: &again, own: &counted },
    };
    let render = |put: &CustomerPut, kept: Option<&coffer_core::Kept>| {
        let kept = kept.unwrap();
        let own = kept.instrument.details.own.as_ref().map(|own| own.get().to_owned());
        (put.created, kept.updated, kept.instrument.locator, own)
    };
    let result = run(world.vault.put_customer(&act(), &counting, render)).unwrap();
    assert_eq!(result, (false, true, kept, Some("1".to_owned())), "the same card is the same instrument");
    counting.id = None;
    let used = run(world.vault.put_customer(&act(), &counting, render));
    assert_eq!(used, Err(CustomerError::Token(ExchangeError::NotUsable)));
}

#[test]
fn a_new_customer_with_a_token_owns_the_instrument() {
    let world = World::new();
    let one = world.create(&act(), &card(VISA, None, "Ada"));
    let (seen, _, kept) = put_by(&world.vault, &act(), None, Who::OfToken, token(&one)).unwrap();
    let view = run(world.vault.read_instrument(tenant(1), &kept.unwrap())).unwrap().unwrap();
    assert_eq!(view.details.customer, seen.details["id"].as_str().unwrap());
}

#[test]
fn what_becomes_of_the_default() {
    let world = World::new();
    let [visa, mastercard] = [VISA, MASTERCARD].map(|digits| instrument(&world, digits, "one"));
    let mut steps = vec![
        (DefaultInstrument::AsItWas, None),
        (DefaultInstrument::Instrument(&visa), Some(visa)),
        (DefaultInstrument::AsItWas, Some(visa)),
        (DefaultInstrument::Instrument(&mastercard), Some(mastercard)),
        (DefaultInstrument::None, None),
        (DefaultInstrument::AsItWas, None),
    ];
    for (step, (default, expected)) in steps.drain(..).enumerate() {
        let (seen, _, kept) = put(&world, Some("one"), "Ada", default).unwrap();
        assert_eq!((seen.default, kept), (expected, None), "step {step}");
        assert_eq!(read(&world, 1, "one").unwrap().default, expected, "step {step}");
    }
}

#[test]
fn an_instrument_that_is_not_the_customers_or_not_in_use_is_refused() {
    let world = World::new();
    let [theirs, off] =
        [(VISA, "somebody else"), (VISA, "one")].map(|(pan, who)| instrument(&world, pan, who));
    world.deactivate(&act(), &off).unwrap();
    let protected = Protected::Card(Pan::parse(VISA).unwrap());
    let foreign = world.keep(&act_of_two(), &instrument_of(protected, "Ada"), "one").unwrap().0.locator;
    let live = world.create(&act(), &card(VISA, None, "Ada"));
    let before = world.everything();
    for id in [&theirs, &off, &foreign, &live] {
        let result = put(&world, Some("one"), "Ada", DefaultInstrument::Instrument(id));
        assert_eq!(result, Err(CustomerError::NoSuchInstrument));
    }
    assert_eq!(world.everything(), before);
}

#[test]
fn a_token_that_cannot_be_used_writes_no_customer() {
    let world = World::new();
    let used = world.create(&act(), &card(VISA, None, "Ada"));
    world.redeem(&used).unwrap();
    let foreign = world.create(&act_of_two(), &card(VISA, None, "Ada"));
    let partial = world.create(&act(), &token_of(Protected::Nothing, "Ada"));
    let before = world.everything();
    let cases = [
        (&used, ExchangeError::NotUsable),
        (&foreign, ExchangeError::NotUsable),
        (&partial, ExchangeError::Partial),
    ];
    for (one, error) in cases {
        let result = put(&world, Some("one"), "Ada", token(one));
        assert_eq!(result, Err(CustomerError::Token(error)));
    }
    assert_eq!(world.everything(), before);
    assert_eq!(world.stage(&partial), Some(TokenStage::Live));
}

#[test]
fn tenants_have_customers_of_their_own() {
    let world = World::new();
    put(&world, Some("one"), "Ada", DefaultInstrument::None).unwrap();
    assert_eq!(read(&world, 2, "one"), None);
    let (_, created, _) =
        put_by(&world.vault, &act_of_two(), Some("one"), who("Grace"), DefaultInstrument::None).unwrap();
    assert!(created, "one id, two customers");
    let names =
        [1, 2].map(|number| read(&world, number, "one").unwrap().details["contact"]["firstName"].clone());
    assert_eq!(names, ["Ada", "Grace"]);
}

/// Another node makes the same customer between our plan and our commit: theirs is created, ours updates it, and the
/// token is used by the attempt that won.
#[test]
fn two_first_puts_of_one_id_make_one_customer() {
    let world = World::new();
    let ours = world.create(&act(), &card(VISA, None, "Ada"));
    let (neighbour, first) = (world.neighbour(), Arc::new(Mutex::new(None)));
    let won = Arc::clone(&first);
    world.clock.raise_to(at(50));
    world.store.on_commit(move |_| {
        let mut won = won.lock().unwrap();
        if won.is_none() {
            let put = put_by(&neighbour, &act(), Some("one"), who("Grace"), DefaultInstrument::None);
            *won = Some(put.unwrap());
        }
        Step::Pass
    });
    let (seen, created, kept) = put(&world, Some("one"), "Ada", token(&ours)).unwrap();
    let (theirs, theirs_created, _) = first.lock().unwrap().take().unwrap();
    assert!(theirs_created && !created);
    assert_eq!((theirs.generation, seen.generation), (1, 2));
    assert_eq!(seen.details["contact"]["firstName"], "Ada");
    assert_eq!(read(&world, 1, "one").unwrap().default, kept);
    assert_eq!(world.walk(&act(), coffer_core::Walk::default()).len(), 1, "the lost attempt left nothing");
    assert_eq!(lines_of(&*world.model, "token.exchange").len(), 1);
}

#[test]
fn when_the_customer_loses_nothing_of_the_token_is_used() {
    let answers = [
        (1, Err(StoreError::Full), Refused::Busy),
        (1, Err(StoreError::Unavailable), Refused::Unavailable),
        (limits::PLAN_ATTEMPTS, Ok(Lost::Exists), Refused::Contended),
    ];
    for (count, answer, refused) in answers {
        let world = World::new();
        let one = world.create(&act(), &card(VISA, None, "Ada"));
        let before = world.everything();
        world.store.answer(count, answer.map(|lost| Outcome::Lost { lost, after: Position(1) }));
        assert_eq!(put(&world, Some("one"), "Ada", token(&one)), Err(CustomerError::Refused(refused)));
        world.store.heal();
        assert_eq!(world.everything(), before);
        assert_eq!(read(&world, 1, "one"), None);
        assert!(put(&world, Some("one"), "Ada", token(&one)).unwrap().1);
    }
}

#[test]
fn a_store_that_cannot_be_read_writes_nothing() {
    let world = World::new();
    let visa = instrument(&world, VISA, "one");
    put(&world, Some("one"), "Ada", DefaultInstrument::Instrument(&visa)).unwrap();
    let before = world.everything();
    for part in ["holder", "customer", "instrument"] {
        world.store.break_read(part, StoreError::Unavailable);
        let result = put(&world, Some("one"), "Ada", DefaultInstrument::AsItWas);
        assert_eq!(result, Err(CustomerError::Refused(Refused::Unavailable)), "{part}");
        let result = run(world.vault.read_customer(tenant(1), "one"));
        assert_eq!(result.err(), Some(Refused::Unavailable), "a store that is down is no unknown id: {part}");
    }
    world.store.heal();
    world.draws.leave(0);
    let result = put(&world, Some("one"), "Ada", DefaultInstrument::AsItWas);
    assert_eq!(result, Err(CustomerError::Refused(Refused::Unavailable)), "no randomness");
    world.draws.leave(u64::MAX);
    assert_eq!(world.everything(), before);
}

/// The default was looked at, and is taken out of use before the customer is written.
#[test]
fn an_instrument_that_is_deactivated_in_between_becomes_nobodys_default() {
    let world = World::new();
    let id = instrument(&world, VISA, "customer");
    let (neighbour, mut left) = (world.neighbour(), true);
    world.store.on_commit(move |_| {
        if std::mem::take(&mut left) {
            run(neighbour.deactivate_instrument(&act(), &id, |_| ())).unwrap();
        }
        Step::Pass
    });
    let default = DefaultInstrument::Instrument(&id);
    assert_eq!(put(&world, Some("customer"), "Ada", default), Err(CustomerError::NoSuchInstrument));
    assert_eq!(read(&world, 1, "customer"), None);
    assert!(lines_of(&*world.model, "customer.create").is_empty());
}

/// One that is only changed meanwhile does.
#[test]
fn an_instrument_that_is_updated_in_between_becomes_the_default() {
    let world = World::new();
    let id = instrument(&world, VISA, "customer");
    let (neighbour, mut left) = (world.neighbour(), true);
    world.store.on_commit(move |_| {
        if std::mem::take(&mut left) {
            let protected = Protected::Card(Pan::parse(VISA).unwrap());
            let keep = coffer_core::Keep { customer: "customer", own: &no_own };
            run(neighbour.keep(&act(), &instrument_of(protected, "Grace"), keep, |_| ())).unwrap();
        }
        Step::Pass
    });
    let default = DefaultInstrument::Instrument(&id);
    let (seen, created, _) = put(&world, Some("customer"), "Ada", default).unwrap();
    assert!(created && seen.default == Some(id));
    assert_eq!(read(&world, 1, "customer").unwrap().default, Some(id));
}
