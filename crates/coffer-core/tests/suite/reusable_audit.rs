//! What the audit log says of every act on reusable tokens: exactly these lines, no more and no less.

use coffer_core::{CardFacts, ReusableChange, SessionKind};
use coffer_crypto::{LocatorBytes, LocatorKind};
use coffer_types::RecordNumber;
use serde_json::{Value, json};

use crate::support::{
    AMEX, Became, DAY, LONG, MASTERCARD, Offer, SHORT, VISA, World, act, act_of_two, at, card, facts, line,
    offer, offer_in, run, tenant,
};

fn told(world: &World, before: usize, expected: &[Value]) {
    assert_eq!(world.lines_since(before), expected);
}

fn grace() -> Offer<'static> {
    Offer { facts: facts("Grace"), ..offer_in("a", VISA) }
}

#[test]
fn every_act_tells_who_did_what_to_which_record() {
    let world = World::new();
    world.clock.raise_to(at(5));
    let now = at(5);
    let count = || world.lines().len();
    let mut before = count();
    let made = world.reusable(&offer_in("a", VISA)).number;
    told(&world, before, &[line(now, "reusable.create", made)]);

    before = count();
    world.tokenize(&act(), &offer_in("a", VISA)).unwrap().matched();
    told(&world, before, &[]);

    let conflict = world.conflict(&grace()).locator;
    let waiting = world.vault.locate(LocatorKind::Conflict, &conflict).unwrap().1;
    let mut conflicting = line(now, "reusable.conflict", made);
    conflicting["result"] = json!(waiting.get());
    told(&world, before, &[conflicting]);

    before = count();
    world.resolve(&conflict).unwrap();
    let mut resolved = line(now, "reusable.resolve", made);
    resolved["result"] = json!(waiting.get());
    told(&world, before, &[resolved]);

    before = count();
    world.describe(made, "words").unwrap();
    world.change(made, facts("Edith")).unwrap();
    told(&world, before, &[line(now, "reusable.update", made), line(now, "reusable.update", made)]);

    before = count();
    world.open_card(made, SHORT).unwrap();
    let mut revealed = line(now, "reusable.reveal", made);
    revealed["reason"] = json!("test");
    told(&world, before, &[revealed]);

    before = count();
    world.delete(made).unwrap();
    told(&world, before, &[line(now, "reusable.delete", made)]);
}

#[test]
fn a_session_and_what_became_of_its_card_are_told_together() {
    let world = World::new();
    let number = |session: &LocatorBytes| world.vault.locate(LocatorKind::CardSession, session).unwrap().1;
    let bare = Offer { facts: CardFacts::default(), ..offer(MASTERCARD) };
    let mut made = None;
    for (action, offered) in [
        ("reusable.create", offer(MASTERCARD)),
        ("reusable.match", bare),
        ("reusable.conflict", Offer { facts: facts("Grace"), ..offer(MASTERCARD) }),
    ] {
        let mut before = world.lines().len();
        let session = world.session(&act(), SessionKind::Card, &card(VISA, Some("123"), "Ada"));
        told(&world, before, &[line(at(0), "session.create", number(&session))]);
        before = world.lines().len();
        let became = world.tokenize_session(&act(), &session, &offered).unwrap();
        let mut waiting = None;
        match &became {
            Became::Created(token) => made = Some(token.number),
            Became::Conflicting(_, conflict) => {
                let located = world.vault.locate(LocatorKind::Conflict, &conflict.locator);
                waiting = Some(located.unwrap().1.get());
            }
            Became::Matched(_) => {}
        }
        let lines = world.lines().split_off(before);
        assert_eq!(lines[0]["position"], lines[1]["position"], "one unit, two facts");
        let mut token = line(at(0), action, made.unwrap());
        if let Some(waiting) = waiting {
            token["result"] = json!(waiting);
        }
        told(&world, before, &[line(at(0), "session.use", number(&session)), token]);
    }
}

#[test]
fn new_time_is_told_and_an_end_is_the_systems() {
    let world = World::new();
    let offered = Offer { lifetime: LONG, ..offer_in("a", VISA) };
    let made = world.reusable(&offered).number;
    world.clock.raise_to(at(1_000 * DAY));
    let mut before = world.lines().len();
    world.tokenize(&act(), &offered).unwrap().matched();
    told(&world, before, &[line(at(1_000 * DAY), "reusable.match", made)]);

    let ended = |at: i64, number: RecordNumber| {
        json!({
            "at": crate::support::at(at).millis(), "outcome": "done", "action": "reusable.expire", "tenant": 1,
            "actor": "system", "object": number.get(),
        })
    };
    let end = (1_000 + 1_461) * DAY;
    world.clock.raise_to(at(end));
    before = world.lines().len();
    let again = world.reusable(&offered).number;
    told(&world, before, &[ended(end, made), line(at(end), "reusable.create", again)]);

    world.clock.raise_to(at(end + 1_461 * DAY));
    before = world.lines().len();
    world.sweep_all();
    told(&world, before, &[ended(end + 1_461 * DAY, again)]);
}

#[test]
fn reads_and_refused_acts_tell_nothing() {
    let world = World::new();
    let made = world.reusable(&offer_in("a", VISA)).number;
    let conflict = world.conflict(&grace()).locator;
    let session = world.session(&act(), SessionKind::Card, &card(AMEX, None, "Ada"));
    let before = world.lines();
    world.read(made).unwrap();
    assert_eq!(world.in_namespace("a"), [made]);
    world.read_conflict(&conflict).unwrap();
    world.tokenize(&act(), &offer_in("a", VISA)).unwrap().matched();
    world.sweep_all();
    let two = act_of_two();
    let words = ReusableChange::Description("words".to_owned());
    run(world.vault.update_reusable(&two, made, &words)).unwrap_err();
    run(world.vault.delete_reusable(&two, made)).unwrap_err();
    run(world.vault.reveal_reusable(&two, made, "test", SHORT)).unwrap_err();
    run(world.vault.resolve_conflict(&two, &conflict)).unwrap_err();
    assert!(run(world.vault.read_reusable(tenant(2), made)).unwrap().is_none());
    world.tokenize_session(&two, &session, &offer(VISA)).unwrap_err();
    world.resolve(&session).unwrap_err();
    world.tokenize_session(&act(), &conflict, &offer(VISA)).unwrap_err();
    world.store.answer(usize::MAX, Err(coffer_core::store::StoreError::Full));
    world.tokenize(&act(), &offer(AMEX)).unwrap_err();
    world.tokenize(&act(), &grace()).unwrap_err();
    world.tokenize_session(&act(), &session, &offer(VISA)).unwrap_err();
    world.describe(made, "words").unwrap_err();
    world.delete(made).unwrap_err();
    world.open_card(made, SHORT).unwrap_err();
    world.resolve(&conflict).unwrap_err();
    assert_eq!(world.lines(), before);
}
