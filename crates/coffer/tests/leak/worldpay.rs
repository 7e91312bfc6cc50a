//! Everything that callers of the Worldpay dialect do, well and badly, with marked values in every place that takes
//! bytes.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    evidence::{Evidence, Shows},
    flows::MISPLACED,
    vault::{CHECKOUT_IDENTITY, REVEAL_PASSWORD, USER_PASSWORD},
};
use crate::support::{Answer, Client, Node};

/// Published test numbers, each for one flow, with a code.
pub(crate) const TOKENIZED: (&str, &str) = ("4150580996517927", "");
pub(crate) const VERIFIED: (&str, &str) = ("5131072454408923", "975");
pub(crate) const LEFT: (&str, &str) = ("4444333322221111", "963");

const TOKENS: &str = "/worldpay/tokens";
const CARD_ON_FILE: &str = "/worldpay/verifiedTokens/cardOnFile";
const V3: &str = "application/vnd.worldpay.tokens-v3.hal+json";
const VERIFIED_V3: &str = "application/vnd.worldpay.verified-tokens-v3.hal+json";
const SESSIONS: &str = "application/vnd.worldpay.sessions-v1.hal+json";

fn address() -> Value {
    json!({
        "address1": "77 Qzxmarkedstreet", "address2": "Qzxmarkedfloor", "address3": "Qzxmarkedpart",
        "postalCode": "Qzxmarked7", "city": "Qzxmarkedcity", "state": "Qzxmarkedstate", "countryCode": "GB",
    })
}

fn card(number: &str, namespace: &str) -> Value {
    json!({
        "description": "Qzxmarkeddescription", "namespace": namespace,
        "schemeTransactionReference": "Qzxmarkedreference", "merchant": {"entity": "default"},
        "paymentInstrument": {
            "type": "card/front", "cardHolderName": "Qzxmarkedholder", "cardNumber": number,
            "cardExpiryDate": {"month": 11, "year": 2036}, "billingAddress": address(),
        },
    })
}

fn verified(instrument: Value) -> Value {
    let mut instrument = instrument;
    instrument["cardHolderName"] = json!("Qzxmarkedholder");
    instrument["billingAddress"] = address();
    json!({
        "description": "Qzxmarkeddescription", "namespace": "Qzxmarkedother", "merchant": {"entity": "default"},
        "verificationCurrency": "GBP", "narrative": {"line1": "Xjqmarkednarrative"}, "paymentInstrument": instrument,
    })
}

/// One caller: what it shows, and what it was told.
struct Caller<'e> {
    client: Client,
    evidence: &'e mut Evidence,
}

impl Caller<'_> {
    fn call(
        &mut self,
        what: &str,
        (method, to): (&str, &str),
        headers: &[(&str, &str)],
        body: &[u8],
        (shows, status): (Shows, u16),
    ) -> Answer {
        let path = to.strip_prefix("http://").map_or(to, |rest| &rest[rest.find('/').expect("a path")..]);
        let answer = self.client.call(method, path, headers, body);
        self.evidence.keep(what, shows, status, &answer);
        if status < 300 || status == 409 {
            self.evidence.tokens.extend(names(&answer));
        }
        answer
    }
}

/// Every link's last part that an answer gives out, and its `tokenId`.
fn names(answer: &Answer) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return Vec::new() };
    let embedded = &body["_embedded"]["token"];
    let mut found = Vec::new();
    for token in [&body, embedded] {
        found.extend(token["tokenId"].as_str().map(str::to_owned));
        for (name, link) in token["_links"].as_object().into_iter().flatten() {
            let last = link["href"].as_str().and_then(|href| href.rsplit('/').next());
            found.extend(last.filter(|_| name != "curies").map(str::to_owned));
        }
    }
    found
}

fn link(answer: &Answer, name: &str) -> String {
    answer.json()["_links"][name]["href"].as_str().expect("a link").to_owned()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}

fn json_headers<'h>(authorization: &'h str, media: &'h str) -> [(&'h str, &'h str); 3] {
    [("Authorization", authorization), ("Content-Type", media), ("Accept", media)]
}

/// Everything that goes well, in a namespace that is new.
pub(crate) fn right(node: &Node, evidence: &mut Evidence, namespace: &str) {
    let mut caller = Caller { client: node.client(), evidence };
    tokens(&mut caller, namespace);
    verified_tokens(&mut caller);
}

