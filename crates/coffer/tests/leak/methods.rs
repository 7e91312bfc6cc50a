//! Every other way to pay, customers, and callers who show a JWT or come through a proxy: marked values in each place
//! that protects something.

use serde_json::{Value, json};

use super::{
    evidence::{Evidence, Shows},
    flows::{PUBLISHED_KEY, body},
    vault::{PUBLISHABLE_KEY, Place, REDEEM_KEY, SECRET_KEY},
};
use crate::support::{Answer, Client, Node};

pub(crate) const ACCOUNT: &str = "77001188229933";
pub(crate) const ROUTED: &str = "66112299448855";
pub(crate) const IBAN: &str = "DE89370400440532013000";
pub(crate) const KHELOCARD: (&str, &str) = ("88002277446611", "7531");
/// Begins every text that a method protects and that redeem alone shows.
pub(crate) const PROTECTED: &str = "Kwymarked";
/// A shopper's address, as the proxy names it; the audit log has its network.
pub(crate) const BROWSER: &str = "198.51.100.77";

const SK: (&str, &str) = ("REB-APIKEY", SECRET_KEY);
const TOKENS: &str = "/rebilly/tokens";
const INSTRUMENTS: &str = "/rebilly/payment-instruments";
const STOREFRONT: &str = "/rebilly/storefront/payment-instruments";

/// The methods with what they protect; and whether the instrument's own call takes the token.
fn methods() -> Vec<(&'static str, Value)> {
    let text = |what: &str| format!("{PROTECTED}{what}");
    let (number, cvv) = KHELOCARD;
    vec![
        (
            "ach",
            json!({"accountNumberType": "BBAN", "accountNumber": ACCOUNT, "routingNumber": "021000021",
                "accountType": "checking", "bankName": "Qzxmarkedbank"}),
        ),
        (
            "echeck",
            json!({"accountNumberType": "BBAN", "accountNumber": ROUTED, "routingNumber": "021000021",
                "accountType": "savings"}),
        ),
        ("ach", json!({"accountNumberType": "IBAN", "accountNumber": IBAN, "bic": "COBADEFF"})),
        ("Khelocard", json!({"number": number, "cvv": cvv, "expMonth": 11, "expYear": 2036})),
        (
            "plaid-account",
            json!({"linkToken": text("link"), "publicToken": "Qzxmarkedpublic", "accountId": "Qzxmarkedaccount"}),
        ),
        (
            "digital-wallet",
            json!({"type": "Google Pay", "amount": 9.5, "currency": "EUR", "descriptor": "Qzxmarkeddescriptor",
                "payload": {"data": text("payload"), "header": {"key": [text("inside")]}}}),
        ),
        (
            "Klarna",
            json!({"klarnaAuthorizationToken": "Qzxmarkedklarna", "klarnaSessionId": "Qzxmarkedklarna2"}),
        ),
        (
            "paypal",
            json!({"paypalMerchantId": "Qzxmarkedmerchant", "billingAgreementToken": "Qzxmarkedagreement"}),
        ),
    ]
}

/// Calls, and keeps the answer.
struct Caller<'c> {
    client: Client,
    evidence: &'c mut Evidence,
}

impl Caller<'_> {
    fn call(
        &mut self,
        what: &str,
        call: (&str, &str),
        headers: &[(&str, &str)],
        body: &Value,
        is: (Shows, u16),
    ) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.client.call(call.0, call.1, headers, body.as_bytes());
        self.evidence.keep(what, is.0, is.1, &answer);
        answer
    }

    /// A token of a method, with every other field marked.
    fn token(&mut self, method: &str, instrument: &Value) -> String {
        let mut body = body(PUBLISHED_KEY);
        body["method"] = method.into();
        body["paymentInstrument"] = instrument.clone();
        let answer = self.call(method, ("POST", TOKENS), &[SK], &body, (Shows::Personal, 201));
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        self.evidence.tokens.push(id.clone());
        id
    }
}

