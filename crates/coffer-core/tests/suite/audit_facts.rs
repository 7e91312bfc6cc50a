//! What the audit log says of each use case: exactly this line, no more and no less.

use coffer_core::{
    Act, DefaultInstrument, Protected, PutCustomer, Walk, Who,
    store::{Order, Store},
};
use coffer_types::Pan;
use serde_json::{Value, json};

use crate::support::{
    AMEX, VISA, World, act, act_of_two, at, card, instrument_of, no_own, run, run_in_steps,
};

/// The line that must be the last one, but for its position.
fn assert_last(world: &World, before: usize, expected: &Value) {
    let lines = world.lines();
    assert_eq!(lines.len(), before + 1, "one act, one line");
    let mut line = lines.last().unwrap().clone();
    assert!(line.as_object_mut().unwrap().remove("position").is_some_and(|position| position.is_u64()));
    assert_eq!(&line, expected);
}

/// What every line about a caller of tenant 1 begins with.
fn line(action: &str, object: u64) -> Value {
    json!({
        "at": at(5).millis(), "outcome": "done", "action": action, "tenant": 1, "actor": "key of one",
        "origin": "192.0.2.7", "request": "0000000000c0ffee0000000007", "object": object,
    })
}

#[test]
fn every_use_case_tells_who_did_what_to_which_record() {
    let world = World::new();
    world.clock.raise_to(at(5));
    let count = || world.lines().len();
    let mut before = count();
    let token = world.create(&act(), &card(VISA, Some("123"), "Ada"));
    let number = world.number(&token).get();
    assert_last(&world, before, &line("token.create", number));

    before = count();
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    let instrument = world.vault.locate_instrument(&seen.locator).unwrap().1;
    let mut exchanged = line("token.exchange", number);
    exchanged["result"] = json!(instrument.get());
    assert_last(&world, before, &exchanged);

    let again = world.create(&act(), &card(VISA, None, "Ada"));
    before = count();
    world.exchange(&act(), &again, "customer").unwrap();
    let mut updated = line("token.exchange", world.number(&again).get());
    updated["result"] = json!(instrument.get());
    assert_last(&world, before, &updated);

    let third = world.create(&act(), &card(AMEX, None, "Ada"));
    before = count();
    world.redeem(&third).unwrap();
    assert_last(&world, before, &line("token.redeem", world.number(&third).get()));

    before = count();
    run(world.vault.reveal(&act(), instrument, "why")).unwrap();
    let mut revealed = line("instrument.reveal", instrument.get());
    revealed["reason"] = json!("why");
    assert_last(&world, before, &revealed);
}

#[test]
fn every_act_on_instruments_and_customers_tells_its_records() {
    let world = World::new();
    world.clock.raise_to(at(5));
    let count = || world.lines().len();
    let protected = || Protected::Card(Pan::parse(VISA).unwrap());
    for _ in 0..2 {
        let before = count();
        let (seen, _) = world.keep(&act(), &instrument_of(protected(), "Ada"), "customer").unwrap();
        let number = world.instrument_number(&seen.locator).get();
        assert_last(&world, before, &line("instrument.keep", number));
    }
    let id = world.walk(&act(), Walk::default())[0].locator;
    let number = world.instrument_number(&id).get();

    let mut before = count();
    world.update(&act(), &id, None, "Grace").unwrap();
    assert_last(&world, before, &line("instrument.update", number));
    let token = world.create(&act(), &card(AMEX, None, "Ada"));
    before = count();
    world.update(&act(), &id, Some(&token), "Grace").unwrap();
    let mut updated = line("instrument.update", world.number(&token).get());
    updated["result"] = json!(number);
    assert_last(&world, before, &updated);

    let put = |default| {
        let own = |_: &_| unreachable!("the id is given");
        let put =
            PutCustomer { id: Some("customer"), name: &own, contact: Who::Said(None), own: None, default };
        run(world.vault.put_customer(&act(), &put, |_, _| ())).unwrap();
        run(world.model.newest_number()).unwrap().unwrap().get()
    };
    before = count();
    let customer = put(DefaultInstrument::None);
    assert_last(&world, before, &line("customer.create", customer));
    before = count();
    put(DefaultInstrument::Instrument(&id));
    assert_last(&world, before, &line("customer.update", customer));

    let token = world.create(&act(), &card(AMEX, None, "Ada"));
    before = count();
    put(DefaultInstrument::Token { token: &token, own: &no_own });
    let mut lines = world.lines().split_off(before);
    let mut exchanged = line("token.exchange", world.number(&token).get());
    exchanged["result"] = json!(number);
    let positions = lines.iter_mut().map(|line| line.as_object_mut().unwrap().remove("position").unwrap());
    let positions: Vec<_> = positions.collect();
    assert_eq!(positions[0], positions[1], "one unit, two acts");
    assert_eq!(lines, [exchanged, line("customer.update", customer)]);

    before = count();
    world.deactivate(&act(), &id).unwrap();
    assert_last(&world, before, &line("instrument.deactivate", number));
}

