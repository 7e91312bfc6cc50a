//! One organization tries to see another's: an id of another organization is answered as an id that never was, by
//! status, headers and body, and nothing of the other organization changes.

use serde_json::{Value, json};

use super::{
    credentials::{FOREIGN_SK, PK, SK, config, seen},
    jwts::{CUSTOMER, Issuers},
    operations::{Header, Kind, OPERATIONS, Operation, Org, World},
};
use crate::live::Live;

/// The same text with one letter exchanged for another of its alphabet.
fn mutated(id: &str) -> String {
    let at = id.len() - 3;
    let letter = match &id[at..=at] {
        "a" => "b",
        "A" => "B",
        letter if letter.bytes().all(|byte| byte.is_ascii_uppercase()) => "A",
        _ => "a",
    };
    format!("{}{letter}{}", &id[..at], &id[at + 1..])
}

struct Worlds {
    own: World,
    foreign: World,
    callers: Vec<(Kind, Header)>,
}

impl Worlds {
    fn new(node: &crate::support::Node, issuers: &Issuers) -> Self {
        let callers = vec![
            (Kind::Secret, ("REB-APIKEY", SK.to_owned())),
            (Kind::Publishable, ("Authorization", PK.to_owned())),
            (Kind::Merchant, ("Authorization", format!("Bearer {}", issuers.merchant.token(&json!({}))))),
            (Kind::Customer, ("Authorization", format!("Bearer {}", issuers.customer_token()))),
        ];
        Self { own: World::new(node, SK), foreign: World::new(node, FOREIGN_SK), callers }
    }

    fn assert_unchanged(&mut self, what: &str) {
        self.own.assert_unchanged(what);
        self.foreign.assert_unchanged(what);
    }
}

/// An answer as its caller sees it.
type Seen = (u16, Vec<(String, String)>, String);

/// The same operation with a token and an instrument each: all are answered alike, with this status.
fn assert_alike(
    world: &mut World,
    operation: &Operation,
    header: &Header,
    status: u16,
    ids: &[(&str, &str)],
) {
    // A customer that is there would be changed by a token that is usable.
    let customer = if operation.path.contains("{customer}") { "cus_none" } else { CUSTOMER };
    for path in operation.forms(Org::None) {
        let mut first: Option<Seen> = None;
        for (token, instrument) in ids {
            let ids = (*token, *instrument, customer);
            let answer = seen(&world.call_with(operation, &path, std::slice::from_ref(header), ids));
            assert_eq!(answer.0, status, "{}: {}", operation.id, answer.2);
            assert_eq!(answer, *first.get_or_insert_with(|| answer.clone()), "{}", operation.id);
        }
    }
}

