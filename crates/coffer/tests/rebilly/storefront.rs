//! `/storefront/payment-instruments`: what a customer's own browser may do (2.2, sections 3 and 4.2).

use serde_json::{Value, json};

use super::{
    calls::{get, invalid_fields, names, path_of, with},
    kinds::{
        address, assert_has, deactivate, exchanged, id, instrument, is_live, kept, plain_account, plain_card,
        revealed, token_id,
    },
    listing::{listed, pagination},
};
use crate::support::{Answer, Client, Node, PUBLISHABLE, SECRET, card, home};

pub(crate) const PATHS: [&str; 3] = [
    "/rebilly/storefront/payment-instruments",
    "/rebilly/organizations/org_sandbox/storefront/payment-instruments",
    "/rebilly/storefront/organizations/org_sandbox/payment-instruments",
];

/// What the sandbox signs, as a header.
pub(crate) fn bearer(home: &std::path::Path, customer: Option<&str>) -> String {
    let mut command = crate::support::store::sandbox_jwt(home);
    if let Some(customer) = customer {
        command.args(["--customer", customer]);
    }
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    format!("Bearer {}", String::from_utf8(output.stdout).expect("text").trim())
}

pub(crate) struct Shop {
    folder: tempfile::TempDir,
    node: Node,
    pub(crate) client: Client,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let folder = home();
        let node = Node::sandbox(folder.path());
        let client = node.client();
        Self { folder, node, client }
    }

    pub(crate) fn customer(&self, name: &str) -> String {
        bearer(self.folder.path(), Some(name))
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, bearer: &str, body: &Value) -> Answer {
        let body = if method == "GET" { String::new() } else { body.to_string() };
        self.client.call(method, path, &[("Authorization", bearer)], body.as_bytes())
    }
}

/// What an answer of the storefront may hold: the members of the definition's storefront instruments.
#[rustfmt::skip]
const SHOWN: [&str; 27] = [
    "id", "method", "status", "fingerprint", "bin", "last4", "expYear", "expMonth", "digitalWallet", "brand",
    "bankCountry", "bankName", "billingAddress", "useAsBackup", "createdTime", "updatedTime", "lastPaymentTime",
    "customFields", "_links", "routingNumber", "accountNumberType", "accountType", "bic", "username", "number",
    "isPayoutable", "billingPortalUrl",
];

/// The answer is for the customer's own eyes: the definition's storefront instrument, and nothing of the merchant's.
pub(crate) fn assert_storefront(shop: &Shop, path: &str, made: &Value) {
    for name in made.as_object().expect("an object").keys() {
        assert!(SHOWN.contains(&name.as_str()), "{name} is the merchant's: {made}");
    }
    let href = format!("http://{}{path}/{}", shop.node.clients, id(made));
    let links = made["_links"].as_array().expect("links");
    assert_eq!(links.len(), 1);
    // Links have storefront and organization in the caller's order.
    assert_eq!(links[0], json!({"rel": "self", "href": href}));
}

#[test]
fn a_customer_makes_lists_and_changes_what_is_theirs() {
    let mut shop = Shop::new();
    for (number, path) in PATHS.into_iter().enumerate() {
        let name = format!("cus_{number}");
        let own = shop.customer(&name);
        let token = token_id(&mut shop.client, &card());
        let body = json!({"token": token, "customFields": {"a": 1}, "customerId": "cus_other"});
        let answer = shop.call("POST", path, &own, &body);
        assert_eq!(answer.status, 201, "{path}: {}", answer.text());
        let made = answer.json();
        assert_storefront(&shop, path, &made);
        assert_eq!(answer.header("location"), made["_links"][0]["href"].as_str());
        assert_has(&made, &json!({"last4": "1111", "customFields": {"a": 1}}));
        let merchants = instrument(&mut shop.client, id(&made));
        assert_eq!(merchants["customerId"], name, "the caller's, whatever the body says");
        // The same card again is the same instrument.
        let token = token_id(&mut shop.client, &with(&card(), "paymentInstrument.expYear", json!(2040)));
        let again = shop.call("POST", path, &own, &json!({"token": token}));
        assert_eq!((again.status, id(&again.json())), (201, id(&made)), "{}", again.text());
        assert_has(&again.json(), &json!({"expYear": 2040, "customFields": {"a": 1}}));
        let second = exchanged(
            &mut shop.client,
            &with(&card(), "paymentInstrument.pan", json!("5555555555554444")),
            &name,
        );
        kept(&mut shop.client, &plain_account("123456789"), &format!("cus_somebody_else_{number}"));
        for end in ["", "/"] {
            let list = shop.call("GET", &format!("{path}{end}"), &own, &json!({}));
            assert_eq!(listed(&list), [id(&second), id(&made)], "newest first, and theirs alone");
            assert_eq!(pagination(&list), [2, 100, 0]);
            assert_eq!(list.json()[1], again.json());
        }
        let filter = format!("{path}?filter=customerId:cus_somebody_else_{number}");
        assert_eq!(listed(&shop.call("GET", &filter, &own, &json!({}))), Vec::<String>::new());
        let filter = format!("{path}?filter=last4:1111&sort=-last4&limit=1&offset=0");
        assert_eq!(listed(&shop.call("GET", &filter, &own, &json!({}))), [id(&made)]);
        let bad = shop.call("GET", &format!("{path}?filter=x"), &own, &json!({}));
        assert_eq!(invalid_fields(&bad), names(&["filter"]));
    }
}

