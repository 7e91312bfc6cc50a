//! Acts on referenced tokens that go on side by side, and those that are asked for again.

use std::{future::Future, pin::Pin};

use coffer_core::{
    Asked, Attempt, Once, ReferencedError, ReferencedSource, ReferencedView, Refused, SavedReply,
};
use coffer_types::{RecordNumber, limits};

use crate::support::{
    MASTERCARD, ReferencedSeen, Step, VISA, World, act, card, details_of, instrument_of, leave, lines_of,
    new_referenced, protected, refer, rename, replace, reply, request, run, seen, together,
};

type Going<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReferencedError>> + 'a>>;

const MANY: usize = 16;
const ORDERS: [fn(&World); 3] =
    [|_| (), |world| world.store.commit_late(), |world| world.store.commit_backwards(MANY)];
const ANSWERED: ReferencedError = ReferencedError::Refused(Refused::Answered);

fn shown(view: &ReferencedView) -> SavedReply {
    reply(200, &format!("{} {}", view.details.digits, view.face.map_or("", |_| "card")))
}

fn kept(attempt: &Attempt) -> Once<'_, SavedReply> {
    crate::support::once(attempt)
}

#[test]
fn of_16_that_want_one_reference_one_gets_it() {
    for order in ORDERS {
        let world = World::new();
        let (act, given) = (act(), instrument_of(protected(VISA), "Ada"));
        order(&world);
        let going =
            (0..MANY).map(|_| Box::pin(refer(&world.vault, &act, ("g", "r"), &given)) as Going<'_, _>);
        let results = together(going.collect());
        let made: Vec<_> = results.iter().flatten().collect();
        assert_eq!(made.len(), 1);
        let taken = results.iter().filter(|result| **result == Err(ReferencedError::Taken)).count();
        assert_eq!(taken, MANY - 1, "{results:?}");
        world.store.heal();
        assert_eq!(world.referenced(("g", "r")).as_ref(), Some(made[0]));
        assert_eq!(lines_of(&*world.model, "reusable.create").len(), 1);
    }
}

#[test]
fn of_16_that_make_one_single_use_token_theirs_one_does() {
    for order in ORDERS {
        let world = World::new();
        let act = act();
        let token = world.create(&act, &card(VISA, None, "Ada"));
        let names: Vec<String> = (0..MANY).map(|name| name.to_string()).collect();
        let news: Vec<_> =
            names.iter().map(|name| new_referenced("g", name, ReferencedSource::Token(&token))).collect();
        order(&world);
        let going = news
            .iter()
            .map(|new| Box::pin(world.vault.create_referenced(&act, new, None, seen)) as Going<'_, _>);
        let results = together(going.collect());
        let made: Vec<&ReferencedSeen> = results.iter().flatten().collect();
        assert_eq!(made.len(), 1);
        let refused = results.iter().filter(|result| **result == Err(ReferencedError::NotUsable)).count();
        assert_eq!(refused, MANY - 1);
        world.store.heal();
        // Who lost has taken no name.
        let free = names.iter().filter(|name| **name != made[0].reference);
        for name in free {
            world.refer(("g", name), protected(VISA), "Ada").unwrap();
        }
    }
}

#[test]
fn of_16_replacements_by_one_single_use_token_one_wins() {
    for order in ORDERS {
        let world = World::new();
        let act = act();
        let names: Vec<String> = (0..MANY).map(|name| (name % 2).to_string()).collect();
        for name in ["0", "1"] {
            world.refer(("g", name), protected(VISA), "Ada").unwrap();
        }
        let token = world.create(&act, &card(MASTERCARD, None, "Grace"));
        order(&world);
        let going = names
            .iter()
            .map(|name| Box::pin(replace(&world.vault, &act, ("g", name), &token)) as Going<'_, _>);
        let results = together(going.collect());
        let won: Vec<_> = results.iter().flatten().collect();
        assert_eq!(won.len(), 1);
        let refused = results.iter().filter(|result| **result == Err(ReferencedError::NotUsable)).count();
        assert_eq!(refused, MANY - 1);
        world.store.heal();
        let shown = ["0", "1"].map(|name| world.referenced(("g", name)).unwrap());
        let changed: Vec<_> = shown.iter().filter(|seen| seen.last4 == "4444").collect();
        assert_eq!(changed, won, "one card went to one token");
        for seen in &shown {
            let expected = if seen.last4 == "4444" { MASTERCARD } else { VISA };
            assert_eq!(world.number_of(&seen.digits), expected);
        }
    }
}

/// Each counts one up from what it finds: none is lost.
#[test]
fn of_16_updates_at_once_all_count() {
    for order in ORDERS {
        let world = World::new();
        let act = act();
        world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
        let count = |view: &ReferencedView| -> Result<_, ReferencedError> {
            let counted: u32 = view.details.own.get().parse().unwrap_or(0);
            let details =
                serde_json::from_value(serde_json::to_value(&view.details.details).unwrap()).unwrap();
            let own = crate::support::raw(&(counted + 1).to_string());
            Ok(coffer_core::ReferencedChange { details, own, routing: None })
        };
        order(&world);
        let going = (0..MANY).map(|_| {
            let update = world.vault.update_referenced(&act, ("g", "r"), None, count, seen);
            Box::pin(update) as Going<'_, ReferencedSeen>
        });
        let mut counts: Vec<u32> = together(going.collect())
            .into_iter()
            .map(|result: Result<ReferencedSeen, _>| result.unwrap().own.parse().unwrap())
            .collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=16).collect::<Vec<u32>>());
        world.store.heal();
        let after = world.referenced(("g", "r")).unwrap();
        assert_eq!((after.own.as_str(), after.details), ("16", details_of("Ada")));
    }
}

#[test]
fn what_is_deleted_at_once_with_updates_is_gone_after_one_of_them_or_before() {
    for order in ORDERS {
        let world = World::new();
        let act = act();
        let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
        order(&world);
        let going = (0..MANY).map(|index| -> Going<'_, ()> {
            let (vault, act) = (&world.vault, &act);
            match index % 3 {
                0 => Box::pin(vault.delete_referenced(act, "g", "r")),
                1 => Box::pin(async move { rename(vault, act, ("g", "r"), "Grace", None).await.map(drop) }),
                _ => {
                    let digits = made.digits.clone();
                    Box::pin(async move { vault.reveal_referenced(act, &digits, "test").await.map(drop) })
                }
            }
        });
        let results = together(going.collect());
        let deleted = (0..MANY).filter(|index| index % 3 == 0 && results[*index].is_ok()).count();
        assert_eq!(deleted, 1, "{results:?}");
        let refused = results.iter().filter_map(|result| result.as_ref().err());
        assert!(refused.clone().all(|error| *error == ReferencedError::Unknown), "{results:?}");
        world.store.heal();
        assert_eq!((world.referenced(("g", "r")), world.reusable_row(made.number)), (None, None));
        let deletes = lines_of(&*world.model, "reusable.delete").len();
        let lines = world.lines();
        assert_eq!((deletes, lines.last().unwrap()["action"].as_str()), (1, Some("reusable.delete")));
    }
}