#[test]
fn a_foreign_id_is_as_one_that_never_was() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut worlds = Worlds::new(&node, &issuers);
    let (token, instrument) = (worlds.own.token.clone(), worlds.own.instrument.clone());
    let (strange_token, strange) = (worlds.foreign.token.clone(), worlds.foreign.instrument.clone());
    // A token that was used is as unknown as the others, where it would be used again.
    let used = worlds.own.fresh_token();
    let exchange = Operation::named("PostPaymentInstrument");
    let secret = ("REB-APIKEY", SK.to_owned());
    let path = &exchange.forms(Org::None)[0];
    let made = worlds.own.call_with(exchange, path, &[secret], (&used, &instrument, CUSTOMER));
    assert_eq!(made.status, 201, "{}", made.text());
    let never = [mutated(&strange_token), mutated(&token), mutated(&strange), mutated(&instrument)];
    let mut compared = 0;
    for (kind, header) in worlds.callers.clone() {
        for operation in OPERATIONS.iter().filter(|operation| operation.may.contains(&kind)) {
            if operation.path.contains("{token}") || operation.path.contains("{instrument}") {
                let ids = [
                    (strange_token.as_str(), strange.as_str()),
                    (&never[0], &never[2]),
                    (&never[1], &never[3]),
                    (&strange, &strange_token),
                    ("x", "x"),
                ];
                assert_alike(&mut worlds.own, operation, &header, 404, &ids);
                compared += 1;
            }
            let is_about_tokens = operation.path.contains("/tokens");
            if operation.changes() && !is_about_tokens && !operation.path.ends_with("/deactivation") {
                let tokens = [&strange_token, &never[0], &never[1], &used, &strange, "x"];
                let ids = tokens.map(|token| (token, instrument.as_str()));
                assert_alike(&mut worlds.own, operation, &header, 422, &ids);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 23, "both ways wherever an operation has them");
    worlds.foreign.assert_unchanged("asking for foreign ids");
}

#[test]
fn a_foreign_customer_is_as_one_that_never_was() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut worlds = Worlds::new(&node, &issuers);
    let foreign = ("REB-APIKEY", FOREIGN_SK);
    let client = &mut worlds.foreign.client;
    let made = client.call("PUT", "/rebilly/customers/cus_theirs", &[foreign], br#"{"locale":"de"}"#);
    assert_eq!(made.status, 201, "{}", made.text());
    let strange = worlds.foreign.instrument.clone();
    for (kind, (name, value)) in worlds.callers.clone() {
        if !matches!(kind, Kind::Secret | Kind::Merchant) {
            continue;
        }
        let headers = [(name, value.as_str())];
        let client = &mut worlds.own.client;
        let mut read = |id: &str| {
            seen(&client.call(
                "GET",
                &format!("/rebilly/customers/{id}?expand=defaultPaymentInstrument"),
                &headers,
                b"",
            ))
        };
        assert_eq!(read("cus_theirs").0, 404);
        assert_eq!(read("cus_theirs"), read("cus_nobodys"));
        // As the default instrument, a foreign one and none at all are the same problem.
        let mut put = |instrument: &str| {
            let body = json!({"defaultPaymentInstrumentId": instrument}).to_string();
            seen(&client.call("PUT", &format!("/rebilly/customers/{CUSTOMER}"), &headers, body.as_bytes()))
        };
        let refused = put(&strange);
        assert_eq!(refused.0, 422, "{}", refused.2);
        for never in [mutated(&strange), "inst_none".to_owned()] {
            assert_eq!(put(&never), refused);
        }
        // Lists have their own organization's alone, whatever they are asked for.
        for query in ["?filter=customerId:cus_theirs", "?q=cus_theirs", "?filter=customerId:!cus_none"] {
            let path = format!("/rebilly/payment-instruments{query}");
            let listed = client.call("GET", &path, &headers, b"");
            assert_eq!(listed.status, 200, "{}", listed.text());
            assert!(!listed.text().contains(&strange), "{query}: {}", listed.text());
        }
    }
    worlds.assert_unchanged("asking for foreign customers");
    // The same name is another customer here.
    let client = &mut worlds.own.client;
    let own =
        client.call("PUT", "/rebilly/customers/cus_theirs", &[("REB-APIKEY", SK)], br#"{"locale":"fr"}"#);
    assert_eq!(own.status, 201, "{}", own.text());
    let theirs = worlds.foreign.client.call("GET", "/rebilly/customers/cus_theirs", &[foreign], b"");
    assert_eq!(theirs.json()["locale"], "de");
}

/// A customer's JWT is for that customer's instruments, and not for those of another customer of the same merchant.
#[test]
fn a_customer_sees_no_other_customers_instruments() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut world = World::new(&node, SK);
    let bearer = |customer: &str| {
        let token = issuers.customer.token(&json!({"customerId": customer}));
        ("Authorization", format!("Bearer {token}"))
    };
    let path = "/rebilly/storefront/payment-instruments";
    let listed = |world: &mut World, customer: &str, query: &str| {
        let (name, value) = bearer(customer);
        let answer = world.client.call("GET", &format!("{path}{query}"), &[(name, &value)], b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let ids = answer.json().as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
        (answer.header("pagination-total").expect("a total").to_owned(), Value::Array(ids))
    };
    let own = ("1".to_owned(), json!([world.instrument]));
    for query in ["", "?filter=customerId:cus_other", "?filter=customerId:!cus_other", "?q=cus"] {
        let (total, ids) = listed(&mut world, "cus_other", query);
        assert_eq!((total.as_str(), ids), ("0", json!([])), "{query}");
    }
    assert_eq!(listed(&mut world, CUSTOMER, ""), own);
    let patch = Operation::named("StorefrontPatchPaymentInstrument");
    let (token, instrument) = (world.token.clone(), world.instrument.clone());
    let mut ask = |instrument: &str| {
        let header = bearer("cus_other");
        seen(&world.call_with(patch, &patch.forms(Org::None)[0], &[header], (&token, instrument, CUSTOMER)))
    };
    let refused = ask(&instrument);
    assert_eq!(refused.0, 404, "{}", refused.2);
    assert_eq!(ask(&mutated(&instrument)), refused);
    world.assert_unchanged("another customer's JWT");
}
