//! `/customers`, as far as a vault needs them (sections 3 and 4.2).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, get, invalid_fields, names, path_of, post, seconds, token, with},
    crowd::{Call, at_once, count},
    kinds::{
        address, assert_has, deactivate, exchanged, id, instrument, is_live, kept, kinds, plain_card,
        token_id,
    },
};
use crate::{
    live::Live,
    support::{Answer, Client, Node, SECRET, card, home},
};

const CUSTOMERS: &str = "/rebilly/customers";

fn put(client: &mut Client, id: &str, body: &Value) -> Answer {
    client.call("PUT", &format!("{CUSTOMERS}/{id}"), &[SECRET], body.to_string().as_bytes())
}

/// Writes a customer, which must succeed with this status.
fn written(client: &mut Client, id: &str, body: &Value, status: u16) -> Value {
    let answer = put(client, id, body);
    assert_eq!(answer.status, status, "{id} {body}: {}", answer.text());
    answer.json()
}

fn read(client: &mut Client, id: &str) -> Value {
    let answer = get(client, &format!("{CUSTOMERS}/{id}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Everything that a customer may have.
fn full() -> Value {
    json!({
        "websiteId": "web_1", "preferredPayoutInstrumentId": "inst_of_somebody", "locale": "pl-PL",
        "personId": "person_1", "notificationEmails": ["a@example.com", "b@example.com"],
        "customFields": {"a": 1.50, "b": [null]},
        "primaryAddress": {
            "firstName": "Łucja", "lastName": "Franklin", "country": "PL",
            "emails": [
                {"label": "work", "value": "work@example.com"},
                {"label": "main", "value": "main@example.com", "primary": true},
            ],
        },
        "leadSource": {"source": "newsletter"},
    })
}

#[test]
fn a_customer_is_made_read_and_replaced() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for prefix in ["/rebilly", "/rebilly/organizations/org_sandbox"] {
        for end in ["", "/"] {
            let answer = post(&mut client, &format!("{prefix}/customers{end}"), &full());
            assert_eq!(answer.status, 201, "{}", answer.text());
            let made = answer.json();
            assert!(id(&made).starts_with("cus_") && id(&made).len() <= 50, "{made}");
            let location = format!("http://{}{prefix}/customers/{}", node.clients, id(&made));
            assert_eq!(answer.header("location"), Some(location.as_str()));
            assert_eq!(made["_links"], json!([{"rel": "self", "href": location}]));
            assert_eq!(get(&mut client, path_of(&location)).json(), made);
            assert_customer(&made);
        }
    }
    let first = written(&mut client, "cus_1", &full(), 201);
    assert_customer(&first);
    node.advance(60);
    // A put says everything: what it does not say is gone, but not the default instrument.
    let second = written(&mut client, "cus_1", &json!({}), 200);
    let bare = json!({
        "id": "cus_1", "email": null, "firstName": null, "lastName": null, "primaryAddress": null,
        "customFields": {}, "locale": null, "personId": null, "preferredPayoutInstrumentId": null, "revision": 2,
        "defaultPaymentInstrument": null, "createdTime": first["createdTime"], "organizationId": "org_sandbox",
    });
    assert_has(&second, &bare);
    for gone in ["websiteId", "notificationEmails", "leadSource"] {
        assert!(second.get(gone).is_none(), "{gone}: {second}");
    }
    assert!(seconds(&second["updatedTime"]) >= seconds(&first["updatedTime"]) + 60);
    assert_eq!(read(&mut client, "cus_1"), second);
    assert_eq!(written(&mut client, "cus_1/", &json!({}), 200)["revision"], 3);
    assert_eq!(get(&mut client, &format!("{CUSTOMERS}/cus_1/")).json()["revision"], 3);
}

/// What [`full`] said is there.
fn assert_customer(made: &Value) {
    let mut said = full();
    let address = said["primaryAddress"].take();
    for name in ["primaryAddress", "leadSource"] {
        said.as_object_mut().unwrap().remove(name);
    }
    assert_has(made, &said);
    super::calls::assert_echoed(&address, &made["primaryAddress"], &["hash"]);
    let more = json!({
        "email": "main@example.com", "firstName": "Łucja", "lastName": "Franklin", "revision": 1,
        "defaultPaymentInstrument": null, "organizationId": "org_sandbox", "updatedTime": made["createdTime"],
    });
    assert_has(made, &more);
    assert!(made.get("leadSource").is_none() && made.get("_embedded").is_none(), "{made}");
}

#[test]
fn a_client_may_send_back_what_it_read() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let token = token_id(&mut client, &card());
    let mut first = with(&full(), "paymentToken", json!(token));
    first["customFields"] = json!({});
    let first = written(&mut client, "cus_1", &first, 201);
    // As Rebilly's PHP client does: every member that it knows, empty objects as empty lists, times of its own.
    let mut sent = first.clone();
    sent["customFields"] = json!([]);
    sent["createdTime"] = json!("2001-01-01T00:00:00+00:00");
    sent["revision"] = json!(77);
    sent["organizationId"] = json!("org_other");
    sent["id"] = json!("cus_2");
    node.advance(1);
    let second = written(&mut client, "cus_1", &sent, 200);
    for (name, value) in first.as_object().unwrap() {
        let expected = match name.as_str() {
            "revision" => &json!(2),
            "updatedTime" => &second["updatedTime"],
            _ => value,
        };
        assert_eq!(&second[name], expected, "{name}");
    }
}

#[test]
fn ids_are_of_the_paths_alphabet() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let longest = "c".repeat(50);
    for (path, id) in [
        ("a@b", "a@b"),
        ("~tilde", "~tilde"),
        ("dot.ted-._@~9", "dot.ted-._@~9"),
        ("percent%40encoded%2e", "percent@encoded."),
        ("%63us", "cus"),
        ("CUS", "CUS"),
        ("1", "1"),
        (&longest, &longest),
    ] {
        let made = written(&mut client, path, &json!({}), 201);
        assert_eq!(made["id"], id);
        let href = made["_links"][0]["href"].as_str().unwrap().to_owned();
        assert_eq!(get(&mut client, path_of(&href)).json(), made, "{href}");
        assert_eq!(read(&mut client, path), made);
    }
    assert_eq!(get(&mut client, &format!("{CUSTOMERS}/Cus")).status, 404, "case counts");
    let too_long = "c".repeat(51);
    for path in [&too_long, "a%20b", "a+b", "a%2Fb", "%C3%A4", "a%zz", "a%", "a:b", "a,b", "%00"] {
        assert_eq!(invalid_fields(&put(&mut client, path, &json!({}))), names(&["id"]), "{path}");
        let read = get(&mut client, &format!("{CUSTOMERS}/{path}"));
        assert_eq!((read.status, &read.json()["title"]), (404, &json!("Not Found")), "{path}");
    }
}