#[test]
fn an_update_loses_to_the_replacement_of_another_node_and_looks_anew() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let token = world.create(&act(), &card(MASTERCARD, None, "Eve"));
    let (neighbour, mut done) = (world.neighbour(), false);
    world.store.on_commit(move |_| {
        if !std::mem::replace(&mut done, true) {
            run(replace(&neighbour, &act(), ("g", "r"), &token)).unwrap();
        }
        Step::Pass
    });
    let renamed = world.rename(("g", "r"), "Grace").unwrap();
    assert_eq!((renamed.last4.as_str(), renamed.details), ("4444", details_of("Grace")));
    world.store.heal();
    assert_eq!(world.number_of(&made.digits), MASTERCARD, "an update never brings an old card back");
}

#[test]
fn acts_that_always_lose_give_up_and_use_nothing_up() {
    let world = World::new();
    let made = world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let before = world.everything();
    let lost = coffer_core::store::Outcome::Lost {
        lost: coffer_core::store::Lost::NotLive(world.reusable_row(made.number).unwrap().key()),
        after: coffer_core::store::Position(0),
    };
    let contended = Some(ReferencedError::Refused(Refused::Contended));
    let lose = || world.store.answer(limits::PLAN_ATTEMPTS, Ok(lost));
    lose();
    assert_eq!(world.rename(("g", "r"), "Grace").err(), contended);
    lose();
    assert_eq!(world.replace(("g", "r"), &token).err(), contended);
    lose();
    assert_eq!(world.unrefer(("g", "r")).err(), contended);
    lose();
    assert_eq!(world.opened(&made.digits).err(), contended);
    lose();
    assert_eq!(world.refer_token(&act(), ("g", "s"), &token).err(), contended);
    world.store.heal();
    assert_eq!(world.everything(), before);
}

/// One act under a key, as the tests below ask for it.
type Doing = for<'a> fn(&'a World, &'a Attempt, &'a coffer_crypto::LocatorBytes) -> Going<'a, SavedReply>;

