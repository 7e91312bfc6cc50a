//! Secure tokens are patched (section 6.5): every operation of RFC 6902, on every place that may be changed.

use serde_json::{Value, json};

use super::calls::{Shop, ach, assert_refused, card, fresh_key, pad, reveal, secure, text, with};
use crate::support::{Node, home};

fn customer() -> Value {
    json!({"firstName": "Sarah", "lastName": "Hopper", "contactMethods": [{"type": "email", "value": "a@example.com"}]})
}

/// A token with everything that a patch may change.
fn made(shop: &mut Shop, id: &str, source: &Value) -> Value {
    let body = with(&secure(id, source), "/customer", customer());
    let body = with(&body, "/mitAgreement", json!("unscheduled"));
    shop.secure(&with(
        &body,
        "/customFields",
        json!([{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]),
    ))
}

/// Sends a patch and gives what the token is afterwards, read anew.
#[track_caller]
fn patched(shop: &mut Shop, id: &str, operations: &Value) -> Value {
    let answer = shop.patch(id, operations);
    assert_eq!(answer.status, 200, "{operations}: {}", answer.text());
    let mut shown = answer.json();
    let read = shop.read(id);
    // Only a read shows the type of an account.
    if let Some(kind) = read["source"].get("accountType") {
        shown["source"]["accountType"] = kind.clone();
    }
    assert_eq!(shown, read);
    read
}

/// An operation, a place, and what is there afterwards.
type Case = (Value, &'static str, Value);

/// Three custom fields, of which a token has the first two.
fn fields() -> [Value; 3] {
    [("a", "1"), ("b", "2"), ("c", "3")].map(|(name, value)| json!({"name": name, "value": value}))
}

/// What adds, replaces and removes.
fn changes() -> Vec<Case> {
    let [first, second, third] = fields();
    vec![
        (
            json!({"op": "add", "path": "/mitAgreement", "value": "recurring"}),
            "/mitAgreement",
            json!("recurring"),
        ),
        (
            json!({"op": "replace", "path": "/mitAgreement", "value": "installment"}),
            "/mitAgreement",
            json!("installment"),
        ),
        (json!({"op": "remove", "path": "/mitAgreement"}), "/mitAgreement", Value::Null),
        (
            json!({"op": "replace", "path": "/customer/firstName", "value": "Ada"}),
            "/customer/firstName",
            json!("Ada"),
        ),
        (
            json!({"op": "add", "path": "/customer/referenceNumber", "value": "7"}),
            "/customer/referenceNumber",
            json!("7"),
        ),
        (json!({"op": "remove", "path": "/customer/lastName"}), "/customer/lastName", Value::Null),
        (json!({"op": "remove", "path": "/customer"}), "/customer", Value::Null),
        (
            json!({"op": "replace", "path": "/customer", "value": {"firstName": "x"}}),
            "/customer",
            json!({"firstName": "x"}),
        ),
        (
            json!({"op": "add", "path": "/customer/contactMethods/-", "value": {"type": "fax", "value": "1"}}),
            "/customer/contactMethods/1",
            json!({"type": "fax", "value": "1"}),
        ),
        (
            json!({"op": "add", "path": "/customer/contactMethods/0", "value": {"type": "fax", "value": "1"}}),
            "/customer/contactMethods/1/value",
            json!("a@example.com"),
        ),
        (
            json!({"op": "add", "path": "/customFields/-", "value": third}),
            "/customFields",
            json!([first, second, third]),
        ),
        (
            json!({"op": "add", "path": "/customFields/0", "value": third}),
            "/customFields",
            json!([third, first, second]),
        ),
        (json!({"op": "remove", "path": "/customFields/0"}), "/customFields", json!([second])),
    ]
}

/// What moves, copies and tests.
fn moves() -> Vec<Case> {
    let [first, second, _] = fields();
    vec![
        (
            json!({"op": "move", "from": "/customFields/0", "path": "/customFields/1"}),
            "/customFields",
            json!([second, first]),
        ),
        (
            json!({"op": "copy", "from": "/customFields/0", "path": "/customFields/-"}),
            "/customFields",
            json!([first, second, first]),
        ),
        (
            json!({"op": "move", "from": "/customer/firstName", "path": "/customer/lastName"}),
            "/customer",
            json!({"lastName": "Sarah", "contactMethods": customer()["contactMethods"]}),
        ),
        (
            json!({"op": "copy", "from": "/customer/firstName", "path": "/customer/lastName"}),
            "/customer/lastName",
            json!("Sarah"),
        ),
        (
            json!({"op": "copy", "from": "/source/cardholderName", "path": "/customer/firstName"}),
            "/customer/firstName",
            json!("Sarah Hazel Hopper"),
        ),
        (
            json!({"op": "test", "path": "/source/cardNumber", "value": "453985******7062"}),
            "/status",
            json!("notValidated"),
        ),
        (json!({"op": "test", "path": "/customer", "value": customer()}), "/customer", customer()),
    ]
}

#[test]
fn every_operation_does_what_the_rfc_says() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (at, (operation, pointer, expected)) in changes().into_iter().chain(moves()).enumerate() {
        let id = format!("token {at}");
        let before = made(&mut shop, &id, &card());
        let after = patched(&mut shop, &id, &json!([operation]));
        let found = after.pointer(pointer).cloned().unwrap_or(Value::Null);
        assert_eq!(found, expected, "{operation}: {after}");
        for name in ["secureTokenId", "token", "source", "processingTerminalId", "status"] {
            assert_eq!(after[name], before[name], "{operation}");
        }
    }
}

#[test]
fn each_source_has_members_that_may_change() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    for (id, source, changes) in [
        (
            "card",
            card(),
            vec![
                ("cardholderName", json!("Ada Lovelace")),
                ("expiryDate", json!("0140")),
                ("cardholderName", json!("x")),
            ],
        ),
        ("ach", ach(), vec![("nameOnAccount", json!("Ada Lovelace")), ("accountType", json!("savings"))]),
        (
            "pad",
            pad(),
            vec![
                ("nameOnAccount", json!("Ada")),
                ("institutionNumber", json!("001")),
                ("accountType", json!("checking")),
            ],
        ),
    ] {
        let mut expected = made(&mut shop, id, &source);
        if let Some(kind) = source.get("accountType") {
            expected["source"]["accountType"] = kind.clone();
        }
        for (name, value) in changes {
            for op in ["replace", "add"] {
                expected["source"][name] = value.clone();
                let operation = json!([{"op": op, "path": format!("/source/{name}"), "value": value}]);
                assert_eq!(patched(&mut shop, id, &operation), expected, "{id} {op} {name}");
            }
        }
    }
    // What is taken away: an expiry and the type of an account need not be there.
    for (id, name) in [("card", "expiryDate"), ("ach", "accountType"), ("pad", "accountType")] {
        let after = patched(&mut shop, id, &json!([{"op": "remove", "path": format!("/source/{name}")}]));
        assert!(after["source"].get(name).is_none(), "{after}");
    }
    // What is protected changed where it had to, and only there.
    let clear = |digits: &str| reveal(&node, digits).json();
    let digits = text(&shop.read("pad"), "token");
    let account = &clear(&digits)["account"];
    assert_eq!(account["number"], "1234567890");
    let routing = text(account, "routingNumber");
    assert!(
        routing.contains("76543") && routing.contains("001") && !routing.contains("543001543"),
        "{routing}"
    );
    let digits = text(&shop.read("card"), "token");
    assert_eq!(clear(&digits)["card"], json!({"pan": "4539858876047062"}), "without an expiry");
}

