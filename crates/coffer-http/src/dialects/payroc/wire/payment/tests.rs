use coffer_core::Protected;
use coffer_types::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{dialects::payroc::wire::facts::SourceFacts, form::describe, json::parse};

/// 2026-11-01T00:00:00Z.
const TAKING: Taking = Taking { now: Timestamp::from_millis(1_793_491_200_000), allow_expired: false };

fn card() -> Value {
    json!({ "type": "card", "cardDetails": { "entryMethod": "keyed", "keyedData": { "dataFormat": "plainText",
        "cardNumber": "4539858876047062", "expiryDate": "1230", "cvv": "234" },
        "cardholderName": "Sarah Hazel Hopper" } })
}

fn token() -> Value {
    json!({ "type": "singleUseToken", "token": "a".repeat(128) })
}

fn ach() -> Value {
    json!({ "type": "ach", "nameOnAccount": "Sarah Hopper", "accountNumber": "1234567890",
        "routingNumber": "021000021", "accountType": "checking", "secCode": "web" })
}

fn payment() -> Value {
    json!({ "channel": "web", "processingTerminalId": "1234001",
        "order": { "orderId": "OrderRef6543", "amount": 4999, "currency": "USD" }, "paymentMethod": card() })
}

fn transfer() -> Value {
    json!({ "processingTerminalId": "1234001",
        "order": { "orderId": "OrderRef6543", "amount": 4999, "currency": "USD" }, "paymentMethod": ach() })
}

/// A body with other members at these paths; null takes a member away.
fn with(mut body: Value, changes: &[(&str, Value)]) -> Value {
    for (path, value) in changes {
        let (at, name) = path.rsplit_once('/').unwrap();
        let object = body.pointer_mut(at).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.to_owned(), value.clone());
        }
    }
    body
}

fn lines(wrong: Option<Wrong>) -> Vec<String> {
    let wrong = wrong.unwrap_or_default().into_iter();
    wrong.map(|(invalid, _)| format!("{}: {}", invalid.field, invalid.message)).collect()
}

fn payment_problems(body: &Value) -> Vec<String> {
    let text = body.to_string();
    lines(PaymentRequest::read(&parse(text.as_bytes()).unwrap(), TAKING).err())
}

fn transfer_problems(body: &Value) -> Vec<String> {
    let text = body.to_string();
    lines(BankTransferRequest::read(&parse(text.as_bytes()).unwrap()).err())
}

#[test]
fn a_payment_has_everything_that_came() {
    let body = with(
        payment(),
        &[
            ("/operator", json!("Jane")),
            ("/order/description", json!("Large Pepperoni Pizza")),
            ("/order/acceptPartialAmount", json!(true)),
            (
                "/order/standingInstructions",
                json!({ "sequence": "subsequent", "processingModel": "recurring",
                    "referenceDataOfFirstTxn": { "paymentId": "M2MJOG6O2Y" } }),
            ),
            (
                "/order/breakdown",
                json!({ "subtotal": 4347, "taxes": [{ "rate": 5.5, "name": "Sales Tax" }] }),
            ),
            ("/customer", json!({ "firstName": "Sarah", "notificationLanguage": "fr" })),
            ("/ipAddress", json!({ "type": "ipv4", "value": "104.18.24.203" })),
            ("/threeDSecure", json!({ "serviceProvider": "gateway", "mpiReference": "x7f9" })),
            (
                "/credentialOnFile",
                json!({ "tokenize": true, "secureTokenId": "MREF_1", "mitAgreement": "recurring",
                    "externalVault": true }),
            ),
            ("/autoCapture", json!(false)),
            ("/processAsSale", json!(true)),
            ("/customFields", json!([{ "name": "yourCustomField", "value": "abc123" }])),
            ("/offlineProcessing", json!({ "operation": "offlineApproval" })),
            ("/somethingNew", json!([1, { "a": null }])),
        ],
    );
    let text = body.to_string();
    let node = parse(text.as_bytes()).unwrap();
    let read = PaymentRequest::read(&node, TAKING).map_err(|wrong| lines(Some(wrong))).unwrap();
    assert_eq!((read.channel, read.terminal, read.operator), (Channel::Web, "1234001", Some("Jane")));
    assert_eq!((read.order.id, read.order.amount, read.order.currency), ("OrderRef6543", 4_999, "USD"));
    assert_eq!((read.order.description, read.order.accept_partial), (Some("Large Pepperoni Pizza"), true));
    let first = FirstTransaction { payment_id: Some("M2MJOG6O2Y"), card_scheme_reference_id: None };
    let standing = StandingInstructions {
        sequence: Sequence::Subsequent,
        processing_model: MitAgreement::Recurring,
        reference_data_of_first_txn: Some(first),
    };
    assert_eq!(read.order.standing, Some(standing));
    assert_eq!(read.customer.unwrap().first_name.as_deref(), Some("Sarah"));
    let on_file = OnFile {
        tokenize: true,
        secure_token_id: Some("MREF_1"),
        mit_agreement: Some(MitAgreement::Recurring),
        external_vault: true,
    };
    assert_eq!(read.on_file, on_file);
    assert!(!read.auto_capture && read.process_as_sale);
    assert_eq!(read.custom_fields.unwrap()[0].value, "abc123");
    let PaymentMethod::Given(given) = read.method else { panic!("a card") };
    assert!(matches!(&given.protected, Protected::Card(pan) if pan.expose() == "4539858876047062"));
    assert!(given.cvv.is_some_and(|cvv| cvv.expose() == "234"));
}

