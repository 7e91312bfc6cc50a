//! How long a reusable token lives, and which use gives it more time.

use coffer_core::{
    Lifetime, ReusableError, RevealReusableError,
    store::{Lost, Outcome, Position},
};

use crate::support::{
    Became, DAY, LONG, Offer, ReusableSeen, SHORT, VISA, World, act, at, facts, lines_of, offer, offer_in,
    run, tenant,
};

/// Ten days, and ten more for one that is used.
const TEN: Lifetime = Lifetime { seconds: 10 * DAY / 1_000, extends: true };

fn ten() -> Offer<'static> {
    Offer { lifetime: TEN, ..offer_in("a", VISA) }
}

#[test]
fn ends_by_the_lifetime_or_when_it_was_said_at_a_whole_second() {
    for (lifetime, days) in [(SHORT, 90), (LONG, 1_461), (TEN, 10)] {
        let world = World::new();
        world.clock.raise_to(at(1_999));
        let made = world.reusable(&Offer { lifetime, ..offer(VISA) });
        assert_eq!((made.created_at, made.ends_at), (at(1_999), at(1_000 + days * DAY)));
    }
    let world = World::new();
    let made = world.reusable(&Offer { ends_at: Some(at(7_500)), ..offer(VISA) });
    assert_eq!(made.ends_at, at(7_000));
    assert_eq!(world.reusable_row(made.number).unwrap().ends_at, at(7_000));
}

#[test]
fn is_there_to_the_last_millisecond_and_not_one_longer() {
    let world = World::new();
    let made = world.reusable(&ten());
    world.clock.raise_to(at(10 * DAY - 1));
    assert_eq!(world.read(made.number), Some(made.clone()));
    assert_eq!(world.in_namespace("a"), [made.number]);
    assert_eq!(world.describe(made.number, "first words"), Ok(()));
    world.clock.raise_to(at(10 * DAY));
    let before = world.everything();
    assert_eq!(world.read(made.number), None);
    assert_eq!(world.in_namespace("a"), []);
    assert_eq!(world.describe(made.number, "words"), Err(ReusableError::Unknown));
    assert_eq!(world.change(made.number, facts("Grace")), Err(ReusableError::Unknown));
    assert_eq!(world.delete(made.number), Err(ReusableError::Unknown));
    assert_eq!(world.open_card(made.number, TEN), Err(RevealReusableError::Unknown));
    assert_eq!(world.everything(), before);
}

#[test]
fn a_match_in_the_second_half_gives_a_whole_lifetime_from_then() {
    let world = World::new();
    let made = world.reusable(&ten());
    let matched = || world.tokenize(&act(), &ten()).unwrap().matched();
    world.clock.raise_to(at(5 * DAY));
    assert_eq!(matched(), made, "exactly half is left");
    world.clock.raise_to(at(5 * DAY + 1));
    let extended = ReusableSeen { ends_at: at(15 * DAY), ..made.clone() };
    assert_eq!(matched(), extended);
    assert_eq!(world.read(made.number), Some(extended.clone()));
    assert_eq!(world.reusable_row(made.number).unwrap().ends_at, at(15 * DAY));
    // Half of what it has from then on: ten days less a millisecond.
    world.clock.raise_to(at(10 * DAY));
    assert_eq!(matched(), extended);
    world.clock.raise_to(at(10 * DAY + 1_000));
    assert_eq!(matched().ends_at, at(20 * DAY + 1_000));
    assert_eq!(lines_of(&*world.model, "reusable.match").len(), 2, "what was written is in the log");
}

/// Others change the token all the time: its next use extends it.
#[test]
fn a_match_that_cannot_extend_matches_all_the_same() {
    let world = World::new();
    let made = world.reusable(&ten());
    world.clock.raise_to(at(9 * DAY));
    world.store.answer(1, Ok(Outcome::Lost { lost: Lost::Exists, after: Position(1) }));
    let before = world.everything();
    assert_eq!(world.tokenize(&act(), &ten()).unwrap().matched(), made);
    assert_eq!(world.everything(), before);
    assert_eq!(world.tokenize(&act(), &ten()).unwrap().matched().ends_at, at(19 * DAY));
}