#[test]
fn another_tenant_and_an_unknown_address_are_told_as_they_are() {
    let world = World::new();
    let before = world.lines().len();
    let token = world.create(&Act { origin: None, ..act_of_two() }, &card(VISA, None, "Ada"));
    let mut expected = line("token.create", world.number(&token).get());
    expected["at"] = json!(at(0).millis());
    expected["tenant"] = json!(2);
    expected["actor"] = json!("key of two");
    expected.as_object_mut().unwrap().remove("origin");
    assert_last(&world, before, &expected);
}

#[test]
fn reads_and_refused_acts_tell_nothing() {
    let world = World::new();
    let token = world.create(&act(), &card(VISA, None, "Ada"));
    let (seen, _) = world.exchange(&act(), &token, "customer").unwrap();
    let before = world.lines();
    run(world.vault.read_token(act().tenant, &token)).unwrap();
    run(world.vault.read_instrument(act().tenant, &seen.locator)).unwrap();
    run(world.vault.read_customer(act().tenant, "customer")).unwrap();
    run_in_steps(world.vault.list_tokens(act().tenant, 0, 9).next()).unwrap();
    run_in_steps(world.vault.list_instruments(act().tenant, 0, 9, Order::NewestFirst).next()).unwrap();
    assert_eq!(world.walk(&act(), Walk::default()).len(), 1);
    run(world.vault.clock_offset()).unwrap();
    run(world.vault.sweep()).unwrap();
    world.redeem(&token).unwrap_err();
    world.exchange(&act(), &token, "customer").unwrap_err();
    world.update(&act(), &seen.locator, Some(&token), "Ada").unwrap_err();
    world.deactivate(&act_of_two(), &seen.locator).unwrap_err();
    world.keep(&act(), &instrument_of(Protected::Nothing, "Ada"), "customer").unwrap_err();
    assert_eq!(world.lines(), before);
}

#[test]
fn a_start_tells_of_its_keys_and_of_itself() {
    let lines: Vec<Value> = World::new().lines();
    let key = |position: u64, tenant: Option<u32>, purpose: u8| {
        let mut line = json!({
            "position": position, "at": at(0).millis(), "outcome": "done", "action": "key.create",
            "actor": "system", "reason": format!("purpose {purpose} version 1"),
        });
        if let Some(tenant) = tenant {
            line["tenant"] = json!(tenant);
        }
        line
    };
    // The KEK, the record of the root, locator, ring and export; then short-lived data, durable data, fingerprint and
    // index of each tenant.
    let deployment = [1, 11, 6, 7, 8].map(|purpose| (None, purpose));
    let tenants = [1, 2].into_iter().flat_map(|tenant| [2, 3, 4, 5].map(|purpose| (Some(tenant), purpose)));
    let keys = deployment.into_iter().chain(tenants);
    let mut expected: Vec<Value> =
        (1..).zip(keys).map(|(position, (tenant, purpose))| key(position, tenant, purpose)).collect();
    // The names of the two tenants take a position each, and tell nothing.
    expected.push(json!({
        "position": expected.len() + 3, "at": at(0).millis(), "outcome": "done", "action": "vault.start",
        "actor": "system",
    }));
    assert_eq!(lines, expected);
}

#[test]
fn the_moved_clock_is_told() {
    let world = World::new();
    let before = world.lines().len();
    run(world.vault.advance_clock(60)).unwrap();
    let line = json!({
        "at": at(0).millis(), "outcome": "done", "action": "sandbox.clock", "actor": "system",
        "reason": "60 seconds forward",
    });
    assert_last(&world, before, &line);
}

#[test]
fn a_jwt_is_told_by_its_name_and_by_the_hash_of_whom_it_is_for() {
    let world = World::new();
    let before = world.lines().len();
    let by_jwt = Act { subject: Some("0f0f".into()), token: Some("jti-1".into()), ..act() };
    let token = world.create(&by_jwt, &card(VISA, None, "Ada"));
    let mut expected = line("token.create", world.number(&token).get());
    expected["at"] = json!(at(0).millis());
    (expected["subject"], expected["token"]) = (json!("0f0f"), json!("jti-1"));
    assert_last(&world, before, &expected);
}
