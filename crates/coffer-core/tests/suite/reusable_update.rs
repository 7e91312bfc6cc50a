//! Updates of a reusable token: one part at a time, and fifty in thirty days.

use coffer_core::{CardFacts, Refused, ReusableChange, ReusableError, store::StoreError};
use coffer_types::{Expiry, limits};

use crate::support::{
    DAY, LONG, Offer, ReusableSeen, VISA, World, act, act_of_two, at, facts, json_of, offer, offer_in, run,
};

/// A token that outlives every window.
fn lasting() -> Offer<'static> {
    Offer { lifetime: LONG, ..offer_in("a", VISA) }
}

#[test]
fn each_part_is_changed_alone() {
    let none = CardFacts::default;
    let changes = [
        CardFacts { holder: Some("Grace".to_owned()), ..none() },
        CardFacts { expiry: Some(Expiry::new(2036, 1).unwrap()), ..none() },
        CardFacts { contact: facts("Grace").contact, ..none() },
        CardFacts { scheme_reference: Some("0002".to_owned()), ..none() },
    ];
    for change in changes {
        let world = World::new();
        let made = world.reusable(&lasting());
        world.clock.raise_to(at(5));
        world.change(made.number, change.clone()).unwrap();
        let mut expected = made.facts.clone();
        for (name, value) in json_of(&change).as_object().unwrap() {
            expected[name] = value.clone();
        }
        assert_ne!(expected, made.facts);
        let after = world.read(made.number).unwrap();
        assert_eq!(after, ReusableSeen { facts: expected, ..made.clone() });
        let row = world.reusable_row(made.number).unwrap();
        assert_eq!((row.created_at, row.updated_at, row.generation.get()), (at(0), at(5), 2));
        assert_eq!(world.open_card(made.number, LONG).unwrap(), (VISA.to_owned(), after));
    }
    let world = World::new();
    let made = world.reusable(&lasting());
    world.describe(made.number, "other words").unwrap();
    let expected = ReusableSeen { description: "other words".to_owned(), ..made.clone() };
    assert_eq!(world.read(made.number), Some(expected));
}

#[test]
fn what_was_changed_is_what_is_compared() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    world.change(made.number, facts("Grace")).unwrap();
    let grace = Offer { facts: facts("Grace"), ..offer(VISA) };
    assert_eq!(world.tokenize(&act(), &grace).unwrap().matched().number, made.number);
    assert_eq!(world.tokenize(&act(), &offer(VISA)).unwrap().conflicting().0.number, made.number);
}

#[test]
fn the_51st_of_thirty_days_is_refused_and_changes_nothing() {
    let world = World::new();
    let made = world.reusable(&lasting());
    for count in 1..=50 {
        world.clock.raise_to(at(count * 1_000));
        world.describe(made.number, &format!("words {count}")).unwrap();
    }
    let conflict = world.conflict(&Offer { facts: facts("Grace"), ..lasting() });
    let before = world.everything();
    assert_eq!(world.describe(made.number, "more"), Err(ReusableError::TooManyUpdates));
    assert_eq!(world.change(made.number, facts("Grace")), Err(ReusableError::TooManyUpdates));
    assert_eq!(world.resolve(&conflict.locator), Err(ReusableError::TooManyUpdates));
    assert_eq!(world.everything(), before);
    let seen = world.read(made.number).unwrap();
    assert_eq!((seen.description.as_str(), &seen.facts), ("words 50", &made.facts));
    assert!(world.read_conflict(&conflict.locator).is_some(), "it waits on");
}

#[test]
fn each_update_counts_for_thirty_days() {
    let world = World::new();
    let made = world.reusable(&lasting());
    for count in 1..=50 {
        world.clock.raise_to(at(count * DAY / 2));
        world.describe(made.number, "words").unwrap();
    }
    let refused = || assert_eq!(world.describe(made.number, "more"), Err(ReusableError::TooManyUpdates));
    world.clock.raise_to(at(DAY / 2 + 30 * DAY - 1_000));
    refused();
    world.clock.raise_to(at(DAY / 2 + 30 * DAY));
    world.describe(made.number, "one more").unwrap();
    refused();
    world.clock.raise_to(at(DAY + 30 * DAY - 1_000));
    refused();
    world.clock.raise_to(at(DAY + 30 * DAY));
    world.describe(made.number, "the next").unwrap();
    refused();
    world.clock.raise_to(at(61 * DAY + DAY / 2));
    for _ in 0..50 {
        world.describe(made.number, "all anew").unwrap();
    }
    refused();
}

#[test]
fn a_resolved_conflict_counts_as_one() {
    let world = World::new();
    let made = world.reusable(&lasting());
    let conflict = world.conflict(&Offer { facts: facts("Grace"), ..lasting() });
    world.resolve(&conflict.locator).unwrap();
    for _ in 0..49 {
        world.describe(made.number, "words").unwrap();
    }
    assert_eq!(world.describe(made.number, "more"), Err(ReusableError::TooManyUpdates));
}

#[test]
fn matches_conflicts_and_reveals_do_not_count() {
    let world = World::new();
    let made = world.reusable(&lasting());
    for count in 0..60 {
        let name = format!("Grace {count}");
        world.conflict(&Offer { facts: facts(&name), ..lasting() });
        world.tokenize(&act(), &lasting()).unwrap().matched();
        world.open_card(made.number, LONG).unwrap();
    }
    assert_eq!(world.describe(made.number, "words"), Ok(()));
}

#[test]
fn the_window_goes_with_its_token() {
    let world = World::new();
    let made = world.reusable(&lasting());
    for _ in 0..limits::REUSABLE_UPDATES {
        world.describe(made.number, "words").unwrap();
    }
    world.delete(made.number).unwrap();
    let again = world.reusable(&lasting());
    assert_eq!(world.describe(again.number, "words"), Ok(()));
}

#[test]
fn a_refused_update_counts_for_nothing() {
    let world = World::new();
    let made = world.reusable(&lasting());
    let before = world.everything();
    let change = ReusableChange::Description("words".to_owned());
    for error in [StoreError::Full, StoreError::Unavailable] {
        world.store.answer(1, Err(error));
        let refused = Err(ReusableError::Refused(Refused::from(error)));
        assert_eq!(world.describe(made.number, "words"), refused);
    }
    let theirs = run(world.vault.update_reusable(&act_of_two(), made.number, &change));
    assert_eq!(theirs, Err(ReusableError::Unknown));
    world.draws.leave(0);
    assert_eq!(world.describe(made.number, "words"), Err(ReusableError::Refused(Refused::Unavailable)));
    world.draws.leave(u64::MAX);
    assert_eq!(world.everything(), before);
    for _ in 0..limits::REUSABLE_UPDATES {
        world.describe(made.number, "words").unwrap();
    }
}
