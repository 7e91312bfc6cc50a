//! Acts of one customer that go on side by side: all plan on the same state, and end one after the other instead of in
//! errors.

use std::{future::Future, pin::Pin};

use coffer_core::{
    Change, CustomerError, DefaultInstrument, Details, ExchangeError, InstrumentView, Keep, KeepError,
    Protected, PutCustomer, UpdateError, Walk, Who,
};
use coffer_crypto::LocatorBytes;
use coffer_types::Pan;
use serde_json::value::RawValue;

use crate::support::{
    MASTERCARD, Seen, VISA, World, act, card, counted, details, instrument_of, kept, lines_of, no_own,
    together,
};

const MANY: usize = 64;

/// One act among others, and how it ended.
type Going<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

fn of_customer(world: &World) -> Vec<Seen> {
    world.walk(&act(), Walk { customers: &["customer"], ..Walk::default() })
}

#[test]
fn of_many_that_keep_one_card_one_makes_it_and_the_others_update_it() {
    let world = World::new();
    let act = act();
    let new = instrument_of(Protected::Card(Pan::parse(VISA).unwrap()), "Ada");
    let keep = Keep { customer: "customer", own: &counted };
    world.store.commit_late();
    let going = (0..MANY).map(|_| Box::pin(world.vault.keep(&act, &new, keep, kept)) as Going<'_, _>);
    let results: Vec<Result<(Seen, bool), KeepError>> = together(going.collect());
    let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(results.iter().filter(|(_, updated)| !updated).count(), 1);
    let mut generations: Vec<_> = results.iter().map(|(seen, _)| seen.generation).collect();
    generations.sort_unstable();
    assert!(generations.into_iter().eq(1..=64), "each is told of its own write");
    let stored = of_customer(&world);
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].generation, &stored[0].details["own"]), (64, &64.into()), "no update was lost");
}

#[test]
fn many_plain_updates_all_count() {
    let world = World::new();
    let act = act();
    let token = world.create(&act, &card(VISA, None, "Ada"));
    let id = world.exchange(&act, &token, "customer").unwrap().0.locator;
    let count_up = |view: &InstrumentView, _: Option<&Details>| {
        let before = view.details.own.as_ref().map_or(0, |own| own.get().parse::<u32>().unwrap());
        let own = RawValue::from_string((before + 1).to_string()).ok();
        Ok::<_, UpdateError<()>>(Change { details: details("Ada"), own })
    };
    world.store.commit_late();
    let update = || world.vault.update_instrument(&act, &id, None, &count_up, |_| ());
    let results = together((0..MANY).map(|_| Box::pin(update()) as Going<'_, _>).collect());
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(of_customer(&world)[0].details["own"], 64);
}

#[test]
fn of_many_that_deactivate_one_does() {
    let world = World::new();
    let act = act();
    let token = world.create(&act, &card(VISA, None, "Ada"));
    let id = world.exchange(&act, &token, "customer").unwrap().0.locator;
    world.store.commit_late();
    let off = || world.vault.deactivate_instrument(&act, &id, |_| ());
    let going = (0..MANY).map(|_| Box::pin(off()) as Going<'_, Result<(), UpdateError<_>>>);
    let results = together(going.collect());
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(UpdateError::Deactivated))));
    assert_eq!(lines_of(&*world.model, "instrument.deactivate").len(), 1);
}

#[test]
fn a_deactivation_among_many_updates_comes_to_its_turn() {
    let world = World::new();
    let act = act();
    let token = world.create(&act, &card(VISA, None, "Ada"));
    let id = world.exchange(&act, &token, "customer").unwrap().0.locator;
    let change = |view: &InstrumentView, _: Option<&Details>| {
        let own = RawValue::from_string(view.generation.get().to_string()).ok();
        Ok(Change { details: details("Ada"), own })
    };
    world.store.commit_late();
    let going = (0..MANY).map(|index| {
        if index == MANY / 2 {
            let off = world.vault.deactivate_instrument(&act, &id, |_| ());
            Box::pin(off) as Going<'_, Result<(), UpdateError<_>>>
        } else {
            Box::pin(world.vault.update_instrument(&act, &id, None, &change, |_| ()))
        }
    });
    assert_eq!(together(going.collect()).into_iter().find_map(Result::err), None);
    let stored = &of_customer(&world)[0];
    assert_eq!((stored.generation, &stored.details["deactivated"]), (65, &true.into()));
}

fn put<'a>(world: &'a World, token: &'a LocatorBytes) -> Going<'a, Result<(), CustomerError>> {
    Box::pin(async move {
        let put = PutCustomer {
            id: Some("customer"),
            name: &|_| unreachable!("the id is given"),
            contact: Who::OfToken,
            own: None,
            default: DefaultInstrument::Token { token, own: &no_own },
        };
        world.vault.put_customer(&act(), &put, |_, _| ()).await
    })
}

#[test]
fn exchanges_customers_and_updates_of_one_customer_end_one_after_the_other() {
    let world = World::new();
    let first = world.create(&act(), &card(MASTERCARD, None, "Ada"));
    let other = world.exchange(&act(), &first, "customer").unwrap().0.locator;
    let tokens: Vec<_> = (0..MANY).map(|_| world.create(&act(), &card(VISA, None, "Ada"))).collect();
    let act = act();
    let keep = Keep { customer: "customer", own: &no_own };
    let change = |_: &InstrumentView, _: Option<&Details>| Ok(Change { details: details("Ada"), own: None });
    let update = async |token| {
        let update = world.vault.update_instrument(&act, &other, Some(token), &change, |_| ());
        match update.await {
            // The others make the card first, or this does; both are a plain answer.
            Ok(()) | Err(UpdateError::Taken) => Ok(()),
            Err(error) => Err::<_, UpdateError<()>>(error),
        }
    };
    world.store.commit_late();
    let going = tokens.iter().enumerate().map(|(index, token)| match index % 3 {
        0 => Box::pin(async { put(&world, token).await.map_err(|error| error.to_string()) }) as Going<'_, _>,
        1 => Box::pin(async {
            let exchange = world.vault.exchange(&act, token, keep, |_| ()).await;
            exchange.map_err(|error: ExchangeError| error.to_string())
        }),
        _ => Box::pin(async { update(token).await.map_err(|error| error.to_string()) }),
    });
    let results = together(going.collect());
    assert_eq!(results.iter().find_map(|result| result.as_ref().err()), None);
    let of_visa = of_customer(&world).into_iter().filter(|seen| seen.last4 == "1111");
    assert_eq!(of_visa.count(), 1, "one card of one customer is one instrument");
    let puts =
        lines_of(&*world.model, "customer.create").len() + lines_of(&*world.model, "customer.update").len();
    assert_eq!(puts, MANY.div_ceil(3));
}

#[test]
fn many_puts_of_one_new_customer_make_one() {
    let world = World::new();
    let tokens: Vec<_> = (0..MANY)
        .map(|index| world.create(&act(), &card(if index % 2 == 0 { VISA } else { MASTERCARD }, None, "Ada")))
        .collect();
    world.store.commit_late();
    let results = together(tokens.iter().map(|token| put(&world, token)).collect());
    assert_eq!(results.into_iter().find_map(Result::err), None);
    assert_eq!(lines_of(&*world.model, "customer.create").len(), 1);
    assert_eq!(lines_of(&*world.model, "customer.update").len(), MANY - 1);
    assert_eq!(of_customer(&world).len(), 2);
    assert!(tokens.iter().all(|token| world.redeem(token).is_err()), "every token was used");
}