#[test]
fn an_unknown_customer_is_as_another_organizations() {
    let live = Live::new();
    let node = live.start();
    let mut client = node.client();
    let (alpha, beta) = (("REB-APIKEY", "sk_live_alpha_0001"), ("REB-APIKEY", "sk_live_beta_0001"));
    let path = format!("{CUSTOMERS}/cus_1");
    assert_eq!(client.call("PUT", &path, &[beta], b"{\"locale\":\"de\"}").status, 201);
    let (foreign, unknown) = (
        client.call("GET", &path, &[alpha], b""),
        client.call("GET", &format!("{CUSTOMERS}/cus_2"), &[alpha], b""),
    );
    assert_eq!((foreign.status, unknown.status), (404, 404));
    assert_eq!(foreign.text(), unknown.text());
    // The same id is another customer here.
    let own = client.call("PUT", &path, &[alpha], b"{}");
    assert_eq!((own.status, &own.json()["locale"]), (201, &Value::Null));
    assert_eq!(client.call("GET", &path, &[beta], b"").json()["locale"], "de");
}

#[test]
fn a_token_becomes_the_default_instrument_in_one_act() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (number, kind) in kinds().into_iter().enumerate() {
        let (customer, token) = (format!("cus_{number}"), token_id(&mut client, &kind.token));
        let body = json!({"paymentToken": token, "primaryAddress": address()});
        let made = written(&mut client, &customer, &body, 201);
        assert!(!is_live(&mut client, &token));
        let default = &made["defaultPaymentInstrument"];
        let instrument_id = default["paymentInstrumentId"].as_str().unwrap().to_owned();
        assert_eq!(default["method"], kind.shown["method"], "{}", kind.name);
        assert_eq!(made["_links"][1]["rel"], "defaultPaymentInstrument");
        let instrument = instrument(&mut client, &instrument_id);
        assert_has(&instrument, &kind.shown);
        assert_has(&instrument, &json!({"customerId": customer, "revision": 1}));
        // A wallet's token has no address: the customer's is the default.
        assert_eq!(instrument["billingAddress"], made["primaryAddress"], "{}", kind.name);
        assert_eq!(instrument["riskMetadata"]["hasMismatchedHolderName"], false, "{instrument}");
        assert_eq!(read(&mut client, &customer), made);
        // Without a word on it the default stays; it can be seen whole.
        let again = written(&mut client, &customer, &json!({}), 200);
        assert_eq!(again["defaultPaymentInstrument"], *default);
        let expanded = read(&mut client, &format!("{customer}?expand=defaultPaymentInstrument"));
        assert_eq!(expanded["_embedded"], json!({"defaultPaymentInstrument": instrument}));
        assert!(read(&mut client, &format!("{customer}?expand=other"))["_embedded"].is_null());
    }
    // By post too, and the same card of a customer is updated.
    let token = token_id(&mut client, &card());
    let made = post(&mut client, CUSTOMERS, &json!({"paymentToken": token}));
    assert_eq!(made.status, 201, "{}", made.text());
    let default = made.json()["defaultPaymentInstrument"].clone();
    assert_eq!(made.json()["primaryAddress"], Value::Null, "the token's address is the instrument's");
    let later = token_id(&mut client, &with(&card(), "paymentInstrument.expYear", json!(2044)));
    let same = written(&mut client, id(&made.json()), &json!({"paymentToken": later}), 200);
    assert_eq!(same["defaultPaymentInstrument"], default);
    let id = default["paymentInstrumentId"].as_str().unwrap();
    assert_has(&instrument(&mut client, id), &json!({"expYear": 2044, "revision": 2}));
}

