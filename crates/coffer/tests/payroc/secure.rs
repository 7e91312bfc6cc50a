//! What a secure token keeps beside its source (sections 6.1 to 6.3), and the limits of every member.

use serde_json::{Value, json};

use super::{
    calls::{
        Edge, PAN, Shop, assert_names, card, fresh_key, names, parameters, secure, text, with, without,
        words, x,
    },
    place,
};
use crate::{
    live::Live,
    support::{Node, home},
};

fn address() -> Value {
    json!({"address1": "1 Example Ave.", "address2": "Example Address Line 2", "address3": "Line 3",
        "city": "Chicago", "state": "Illinois", "country": "US", "postalCode": "60056"})
}

/// Every member of a request.
fn full() -> Value {
    json!({
        "secureTokenId": "full", "operator": "Jane", "mitAgreement": "unscheduled",
        "customer": {
            "firstName": "Sarah", "lastName": "Hopper", "dateOfBirth": "1990-07-15",
            "referenceNumber": "Customer-12", "billingAddress": address(),
            "shippingAddress": {"recipientName": "Sarah Hopper", "address": address()},
            "contactMethods": [
                {"type": "email", "value": "jane.doe@example.com"}, {"type": "phone", "value": "2025550164"},
                {"type": "mobile", "value": "+1 202 555 0165"}, {"type": "fax", "value": "2025550166"},
            ],
            "notificationLanguage": "en",
        },
        "ipAddress": {"type": "ipv4", "value": "104.18.24.203"},
        "threeDSecure": {"type": "thirdPartyThreeDSecure", "eci": "fullyAuthenticated", "xid": "x", "cavv": "c",
            "dsTransactionId": "d"},
        "customFields": [{"name": "yourCustomField", "value": "abc123"}, {"name": "other", "value": ""}],
        "source": card(),
    })
}

#[test]
fn what_is_given_is_kept_and_what_is_for_the_moment_is_not() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let answer = shop.post("secure-tokens", &full());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    let members = [
        "customFields",
        "customer",
        "mitAgreement",
        "processingTerminalId",
        "secureTokenId",
        "source",
        "status",
        "token",
    ];
    assert_eq!(names(&made), members);
    for name in ["customer", "customFields", "mitAgreement", "secureTokenId"] {
        assert_eq!(made[name], full()[name], "{name}");
    }
    assert_eq!(shop.read("full"), made);
    node.advance(3_000 * 86_400);
    let mut shop = Shop::of(&node);
    assert_eq!(shop.read("full"), made, "it has no end");
    node.kill();
    let node = Node::sandbox(folder.path());
    assert_eq!(Shop::of(&node).read("full")["customer"], full()["customer"]);
}

/// The places of a customer.
fn of_customer() -> Vec<Edge> {
    let contacts = |count: usize| json!(vec![json!({"type": "email", "value": "a@example.com"}); count]);
    vec![
        ("/customer", vec![Value::Null, json!({})], vec![json!([]), json!("x")]),
        ("/customer/firstName", vec![x(50), x(0), Value::Null], vec![x(51), json!(1), json!(PAN)]),
        ("/customer/lastName", vec![x(50)], vec![x(51), json!({})]),
        ("/customer/referenceNumber", vec![x(100)], vec![x(101), json!(PAN), json!(12)]),
        (
            "/customer/dateOfBirth",
            words(&["2000-02-29", "1900-01-01"]),
            words(&["1990-13-01", "1990-02-30", "2001-02-29", "90-01-01", "1990/01/01", "x", ""]),
        ),
        ("/customer/notificationLanguage", words(&["en", "fr"]), words(&["de", "EN", ""])),
        (
            "/customer/contactMethods",
            vec![json!([]), contacts(20), Value::Null],
            vec![contacts(21), json!({})],
        ),
        (
            "/customer/contactMethods/0/type",
            words(&["email", "phone", "mobile", "fax"]),
            words(&["Email", "", "telephone"]),
        ),
        ("/customer/contactMethods/0/value", vec![x(1), x(255)], vec![x(0), x(256), json!(PAN), Value::Null]),
        (
            "/customer/contactMethods/1/value",
            words(&["2025550164", "+1 (202) 555-0164", "020255501641234"]),
            vec![json!(PAN), json!("")],
        ),
        ("/customer/billingAddress", vec![Value::Null], vec![json!("x"), json!([])]),
        (
            "/customer/billingAddress/address1",
            vec![x(1), x(100)],
            vec![x(0), x(101), Value::Null, json!(PAN)],
        ),
        ("/customer/billingAddress/address2", vec![x(0), x(100)], vec![x(101), json!(1)]),
        ("/customer/billingAddress/city", vec![x(100)], vec![x(0), x(101), Value::Null]),
        ("/customer/billingAddress/state", vec![x(0), x(100)], vec![x(101), Value::Null]),
        (
            "/customer/billingAddress/country",
            words(&["US", "CA", "GB"]),
            words(&["us", "USA", "U", "", "U1"]),
        ),
        ("/customer/billingAddress/postalCode", vec![x(0), x(20)], vec![x(21), Value::Null, json!(60056)]),
        ("/customer/shippingAddress/recipientName", vec![x(100)], vec![x(101), json!(PAN)]),
        ("/customer/shippingAddress/address/city", vec![x(1)], vec![x(0), Value::Null]),
    ]
}

