//! Once: an act that is asked for again under its key is done once, and answered the same.

use std::{future::Future, pin::Pin, sync::Arc};

use coffer_core::{
    Asked, Refused, SavedReply,
    store::{Store, StoreError},
};
use coffer_types::limits;

use crate::support::{
    DAY, LIFE, MASTERCARD, MINUTE, Request, Step, VISA, World, act, act_of_two, asked, at, card, create_once,
    leave, lines_of, made, once, reply, request, run, tenant, together,
};

type Going<'a> = Pin<Box<dyn Future<Output = Result<SavedReply, Refused>> + 'a>>;

const WEEK: i64 = 7 * DAY;

#[test]
fn whoever_asks_again_gets_the_saved_answer_and_nothing_is_done_again() {
    let world = World::new();
    let (new, other) = (card(VISA, None, "Ada"), card(MASTERCARD, None, "Grace"));
    let first = world.create_once(request("k"), &new);
    assert_eq!((first.status, first.content_type.as_deref()), (201, Some("application/json")));
    assert_eq!(first.location, Some(format!("/tokens/{}", first.body)));
    let token = coffer_crypto::forms::parse_hex(&first.body).unwrap();
    assert_eq!(world.redeem(&token).unwrap().0, VISA);
    let lines = world.lines();
    world.clock.raise_to(at(WEEK - 1));
    assert_eq!(world.create_once(request("k"), &other), first, "whatever became of the token meanwhile");
    assert!(
        run(asked(&world.neighbour(), tenant(1), request("k")))
            .is_ok_and(|asked| matches!(asked, Asked::Answered(reply) if reply == first))
    );
    assert_eq!((world.tokens(), lines_of(&*world.model, "token.create").len()), (1, 1));
    assert_eq!(world.lines()[..lines.len()], lines);
}

#[test]
fn an_answer_may_have_a_status_alone() {
    let world = World::new();
    let bare = SavedReply { status: 204, content_type: None, location: None, body: String::new() };
    run(world.vault.answer(&world.attempt(request("k")), &bare)).unwrap();
    assert_eq!(world.answered(request("k")), bare);
}

#[test]
fn something_else_under_the_same_key_is_different() {
    let world = World::new();
    let with_code = Request { sad: "123", ..request("k") };
    world.create_once(request("k"), &card(VISA, None, "Ada"));
    world.create_once(Request { key: "coded", ..with_code }, &card(VISA, Some("123"), "Ada"));
    let asked = request("k");
    let others = [
        Request { body: "{\"a\":2}", ..asked },
        Request { body: "", ..asked },
        Request { method: "PUT", ..asked },
        Request { path: "/tokens/1", ..asked },
        // The same bytes, cut elsewhere.
        Request { method: "POST/", path: "tokens", ..asked },
        Request { method: "POST", path: "/tokens{\"a\":1}", body: "", ..asked },
        with_code,
    ];
    for other in others {
        world.is_different(other);
    }
    let coded = Request { key: "coded", ..with_code };
    for other in [Request { sad: "124", ..coded }, Request { sad: "", ..coded }] {
        world.is_different(other);
    }
    assert_eq!(world.tokens(), 2);
    world.answered(request("k"));
    world.answered(coded);
}

#[test]
fn another_key_and_another_tenant_are_asked_for_themselves() {
    let world = World::new();
    let new = card(VISA, None, "Ada");
    let first = world.create_once(request("k"), &new);
    for key in ["", "K", "k ", "kk"] {
        world.is_new(request(key));
    }
    assert!(matches!(run(asked(&world.vault, tenant(2), request("k"))), Ok(Asked::New(_))));
    let theirs = run(create_once(&world.vault, &act_of_two(), request("k"), &new));
    assert_ne!(theirs, first);
    assert_eq!(world.answered(request("k")), first);
}

#[test]
fn a_key_that_was_looked_up_for_one_tenant_is_taken_for_no_other() {
    let world = World::new();
    let attempt = world.attempt(request("k"));
    let before = world.everything();
    let new = card(VISA, None, "Ada");
    let refused = run(world.vault.create_once(&act_of_two(), &new, Some(once(&attempt)), made));
    assert_eq!(refused, Err(Refused::Unavailable));
    assert_eq!(world.everything(), before, "nothing was written");
}

