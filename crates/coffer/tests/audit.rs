//! What the audit log says of each act is on disk when the act's answer has left: the process is killed at once, and
//! the log is read from what it left behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::path::Path;

use coffer_core::Clock;
use serde_json::{Value, json};
use support::{ADMIN, Answer, Client, Node, PUBLISHABLE, REDEEM, SECRET, log::Log};

#[test]
fn a_first_start_leaves_its_keys_and_itself() {
    let home = support::home();
    let facts = begin(home.path());
    let (last, keys) = facts.split_last().unwrap();
    assert_eq!(*last, json!({"action": "vault.start", "actor": "system", "outcome": "done"}));
    // docs/FORMAT.md: the purposes of a vault that has not changed its keys; data keys, fingerprint and index key
    // belong to a tenant, of which a sandbox
    // has four.
    let mut made = Vec::new();
    for key in keys {
        assert_eq!(
            (&key["action"], &key["actor"], &key["outcome"]),
            (&json!("key.create"), &json!("system"), &json!("done"))
        );
        made.push((key["reason"].as_str().unwrap().to_owned(), key.get("tenant").and_then(Value::as_u64)));
    }
    made.sort_unstable();
    let tenants =
        |purpose: u8| if (2..=5).contains(&purpose) { (1..=4).map(Some).collect() } else { vec![None] };
    let of = |purpose: u8| {
        let name = format!("purpose {purpose} version 1");
        tenants(purpose).into_iter().map(move |tenant| (name.clone(), tenant))
    };
    let mut expected: Vec<_> = (1..=8).chain([11]).flat_map(of).collect();
    expected.sort_unstable();
    assert_eq!(made, expected);
    let ((), facts) = left_by(home.path(), |_| ());
    assert!(facts.is_empty(), "a second start makes no key: {facts:?}");
}

