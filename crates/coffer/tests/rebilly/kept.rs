//! What is kept and shown takes no card number and no code, wherever somebody puts one (PCI DSS 3.3.1, 3.5.1); and what
//! is kept can always be changed and ended.

use serde_json::{Value, json};

use super::{
    calls::{INSTRUMENTS, TOKENS, get, invalid_fields, names, post, set, token, with},
    families::families,
    kinds::{deactivate, exchanged, id, kept, patch, plain_card},
};
use crate::support::{Client, Node, SECRET, home};

/// A card number as people write it, with what stands beside it.
const WRITTEN: &str = "4111 1111 1111 1111 12/35 123";

fn body_of(family: &str) -> Value {
    families().into_iter().find(|one| one.name == family).expect("a family").body
}

/// 422 that names exactly this field, and repeats nothing of the value.
fn assert_refused(client: &mut Client, method: &str, path: &str, body: &Value, field: &str) {
    let answer = client.call(method, path, &[SECRET], body.to_string().as_bytes());
    assert_eq!(invalid_fields(&answer), names(&[field]), "{path}");
    assert!(!answer.text().contains("1111"), "{}", answer.text());
}

#[test]
fn no_text_that_is_kept_takes_a_card_number() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let cash = json!({"method": "cash", "billingAddress": {}, "riskMetadata": {}});
    for field in
        ["firstName", "lastName", "organization", "address", "address2", "city", "region", "jobTitle"]
    {
        let field = format!("billingAddress.{field}");
        assert_refused(&mut client, "POST", TOKENS, &with(&cash, &field, json!(WRITTEN)), &field);
    }
    let points = |field: &str, value: Value| with(&cash, &format!("billingAddress.{field}"), json!([value]));
    let email = json!({"label": "x", "value": "4111111111111111@example.com"});
    assert_refused(&mut client, "POST", TOKENS, &points("emails", email), "billingAddress.emails.0.value");
    let label = json!({"label": WRITTEN, "value": "1"});
    assert_refused(
        &mut client,
        "POST",
        TOKENS,
        &points("phoneNumbers", label),
        "billingAddress.phoneNumbers.0.label",
    );
    for (field, value) in [
        ("riskMetadata.fingerprint", json!(WRITTEN)),
        ("riskMetadata.extraData.kountFraudSessionId", json!("4111111111111111")),
        ("fingerprint", json!("4111111111111111")),
    ] {
        assert_refused(&mut client, "POST", TOKENS, &with(&cash, field, value), field);
    }
    for (family, fields) in [
        ("paypal", &["paymentInstrument.paypalMerchantId", "paymentInstrument.billingAgreementToken"][..]),
        (
            "plaid",
            &["paymentInstrument.linkToken", "paymentInstrument.publicToken", "paymentInstrument.accountId"],
        ),
        ("Klarna", &["paymentInstrument.klarnaAuthorizationToken", "paymentInstrument.klarnaSessionId"]),
        ("wallet", &["paymentInstrument.descriptor"]),
        ("cryptocurrency", &["walletName", "walletAddress", "walletCurrency", "walletNetwork"]),
        ("ach BBAN", &["paymentInstrument.bankName"]),
    ] {
        for field in fields {
            assert_refused(
                &mut client,
                "POST",
                TOKENS,
                &with(&body_of(family), field, json!(WRITTEN)),
                field,
            );
        }
    }
    let amount = with(&body_of("wallet"), "paymentInstrument.amount", json!(4_111_111_111_111_111_i64));
    assert_refused(&mut client, "POST", TOKENS, &amount, "paymentInstrument.amount");
}

#[test]
fn no_id_and_no_text_of_a_customer_or_an_instrument_takes_one() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let cash = json!({"method": "cash", "billingAddress": {}});
    for field in ["websiteId", "preferredPayoutInstrumentId", "locale", "personId"] {
        assert_refused(&mut client, "POST", "/rebilly/customers", &json!({ field: WRITTEN }), field);
    }
    let emails = json!({"notificationEmails": ["4111111111111111@example.com"]});
    assert_refused(&mut client, "POST", "/rebilly/customers", &emails, "notificationEmails.0");
    assert_refused(&mut client, "PUT", "/rebilly/customers/4111-1111-1111-1111", &json!({}), "id");
    let made = token(&mut client, &cash)["id"].clone();
    assert_refused(
        &mut client,
        "POST",
        INSTRUMENTS,
        &json!({"token": made, "customerId": "4111111111111111"}),
        "customerId",
    );
    let card = kept(&mut client, &plain_card("5555555555554444"), "cus");
    let path = format!("{INSTRUMENTS}/{}", id(&card));
    assert_refused(
        &mut client,
        "PATCH",
        &path,
        &json!({"stickyGatewayAccountId": WRITTEN}),
        "stickyGatewayAccountId",
    );
}

#[test]
fn what_only_looks_like_a_card_number_is_taken() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut cash = json!({"method": "cash", "billingAddress": {
        "address": "4111 Elm Street", "phoneNumbers": [{"label": "x", "value": "4111 1111 1111 1111"}]}});
    set(&mut cash, "riskMetadata.fingerprint", json!("4bf92f3577b34da6a3ce929d0e0e4736"));
    token(&mut client, &cash);
    for address in
        ["0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"]
    {
        token(&mut client, &with(&body_of("cryptocurrency"), "walletAddress", json!(address)));
    }
}

