//! The velocities of risk metadata (6.2): how often the same instrument, device, address, e-mail and billing address
//! came within 24 hours, by the sandbox's clock.

use serde_json::{Value, json};

use super::calls::{INSTRUMENTS, TOKENS, get, post, seed_request, set, token, with};
use crate::{
    live::Live,
    support::{Client, Node, card, exchange, home, redeem},
};

/// The five, in the order of the tables below.
const ALL: [&str; 5] =
    ["paymentInstrumentVelocity", "deviceVelocity", "ipVelocity", "emailVelocity", "billingAddressVelocity"];

/// What risk metadata says of the five; -1 where it says nothing.
fn velocities(made: &Value) -> [i64; 5] {
    let risk = &made["riskMetadata"];
    for never in ["declinedPaymentInstrumentVelocity", "paymentInstrumentApprovedTransactionCount"] {
        assert!(risk.get(never).is_none(), "a vault sees no payment: {risk}");
    }
    ALL.map(|name| risk.get(name).map_or(-1, |count| count.as_i64().expect("an integer")))
}

fn seen(client: &mut Client, body: &Value) -> [i64; 5] {
    velocities(&token(client, body))
}

/// The seed's request with several places changed.
fn changed(places: &[(&str, Value)]) -> Value {
    let mut body = seed_request();
    for (place, value) in places {
        set(&mut body, place, value.clone());
    }
    body
}

#[test]
fn each_kind_is_counted_apart_and_this_act_too() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    assert_eq!(seen(&mut client, &seed_request()), [1; 5]);
    assert_eq!(seen(&mut client, &seed_request()), [2; 5]);
    for (turn, (place, value)) in [
        ("paymentInstrument.pan", json!("5555555555554444")),
        ("riskMetadata.fingerprint", json!("another device")),
        ("riskMetadata.ipAddress", json!("192.0.2.77")),
        ("billingAddress.emails.0.value", json!("another@example.com")),
        ("billingAddress.postalCode", json!("SW1A 1AA")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut expected = [3 + i64::try_from(turn).unwrap(); 5];
        for (kind, count) in expected.iter_mut().enumerate() {
            // Whatever was changed in an earlier turn missed one.
            *count -= i64::from(kind < turn);
        }
        expected[turn] = 1;
        assert_eq!(seen(&mut client, &changed(&[(place, value.clone())])), expected, "{place}");
    }
    assert_eq!(seen(&mut client, &seed_request()), [7; 5]);
}

#[test]
fn what_is_not_there_has_no_count() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut bare = card();
    bare["billingAddress"] = json!({"firstName": "Ada", "country": "GB", "region": "London"});
    for _ in 0..2 {
        assert_eq!(seen(&mut client, &json!({"method": "cryptocurrency"})), [-1; 5]);
    }
    assert_eq!(seen(&mut client, &bare), [1, -1, -1, -1, -1]);
    bare["paymentInstrument"].as_object_mut().unwrap().remove("pan");
    assert_eq!(seen(&mut client, &bare), [-1; 5], "a partial token has no number");
    for part in ["address", "city", "postalCode"] {
        let body = json!({"method": "cash", "billingAddress": {part: "x"}});
        assert_eq!(seen(&mut client, &body), [-1, -1, -1, -1, 1], "{part}");
    }
}

#[test]
fn what_is_written_in_another_way_is_the_same() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let second = json!({"label": "b", "value": "second@example.com", "primary": false});
    let first = seed_request()["billingAddress"]["emails"][0].clone();
    let mut expected = 0;
    for same in [
        vec![],
        vec![("riskMetadata.ipAddress", json!("::ffff:93.92.91.90"))],
        vec![("billingAddress.emails.0.value", json!("REBILLY@Example.com"))],
        vec![("billingAddress.emails", json!([second, first]))],
        vec![("billingAddress.city", json!("LONDON")), ("billingAddress.address", json!("36 craven st"))],
        vec![("billingAddress.firstName", json!("Deborah")), ("billingAddress.dob", Value::Null)],
        vec![("paymentInstrument.expYear", json!(2036)), ("paymentInstrument.cvv", Value::Null)],
    ] {
        expected += 1;
        assert_eq!(seen(&mut client, &changed(&same)), [expected; 5], "{same:?}");
    }
    // The first e-mail counts where none is the primary one.
    let emails =
        json!([{"label": "a", "value": "second@example.com"}, {"label": "b", "value": "c@example.com"}]);
    assert_eq!(seen(&mut client, &changed(&[("billingAddress.emails", emails)]))[3], 1);
    let kinds = json!({"method": "cash", "riskMetadata": {"fingerprint": "93.92.91.90"},
        "billingAddress": {"emails": [{"label": "x", "value": "rebilly@example.com"}], "address": "93.92.91.90"}});
    assert_eq!(seen(&mut client, &kinds), [-1, 1, -1, expected + 1, 1], "a device is no address");
}

