//! Conflicts: what differs waits beside its token for half an hour, and is written once or never.

use coffer_core::{
    CardFacts, Refused, ReusableError, SessionKind,
    store::{Store, StoreError},
};
use coffer_crypto::LocatorKind;
use coffer_types::{Expiry, RecordNumber};

use crate::support::{
    Became, DAY, LIFE, MINUTE, Offer, ReusableSeen, Step, VISA, World, act, act_of_two, at, card, facts,
    json_of, offer, offer_in, run, run_in_steps, tenant,
};

fn differing() -> Offer<'static> {
    Offer { facts: facts("Grace"), ..offer(VISA) }
}

#[test]
fn waits_for_half_an_hour_to_the_last_millisecond() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    world.clock.raise_to(at(5));
    let conflict = world.conflict(&differing());
    assert_eq!(conflict.ends_at, at(5 + 30 * MINUTE));
    world.clock.raise_to(at(5 + LIFE - 1));
    assert_eq!(world.read_conflict(&conflict.locator), Some((made.clone(), conflict.clone())));
    world.clock.raise_to(at(5 + LIFE));
    assert_eq!(world.read_conflict(&conflict.locator), None);
    assert_eq!(world.resolve(&conflict.locator), Err(ReusableError::Unknown));
    assert_eq!(world.read(made.number), Some(made));
}

#[test]
fn resolving_writes_all_that_waits_once_and_keeps_all_else() {
    let world = World::new();
    let made = world.reusable(&offer_in("a", VISA));
    let expiry = Expiry::new(2036, 1).unwrap();
    let offered = CardFacts { expiry: Some(expiry), scheme_reference: None, ..facts("Grace") };
    let conflict = world.conflict(&Offer { facts: offered.clone(), ..offer_in("a", VISA) });
    assert_eq!(conflict.facts, json_of(&offered));
    world.clock.raise_to(at(LIFE - 1));
    world.resolve(&conflict.locator).unwrap();
    let expected = CardFacts { scheme_reference: facts("Ada").scheme_reference, ..offered };
    let after = world.read(made.number).unwrap();
    assert_eq!(after.facts, json_of(&expected));
    assert_eq!(ReusableSeen { facts: made.facts.clone(), ..after.clone() }, made);
    assert_eq!(world.reusable_row(made.number).unwrap().updated_at, at(LIFE - 1));
    assert_eq!(world.resolve(&conflict.locator), Err(ReusableError::Unknown), "once");
    assert_eq!(world.read_conflict(&conflict.locator), None);
    assert_eq!(world.read(made.number), Some(after.clone()));
    let again = Offer { facts: expected, ..offer_in("a", VISA) };
    assert_eq!(world.tokenize(&act(), &again).unwrap().matched(), after, "what was written is compared");
    assert!(matches!(world.tokenize(&act(), &offer_in("a", VISA)).unwrap(), Became::Conflicting(..)));
}

#[test]
fn conflicts_of_one_token_wait_side_by_side() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let holder = |name: &str| CardFacts { holder: Some(name.to_owned()), ..CardFacts::default() };
    let expiry = CardFacts { expiry: Some(Expiry::new(2031, 9).unwrap()), ..CardFacts::default() };
    let first = world.conflict(&Offer { facts: holder("Grace"), ..offer(VISA) });
    let second = world.conflict(&Offer { facts: expiry, ..offer(VISA) });
    let third = world.conflict(&Offer { facts: holder("Edith"), ..offer(VISA) });
    assert!(first.locator != second.locator && second.locator != third.locator);
    for conflict in [&first, &third, &second] {
        world.resolve(&conflict.locator).unwrap();
    }
    let expected = CardFacts {
        holder: Some("Edith".to_owned()),
        expiry: Some(Expiry::new(2031, 9).unwrap()),
        ..facts("Ada")
    };
    assert_eq!(world.read(made.number).unwrap().facts, json_of(&expected), "the last one written counts");
}

#[test]
fn goes_with_its_token() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let conflict = world.conflict(&differing());
    world.delete(made.number).unwrap();
    assert_eq!(world.read_conflict(&conflict.locator), None);
    assert_eq!(world.resolve(&conflict.locator), Err(ReusableError::Unknown));
    let again = world.reusable(&offer(VISA));
    assert_eq!(world.resolve(&conflict.locator), Err(ReusableError::Unknown), "the next one is another");
    assert_eq!(world.read_conflict(&conflict.locator), None);
    assert_eq!(world.read(again.number), Some(again));
}

