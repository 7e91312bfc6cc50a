//! What makes a request the same, what of its answer is kept, and for how long.

use serde_json::{Value, json};

use crate::{
    asked::{Asked, Told, named},
    calls::{
        API, FOREIGN, KEY, SECOND, Shop, TERMINAL, assert_refused, bearer, card, flat, fresh_key, pad,
        redeem, secure, text, with,
    },
    support::{self, Answer, Node},
};

/// Seconds of seven days, of half an hour, and of a minute.
const WEEK: u64 = 604_800;
const MINUTE: u64 = 60;

/// Fails unless the key is taken by another request.
#[track_caller]
fn assert_taken(told: &Told) {
    assert!(told.status == 409 && told.text.contains("#idempotency-key-in-use"), "{}", told.text);
    assert_eq!(told.json()["detail"], "The Idempotency-Key was used for another request");
}

/// One of every kind, answered: what is made first is what the others need.
fn every_kind(shop: &mut Shop) -> Vec<Asked> {
    let id = text(&shop.secure(&named("mine")), "secureTokenId");
    let (one, two, three) = (shop.token(), shop.token(), shop.token());
    let mut all = vec![
        Asked::single_use(7, "Jane"),
        Asked::secure("Jane"),
        Asked::secure_of(&one, "Jane"),
        Asked::patch(&id),
        Asked::update_account(&id, &two),
        Asked::session(),
        Asked::payment(&flat(&three), "one"),
    ];
    for asked in &mut all {
        let told = asked.ask(&mut shop.client, &shop.bearer);
        assert_eq!(told.status, asked.success(), "{}", told.text);
    }
    all
}

#[test]
fn the_same_request_is_told_the_same_and_another_is_refused() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut shop = Shop::of(&node);
    let all = every_kind(&mut shop);
    for asked in &all {
        let told = asked.told.as_ref().unwrap();
        let again = asked.send(&mut shop.client, &shop.bearer).unwrap();
        assert_eq!(again, *told, "{:?}", asked.kind);
        // The key in capitals, and a body that is written in another way.
        let mut capital = asked.clone();
        capital.key = asked.key.to_uppercase();
        assert_eq!(capital.send(&mut shop.client, &shop.bearer).unwrap(), *told);
        let written =
            format!(" {} ", serde_json::to_string_pretty(&asked.body).unwrap()).replace("Jane", "\\u004aane");
        let headers =
            [("Content-Type", "application/json; charset=utf-8"), ("Idempotency-Key", asked.key.as_str())];
        let answer = shop.send(asked.method, &asked.path, &headers, written.as_bytes());
        assert_eq!(Told::of(&answer), *told, "{:?}", asked.kind);

        let mut other = asked.body.clone();
        match &mut other {
            Value::Array(operations) => operations.push(operations[0].clone()),
            object => object["unknown"] = Value::Null,
        }
        assert_taken(&asked.send_body(&mut shop.client, &shop.bearer, &other).unwrap());
        for broken in [&b"{"[..], b"", b"[]"] {
            let answer = shop.send(asked.method, &asked.path, &headers, broken);
            assert_refused(&answer, 409, "idempotency-key-in-use");
        }
        // Another terminal of the merchant, another name, another call.
        for (method, path) in [
            (asked.method, asked.path.replace(TERMINAL, SECOND)),
            (asked.method, format!("{}?a=b", asked.path)),
            ("POST", format!("{API}/bank-transfer-payments")),
            ("POST", shop.path("secure-tokens/other/update-account")),
        ] {
            // A payment has no terminal in its path.
            if path != asked.path {
                let other = Asked { method, path, ..asked.clone() };
                assert_taken(&other.send(&mut shop.client, &shop.bearer).unwrap());
            }
        }
    }
    // One key for all of a merchant: each of them is another's.
    for (one, other) in all.iter().zip(all.iter().skip(1)) {
        let mixed = Asked { key: other.key.clone(), ..one.clone() };
        assert_taken(&mixed.send(&mut shop.client, &shop.bearer).unwrap());
    }
    node.kill();
    let node = Node::sandbox(home.path());
    let mut client = node.client();
    for asked in &all {
        let again = asked.send(&mut client, &shop.bearer).unwrap();
        assert_eq!(Some(again), asked.told, "{:?}", asked.kind);
    }
}

