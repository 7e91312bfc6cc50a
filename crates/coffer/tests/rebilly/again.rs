//! What is not said when an instrument is made: what was there stays, and a known customer's address is the default
//! (4.2, and the definition's words on `POST /customers`).

use serde_json::{Value, json};

use super::{
    calls::{post, with},
    instruments_update::without_hash,
    kinds::{assert_has, exchanged, id, instrument, keep, kinds, plain, token_id},
};
use crate::support::{Client, Node, SECRET, card, create, exchange, home};

#[test]
fn a_card_that_comes_again_without_an_address_keeps_the_one_it_had() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let first = create(&mut client, &card());
    let made = exchange(&mut client, &first, "cus_1").json();
    let mut bare = card();
    bare.as_object_mut().unwrap().remove("billingAddress");
    bare["paymentInstrument"]["expYear"] = json!(2036);
    let again = create(&mut client, &bare);
    let updated = exchange(&mut client, &again, "cus_1");
    assert_eq!(updated.status, 303, "{}", updated.text());
    assert_eq!(updated.json()["billingAddress"], made["billingAddress"]);
    let read = instrument(&mut client, id(&made));
    assert_eq!(read["billingAddress"], made["billingAddress"]);
    assert_eq!((&read["expYear"], &read["revision"]), (&json!(2036), &json!(2)));
}

/// The request without some members of its account.
fn without(body: &Value, names: &[&str]) -> Value {
    let mut body = body.clone();
    let at = if body["paymentInstrument"].is_object() { &mut body["paymentInstrument"] } else { &mut body };
    for name in names {
        at.as_object_mut().unwrap().remove(*name);
    }
    body
}

#[test]
fn an_account_that_comes_again_keeps_the_names_of_its_bank() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let names = json!({"bankName": "First Bank", "bic": "FIRSUS33"});
    let kinds = kinds();
    let (ach, echeck) = (&kinds[1], &kinds[2]);
    let made = exchanged(&mut client, &ach.token, "cus_1");
    assert_has(&made, &names);
    let mut revision = 1;
    let mut again = |client: &mut Client, body: &Value| {
        let body = if body["paymentInstrument"].is_object() {
            json!({"token": token_id(client, body)})
        } else {
            body.clone()
        };
        let answer = keep(client, &body, "cus_1");
        assert_eq!((answer.status, id(&answer.json())), (303, id(&made)), "{}", answer.text());
        revision += 1;
        assert_eq!(answer.json()["revision"], revision);
        assert_eq!(instrument(client, id(&made)), answer.json());
        answer.json()
    };
    let missing = ["bankName", "bic"];
    for body in [&ach.token, &echeck.token, &plain(ach).unwrap()] {
        assert_has(&again(&mut client, &without(body, &missing)), &names);
    }
    assert_has(&again(&mut client, &with(&ach.token, "paymentInstrument.bankName", json!(""))), &names);
    // What is said is new, and the other stays.
    let body = without(&with(&ach.token, "paymentInstrument.bic", json!("OTHRUS33")), &["bankName"]);
    assert_has(&again(&mut client, &body), &json!({"bankName": "First Bank", "bic": "OTHRUS33"}));
    let body = with(&without(&plain(ach).unwrap(), &["bic"]), "accountType", json!("savings"));
    let after = again(&mut client, &with(&body, "bankName", json!("Second Bank")));
    assert_has(&after, &json!({"bankName": "Second Bank", "bic": "OTHRUS33", "accountType": "savings"}));
    // Another account has nothing of it.
    let (field, value) = ach.other.clone().unwrap();
    let other = exchanged(&mut client, &without(&with(&ach.token, field, value), &missing), "cus_1");
    assert!(missing.iter().all(|name| other.get(*name).is_none()), "{other}");
}

#[test]
fn a_known_customers_address_is_the_default() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let home_address = json!({"firstName": "Ada", "lastName": "Lovelace", "city": "Paris", "country": "FR"});
    let body = json!({"primaryAddress": home_address}).to_string();
    assert_eq!(client.call("PUT", "/rebilly/customers/cus_1", &[SECRET], body.as_bytes()).status, 201);
    let mut bare = card();
    bare.as_object_mut().unwrap().remove("billingAddress");
    let made = exchanged(&mut client, &bare, "cus_1");
    assert_eq!(without_hash(&made["billingAddress"]), home_address);
    assert_eq!(made["riskMetadata"]["hasMismatchedHolderName"], false);
    assert_eq!(instrument(&mut client, id(&made)), made);
    // An address of its own is the stronger, and once it is there it stays.
    let token = token_id(&mut client, &card());
    let answer = keep(&mut client, &json!({"token": token}), "cus_1");
    assert_eq!(without_hash(&answer.json()["billingAddress"]), card()["billingAddress"]);
    assert_eq!(answer.json()["riskMetadata"]["hasMismatchedHolderName"], true);
    let token = token_id(&mut client, &bare);
    let answer = keep(&mut client, &json!({"token": token}), "cus_1");
    assert_eq!(without_hash(&answer.json()["billingAddress"]), card()["billingAddress"]);
    assert_eq!(answer.json()["riskMetadata"]["hasMismatchedHolderName"], true, "of the names that stay");
    // A copy: the instrument does not follow the customer. Nobody else has one.
    assert_eq!(client.call("PUT", "/rebilly/customers/cus_1", &[SECRET], b"{}").status, 200);
    assert_eq!(instrument(&mut client, id(&made))["billingAddress"], answer.json()["billingAddress"]);
    let other = with(&bare, "paymentInstrument.pan", json!("5555555555554444"));
    assert!(exchanged(&mut client, &other, "cus_1").get("billingAddress").is_none());
    assert!(exchanged(&mut client, &bare, "cus_unknown").get("billingAddress").is_none());
    // The address that comes with the customer is one too.
    let token = token_id(&mut client, &with(&bare, "paymentInstrument.pan", json!("6011111111111117")));
    let body = with(&json!({"paymentToken": token}), "primaryAddress", home_address.clone());
    let customer = post(&mut client, "/rebilly/customers", &body).json();
    let default = customer["defaultPaymentInstrument"]["paymentInstrumentId"].as_str().unwrap().to_owned();
    assert_eq!(instrument(&mut client, &default)["billingAddress"], customer["primaryAddress"]);
}
