//! `PUT` on the links of parts (section 6), and the end of a token (7).

use serde_json::{Value, json};

use super::calls::{Shop, TOKENS, V1, V3, address, both, card, link, one_field, refused, with, without};
use crate::support::{Answer, Node, home};

const REFERENCE: &str = "000000000000020005060720116005060";

/// Every part: its link, a value, where it is found in the token.
fn parts() -> [(&'static str, Value, &'static str); 5] {
    let address =
        json!({"address1": "1 New Street", "postalCode": "SW1A 2AA", "city": "London", "countryCode": "GB"});
    [
        ("description", json!("new description"), "/description"),
        ("cardHolderName", json!("new name"), "/paymentInstrument/cardHolderName"),
        ("cardExpiryDate", json!({"month": 1, "year": 2050}), "/paymentInstrument/cardExpiryDate"),
        ("billingAddress", address, "/paymentInstrument/billingAddress"),
        ("schemeTransactionReference", json!(REFERENCE), "/schemeTransactionReference"),
    ]
}

fn done(answer: &Answer, media: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (204, Some(media)), "{}", answer.text());
    assert!(answer.body.is_empty());
}

#[test]
fn each_part_is_changed_by_its_own_link_and_no_other() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let mut token = shop.create(&card());
    for (name, value, pointer) in parts() {
        let href = link(&token, name);
        done(&shop.put(&href, &value), V3);
        token = with(&token, pointer, value);
        assert_eq!(shop.read(&link(&token, "token")), token, "{name}");
    }
    // The definition declares an object with the part's name around the value, against its own examples.
    for (name, value, pointer) in [
        ("description", json!("wrapped"), "/description"),
        ("cardHolderName", json!("Wrapped"), "/paymentInstrument/cardHolderName"),
        ("cardExpiryDate", json!({"month": 2, "year": 2051}), "/paymentInstrument/cardExpiryDate"),
        ("billingAddress", address(), "/paymentInstrument/billingAddress"),
        ("schemeTransactionReference", json!("W 1"), "/schemeTransactionReference"),
    ] {
        done(&shop.put(&link(&token, name), &json!({ name: value })), V3);
        token = with(&token, pointer, value);
        assert_eq!(shop.read(&link(&token, "token")), token, "{name}");
    }
    // A whole address takes the place of another.
    let short = without(&without(&address(), "/state"), "/address3");
    done(&shop.send("PUT", &link(&token, "billingAddress"), &both(V1), short.to_string().as_bytes()), V1);
    assert_eq!(shop.read(&link(&token, "token"))["paymentInstrument"]["billingAddress"], short);
}

#[test]
fn what_is_no_value_of_the_part_is_refused_and_changes_nothing() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.create(&card());
    let long = |length: usize| json!("x".repeat(length));
    for (name, value, error, path) in [
        ("description", json!(""), "stringIsTooShort", "$"),
        ("description", long(256), "stringIsTooLong", "$"),
        ("description", json!("a & b"), "stringFailedRegexCheck", "$"),
        ("description", json!("a < b"), "stringFailedRegexCheck", "$"),
        ("description", json!(7), "fieldMustBeString", "$"),
        ("description", json!("card 4444 3333 2222 1111"), "fieldHasInvalidValue", "$"),
        ("cardHolderName", json!(""), "stringIsTooShort", "$"),
        ("cardHolderName", long(256), "stringIsTooLong", "$"),
        ("cardHolderName", json!(null), "fieldMustBeString", "$"),
        ("cardHolderName", json!({"other": "x"}), "fieldMustBeString", "$"),
        ("cardExpiryDate", json!({"month": 13, "year": 2035}), "fieldHasInvalidValue", "$.month"),
        ("cardExpiryDate", json!({"month": 0, "year": 2035}), "fieldHasInvalidValue", "$.month"),
        ("cardExpiryDate", json!({"month": 1, "year": 10_000}), "fieldHasInvalidValue", "$.year"),
        ("cardExpiryDate", json!({"month": 1}), "fieldIsMissing", "$.year"),
        ("cardExpiryDate", json!({"month": "1", "year": 2035}), "fieldMustBeNumber", "$.month"),
        ("cardExpiryDate", json!("05/2035"), "fieldHasInvalidValue", "$"),
        ("billingAddress", without(&address(), "/city"), "fieldIsMissing", "$.city"),
        (
            "billingAddress",
            with(&address(), "/countryCode", json!("gb")),
            "stringFailedRegexCheck",
            "$.countryCode",
        ),
        ("billingAddress", with(&address(), "/state", long(31)), "stringIsTooLong", "$.state"),
        (
            "billingAddress",
            with(&address(), "/address3", json!("4444-3333-2222-1111")),
            "billingAddressMightContainCardNumber",
            "$.address3",
        ),
        ("billingAddress", json!(true), "fieldHasInvalidValue", "$"),
        ("schemeTransactionReference", json!(""), "stringIsTooShort", "$"),
        ("schemeTransactionReference", json!("a-b"), "stringFailedRegexCheck", "$"),
        ("schemeTransactionReference", long(57), "stringIsTooLong", "$"),
    ] {
        let answer = shop.put(&link(&token, name), &value);
        one_field(&answer, error, path);
    }
    for (name, _, _) in parts() {
        let href = link(&token, name);
        // The PHP client sends an empty list.
        assert_eq!(
            refused(&shop.put(&href, &json!([]))),
            (400, "bodyDoesNotMatchSchema".to_owned()),
            "{name}"
        );
        for (body, error) in [("", "bodyIsEmpty"), ("{", "bodyIsNotJson"), ("\"a\" \"b\"", "bodyIsNotJson")] {
            let answer = shop.send("PUT", &href, &both(V3), body.as_bytes());
            assert_eq!(refused(&answer), (400, error.to_owned()), "{name} {body:?}");
        }
    }
    assert_eq!(shop.read(&link(&token, "token")), token);
}