#[test]
fn ends_with_its_token() {
    let world = World::new();
    let made = world.reusable(&Offer { ends_at: Some(at(10 * MINUTE)), ..offer(VISA) });
    let conflict = world.conflict(&differing());
    world.clock.raise_to(at(10 * MINUTE - 1));
    assert!(world.read_conflict(&conflict.locator).is_some());
    world.clock.raise_to(at(10 * MINUTE));
    for _ in 0..2 {
        assert_eq!(world.read_conflict(&conflict.locator), None);
        assert_eq!(world.resolve(&conflict.locator), Err(ReusableError::Unknown));
        world.sweep_all();
    }
    assert_eq!(world.reusable_row(made.number), None);
}

#[test]
fn a_refused_resolve_uses_nothing_up() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let conflict = world.conflict(&differing());
    let before = world.everything();
    world.store.answer(1, Err(StoreError::Full));
    assert_eq!(world.resolve(&conflict.locator), Err(ReusableError::Refused(Refused::Busy)));
    assert_eq!(
        run(world.vault.resolve_conflict(&act_of_two(), &conflict.locator)),
        Err(ReusableError::Unknown)
    );
    assert_eq!(world.everything(), before);
    assert_eq!(world.read_conflict(&conflict.locator), Some((made, conflict.clone())));
    assert_eq!(world.resolve(&conflict.locator), Ok(()));
}

#[test]
fn no_other_printed_name_is_a_conflict() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let conflict = world.conflict(&differing());
    for name in made.names {
        assert_eq!(world.read_conflict(&name), None);
        assert_eq!(world.resolve(&name), Err(ReusableError::Unknown));
    }
    for byte in 0..conflict.locator.0.len() {
        let mut forged = conflict.locator;
        forged.0[byte] ^= 1;
        assert_eq!(world.resolve(&forged), Err(ReusableError::Unknown));
    }
    assert_eq!(world.read(made.number), Some(made));
}

/// A conflict lies among the single-use tokens and is none.
#[test]
fn is_no_single_use_token() {
    let world = World::new();
    world.reusable(&offer(VISA));
    let conflict = world.conflict(&differing());
    let mut page = world.vault.list_tokens(tenant(1), 0, 10);
    let shown = run_in_steps(page.next()).unwrap().map_or(0, |shown| shown.len());
    assert_eq!((run_in_steps(page.total()).unwrap(), shown), (0, 0), "no list shows it");
    assert!(world.vault.locate_token(&conflict.locator).is_none());
    let number = world.vault.locate(LocatorKind::Conflict, &conflict.locator).unwrap().1;
    run(world.vault.redeem(&act(), number, |_| ())).unwrap_err();
    assert!(world.read_conflict(&conflict.locator).is_some());
}

#[test]
fn is_gone_from_the_store_after_a_day() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let conflict = world.conflict(&differing());
    let number = world.vault.locate(LocatorKind::Conflict, &conflict.locator).unwrap().1;
    world.clock.raise_to(at(DAY + 1));
    world.sweep_all();
    assert_eq!(run(world.model.token(tenant(1), number)), Ok(None));
    assert_eq!(world.read(made.number), Some(made));
}

/// Nothing waits beside a token that was deleted before that was written: the card is a new one then.
#[test]
fn of_a_card_whose_token_is_deleted_meanwhile_nothing_waits() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    delete_at_the_next_commit(&world, made.number);
    let became = world.tokenize(&act(), &differing()).unwrap().created();
    assert_eq!(became.facts, json_of(&facts("Grace")));
    assert!(became.number != made.number && world.read(made.number).is_none());

    let session = world.session(&act(), SessionKind::Card, &card(VISA, None, "Grace"));
    delete_at_the_next_commit(&world, became.number);
    let again = world.tokenize_session(&act(), &session, &differing()).unwrap().created();
    assert!(again.number != became.number, "a match by a session");
    assert_eq!(world.tokenize(&act(), &differing()).unwrap().matched().number, again.number);
}

fn delete_at_the_next_commit(world: &World, number: RecordNumber) {
    let (neighbour, mut first) = (world.neighbour(), true);
    world.store.on_commit(move |_| {
        if std::mem::take(&mut first) {
            run(neighbour.delete_reusable(&act(), number)).unwrap();
        }
        Step::Pass
    });
}
