//! `expand` on what is no list: the other side of an instrument or a customer comes in the same answer (3.2).

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, get, post, with},
    kinds::{address, id, instrument, of_customer, plain_account, plain_card, token_id},
};
use crate::support::{Answer, Client, Node, SECRET, card, home};

const CUSTOMERS: &str = "/rebilly/customers";

fn customer(client: &mut Client, id: &str) -> Value {
    let answer = get(client, &format!("{CUSTOMERS}/{id}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// What is embedded; the rest of the answer is as without the question.
fn embedded(answer: &Answer, status: u16, plain: &Value) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    let mut body = answer.json();
    let embedded = body.as_object_mut().unwrap().remove("_embedded").unwrap_or_default();
    assert_eq!(body, *plain);
    embedded
}

#[test]
fn an_instrument_comes_with_its_customer() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let body = json!({"primaryAddress": address()}).to_string();
    assert_eq!(client.call("PUT", &format!("{CUSTOMERS}/cus_1"), &[SECRET], body.as_bytes()).status, 201);
    let expected = json!({"customer": customer(&mut client, "cus_1")});
    let path = format!("{INSTRUMENTS}?expand=customer");
    // Made and found again, by a token and without one.
    for status in [201, 303] {
        let token = token_id(&mut client, &card());
        for body in [json!({"token": token}), plain_account("123456789")] {
            let answer = post(&mut client, &path, &of_customer(&body, "cus_1"));
            let made = instrument(&mut client, id(&answer.json()));
            assert_eq!(embedded(&answer, status, &made), expected, "{body}");
        }
    }
    let made = post(&mut client, INSTRUMENTS, &of_customer(&plain_card("5555555555554444"), "cus_1"));
    assert!(made.json().get("_embedded").is_none(), "nobody asked");
    let made = made.json();
    for (expand, change) in [
        ("customer", json!({"useAsBackup": true})),
        ("x,%20customer", json!({})),
        (
            "customer",
            json!({"token": token_id(&mut client, &with(&card(), "paymentInstrument.pan", json!("6011111111111117")))}),
        ),
    ] {
        let path = format!("{INSTRUMENTS}/{}?expand={expand}", id(&made));
        let answer = client.call("PATCH", &path, &[SECRET], change.to_string().as_bytes());
        let now = instrument(&mut client, id(&made));
        assert_eq!(embedded(&answer, 200, &now), expected, "{change}");
    }
    // There is no such customer, or another word was said.
    let answer = post(&mut client, &path, &of_customer(&plain_card("5555555555554444"), "nobody"));
    assert_eq!((answer.status, answer.json().get("_embedded")), (201, None), "{}", answer.text());
    let other = format!("{INSTRUMENTS}/{}?expand=customers", id(&made));
    let answer = client.call("PATCH", &other, &[SECRET], b"{}");
    assert_eq!((answer.status, answer.json().get("_embedded")), (200, None));
}

#[test]
fn a_customer_comes_with_the_default_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let query = "expand=defaultPaymentInstrument";
    let check = |client: &mut Client, answer: &Answer, status: u16| {
        let plain = customer(client, answer.json()["id"].as_str().unwrap());
        let embedded = embedded(answer, status, &plain);
        let default = plain["defaultPaymentInstrument"]["paymentInstrumentId"].as_str().unwrap().to_owned();
        assert_eq!(embedded, json!({"defaultPaymentInstrument": instrument(client, &default)}));
    };
    let token = token_id(&mut client, &card());
    let answer = post(&mut client, &format!("{CUSTOMERS}?{query}"), &json!({"paymentToken": token}));
    check(&mut client, &answer, 201);
    let path = format!("{CUSTOMERS}/cus_1?{query}");
    let put =
        |client: &mut Client, body: &Value| client.call("PUT", &path, &[SECRET], body.to_string().as_bytes());
    let answer = put(&mut client, &json!({}));
    assert_eq!((answer.status, answer.json().get("_embedded")), (201, None), "there is none");
    let token = token_id(&mut client, &card());
    let answer = put(&mut client, &json!({"paymentToken": token, "primaryAddress": address()}));
    check(&mut client, &answer, 200);
    // What was the default before, and one that is named.
    let answer = put(&mut client, &json!({"locale": "en"}));
    check(&mut client, &answer, 200);
    let other = post(&mut client, INSTRUMENTS, &of_customer(&plain_account("123456789"), "cus_1")).json();
    let answer = put(&mut client, &json!({"defaultPaymentInstrumentId": other["id"]}));
    assert_eq!(answer.json()["_embedded"]["defaultPaymentInstrument"]["id"], other["id"]);
    check(&mut client, &answer, 200);
    let answer = put(&mut client, &json!({"defaultPaymentInstrumentId": null}));
    assert_eq!((answer.status, answer.json().get("_embedded")), (200, None));
}