/// Every method through create, read, list, exchange, change, redeem and the end.
pub(crate) fn every_method(node: &Node, evidence: &mut Evidence, customer: &str) {
    let mut caller = Caller { client: node.client(), evidence };
    let native = format!("Bearer {REDEEM_KEY}");
    let personal = (Shows::Personal, 200);
    for (method, instrument) in methods() {
        let token = caller.token(method, &instrument);
        caller.call(method, ("GET", &format!("{TOKENS}/{token}")), &[SK], &Value::Null, personal);
        let exchange =
            json!({"token": token, "customerId": customer, "customFields": {"a": "Qzxmarkedcustom"}});
        let made = caller.call(method, ("POST", INSTRUMENTS), &[SK], &exchange, (Shows::Personal, 201));
        let path = format!("{INSTRUMENTS}/{}", made.json()["id"].as_str().expect("an id"));
        caller.call(method, ("GET", &path), &[SK], &Value::Null, personal);
        let address = json!({"billingAddress": {"firstName": "Qzxmarkedother", "city": "Qzxmarkedtown"}});
        caller.call(method, ("PATCH", &path), &[SK], &address, personal);
        let again = json!({"token": caller.token(method, &instrument)});
        caller.call(method, ("PATCH", &path), &[SK], &again, personal);
        caller.call(method, ("PATCH", &path), &[SK], &again, (Shows::Nothing, 422));
        let redeemed = format!("/coffer/v1/tokens/{}/redeem", caller.token(method, &instrument));
        let shown = if ["Klarna", "paypal"].contains(&method) { Shows::Personal } else { Shows::Protected };
        caller.call(method, ("POST", &redeemed), &[("Authorization", &native)], &Value::Null, (shown, 200));
        let end = format!("{path}/deactivation");
        caller.call(method, ("POST", &end), &[SK], &Value::Null, (Shows::Personal, 201));
        caller.call(method, ("POST", &end), &[SK], &Value::Null, (Shows::Nothing, 409));
    }
}

/// Lists of all that there is, and lists that are asked for wrongly.
pub(crate) fn lists(node: &Node, evidence: &mut Evidence) {
    let mut caller = Caller { client: node.client(), evidence };
    let personal = (Shows::Personal, 200);
    for query in ["", "?limit=1000&sort=-createdTime", "?q=Qzxmarked", "?filter=customerId:Qzxmarkedcustomer"]
    {
        caller.call("a list", ("GET", &format!("{INSTRUMENTS}{query}")), &[SK], &Value::Null, personal);
    }
    caller.call("a list", ("GET", &format!("{TOKENS}?limit=1000")), &[SK], &Value::Null, personal);
    for query in ["?filter=Qzxmarked:Qzxmarked", "?sort=Qzxmarked", "?limit=Qzxmarked", "?filter=Qzxmarked"] {
        caller.call(
            query,
            ("GET", &format!("{INSTRUMENTS}{query}")),
            &[SK],
            &Value::Null,
            (Shows::Nothing, 422),
        );
    }
}

/// What a method protects, in places and forms that are refused.
pub(crate) fn wrong_methods(node: &Node, evidence: &mut Evidence) {
    let mut caller = Caller { client: node.client(), evidence };
    for (method, instrument) in methods() {
        for (name, value) in instrument.as_object().expect("an object") {
            for wrong in [json!([value]), json!({"a": value}), json!([[value, instrument]])] {
                // A payload is an object of any content.
                if name == "payload" && wrong.is_object() {
                    continue;
                }
                let mut body = body(PUBLISHED_KEY);
                (body["method"], body["paymentInstrument"]) = (method.into(), instrument.clone());
                body["paymentInstrument"][name] = wrong;
                let refused = (Shows::Nothing, 422);
                caller.call(name, ("POST", TOKENS), &[SK], &body, refused);
                body["customerId"] = json!([value]);
                caller.call(name, ("POST", INSTRUMENTS), &[SK], &body, refused);
            }
        }
    }
}

