//! `credentialOnFile`: an approved payment makes a secure token here, and the upstream makes none.

use serde_json::{Value, json};

use super::{
    bodies::{approval, payment, payment_result, problem, result_of, secure_method, transfer, with_token},
    goes_on::{PAYMENTS, TRANSFERS, reader_details, reader_source},
    place::{Place, shop},
    upstream::{Gate, Say},
};
use crate::calls::{
    Shop, TERMINAL, ach, assert_names, assert_refused, card, flat, fresh_key, pad, path_of, secure, text,
    with,
};

/// The same payment, of which something is to be kept.
fn keeping(asked: &Value, on_file: Value) -> Value {
    with(asked, "/credentialOnFile", on_file)
}

fn on_file(id: &str) -> Value {
    json!({"tokenize": true, "secureTokenId": id, "mitAgreement": "recurring", "strange": 1})
}

fn is_there(shop: &mut Shop, id: &str) -> bool {
    let path = shop.secure_path(id);
    let answer = shop.get(&path);
    assert!(matches!(answer.status, 200 | 404), "{}", answer.text());
    answer.status == 200
}

#[test]
fn an_approved_payment_makes_a_secure_token() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let account = text(&shop.single_use(&pad()), "token");
    let customer = json!({"firstName": "Sarah", "lastName": "Hopper"});
    for (id, path, asked, member) in [
        ("of-a-token", PAYMENTS, with_token(&shop.token()), "card"),
        ("of-a-card", PAYMENTS, payment(&card()), "card"),
        ("of-a-chip", PAYMENTS, payment(&reader_source(&reader_details()[0])), "card"),
        ("of-an-account", TRANSFERS, transfer(&flat(&account)), "bankAccount"),
        ("of-ach", TRANSFERS, transfer(&ach()), "bankAccount"),
    ] {
        let before = place.upstream.arrived().len();
        let (key, asked) = (fresh_key(), keeping(&with(&asked, "/customer", customer.clone()), on_file(id)));
        let answer = shop.keyed("POST", path, &key, &asked);
        assert_eq!(answer.status, 201, "{id}: {}", answer.text());
        let arrived = place.upstream.arrived();
        let told = &arrived[before].json()["credentialOnFile"];
        assert_eq!(*told, json!({"mitAgreement": "recurring", "strange": 1, "externalVault": true}), "{id}");
        // The answer is the upstream's, with the token.
        let body = answer.json();
        let summary = body[member]["secureToken"].clone();
        let mut plain = body.clone();
        plain[member].as_object_mut().unwrap().remove("secureToken");
        assert_eq!(plain, approval(&arrived[before]));
        assert_eq!(text(&summary, "secureTokenId"), id);
        assert_eq!(text(&summary, "customerName"), "Sarah Hopper");
        let read = shop.get(path_of(&text(&summary["link"], "href")));
        assert_eq!(read.status, 200, "{}", read.text());
        let read = read.json();
        assert_eq!((&read["token"], &read["status"]), (&summary["token"], &summary["status"]));
        assert_eq!(read["processingTerminalId"], TERMINAL);
        assert_eq!((&read["mitAgreement"], &read["customer"]), (&json!("recurring"), &customer));
        // Who asks again is shown the same token, and no second one is made.
        let again = shop.keyed("POST", path, &key, &asked);
        assert_eq!((again.status, again.text()), (201, answer.text()));
        assert_eq!(place.upstream.arrived().len(), before + 1);
    }
    let path = shop.path("secure-tokens?limit=100");
    assert_eq!(shop.get(&path).json()["count"], 5);
    // What was made can be paid with.
    let digits = text(&shop.read("of-a-token"), "token");
    assert_eq!(shop.keyed("POST", PAYMENTS, &fresh_key(), &payment(&secure_method(&digits))).status, 201);
    let mut arrived = place.upstream.arrived();
    let method = &arrived.pop().unwrap().json()["paymentMethod"];
    assert_eq!(method["cardDetails"]["keyedData"]["cardNumber"], crate::calls::PAN);
    assert!(method["cardDetails"]["keyedData"].get("cvv").is_none());
}

#[test]
fn a_token_that_nobody_named_is_given_a_name() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let asked = keeping(&with_token(&shop.token()), json!({"tokenize": true}));
    let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
    let id = text(&answer.json()["card"]["secureToken"], "secureTokenId");
    assert!(id.starts_with("MREF_") && is_there(&mut shop, &id), "{id}");
}