#[test]
fn a_refused_customer_uses_nothing_up() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let live = token_id(&mut client, &card());
    let partial = json!({"method": "payment-card", "paymentInstrument": {"expMonth": 3, "expYear": 2041}});
    let partial = token_id(&mut client, &partial);
    let used = token_id(&mut client, &card());
    kept(&mut client, &json!({"token": used}), "somebody");
    let theirs = kept(&mut client, &plain_card("5555555555554444"), "somebody");
    let gone = kept(&mut client, &plain_card("5555555555554444"), "cus_1");
    assert_eq!(deactivate(&mut client, id(&gone)).status, 201);
    let default = |id: &str| json!({"defaultPaymentInstrumentId": id});
    let cases: Vec<(Value, &[&str])> = vec![
        (json!({"paymentToken": live, "primaryAddress": {"country": "pl"}}), &["primaryAddress.country"]),
        (json!({"paymentToken": live, "customFields": "x", "locale": 7}), &["customFields", "locale"]),
        (
            json!({"paymentToken": live, "notificationEmails": [1, "ok@example.com", ""]}),
            &["notificationEmails.0", "notificationEmails.2"],
        ),
        (json!({"paymentToken": live, "websiteId": "w".repeat(51)}), &["websiteId"]),
        (json!({"paymentToken": live, "leadSource": {"source": 1}}), &["leadSource.source"]),
        (json!({"paymentToken": partial}), &["paymentToken"]),
        (json!({"paymentToken": used}), &["paymentToken"]),
        (json!({"paymentToken": "x"}), &["paymentToken"]),
        (json!({"paymentToken": 7}), &["paymentToken"]),
        (default(id(&theirs)), &["defaultPaymentInstrumentId"]),
        (default(id(&gone)), &["defaultPaymentInstrumentId"]),
        (default("inst_0YVDM8RC7GDADADSBSMW124JA8"), &["defaultPaymentInstrumentId"]),
        (default("x"), &["defaultPaymentInstrumentId"]),
        (default(""), &["defaultPaymentInstrumentId"]),
    ];
    for (body, fields) in &cases {
        assert_eq!(invalid_fields(&put(&mut client, "cus_1", body)), names(fields), "{body}");
        assert_eq!(invalid_fields(&post(&mut client, CUSTOMERS, body)), names(fields), "{body}");
        assert!(is_live(&mut client, &live) && is_live(&mut client, &partial), "{body}");
    }
    assert_eq!(get(&mut client, &format!("{CUSTOMERS}/cus_1")).status, 404, "nothing was made");
    assert_eq!(get(&mut client, INSTRUMENTS).header("pagination-total"), Some("3"));
    assert_eq!(put(&mut client, "cus_1", &json!([])).status, 422);
    assert_eq!(client.call("PUT", &format!("{CUSTOMERS}/cus_1"), &[SECRET], b"{").status, 400);
}