/// All others.
fn of_request() -> Vec<Edge> {
    let fields = |count: usize| json!(vec![json!({"name": "n", "value": "v"}); count]);
    vec![
        ("/operator", vec![x(50), Value::Null], vec![x(51), x(0), json!(1)]),
        (
            "/mitAgreement",
            words(&["unscheduled", "recurring", "installment"]),
            words(&["Recurring", "", "subscription"]),
        ),
        ("/ipAddress", vec![Value::Null], vec![json!("104.18.24.203"), json!([])]),
        ("/ipAddress/type", vec![], words(&["IPv4", "", "v4"])),
        (
            "/ipAddress/value",
            words(&["0.0.0.0", "255.255.255.255"]),
            words(&["256.0.0.1", "1.2.3", "::1", "example.com", ""]),
        ),
        ("/threeDSecure", vec![Value::Null], vec![json!("x"), json!([])]),
        ("/threeDSecure/type", vec![], words(&["gateway", "thirdParty", ""])),
        (
            "/threeDSecure/eci",
            words(&["fullyAuthenticated", "attemptedAuthentication"]),
            vec![json!("05"), json!(""), Value::Null],
        ),
        ("/threeDSecure/xid", vec![x(255), Value::Null], vec![x(256), x(0), json!(1)]),
        ("/threeDSecure/cavv", vec![x(255)], vec![x(256), x(0)]),
        ("/threeDSecure/dsTransactionId", vec![x(255)], vec![x(256), x(0)]),
        ("/customFields", vec![json!([]), fields(50), Value::Null], vec![fields(51), json!({})]),
        ("/customFields/0", vec![], vec![json!("x"), Value::Null, json!([])]),
        ("/customFields/0/name", vec![x(1), x(100)], vec![x(0), x(101), Value::Null, json!(PAN)]),
        ("/customFields/0/value", vec![x(0), x(500)], vec![x(501), Value::Null, json!(PAN), json!(7)]),
        ("/source", vec![], vec![Value::Null, json!("x"), json!([])]),
        ("/source/type", vec![], words(&["secureToken", "digitalWallet", ""])),
    ]
}

#[test]
fn every_member_has_its_limits() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let full = without(&full(), "/secureTokenId");
    for (at, good, bad) in of_request().into_iter().chain(of_customer()) {
        for value in good {
            let answer = shop.post("secure-tokens", &with(&full, at, value.clone()));
            assert_eq!(answer.status, 201, "{at} {value}: {}", answer.text());
        }
        for value in bad {
            let answer = shop.post("secure-tokens", &with(&full, at, value.clone()));
            assert_eq!(parameters(&answer), [at[1..].replace('/', ".")], "{at} {value}: {}", answer.text());
            assert!(!answer.text().contains(PAN), "{}", answer.text());
        }
    }
    for (kind, good, bad) in [
        (
            "ipv6",
            vec!["::1", "2001:db8::7", "::ffff:192.0.2.1"],
            vec!["104.18.24.203", "2001::db8::7", "g::", ""],
        ),
        ("ipv4", vec!["104.18.24.203"], vec!["2001:db8::7"]),
    ] {
        for value in good {
            let body = with(&full, "/ipAddress", json!({"type": kind, "value": value}));
            assert_eq!(shop.post("secure-tokens", &body).status, 201, "{value}");
        }
        for value in bad {
            let body = with(&full, "/ipAddress", json!({"type": kind, "value": value}));
            assert_names(&shop.post("secure-tokens", &body), "ipAddress.value");
        }
    }
    let gateway = json!({"type": "gatewayThreeDSecure", "mpiReference": "f8f4a8a9"});
    assert_eq!(shop.post("secure-tokens", &with(&full, "/threeDSecure", gateway.clone())).status, 201);
    let none = with(&full, "/threeDSecure", without(&gateway, "/mpiReference"));
    assert_names(&shop.post("secure-tokens", &none), "threeDSecure.mpiReference");
}

