//! Deactivate: out of use for good, and matched by nothing.

use coffer_core::{Protected, UpdateError, Walk};
use coffer_types::Pan;

use crate::support::{
    MASTERCARD, Seen, VISA, World, act, at, card, details_of, instrument_of, lines_of, other, run, tenant,
};

fn pan(digits: &str) -> Protected {
    Protected::Card(Pan::parse(digits).unwrap())
}

/// A world with one instrument of tenant 1, with Ada's details.
fn stored(protected: Protected) -> (World, Seen) {
    let world = World::new();
    let (seen, _) = world.keep(&act(), &instrument_of(protected, "Ada"), "customer").unwrap();
    (world, seen)
}

fn of_customer(world: &World) -> Vec<Seen> {
    world.walk(&act(), Walk { customers: &["customer"], ..Walk::default() })
}

#[test]
fn happens_once_and_changes_nothing_else() {
    let (world, before) = stored(pan(VISA));
    world.clock.raise_to(at(3));
    let after = world.deactivate(&act(), &before.locator).unwrap();
    assert_eq!(after.details["deactivated"], true);
    let mut expected = Seen { generation: 2, updated_at: at(3), details: after.details.clone(), ..before };
    assert_eq!(after, expected);
    expected.details.as_object_mut().unwrap().remove("deactivated");
    assert_eq!(expected.details["details"], details_of("Ada"));
    let view = run(world.vault.read_instrument(tenant(1), &after.locator)).unwrap().unwrap();
    assert_eq!(Seen::from(&view), after, "it can still be read");
    assert_eq!(world.pan(&after.locator), VISA, "and revealed");

    let state = world.everything();
    assert_eq!(world.deactivate(&act(), &after.locator), Err(UpdateError::Deactivated));
    assert_eq!(world.everything(), state);
    assert_eq!(lines_of(&*world.model, "instrument.deactivate").len(), 1);
}

#[test]
fn the_same_card_gives_a_new_instrument_each_time() {
    let (world, first) = stored(pan(VISA));
    let mut made = vec![first.locator];
    for round in 1..4 {
        world.deactivate(&act(), &made[0]).unwrap();
        let token = world.create(&act(), &card(VISA, None, "Ada"));
        let (seen, updated) = world.exchange(&act(), &token, "customer").unwrap();
        assert!(!updated && !made.contains(&seen.locator), "round {round}");
        let (again, updated) = world.keep(&act(), &instrument_of(pan(VISA), "Ada"), "customer").unwrap();
        assert!(updated && again.locator == seen.locator, "the new one is matched");
        made.insert(0, seen.locator);
    }
    let walked = of_customer(&world);
    assert_eq!(walked.iter().map(|seen| seen.locator).collect::<Vec<_>>(), made, "all are the customer's");
    let deactivated: Vec<_> = walked.iter().map(|seen| seen.details["deactivated"] == true).collect();
    assert_eq!(deactivated, [false, true, true, true]);
    assert_eq!(world.instrument_row(&first.locator).generation.get(), 2, "it was never touched again");
}

#[test]
fn an_update_keeps_it_deactivated_and_unmatched() {
    let (world, first) = stored(pan(VISA));
    world.deactivate(&act(), &first.locator).unwrap();
    let plain = world.update(&act(), &first.locator, None, "Grace").unwrap();
    assert_eq!((plain.generation, &plain.details["deactivated"]), (3, &true.into()));
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let other_card = world.update(&act(), &first.locator, Some(&token), "Grace").unwrap();
    assert_eq!((other_card.last4.as_str(), &other_card.details["deactivated"]), ("4444", &true.into()));
    for digits in [VISA, MASTERCARD] {
        let (seen, updated) = world.keep(&act(), &instrument_of(pan(digits), "Ada"), "customer").unwrap();
        assert!(!updated && seen.locator != first.locator);
    }
    // The customer has both cards anew; a deactivated instrument competes for neither.
    let token = world.create(&act(), &card(VISA, None, "Grace"));
    assert_eq!(world.update(&act(), &first.locator, Some(&token), "Grace").unwrap().last4, "1111");
    assert_eq!(of_customer(&world).len(), 3);
    assert_eq!(world.deactivate(&act(), &first.locator), Err(UpdateError::Deactivated));
}

#[test]
fn a_method_that_nothing_matches_can_be_deactivated_too() {
    let (world, first) = stored(other(None, "{}"));
    let after = world.deactivate(&act(), &first.locator).unwrap();
    assert_eq!(after.details["deactivated"], true);
    assert_eq!(of_customer(&world), [after]);
}
