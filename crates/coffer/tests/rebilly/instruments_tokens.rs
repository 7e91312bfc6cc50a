//! `PATCH /payment-instruments/{id}` by a token (4.2).

use serde_json::{Value, json};

use super::{
    calls::{invalid_fields, names, with},
    instruments_update::{assert_changed, without_hash},
    kinds::{
        address, assert_has, exchanged, id, instrument, is_live, keep, kept, kinds, patch, patched,
        plain_card, revealed, token_id,
    },
};
use crate::support::{Node, card, home};

const VISA: &str = "4111111111111111";
const MASTERCARD: &str = "5555555555554444";

/// A token that brings an expiry, and a code if there is one, but no number.
pub(crate) fn partial(month: u8, year: u16, cvv: Option<&str>) -> Value {
    let mut body =
        json!({"method": "payment-card", "paymentInstrument": {"expMonth": month, "expYear": year}});
    if let Some(cvv) = cvv {
        body["paymentInstrument"]["cvv"] = json!(cvv);
    }
    body
}

#[test]
fn a_partial_token_brings_an_expiry_and_keeps_the_number() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let made = kept(&mut client, &plain_card(VISA), "cus_1");
    for (cvv, month) in [(None, 3), (Some("321"), 4)] {
        let before = instrument(&mut client, id(&made));
        let token = token_id(&mut client, &partial(month, 2041, cvv));
        let after = patched(&mut client, id(&made), &json!({"token": token}));
        let changed: &[&str] = if cvv.is_none() { &["expMonth", "expYear"] } else { &["expMonth"] };
        // What is known of the risk is the token's.
        let (mut one, mut other) = (before, after.clone());
        one["riskMetadata"].take();
        other["riskMetadata"].take();
        assert_changed(&one, &other, changed);
        let clear = json!({"card": {"pan": VISA, "expMonth": month, "expYear": 2041}});
        assert_eq!(revealed(&mut client, id(&made)), clear);
        assert!(!is_live(&mut client, &token));
        assert_eq!(
            invalid_fields(&patch(&mut client, id(&made), &json!({"token": token}))),
            names(&["token"])
        );
        assert_eq!(instrument(&mut client, id(&made)), after, "a used token changes nothing");
    }
    // An address on the token, and one in the call, which is the stronger.
    let mut body = partial(5, 2042, None);
    body["billingAddress"] = json!({"city": "Of the token"});
    let token = token_id(&mut client, &body);
    let after = patched(&mut client, id(&made), &json!({"token": token}));
    assert_eq!(without_hash(&after["billingAddress"]), json!({"city": "Of the token"}));
    let token = token_id(&mut client, &body);
    let said = json!({"city": "Of the call"});
    let change =
        json!({"token": token, "billingAddress": said, "expMonth": 6, "expYear": 2043, "useAsBackup": true});
    let after = patched(&mut client, id(&made), &change);
    assert_eq!(without_hash(&after["billingAddress"]), said);
    assert_has(&after, &json!({"expMonth": 6, "expYear": 2043, "useAsBackup": true, "last4": "1111"}));
}

