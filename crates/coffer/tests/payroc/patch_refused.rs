//! What no patch does (section 6.5): members that are nobody's to change, pointers that lead nowhere, operations that
//! are none, results that would not have been taken, and resources that grow without end.

use coffer_types::limits;
use serde_json::{Value, json};

use super::calls::{PAN, Shop, ach, assert_names, assert_refused, card, pad, parameters, secure, text, with};
use crate::support::{Node, home};

/// A value that would be good at a place if the place could be changed.
fn good(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("source") => json!({"type": "card"}),
        Some("debit") => json!(true),
        Some("surcharging") => json!({"allowed": false}),
        _ => json!("x"),
    }
}

#[test]
fn what_may_not_be_changed_is_named() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let resource = [
        "",
        "/secureTokenId",
        "/processingTerminalId",
        "/token",
        "/status",
        "/source",
        "/source/type",
        "/unknown",
    ];
    let of_card =
        ["cardNumber", "cardType", "currency", "debit", "surcharging", "accountType", "nameOnAccount", "cvv"];
    let of_ach = ["accountNumber", "routingNumber", "cardholderName", "institutionNumber", "secCode"];
    let of_pad = ["accountNumber", "transitNumber", "routingNumber", "expiryDate", "secCode"];
    for (id, source, members) in
        [("card", card(), &of_card[..]), ("ach", ach(), &of_ach[..]), ("pad", pad(), &of_pad[..])]
    {
        shop.secure(&with(&secure(id, &source), "/customer", json!({"firstName": "x"})));
        let before = shop.read(id);
        let members = members.iter().map(|name| format!("/source/{name}"));
        for path in resource.iter().map(|path| (*path).to_owned()).chain(members) {
            for operation in [
                json!({"op": "add", "path": path, "value": good(&path)}),
                json!({"op": "replace", "path": path, "value": good(&path)}),
                json!({"op": "remove", "path": path}),
                json!({"op": "copy", "from": "/customer/firstName", "path": path}),
                json!({"op": "move", "from": "/customer/firstName", "path": path}),
                // Out of it is a change of it.
                json!({"op": "move", "from": path, "path": "/customer/lastName"}),
            ] {
                let answer = shop.patch(id, &json!([operation]));
                // The empty pointer is the whole, and cannot be shown.
                let named = if path.is_empty() { "0.path" } else { &path };
                assert_eq!(parameters(&answer), [named], "{operation}: {}", answer.text());
                assert_eq!(shop.read(id), before, "{operation}");
            }
        }
        // Looking is free, and so is a copy of what may be seen.
        let copy =
            json!([{"op": "copy", "from": "/processingTerminalId", "path": "/customer/referenceNumber"}]);
        assert_eq!(shop.patch(id, &copy).status, 200);
    }
    let all = json!([
        {"op": "remove", "path": "/token"}, {"op": "remove", "path": "/mitAgreement/x"},
        {"op": "remove", "path": "/source/cardholderName/x"}, {"op": "test", "path": "/token", "value": "x"},
        {"op": "remove", "path": "/status"},
    ]);
    let expected = ["/token", "/mitAgreement/x", "/source/cardholderName/x", "/status"];
    assert_eq!(parameters(&shop.patch("card", &all)), expected, "all at once");
}

#[test]
fn what_is_no_operation_is_named() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = shop.secure(&secure("one", &card()));
    for (operation, named) in [
        (json!({"path": "/mitAgreement", "value": "x"}), "0.op"),
        (json!({"op": "Add", "path": "/mitAgreement", "value": "x"}), "0.op"),
        (json!({"op": "merge", "path": "/mitAgreement", "value": "x"}), "0.op"),
        (json!({"op": 1, "path": "/mitAgreement"}), "0.op"),
        (json!({"op": "add", "value": "x"}), "0.path"),
        (json!({"op": "add", "path": 1, "value": "x"}), "0.path"),
        (json!({"op": "add", "path": null, "value": "x"}), "0.path"),
        (json!({"op": "add", "path": "mitAgreement", "value": "x"}), "mitAgreement"),
        (json!({"op": "add", "path": "customer/firstName", "value": "x"}), "customer/firstName"),
        (json!({"op": "add", "path": "/customer/a~2b", "value": "x"}), "/customer/a~2b"),
        (json!({"op": "add", "path": "/customer/a~", "value": "x"}), "/customer/a~"),
        (json!({"op": "add", "path": "a b", "value": "x"}), "0.path"),
        (json!({"op": "add", "path": PAN, "value": "x"}), "0.path"),
        (json!({"op": "add", "path": "x".repeat(201), "value": "x"}), "0.path"),
        (json!({"op": "add", "path": "/mitAgreement"}), "0.value"),
        (json!({"op": "replace", "path": "/mitAgreement"}), "0.value"),
        (json!({"op": "test", "path": "/mitAgreement"}), "0.value"),
        (json!({"op": "move", "path": "/mitAgreement"}), "0.from"),
        (json!({"op": "copy", "path": "/mitAgreement", "from": "customer"}), "0.from"),
        (json!({"op": "copy", "path": "/mitAgreement", "from": 1}), "0.from"),
        (json!("x"), "0"),
        (Value::Null, "0"),
        (json!([]), "0"),
    ] {
        assert_names(&shop.patch("one", &json!([operation])), named);
    }
    let many = json!([{}, {"op": "add"}, {"op": "remove", "path": "/mitAgreement"}, 5]);
    assert_eq!(parameters(&shop.patch("one", &many)), ["0.op", "1.path", "3"], "all at once");
    for body in [json!({}), json!("x"), Value::Null, json!({"op": "remove", "path": "/mitAgreement"})] {
        assert_names(&shop.patch("one", &body), "body");
    }
    let tests = vec![json!({"op": "test", "path": "/status", "value": "notValidated"}); 101];
    assert_names(&shop.patch("one", &json!(tests)), "body");
    assert_eq!(shop.read("one"), before);
}