#[test]
fn every_act_is_in_the_log_before_its_answer() {
    let home = support::home();
    begin(home.path());

    let (first, facts) = left_by(home.path(), |client| create(client, SECRET));
    let object = assert_created(&first, &facts, "sandbox secret key");
    let (answer, facts) = left_by(home.path(), |client| support::exchange(client, &id(&first), "cus"));
    assert_eq!(answer.status, 201);
    let result = facts[0]["result"].as_u64().expect("the instrument's number");
    let expected = |answer: &Answer, object: u64| {
        let done = done("token.exchange", "sandbox secret key", answer);
        with(&done, &json!({"object": object, "result": result}))
    };
    assert_eq!(facts, [expected(&answer, object)]);
    assert_ne!(object, result);
    let instrument = id(&answer);

    let (second, facts) = left_by(home.path(), |client| create(client, PUBLISHABLE));
    let object = assert_created(&second, &facts, "sandbox publishable key");
    let (answer, facts) = left_by(home.path(), |client| support::exchange(client, &id(&second), "cus"));
    assert_eq!(answer.status, 303, "the same card of the same customer");
    assert_eq!(facts, [expected(&answer, object)], "the instrument that was updated");

    let (third, facts) = left_by(home.path(), |client| create(client, SECRET));
    let object = assert_created(&third, &facts, "sandbox secret key");
    let (answer, facts) = left_by(home.path(), |client| support::redeem(client, &id(&third)));
    assert_eq!(answer.status, 200);
    let redeemed = done("token.redeem", "sandbox redeem key", &answer);
    assert_eq!(facts, [with(&redeemed, &json!({"object": object}))]);

    let reason = "chargeback 2026-77, \"second\" request";
    let (answer, facts) =
        left_by(home.path(), |client| reveal(client, &instrument, &json!({"reason": reason})));
    assert_eq!(answer.status, 200);
    let revealed = done("instrument.reveal", "sandbox redeem key", &answer);
    assert_eq!(facts, [with(&revealed, &json!({"object": result, "reason": reason}))]);

    let (answer, facts) =
        left_by(home.path(), |client| client.call("POST", "/sandbox/clock", &[], br#"{"advanceSeconds":5}"#));
    assert_eq!(answer.status, 200);
    assert_eq!(
        facts,
        [json!({
            "action": "sandbox.clock", "actor": "system", "outcome": "done", "reason": "5 seconds forward",
        })]
    );
}

/// A plain card for a customer, in the call itself.
fn plain(customer: &str) -> Value {
    let mut body = support::card();
    body["customerId"] = customer.into();
    let card = body["paymentInstrument"].take();
    body.as_object_mut().expect("an object").extend(card.as_object().expect("a card").clone());
    body.as_object_mut().expect("an object").remove("paymentInstrument");
    body
}

/// One call by the secret key; its answer and the facts that it left.
fn one(home: &Path, status: u16, (method, path): (&str, &str), body: &Value) -> (Answer, Vec<Value>) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (answer, facts) = left_by(home, |client| client.call(method, path, &[SECRET], body.as_bytes()));
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    (answer, facts)
}

#[test]
fn what_is_done_to_instruments_is_in_the_log_before_its_answer() {
    let home = support::home();
    begin(home.path());
    let actor = "sandbox secret key";
    let instruments = "/rebilly/payment-instruments";
    let (made, facts) = one(home.path(), 201, ("POST", instruments), &plain("cus"));
    let object = facts[0]["object"].as_u64().expect("the instrument's number");
    let fact = |action: &str, answer: &Answer| with(&done(action, actor, answer), &json!({"object": object}));
    assert_eq!(facts, [fact("instrument.keep", &made)]);
    let (again, facts) = one(home.path(), 303, ("POST", instruments), &plain("cus"));
    assert_eq!(facts, [fact("instrument.keep", &again)], "the instrument that was updated");

    let path = format!("{instruments}/{}", id(&made));
    let (changed, facts) = one(home.path(), 200, ("PATCH", &path), &json!({"useAsBackup": true}));
    assert_eq!(facts, [fact("instrument.update", &changed)]);
    let (token, facts) = left_by(home.path(), |client| create(client, SECRET));
    let token_object = assert_created(&token, &facts, actor);
    let (changed, facts) = one(home.path(), 200, ("PATCH", &path), &json!({"token": id(&token)}));
    let used = json!({"object": token_object, "result": object});
    assert_eq!(
        facts,
        [with(&done("instrument.update", actor, &changed), &used)],
        "the token and the instrument"
    );
    let (_, facts) = one(home.path(), 422, ("PATCH", &path), &json!({"token": id(&token)}));
    assert_eq!(facts.len(), 1, "{facts:?}");
    assert_eq!((&facts[0]["action"], &facts[0]["reason"]), (&json!("access.refused"), &json!("not-usable")));

    let end = format!("{path}/deactivation");
    let (ended, facts) = one(home.path(), 201, ("POST", &end), &Value::Null);
    assert_eq!(facts, [fact("instrument.deactivate", &ended)]);
    let (_, facts) = one(home.path(), 409, ("POST", &end), &Value::Null);
    assert!(facts.is_empty(), "{facts:?}");
    for path in [instruments, path.as_str(), "/rebilly/tokens", "/rebilly/payment-instruments?q=x"] {
        let (_, facts) = one(home.path(), 200, ("GET", path), &Value::Null);
        assert!(facts.is_empty(), "reads that show no clear data are not audited: {facts:?}");
    }
}

#[test]
fn what_is_done_to_customers_is_in_the_log_before_its_answer() {
    let home = support::home();
    begin(home.path());
    let actor = "sandbox secret key";
    let (first, facts) = one(home.path(), 201, ("PUT", "/rebilly/customers/cus"), &json!({}));
    let customer = facts[0]["object"].as_u64().expect("the customer's number");
    let fact =
        |action: &str, answer: &Answer| with(&done(action, actor, answer), &json!({"object": customer}));
    assert_eq!(facts, [fact("customer.create", &first)]);
    let (second, facts) = one(home.path(), 200, ("PUT", "/rebilly/customers/cus"), &json!({"locale": "de"}));
    assert_eq!(facts, [fact("customer.update", &second)]);

    let (token, facts) = left_by(home.path(), |client| create(client, SECRET));
    let object = assert_created(&token, &facts, actor);
    let body = json!({"paymentToken": id(&token)});
    let (third, facts) = one(home.path(), 200, ("PUT", "/rebilly/customers/cus"), &body);
    let instrument = facts[0]["result"].as_u64().expect("the instrument's number");
    let exchanged =
        with(&done("token.exchange", actor, &third), &json!({"object": object, "result": instrument}));
    assert_eq!(facts, [exchanged, fact("customer.update", &third)], "one unit, two facts");
    for body in [body, json!({"defaultPaymentInstrumentId": "inst_none"})] {
        let (_, facts) = one(home.path(), 422, ("PUT", "/rebilly/customers/cus"), &body);
        let refused = |fact: &Value| fact["action"] == "access.refused" && fact["reason"] == "not-usable";
        assert!(facts.iter().all(refused), "{facts:?}");
    }
    let (made, facts) = one(home.path(), 201, ("POST", "/rebilly/customers"), &json!({}));
    let other = facts[0]["object"].as_u64().expect("the customer's number");
    assert_ne!(other, customer);
    assert_eq!(facts, [with(&done("customer.create", actor, &made), &json!({"object": other}))]);
}

#[test]
fn a_jwts_issuer_is_named_and_of_a_customer_the_network_alone() {
    let home = support::home();
    begin(home.path());
    let jwt = |more: &[&str]| {
        let output = support::store::sandbox_jwt(home.path()).args(more).output().expect("it runs");
        format!("Bearer {}", String::from_utf8(output.stdout).expect("text").trim_end())
    };
    let (merchant, customer) = (jwt(&[]), jwt(&["--customer", "cus"]));
    let (token, facts) = left_by(home.path(), |client| create(client, ("Authorization", &merchant)));
    let object = assert_created(&token, &facts, "sandbox JWT");
    let path = "/rebilly/storefront/payment-instruments";
    let body = json!({"token": id(&token)}).to_string();
    let by = |header: &str| {
        left_by(home.path(), |client| {
            client.call("POST", path, &[("Authorization", header)], body.as_bytes())
        })
    };
    let (answer, facts) = by(&merchant);
    assert_eq!((answer.status, &facts[0]["actor"]), (403, &json!("sandbox JWT")));
    assert_eq!(facts[0]["origin"], "127.0.0.0", "of a refused caller the network alone");
    let (answer, facts) = by(&customer);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let result = facts[0]["result"].as_u64().expect("the instrument's number");
    let mut exchanged = done("token.exchange", "sandbox customer JWT", &answer);
    exchanged["origin"] = "127.0.0.0".into();
    assert_eq!(facts, [with(&exchanged, &json!({"object": object, "result": result}))]);
    let (answer, facts) = by("Bearer a.b.c");
    assert_eq!((answer.status, &facts[0]["actor"]), (401, &json!("unknown")));
}

#[test]
fn refused_callers_are_in_the_log_before_their_answer() {
    let home = support::home();
    begin(home.path());
    let body = support::card().to_string();
    let token = "/coffer/v1/tokens/any/redeem";
    let unknown = ("Authorization", "Bearer ck_unknown_key_of_nobody");
    for (path, credential, status, actor, reason) in [
        ("/rebilly/tokens", ("REB-APIKEY", "sk_unknown"), 401, "unknown", "unauthenticated"),
        ("/rebilly/tokens", ("X-Nothing", "shown"), 401, "unknown", "unauthenticated"),
        (token, unknown, 401, "unknown", "unauthenticated"),
        ("/rebilly/payment-instruments", PUBLISHABLE, 403, "sandbox publishable key", "forbidden"),
        ("/rebilly/organizations/org_other/tokens", SECRET, 403, "sandbox secret key", "forbidden"),
        (token, ADMIN, 403, "sandbox admin key", "forbidden"),
    ] {
        let call = |client: &mut Client| client.call("POST", path, &[credential], body.as_bytes());
        let (answer, facts) = left_by(home.path(), call);
        assert_eq!(answer.status, status, "{path}");
        let refused = json!({
            "action": "access.refused", "actor": actor, "outcome": "refused", "origin": "127.0.0.0", "reason": reason,
            "request": answer.header("x-request-id").expect("a request id"),
        });
        assert_eq!(facts, [refused], "{path} with {}", credential.1);
    }
}

#[test]
fn what_was_not_done_is_not_in_the_log() {
    let home = support::home();
    begin(home.path());
    let ((used, unused, instrument), _) = left_by(home.path(), |client| {
        let (redeemed, exchanged, unused) =
            (create(client, SECRET), create(client, SECRET), create(client, SECRET));
        assert_eq!(support::redeem(client, &id(&redeemed)).status, 200);
        let instrument = support::exchange(client, &id(&exchanged), "cus");
        ([id(&redeemed), id(&exchanged)], id(&unused), id(&instrument))
    });
    let (statuses, facts) = left_by(home.path(), |client| {
        let mut statuses = Vec::new();
        for token in &used {
            statuses.push(support::redeem(client, token).status);
            statuses.push(support::exchange(client, token, "cus").status);
        }
        statuses.push(support::redeem(client, "no-such-token").status);
        for body in [
            json!({}),
            json!({"reason": ""}),
            json!({"reason": "for 4111 1111 1111 1111"}),
            json!({"reason": 7}),
        ] {
            statuses.push(reveal(client, &instrument, &body).status);
        }
        statuses.push(reveal(client, "inst_NONE", &json!({"reason": "x"})).status);
        statuses.push(client.call("POST", "/rebilly/tokens", &[SECRET], b"{}").status);
        statuses.push(client.call("GET", &format!("/rebilly/tokens/{unused}"), &[SECRET], b"").status);
        statuses.push(
            client.call("GET", &format!("/rebilly/payment-instruments/{instrument}"), &[SECRET], b"").status,
        );
        statuses
    });
    assert_eq!(statuses, [404, 422, 404, 422, 404, 422, 422, 422, 422, 404, 422, 200, 200]);
    let refused = |fact: &Value| fact["action"] == "access.refused" && fact["reason"] == "not-usable";
    assert!(facts.iter().all(refused), "{facts:?}");
}

/// A thief who tries tokens is seen, and sees nothing: forged, used, unknown and malformed ones are one kind.
#[test]
fn tokens_that_cannot_be_used_are_counted_alike() {
    let home = support::home();
    begin(home.path());
    let (tokens, _) = left_by(home.path(), |client| {
        let used = id(&create(client, SECRET));
        support::exchange(client, &used, "cus");
        let (head, last) = used.split_at(used.len() - 1);
        let forged = format!("{head}{}", if last == "a" { "b" } else { "a" });
        [used, forged, "4f6cf35x-2c4y-483z-a0a9-158621f77a21".to_owned(), "x".to_owned()]
    });
    for token in tokens {
        let (answer, facts) = left_by(home.path(), |client| {
            let answer = support::exchange(client, &token, "cus");
            assert_eq!(
                support::exchange(client, &token, "cus").status,
                422,
                "counted, and not written again"
            );
            answer
        });
        assert_eq!(answer.status, 422, "{}", answer.text());
        let refused = json!({
            "action": "access.refused", "actor": "sandbox secret key", "outcome": "refused", "origin": "127.0.0.0",
            "reason": "not-usable", "request": answer.header("x-request-id").expect("a request id"),
        });
        assert_eq!(facts[0], refused);
        assert!(facts.len() <= 2 && facts[1..].iter().all(|fact| fact["count"] == 2), "{facts:?}");
    }
}

#[test]
fn refusals_of_one_minute_cause_one_write_and_one_record_of_their_number() {
    let first = json!({
        "action": "access.refused", "actor": "unknown", "outcome": "refused", "origin": "127.0.0.0",
        "reason": "unauthenticated",
    });
    let counted = with(&first, &json!({"count": 51}));

    let (home, node) = after_a_burst();
    node.kill();
    assert_eq!(
        refused(home.path()),
        std::slice::from_ref(&first),
        "noise is not written while its minute lasts"
    );

    let (home, mut node) = after_a_burst();
    assert!(node.stop());
    assert_eq!(refused(home.path()), [first.clone(), counted.clone()], "written at the end of the process");

    let (home, mut node) = after_a_burst();
    node.advance(60);
    assert_eq!(wrong_key(&mut node.client()), 401);
    assert!(node.stop());
    let mut found = refused(home.path());
    // The sweep and the next refusal may both be the one who writes the past minute down.
    found.sort_by_key(|fact| fact["count"].as_u64());
    assert_eq!(found, [first.clone(), first, counted], "written when its minute is over");
}

/// 51 refusals within one minute of the node's clock, begun at the start of a minute; a machine that needs longer
/// than the rest of the minute gets another try.
fn after_a_burst() -> (tempfile::TempDir, Node) {
    for _ in 0..5 {
        let home = support::home();
        let node = Node::sandbox(home.path());
        let mut client = node.client();
        let (_, seconds) = clock(&mut client);
        node.advance(61 - seconds);
        let (begun, _) = clock(&mut client);
        for _ in 0..51 {
            assert_eq!(wrong_key(&mut client), 401);
        }
        if clock(&mut client).0 == begun {
            return (home, node);
        }
    }
    panic!("51 refusals never fit into a minute");
}

/// Minute and second of the node's clock.
fn clock(client: &mut Client) -> (String, u64) {
    let now = client.call("GET", "/sandbox/clock", &[], b"").json()["now"].as_str().unwrap().to_owned();
    (now[..16].to_owned(), now[17..19].parse().unwrap())
}

fn wrong_key(client: &mut Client) -> u16 {
    client.call("GET", "/rebilly/tokens/x", &[("REB-APIKEY", "sk_unknown")], b"").status
}

fn refused(home: &Path) -> Vec<Value> {
    let facts = Log::of(home).of_action("access.refused").into_iter().map(without_place).collect::<Vec<_>>();
    let without_request = |mut fact: Value| {
        let request = fact.as_object_mut().expect("an object").remove("request");
        assert_eq!(request.is_some(), fact.get("count").is_none(), "one request or a number of them: {fact}");
        fact
    };
    facts.into_iter().map(without_request).collect()
}

/// The first start of a home, which makes its keys; gives the facts of it.
fn begin(home: &Path) -> Vec<Value> {
    Node::sandbox(home).kill();
    Log::of(home).facts.iter().map(without_place).collect()
}

/// Starts a node, acts, kills the node at once, and gives the facts of the act as they are on disk, without their
/// places and times.
fn left_by<T>(home: &Path, act: impl FnOnce(&mut Client) -> T) -> (T, Vec<Value>) {
    let before = Log::of(home).facts.len();
    let node = Node::sandbox(home);
    let mut client = node.client();
    let began = Clock::system().now().millis();
    let done = act(&mut client);
    node.kill();
    let ended = Clock::system().now().millis();
    let facts = Log::of(home).facts.split_off(before);
    let (start, facts) = facts.split_first().expect("a start");
    assert_eq!(start["action"], "vault.start");
    for fact in facts {
        let at = fact["at"].as_i64().expect("a time");
        // The node's clock may be ahead of ours by what the record numbers of a burst are ahead of it.
        assert!((began..=ended + 1_000).contains(&at), "{fact} is not between {began} and {ended}");
    }
    (done, facts.iter().map(without_place).collect())
}

fn without_place(fact: &Value) -> Value {
    let mut fact = fact.clone();
    let fields = fact.as_object_mut().expect("an object");
    assert!(fields.remove("at").is_some_and(|at| at.is_i64()));
    assert!(fields.remove("position").is_some_and(|position| position.is_u64()));
    fact
}

/// What every fact of a caller's act says.
fn done(action: &str, actor: &str, answer: &Answer) -> Value {
    // A publishable key is a shopper's: of that address, only the network.
    let origin = if actor == "sandbox publishable key" { "127.0.0.0" } else { "127.0.0.1" };
    json!({
        "action": action, "actor": actor, "outcome": "done", "tenant": 1, "origin": origin,
        "request": answer.header("x-request-id").expect("a request id"),
    })
}

fn with(fact: &Value, more: &Value) -> Value {
    let mut fact = fact.clone();
    fact.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fact
}

/// The fact of a create, and the number that it gives the new token.
fn assert_created(answer: &Answer, facts: &[Value], actor: &str) -> u64 {
    let object = facts.first().and_then(|fact| fact["object"].as_u64()).expect("the token's number");
    assert_eq!(facts, [with(&done("token.create", actor, answer), &json!({"object": object}))]);
    object
}

fn create(client: &mut Client, credential: (&str, &str)) -> Answer {
    let body = support::card().to_string();
    let answer = client.call("POST", "/rebilly/tokens", &[credential], body.as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer
}

fn reveal(client: &mut Client, instrument: &str, body: &Value) -> Answer {
    let path = format!("/coffer/v1/instruments/{instrument}/reveal");
    client.call("POST", &path, &[REDEEM], body.to_string().as_bytes())
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("an id").to_owned()
}
