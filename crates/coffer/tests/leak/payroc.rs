//! Everything that callers of the Payroc dialect do, well and badly, with marked values in every place that takes
//! bytes, up to an upstream that repeats all of it.

use serde_json::{Value, json};

use super::{
    evidence::{Evidence, Shows},
    flows::{MISPLACED, WRONG_KEY},
    upstream::{Say, Upstream, http},
    vault::PAYROC_KEY,
};
use crate::{
    calls::{fresh_key, with, without},
    support::{Answer, Client, Node},
};

/// A published test number, and codes that are sent with it, each in one flow.
pub(crate) const CARD: &str = "4539858876047062";
pub(crate) const CODES: [&str; 4] = ["951", "952", "953", "957"];
/// Account numbers of the United States and of Canada.
pub(crate) const ACH: &str = "40718293617283941";
pub(crate) const PAD: &str = "918273645019";
/// What stands behind the card's number on its stripe, and what else its readers send.
pub(crate) const STRIPE: &str = "30121019182736450";
pub(crate) const CRYPTOGRAM: &str = "C0FFEE00C0FFEE77";
pub(crate) const ENCRYPTED: &str = "FACADE00FACADE55";
pub(crate) const SERIAL: &str = "FFFF98765432AA55";
/// What the identity service of the upstream gives out.
pub(crate) const UPSTREAM_BEARER: &str = "Wvkmarkedupbearer12";

const API: &str = "/payroc/v1";
const TERMINAL: &str = "7770001";
const PAYMENTS: &str = "/payroc/v1/payments";
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// One caller: what it shows, and what it was told.
struct Caller<'e> {
    client: Client,
    evidence: &'e mut Evidence,
    shown: String,
}

impl Caller<'_> {
    /// A call under a new key.
    fn call(&mut self, what: &str, (method, to): (&str, &str), body: &Value, told: (Shows, u16)) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(what, (method, to), &[JSON, ("Idempotency-Key", &fresh_key())], body.as_bytes(), told)
    }

    /// The same with other headers, and with any bytes.
    fn send(
        &mut self,
        what: &str,
        (method, to): (&str, &str),
        headers: &[(&str, &str)],
        body: &[u8],
        (shows, status): (Shows, u16),
    ) -> Answer {
        let shown = self.shown.clone();
        let mut all = vec![("Authorization", shown.as_str())];
        all.extend(headers);
        let answer = self.client.call(method, to, &all, body);
        self.evidence.keep(what, shows, status, &answer);
        if status < 300 {
            self.evidence.tokens.extend(names(&answer));
        }
        answer
    }

    fn single_use(&mut self, what: &str, source: &Value) -> String {
        let body = json!({"channel": "web", "operator": "Qzxmarkedoperator", "source": source});
        let path = below("single-use-tokens");
        let made = self.call(what, ("POST", &path), &body, (Shows::Personal, 201));
        made.json()["token"].as_str().expect("a token").to_owned()
    }
}

/// The tokens that an answer gives out.
fn names(answer: &Answer) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return Vec::new() };
    let places = [&body["token"], &body["access_token"], &body["card"]["secureToken"]["token"]];
    places.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn below(path: &str) -> String {
    format!("{API}/processing-terminals/{TERMINAL}/{path}")
}

fn customer() -> Value {
    let address = json!({"address1": "77 Qzxmarkedstreet", "address2": "Qzxmarkedfloor", "city": "Qzxmarkedcity",
        "state": "Qzxmarkedstate", "country": "GB", "postalCode": "Qzxmarked7"});
    json!({"firstName": "Qzxmarkedname", "lastName": "Qzxmarkedsurname", "dateOfBirth": "1977-07-17",
        "referenceNumber": "Qzxmarkedreference", "billingAddress": address,
        "shippingAddress": {"recipientName": "Qzxmarkedrecipient", "address": address},
        "contactMethods": [{"type": "email", "value": "Qzxmarkedmail@example.com"}],
        "notificationLanguage": "en"})
}

fn card(code: &str) -> Value {
    json!({"type": "card", "cardDetails": {"entryMethod": "keyed", "cardholderName": "Qzxmarkedholder",
        "cardholderSignature": "Qzxmarkedsignature", "keyedData": {"dataFormat": "plainText", "cardNumber": CARD,
        "expiryDate": "1136", "cvv": code, "issueNumber": "Kwymarked1"}}})
}

fn ach() -> Value {
    json!({"type": "ach", "nameOnAccount": "Qzxmarkedowner", "accountNumber": ACH, "routingNumber": "123456789",
        "secCode": "web"})
}

