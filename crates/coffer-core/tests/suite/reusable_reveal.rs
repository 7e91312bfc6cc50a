//! Reveal of a reusable token: nothing is shown before its line is in the log.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};

use coffer_core::{Refused, RevealReusableError, store::StoreError};
use serde_json::json;

use crate::support::{
    DAY, LONG, Offer, SHORT, Step, VISA, World, act, act_of_two, at, line, offer, offer_in, run,
};

#[test]
fn gives_the_number_and_all_that_is_kept_as_often_as_it_is_asked() {
    let world = World::new();
    let made = world.reusable(&offer_in("a", VISA));
    let row = world.reusable_row(made.number);
    for _ in 0..3 {
        assert_eq!(world.open_card(made.number, SHORT), Ok((VISA.to_owned(), made.clone())));
    }
    assert_eq!(world.reusable_row(made.number), row);
    world.delete(made.number).unwrap();
    assert_eq!(world.open_card(made.number, SHORT), Err(RevealReusableError::Unknown));
}

#[test]
fn without_the_fact_there_is_no_card() {
    let world = World::new();
    let made = world.reusable(&Offer { lifetime: LONG, ..offer(VISA) });
    // Also where the token would get new time.
    for now in [0, 1_000 * DAY] {
        world.clock.raise_to(at(now));
        let before = world.everything();
        for (error, refused) in
            [(StoreError::Full, Refused::Busy), (StoreError::Unavailable, Refused::Unavailable)]
        {
            world.store.answer(1, Err(error));
            assert_eq!(world.open_card(made.number, LONG), Err(RevealReusableError::Refused(refused)));
        }
        assert_eq!(world.everything(), before);
    }
}

#[test]
fn the_fact_is_in_the_log_before_the_answer() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let before = world.lines().len();
    world.store.on_commit(|_| Step::Silence { write: true });
    let act = act();
    let mut reveal = pin!(world.vault.reveal_reusable(&act, made.number, "why", SHORT));
    assert!(reveal.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut expected = line(at(0), "reusable.reveal", made.number);
    expected["reason"] = json!("why");
    assert_eq!(world.lines_since(before), [expected]);
}

#[test]
fn a_token_that_is_deleted_or_changed_meanwhile_is_looked_at_anew() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let neighbour = world.neighbour();
    let mut first = true;
    world.store.on_commit(move |_| {
        if std::mem::take(&mut first) {
            let change = coffer_core::ReusableChange::Description("other words".to_owned());
            run(neighbour.update_reusable(&act(), made.number, &change)).unwrap();
        }
        Step::Pass
    });
    assert_eq!(world.open_card(made.number, SHORT).unwrap().1.description, "other words");
    let neighbour = world.neighbour();
    world.store.on_commit(move |_| {
        run(neighbour.delete_reusable(&act(), made.number)).unwrap();
        Step::Pass
    });
    let before = world.lines().len();
    assert_eq!(world.open_card(made.number, SHORT), Err(RevealReusableError::Unknown));
    let told: Vec<_> = world.lines_since(before).iter().map(|line| line["action"].clone()).collect();
    assert_eq!(told, ["reusable.delete"], "nothing was shown, and nothing says so");
}

#[test]
fn another_tenants_token_is_unknown() {
    let world = World::new();
    let made = world.reusable(&offer(VISA));
    let lines = world.lines();
    let theirs = run(world.vault.reveal_reusable(&act_of_two(), made.number, "test", SHORT));
    assert_eq!(theirs.unwrap_err(), RevealReusableError::Unknown);
    assert_eq!(world.lines(), lines);
}