#[test]
fn all_problems_are_named_at_once() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let wrong = json!({
        "secureTokenId": "a\nb", "operator": "", "mitAgreement": "x",
        "customer": {"firstName": PAN, "dateOfBirth": "x", "billingAddress": {"country": "usa"},
            "shippingAddress": {"recipientName": 1, "address": 5}, "contactMethods": [{"type": "x"}, 7],
            "notificationLanguage": "x"},
        "ipAddress": {"type": "ipv4"}, "threeDSecure": {"type": "thirdPartyThreeDSecure"},
        "customFields": [{"name": "n", "value": "v"}, {}],
        "source": {"type": "singleUseToken", "token": "0"},
    });
    let mut found = parameters(&shop.post("secure-tokens", &wrong));
    found.sort_unstable();
    let mut expected = [
        "secureTokenId",
        "operator",
        "mitAgreement",
        "customer.firstName",
        "customer.dateOfBirth",
        "customer.billingAddress.address1",
        "customer.billingAddress.city",
        "customer.billingAddress.state",
        "customer.billingAddress.country",
        "customer.billingAddress.postalCode",
        "customer.shippingAddress.recipientName",
        "customer.shippingAddress.address",
        "customer.contactMethods.0.type",
        "customer.contactMethods.0.value",
        "customer.contactMethods.1",
        "customer.notificationLanguage",
        "ipAddress.value",
        "threeDSecure.eci",
        "customFields.1.name",
        "customFields.1.value",
        "source.token",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// Names that the terminal does not know are dropped without a word; their case matters. A terminal without a list
/// keeps all.
#[test]
fn custom_fields_are_those_that_the_terminal_knows() {
    let live = Live::new();
    let node = live.try_start(&place::config(&live, "")).expect("the node starts");
    let sent = json!([
        {"name": "yourCustomField", "value": "a"}, {"name": "YOURCUSTOMFIELD", "value": "b"},
        {"name": "Invoice", "value": "c"}, {"name": "invoice", "value": "d"},
    ]);
    let known = json!([{"name": "yourCustomField", "value": "a"}, {"name": "Invoice", "value": "c"}]);
    for (terminal, kept) in
        [(place::OPEN, sent.clone()), (place::NAMED_FIELDS, known), (place::NO_FIELDS, json!([]))]
    {
        let mut shop = Shop::by(&node, place::KEY, terminal);
        let body = with(&secure("fields", &card()), "/customFields", sent.clone());
        let made = shop.secure(&body);
        let fields = |body: &Value| body.get("customFields").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(fields(&made), kept, "{terminal}");
        assert_eq!(fields(&shop.read("fields")), kept, "{terminal}");
        let operation = json!([{"op": "add", "path": "/customFields", "value": sent}]);
        let patched = shop.patch("fields", &operation);
        assert_eq!(patched.status, 200, "{}", patched.text());
        assert_eq!(fields(&patched.json()), kept, "{terminal}");
    }
}

/// An answer that was given once is given again to whoever sends the same again.
#[test]
fn a_create_is_done_once_for_its_key() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (below, body, other) in [
        ("single-use-tokens", super::calls::request(&card()), super::calls::request(&super::calls::ach())),
        ("secure-tokens", json!({"source": card()}), secure("another", &card())),
    ] {
        let (path, key) = (shop.path(below), fresh_key());
        let first = shop.keyed("POST", &path, &key, &body);
        assert_eq!(first.status, 201, "{}", first.text());
        let again = shop.keyed("POST", &path, &key.to_uppercase(), &body);
        assert_eq!((again.status, again.json()), (201, first.json()));
        assert_eq!(again.header("location"), first.header("location"));
        super::calls::assert_refused(&shop.keyed("POST", &path, &key, &other), 409, "idempotency-key-in-use");
        let code = with(&body, "/source/cardDetails/keyedData/cvv", json!("235"));
        super::calls::assert_refused(&shop.keyed("POST", &path, &key, &code), 409, "idempotency-key-in-use");
        let second = shop.path(below).replace("1234001", "1234002");
        super::calls::assert_refused(
            &shop.keyed("POST", &second, &key, &body),
            409,
            "idempotency-key-in-use",
        );
        // Another merchant's key of the same letters is another key.
        let mut merchant = Shop::other(&node);
        let path = merchant.path(below);
        let theirs = merchant.keyed("POST", &path, &key, &body);
        assert_eq!(theirs.status, 201, "{}", theirs.text());
        assert_ne!(text(&theirs.json(), "token"), text(&first.json(), "token"));
    }
    let list = shop.path("secure-tokens");
    assert_eq!(shop.get(&list).json()["count"], 1, "it was made once");
}

/// A secure token is made of a card that has expired where the terminal takes those, and stays when its card expires.
#[test]
fn expired_cards_are_for_terminals_that_take_them() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut second) = (Shop::of(&node), Shop::by(&node, "sandbox", "1234002"));
    let old = with(&card(), "/cardDetails/keyedData/expiryDate", json!("0120"));
    let refused = shop.post("secure-tokens", &secure("old", &old));
    assert_names(&refused, "source.cardDetails.keyedData.expiryDate");
    assert_eq!(second.secure(&secure("old", &old))["source"]["expiryDate"], "0120");
    let single = text(&second.single_use(&old), "token");
    let made = second.secure(&json!({"source": super::calls::flat(&single)}));
    assert_eq!(made["source"]["expiryDate"], "0120");
    shop.secure(&secure("good", &card()));
    node.advance(6 * 366 * 86_400);
    let mut shop = Shop::of(&node);
    assert_eq!(shop.read("good")["source"]["expiryDate"], "1230");
    assert_names(
        &shop.post("secure-tokens", &secure("late", &card())),
        "source.cardDetails.keyedData.expiryDate",
    );
}