#[test]
fn what_is_not_said_has_its_documented_value() {
    let text = payment().to_string();
    let node = parse(text.as_bytes()).unwrap();
    let read = PaymentRequest::read(&node, TAKING).map_err(|wrong| lines(Some(wrong))).unwrap();
    assert!(read.auto_capture && !read.process_as_sale && !read.order.accept_partial);
    assert!(read.order.standing.is_none() && read.operator.is_none() && read.customer.is_none());
    assert_eq!(read.on_file, OnFile::default());
}

#[test]
fn every_method_of_a_payment_is_read() {
    let read = |method: Value, check: &dyn Fn(PaymentMethod<'_>)| {
        let text = with(payment(), &[("/paymentMethod", method)]).to_string();
        let node = parse(text.as_bytes()).unwrap();
        check(PaymentRequest::read(&node, TAKING).map_err(|wrong| lines(Some(wrong))).unwrap().method);
    };
    let benefits = json!({ "benefitCategory": "cash", "withdrawal": true });
    let beside = with(token(), &[("/accountType", json!("savings")), ("/ebtDetails", benefits)]);
    read(beside, &|method| {
        let PaymentMethod::SingleUse { token, benefits } = method else { panic!("a single-use token") };
        assert_eq!((token.token.len(), token.account_type), (128, Some(AccountType::Savings)));
        assert!(benefits.is_some_and(|node| matches!(node.member("withdrawal"), Some(Node::Bool(true)))));
    });
    read(token(), &|method| {
        assert!(matches!(method, PaymentMethod::SingleUse { benefits: None, .. }));
    });
    read(json!({ "type": "secureToken", "token": "2967531234567890128", "secCode": "ppd" }), &|method| {
        let PaymentMethod::Secure { digits, account_type, sec_code } = method else {
            panic!("a secure token")
        };
        assert_eq!((digits, account_type, sec_code), ("2967531234567890128", None, Some(SecCode::Ppd)));
    });
    let wallet = json!({ "type": "digitalWallet", "serviceProvider": "apple", "encryptedData": "7b22",
        "cardholderName": "Sarah" });
    read(wallet, &|method| {
        assert!(matches!(method, PaymentMethod::Wallet { cardholder_name: Some("Sarah") }));
    });
}