#[test]
fn whatever_became_of_what_was_made_the_answer_stays() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut shop = Shop::of(&node);
    let all = every_kind(&mut shop);
    let single = all[0].made("token");
    assert_eq!(redeem(&node, &single).status, 200);
    for asked in &all[1..3] {
        assert_eq!(shop.delete(&asked.made("secureTokenId")).status, 204);
    }
    assert_eq!(shop.delete("mine").status, 204);
    for asked in &all {
        let again = asked.send(&mut shop.client, &shop.bearer).unwrap();
        assert_eq!(Some(again), asked.told, "{:?}", asked.kind);
    }
    assert_eq!(redeem(&node, &single).status, 404, "the answer is told, the token is not back");
}

#[test]
fn an_answer_is_kept_for_seven_days() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut shop = Shop::of(&node);
    let (key, body) = (fresh_key(), secure("week", &card()));
    let path = shop.path("secure-tokens");
    let mut all = every_kind(&mut shop);
    let named = shop.keyed("POST", &path, &key, &body);
    assert_eq!(named.status, 201);
    node.advance(WEEK - MINUTE);
    let mut shop = Shop::of(&node);
    for asked in &all {
        assert_eq!(asked.send(&mut shop.client, &shop.bearer), asked.told, "{:?}", asked.kind);
    }
    assert_eq!(shop.keyed("POST", &path, &key, &body).text(), named.text());
    node.advance(2 * MINUTE);
    let mut shop = Shop::of(&node);
    // The key is free: the request is a new one, and is looked at anew.
    for asked in &mut all {
        let before = asked.told.take();
        let told = asked.ask(&mut shop.client, &shop.bearer);
        let uses_token = asked.body.to_string().contains("singleUseToken");
        assert_eq!(told.status, if uses_token { 400 } else { asked.success() }, "{}", told.text);
        assert_ne!(Some(&told), before.as_ref());
        assert_eq!(asked.send(&mut shop.client, &shop.bearer), asked.told, "and is kept anew");
    }
    assert_refused(&shop.keyed("POST", &path, &key, &body), 409, "resource-already-exists");
}

#[test]
fn a_key_that_is_free_again_takes_another_request() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut shop = Shop::of(&node);
    let mut asked = Asked::single_use(1, "Jane");
    asked.ask(&mut shop.client, &shop.bearer);
    let other = Asked { key: asked.key.clone(), ..Asked::session() };
    assert_taken(&other.send(&mut shop.client, &shop.bearer).unwrap());
    node.advance(WEEK);
    let mut shop = Shop::of(&node);
    assert_eq!(other.send(&mut shop.client, &shop.bearer).unwrap().status, 201);
    assert_taken(&asked.send(&mut shop.client, &shop.bearer).unwrap());
}

