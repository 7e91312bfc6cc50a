//! Create: what is made, and that nothing is made when anything fails.

use std::sync::Arc;

use coffer_core::{
    Act, Refused,
    lifecycle::TokenStage,
    store::{Lost, Outcome, Position, StoreError, TokenState},
};
use coffer_types::Generation;

use crate::support::{AMEX, VISA, World, act, act_of_two, at, card, details_of, run, tenant};

#[test]
fn a_token_shows_its_card_masked_and_its_details() {
    let world = World::new();
    let token = world.create(&act(), &card(AMEX, Some("1234"), "Ada"));
    let view = run(world.vault.read_token(tenant(1), &token)).unwrap().unwrap();
    assert_eq!((view.locator, view.stage, view.created_at), (token, TokenStage::Live, at(0)));
    assert_eq!(view.face.unwrap().last4.as_str(), "0005");
    assert_eq!(serde_json::to_value(&view.details).unwrap(), details_of("Ada"));
    let row = world.token_row(&token).unwrap();
    assert_eq!((row.tenant, row.generation, row.expires_at), (tenant(1), Generation::FIRST, at(1_800_000)));
    assert!(matches!(row.state, TokenState::Live { sad: Some(_), .. }));
    let plain = world.create(&act(), &card(VISA, None, "Ada"));
    assert!(matches!(world.token_row(&plain).unwrap().state, TokenState::Live { sad: None, .. }));
}

#[test]
fn the_reply_is_rendered_before_the_commit_and_given_after_it() {
    let world = World::new();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    world.store.on_commit(move |_| {
        seen.lock().unwrap().push("commit");
        crate::support::Step::Pass
    });
    let new = card(VISA, None, "Ada");
    let reply = run(world.vault.create(&act(), &new, |created| {
        order.lock().unwrap().push("render");
        created.created_at
    }));
    assert_eq!(reply, Ok(at(0)));
    assert_eq!(*order.lock().unwrap(), ["render", "commit"]);
}

#[test]
fn what_the_store_refuses_is_not_there() {
    let answers = [
        (Err(StoreError::Full), Refused::Busy),
        (Err(StoreError::Unavailable), Refused::Unavailable),
        (Err(StoreError::Corrupt { table: "token" }), Refused::Unavailable),
        (Ok(Outcome::Lost { lost: Lost::Exists, after: Position(1) }), Refused::Contended),
    ];
    for (answer, refused) in answers {
        let world = World::new();
        let lines = world.lines();
        world.store.answer(1, answer);
        let result = run(world.vault.create(&act(), &card(VISA, None, "Ada"), |created| created.locator));
        assert_eq!(result, Err(refused));
        assert_eq!(run(coffer_core::store::Store::oldest_token(&*world.model)), Ok(None));
        assert_eq!(world.lines(), lines);
    }
}

#[test]
fn no_randomness_or_no_key_makes_no_token() {
    let world = World::new();
    let create = |act: &Act| run(world.vault.create(act, &card(VISA, Some("123"), "Ada"), |_| ()));
    let lines = world.lines();
    // The salt, the key of the half minute, its wrapping.
    for draws in 0..3 {
        world.draws.leave(draws);
        assert_eq!(create(&act()), Err(Refused::Unavailable), "{draws} draws");
    }
    world.draws.leave(u64::MAX);
    let stranger = Act { tenant: tenant(3), ..act() };
    assert_eq!(create(&stranger), Err(Refused::Unavailable), "a tenant without keys");
    assert_eq!(world.lines(), lines);
    assert_eq!(create(&act()), Ok(()));
}

#[test]
fn a_token_is_there_for_its_tenant_alone() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    assert!(run(world.vault.read_token(tenant(2), &token)).unwrap().is_none());
    assert!(world.vault.locate_instrument(&token).is_none(), "a token is no instrument's id");
    let mut forged = token;
    forged.0[20] ^= 1;
    assert!(run(world.vault.read_token(tenant(1), &forged)).unwrap().is_none());
    world.store.break_read("token", StoreError::Unavailable);
    for (tenant, token) in [(tenant(2), &token), (tenant(1), &forged)] {
        let read = run(world.vault.read_token(tenant, token));
        assert!(read.is_ok_and(|view| view.is_none()), "refused before the store is asked");
    }
    world.store.heal();
    let other = world.create(&act_of_two(), &card(VISA, None, "Ada"));
    assert!(run(world.vault.read_token(tenant(1), &other)).unwrap().is_none());
    assert!(run(world.vault.read_token(tenant(2), &other)).unwrap().is_some());
}