#[test]
fn every_problem_of_a_payment_is_told_at_once() {
    let body = json!({
        "channel": "shop", "processingTerminalId": "123", "operator": "", "autoCapture": "yes",
        "processAsSale": 1, "offlineProcessing": true,
        "order": { "orderId": "", "amount": -1, "currency": "usd", "acceptPartialAmount": 0,
            "description": "card 4111 1111 1111 1111", "breakdown": 7,
            "standingInstructions": { "sequence": "third", "referenceDataOfFirstTxn": { "paymentId": 1 } } },
        "customer": { "dateOfBirth": "yesterday" },
        "ipAddress": { "type": "ipv4", "value": "::1" },
        "threeDSecure": { "serviceProvider": "thirdParty", "eci": "sure", "xid": 1 },
        "credentialOnFile": { "tokenize": "yes", "secureTokenId": "a\n", "mitAgreement": "never" },
        "paymentMethod": { "type": "card", "cardDetails": { "entryMethod": "keyed", "keyedData": {
            "dataFormat": "plainText", "cardNumber": "4111111111111112", "expiryDate": "1320" } } },
        "customFields": [{ "name": "a" }],
    });
    let found = payment_problems(&body);
    let fields: Vec<&str> =
        found.iter().filter_map(|line| line.split_once(": ")).map(|(field, _)| field).collect();
    assert_eq!(
        fields,
        [
            "channel",
            "processingTerminalId",
            "operator",
            "order.orderId",
            "order.description",
            "order.amount",
            "order.currency",
            "order.breakdown",
            "order.acceptPartialAmount",
            "order.standingInstructions.sequence",
            "order.standingInstructions.processingModel",
            "order.standingInstructions.referenceDataOfFirstTxn.paymentId",
            "customer.dateOfBirth",
            "ipAddress.value",
            "threeDSecure.eci",
            "threeDSecure.xid",
            "paymentMethod.cardDetails.keyedData.cardNumber",
            "paymentMethod.cardDetails.keyedData.expiryDate",
            "credentialOnFile.tokenize",
            "credentialOnFile.secureTokenId",
            "credentialOnFile.mitAgreement",
            "autoCapture",
            "processAsSale",
            "customFields.0.value",
            "offlineProcessing",
        ]
    );
    assert!(!found.iter().any(|line| line.contains("4111")), "{found:?}");
}

#[test]
fn one_wrong_member_is_one_problem_of_a_payment() {
    let long = |length: usize| json!("a".repeat(length));
    let table = [
        ("/channel", Value::Null, "channel: Is required."),
        ("/processingTerminalId", Value::Null, "processingTerminalId: Is required."),
        ("/processingTerminalId", long(51), "processingTerminalId: Must have at most 50 characters."),
        ("/order", Value::Null, "order: Is required."),
        ("/order", json!([]), "order: Must be an object."),
        ("/order/orderId", Value::Null, "order.orderId: Is required."),
        ("/order/orderId", long(101), "order.orderId: Must have at most 100 characters."),
        ("/order/amount", json!(49.99), "order.amount: Must be an integer."),
        ("/order/amount", json!("4999"), "order.amount: Must be an integer."),
        ("/order/amount", json!(1_000_000_000_000_i64), "order.amount: Must be between 0 and 999999999999."),
        ("/order/currency", Value::Null, "order.currency: Is required."),
        ("/order/currency", json!("EUX"), "order.currency: Is not one of the accepted values."),
        ("/paymentMethod", Value::Null, "paymentMethod: Is required."),
        (
            "/paymentMethod",
            ach(),
            "paymentMethod.type: Must be one of card, singleUseToken, secureToken, digitalWallet.",
        ),
        (
            "/paymentMethod",
            json!({ "type": "singleUseToken", "token": "a" }),
            "paymentMethod.token: Must have at least 128 characters.",
        ),
        ("/paymentMethod", json!({ "type": "secureToken" }), "paymentMethod.token: Is required."),
        (
            "/paymentMethod",
            with(token(), &[("/pinDetails", json!({ "dataFormat": "raw", "pin": "1234" }))]),
            "paymentMethod.pinDetails: PIN blocks are not taken here.",
        ),
        (
            "/paymentMethod",
            json!({ "type": "secureToken", "token": "296753123456", "pinDetails": {} }),
            "paymentMethod.pinDetails: PIN blocks are not taken here.",
        ),
        (
            "/paymentMethod",
            json!({ "type": "digitalWallet", "serviceProvider": "samsung", "encryptedData": "7b" }),
            "paymentMethod.serviceProvider: Must be one of apple, google.",
        ),
        (
            "/threeDSecure",
            json!({ "type": "gatewayThreeDSecure", "mpiReference": "x" }),
            "threeDSecure.serviceProvider: Is required.",
        ),
    ];
    for (path, value, problem) in table {
        let body = with(payment(), &[(path, value)]);
        assert_eq!(payment_problems(&body), [problem], "{path}");
    }
    // The call says `paymentMethod`, whatever one guide writes.
    let source = with(payment(), &[("/source", card()), ("/paymentMethod", Value::Null)]);
    assert_eq!(payment_problems(&source), ["paymentMethod: Is required."]);
}