#[test]
fn a_code_is_compared_while_its_key_lives_and_not_after() {
    let world = World::new();
    let asked = Request { sad: "123", ..request("k") };
    let other = Request { sad: "124", ..asked };
    let first = world.create_once(asked, &card(VISA, Some("123"), "Ada"));
    for millis in [0, LIFE - 1] {
        world.clock.raise_to(at(millis));
        world.is_different(other);
        assert_eq!(world.answered(asked), first);
    }
    world.clock.raise_to(at(31 * MINUTE));
    run(world.vault.sweep()).unwrap();
    assert_eq!(world.answered(other), first, "what it was is known to nobody any more");
    assert_eq!(world.answered(asked), first);
    world.is_different(Request { sad: "", ..asked });
    world.is_different(Request { body: "", ..other });
}

#[test]
fn whether_its_caller_heard_of_it_or_not_it_was_done_once() {
    for written in [true, false] {
        let world = World::new();
        let (act, new) = (act(), card(VISA, None, "Ada"));
        let attempt = world.attempt(request("k"));
        world.store.on_commit(move |_| Step::Silence { write: written });
        leave(world.vault.create_once(&act, &new, Some(once(&attempt)), made));
        world.store.heal();
        assert_eq!(world.tokens(), u64::from(written));
        if written {
            let answer = world.answered(request("k"));
            let token = coffer_crypto::forms::parse_hex(&answer.body).unwrap();
            assert_eq!(world.redeem(&token).unwrap().0, VISA, "the token that the answer names is there");
        } else {
            world.is_new(request("k"));
        }
        let answer = world.create_once(request("k"), &new);
        assert_eq!(world.create_once(request("k"), &new), answer);
        assert_eq!(world.tokens(), 1);
    }
}

#[test]
fn what_the_store_did_not_take_is_asked_for_anew() {
    let world = World::new();
    let (act, new) = (act(), card(VISA, None, "Ada"));
    let answers = [(StoreError::Full, Refused::Busy), (StoreError::Unavailable, Refused::Unavailable)];
    for (error, refused) in answers {
        let attempt = world.attempt(request("k"));
        world.store.answer(2, Err(error));
        assert_eq!(run(world.vault.create_once(&act, &new, Some(once(&attempt)), made)), Err(refused));
        assert_eq!(run(world.vault.answer(&attempt, &reply(422, "no"))), Err(refused));
        world.is_new(request("k"));
    }
    world.store.break_read("reply", StoreError::Unavailable);
    assert!(
        matches!(world.asked(request("k")), Err(Refused::Unavailable)),
        "nobody knows whether it was done"
    );
    world.store.heal();
    let attempt = world.attempt(request("k"));
    run(world.vault.create_once(&act, &new, Some(once(&attempt)), made)).unwrap();
    assert_eq!(world.tokens(), 1);
}

#[test]
fn of_16_that_ask_at_once_one_does_it_and_all_get_its_answer() {
    const MANY: usize = 16;
    let orders: [fn(&World); 3] =
        [|_| (), |world| world.store.commit_late(), |world| world.store.commit_backwards(MANY)];
    for order in orders {
        let world = World::new();
        let (act, new) = (act(), card(VISA, None, "Ada"));
        let attempts: Vec<_> = (0..MANY).map(|_| world.attempt(request("k"))).collect();
        order(&world);
        let going = attempts.iter().map(|attempt| {
            Box::pin(world.vault.create_once(&act, &new, Some(once(attempt)), made)) as Going<'_>
        });
        let results = together(going.collect());
        let done: Vec<_> = results.iter().flatten().collect();
        assert_eq!(done.len(), 1, "{results:?}");
        let lost = results.iter().filter(|result| **result == Err(Refused::Answered)).count();
        assert_eq!(lost, MANY - 1, "{results:?}");
        assert_eq!(&world.answered(request("k")), done[0]);
        assert_eq!((world.tokens(), lines_of(&*world.model, "token.create").len()), (1, 1));
    }
}

#[test]
fn an_act_that_loses_to_something_else_is_not_told_that_it_was_answered() {
    let world = World::new();
    let attempt = world.attempt(request("k"));
    let model = Arc::clone(&world.model);
    // The same unit comes twice: the second finds its token there, and no reply under the key.
    world.store.on_commit(move |unit| {
        let token = unit.puts()[0].clone();
        if let coffer_core::store::Put::Insert(row) = token {
            let alone = coffer_core::store::Unit::build(unit.id(), unit.at()).insert(row);
            model.apply(&alone.finish()).unwrap();
        }
        Step::Pass
    });
    let new = card(VISA, None, "Ada");
    let lost = run(world.vault.create_once(&act(), &new, Some(once(&attempt)), made));
    assert_eq!(lost, Err(Refused::Contended));
    world.store.heal();
    world.is_new(request("k"));
}

