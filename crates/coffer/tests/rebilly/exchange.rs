//! `POST /payment-instruments`: the one use of a token (4.2), and the instrument that it leaves (section 7).

use serde_json::{Value, json};

use super::calls::{
    DERIVED, INSTRUMENTS, assert_echoed, assert_masked, get, members, path_of, post, seconds, seed_request,
    token, with,
};
use crate::support::{Answer, Node, card, exchange, home};

fn id_of(made: &Value) -> &str {
    made["id"].as_str().expect("an id")
}

/// The shape of section 7 for a card, and what must never be in it.
fn assert_instrument(answer: &Answer, customer: &str, base: &str) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_masked(answer, "4111111111111111");
    let body = answer.json();
    assert!(!members(&body).contains("isUsed"), "{body}");
    let id = id_of(&body);
    assert!(id.len() <= 50, "{id}");
    let letters = id.strip_prefix("inst_").expect("inst_ before the id");
    assert!(letters.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{id}");
    let location = format!("{base}/payment-instruments/{id}");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(body["_links"][0], json!({"rel": "self", "href": location}));
    assert_eq!(body["_links"][1], json!({"rel": "customer", "href": format!("{base}/customers/{customer}")}));
    let fingerprint = body["fingerprint"].as_str().expect("a fingerprint");
    assert!(
        !fingerprint.is_empty() && fingerprint.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{fingerprint}"
    );
    for (name, value) in [
        ("customerId", json!(customer)),
        ("method", json!("payment-card")),
        ("status", json!("inactive")),
        ("bin", json!("411111")),
        ("last4", json!("1111")),
        ("brand", json!("Visa")),
        ("useAsBackup", json!(false)),
        ("customFields", json!({})),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert!(body["revision"].is_u64() && body["expMonth"].is_u64() && body["expYear"].is_u64(), "{body}");
    body
}

#[test]
fn a_token_becomes_an_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let sent = seed_request();
    for (prefix, customer) in [("/rebilly", "cus_1"), ("/rebilly/organizations/org_sandbox", "cus_2")] {
        let made = token(&mut client, &sent);
        let body = json!({"token": id_of(&made), "customerId": customer});
        let answer = post(&mut client, &format!("{prefix}/payment-instruments/"), &body);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let instrument = assert_instrument(&answer, customer, &format!("http://{}{prefix}", node.clients));
        assert_eq!((&instrument["expMonth"], &instrument["expYear"]), (&json!(12), &json!(2035)));
        assert_echoed(&sent["billingAddress"], &instrument["billingAddress"], &["hash"]);
        assert_echoed(&sent["riskMetadata"], &instrument["riskMetadata"], &DERIVED);
        assert!(seconds(&instrument["createdTime"]) >= seconds(&made["createdTime"]));
        assert_eq!(instrument["updatedTime"], instrument["createdTime"]);
        // Both SDKs go where `Location` points, with the same credentials.
        let read = get(&mut client, path_of(answer.header("location").unwrap()));
        assert_eq!((read.status, read.json()), (200, instrument));
        assert_eq!(read.header("content-type"), Some("application/json"));
    }
}