#[test]
fn limits_are_taken_and_one_more_is_not() {
    for (path, value) in [
        ("/processingTerminalId", json!("1234")),
        ("/processingTerminalId", json!("1".repeat(50))),
        ("/order/amount", json!(0)),
        ("/order/amount", json!(999_999_999_999_i64)),
        ("/order/amount", json!(4999.0)),
        ("/order/description", json!("")),
        ("/order/currency", json!("ZWL")),
        ("/channel", json!("moto")),
    ] {
        assert_eq!(payment_problems(&with(payment(), &[(path, value)])), [""; 0], "{path}");
    }
}

#[test]
fn a_transfer_takes_accounts_and_tokens_and_no_card() {
    let full = with(
        transfer(),
        &[
            ("/order/dateTime", json!("2026-11-01T10:00:00Z")),
            ("/order/description", json!("Pizza")),
            ("/customer", json!({ "notificationLanguage": "en" })),
            ("/credentialOnFile", json!({ "tokenize": true })),
            ("/channel", json!(7)),
        ],
    );
    assert_eq!(transfer_problems(&full), [""; 0], "and a channel is not looked at");
    let pad = json!({ "type": "pad", "nameOnAccount": "Sarah", "accountNumber": "1234567890",
        "transitNumber": "76543", "institutionNumber": "543" });
    for method in [pad, token(), json!({ "type": "secureToken", "token": "296753123456" })] {
        let body = with(transfer(), &[("/paymentMethod", method)]);
        assert_eq!(transfer_problems(&body), [""; 0], "{body}");
    }
    let text = full.to_string();
    let node = parse(text.as_bytes()).unwrap();
    let read = BankTransferRequest::read(&node).map_err(|wrong| lines(Some(wrong))).unwrap();
    assert!(read.on_file.tokenize && read.order.at == Some("2026-11-01T10:00:00Z"));
    let PaymentMethod::Given(given) = read.method else { panic!("an account") };
    assert!(matches!(given.facts, SourceFacts::Ach(facts) if facts.sec_code == Some(SecCode::Web)));
    for method in
        [card(), json!({ "type": "digitalWallet", "serviceProvider": "apple", "encryptedData": "7b" })]
    {
        let body = with(transfer(), &[("/paymentMethod", method)]);
        let problem = "paymentMethod.type: Must be one of ach, pad, singleUseToken, secureToken.";
        assert_eq!(transfer_problems(&body), [problem]);
    }
}

#[test]
fn every_problem_of_a_transfer_is_told_at_once() {
    let body = json!({
        "processingTerminalId": 1_234_001, "order": { "amount": 1.5, "currency": "USD", "dateTime": 1 },
        "paymentMethod": { "type": "ach", "nameOnAccount": "", "accountNumber": "12a", "routingNumber": "1",
            "secCode": "fax" },
        "customer": { "notificationLanguage": "de" }, "customFields": {},
    });
    assert_eq!(
        transfer_problems(&body),
        [
            "processingTerminalId: Must be a string.",
            "order.orderId: Is required.",
            "order.amount: Must be an integer.",
            "order.dateTime: Must be a string.",
            "customer.notificationLanguage: Must be one of en, fr.",
            "paymentMethod.nameOnAccount: Must not be empty.",
            "paymentMethod.accountNumber: Must have at least 4 characters.",
            "paymentMethod.routingNumber: Must have at least 9 characters.",
            "paymentMethod.secCode: Must be one of web, tel, ccd, ppd.",
            "customFields: Must be an array.",
        ]
    );
    assert_eq!(transfer_problems(&json!([])), [": The body must be a JSON object."]);
}

#[test]
fn a_reader_and_its_schema_agree() {
    let payments =
        jsonschema::draft202012::new(&describe(|body| PaymentRequest::fields(body, TAKING))).unwrap();
    let transfers = jsonschema::draft202012::new(&describe(BankTransferRequest::fields)).unwrap();
    assert!(payments.is_valid(&payment()) && transfers.is_valid(&transfer()));
    assert!(!payments.is_valid(&transfer()) && !transfers.is_valid(&payment()));
    for body in [
        with(payment(), &[("/order/amount", json!(-1))]),
        with(payment(), &[("/paymentMethod", with(token(), &[("/pinDetails", json!({}))]))]),
        with(payment(), &[("/threeDSecure", json!({ "serviceProvider": "gateway" }))]),
        with(payment(), &[("/order/currency", json!("EUX"))]),
    ] {
        assert!(!payments.is_valid(&body) && !payment_problems(&body).is_empty(), "{body}");
    }
}
