//! A card that comes again: what is compared, and what becomes of it.

use coffer_core::{CardFacts, Contact, TokenizeError, Tokenized, store::Store};
use coffer_core::{NewReusable, Source};
use coffer_types::Expiry;

use crate::support::{
    AMEX, Became, DAY, MASTERCARD, Offer, SHORT, VISA, World, act, act_of_two, at, contact, facts, json_of,
    offer, offer_in, other, own, protected, run,
};

/// One fact: without it, with it, and with another in its place.
struct Fact {
    name: &'static str,
    with: fn(&mut CardFacts, Option<bool>),
}

const FACTS: [Fact; 4] = [
    Fact {
        name: "holder",
        with: |facts, first| facts.holder = first.map(|first| if first { "Ada" } else { "ada" }.to_owned()),
    },
    Fact {
        name: "expiry",
        with: |facts, first| {
            facts.expiry = first.map(|first| Expiry::new(2030, if first { 4 } else { 5 }).unwrap());
        },
    },
    Fact {
        name: "contact",
        with: |facts, first| {
            facts.contact = first.map(|first| Contact {
                address3: (!first).then(|| "third floor".to_owned()),
                ..contact("Ada")
            });
        },
    },
    Fact {
        name: "scheme_reference",
        with: |facts, first| {
            facts.scheme_reference = first.map(|first| if first { "0001" } else { "001" }.to_owned());
        },
    },
];

fn with(fact: &Fact, value: Option<bool>) -> CardFacts {
    let mut facts = facts("Edith");
    (fact.with)(&mut facts, value);
    facts
}

#[test]
fn each_fact_alone_decides() {
    const SAME: Option<bool> = Some(true);
    const OTHER: Option<bool> = Some(false);
    for fact in &FACTS {
        for (stored, offered, conflicts) in [
            (SAME, SAME, false),
            (SAME, None, false),
            (None, None, false),
            (SAME, OTHER, true),
            (None, SAME, true),
        ] {
            let name = format!("{}: {stored:?} and then {offered:?}", fact.name);
            let world = World::new();
            let made = world.reusable(&Offer { facts: with(fact, stored), ..offer(VISA) });
            assert_eq!(made.facts, json_of(&with(fact, stored)), "{name}");
            let row = world.reusable_row(made.number);
            world.clock.raise_to(at(5));
            let again = Offer { facts: with(fact, offered), ..offer(VISA) };
            match (world.tokenize(&act(), &again).unwrap(), conflicts) {
                (Became::Matched(seen), false) => assert_eq!(seen, made, "{name}"),
                (Became::Conflicting(seen, conflict), true) => {
                    assert_eq!(seen, made, "{name}");
                    let mut only = CardFacts::default();
                    (fact.with)(&mut only, offered);
                    assert_eq!(conflict.facts, json_of(&only), "{name}: what differs and nothing else");
                }
                (became, _) => panic!("{name}: {became:?}"),
            }
            assert_eq!(world.reusable_row(made.number), row, "{name}: the token lies as it lay");
            assert_eq!(world.read(made.number), Some(made), "{name}");
        }
    }
}

#[test]
fn a_card_alone_matches_whatever_is_kept_beside_it() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let bare = Offer { facts: CardFacts::default(), ..offer(VISA) };
    assert_eq!(world.tokenize(&act(), &bare).unwrap().matched(), made);
    assert_eq!(made.facts, json_of(&facts("Ada")));
}

#[test]
fn all_that_differs_waits_together() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let again = Offer { facts: facts("Grace"), ..offer(VISA) };
    let (seen, conflict) = world.tokenize(&act(), &again).unwrap().conflicting();
    assert_eq!(seen, made);
    let expected = CardFacts { expiry: None, ..facts("Grace") };
    assert_eq!(conflict.facts, json_of(&expected), "the expiry is the same");
}

