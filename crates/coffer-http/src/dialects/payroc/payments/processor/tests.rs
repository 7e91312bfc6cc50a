use coffer_types::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{dialects::payroc::wire::source::Taking, json::parse};

/// 2026-11-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_793_491_200_000);
const RANDOM: Randomness = [7; 32];

fn facts(entry_method: EntryMethod) -> CardSource {
    CardSource {
        cardholder_name: "Sarah Hazel Hopper".to_owned(),
        number: "453985******7062".to_owned(),
        account_type: None,
        card_type: Some("Visa".to_owned()),
        currency: None,
        debit: None,
        entry_method,
    }
}

fn request(amount: i64, more: &Value) -> Value {
    let mut body = json!({ "channel": "web", "processingTerminalId": "1234001", "operator": "Jane",
        "order": { "orderId": "OrderRef6543", "description": "Pizza", "amount": amount, "currency": "USD" },
        "paymentMethod": { "type": "secureToken", "token": "296753123456" } });
    for (path, value) in more.as_object().unwrap() {
        match path.split_once('/') {
            Some((object, name)) => body[object][name] = value.clone(),
            None => body[path] = value.clone(),
        }
    }
    body
}

/// What the processor answers of a card that was typed.
fn answered(amount: i64, more: &Value, has_cvv: bool) -> Value {
    let text = request(amount, more).to_string();
    let node = parse(text.as_bytes()).unwrap();
    let request = PaymentRequest::read(&node, Taking { now: NOW, allow_expired: false }).ok().unwrap();
    let facts = facts(EntryMethod::Keyed);
    let expiry = Some(Expiry::new(2030, 12).unwrap());
    let card = UsedCard { facts: &facts, expiry, has_cvv, secure_token: None };
    let answer = payment(&request, card, &RANDOM, NOW);
    serde_json::to_value(&answer).unwrap()
}

/// Status, code, the processor's code and the amount.
fn fate(amount: i64, more: &Value) -> (String, String, String, i64) {
    let result = &answered(amount, more, true)["transactionResult"];
    let text = |name: &str| result[name].as_str().unwrap().to_owned();
    let authorized = result["authorizedAmount"].as_i64().unwrap();
    (text("status"), text("responseCode"), text("processorResponseCode"), authorized)
}

#[test]
fn an_approved_payment_has_what_the_contract_shows() {
    let customer = json!({ "firstName": "Sarah", "billingAddress": { "address1": "1 Example Ave.", "city": "Chicago",
        "state": "Illinois", "country": "US", "postalCode": "60056" } });
    let standing = json!({ "sequence": "first", "processingModel": "recurring" });
    let more = json!({ "customer": customer, "order/standingInstructions": standing,
        "customFields": [{ "name": "a", "value": "b" }] });
    let body = answered(4_999, &more, true);
    let (id, result) = (&body["paymentId"], &body["transactionResult"]);
    assert_eq!(
        body,
        json!({
            "paymentId": id, "processingTerminalId": "1234001", "operator": "Jane",
            "order": { "orderId": "OrderRef6543", "dateTime": "2026-11-01T00:00:00Z", "description": "Pizza",
                "amount": 4999, "currency": "USD", "standingInstructions": standing },
            "customer": customer,
            "card": { "type": "Visa", "entryMethod": "keyed", "cardholderName": "Sarah Hazel Hopper",
                "cardNumber": "453985******7062", "expiryDate": "1230",
                "securityChecks": { "cvvResult": "M", "avsResult": "Y" } },
            "transactionResult": { "type": "sale", "status": "ready", "approvalCode": result["approvalCode"],
                "authorizedAmount": 4999, "currency": "USD", "responseCode": "A", "responseMessage": "Approved",
                "processorResponseCode": "00", "cardSchemeReferenceId": result["cardSchemeReferenceId"] },
            "customFields": [{ "name": "a", "value": "b" }],
        })
    );
    for (name, length) in [(id, 10), (&result["approvalCode"], 6), (&result["cardSchemeReferenceId"], 12)] {
        let name = name.as_str().unwrap();
        assert!(
            name.len() == length && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()),
            "{name}"
        );
    }
    let bare = answered(4_999, &json!({}), false);
    assert_eq!(bare["card"]["securityChecks"], json!({ "cvvResult": "U", "avsResult": "U" }));
    assert!(bare.get("customer").is_none() && bare.get("customFields").is_none());
}