#[test]
fn what_cannot_be_carried_out_is_named() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let fields = json!([{"name": "a", "value": "1"}]);
    let before = shop.secure(&with(&secure("one", &card()), "/customFields", fields));
    for (operation, named) in [
        (json!({"op": "remove", "path": "/mitAgreement"}), "/mitAgreement"),
        (json!({"op": "replace", "path": "/mitAgreement", "value": "recurring"}), "/mitAgreement"),
        (json!({"op": "add", "path": "/customer/firstName", "value": "x"}), "/customer/firstName"),
        (json!({"op": "remove", "path": "/customer"}), "/customer"),
        (json!({"op": "remove", "path": "/customFields/1"}), "/customFields/1"),
        (json!({"op": "remove", "path": "/customFields/-"}), "/customFields/-"),
        (json!({"op": "remove", "path": "/customFields/00"}), "/customFields/00"),
        (json!({"op": "add", "path": "/customFields/2", "value": {}}), "/customFields/2"),
        (json!({"op": "add", "path": "/customFields/0/name/x", "value": "x"}), "/customFields/0/name/x"),
        (json!({"op": "copy", "from": "/nowhere", "path": "/mitAgreement"}), "/mitAgreement"),
        (json!({"op": "copy", "from": "/customFields/7", "path": "/customFields/-"}), "/customFields/-"),
        (
            json!({"op": "move", "from": "/customFields/0", "path": "/customFields/0/name"}),
            "/customFields/0/name",
        ),
    ] {
        assert_names(&shop.patch("one", &json!([operation])), named);
        assert_eq!(shop.read("one"), before, "{operation}");
    }
    // A test of what is not there does not hold.
    let answer = shop.patch("one", &json!([{"op": "test", "path": "/nowhere", "value": null}]));
    assert_refused(&answer, 409, "cannot-be-modified");
    assert_eq!(answer.json()["errors"][0]["parameter"], "/nowhere");
}

#[test]
fn a_result_is_held_to_the_rules_of_a_request() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let customer = json!({"firstName": "x", "contactMethods": [{"type": "email", "value": "a@example.com"}]});
    for (id, source) in [("card", card()), ("ach", ach()), ("pad", pad())] {
        shop.secure(&with(&secure(id, &source), "/customer", customer.clone()));
    }
    let add = |path: &str, value: Value| json!([{"op": "add", "path": path, "value": value}]);
    let remove = |path: &str| json!([{"op": "remove", "path": path}]);
    let x = |count: usize| json!("x".repeat(count));
    for (id, operations, named) in [
        ("card", add("/mitAgreement", json!("x")), "mitAgreement"),
        ("card", add("/mitAgreement", json!(1)), "mitAgreement"),
        ("card", add("/customer", json!("x")), "customer"),
        ("card", add("/customer/firstName", x(51)), "customer.firstName"),
        ("card", add("/customer/firstName", json!(PAN)), "customer.firstName"),
        ("card", add("/customer/firstName", json!({"deep": 1})), "customer.firstName"),
        ("card", add("/customer/dateOfBirth", json!("1990-02-30")), "customer.dateOfBirth"),
        ("card", remove("/customer/contactMethods/0/value"), "customer.contactMethods.0.value"),
        ("card", add("/customFields", json!({})), "customFields"),
        ("card", add("/customFields", json!([{"name": "n"}])), "customFields.0.value"),
        ("card", add("/customFields", json!([{"name": PAN, "value": ""}])), "customFields.0.name"),
        ("card", add("/source/cardholderName", x(51)), "source.cardholderName"),
        ("card", add("/source/cardholderName", json!(PAN)), "source.cardholderName"),
        ("card", add("/source/cardholderName", json!(7)), "source.cardholderName"),
        ("card", remove("/source/cardholderName"), "source.cardholderName"),
        ("card", add("/source/expiryDate", json!("1320")), "source.expiryDate"),
        ("card", add("/source/expiryDate", json!("0120")), "source.expiryDate"),
        ("card", add("/source/expiryDate", json!("12/30")), "source.expiryDate"),
        ("ach", add("/source/nameOnAccount", x(30)), "source.nameOnAccount"),
        ("ach", remove("/source/nameOnAccount"), "source.nameOnAccount"),
        ("ach", add("/source/accountType", json!("current")), "source.accountType"),
        ("pad", add("/source/nameOnAccount", x(0)), "source.nameOnAccount"),
        ("pad", add("/source/institutionNumber", json!("1")), "source.institutionNumber"),
        ("pad", add("/source/institutionNumber", json!("x01")), "source.institutionNumber"),
        ("pad", remove("/source/institutionNumber"), "source.institutionNumber"),
    ] {
        let before = shop.read(id);
        let answer = shop.patch(id, &operations);
        assert_names(&answer, named);
        assert!(!answer.text().contains(PAN), "{}", answer.text());
        assert_eq!(shop.read(id), before, "{operations}");
    }
    let two = json!([
        {"op": "add", "path": "/mitAgreement", "value": "x"},
        {"op": "add", "path": "/source/expiryDate", "value": "x"},
    ]);
    let mut found = parameters(&shop.patch("card", &two));
    found.sort_unstable();
    assert_eq!(found, ["mitAgreement", "source.expiryDate"], "all at once");
}

