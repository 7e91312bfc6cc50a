//! Acts on reusable tokens that go on side by side: all plan on the same state, and none ends in an error.

use std::{future::Future, pin::Pin};

use coffer_core::{ReusableChange, ReusableError, TokenizeError};
use coffer_types::{RecordNumber, limits};

use crate::support::{
    Became, DAY, LONG, Offer, ReusableSeen, Tokenizing, VISA, World, act, at, facts, lines_of, offer,
    offer_in, pan, together, tokenizing,
};

const MANY: usize = 64;

type Going<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// How units reach the store: at once, all a step later, or the last one first.
const ORDERS: [fn(&World); 3] =
    [|_| (), |world| world.store.commit_late(), |world| world.store.commit_backwards(MANY)];

fn number(became: &Became) -> RecordNumber {
    match became {
        Became::Created(seen) | Became::Matched(seen) | Became::Conflicting(seen, _) => seen.number,
    }
}

#[test]
fn of_64_creates_of_one_card_one_makes_the_token_and_all_get_its_names() {
    for order in ORDERS {
        for namespace in [None, Some("a")] {
            let world = World::new();
            let act = act();
            order(&world);
            let offered = Offer { namespace, ..offer(VISA) };
            let going: Vec<Tokenizing<'_>> =
                (0..MANY).map(|_| tokenizing(&world.vault, &act, offered.clone())).collect();
            let results: Vec<_> = together(going).into_iter().map(Result::unwrap).collect();
            let created = results.iter().filter(|became| matches!(became, Became::Created(_))).count();
            assert_eq!(created, 1);
            let seen: Vec<ReusableSeen> = results
                .into_iter()
                .map(|became| match became {
                    Became::Created(seen) | Became::Matched(seen) => seen,
                    conflict @ Became::Conflicting(..) => panic!("{conflict:?}"),
                })
                .collect();
            assert!(seen.iter().all(|one| *one == seen[0]), "one token, by the same names");
            assert_eq!(lines_of(&*world.model, "reusable.create").len(), 1);
        }
    }
}

#[test]
fn of_17_creates_of_17_cards_exactly_one_finds_the_namespace_full() {
    let pans: Vec<_> = (0..17).map(pan).collect();
    for order in ORDERS {
        let world = World::new();
        let act = act();
        order(&world);
        let going = pans.iter().map(|pan| tokenizing(&world.vault, &act, offer_in("a", pan)));
        let results = together(going.collect());
        let refused: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert_eq!(refused, [&TokenizeError::NamespaceFull]);
        let made: Vec<_> = results.into_iter().flatten().collect();
        assert!(made.iter().all(|became| matches!(became, Became::Created(_))));
        assert_eq!(world.in_namespace("a").len(), 16);
    }
}

#[test]
fn many_more_cards_than_places_leave_no_place_empty_and_none_taken_twice() {
    let pans: Vec<_> = (0..40).map(pan).collect();
    for order in ORDERS {
        let world = World::new();
        let act = act();
        for pan in &pans[..4] {
            world.reusable(&Offer { ends_at: Some(at(DAY)), ..offer_in("a", pan) });
        }
        world.clock.raise_to(at(DAY));
        order(&world);
        let going = pans.iter().chain(&pans).map(|pan| tokenizing(&world.vault, &act, offer_in("a", pan)));
        let results = together(going.collect());
        assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(TokenizeError::NamespaceFull))));
        let made: Vec<_> = results.into_iter().flatten().collect();
        let mut numbers: Vec<_> = made.iter().map(number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.reverse();
        assert_eq!(world.in_namespace("a"), numbers);
        assert_eq!(numbers.len(), 16);
        let created = made.iter().filter(|became| matches!(became, Became::Created(_))).count();
        assert_eq!(created, 16, "those that ended made way, and no place was lost");
    }
}

#[test]
fn many_conflicts_of_one_card_all_wait() {
    for order in ORDERS {
        let world = World::new();
        let made = world.reusable(&offer(VISA));
        let act = act();
        order(&world);
        let names: Vec<_> = (0..MANY).map(|index| format!("Grace {index}")).collect();
        let offered = |name: &str| Offer { facts: facts(name), ..offer(VISA) };
        let going = names.iter().map(|name| tokenizing(&world.vault, &act, offered(name)));
        let conflicts: Vec<_> =
            together(going.collect()).into_iter().map(|became| became.unwrap().conflicting().1).collect();
        for (conflict, name) in conflicts.iter().zip(&names) {
            let (seen, waiting) = world.read_conflict(&conflict.locator).unwrap();
            assert_eq!((&seen, waiting.facts["holder"].as_str()), (&made, Some(name.as_str())));
        }
    }
}

