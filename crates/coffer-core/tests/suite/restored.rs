//! A vault that was put back from an earlier time: what was single-use is void, and all else is as it was.

use std::sync::Arc;

use coffer_core::{
    Clock, RedeemError, SessionKind, TokenizeError, mark_restored,
    store::{CounterKey, Model, Store},
};

use crate::support::{
    LIFE, MINUTE, Offer, Setup, VISA, World, act, at, card, facts, lines_of, offer, offer_in, run, tenant,
};

fn marked(world: &mut World) -> u64 {
    let epoch = run(mark_restored(&*world.model, world.clock.now(), "test")).unwrap();
    world.vault = world.neighbour();
    epoch
}

fn listed(world: &World) -> (usize, u64) {
    let mut page = world.vault.list_tokens(tenant(1), 0, 100);
    let mut found = 0;
    while let Some(step) = run(page.next()).unwrap() {
        found += step.len();
    }
    (found, run(page.total()).unwrap())
}

#[test]
fn everything_that_is_used_once_is_void_and_answers_as_if_it_never_was() {
    let mut world = World::new();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let used = world.create(&act(), &card(VISA, None, "Ada"));
    world.redeem(&used).unwrap();
    let made = world.reusable(&offer(VISA));
    let conflict = world.conflict(&Offer { facts: facts("Grace"), ..offer(VISA) });
    let session = world.session(&act(), SessionKind::Card, &card(VISA, Some("123"), "Ada"));
    let fields = world.session(&act(), SessionKind::Fields, &card(VISA, None, "Ada"));
    let fields = world.vault.locate_fields(&fields).unwrap().1;
    let (instrument, _) =
        world.exchange(&act(), &world.create(&act(), &card(VISA, None, "Ada")), "c").unwrap();
    assert_eq!(listed(&world).0, 3);

    assert_eq!(marked(&mut world), 1);
    assert_eq!(world.redeem(&token), Err(RedeemError::NotUsable));
    assert!(world.exchange(&act(), &token, "c").is_err());
    assert_eq!((world.stage(&token), world.stage(&used)), (None, None), "neither is shown");
    assert_eq!(listed(&world), (0, 0));
    assert_eq!(world.read_conflict(&conflict.locator), None);
    assert!(world.resolve(&conflict.locator).is_err());
    let refused = world.tokenize_session(&act(), &session, &offer_in("other", VISA));
    assert_eq!(refused, Err(TokenizeError::NotUsable));
    let filled = run(world.vault.redeem_session(&act(), SessionKind::Fields, fields, |_| ()));
    assert_eq!(filled, Err(RedeemError::NotUsable));

    assert_eq!(world.read(made.number), Some(made), "what is durable is as it was");
    assert_eq!(world.pan(&instrument.locator), VISA);
    let after = world.create(&act(), &card(VISA, None, "Ada"));
    assert_eq!(listed(&world), (1, 1));
    assert!(world.redeem(&after).is_ok(), "what is made from now on counts");
    assert_eq!(marked(&mut world), 2);
    let why = lines_of(&*world.model, "vault.restore");
    assert_eq!(why.len(), 2);
    assert_eq!(why[0]["reason"], "test");
    assert_eq!(run(world.model.counter(CounterKey::RESTORES)), Ok(2));
}

#[test]
fn numbers_and_time_go_on_behind_the_restore_whatever_the_clock_says() {
    let model = Arc::new(Model::new());
    let setup = |now| Setup {
        clock: Arc::new(Clock::stopped(at(now))),
        ..Setup::over(Arc::clone(&model) as Arc<dyn Store>)
    };
    let new = card(VISA, None, "Ada");
    let vault = setup(0).open().unwrap();
    let early = run(vault.create(&act(), &new, |created| created.locator)).unwrap();
    // Marked by a clock that is behind what the store has seen: the newest record counts.
    run(mark_restored(&*model, at(-60 * MINUTE), "test")).unwrap();
    // And started by one that is further behind.
    let vault = setup(-90 * MINUTE).open().unwrap();
    assert!(vault.now() > at(0));
    let late = run(vault.create(&act(), &new, |created| created.locator)).unwrap();
    let redeem = |token| {
        let number = vault.locate_token(token).unwrap().1;
        run(vault.redeem(&act(), number, |_| ()))
    };
    assert_eq!(redeem(&early), Err(RedeemError::NotUsable));
    assert_eq!(redeem(&late), Ok(()));
    run(mark_restored(&*model, at(10 * LIFE), "test")).unwrap();
    assert_eq!(setup(0).open().unwrap().now(), at(10 * LIFE));
}