/// Copies of copies would fill the memory within one request.
#[test]
fn a_resource_does_not_grow_without_end() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = shop.secure(&with(&secure("one", &card()), "/customer", json!({"firstName": "x"})));
    let mut operations = vec![json!({"op": "add", "path": "/customer/x0", "value": "x".repeat(1_000)})];
    for at in 0..98 {
        operations.push(json!({"op": "copy", "from": "/customer", "path": format!("/customer/x{}", at + 1)}));
    }
    let answer = shop.patch("one", &json!(operations));
    let named = parameters(&answer);
    assert!(named.len() == 1 && named[0].starts_with("/customer/x"), "{named:?}");
    assert_eq!(shop.read("one"), before);
    // What a patch leaves is taken as a request is: names that nobody knows are passed over.
    let answer = shop.patch("one", &json!([operations[0]]));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), before);
}

/// A copy into itself doubles the depth: two dozen of them would be deeper than any stack.
#[test]
fn a_resource_does_not_deepen_without_end() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let before = shop.secure(&secure("one", &card()));
    let (mut depth, mut pointer) = (4, "/customer/a/a/a/a".to_owned());
    let mut operations =
        vec![json!({"op": "add", "path": "/customer", "value": {"a": {"a": {"a": {"a": {}}}}}})];
    while depth < 1_000 {
        let path = format!("{pointer}/a");
        operations.push(json!({"op": "copy", "from": "/customer", "path": path}));
        (depth, pointer) = (2 * depth + 1, format!("/customer{}", "/a".repeat(2 * depth + 1)));
    }
    let answer = shop.patch("one", &json!(operations));
    let named = parameters(&answer);
    assert!(named.len() == 1 && named[0].starts_with("/customer/a"), "{named:?}");
    assert_eq!(shop.read("one"), before);
    // So would one value that goes as deep as a body may, further inside.
    let depth = limits::JSON_DEPTH - 4;
    let deep = (0..depth).fold(json!({}), |inner, _| json!({ "a": inner }));
    let operations = json!([
        {"op": "add", "path": "/customer", "value": {"a": {"a": {"a": {"a": {}}}}}},
        {"op": "add", "path": "/customer/a/a/a/a", "value": deep},
    ]);
    let answer = shop.patch("one", &operations);
    assert_names(&answer, "/customer/a/a/a/a");
    assert_eq!(shop.read("one"), before);
}

#[test]
fn only_what_is_there_is_patched() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut shop, mut other) = (Shop::of(&node), Shop::other(&node));
    shop.secure(&secure("one", &card()));
    let id = text(&shop.secure(&secure("gone", &card())), "secureTokenId");
    assert_eq!(shop.delete(&id).status, 204);
    for id in ["gone", "unknown", "One"] {
        for operations in [json!([]), json!([{"op": "remove", "path": "/token"}])] {
            let answer = shop.patch(id, &operations);
            assert_refused(&answer, 404, "not-found");
            assert_eq!(answer.json()["resource"], "secureToken");
        }
        // What is no patch at all is said first.
        assert_names(&shop.patch(id, &json!({})), "body");
    }
    assert_refused(&other.patch("one", &json!([])), 404, "not-found");
    let mut second = Shop::by(&node, "sandbox", "1234002");
    assert_refused(&second.patch("one", &json!([])), 404, "not-found");
}