#[test]
fn the_amount_decides_from_a_hundred_on() {
    for (ending, status, code, processor) in [
        (1, "referral", "R", "01"),
        (5, "declined", "D", "05"),
        (10, "declined", "D", "51"),
        (41, "pickup", "C", "41"),
        (43, "pickup", "C", "43"),
        (51, "declined", "D", "51"),
        (54, "declined", "D", "54"),
        (82, "declined", "D", "82"),
        (91, "declined", "E", "91"),
    ] {
        let refused = (status.to_owned(), code.to_owned(), processor.to_owned(), 0);
        assert_eq!(fate(10_000 + ending, &json!({})), refused);
        assert_eq!(fate(1_230_000 + ending, &json!({ "autoCapture": false })), refused);
        let approved = ("ready".to_owned(), "A".to_owned(), "00".to_owned(), ending);
        assert_eq!(fate(ending, &json!({})), approved, "small amounts are not looked at");
        let result = &answered(10_000 + ending, &json!({}), true)["transactionResult"];
        assert!(result.get("approvalCode").is_none() && result.get("cardSchemeReferenceId").is_none());
    }
    for amount in [9_051, 10_000, 10_002, 10_100, 19_051, 19_999, 100_510, 999_999_999_999] {
        assert_eq!(fate(amount, &json!({})).1, "A", "{amount}");
    }
}

#[test]
fn a_part_is_approved_where_a_part_will_do() {
    let partly = fate(20_010, &json!({ "order/acceptPartialAmount": true }));
    assert_eq!(partly, ("ready".to_owned(), "P".to_owned(), "10".to_owned(), 10_005));
    assert_eq!(fate(20_010, &json!({ "order/acceptPartialAmount": false })).1, "D");
    assert_eq!(fate(20_011, &json!({ "order/acceptPartialAmount": true })).3, 20_011);
}

#[test]
fn how_it_is_captured_decides_where_it_stands() {
    for (more, kind, status) in [
        (json!({}), "sale", "ready"),
        (json!({ "autoCapture": false }), "preAuthorization", "pending"),
        (json!({ "processAsSale": true }), "sale", "complete"),
        (json!({ "autoCapture": false, "processAsSale": true }), "sale", "complete"),
    ] {
        let result = &answered(4_999, &more, true)["transactionResult"];
        assert_eq!((&result["type"], &result["status"]), (&json!(kind), &json!(status)));
    }
    let held = &answered(10_051, &json!({ "autoCapture": false }), true)["transactionResult"];
    assert_eq!((&held["type"], &held["status"]), (&json!("preAuthorization"), &json!("declined")));
}

#[test]
fn a_wrong_code_is_told() {
    assert_eq!(answered(10_082, &json!({}), true)["card"]["securityChecks"]["cvvResult"], "N");
    assert_eq!(answered(10_082, &json!({}), false)["card"]["securityChecks"]["cvvResult"], "U");
    assert_eq!(answered(10_051, &json!({}), true)["card"]["securityChecks"]["cvvResult"], "M");
}

#[test]
fn cards_of_readers_wallets_and_secure_tokens_are_shown() {
    let text = request(4_999, &json!({})).to_string();
    let node = parse(text.as_bytes()).unwrap();
    let request = PaymentRequest::read(&node, Taking { now: NOW, allow_expired: false }).ok().unwrap();
    let shown = |facts: &CardSource, secure_token| {
        let card = UsedCard { facts, expiry: None, has_cvv: false, secure_token };
        serde_json::to_value(payment(&request, card, &RANDOM, NOW)).unwrap()["card"].clone()
    };
    for (entry, word) in [
        (EntryMethod::Keyed, "keyed"),
        (EntryMethod::Swiped, "swiped"),
        (EntryMethod::Icc, "icc"),
        (EntryMethod::Raw, "icc"),
    ] {
        let card = shown(&facts(entry), None);
        assert_eq!((&card["entryMethod"], &card["expiryDate"]), (&json!(word), &json!("")));
    }
    let wallet = shown(&wallet_facts(Some("Sarah")), None);
    assert_eq!(
        (&wallet["type"], &wallet["cardNumber"], &wallet["cardholderName"]),
        (&json!("Unknown"), &json!("****************"), &json!("Sarah"))
    );
    let own = |text: &'static str| Some(Cow::Borrowed(text));
    let customer = Customer { first_name: own("Sarah"), last_name: own("Hopper"), ..Customer::default() };
    let href = "https://x/processing-terminals/1234001/secure-tokens/MREF_1".to_owned();
    let summary =
        SecureTokenSummary::of("MREF_1", Cow::Borrowed("296753123456"), Some(&customer), href.clone());
    assert_eq!(
        shown(&facts(EntryMethod::Keyed), Some(summary))["secureToken"],
        json!({ "secureTokenId": "MREF_1", "customerName": "Sarah Hopper", "token": "296753123456",
            "status": "notValidated", "link": { "rel": "self", "method": "GET", "href": href } })
    );
    let nobody = SecureTokenSummary::of("MREF_1", Cow::Borrowed("296753123456"), None, href);
    assert_eq!(nobody.customer_name, "");
}