fn pad() -> Value {
    json!({"type": "pad", "nameOnAccount": "Qzxmarkedowner", "accountNumber": PAD, "transitNumber": "76543",
        "institutionNumber": "543"})
}

/// What readers send of the card: stripe and chip in the clear, and encrypted.
fn readers() -> [Value; 4] {
    let device = json!({"model": "paxA920", "serialNumber": "Qzxmarkedserial"});
    let encrypting = with(&device, "/dataKsn", json!(SERIAL));
    let track = format!("%B{CARD}^QZXMARKED/HOLDER^{STRIPE}?;{CARD}={STRIPE}?");
    let chip = format!("5A08{CARD}5F24033011305F200C515A584D41524B45442F53419F2608{CRYPTOGRAM}");
    let name = |details: Value| with(&details, "/cardholderName", json!("Qzxmarkedholder"));
    [
        name(json!({"entryMethod": "swiped",
            "swipedData": {"dataFormat": "plainText", "device": device, "trackData": track}})),
        json!({"entryMethod": "raw", "device": device, "rawData": chip}),
        name(json!({"entryMethod": "swiped",
            "swipedData": {"dataFormat": "encrypted", "device": encrypting, "encryptedData": ENCRYPTED}})),
        name(json!({"entryMethod": "keyed", "keyedData": {"dataFormat": "partiallyEncrypted",
            "device": encrypting, "encryptedPan": ENCRYPTED, "maskedPan": "453985******7062", "expiryDate": "1136",
            "cvv": CODES[3]}})),
    ]
}

fn payment(method: &Value, on_file: &Value) -> Value {
    json!({"channel": "web", "processingTerminalId": TERMINAL, "operator": "Qzxmarkedoperator",
        "order": {"orderId": "Qzxmarkedorder", "amount": 4999, "currency": "USD",
            "description": "Qzxmarkeddescription"},
        "customer": customer(), "paymentMethod": method, "credentialOnFile": on_file})
}

fn flat(token: &str) -> Value {
    json!({"type": "singleUseToken", "token": token})
}

fn caller<'e>(node: &Node, evidence: &'e mut Evidence) -> Caller<'e> {
    let mut caller = Caller { client: node.client(), evidence, shown: String::new() };
    let key = [("x-api-key", PAYROC_KEY)];
    let answer = caller.client.call("POST", "/payroc/authorize", &key, b"");
    caller.evidence.keep("authorize", Shows::Nothing, 200, &answer);
    caller.evidence.tokens.extend(names(&answer));
    caller.shown = format!("Bearer {}", answer.json()["access_token"].as_str().expect("a token"));
    caller
}

/// Everything that goes well, under names that are new.
pub(crate) fn right(node: &Node, evidence: &mut Evidence, upstream: &Upstream, name: &str) {
    let mut caller = caller(node, evidence);
    caller.single_use("a card that stays", &card(CODES[0]));
    caller.single_use("an account that stays", &ach());
    caller.single_use("a Canadian account that stays", &pad());
    for details in readers() {
        caller.single_use("what a reader sent", &json!({"type": "card", "cardDetails": details}));
    }
    secure(&mut caller, name);
    session(&mut caller);
    payments(&mut caller, upstream, name);
}

/// Secure tokens, and all that is done to them.
fn secure(caller: &mut Caller<'_>, name: &str) {
    let own = |id: &str, source: Value| {
        json!({"secureTokenId": format!("{name}{id}"), "operator": "Qzxmarkedoperator", "source": source,
            "mitAgreement": "recurring", "customer": customer(),
            "ipAddress": {"type": "ipv4", "value": "203.0.113.77"},
            "threeDSecure": {"type": "gatewayThreeDSecure", "mpiReference": "Qzxmarkedmpi"},
            "customFields": [{"name": "Qzxmarkedfield", "value": "Qzxmarkedvalue"}]})
    };
    let (secures, personal) = (below("secure-tokens"), (Shows::Personal, 201));
    let token = caller.single_use("to be kept", &card(CODES[1]));
    for (id, source) in
        [("card", card(CODES[0])), ("ach", ach()), ("pad", pad()), ("token", flat(&token)), ("gone", ach())]
    {
        caller.call("a secure token", ("POST", &secures), &own(id, source), personal);
    }
    let one = below(&format!("secure-tokens/{name}card"));
    caller.call("read", ("GET", &one), &Value::Null, (Shows::Personal, 200));
    for query in [
        "customerName=Qzxmarkedname%20Qzxmarkedsurname",
        "email=Qzxmarkedmail@example.com",
        &format!("secureTokenId={name}card"),
        "first6=453985&last4=7062",
    ] {
        let path = format!("{secures}?{query}");
        caller.call("a list", ("GET", &path), &Value::Null, (Shows::Personal, 200));
    }
    let patch = json!([{"op": "replace", "path": "/source/cardholderName", "value": "Qzxmarkedother"},
        {"op": "add", "path": "/customFields/-", "value": {"name": "Qzxmarkednew", "value": "Qzxmarkednew"}}]);
    caller.call("a patch", ("PATCH", &one), &patch, (Shows::Personal, 200));
    let token = caller.single_use("to take a place", &card(CODES[2]));
    let update = format!("{one}/update-account");
    caller.call("an update", ("POST", &update), &flat(&token), (Shows::Personal, 200));
    let gone = below(&format!("secure-tokens/{name}gone"));
    caller.call("a deletion", ("DELETE", &gone), &Value::Null, (Shows::Nothing, 204));
}