#[test]
fn a_conflict_is_a_use_too() {
    let world = World::new();
    let made = world.reusable(&ten());
    world.clock.raise_to(at(6 * DAY));
    let grace = Offer { facts: facts("Grace"), ..ten() };
    let (seen, conflict) = world.tokenize(&act(), &grace).unwrap().conflicting();
    assert_eq!(seen, ReusableSeen { ends_at: at(16 * DAY), ..made });
    assert_eq!(world.read(seen.number), Some(seen.clone()));
    world.resolve(&conflict.locator).unwrap();
    assert_eq!(world.read(seen.number).unwrap().ends_at, at(16 * DAY));
}

#[test]
fn a_reveal_is_a_use_too() {
    let world = World::new();
    let made = world.reusable(&ten());
    world.clock.raise_to(at(5 * DAY));
    assert_eq!(world.open_card(made.number, TEN), Ok((VISA.to_owned(), made.clone())));
    world.clock.raise_to(at(6 * DAY));
    let extended = ReusableSeen { ends_at: at(16 * DAY), ..made.clone() };
    assert_eq!(world.open_card(made.number, TEN), Ok((VISA.to_owned(), extended.clone())));
    assert_eq!(world.read(made.number), Some(extended));
    assert_eq!(world.open_card(made.number, TEN).unwrap().0, VISA, "sealed anew, it still opens");
}

#[test]
fn reads_and_updates_give_no_time() {
    let world = World::new();
    let made = world.reusable(&ten());
    world.clock.raise_to(at(9 * DAY));
    assert_eq!(world.read(made.number), Some(made.clone()));
    assert_eq!(run(world.vault.read_namespace(tenant(1), "a")).unwrap()[0].details.ends_at, made.ends_at);
    world.describe(made.number, "words").unwrap();
    assert_eq!(world.read(made.number).unwrap().ends_at, made.ends_at);
    assert_eq!(world.reusable_row(made.number).unwrap().ends_at, made.ends_at);
}

#[test]
fn no_use_gives_time_where_nothing_is_extended_and_none_makes_it_shorter() {
    let still = Lifetime { extends: false, ..TEN };
    let world = World::new();
    let made = world.reusable(&Offer { lifetime: still, ..ten() });
    let row = world.reusable_row(made.number);
    world.clock.raise_to(at(9 * DAY));
    assert_eq!(world.tokenize(&act(), &Offer { lifetime: still, ..ten() }).unwrap().matched(), made);
    assert_eq!(world.open_card(made.number, still), Ok((VISA.to_owned(), made.clone())));
    assert_eq!(world.reusable_row(made.number), row);

    let world = World::new();
    let made = world.reusable(&Offer { ends_at: Some(at(100 * DAY)), ..ten() });
    world.clock.raise_to(at(60 * DAY));
    assert_eq!(world.tokenize(&act(), &ten()).unwrap().matched(), made, "forty days are more than ten");
    world.clock.raise_to(at(95 * DAY));
    assert_eq!(world.tokenize(&act(), &ten()).unwrap().matched().ends_at, at(105 * DAY));
}

/// A token of the one way of a vault's settings is used under the other.
#[test]
fn what_is_left_is_judged_by_what_the_token_had() {
    let world = World::new();
    let made = world.reusable(&Offer { lifetime: SHORT, ..ten() });
    world.clock.raise_to(at(45 * DAY));
    let long = Offer { lifetime: LONG, ..ten() };
    assert_eq!(world.tokenize(&act(), &long).unwrap().matched(), made);
    world.clock.raise_to(at(45 * DAY + 1));
    let seen = world.tokenize(&act(), &long).unwrap().matched();
    assert_eq!(seen.ends_at, at((45 + 1_461) * DAY));
    assert!(!matches!(world.tokenize(&act(), &long).unwrap(), Became::Created(_)));
}