/// A token and all that is done to it. It stays, to be searched for.
fn tokens(caller: &mut Caller<'_>, namespace: &str) {
    let (user, auditor) = (basic("shop", USER_PASSWORD), basic("auditor", REVEAL_PASSWORD));
    let headers = json_headers(&user, V3);
    let body = card(TOKENIZED.0, namespace).to_string();
    let shown = (Shows::Personal, 201);
    let made = caller.call("create", ("POST", TOKENS), &headers, body.as_bytes(), shown);
    caller.call("match", ("POST", TOKENS), &headers, body.as_bytes(), (Shows::Personal, 200));
    let mut other = card(TOKENIZED.0, namespace);
    other["paymentInstrument"]["cardHolderName"] = json!("Qzxmarkedbride");
    other["schemeTransactionReference"] = json!("Qzxmarkedsecond");
    let differs = caller.call(
        "conflict",
        ("POST", TOKENS),
        &headers,
        other.to_string().as_bytes(),
        (Shows::Personal, 409),
    );
    let waiting = link(&differs, "tokens:conflicts");
    caller.call("what waits", ("GET", &waiting), &headers, b"", (Shows::Personal, 200));
    caller.call("resolve", ("PUT", &waiting), &headers, b"", (Shows::Nothing, 204));
    for (name, value) in [
        ("tokens:description", json!("Qzxmarkednew")),
        ("tokens:cardHolderName", json!("Qzxmarkednew")),
        ("tokens:billingAddress", address()),
        ("tokens:schemeTransactionReference", json!("Qzxmarkedthird")),
    ] {
        let href = link(&made, name);
        let value = value.to_string();
        caller.call(name, ("PUT", &href), &headers, value.as_bytes(), (Shows::Nothing, 204));
    }
    let href = link(&made, "tokens:token");
    caller.call("read", ("GET", &href), &headers, b"", (Shows::Personal, 200));
    let query = format!("{TOKENS}?namespace={namespace}");
    caller.call("query", ("GET", &query), &headers, b"", (Shows::Personal, 200));
    let clear = [
        ("Authorization", auditor.as_str()),
        ("Accept", "application/vnd.worldpay.tokens-v3.hal+json; masked=false"),
    ];
    caller.call("reveal", ("GET", &href), &clear, b"", (Shows::ClearNumber(TOKENIZED.0), 200));
    caller.call("refused", ("GET", &href), &[("Authorization", &user), clear[1]], b"", (Shows::Nothing, 403));
    caller.call("refused", ("GET", &href), &[clear[0]], b"", (Shows::Nothing, 403));
}

/// Tokens of a card and of a session; the session's code is used by nobody.
fn verified_tokens(caller: &mut Caller<'_>) {
    let user = basic("shop", USER_PASSWORD);
    let plain = json!({"type": "card/plain", "cardNumber": VERIFIED.0, "cvc": VERIFIED.1,
        "cardExpiryDate": {"month": 11, "year": 2036}});
    let headers = json_headers(&user, VERIFIED_V3);
    let body = verified(plain).to_string();
    caller.call("verified", ("POST", CARD_ON_FILE), &headers, body.as_bytes(), (Shows::Personal, 206));
    let session = json!({"cardNumber": LEFT.0, "cvc": LEFT.1, "cardExpiryDate": {"month": 11, "year": 2036},
        "identity": CHECKOUT_IDENTITY})
    .to_string();
    let page = [("Content-Type", SESSIONS), ("Origin", "https://shop.example")];
    let left = caller.call(
        "a session",
        ("POST", "/worldpay/sessions/card"),
        &page,
        session.as_bytes(),
        (Shows::Nothing, 201),
    );
    caller.call(
        "a session that waits",
        ("POST", "/worldpay/sessions/card"),
        &page,
        session.as_bytes(),
        (Shows::Nothing, 201),
    );
    let code = json!({"cvc": LEFT.1, "identity": CHECKOUT_IDENTITY}).to_string();
    caller.call(
        "a code",
        ("POST", "/worldpay/sessions/payments/cvc"),
        &page,
        code.as_bytes(),
        (Shows::Nothing, 201),
    );
    let checkout = json!({"type": "card/checkout", "sessionHref": link(&left, "sessions:session")});
    let body = verified(checkout).to_string();
    caller.call("of a session", ("POST", CARD_ON_FILE), &headers, body.as_bytes(), (Shows::Personal, 206));
    caller.call("used up", ("POST", CARD_ON_FILE), &headers, body.as_bytes(), (Shows::Nothing, 400));
}

