//! Updates that meet others: what changed between plan and commit is planned anew, and nothing is lost.

use std::{convert::Infallible, sync::Mutex};

use coffer_core::{
    Change, Details, InstrumentView, Refused, UpdateError, Vault,
    lifecycle::TokenStage,
    store::{Lost, Outcome, Position},
};
use coffer_crypto::LocatorBytes;
use coffer_types::{Expiry, limits};
use serde_json::{json, value::RawValue};

use crate::support::{MASTERCARD, Seen, Step, VISA, World, act, card, details, lines_of, run};

type Decided = Result<Change, Infallible>;

/// A world with one card of one customer.
fn stored() -> (World, LocatorBytes) {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let id = world.exchange(&act(), &token, "customer").unwrap().0.locator;
    (world, id)
}

/// The details of an instrument, to change a part of them.
fn details_now(view: &InstrumentView) -> Details {
    serde_json::from_slice(&serde_json::to_vec(&view.details.details).unwrap()).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that an update asks for")]
fn set_expiry(view: &InstrumentView, _: Option<&Details>) -> Decided {
    let details = Details { expiry: Expiry::new(2034, 2).ok(), ..details_now(view) };
    Ok(Change { details, own: view.details.own.clone() })
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that an update asks for")]
fn set_own(view: &InstrumentView, _: Option<&Details>) -> Decided {
    let own = RawValue::from_string("{\"a\":1}".to_owned()).ok();
    Ok(Change { details: details_now(view), own })
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that an update asks for")]
fn take_over(view: &InstrumentView, _: Option<&Details>) -> Decided {
    Ok(Change { details: details("Grace"), own: view.details.own.clone() })
}

/// Lets another node act once, before the world's next commit.
fn before_the_next_commit(world: &World, mut act: impl FnMut(&Vault) + Send + 'static) {
    let (neighbour, mut left) = (world.neighbour(), true);
    world.store.on_commit(move |_| {
        if std::mem::take(&mut left) {
            act(&neighbour);
        }
        Step::Pass
    });
}

#[test]
fn two_updates_of_different_fields_both_count() {
    let (world, id) = stored();
    before_the_next_commit(&world, move |neighbour| {
        run(neighbour.update_instrument(&act(), &id, None, &set_expiry, |_| ())).unwrap();
    });
    let renders = Mutex::new(Vec::new());
    let render = |after: &InstrumentView| {
        renders.lock().unwrap().push(after.generation.get());
        Seen::from(after)
    };
    let after = run(world.vault.update_instrument(&act(), &id, None, &set_own, render)).unwrap();
    assert_eq!(*renders.lock().unwrap(), [2, 3], "planned anew on the new state");
    assert_eq!(
        (&after.details["own"], &after.details["details"]["expiry"]),
        (&json!({"a": 1}), &json!([2034, 2]))
    );
    let view = run(world.vault.read_instrument(act().tenant, &id)).unwrap().unwrap();
    assert_eq!(Seen::from(&view), after);
    assert_eq!(lines_of(&*world.model, "instrument.update").len(), 2);
}

#[test]
fn a_token_used_in_between_is_not_used_again() {
    let (world, id) = stored();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    before_the_next_commit(&world, move |neighbour| {
        crate::support::exchange(neighbour, &act(), &token, "somebody else").unwrap();
    });
    assert_eq!(world.update(&act(), &id, Some(&token), "Grace"), Err(UpdateError::NotUsable));
    assert_eq!(world.instrument_row(&id).generation.get(), 1);
    assert!(lines_of(&*world.model, "instrument.update").is_empty());
}

#[test]
fn a_card_that_the_customer_gets_in_between_is_taken() {
    let (world, id) = stored();
    let [theirs, ours] = [(); 2].map(|()| world.create(&act(), &card(MASTERCARD, None, "Grace")));
    before_the_next_commit(&world, move |neighbour| {
        crate::support::exchange(neighbour, &act(), &theirs, "customer").unwrap();
    });
    assert_eq!(world.update(&act(), &id, Some(&ours), "Grace"), Err(UpdateError::Taken));
    assert_eq!(world.stage(&ours), Some(TokenStage::Live));
    assert_eq!(world.pan(&id), VISA);
}

#[test]
fn a_card_that_a_customer_gets_by_an_update_in_between_matches_it() {
    let (world, id) = stored();
    let [theirs, ours] = [(); 2].map(|()| world.create(&act(), &card(MASTERCARD, None, "Grace")));
    before_the_next_commit(&world, move |neighbour| {
        run(neighbour.update_instrument(&act(), &id, Some(&theirs), &take_over, |_| ())).unwrap();
    });
    let (seen, updated) = world.exchange(&act(), &ours, "customer").unwrap();
    assert!(updated && seen.locator == id && seen.generation == 3, "one instrument, not two");
}

/// Two tokens of one new card for one instrument: whenever the other update comes, both succeed.
#[test]
fn two_updates_to_the_same_card_both_count() {
    for at_the_read in [true, false] {
        let (world, id) = stored();
        let [theirs, ours] = [(); 2].map(|()| world.create(&act(), &card(MASTERCARD, None, "Grace")));
        let other = move |neighbour: &Vault| {
            run(neighbour.update_instrument(&act(), &id, Some(&theirs), &take_over, |_| ())).unwrap();
        };
        if at_the_read {
            let (neighbour, mut left) = (world.neighbour(), true);
            world.store.on_instrument(move |row| {
                if std::mem::take(&mut left) {
                    other(&neighbour);
                }
                row
            });
        } else {
            before_the_next_commit(&world, other);
        }
        let after = world.update(&act(), &id, Some(&ours), "Grace").unwrap();
        assert_eq!((after.generation, after.last4.as_str()), (3, "4444"), "it is taken by nobody else");
        assert!([theirs, ours].iter().all(|token| world.stage(token) != Some(TokenStage::Live)));
    }
}

#[test]
fn a_deactivation_in_between_is_kept() {
    let (world, id) = stored();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    before_the_next_commit(&world, move |neighbour| {
        run(neighbour.deactivate_instrument(&act(), &id, |_| ())).unwrap();
    });
    let after = world.update(&act(), &id, Some(&token), "Grace").unwrap();
    assert_eq!(after.details["deactivated"], true);
    assert_eq!((after.generation, after.last4.as_str()), (3, "4444"));
    let again = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    assert!(!world.exchange(&act(), &again, "customer").unwrap().1, "and it is matched by nothing");
}

#[test]
fn an_update_in_between_is_kept_by_a_deactivation() {
    let (world, id) = stored();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    before_the_next_commit(&world, move |neighbour| {
        run(neighbour.update_instrument(&act(), &id, Some(&token), &take_over, |_| ())).unwrap();
    });
    let after = world.deactivate(&act(), &id).unwrap();
    assert_eq!(after.details["details"]["contact"]["firstName"], "Grace");
    for pan in [VISA, MASTERCARD] {
        let token = world.create(&act(), &card(pan, None, "Ada"));
        assert!(!world.exchange(&act(), &token, "customer").unwrap().1, "both numbers are free");
    }
}

#[test]
fn plans_as_often_as_the_limit_says() {
    for losses in [1, limits::PLAN_ATTEMPTS - 1, limits::PLAN_ATTEMPTS] {
        let (world, id) = stored();
        let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
        let before = world.everything();
        let lost = Lost::NotLive(world.instrument_row(&id).key());
        let outcome = Ok(Outcome::Lost { lost, after: Position(1) });
        for acts in 0..2 {
            world.store.answer(losses, outcome);
            let refused = match acts {
                0 => world.update(&act(), &id, Some(&token), "Grace").err(),
                _ => world.deactivate(&act(), &id).err(),
            };
            if losses < limits::PLAN_ATTEMPTS {
                assert_eq!(refused, None, "{losses} losses");
            } else {
                assert_eq!(refused, Some(UpdateError::Refused(Refused::Contended)));
                assert_eq!(world.everything(), before, "nothing was used up");
            }
        }
    }
}

/// Somebody who bends the clear fingerprint of a row frees no other instrument's key with an update.
#[test]
fn a_bent_fingerprint_frees_nothing() {
    let (world, visa) = stored();
    let token = world.create(&act(), &card(MASTERCARD, None, "Ada"));
    let mastercard = world.exchange(&act(), &token, "customer").unwrap().0.locator;
    let (visa_row, theirs) = (world.instrument_row(&visa), world.instrument_row(&mastercard).fingerprint);
    for deactivate in [false, true] {
        let number = visa_row.number;
        world.store.on_instrument(move |mut row| {
            if row.number == number {
                row.fingerprint = theirs;
            }
            row
        });
        if deactivate {
            world.deactivate(&act(), &visa).unwrap();
        } else {
            world.update(&act(), &visa, None, "Grace").unwrap();
        }
        world.store.heal();
        assert_eq!(
            world.instrument_row(&visa).fingerprint,
            visa_row.fingerprint,
            "it is what it was made from"
        );
        let again = world.create(&act(), &card(MASTERCARD, None, "Ada"));
        let (seen, updated) = world.exchange(&act(), &again, "customer").unwrap();
        assert!(updated && seen.locator == mastercard, "the other card still has its match");
    }
}