#[test]
fn a_customer_patches_by_token_and_address() {
    let mut shop = Shop::new();
    let own = shop.customer("cus_1");
    let made = exchanged(&mut shop.client, &card(), "cus_1");
    let body = json!({"method": "payment-card", "paymentInstrument": {"cvv": "123", "expMonth": 3, "expYear": 2041}});
    for (number, path) in PATHS.into_iter().enumerate() {
        let path_of_it = format!("{path}/{}", id(&made));
        let token = token_id(&mut shop.client, &body);
        let city = format!("City {number}");
        let change = json!({"token": token, "billingAddress": {"city": city}, "customFields": {"n": number}});
        let answer = shop.call("PATCH", &path_of_it, &own, &change);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let after = answer.json();
        assert_storefront(&shop, path, &after);
        assert_has(&after, &json!({"last4": "1111", "expMonth": 3, "expYear": 2041}));
        assert_eq!(after["billingAddress"]["city"], city);
        assert_eq!(after["customFields"], json!({"n": number}));
        assert_eq!(invalid_fields(&shop.call("PATCH", &path_of_it, &own, &change)), names(&["token"]));
    }
    let path = format!("{}/{}", PATHS[0], id(&made));
    // A merchant's fields are none of the customer's.
    let body =
        json!({"expMonth": 1, "expYear": 2050, "useAsBackup": true, "stickyGatewayAccountId": "gw_acc_1"});
    let after = shop.call("PATCH", &path, &own, &body);
    assert_eq!(after.status, 200);
    assert_has(&after.json(), &json!({"expMonth": 3, "expYear": 2041, "useAsBackup": false}));
    assert_has(
        &instrument(&mut shop.client, id(&made)),
        &json!({"stickyGatewayAccountId": null, "revision": 4}),
    );
    let full = token_id(&mut shop.client, &with(&card(), "paymentInstrument.pan", json!("5555555555554444")));
    assert_has(&shop.call("PATCH", &path, &own, &json!({"token": full})).json(), &json!({"last4": "4444"}));
    assert_eq!(revealed(&mut shop.client, id(&made))["card"]["pan"], "5555555555554444");
    let bad = json!({"token": 7, "billingAddress": {"country": "x"}, "customFields": [1]});
    let fields = names(&["token", "billingAddress.country", "customFields"]);
    assert_eq!(invalid_fields(&shop.call("PATCH", &path, &own, &bad)), fields);
}