/// Everything that is refused.
pub(crate) fn wrong(node: &Node, evidence: &mut Evidence) {
    let user = basic("shop", USER_PASSWORD);
    let headers = json_headers(&user, V3);
    let mut caller = Caller { client: node.client(), evidence };
    let refused = (Shows::Nothing, 400);
    for (pointer, value) in [
        ("/description", json!(MISPLACED)),
        ("/namespace", json!("Qzxmarked blank")),
        ("/tokenExpiryDateTime", json!("Qzxmarkedmoment")),
        ("/schemeTransactionReference", json!("Qzxmarked-")),
        ("/paymentInstrument/type", json!("Qzxmarkedtype")),
        ("/paymentInstrument/cardNumber", json!(format!("{}x", TOKENIZED.0))),
        ("/paymentInstrument/cardNumber", json!(4_150_580_996_517_927_u64)),
        ("/paymentInstrument/cardNumber", json!(format!("{}77777", TOKENIZED.0))),
        ("/paymentInstrument/cardHolderName", json!(MISPLACED)),
        ("/paymentInstrument/cardExpiryDate/month", json!("Qzxmarkedmonth")),
        ("/paymentInstrument/billingAddress/address1", json!(MISPLACED)),
        ("/paymentInstrument/billingAddress/countryCode", json!("Qzxmarkedcountry")),
        ("/merchant", json!("Qzxmarkedmerchant")),
    ] {
        let mut body = card(TOKENIZED.0, "Qzxmarkedwrong");
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect("an object")[name] = value;
        caller.call(pointer, ("POST", TOKENS), &headers, body.to_string().as_bytes(), refused);
    }
    let whole = card(TOKENIZED.0, "Qzxmarkedwrong").to_string();
    let broken = &whole[..whole.len() - 2];
    caller.call("half a body", ("POST", TOKENS), &headers, broken.as_bytes(), refused);
    let mut other = card(TOKENIZED.0, "Qzxmarkedwrong");
    other["merchant"]["entity"] = json!("Qzxmarkedentity");
    caller.call("an entity", ("POST", TOKENS), &headers, other.to_string().as_bytes(), (Shows::Nothing, 403));
    let wrong = basic("Qzxmarkeduser", "Wvkmarkedwrongpassword");
    let unknown = json_headers(&wrong, V3);
    caller.call("nobody", ("POST", TOKENS), &unknown, whole.as_bytes(), (Shows::Nothing, 401));
    let strange =
        [("Authorization", user.as_str()), ("Accept", "Qzxmarked/type"), ("WP-CorrelationId", TOKENIZED.0)];
    caller.call("a type", ("POST", TOKENS), &strange, whole.as_bytes(), (Shows::Nothing, 406));
    let strange = [("Authorization", user.as_str()), ("Content-Type", "Qzxmarked/type")];
    caller.call("a type", ("POST", TOKENS), &strange, whole.as_bytes(), (Shows::Nothing, 415));
    for path in [
        format!("{TOKENS}/{}", TOKENIZED.0),
        format!("{TOKENS}/Qzxmarkedlink"),
        format!("/worldpay/{MISPLACED}"),
    ] {
        caller.call("a path", ("GET", &path), &headers, b"", (Shows::Nothing, 404));
    }
    for query in [format!("namespace={MISPLACED}"), format!("tokenId={MISPLACED}")] {
        caller.call("a query", ("GET", &format!("{TOKENS}?{query}")), &headers, b"", (Shows::Nothing, 200));
    }
    let page = [("Content-Type", SESSIONS), ("Origin", "https://shop.example")];
    for (identity, number) in
        [("Qzxmarkedidentity", LEFT.0.to_owned()), (CHECKOUT_IDENTITY, format!("{}2", &LEFT.0[..15]))]
    {
        let body = json!({"cardNumber": number, "cvc": LEFT.1, "cardExpiryDate": {"month": 11, "year": 2036},
            "identity": identity})
        .to_string();
        caller.call("a session", ("POST", "/worldpay/sessions/card"), &page, body.as_bytes(), refused);
    }
}