#[test]
fn a_patch_is_carried_out_in_its_order() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = made(&mut shop, "one", &card());
    let after = patched(
        &mut shop,
        "one",
        &json!([
            {"op": "test", "path": "/customer/firstName", "value": "Sarah"},
            {"op": "replace", "path": "/customer/firstName", "value": "Ada"},
            {"op": "test", "path": "/customer/firstName", "value": "Ada"},
            {"op": "copy", "from": "/customer/firstName", "path": "/customer/lastName"},
            {"op": "remove", "path": "/customFields/0"},
            {"op": "remove", "path": "/customFields/0"},
            {"op": "test", "path": "/customFields", "value": []},
            {"op": "add", "path": "/customFields/0", "value": {"name": "~/x", "value": "y"}},
            {"op": "test", "path": "/customFields/0/name", "value": "~/x"},
            {"op": "move", "from": "/customer/lastName", "path": "/source/cardholderName"},
        ]),
    );
    assert_eq!(after["customFields"], json!([{"name": "~/x", "value": "y"}]));
    assert_eq!(after["source"]["cardholderName"], "Ada");
    assert_eq!(
        after["customer"],
        json!({"firstName": "Ada", "contactMethods": customer()["contactMethods"]})
    );
    assert_eq!(after["source"]["cardNumber"], before["source"]["cardNumber"]);
    // Nothing is nothing.
    assert_eq!(patched(&mut shop, "one", &json!([])), after);
    let tests: Vec<_> =
        (0..100).map(|_| json!({"op": "test", "path": "/status", "value": "notValidated"})).collect();
    assert_eq!(patched(&mut shop, "one", &json!(tests)), after, "as many as there may be");
}