#[test]
fn the_same_card_of_the_same_customer_is_updated() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut client, base) = (node.client(), format!("http://{}/rebilly", node.clients));
    let first = token(&mut client, &seed_request());
    let first_answer = exchange(&mut client, id_of(&first), "cus_1");
    assert_eq!(first_answer.status, 201);
    let mut known = assert_instrument(&first_answer, "cus_1", &base);
    node.advance(60);
    for year in [2036, 2037] {
        let mut changed = with(&seed_request(), "paymentInstrument.expYear", json!(year));
        changed["billingAddress"] = json!({"city": format!("Paris {year}"), "country": "FR"});
        changed["riskMetadata"] = json!({"fingerprint": format!("device {year}")});
        let again = token(&mut client, &changed);
        let answer = exchange(&mut client, id_of(&again), "cus_1");
        assert_eq!(answer.status, 303, "{}", answer.text());
        let updated = assert_instrument(&answer, "cus_1", &base);
        assert_eq!(answer.header("location"), first_answer.header("location"));
        for same in ["id", "fingerprint", "createdTime", "_links"] {
            assert_eq!(updated[same], known[same], "{same}");
        }
        assert_eq!(updated["expYear"], year);
        assert_echoed(&changed["billingAddress"], &updated["billingAddress"], &["hash"]);
        assert_echoed(&changed["riskMetadata"], &updated["riskMetadata"], &DERIVED);
        assert!(updated["revision"].as_u64() > known["revision"].as_u64(), "{updated}");
        assert!(seconds(&updated["updatedTime"]) >= seconds(&updated["createdTime"]) + 60);
        let read = get(&mut client, path_of(answer.header("location").unwrap()));
        assert_eq!((read.status, read.json()), (200, updated.clone()));
        assert_eq!(exchange(&mut client, id_of(&again), "cus_1").status, 422, "the update was its one use");
        known = updated;
    }
}

#[test]
fn another_customer_or_another_card_is_another_instrument() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mastercard = with(&card(), "paymentInstrument.pan", json!("5555555555554444"));
    let mut made = Vec::new();
    for (body, customer) in
        [(&card(), "cus_1"), (&card(), "cus_2"), (&card(), "CUS_1"), (&mastercard, "cus_1")]
    {
        let id = token(&mut client, body);
        let answer = exchange(&mut client, id_of(&id), customer);
        assert_eq!(answer.status, 201, "{customer}: {}", answer.text());
        made.push(answer.json());
    }
    let ids: std::collections::BTreeSet<&str> = made.iter().map(id_of).collect();
    assert_eq!(ids.len(), made.len());
    // A fingerprint follows the number, whoever has it, whatever its expiry.
    assert_eq!(made[0]["fingerprint"], made[1]["fingerprint"]);
    assert_ne!(made[0]["fingerprint"], made[3]["fingerprint"]);
}

#[test]
fn a_customer_is_a_free_reference_of_fifty_characters() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let longest = "ä".repeat(50);
    for customer in ["c", "4f6cf35x-2c4y-483z-a0a9-158621f77a21", "a b/c?d=\"e\"&f", &longest] {
        let made = token(&mut client, &card());
        let answer = exchange(&mut client, id_of(&made), customer);
        assert_eq!(answer.status, 201, "{customer}: {}", answer.text());
        assert_eq!(answer.json()["customerId"], customer);
        let location = answer.header("location").expect("a location").to_owned();
        assert_eq!(get(&mut client, path_of(&location)).json()["customerId"], customer);
        let href = answer.json()["_links"][1]["href"].as_str().unwrap().to_owned();
        let of_a_uri = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte);
        assert!(href.bytes().all(of_a_uri), "a link is a URI: {href}");
        assert_eq!(
            href.matches('/').count(),
            "http://host/rebilly/customers/x".matches('/').count(),
            "{href}"
        );
    }
}

#[test]
fn an_unknown_instrument_is_not_found() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = token(&mut client, &card());
    let instrument = exchange(&mut client, id_of(&made), "cus_1").json();
    let real = id_of(&instrument);
    let (head, last) = real.split_at(real.len() - 1);
    let forged = format!("{head}{}", if last == "A" { "B" } else { "A" });
    let mut bodies = std::collections::BTreeSet::new();
    for id in [
        forged.as_str(),
        "inst_0YVDM8RC7GDADADSBSMW124JA8",
        "x",
        id_of(&made),
        &real.to_lowercase(),
        &real[5..],
    ] {
        let answer = get(&mut client, &format!("{INSTRUMENTS}/{id}"));
        assert_eq!(answer.status, 404, "{id}");
        bodies.insert(answer.text());
    }
    assert_eq!(bodies.len(), 1, "one answer for all: {bodies:?}");
    assert_eq!(get(&mut client, &format!("{INSTRUMENTS}/{real}")).status, 200);
}