#[test]
fn a_payload_in_the_clear_is_refused() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let wallet = body_of("wallet");
    for payload in [
        json!({"pan": "4111111111111111"}),
        json!({"cvv": "123"}),
        json!({"pin": "1234"}),
        json!({"track2": "x"}),
        json!({"data": ";4111111111111111=35121010000?"}),
        json!({"data": [{"token": "{\"applicationPrimaryAccountNumber\":\"4111111111111111\"}"}]}),
        json!({"number": 4_111_111_111_111_111_i64}),
    ] {
        let body = with(&wallet, "paymentInstrument.payload", payload);
        assert_refused(&mut client, "POST", TOKENS, &body, "paymentInstrument.payload");
    }
    // What the wallets encrypt, in their forms.
    for payload in [
        json!({"paymentData": {"version": "EC_v1", "data": "3+f4oOTwPa6f1UZ6tG8L2dQ9ZkQk7Yq0cG9r/8o2Zg==", "signature":
            "MIAGCSqGSIb3DQEHAqCAMIACAQExDTALBglghkgBZQMEAgEwgAYJKoZIhvcNAQcBAACggDCCA+MwggOIoAMCAQICCEwwQUlRnVQ2",
            "header": {"publicKeyHash": "tqYV+tmG9aMh+l/K6cicUnPqkb1gUiLjSTM9gEz6Nl0=", "transactionId":
            "0f2cd8c1b3e94a5f8d7e6c5b4a39281706f5e4d3c2b1a0998877665544332211"}},
            "paymentMethod": {"displayName": "Visa 1111", "network": "Visa", "type": "debit"}}),
        json!({"signature": "MEYCIQCO2EI48s8VTH+ilMEpoXLFfkxAwHjfPSCVED/QDSHmQgIhALLzl4jhnRkz3aCLVXhg0qZfHYVJMOz",
            "protocolVersion": "ECv1", "signedMessage": "{\"encryptedMessage\":\"ZW5jcnlwdGVk\",\"tag\":\"dGFn\"}"}),
    ] {
        token(&mut client, &with(&wallet, "paymentInstrument.payload", payload));
    }
}

#[test]
fn headers_of_a_browser_have_bounds_and_secrets_do_not_count() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let cash = json!({"method": "cash", "billingAddress": {}, "riskMetadata": {}});
    let of = |headers: Value| with(&cash, "riskMetadata.httpHeaders", headers);
    let many = |count: usize| (0..count).map(|number| (format!("x-{number}"), json!("1"))).collect::<Value>();
    let field = "riskMetadata.httpHeaders";
    for wrong in [
        json!({"Cookie": "c".repeat(16_385)}),
        many(101),
        json!({"a": "v".repeat(4_096), "b": "v".repeat(4_096)}),
    ] {
        assert_refused(&mut client, "POST", TOKENS, &of(wrong), field);
    }
    let agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/120.0.6099.109 Safari/537.36";
    let browser = json!({"User-Agent": agent, "Cookie": "c".repeat(9_000), "X-Api-Key": "k", "Set-Cookie": "s=1",
        "X-Auth-Token": "t", "X-Forwarded-Client-Cert": "Hash=1", "Referer": "r".repeat(2_000), "Accept": "*/*",
        "X-Card": WRITTEN, "4111111111111111": "x"});
    let made = token(&mut client, &of(browser));
    let kept = json!({"User-Agent": agent, "Referer": "r".repeat(2_000), "Accept": "*/*"});
    assert_eq!(made["riskMetadata"]["httpHeaders"], kept);
    token(&mut client, &of(many(100)));
}

/// The largest token that a body can bring, with numbers that grow when they are written anew.
#[test]
fn the_largest_token_makes_an_instrument_that_changes_and_ends() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let long = "ä".repeat(255);
    let emails: Vec<Value> = (0..60)
        .map(|_| json!({"label": "ä".repeat(45), "value": format!("{}@example.com", "ä".repeat(240))}))
        .collect();
    let address = |emails: &[Value]| json!({"organization": long, "jobTitle": long, "emails": emails});
    let numbers = vec![json!(1e15); 700];
    let text = "x".repeat(50_000);
    let payload = json!({"numbers": numbers, "text": text});
    let sent = with(&body_of("wallet"), "paymentInstrument.payload", payload)
        .to_string()
        .replace("1000000000000000.0", "1e15");
    let answer = client.call("POST", TOKENS, &[SECRET], sent.as_bytes());
    assert_eq!(answer.status, 201, "{} of {}", answer.text(), sent.len());
    let wallet =
        json!({"token": answer.json()["id"], "customerId": "cus", "customFields": {"a": "f".repeat(8_000)}});
    let wallet = post(&mut client, INSTRUMENTS, &wallet);
    assert_eq!(wallet.status, 201, "{}", wallet.text());
    let cash = json!({"method": "cash", "billingAddress": address(&emails), "riskMetadata": {
        "httpHeaders": {"a": "h".repeat(4_000), "b": "h".repeat(4_000)}}});
    let cash = exchanged(&mut client, &cash, "another");
    for made in [wallet.json(), cash] {
        let change = json!({"billingAddress": address(&emails), "customFields": {"a": "g".repeat(8_000)},
            "stickyGatewayAccountId": "s".repeat(50)});
        assert_eq!(patch(&mut client, id(&made), &change).status, 200);
        assert_eq!(deactivate(&mut client, id(&made)).status, 201);
        assert_eq!(get(&mut client, &format!("{INSTRUMENTS}/{}", id(&made))).json()["status"], "deactivated");
    }
}