#[test]
fn a_refusal_is_kept_and_does_not_stand_above_an_act() {
    let world = World::new();
    let new = card(VISA, None, "Ada");
    let [first, second, third] = [(); 3].map(|()| world.attempt(request("k")));
    run(world.vault.answer(&first, &reply(422, "no"))).unwrap();
    assert_eq!(world.answered(request("k")), reply(422, "no"));
    assert_eq!(run(world.vault.answer(&second, &reply(404, "none"))), Err(Refused::Answered));
    let late = run(world.vault.create_once(&act(), &new, Some(once(&third)), made));
    assert_eq!((late, world.tokens()), (Err(Refused::Answered), 0), "refused once is refused");
    assert_eq!(world.answered(request("k")), reply(422, "no"));

    let [first, second] = [(); 2].map(|()| world.attempt(request("l")));
    let done = run(world.vault.create_once(&act(), &new, Some(once(&first)), made)).unwrap();
    assert_eq!(run(world.vault.answer(&second, &reply(404, "none"))), Err(Refused::Answered));
    assert_eq!(world.answered(request("l")), done);
}

#[test]
fn a_key_is_free_after_seven_days_also_before_the_sweep() {
    let world = World::new();
    let new = card(VISA, None, "Ada");
    let mut first = None;
    let row = world.replies_of(|| first = Some(world.create_once(request("k"), &new))).remove(0);
    world.clock.raise_to(at(WEEK - 1));
    assert_eq!(Some(world.answered(request("k"))), first);
    world.clock.raise_to(at(WEEK));
    assert_eq!(run(world.model.reply(tenant(1), row.key)), Ok(Some(row.clone())), "no sweep has come by");
    world.is_new(Request { body: "another", ..request("k") });
    assert_eq!(run(world.model.reply(tenant(1), row.key)), Ok(None), "whoever wants the key frees it");
    let second = world.create_once(request("k"), &new);
    assert_ne!(Some(&second), first.as_ref());
    assert_eq!(world.answered(request("k")), second);
}

#[test]
fn the_sweep_erases_old_replies_in_bounded_steps() {
    let world = World::new();
    let bound = usize::try_from(limits::SWEEP_ROWS).unwrap();
    let keys: Vec<String> = (0..=2 * bound).map(|key| key.to_string()).collect();
    let rows = world.replies_of(|| {
        for key in &keys {
            run(world.vault.answer(&world.attempt(request(key)), &reply(422, key))).unwrap();
        }
        world.clock.raise_to(at(2));
        run(world.vault.answer(&world.attempt(request("younger")), &reply(422, "no"))).unwrap();
    });
    let there = |world: &World| {
        rows.iter().filter(|row| run(world.model.reply(tenant(1), row.key)).unwrap().is_some()).count()
    };
    world.clock.raise_to(at(WEEK));
    while run(world.vault.sweep()).unwrap() == coffer_core::Swept::More {}
    assert_eq!(there(&world), 2 * bound + 2, "at their last millisecond all are there");
    world.clock.raise_to(at(WEEK + 1));
    for left in [bound + 2, 2, 1] {
        assert_eq!(run(world.vault.sweep()), Ok(coffer_core::Swept::More));
        assert_eq!(there(&world), left, "a bounded number in each step");
    }
    assert_eq!(run(world.vault.sweep()), Ok(coffer_core::Swept::Clean));
    world.answered(request("younger"));
    assert!(run(world.model.reply(tenant(1), rows[2 * bound + 1].key)).unwrap().is_some());
}

#[test]
fn what_goes_by_tells_nothing() {
    let world = World::new();
    let marked = SavedReply { body: "marked-body".to_owned(), ..reply(201, "marked") };
    let attempt = world.attempt(Request { key: "marked-key", sad: "9173", ..request("k") });
    run(world.vault.answer(&attempt, &marked)).unwrap();
    let found = world.asked(Request { key: "marked-key", sad: "9173", ..request("k") }).unwrap();
    let shown = format!("{attempt:?} {found:?} {marked:?}");
    assert!(!shown.contains("marked") && !shown.contains("9173"), "{shown}");
    assert!(shown.contains("201") && shown.contains("Attempt(..)"), "{shown}");
}