#[test]
fn sensitive_data_is_compared_as_long_as_it_may_be_known() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut shop = Shop::of(&node);
    let mut asked = Asked::single_use(123, "Jane");
    let told = asked.ask(&mut shop.client, &shop.bearer);
    let cvv = "/source/cardDetails/keyedData/cvv";
    let (other_code, other_number) = (
        with(&asked.body, cvv, json!("124")),
        with(&asked.body, "/source/cardDetails/keyedData/cardNumber", json!("4539858876047062")),
    );
    let mut no_code = asked.body.clone();
    no_code["source"]["cardDetails"]["keyedData"].as_object_mut().unwrap().remove("cvv");
    let plain = json!({"model": "paxA920", "serialNumber": "1850010868"});
    let track = |track: &str| {
        json!({"channel": "pos", "source": {"type": "card", "cardDetails": {"entryMethod": "swiped",
            "swipedData": {"dataFormat": "plainText", "device": plain, "trackData": track}}}})
    };
    let mut swiped = Asked::single_use(1, "Jane");
    swiped.body = track(";4539858876047062=30121010000000001?");
    let swiped_told = swiped.ask(&mut shop.client, &shop.bearer);
    assert_eq!(swiped_told.status, 201, "{}", swiped_told.text);
    let other_track = track(";4539858876047062=30121010000000002?");

    node.advance(29 * MINUTE);
    assert_eq!(asked.send(&mut shop.client, &shop.bearer).unwrap(), told);
    for other in [&other_code, &no_code, &other_number] {
        assert_taken(&asked.send_body(&mut shop.client, &shop.bearer, other).unwrap());
    }
    assert_taken(&swiped.send_body(&mut shop.client, &shop.bearer, &other_track).unwrap());
    node.advance(2 * MINUTE);
    // Nobody knows the code any more; everything else is still compared, also whether there was one.
    assert_eq!(asked.send(&mut shop.client, &shop.bearer).unwrap(), told);
    assert_eq!(asked.send_body(&mut shop.client, &shop.bearer, &other_code).unwrap(), told);
    assert_eq!(swiped.send_body(&mut shop.client, &shop.bearer, &other_track).unwrap(), swiped_told);
    for other in [&no_code, &other_number] {
        assert_taken(&asked.send_body(&mut shop.client, &shop.bearer, other).unwrap());
    }
    node.kill();
    let node = Node::sandbox(home.path());
    let mut client = node.client();
    assert_eq!(asked.send_body(&mut client, &shop.bearer, &other_code).unwrap(), told);
    assert_taken(&asked.send_body(&mut client, &shop.bearer, &no_code).unwrap());
}

#[test]
fn refusals_of_the_request_are_kept() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let mut shop = Shop::of(&node);
    shop.secure(&secure("taken", &card()));
    shop.secure(&with(&named("tested"), "/mitAgreement", json!("unscheduled")));
    let token = shop.token();
    let secures = shop.path("secure-tokens");
    let singles = shop.path("single-use-tokens");
    let (tested, unknown) = (shop.secure_path("tested"), shop.secure_path("later"));
    let test = json!([{"op": "test", "path": "/mitAgreement", "value": "recurring"}]);
    let encrypted = json!({"type": "card", "cardDetails": {"entryMethod": "icc", "iccData": "5F2A0208409F02060000",
        "device": {"model": "paxA920", "serialNumber": "1", "dataKsn": "FFFF9876543210E00001"}}});
    let refused: Vec<(&str, &str, Value, u16)> = vec![
        ("POST", &singles, json!({"channel": "mail"}), 400),
        ("POST", &singles, json!([]), 400),
        ("POST", &secures, json!({"source": flat(&"ab".repeat(64))}), 400),
        ("POST", &secures, json!({"source": encrypted}), 400),
        ("POST", &secures, secure("taken", &flat(&token)), 409),
        ("PATCH", &tested, test.clone(), 409),
        ("PATCH", &tested, json!([{"op": "replace", "path": "/status", "value": "x"}]), 400),
        ("PATCH", &unknown, json!([]), 404),
    ];
    let keyed: Vec<(String, Answer)> = refused
        .iter()
        .map(|(method, path, body, status)| {
            let key = fresh_key();
            let answer = shop.keyed(method, path, &key, body);
            assert_eq!(answer.status, *status, "{method} {path} {body}: {}", answer.text());
            (key, answer)
        })
        .collect();
    // Text that is no JSON at all is kept as well, and told apart.
    let (headers, broken) =
        ([("Content-Type", "application/json"), ("Idempotency-Key", &fresh_key())], b"{\"a\":");
    let first = shop.send("POST", &singles, &headers, broken);
    assert_refused(&first, 400, "bad-request");
    assert_eq!(shop.send("POST", &singles, &headers, broken).text(), first.text());
    assert_refused(&shop.send("POST", &singles, &headers, b"{\"b\":"), 409, "idempotency-key-in-use");

    // What they were refused for is no more, and the answer is the same.
    shop.secure(&secure("later", &card()));
    assert_eq!(shop.delete("taken").status, 204);
    let agreed = json!([{"op": "replace", "path": "/mitAgreement", "value": "recurring"}]);
    assert_eq!(shop.patch("tested", &agreed).status, 200);
    for ((method, path, body, _), (key, before)) in refused.iter().zip(&keyed) {
        let again = shop.keyed(method, path, key, body);
        assert_eq!(Told::of(&again), Told::of(before));
        let corrected = shop.keyed(method, path, key, &json!({"channel": "web", "source": card()}));
        assert_refused(&corrected, 409, "idempotency-key-in-use");
    }
    assert_eq!(shop.keyed("PATCH", &tested, &fresh_key(), &test).status, 200, "a new key is asked anew");
    assert_eq!(redeem(&node, &token).status, 200, "a refused request uses nothing up");
}