fn transferred(amount: i64, is_pad: bool) -> Value {
    let text = json!({ "processingTerminalId": "1234001",
        "order": { "orderId": "OrderRef6543", "amount": amount, "currency": "USD",
            "dateTime": "2026-10-31T10:00:00+01:00" },
        "paymentMethod": { "type": "secureToken", "token": "296753123456" },
        "customer": { "firstName": "Sarah", "notificationLanguage": "fr",
            "contactMethods": [{ "type": "email", "value": "s@example.com" }] } })
    .to_string();
    let node = parse(text.as_bytes()).unwrap();
    let request = BankTransferRequest::read(&node).ok().unwrap();
    let (name_on_account, number) = ("Sarah Hopper".to_owned(), "****3159".to_owned());
    let (account_type, secure_token) = (None, None);
    let body = if is_pad {
        let (transit_number, institution_number) = ("76543".to_owned(), "543".to_owned());
        let pad = PadSource { name_on_account, number, transit_number, institution_number, account_type };
        let account = UsedAccount { facts: AccountFacts::Pad(&pad), secure_token };
        serde_json::to_value(transfer(&request, account, &RANDOM, NOW))
    } else {
        let (routing_number, sec_code) = ("021000021".to_owned(), None);
        let ach =
            AchSource { name_on_account, number, routing_number, aba_checksum: true, account_type, sec_code };
        let account = UsedAccount { facts: AccountFacts::Ach(&ach, Some(SecCode::Web)), secure_token };
        serde_json::to_value(transfer(&request, account, &RANDOM, NOW))
    };
    body.unwrap()
}

#[test]
fn a_transfer_has_what_the_contract_shows() {
    let body = transferred(4_999, false);
    assert_eq!(
        body,
        json!({
            "paymentId": body["paymentId"], "processingTerminalId": "1234001",
            "order": { "orderId": "OrderRef6543", "dateTime": "2026-10-31T10:00:00+01:00", "amount": 4999,
                "currency": "USD" },
            "customer": { "notificationLanguage": "fr",
                "contactMethods": [{ "type": "email", "value": "s@example.com" }] },
            "bankAccount": { "type": "ach", "secCode": "web", "nameOnAccount": "Sarah Hopper", "accountNumber":
                "****3159", "routingNumber": "021000021" },
            "transactionResult": { "type": "payment", "status": "ready", "authorizedAmount": 4999, "currency": "USD",
                "responseCode": "A", "responseMessage": "Accepted", "processorResponseCode": "00" },
        })
    );
    assert_eq!(
        transferred(4_999, true)["bankAccount"],
        json!({ "type": "pad", "nameOnAccount": "Sarah Hopper", "accountNumber": "****3159", "transitNumber": "76543",
            "institutionNumber": "543" })
    );
}

#[test]
fn a_transfer_is_declined_by_its_amount() {
    for (ending, code) in [(51, "R01"), (2, "R02"), (3, "R03"), (4, "R04")] {
        let result = &transferred(10_000 + ending, false)["transactionResult"];
        assert_eq!((&result["status"], &result["responseCode"]), (&json!("declined"), &json!("D")));
        assert_eq!(
            (&result["processorResponseCode"], &result["authorizedAmount"]),
            (&json!(code), &json!(0))
        );
        assert_eq!(transferred(ending, true)["transactionResult"]["status"], "ready");
    }
    assert_eq!(transferred(10_041, true)["transactionResult"]["status"], "ready", "a rule of cards only");
}

#[test]
fn names_come_out_of_the_bytes() {
    let id = |random: Randomness| Names::of(&random).payment;
    assert_eq!(id([0; 32]), "0000000000");
    let mut bytes = [0; 32];
    bytes[15] = 35;
    assert_eq!(id(bytes), "Z000000000");
    bytes[14] = 1;
    assert_eq!(id(bytes), "3800000000", "291 is 8 times 36 and 3");
    assert_ne!(Names::of(&[9; 32]).approval, Names::of(&[8; 32]).approval);
    assert!(Names::of(&[255; 32]).scheme.starts_with('T'));
}

/// Every member that the contract requires, of every answer, is one that the answer always has.
#[test]
fn the_answers_schemas_require_what_the_contract_does() {
    let required = |schema: &Value| -> Vec<String> {
        let names = schema["required"].as_array().unwrap().iter();
        names.map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let payment = schemars::schema_for!(PaymentBody<'_>).to_value();
    let transfer = schemars::schema_for!(BankTransferBody<'_>).to_value();
    let of = |schema: &Value, name: &str| required(&schema["$defs"][name]);
    for (has, needs) in [
        (
            required(&payment),
            &["paymentId", "processingTerminalId", "order", "card", "transactionResult"][..],
        ),
        (of(&payment, "PaymentOrder"), &["orderId", "amount", "currency"]),
        (of(&payment, "PaymentCard"), &["type", "entryMethod", "cardNumber", "expiryDate"]),
        (of(&payment, "PaymentResult"), &["status", "responseCode"]),
        (of(&payment, "SecureTokenSummary"), &["secureTokenId", "customerName", "token", "status"]),
        (
            required(&transfer),
            &["paymentId", "processingTerminalId", "order", "bankAccount", "transactionResult"],
        ),
        (of(&transfer, "BankTransferResult"), &["type", "status", "responseCode"]),
    ] {
        for need in needs {
            assert!(has.iter().any(|name| name == need), "{need} of {has:?}");
        }
    }
}