#[test]
fn another_customers_instrument_is_as_one_that_is_not_there() {
    let mut shop = Shop::new();
    let (own, other) = (shop.customer("cus_1"), shop.customer("cus_2"));
    let theirs = kept(&mut shop.client, &plain_card("4111111111111111"), "cus_2");
    let deactivated = kept(&mut shop.client, &plain_card("4111111111111111"), "cus_3");
    assert_eq!(deactivate(&mut shop.client, id(&deactivated)).status, 201);
    let token = token_id(&mut shop.client, &card());
    let body = json!({"token": token});
    for path in PATHS {
        let mut answers = Vec::new();
        for id in [id(&theirs), id(&deactivated), "inst_0YVDM8RC7GDADADSBSMW124JA8", "x", &token] {
            let answer = shop.call("PATCH", &format!("{path}/{id}"), &own, &body);
            assert_eq!(answer.status, 404, "{id}: {}", answer.text());
            let mut headers = answer.headers.clone();
            headers
                .retain(|(name, _)| name != "x-request-id" && name != "date" && !name.contains("ratelimit"));
            headers.retain(|(name, _)| !name.contains("rate-limit"));
            answers.push((headers, answer.text()));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(listed(&shop.call("GET", path, &own, &json!({}))), Vec::<String>::new());
    }
    assert!(is_live(&mut shop.client, &token), "nothing was used up");
    assert_eq!(instrument(&mut shop.client, id(&theirs)), theirs);
    let path = format!("{}/{}", PATHS[0], id(&theirs));
    assert_eq!(shop.call("PATCH", &path, &other, &body).status, 200, "it is theirs to change");
}

#[test]
fn a_publishable_key_makes_a_new_customer() {
    let mut shop = Shop::new();
    let mut customers = Vec::new();
    for path in PATHS {
        let token = token_id(&mut shop.client, &card());
        let body = json!({"token": token, "customFields": {"a": 1}});
        let answer = shop.call("POST", path, PUBLISHABLE.1, &body);
        assert_eq!(answer.status, 201, "{path}: {}", answer.text());
        let made = answer.json();
        assert_storefront(&shop, path, &made);
        let merchants = instrument(&mut shop.client, id(&made));
        assert_eq!(merchants["customFields"], json!({"a": 1}));
        let customer = merchants["customerId"].as_str().unwrap().to_owned();
        // Named as the token's address, with the instrument as the default.
        let read = get(&mut shop.client, path_of(merchants["_links"][1]["href"].as_str().unwrap())).json();
        assert_has(
            &read,
            &json!({"id": customer, "firstName": "Benjamin", "lastName": "Franklin", "revision": 1}),
        );
        assert_eq!(read["defaultPaymentInstrument"]["paymentInstrumentId"], merchants["id"]);
        assert!(customer.starts_with("cus_") && !customers.contains(&customer), "{customer}");
        customers.push(customer);
        // The token was its one use.
        assert_eq!(invalid_fields(&shop.call("POST", path, PUBLISHABLE.1, &body)), names(&["token"]));
    }
}

#[test]
fn a_refused_call_uses_nothing_up() {
    let mut shop = Shop::new();
    let own = shop.customer("cus_1");
    let token = token_id(&mut shop.client, &card());
    let partial = json!({"method": "payment-card", "paymentInstrument": {"expMonth": 3, "expYear": 2041}});
    let partial = token_id(&mut shop.client, &partial);
    for caller in [own.as_str(), PUBLISHABLE.1] {
        for (body, fields) in [
            (json!({}), vec!["token"]),
            (json!({"token": null}), vec!["token"]),
            (json!({"token": "x"}), vec!["token"]),
            (json!({"token": partial}), vec!["token"]),
            (json!({"token": token, "customFields": "x"}), vec!["customFields"]),
            (json!({"customFields": 7}), vec!["token", "customFields"]),
            (with(&plain_card("4111111111111111"), "customerId", json!("cus_1")), vec!["token"]),
        ] {
            assert_eq!(invalid_fields(&shop.call("POST", PATHS[0], caller, &body)), names(&fields), "{body}");
        }
    }
    assert!(is_live(&mut shop.client, &token) && is_live(&mut shop.client, &partial));
    let all = get(&mut shop.client, super::calls::INSTRUMENTS);
    assert_eq!(all.header("pagination-total"), Some("0"));
}

#[test]
fn only_customers_and_browsers_stand_at_the_storefront() {
    let mut shop = Shop::new();
    let made = kept(&mut shop.client, &plain_card("4111111111111111"), "cus_1");
    let (own, merchant) = (shop.customer("cus_1"), bearer(shop.folder.path(), None));
    let token = token_id(&mut shop.client, &json!({"method": "Interac", "billingAddress": address()}));
    let forged = {
        let last = if own.ends_with('A') { "B" } else { "A" };
        format!("{}{last}", &own[..own.len() - 1])
    };
    let callers: [(&str, (&str, &str), [u16; 4]); 8] = [
        ("secret key", SECRET, [403, 403, 403, 403]),
        ("merchant's JWT", ("Authorization", &merchant), [403, 403, 403, 403]),
        ("publishable key", PUBLISHABLE, [422, 403, 403, 403]),
        ("publishable key as Bearer", ("Authorization", "Bearer pk_sandbox_coffer"), [422, 403, 403, 403]),
        ("customer's JWT", ("Authorization", &own), [422, 200, 200, 200]),
        ("forged", ("Authorization", &forged), [401, 401, 401, 401]),
        ("JWT without Bearer", ("Authorization", &own[7..]), [401, 401, 401, 401]),
        ("native", crate::support::REDEEM, [401, 401, 401, 401]),
    ];
    for (name, header, statuses) in callers {
        for path in PATHS {
            let of_it = format!("{path}/{}", id(&made));
            let calls =
                [("POST", path, "{}"), ("GET", path, ""), ("PATCH", &of_it, "{}"), ("GET", &of_it, "")];
            for ((method, path, body), status) in calls.into_iter().zip(statuses) {
                let answer = shop.client.call(method, path, &[header], body.as_bytes());
                assert_eq!(answer.status, status, "{name} {method} {path}: {}", answer.text());
            }
        }
    }
    // A customer's JWT is for the storefront and nothing else; a wrong secret key beside it decides.
    for (method, path) in [
        ("POST", "/rebilly/tokens"),
        ("GET", "/rebilly/tokens"),
        ("GET", "/rebilly/payment-instruments"),
        ("GET", "/rebilly/customers/cus_1"),
        ("PUT", "/rebilly/customers/cus_1"),
    ] {
        let answer = shop.client.call(method, path, &[("Authorization", &own)], b"{}");
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
    }
    let both = [("Authorization", own.as_str()), ("REB-APIKEY", "sk_sandbox_wrong")];
    assert_eq!(shop.client.call("GET", PATHS[0], &both, b"").status, 401);
    for path in [
        "/rebilly/organizations/org_other/storefront/payment-instruments",
        "/rebilly/storefront/organizations/org_other/payment-instruments",
    ] {
        assert_eq!(shop.client.call("GET", path, &[("Authorization", &own)], b"").status, 403, "{path}");
    }
    assert!(is_live(&mut shop.client, &token));
}