/// Sessions of browsers: one that is finished, and one that is left.
fn session(caller: &mut Caller<'_>) {
    for is_finished in [true, false] {
        let body = json!({"libVersion": "1.7.0.261457", "scenario": "payment"});
        let path = below("hosted-fields-sessions");
        let opened = caller.call("a session", ("POST", &path), &body, (Shows::Nothing, 201));
        let session = format!("{API}/hosted-fields-sessions/{}", opened.json()["token"].as_str().unwrap());
        caller.call(
            "asked",
            ("GET", &format!("{session}/configuration")),
            &Value::Null,
            (Shows::Nothing, 200),
        );
        for (field, value) in [
            ("cardNumber", CARD),
            ("cvv", CODES[1]),
            ("expiryDate", "1136"),
            ("cardholderName", "Qzxmarkedholder"),
        ] {
            let body = json!({field: value, "type": field});
            caller.call(field, ("POST", &format!("{session}/fields")), &body, (Shows::Nothing, 200));
        }
        if is_finished {
            let path = format!("{session}/single-use-tokens");
            caller.call("finished", ("POST", &path), &Value::Null, (Shows::Nothing, 201));
        }
    }
}

/// Payments, whose upstream repeats everything, and one that says nothing sensible.
fn payments(caller: &mut Caller<'_>, upstream: &Upstream, name: &str) {
    // An issue number is two digits, which nobody can find in a text again: it is in no payment.
    let given = without(&card(CODES[2]), "/cardDetails/keyedData/issueNumber");
    let token = caller.single_use("to be paid with", &given);
    let keep = json!({"tokenize": true, "secureTokenId": format!("{name}paid"), "mitAgreement": "recurring"});
    for (method, on_file) in [(flat(&token), keep), (given, Value::Null)] {
        upstream.says(Say::Echo);
        caller.call("paid", ("POST", PAYMENTS), &payment(&method, &on_file), (Shows::Personal, 201));
    }
    for details in readers() {
        let token = caller.single_use("a reader's", &json!({"type": "card", "cardDetails": details}));
        upstream.says(Say::Echo);
        let body = payment(&flat(&token), &Value::Null);
        caller.call("paid by reader", ("POST", PAYMENTS), &body, (Shows::Personal, 201));
    }
    for source in [ach(), pad()] {
        let token = caller.single_use("to be transferred", &source);
        let mut body = payment(&flat(&token), &Value::Null);
        body.as_object_mut().unwrap().remove("channel");
        upstream.says(Say::Echo);
        let transfers = "/payroc/v1/bank-transfer-payments";
        caller.call("transferred", ("POST", transfers), &body, (Shows::Personal, 201));
    }
    for said in [format!("<html>{CARD} {}</html>", CODES[0]), format!("{{\"cardNumber\":\"{CARD}\"}}")] {
        upstream.says(Say::Bytes(http(201, &said)));
        let token = caller.single_use("to be lost", &card(CODES[0]));
        let body = payment(&flat(&token), &Value::Null);
        caller.call("lost", ("POST", PAYMENTS), &body, (Shows::Nothing, 500));
    }
}