#[test]
fn fifty_changes_in_thirty_days_and_then_no_more() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.create(&card());
    let (name, description) = (link(&token, "cardHolderName"), link(&token, "description"));
    for change in 0..49 {
        // A refused change does not count.
        assert_eq!(shop.put(&name, &json!(7)).status, 400);
        let href = if change % 2 == 0 { &name } else { &description };
        assert_eq!(shop.put(href, &json!(format!("Change {change}"))).status, 204);
    }
    // What is resolved counts as one.
    let other = with(&card(), "/paymentInstrument/cardHolderName", json!("Other"));
    let conflict = shop.post(TOKENS, &other).json();
    assert_eq!(shop.resolve(&link(&conflict, "conflicts")).status, 204);
    let waiting = shop.post(TOKENS, &card()).json();
    for (method, href) in [("PUT", &name), ("PUT", &description), ("PUT", &link(&waiting, "conflicts"))] {
        let answer = shop.send(method, href, &both(V3), b"\"One more\"");
        assert_eq!(refused(&answer), (429, "maximumUpdatesExceeded".to_owned()));
        assert_eq!(answer.json()["message"], "Maximum number of updates for this token exceeded");
    }
    let shown = shop.read(&link(&token, "token"));
    assert_eq!(shown["paymentInstrument"]["cardHolderName"], "Other");
    // Another token has its own fifty.
    let second = shop.create(&with(&card(), "/namespace", json!("second")));
    assert_eq!(shop.put(&link(&second, "cardHolderName"), &json!("x")).status, 204);

    node.advance(29 * 86_400);
    assert_eq!(shop.put(&name, &json!("x")).status, 429);
    node.advance(86_400);
    assert_eq!(shop.put(&name, &json!("After a month")).status, 204);
    assert_eq!(shop.read(&link(&token, "token"))["paymentInstrument"]["cardHolderName"], "After a month");
}

#[test]
fn a_deleted_token_is_gone_with_all_its_links() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let token = shop.create(&card());
    let href = link(&token, "token");
    done(&shop.delete(&href), V3);
    let gone = (404, "resourceNotFound".to_owned());
    assert_eq!(refused(&shop.delete(&href)), gone);
    assert_eq!(refused(&shop.get(&href)), gone);
    for (name, value, _) in parts() {
        assert_eq!(refused(&shop.put(&link(&token, name), &value)), gone, "{name}");
    }
    let id = token["tokenId"].as_str().unwrap();
    assert_eq!(refused(&shop.get(&format!("{TOKENS}/{id}"))), gone);
    let found = shop.get(&format!("{TOKENS}?tokenId={id}"));
    assert_eq!(found.json(), json!({"_embedded": {"tokens": []}}));
}