const CREATE: Doing = |world, attempt, token| {
    Box::pin(async move {
        let new = new_referenced("g", "new", ReferencedSource::Token(token));
        world.vault.create_referenced(&act(), &new, Some(kept(attempt)), shown).await
    })
};
const REPLACE: Doing = |world, attempt, token| {
    Box::pin(async move {
        let all = |details| details;
        world.vault.replace_referenced(&act(), ("g", "r"), token, Some(kept(attempt)), all, shown).await
    })
};
const UPDATE: Doing = |world, attempt, _| {
    Box::pin(async move {
        let change = |view: &ReferencedView| -> Result<_, ReferencedError> {
            let own = crate::support::raw(&format!("[{}]", view.details.own.get()));
            Ok(coffer_core::ReferencedChange {
                details: crate::support::details("Grace"),
                own,
                routing: None,
            })
        };
        world.vault.update_referenced(&act(), ("g", "r"), Some(kept(attempt)), change, shown).await
    })
};

#[test]
fn acts_under_a_key_are_done_once_with_their_answer() {
    for (act_of, name) in [(CREATE, "create"), (REPLACE, "replace"), (UPDATE, "update")] {
        for written in [true, false] {
            let world = World::new();
            world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
            let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
            let attempt = world.attempt(request("k"));
            world.store.on_commit(move |_| Step::Silence { write: written });
            leave(act_of(&world, &attempt, &token));
            world.store.heal();
            match world.asked(request("k")).unwrap() {
                Asked::Answered(_) => assert!(written, "{name}"),
                Asked::New(_) => assert!(!written, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
            let again = run(act_of(&world, &attempt, &token));
            let answer = world.answered(request("k"));
            match again {
                Ok(reply) => assert!(!written && reply == answer, "{name}"),
                // What it needs is gone by its own doing: an interface keeps its refusal, and finds the answer.
                Err(refused) => {
                    assert!(written, "{name}");
                    assert!(
                        [ANSWERED, ReferencedError::NotUsable, ReferencedError::Taken].contains(&refused),
                        "{name}: {refused}"
                    );
                    let kept = run(world.vault.answer(&attempt, &reply(404, "no")));
                    assert_eq!(kept, Err(Refused::Answered), "{name}");
                }
            }
            assert_eq!(world.answered(request("k")), answer, "{name}");
            let own = world.referenced(("g", "r")).unwrap().own;
            let expected = if name == "update" { r#"[{"made":1.50}]"# } else { r#"{"made":1.50}"# };
            assert_eq!(own, expected, "{name}: changed once");
        }
    }
}

#[test]
fn of_16_under_one_key_one_acts_and_the_others_find_its_answer() {
    for (act_of, name) in [(CREATE, "create"), (REPLACE, "replace"), (UPDATE, "update")] {
        for order in &ORDERS[1..] {
            let world = World::new();
            world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
            let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
            let attempts: Vec<_> = (0..MANY).map(|_| world.attempt(request("k"))).collect();
            order(&world);
            let going = attempts.iter().map(|attempt| act_of(&world, attempt, &token));
            let results = together(going.collect());
            let done: Vec<_> = results.iter().flatten().collect();
            assert_eq!(done.len(), 1, "{name}");
            world.store.heal();
            for (attempt, result) in attempts.iter().zip(&results) {
                let Err(refused) = result else { continue };
                if *refused != ANSWERED {
                    assert_eq!(*refused, ReferencedError::NotUsable, "{name}");
                    assert_eq!(run(world.vault.answer(attempt, &reply(404, "no"))), Err(Refused::Answered));
                }
            }
            assert_eq!(&world.answered(request("k")), done[0], "{name}");
        }
    }
}

#[test]
fn a_key_that_another_tenant_looked_up_is_not_taken() {
    let world = World::new();
    world.refer(("g", "r"), protected(VISA), "Ada").unwrap();
    let token = world.create(&act(), &card(MASTERCARD, None, "Grace"));
    let theirs =
        match run(crate::support::asked(&world.vault, crate::support::tenant(2), request("k"))).unwrap() {
            Asked::New(attempt) => attempt,
            other => panic!("{other:?}"),
        };
    let before = world.everything();
    for act_of in [CREATE, REPLACE, UPDATE] {
        let refused = run(act_of(&world, &theirs, &token));
        assert_eq!(refused, Err(ReferencedError::Refused(Refused::Unavailable)));
    }
    assert_eq!(world.everything(), before);
    assert_ne!(world.place("g", "r"), RecordNumber::MIN);
}
