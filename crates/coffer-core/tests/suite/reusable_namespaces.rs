//! Namespaces: sixteen places, taken and given back.

use coffer_core::{ReusableError, TokenizeError};
use coffer_types::limits;

use crate::support::{
    Became, DAY, Offer, ReusableSeen, VISA, World, act, act_of_two, at, facts, lines_of, offer, offer_in,
    pan, run, tenant,
};

const PLACES: u32 = limits::NAMESPACE_TOKENS as u32;

/// A world with a namespace `full` of sixteen cards, of which the first eight end after a day.
fn full() -> (World, Vec<ReusableSeen>) {
    let world = World::new();
    let made = (0..PLACES).map(|index| {
        let pan = pan(index);
        let ends_at = (index < 8).then(|| at(DAY));
        world.reusable(&Offer { ends_at, ..offer_in("full", &pan) })
    });
    let made = made.collect();
    (world, made)
}

fn one_more(world: &World, index: u32) -> Result<Became, TokenizeError> {
    world.tokenize(&act(), &offer_in("full", &pan(PLACES + index)))
}

#[test]
fn sixteen_cards_have_a_place_and_the_17th_has_none() {
    let (world, made) = full();
    let before = world.everything();
    assert_eq!(one_more(&world, 0), Err(TokenizeError::NamespaceFull));
    assert_eq!(world.everything(), before, "nothing was written");
    let newest_first: Vec<_> = made.iter().rev().map(|seen| seen.number).collect();
    assert_eq!(world.in_namespace("full"), newest_first);
    assert_eq!(world.in_namespace("Full"), [], "a namespace that nobody used is empty");
    for namespace in [None, Some(""), Some("other")] {
        let pan = pan(PLACES);
        world.reusable(&Offer { namespace, ..offer(&pan) });
    }
    assert!(world.tokenize(&act_of_two(), &offer_in("full", VISA)).is_ok(), "places are the tenant's own");
}

#[test]
fn a_card_is_matched_where_no_place_is_left() {
    let (world, made) = full();
    for (index, seen) in (0..).zip(&made) {
        assert_eq!(world.tokenize(&act(), &offer_in("full", &pan(index))).unwrap().matched(), *seen);
        let pan = pan(index);
        let grace = Offer { facts: facts("Grace"), ..offer_in("full", &pan) };
        assert_eq!(world.tokenize(&act(), &grace).unwrap().conflicting().0, *seen);
    }
}

#[test]
fn deleting_frees_one_place_and_the_card() {
    let (world, made) = full();
    for (round, index) in (0..).zip([3_u32, 0, 15]) {
        world.delete(made[usize::try_from(index).unwrap()].number).unwrap();
        assert_eq!(world.in_namespace("full").len(), 15);
        if round == 1 {
            // The same card comes back.
            let again = world.reusable(&offer_in("full", &pan(index)));
            assert_ne!(again.number, made[0].number);
        } else {
            one_more(&world, round).unwrap().created();
        }
        assert_eq!(one_more(&world, 9), Err(TokenizeError::NamespaceFull));
    }
    assert_eq!(world.in_namespace("full").len(), 16);
}

#[test]
fn a_card_that_ended_is_free_before_the_sweep() {
    let (world, made) = full();
    world.clock.raise_to(at(DAY - 1));
    assert_eq!(world.tokenize(&act(), &offer_in("full", &pan(0))).unwrap().matched(), made[0]);
    world.clock.raise_to(at(DAY));
    let again = world.reusable(&offer_in("full", &pan(0)));
    assert_ne!(again.number, made[0].number);
    assert_eq!(world.reusable_row(made[0].number), None, "it made way");
    assert_eq!(world.in_namespace("full").len(), 9, "those that ended are not shown");
    let told: Vec<_> =
        lines_of(&*world.model, "reusable.expire").iter().map(|line| line["object"].clone()).collect();
    assert_eq!(told, [made[0].number.get()]);
}

#[test]
fn places_of_cards_that_ended_are_free_before_the_sweep() {
    let (world, made) = full();
    world.clock.raise_to(at(DAY - 1));
    assert_eq!(one_more(&world, 0), Err(TokenizeError::NamespaceFull));
    world.clock.raise_to(at(DAY));
    for index in 0..8 {
        one_more(&world, index).unwrap().created();
        assert_eq!(world.in_namespace("full").len(), usize::try_from(9 + index).unwrap());
    }
    assert_eq!(one_more(&world, 8), Err(TokenizeError::NamespaceFull));
    assert!(made[..8].iter().all(|seen| world.reusable_row(seen.number).is_none()));
}

#[test]
fn the_sweep_erases_what_ended_with_its_places_and_nothing_else() {
    let (world, made) = full();
    let lone = world.reusable(&Offer { ends_at: Some(at(DAY)), ..offer(VISA) });
    world.clock.raise_to(at(DAY - 1));
    world.sweep_all();
    assert!(world.reusable_row(lone.number).is_some());
    let conflict = world.conflict(&Offer { facts: facts("Grace"), ..offer(VISA) });
    world.clock.raise_to(at(DAY));
    assert_eq!(world.read(lone.number), None);
    assert_eq!(world.delete(lone.number), Err(ReusableError::Unknown));
    world.sweep_all();
    let left: Vec<_> = made.iter().filter(|seen| world.reusable_row(seen.number).is_some()).collect();
    assert_eq!(left, made[8..].iter().collect::<Vec<_>>());
    assert_eq!(world.reusable_row(lone.number), None);
    assert_eq!(world.read_conflict(&conflict.locator), None);
    assert_eq!(lines_of(&*world.model, "reusable.expire").len(), 9);
    for index in 0..8 {
        one_more(&world, index).unwrap().created();
    }
    assert_eq!(one_more(&world, 8), Err(TokenizeError::NamespaceFull));
    world.reusable(&offer(VISA));
    assert_eq!(lines_of(&*world.model, "reusable.expire").len(), 9, "nobody else had to make way");
}

#[test]
fn a_step_of_the_sweep_is_bounded() {
    let world = World::new();
    let count = limits::SWEEP_REUSABLES + 3;
    for index in 0..count {
        world.reusable(&Offer { ends_at: Some(at(DAY)), ..offer(&pan(index)) });
    }
    world.clock.raise_to(at(DAY));
    let erased = || u32::try_from(lines_of(&*world.model, "reusable.expire").len()).unwrap();
    run(world.vault.sweep()).unwrap();
    assert_eq!(erased(), limits::SWEEP_REUSABLES);
    world.sweep_all();
    assert_eq!(erased(), count);
}

#[test]
fn a_token_that_is_deleted_between_two_reads_is_simply_gone() {
    let (world, made) = full();
    let gone = made[4].number;
    let neighbour = world.neighbour();
    let mut first = true;
    world.store.on_holder(move |holder| {
        if holder == gone && std::mem::take(&mut first) {
            run(neighbour.delete_reusable(&act(), gone)).unwrap();
        }
        holder
    });
    let left = run(world.vault.read_namespace(tenant(1), "full")).unwrap();
    assert_eq!(left.len(), 15);
    world.store.heal();
    assert_eq!(world.in_namespace("full").len(), 15);
}