/// Everything that is refused.
pub(crate) fn wrong(node: &Node, evidence: &mut Evidence) {
    let mut caller = caller(node, evidence);
    let (singles, secures) = (below("single-use-tokens"), below("secure-tokens"));
    let refused = (Shows::Nothing, 400);
    let whole = json!({"channel": "web", "operator": "Jane", "source": card(CODES[0])});
    let keyed = "/source/cardDetails/keyedData";
    for (pointer, value) in [
        ("/channel", json!("Qzxmarkedchannel")),
        ("/operator", json!(MISPLACED)),
        ("/source/type", json!("Qzxmarkedtype")),
        ("/source/cardDetails/cardholderName", json!(MISPLACED)),
        ("/source/cardDetails/cardholderName", json!("Qzxmarked".repeat(20))),
        ("/source/cardDetails/entryMethod", json!("Qzxmarkedmethod")),
        (
            "/source/cardDetails/pinDetails",
            json!({"dataFormat": "dukpt", "pin": ENCRYPTED, "pinKsn": SERIAL}),
        ),
        (&format!("{keyed}/cardNumber"), json!(format!("{CARD}x"))),
        (&format!("{keyed}/cardNumber"), json!(4_539_858_876_047_062_u64)),
        (&format!("{keyed}/cardNumber"), json!(format!("{CARD}77777"))),
        (&format!("{keyed}/expiryDate"), json!("Qzxmarkedexpiry")),
        (&format!("{keyed}/cvv"), json!(CARD)),
    ] {
        caller.call(pointer, ("POST", &singles), &with(&whole, pointer, value), refused);
    }
    for source in [
        with(&ach(), "/accountNumber", json!(format!("{ACH}x"))),
        with(&pad(), "/accountNumber", json!(format!("{PAD}7777777"))),
        json!({"type": "card", "cardDetails": with(&readers()[0], "/swipedData/trackData", json!(STRIPE))}),
        json!({"type": "card", "cardDetails": with(&readers()[1], "/rawData", json!(CRYPTOGRAM))}),
    ] {
        caller.call("a source", ("POST", &singles), &with(&whole, "/source", source), refused);
    }
    let text = whole.to_string();
    let (key, half) = (fresh_key(), &text.as_bytes()[..text.len() - 2]);
    caller.send("half a body", ("POST", &singles), &[JSON, ("Idempotency-Key", &key)], half, refused);
    let key = [JSON, ("Idempotency-Key", CARD)];
    caller.send("a key", ("POST", &singles), &key, text.as_bytes(), refused);
    let marked = [JSON, ("Idempotency-Key", &fresh_key()), ("Accept", "Qzxmarked/type")];
    caller.send("a type", ("POST", &singles), &marked, text.as_bytes(), (Shows::Nothing, 406));
    let marked = [("Content-Type", "Qzxmarked/type")];
    caller.send("a type", ("POST", &singles), &marked, text.as_bytes(), (Shows::Nothing, 415));
    for terminal in [CARD, "Qzxmarkedterminal"] {
        let path = format!("{API}/processing-terminals/{terminal}/single-use-tokens");
        caller.call("a terminal", ("POST", &path), &whole, (Shows::Nothing, 403));
    }
    for id in [CARD, "Qzxmarkedunknown"] {
        let path = format!("{secures}/{id}");
        caller.call("unknown", ("GET", &path), &Value::Null, (Shows::Nothing, 404));
        caller.call("unknown", ("DELETE", &path), &Value::Null, (Shows::Nothing, 404));
        let update = format!("{path}/update-account");
        caller.call("unknown", ("POST", &update), &flat(&CARD.repeat(8)), (Shows::Nothing, 404));
    }
    for query in
        [format!("first6={CARD}"), format!("limit={MISPLACED}"), "before=Qzxmarked&after=b".to_owned()]
    {
        caller.call("a query", ("GET", &format!("{secures}?{query}")), &Value::Null, refused);
    }
    let token = json!({"source": flat(CARD)});
    caller.call("a number for a token", ("POST", &secures), &token, refused);
    let body = payment(&json!({"type": "secureToken", "token": CARD}), &Value::Null);
    caller.call("a number for a token", ("POST", PAYMENTS), &body, refused);
    let path = format!("{API}/hosted-fields-sessions/{CARD}/fields");
    caller.call("no session", ("POST", &path), &json!({"cardNumber": CARD, "type": "cardNumber"}), refused);
    let key = [("x-api-key", WRONG_KEY)];
    let answer = caller.client.call("POST", "/payroc/authorize", &key, b"");
    caller.evidence.keep("a wrong key", Shows::Nothing, 401, &answer);
    caller.shown = format!("Bearer {WRONG_KEY}");
    caller.call("a wrong bearer", ("POST", &singles), &whole, (Shows::Nothing, 401));
}