#[test]
fn the_default_is_one_of_the_customers_own() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let (first, second) = (
        kept(&mut client, &plain_card("4111111111111111"), "cus_1"),
        kept(&mut client, &plain_card("5555555555554444"), "cus_1"),
    );
    let named = |made: &Value| json!({"method": "payment-card", "paymentInstrumentId": made["id"]});
    let mut default = |body: &Value, status: u16| {
        let made = written(&mut client, "cus_1", body, status)["defaultPaymentInstrument"].clone();
        assert_eq!(read(&mut client, "cus_1")["defaultPaymentInstrument"], made);
        made
    };
    let by_id = |made: &Value| json!({"defaultPaymentInstrumentId": made["id"]});
    assert_eq!(default(&by_id(&first), 201), named(&first));
    assert_eq!(default(&by_id(&second), 200), named(&second));
    assert_eq!(default(&json!({}), 200), named(&second));
    assert_eq!(default(&json!({"defaultPaymentInstrumentId": null}), 200), Value::Null);
    assert_eq!(default(&json!({}), 200), Value::Null);
    // A token is the stronger of the two; the other is not even looked at.
    let token = token_id(&mut client, &card());
    let both = json!({"paymentToken": token, "defaultPaymentInstrumentId": second["id"]});
    let made = written(&mut client, "cus_1", &both, 200);
    assert_eq!(made["defaultPaymentInstrument"], named(&first), "it is the first card, updated");
    let token = token_id(&mut client, &card());
    let body = json!({"paymentToken": token, "defaultPaymentInstrumentId": null});
    assert_eq!(written(&mut client, "cus_1", &body, 200)["defaultPaymentInstrument"], named(&first));
}

#[test]
fn fields_choose_and_the_id_is_always_there() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let body = json!({"paymentToken": token(&mut client, &card())["id"], "locale": "pl"});
    let whole = written(&mut client, "cus_1", &body, 201);
    for (fields, expected) in [
        ("id", vec!["id"]),
        ("locale", vec!["id", "locale"]),
        ("locale,revision", vec!["id", "locale", "revision"]),
        ("locale,%20firstName,nothing", vec!["firstName", "id", "locale"]),
        ("", vec!["id"]),
    ] {
        let found = read(&mut client, &format!("cus_1?fields={fields}"));
        let members: Vec<&str> = found.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, expected, "{fields}");
        assert_has(&whole, &found);
    }
    let both = read(&mut client, "cus_1?fields=_embedded&expand=defaultPaymentInstrument");
    assert_eq!(both["_embedded"]["defaultPaymentInstrument"]["last4"], "1111");
}

#[test]
fn of_many_who_make_one_customer_one_is_first() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for round in 0..3 {
        let customer = format!("cus_{round}");
        let call = |number: usize| -> Call {
            let customer = customer.clone();
            Box::new(move |client| put(client, &customer, &json!({"locale": format!("l{number}")})))
        };
        let answers = at_once(&node, (0..32).map(call).collect());
        assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 31));
        let bodies: Vec<Value> = answers.iter().map(Answer::json).collect();
        let revisions: BTreeSet<u64> = bodies.iter().map(|body| body["revision"].as_u64().unwrap()).collect();
        assert_eq!(revisions, (1..=32).collect());
        assert!(bodies.iter().all(|body| body["createdTime"] == bodies[0]["createdTime"]));
        let last = bodies.iter().find(|body| body["revision"] == 32).expect("the last");
        assert_eq!(read(&mut client, &customer), *last);
    }
    // Sixteen with one token: one uses it, the others get nothing.
    let token = token_id(&mut client, &card());
    let call = |number: usize| -> Call {
        let token = token.clone();
        Box::new(move |client| {
            put(client, &format!("cus_of_token_{}", number % 4), &json!({"paymentToken": token}))
        })
    };
    let answers = at_once(&node, (0..16).map(call).collect());
    assert_eq!((count(&answers, 201), count(&answers, 422)), (1, 15));
    let there =
        (0..4).filter(|number| get(&mut client, &format!("{CUSTOMERS}/cus_of_token_{number}")).status == 200);
    assert_eq!(there.count(), 1);
}

#[test]
fn an_instrument_tells_whether_its_names_are_the_customers() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mismatch = |made: &Value| made["riskMetadata"].get("hasMismatchedHolderName").cloned();
    let made = exchanged(&mut client, &card(), "cus_1");
    assert_eq!(mismatch(&made), None, "nobody knows the customer");
    written(
        &mut client,
        "cus_1",
        &json!({"primaryAddress": {"firstName": "BENJAMIN", "lastName": "franklin"}}),
        201,
    );
    let same = with(&card(), "paymentInstrument.pan", json!("5555555555554444"));
    assert_eq!(mismatch(&exchanged(&mut client, &same, "cus_1")), Some(json!(false)));
    let mut other = with(&card(), "paymentInstrument.pan", json!("378282246310005"));
    other["paymentInstrument"]["cvv"] = json!("1234");
    other["billingAddress"] = json!({"firstName": "Deborah", "lastName": "Franklin"});
    assert_eq!(mismatch(&exchanged(&mut client, &other, "cus_1")), Some(json!(true)));
}