#[test]
fn many_that_resolve_one_conflict_write_it_once() {
    for order in ORDERS {
        let world = World::new();
        let made = world.reusable(&offer(VISA));
        let conflict = world.conflict(&Offer { facts: facts("Grace"), ..offer(VISA) }).locator;
        let act = act();
        order(&world);
        let going =
            (0..MANY).map(|_| Box::pin(world.vault.resolve_conflict(&act, &conflict)) as Going<'_, _>);
        let results: Vec<Result<(), ReusableError>> = together(going.collect());
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(ReusableError::Unknown))));
        assert_eq!(lines_of(&*world.model, "reusable.resolve").len(), 1);
        assert_eq!(world.reusable_row(made.number).unwrap().generation.get(), 2);
    }
}

#[test]
fn of_64_updates_at_once_fifty_count_and_no_part_is_lost() {
    for order in ORDERS {
        let world = World::new();
        let made = world.reusable(&offer(VISA));
        let act = act();
        order(&world);
        let changes: Vec<_> = (0..MANY)
            .map(|index| match index % 2 {
                0 => ReusableChange::Description(format!("words {index}")),
                _ => ReusableChange::Facts(facts(&format!("Grace {index}"))),
            })
            .collect();
        let going = changes
            .iter()
            .map(|change| Box::pin(world.vault.update_reusable(&act, made.number, change)) as Going<'_, _>);
        let results: Vec<Result<(), ReusableError>> = together(going.collect());
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), limits::REUSABLE_UPDATES);
        assert!(results.iter().all(|result| matches!(result, Ok(()) | Err(ReusableError::TooManyUpdates))));
        let seen = world.read(made.number).unwrap();
        assert!(seen.description.starts_with("words"), "{}", seen.description);
        assert!(seen.facts["holder"].as_str().unwrap().starts_with("Grace"));
        assert_eq!(world.reusable_row(made.number).unwrap().generation.get(), 51);
    }
}

#[test]
fn of_many_deletes_one_deletes_and_everything_else_ends_plainly() {
    for order in ORDERS {
        let world = World::new();
        let offered = offer_in("a", VISA);
        let made = world.reusable(&offered);
        let conflict = world.conflict(&Offer { facts: facts("Grace"), ..offered.clone() }).locator;
        let act = act();
        let change = ReusableChange::Facts(facts("Edith"));
        order(&world);
        let (vault, act) = (&world.vault, &act);
        let going = (0..MANY).map(|index| match index % 4 {
            0 => Box::pin(async { vault.delete_reusable(act, made.number).await }) as Going<'_, _>,
            1 => Box::pin(async { vault.update_reusable(act, made.number, &change).await }),
            2 => Box::pin(async { vault.resolve_conflict(act, &conflict).await }),
            _ => {
                let offered = offered.clone();
                Box::pin(async move {
                    match tokenizing(vault, act, offered).await {
                        Ok(_) => Ok(()),
                        Err(TokenizeError::Refused(refused)) => Err(refused.into()),
                        Err(other) => panic!("{other}"),
                    }
                })
            }
        });
        let results = together(going.collect());
        let refused: Vec<_> =
            results.iter().filter(|result| !matches!(result, Ok(()) | Err(ReusableError::Unknown))).collect();
        assert!(refused.is_empty(), "{refused:?}");
        assert_eq!(lines_of(&*world.model, "reusable.delete").len(), 1);
        assert_eq!(world.reusable_row(made.number), None);
        assert!(world.in_namespace("a").len() <= 1);
    }
}

#[test]
fn many_uses_in_the_second_half_extend_once() {
    for order in ORDERS {
        let world = World::new();
        let offered = Offer { lifetime: LONG, ..offer_in("a", VISA) };
        let made = world.reusable(&offered);
        world.clock.raise_to(at(1_000 * DAY));
        let act = act();
        order(&world);
        let (vault, act) = (&world.vault, &act);
        let going = (0..MANY).map(|index| match index % 2 {
            0 => {
                let offered = offered.clone();
                Box::pin(async move { tokenizing(vault, act, offered).await.unwrap().matched().ends_at })
                    as Going<'_, _>
            }
            _ => Box::pin(async {
                let revealed = vault.reveal_reusable(act, made.number, "test", LONG).await.unwrap();
                revealed.view.details.ends_at
            }),
        });
        let ends = together(going.collect());
        assert!(ends.iter().all(|end| *end == at((1_000 + 1_461) * DAY)));
        assert_eq!(world.reusable_row(made.number).unwrap().generation.get(), 2);
        assert_eq!(lines_of(&*world.model, "reusable.reveal").len(), MANY / 2);
    }
}