#[test]
fn words_and_end_are_not_compared_and_those_of_the_token_stay() {
    let world = World::new();
    let made = world.reusable(&Offer { ends_at: Some(at(DAY)), ..offer(VISA) });
    let again = Offer { description: "other words", ends_at: Some(at(9 * DAY)), ..offer(VISA) };
    assert_eq!(world.tokenize(&act(), &again).unwrap().matched(), made);
    let differing = Offer { facts: facts("Grace"), ..again };
    assert_eq!(world.tokenize(&act(), &differing).unwrap().conflicting().0, made);
    assert_eq!((made.description.as_str(), made.ends_at), ("first words", at(DAY)));
    assert_eq!(world.read(made.number), Some(made));
}

#[test]
fn another_card_is_another_token() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let others = [world.reusable(&offer(MASTERCARD)), world.reusable(&offer(AMEX))];
    for other in &others {
        assert_ne!((other.number, other.names, other.short), (made.number, made.names, made.short));
    }
    assert_eq!((made.last4.as_str(), others[1].last4.as_str()), ("1111", "0005"));
}

#[test]
fn no_namespace_an_empty_one_and_others_are_apart() {
    let world = World::new();
    let first = world.reusable(&offer(VISA));
    let mut made = vec![first.clone()];
    for namespace in ["", "a", "b", "A"] {
        let seen = world.reusable(&offer_in(namespace, VISA));
        assert_eq!(seen.namespace.as_deref(), Some(namespace));
        made.push(seen);
    }
    assert_eq!(first.namespace, None);
    assert_eq!(world.tokenize(&act(), &offer(VISA)).unwrap().matched(), first);
    for seen in &made[1..] {
        let namespace = seen.namespace.as_deref().unwrap();
        assert_eq!(world.tokenize(&act(), &offer_in(namespace, VISA)).unwrap().matched(), *seen);
        assert_eq!(world.in_namespace(namespace), [seen.number]);
    }
    world.delete(first.number).unwrap();
    assert_eq!(world.read(made[1].number), Some(made[1].clone()), "an empty namespace is one");
}

#[test]
fn another_tenants_card_is_not_matched() {
    let world = World::new();
    for namespace in [None, Some("shared")] {
        let offered = Offer { namespace, ..offer(VISA) };
        let mine = world.reusable(&offered);
        let theirs = world.tokenize(&act_of_two(), &offered).unwrap().created();
        assert_ne!(mine.number, theirs.number);
        assert_eq!(world.tokenize(&act_of_two(), &offered).unwrap().matched(), theirs);
    }
    assert_eq!(world.in_namespace("shared").len(), 1);
}

#[test]
fn a_deleted_tokens_card_becomes_another_token() {
    let world = World::new();
    for namespace in [None, Some("a")] {
        let offered = Offer { namespace, ..offer(VISA) };
        let made = world.reusable(&offered);
        world.delete(made.number).unwrap();
        let again = world.reusable(&Offer { facts: facts("Grace"), ..offered });
        assert_ne!((again.number, again.short), (made.number, made.short));
        assert_eq!(again.facts, json_of(&facts("Grace")), "nothing of the deleted one is left");
    }
}

#[test]
fn what_the_dialect_does_not_take_is_not_looked_up() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let before = world.everything();
    for pan in [VISA, AMEX] {
        let card = protected(pan);
        let new = NewReusable {
            source: Source::Card(&card),
            namespace: None,
            description: "words",
            ends_at: None,
            facts: facts("Grace"),
            may_conflict: true,
        };
        let render = |_: &Tokenized| unreachable!("nothing became of it");
        let refused = run(world.vault.tokenize::<()>(&act(), &new, SHORT, |_| None, render));
        assert_eq!(refused, Err(TokenizeError::NotTaken));
    }
    assert_eq!(world.everything(), before);
    assert_eq!(world.read(made.number), Some(made));
}

#[test]
fn what_nothing_tells_apart_is_not_taken() {
    let world = World::new();
    let nameless = other(None, "{}");
    let new = NewReusable {
        source: Source::Card(&nameless),
        namespace: Some("a"),
        description: "words",
        ends_at: None,
        facts: CardFacts::default(),
        may_conflict: true,
    };
    let refused = run(world.vault.tokenize(&act(), &new, SHORT, own, |_| ()));
    assert_eq!(refused, Err(TokenizeError::NotTaken));
    assert_eq!(run(world.model.newest_number()), Ok(None));
}