#[test]
fn what_does_not_end_well_is_not_begun() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = made(&mut shop, "one", &card());
    let change = json!({"op": "replace", "path": "/customer/firstName", "value": "Ada"});
    let gone = json!({"op": "remove", "path": "/mitAgreement"});
    for (last, status, kind) in [
        (json!({"op": "test", "path": "/customer/firstName", "value": "Sarah"}), 409, "cannot-be-modified"),
        (json!({"op": "test", "path": "/source/cardNumber", "value": "x"}), 409, "cannot-be-modified"),
        (json!({"op": "test", "path": "/customer", "value": null}), 409, "cannot-be-modified"),
        (
            json!({"op": "replace", "path": "/customer/dateOfBirth", "value": "1990-01-01"}),
            400,
            "bad-request",
        ),
        (json!({"op": "remove", "path": "/customer/unknown"}), 400, "bad-request"),
        (json!({"op": "replace", "path": "/source/cardNumber", "value": "x"}), 400, "bad-request"),
        (json!({"op": "add", "path": "/customer/dateOfBirth", "value": "x"}), 400, "bad-request"),
    ] {
        let answer = shop.patch("one", &json!([change, gone, last]));
        assert_refused(&answer, status, kind);
        if status == 409 {
            let body = answer.json();
            assert_eq!(body["title"], "Cannot be modified");
            assert_eq!(body["detail"], "You cannot modify this resource in its current state");
            assert_eq!(body["errors"][0]["parameter"], last["path"]);
        }
        assert_eq!(shop.read("one"), before, "{last}");
    }
}

#[test]
fn a_patch_is_done_once_for_its_key() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    made(&mut shop, "one", &card());
    let path = shop.secure_path("one");
    let append = json!([{"op": "add", "path": "/customFields/-", "value": {"name": "c", "value": "3"}}]);
    let key = fresh_key();
    let first = shop.keyed("PATCH", &path, &key, &append);
    assert_eq!(first.status, 200, "{}", first.text());
    let other = json!([{"op": "remove", "path": "/customFields/0"}]);
    for _ in 0..2 {
        let again = shop.keyed("PATCH", &path, &key, &append);
        assert_eq!((again.status, again.text()), (200, first.text()));
        assert_refused(&shop.keyed("PATCH", &path, &key, &other), 409, "idempotency-key-in-use");
    }
    assert_eq!(shop.read("one")["customFields"].as_array().map(Vec::len), Some(3));
    // A refusal binds its key as well, and is given again when it would be none any more.
    let (key, test) = (fresh_key(), json!([{"op": "test", "path": "/mitAgreement", "value": "recurring"}]));
    assert_refused(&shop.keyed("PATCH", &path, &key, &test), 409, "cannot-be-modified");
    let change = json!([{"op": "replace", "path": "/mitAgreement", "value": "recurring"}]);
    assert_eq!(shop.patch("one", &change).status, 200);
    assert_refused(&shop.keyed("PATCH", &path, &key, &test), 409, "cannot-be-modified");
    assert_eq!(shop.patch("one", &test).status, 200, "under a key of its own");
}

/// The rules of an expiry hold here as well, but what is over stays as it is when other members change.
#[test]
fn an_expired_card_can_be_patched() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    made(&mut shop, "one", &card());
    node.advance(6 * 366 * 86_400);
    let mut shop = Shop::of(&node);
    let name = json!([{"op": "replace", "path": "/source/cardholderName", "value": "Ada"}]);
    assert_eq!(patched(&mut shop, "one", &name)["source"]["expiryDate"], "1230");
    let expiry = |value: &str| json!([{"op": "replace", "path": "/source/expiryDate", "value": value}]);
    assert_eq!(patched(&mut shop, "one", &expiry("1230"))["source"]["expiryDate"], "1230");
    super::calls::assert_names(&shop.patch("one", &expiry("1130")), "source.expiryDate");
    assert_eq!(patched(&mut shop, "one", &expiry("1299"))["source"]["expiryDate"], "1299");
    super::calls::assert_names(&shop.patch("one", &expiry("1230")), "source.expiryDate");
}