#[test]
fn nothing_is_kept_of_what_was_not_approved() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let card_result = |result| Say::Json(201, payment_result(result));
    for (say, status, made) in [
        (card_result(("D", "declined", "05")), 201, false),
        (card_result(("E", "declined", "91")), 201, false),
        (card_result(("R", "referral", "01")), 201, false),
        (card_result(("C", "pickup", "43")), 201, false),
        (card_result(("P", "ready", "10")), 201, true),
        (Say::Json(400, problem(400, "bad-request", "Bad request")), 400, false),
        (Say::Json(503, json!({})), 500, false),
    ] {
        let id = format!("kept-{}", fresh_key());
        let asked = keeping(&with_token(&shop.token()), on_file(&id));
        place.upstream.says(say);
        let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(is_there(&mut shop, &id), made, "{}", answer.text());
        assert_eq!(answer.json()["card"].get("secureToken").is_some(), made);
        // A name that was not used is free.
        let again = shop.post("secure-tokens", &secure(&id, &card()));
        assert_eq!(again.status == 201, !made, "{}", again.text());
    }
    // Nor is anything without a word of it.
    for on_file in
        [json!({"tokenize": false, "secureTokenId": "unwanted"}), json!({"secureTokenId": "unwanted"})]
    {
        let asked = keeping(&with_token(&shop.token()), on_file.clone());
        let before = place.upstream.arrived().len();
        assert_eq!(shop.keyed("POST", PAYMENTS, &fresh_key(), &asked).status, 201);
        assert!(!is_there(&mut shop, "unwanted"));
        assert_eq!(place.upstream.arrived()[before].json()["credentialOnFile"], on_file, "as it came");
    }
}

#[test]
fn a_name_that_is_taken_stops_the_payment_before_it_begins() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    shop.secure(&secure("taken", &card()));
    shop.secure(&secure("burned", &card()));
    assert_eq!(shop.delete("burned").status, 204);
    let token = shop.token();
    for id in ["taken", "burned"] {
        let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &keeping(&with_token(&token), on_file(id)));
        assert_refused(&answer, 409, "resource-already-exists");
        let href = format!("http://{}{}", node.clients, shop.secure_path(id));
        assert_eq!(answer.json()["instance"], href);
    }
    assert!(place.upstream.arrived().is_empty());
    let asked = keeping(&with_token(&token), on_file("free"));
    assert_eq!(shop.keyed("POST", PAYMENTS, &fresh_key(), &asked).status, 201, "the token was not used up");
}

#[test]
fn a_name_that_is_taken_meanwhile_costs_the_secure_token_alone() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let gate = Gate::default();
    let approved = payment_result(("A", "ready", "00"));
    place.upstream.says(Say::After(gate.clone(), Box::new(Say::Json(201, approved.clone()))));
    let (key, asked) = (fresh_key(), keeping(&with_token(&shop.token()), on_file("raced")));
    let answer = std::thread::scope(|scope| {
        let (node, key, asked) = (&node, &key, &asked);
        let paying = scope.spawn(move || super::place::shop(node).keyed("POST", PAYMENTS, key, asked));
        place.upstream.wait_for(1);
        shop.secure(&secure("raced", &ach()));
        gate.open();
        paying.join().unwrap()
    });
    assert_eq!((answer.status, answer.json()), (201, approved), "the payment was made, and nothing was kept");
    assert_eq!(shop.read("raced")["source"]["type"], "ach");
    let again = shop.keyed("POST", PAYMENTS, &key, &asked);
    assert_eq!((again.status, again.text()), (201, answer.text()));
}

#[test]
fn what_cannot_be_opened_cannot_be_kept() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let wallet = json!({"type": "digitalWallet", "serviceProvider": "apple", "encryptedData": "YmxvY2s"});
    for method in [wallet, reader_source(&reader_details()[1])] {
        let asked = keeping(&payment(&method), on_file("another"));
        let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
        assert_refused(&answer, 400, "capabilities-missing");
        assert_eq!(answer.json()["errors"][0]["parameter"], "credentialOnFile.tokenize");
        assert!(!is_there(&mut shop, "another"), "{method}");
        let asked = keeping(&payment(&method), json!({"tokenize": false, "mitAgreement": "recurring"}));
        assert_eq!(shop.keyed("POST", PAYMENTS, &fresh_key(), &asked).status, 201);
    }
    let sent = place.upstream.arrived();
    assert_eq!(sent.len(), 2, "what is refused is not sent");
    for one in sent {
        assert_eq!(one.json()["credentialOnFile"]["tokenize"], false);
    }
}

#[test]
fn a_secure_token_is_not_kept_again() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let digits = text(&shop.secure(&secure("one", &card())), "token");
    let asked = keeping(&payment(&secure_method(&digits)), on_file("another"));
    let answer = shop.keyed("POST", PAYMENTS, &fresh_key(), &asked);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(!is_there(&mut shop, "another"));
}

#[test]
fn a_declined_transfer_keeps_nothing() {
    let place = Place::new();
    let node = place.start();
    let mut shop = shop(&node);
    let token = text(&shop.single_use(&ach()), "token");
    let asked = keeping(&transfer(&flat(&token)), on_file("of-ach"));
    let as_arrived =
        super::upstream::Arrived { line: format!("POST {TRANSFERS}"), headers: Vec::new(), body: Vec::new() };
    place.upstream.says(Say::Json(201, result_of(&as_arrived, ("D", "declined", "R01"))));
    let answer = shop.keyed("POST", TRANSFERS, &fresh_key(), &asked);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(!is_there(&mut shop, "of-ach"));
    let again = shop.keyed("POST", TRANSFERS, &fresh_key(), &transfer(&flat(&token)));
    assert_names(&again, "paymentMethod.token");
}
