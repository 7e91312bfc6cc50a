//! `GET /storefront/payment-instruments/{id}` and its deactivation: where `Location` and the links of the storefront
//! lead.

use serde_json::json;

use super::{
    calls::{path_of, with},
    kinds::{deactivate, exchanged, id, instrument, kept, kinds, plain_account, plain_card, token_id},
    listing::listed,
    storefront::{PATHS, Shop, assert_storefront},
};
use crate::support::card;

#[test]
fn what_was_made_is_where_the_answer_says() {
    let mut shop = Shop::new();
    let own = shop.customer("cus_1");
    for (path, pan) in PATHS.into_iter().zip(["4111111111111111", "5555555555554444", "378282246310005"]) {
        let body =
            with(&with(&card(), "paymentInstrument.pan", json!(pan)), "paymentInstrument.cvv", json!(null));
        let token = token_id(&mut shop.client, &body);
        let made = shop.call("POST", path, &own, &json!({"token": token}));
        assert_eq!(made.status, 201, "{}", made.text());
        let location = path_of(made.header("location").expect("a location")).to_owned();
        let made = made.json();
        for place in [location, format!("{path}/{}", id(&made)), format!("{path}/{}/", id(&made))] {
            let read = shop.call("GET", &place, &own, &json!({}));
            assert_eq!((read.status, read.json()), (200, made.clone()), "{place}");
        }
    }
}

#[test]
fn every_kind_shows_what_is_the_customers_and_no_more() {
    let mut shop = Shop::new();
    for (number, kind) in kinds().into_iter().enumerate() {
        let name = format!("cus_{number}");
        let own = shop.customer(&name);
        let made = exchanged(&mut shop.client, &kind.token, &name);
        let read = shop.call("GET", &format!("{}/{}", PATHS[0], id(&made)), &own, &json!({}));
        assert_eq!(read.status, 200, "{}", read.text());
        let read = read.json();
        assert_storefront(&shop, PATHS[0], &read);
        // What it shows is as the merchant sees it.
        for (name, value) in read.as_object().unwrap() {
            assert!(name == "_links" || made[name] == *value, "{}: {name} of {read}", kind.name);
        }
        for merchants in ["customerId", "riskMetadata", "revision", "stickyGatewayAccountId"] {
            assert!(made.get(merchants).is_some() && read.get(merchants).is_none(), "{merchants}");
        }
    }
    let data =
        json!({"method": "iDEAL", "billingAddress": {}, "referenceData": {"gatewayTransactionId": "GAT123"}});
    let own = shop.customer("cus_data");
    let made = kept(&mut shop.client, &data, "cus_data");
    let read = shop.call("GET", &format!("{}/{}", PATHS[0], id(&made)), &own, &json!({})).json();
    assert!(made.get("referenceData").is_some() && read.get("referenceData").is_none(), "{read}");
    // Nor can it be asked for.
    for field in ["stickyGatewayAccountId:gw_acc_1", "revision:1"] {
        let answer = shop.call("GET", &format!("{}?filter={field}", PATHS[0]), &own, &json!({}));
        assert_eq!(answer.status, 422, "{field}: {}", answer.text());
    }
    assert_eq!(shop.call("GET", &format!("{}?sort=revision", PATHS[0]), &own, &json!({})).status, 422);
    let change = json!({"stickyGatewayAccountId": "gw_acc_findable"}).to_string();
    let path = format!("{}/{}", super::calls::INSTRUMENTS, id(&made));
    let changed = shop.client.call("PATCH", &path, &[crate::support::SECRET], change.as_bytes());
    assert_eq!(changed.status, 200);
    let found = shop.call("GET", &format!("{}?q=findable", PATHS[0]), &own, &json!({}));
    assert_eq!(listed(&found), Vec::<String>::new());
}

#[test]
fn a_customer_takes_an_instrument_out_of_use_once() {
    let mut shop = Shop::new();
    for (number, path) in PATHS.into_iter().enumerate() {
        let name = format!("cus_{number}");
        let own = shop.customer(&name);
        let made = kept(&mut shop.client, &plain_card("4111111111111111"), &name);
        let off = format!("{path}/{}/deactivation", id(&made));
        let answer = shop.client.call("POST", &off, &[("Authorization", &own)], b"");
        assert_eq!(answer.status, 201, "{}", answer.text());
        let after = answer.json();
        assert_storefront(&shop, path, &after);
        assert_eq!(answer.header("location"), after["_links"][0]["href"].as_str());
        assert_eq!(after["status"], "deactivated");
        assert_eq!(shop.call("GET", &format!("{path}/{}", id(&made)), &own, &json!({})).json(), after);
        assert_eq!(instrument(&mut shop.client, id(&made))["status"], "deactivated");
        assert_eq!(shop.call("POST", &off, &own, &json!({})).status, 409);
        assert_eq!(deactivate(&mut shop.client, id(&made)).status, 409, "for the merchant too");
    }
}

#[test]
fn nobody_elses_is_there() {
    let mut shop = Shop::new();
    let own = shop.customer("cus_1");
    let theirs = kept(&mut shop.client, &plain_card("4111111111111111"), "cus_2");
    let gone = kept(&mut shop.client, &plain_account("123456789"), "cus_2");
    assert_eq!(deactivate(&mut shop.client, id(&gone)).status, 201);
    for path in PATHS {
        let mut answers = Vec::new();
        for id in [id(&theirs), id(&gone), "inst_0YVDM8RC7GDADADSBSMW124JA8", "x"] {
            for (method, end) in [("GET", ""), ("POST", "/deactivation")] {
                let answer = shop.call(method, &format!("{path}/{id}{end}"), &own, &json!({}));
                assert_eq!(answer.status, 404, "{method} {id}: {}", answer.text());
                answers.push(answer.text());
            }
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "one answer for all: {answers:?}");
    }
    assert_eq!(instrument(&mut shop.client, id(&theirs)), theirs, "nothing happened to it");
}