#[test]
fn refusals_of_the_caller_and_of_the_form_are_not_kept() {
    let home = support::home();
    let node = Node::sandbox(home.path());
    let shop = Shop::of(&node);
    let (key, body) = (fresh_key(), json!({"channel": "web", "source": pad()}).to_string());
    let path = shop.path("single-use-tokens");
    let shown = format!("Bearer {}", shop.bearer);
    let (authorized, keyed) = (("Authorization", shown.as_str()), ("Idempotency-Key", key.as_str()));
    let json = ("Content-Type", "application/json");
    let other = format!("Bearer {}", bearer(&node, "sandbox-other"));
    let foreign = format!("{API}/processing-terminals/{FOREIGN}/single-use-tokens");
    let send =
        |headers: &[(&str, &str)], path: &str| node.client().call("POST", path, headers, body.as_bytes());
    for (answer, status, kind) in [
        (send(&[json, keyed], &path), 401, "not-authorized"),
        (send(&[("Authorization", "Bearer nobody"), json, keyed], &path), 401, "not-authorized"),
        (send(&[authorized, json, keyed], &foreign), 403, "forbidden"),
        (send(&[("Authorization", &other), json, keyed], &path), 403, "forbidden"),
        (send(&[authorized, ("Content-Type", "text/plain"), keyed], &path), 415, "unsupported-media-type"),
        (send(&[authorized, keyed], &path), 415, "unsupported-media-type"),
        (send(&[authorized, json, keyed, ("Accept", "text/html")], &path), 406, "not-acceptable"),
        (send(&[authorized, json], &path), 400, "idempotency-key-missing"),
    ] {
        assert_refused(&answer, status, kind);
    }
    let large = node.client().announce("POST", &path, &[authorized, json, keyed], 2 << 20).unwrap();
    assert_refused(&large, 413, "payload-too-large");
    let answer = send(&[authorized, json, keyed], &path);
    assert_eq!(answer.status, 201, "none of it bound the key: {}", answer.text());
    // And a caller that may not ask is not told what was answered.
    for (answer, status) in [
        (send(&[json, keyed], &path), 401),
        (send(&[("Authorization", &other), json, keyed], &path), 403),
        (send(&[authorized, json, keyed, ("Accept", "text/html")], &path), 406),
    ] {
        assert_eq!(answer.status, status);
        assert!(!answer.text().contains("\"token\""));
    }
    // A key is its merchant's: the other one has its own.
    let own = send(&[("Authorization", &other), json, keyed], &foreign);
    assert_eq!(own.status, 201);
    assert_ne!(own.json()["token"], answer.json()["token"]);
    // Both API keys of a merchant, and every bearer token of one, are the same caller.
    node.advance(30 * MINUTE);
    let renewed = format!("Bearer {}", bearer(&node, KEY));
    let again = send(&[("Authorization", &renewed), json, keyed], &path);
    assert_eq!(Told::of(&again), Told::of(&answer));
}