#[test]
fn a_full_token_replaces_the_number() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let fields = json!({"customFields": {"a": 1}, "useAsBackup": true});
    let mut body = plain_card(VISA);
    body["customFields"] = fields["customFields"].clone();
    body["useAsBackup"] = json!(true);
    let made = kept(&mut client, &body, "cus_1");
    let token = token_id(&mut client, &with(&card(), "paymentInstrument.pan", json!(MASTERCARD)));
    let after = patched(&mut client, id(&made), &json!({"token": token}));
    let shown =
        json!({"bin": "555555", "last4": "4444", "brand": "MasterCard", "revision": 2, "id": made["id"]});
    assert_has(&after, &shown);
    assert_has(&after, &fields);
    assert_ne!(after["fingerprint"], made["fingerprint"]);
    assert_eq!(without_hash(&after["billingAddress"]), card()["billingAddress"]);
    assert_eq!(revealed(&mut client, id(&made))["card"]["pan"], MASTERCARD);
    // The old number is nobody's now; the new one is this instrument's.
    let old = kept(&mut client, &plain_card(VISA), "cus_1");
    assert_ne!(id(&old), id(&made));
    assert_eq!(old["fingerprint"], made["fingerprint"]);
    let answer = keep(&mut client, &plain_card(MASTERCARD), "cus_1");
    assert_eq!((answer.status, id(&answer.json())), (303, id(&made)));
    // The same number once more is no other one.
    let again = token_id(&mut client, &with(&card(), "paymentInstrument.pan", json!(MASTERCARD)));
    assert_eq!(
        patched(&mut client, id(&made), &json!({"token": again}))["fingerprint"],
        after["fingerprint"]
    );
    // A number that the customer has in another instrument.
    let (taken, before) = (token_id(&mut client, &card()), instrument(&mut client, id(&made)));
    let answer = patch(&mut client, id(&made), &json!({"token": taken}));
    assert_eq!(invalid_fields(&answer), names(&["token"]));
    assert!(!answer.text().contains(VISA) && is_live(&mut client, &taken), "{}", answer.text());
    assert_eq!(instrument(&mut client, id(&made)), before);
    assert_eq!(instrument(&mut client, id(&old)), old);
    // Another customer's does not count.
    let other = kept(&mut client, &plain_card("378282246310005"), "cus_2");
    assert_has(&patched(&mut client, id(&other), &json!({"token": taken})), &json!({"last4": "1111"}));
}

#[test]
fn a_token_updates_only_what_is_of_its_kind() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let kinds = kinds();
    let made: Vec<Value> = kinds
        .iter()
        .enumerate()
        .map(|(number, kind)| exchanged(&mut client, &kind.token, &format!("cus_{number}")))
        .collect();
    let is_bank = |method: &Value| *method == "ach" || *method == "echeck";
    let (mut fitting, mut refused) = (0, 0);
    for token_kind in &kinds {
        // Something that none of the customers has, where there is such a thing.
        let body = match &token_kind.other {
            Some((field, value)) if *field != "method" => with(&token_kind.token, field, value.clone()),
            _ => token_kind.token.clone(),
        };
        for (kind, made) in kinds.iter().zip(&made) {
            let (of, on) = (&body["method"], &kind.token["method"]);
            let fits = of == on || (is_bank(of) && is_bank(on));
            let (token, before) = (token_id(&mut client, &body), instrument(&mut client, id(made)));
            let answer = patch(&mut client, id(made), &json!({"token": token}));
            if fits {
                fitting += 1;
                assert_eq!(answer.status, 200, "{of} on {on}: {}", answer.text());
                assert_has(&answer.json(), &json!({"id": made["id"], "method": made["method"]}));
                assert!(!is_live(&mut client, &token));
            } else {
                refused += 1;
                assert_eq!(invalid_fields(&answer), names(&["token"]), "{of} on {on}");
                assert!(is_live(&mut client, &token), "{of} on {on}");
                assert_eq!(instrument(&mut client, id(made)), before);
            }
        }
    }
    // Three kinds of bank accounts go on each other; every other kind on itself alone.
    let kinds = kinds.len();
    assert_eq!((fitting, refused), (kinds + 6, kinds * kinds - kinds - 6));
    let bank = token_id(&mut client, &plain_token_of_bank());
    let after = patched(&mut client, id(&made[1]), &json!({"token": bank, "bankName": "Of the call"}));
    assert_has(&after, &json!({"last4": "1111", "accountType": "savings", "bankName": "Of the call"}));
    let clear = json!({"account": {"number": "9991111", "routingNumber": "011000015"}});
    assert_eq!(revealed(&mut client, id(&made[1])), clear);
}

pub(crate) fn plain_token_of_bank() -> Value {
    let account = json!({
        "accountNumberType": "BBAN", "accountNumber": "9991111", "routingNumber": "011000015",
        "accountType": "savings", "bankName": "Of the token",
    });
    json!({"method": "ach", "paymentInstrument": account, "billingAddress": address()})
}