/// Customers by key and by JWT, and a shopper whose address a proxy names.
pub(crate) fn people(place: &Place, node: &Node, evidence: &mut Evidence, customer: &str) {
    let mut caller = Caller { client: node.client(), evidence };
    let (merchant, own) = (format!("Bearer {}", place.merchant), format!("Bearer {}", place.customer));
    let (merchant, own) = (("Authorization", merchant.as_str()), ("Authorization", own.as_str()));
    let (card, token) =
        (body(PUBLISHED_KEY), |answer: &Answer| answer.json()["id"].as_str().expect("an id").to_owned());
    let person = json!({
        "primaryAddress": card["billingAddress"], "websiteId": "Qzxmarkedsite", "personId": "Qzxmarkedperson",
        "notificationEmails": ["Qzxmarkednotified@example.com"], "customFields": {"Qzxmarkedfield": "Qzxmarkedvalue"},
        "leadSource": {"clickId": "Xjqmarkedclick"},
    });
    let path = format!("/rebilly/customers/{customer}");
    caller.call("a customer", ("PUT", &path), &[merchant], &person, (Shows::Personal, 201));
    let made = caller.call("create", ("POST", TOKENS), &[merchant], &card, (Shows::Personal, 201));
    let mut with_token = person.clone();
    with_token["paymentToken"] = made.json()["id"].clone();
    caller.evidence.tokens.push(token(&made));
    caller.call("a customer", ("PUT", &path), &[SK], &with_token, (Shows::Personal, 200));
    caller.call("the token again", ("PUT", &path), &[SK], &with_token, (Shows::Nothing, 422));
    caller.call("a customer", ("POST", "/rebilly/customers"), &[SK], &person, (Shows::Personal, 201));
    let expanded = format!("{path}?expand=defaultPaymentInstrument");
    caller.call("a customer", ("GET", &expanded), &[merchant], &Value::Null, (Shows::Personal, 200));

    let key = ("Authorization", PUBLISHABLE_KEY);
    let (page, from) = (("Origin", "https://shop.example"), ("X-Forwarded-For", BROWSER));
    let agent = ("User-Agent", "Qzxmarkedbrowser");
    let mut browser = card.clone();
    browser["riskMetadata"] = json!({"fingerprint": "Qzxmarkeddevice"});
    let made = caller.call(
        "by a browser",
        ("POST", TOKENS),
        &[key, page, from, agent],
        &browser,
        (Shows::Personal, 201),
    );
    assert_eq!(made.json()["riskMetadata"]["ipAddress"], BROWSER);
    caller.evidence.tokens.push(token(&made));
    let body = json!({"token": token(&made), "customFields": {"a": "Qzxmarkedcustom"}});
    let answer = caller.call(
        "by a customer",
        ("POST", STOREFRONT),
        &[own, from, agent],
        &body,
        (Shows::Personal, 201),
    );
    let one = format!("{STOREFRONT}/{}", token(&answer));
    let change = json!({"billingAddress": {"firstName": "Qzxmarkedown"}});
    caller.call("by a customer", ("PATCH", &one), &[own, from], &change, (Shows::Personal, 200));
    caller.call("by a customer", ("GET", STOREFRONT), &[own, from], &Value::Null, (Shows::Personal, 200));

    let cut = format!("Bearer {}", &place.merchant[..place.merchant.len() - 6]);
    for (status, call, header) in [
        (401, ("POST", TOKENS), ("Authorization", cut.as_str())),
        (401, ("POST", TOKENS), ("Authorization", &place.merchant)),
        (401, ("POST", TOKENS), ("REB-APIKEY", &place.merchant)),
        (403, ("POST", TOKENS), own),
        (403, ("POST", STOREFRONT), merchant),
        (403, ("POST", "/rebilly/organizations/Qzxmarkedorg/tokens"), merchant),
    ] {
        caller.call("refused", call, &[header, page, from], &card, (Shows::Nothing, status));
    }
}