#[test]
fn an_account_is_its_number_at_its_bank() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let account = |routing: &str, number: &str, method: &str| {
        json!({"method": method, "billingAddress": {}, "paymentInstrument": {"accountNumberType": "BBAN",
            "accountNumber": number, "routingNumber": routing, "accountType": "checking"}})
    };
    for (routing, number, method, expected) in [
        ("021000021", "1111", "ach", 1),
        ("021000021", "1111", "echeck", 2),
        ("011401533", "1111", "ach", 1),
        ("021000021", "2222", "ach", 1),
        ("021000021", "1111", "ach", 3),
    ] {
        let made = seen(&mut client, &account(routing, number, method));
        assert_eq!(made, [expected, -1, -1, -1, -1], "{routing} {number} {method}");
    }
}

#[test]
fn only_what_was_made_is_counted() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = token(&mut client, &seed_request());
    let id = made["id"].as_str().unwrap();
    for _ in 0..3 {
        let refused = post(&mut client, TOKENS, &with(&seed_request(), "billingAddress.country", json!("x")));
        assert_eq!(refused.status, 422);
        assert_eq!(get(&mut client, &format!("{TOKENS}/{id}")).json(), made, "reading counts nothing");
    }
    let kept = exchange(&mut client, id, "cus_1");
    assert_eq!(velocities(&kept.json()), [1; 5], "the token's own, unchanged");
    let other = token(&mut client, &seed_request());
    assert_eq!(velocities(&other), [2; 5], "an exchange counts nothing");
    assert_eq!(redeem(&mut client, other["id"].as_str().unwrap()).status, 200);
    // A plain instrument counts as a token does.
    let mut plain = seed_request()["paymentInstrument"].clone();
    for (name, value) in [
        ("method", json!("payment-card")),
        ("customerId", json!("cus_2")),
        ("billingAddress", seed_request()["billingAddress"].clone()),
        ("riskMetadata", seed_request()["riskMetadata"].clone()),
    ] {
        plain[name] = value;
    }
    for (status, expected) in [(201, 3), (303, 4)] {
        let answer = post(&mut client, INSTRUMENTS, &plain);
        assert_eq!((answer.status, velocities(&answer.json())), (status, [expected; 5]));
    }
    assert_eq!(seen(&mut client, &seed_request()), [5; 5]);
}

#[test]
fn a_day_later_the_count_begins_again() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    assert_eq!(seen(&mut client, &seed_request()), [1; 5]);
    node.advance(22 * 3_600);
    assert_eq!(seen(&mut client, &seed_request()), [2; 5]);
    node.advance(2 * 3_600);
    assert_eq!(seen(&mut client, &seed_request()), [2; 5], "the first is a day old, the second two hours");
    node.advance(24 * 3_600);
    assert_eq!(seen(&mut client, &seed_request()), [1; 5]);
}

#[test]
fn no_organization_counts_for_another() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let mut seen = |key: &str| {
        let body = seed_request().to_string();
        let made = client.call("POST", TOKENS, &[("REB-APIKEY", key)], body.as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
        velocities(&made.json())
    };
    for (key, expected) in [
        ("sk_live_alpha_0001", 1),
        ("sk_live_alpha_0001", 2),
        ("sk_live_beta_0001", 1),
        ("sk_live_both_0001", 2),
        ("sk_live_alpha_0001", 3),
        ("sk_live_beta_0001", 3),
    ] {
        assert_eq!(seen(key), [expected; 5], "{key}");
    }
}

#[test]
fn a_count_above_its_bound_adds_to_the_score() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for turn in 1..=12 {
        let made = token(&mut client, &seed_request());
        // Instrument, device and e-mail above 5; IP address and billing address above 10.
        let expected = 30 * i64::from(turn > 5) + 20 * i64::from(turn > 10);
        assert_eq!((velocities(&made), &made["riskMetadata"]["score"]), ([turn; 5], &json!(expected)));
    }
}

#[test]
fn a_khelocard_is_its_number() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let khelocard = |number: &str| {
        json!({"method": "Khelocard", "billingAddress": {}, "paymentInstrument":
            {"number": number, "cvv": "321", "expMonth": 11, "expYear": 2036}})
    };
    assert_eq!(seen(&mut client, &khelocard("4111111111111111"))[0], 1);
    assert_eq!(
        seen(&mut client, &with(&khelocard("4111111111111111"), "paymentInstrument.expMonth", json!(5)))[0],
        2
    );
    assert_eq!(seen(&mut client, &khelocard("12345678901"))[0], 1, "another number");
    assert_eq!(
        seen(&mut client, &with(&card(), "billingAddress", json!({})))[0],
        1,
        "no card has its number"
    );
}
