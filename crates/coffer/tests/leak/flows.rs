//! Everything that callers do, well and badly, with marked values in every place that takes bytes.

use serde_json::{Value, json};

use super::{
    evidence::{Evidence, Shows},
    vault::{ADMIN_KEY, PUBLISHABLE_KEY, REDEEM_KEY, SECRET_KEY},
};
use crate::support::{Client, Node};

/// Published test numbers, each for one flow. In none of them do BIN and last four, side by side as they lie in a
/// row, look like a longer part of the number.
pub(crate) const CREATED: (&str, &str) = ("6011000990139424", "987");
pub(crate) const PUBLISHED_KEY: (&str, &str) = ("371449635398431", "8642");
pub(crate) const EXCHANGED: (&str, &str) = ("36227206271667", "976");
pub(crate) const REDEEMED: (&str, &str) = ("30569309025904", "965");
/// In places where no card number belongs, and only there.
pub(crate) const MISPLACED: &str = "3566002020360505";
pub(crate) const IN_A_TEXT: &str = "2223003122003222";

/// Begin every marked value of their kind.
pub(crate) const PERSONAL: &str = "Qzxmarked";
pub(crate) const DROPPED: &str = "Xjqmarked";
pub(crate) const WRONG_KEY: &str = "Wvkmarkedwrongkey05";

const SK: (&str, &str) = ("REB-APIKEY", SECRET_KEY);
const PK: (&str, &str) = ("Authorization", PUBLISHABLE_KEY);

/// A create whose every field is marked.
pub(crate) fn body((pan, cvv): (&str, &str)) -> Value {
    json!({
        "method": "payment-card",
        "paymentInstrument": {"pan": pan, "cvv": cvv, "expMonth": 11, "expYear": 2036},
        "billingAddress": {
            "firstName": "Qzxmarkedname", "lastName": "Qzxmarkedsurname", "organization": "Qzxmarkedcompany",
            "address": "77 Qzxmarkedstreet", "address2": "Qzxmarkedfloor", "city": "Qzxmarkedcity",
            "region": "Qzxmarkedregion", "country": "GB", "postalCode": "Qzxmarked7",
            "phoneNumbers": [{"label": "main", "value": "Qzxmarkedphone", "primary": true}],
            "emails": [{"label": "main", "value": "Qzxmarkedmail@example.com"}],
            "dob": "1977-07-17", "jobTitle": "Qzxmarkedjob",
        },
        "riskMetadata": {
            "ipAddress": "203.0.113.77", "fingerprint": "Qzxmarkedfingerprint",
            "httpHeaders": {"User-Agent": "Qzxmarkedagent"},
            "extraData": {"kountFraudSessionId": "Qzxmarkedsession"},
        },
        "leadSource": {"source": "Xjqmarkedsource", "referrer": "Xjqmarkedreferrer"},
    })
}

/// What ought to be done: create, read, exchange, redeem, reveal. Gives a token that was not used.
pub(crate) fn right(node: &Node, evidence: &mut Evidence, customer: &str) -> String {
    let mut client = node.client();
    let create = |client: &mut Client, evidence: &mut Evidence, key, card| {
        let answer = client.call("POST", "/rebilly/tokens", &[key], body(card).to_string().as_bytes());
        evidence.keep("create", Shows::Personal, 201, &answer);
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        evidence.tokens.push(id.clone());
        id
    };
    let kept = create(&mut client, evidence, SK, CREATED);
    create(&mut client, evidence, PK, PUBLISHED_KEY);
    for key in [SK, PK] {
        let path = format!("/rebilly/organizations/org_leak/tokens/{kept}");
        let answer = client.call("GET", &path, &[key], b"");
        evidence.keep("read a token", Shows::Personal, 200, &answer);
    }

    let mut instrument = String::new();
    for status in [201, 303] {
        let token = create(&mut client, evidence, SK, EXCHANGED);
        let exchange = json!({"token": token, "customerId": customer}).to_string();
        let answer = client.call("POST", "/rebilly/payment-instruments", &[SK], exchange.as_bytes());
        evidence.keep("exchange", Shows::Personal, status, &answer);
        answer.json()["id"].as_str().expect("an id").clone_into(&mut instrument);
        let again = client.call("POST", "/rebilly/payment-instruments", &[SK], exchange.as_bytes());
        evidence.keep("exchange again", Shows::Nothing, 422, &again);
    }
    let answer = client.call("GET", &format!("/rebilly/payment-instruments/{instrument}"), &[SK], b"");
    evidence.keep("read an instrument", Shows::Personal, 200, &answer);

    let bearer = format!("Bearer {REDEEM_KEY}");
    let native = [("Authorization", bearer.as_str())];
    let token = create(&mut client, evidence, SK, REDEEMED);
    for (shows, status) in [(Shows::Clear(REDEEMED), 200), (Shows::Nothing, 404)] {
        let answer = client.call("POST", &format!("/coffer/v1/tokens/{token}/redeem"), &native, b"");
        evidence.keep("redeem", shows, status, &answer);
    }
    let path = format!("/coffer/v1/instruments/{instrument}/reveal");
    let answer = client.call("POST", &path, &native, br#"{"reason":"chargeback 77"}"#);
    evidence.keep("reveal", Shows::Clear((EXCHANGED.0, "")), 200, &answer);
    for reason in [json!(MISPLACED), json!(3_566_002_020_360_505_u64), json!({"pan": MISPLACED}), Value::Null]
    {
        let answer = client.call("POST", &path, &native, json!({"reason": reason}).to_string().as_bytes());
        evidence.keep("reveal without a reason", Shows::Nothing, 422, &answer);
    }
    kept
}

/// A card number in a text is refused where the text is kept. A telephone number may look like one: it is the caller's
/// own text, kept sealed, given back to the caller.
pub(crate) fn texts(node: &Node, evidence: &mut Evidence) {
    let mut client = node.client();
    for (section, field) in TEXTS {
        let mut body = body(CREATED);
        body[section][field] = IN_A_TEXT.into();
        let (shows, status) =
            if section == "leadSource" { (Shows::Personal, 201) } else { (Shows::Nothing, 422) };
        let answer = client.call("POST", "/rebilly/tokens", &[SK], body.to_string().as_bytes());
        evidence.keep(field, shows, status, &answer);
    }
    let mut emails = body(CREATED);
    emails["billingAddress"]["emails"][0] =
        json!({"label": IN_A_TEXT, "value": format!("{IN_A_TEXT}@example.com")});
    let answer = client.call("POST", "/rebilly/tokens", &[SK], emails.to_string().as_bytes());
    evidence.keep("e-mail addresses", Shows::Nothing, 422, &answer);
    let mut body = body(CREATED);
    body["billingAddress"]["phoneNumbers"] = json!([{"label": "main", "value": IN_A_TEXT}]);
    body["riskMetadata"]["httpHeaders"] = json!({IN_A_TEXT: IN_A_TEXT});
    let answer = client.call("POST", "/rebilly/tokens", &[SK], body.to_string().as_bytes());
    evidence.keep("lists and maps", Shows::CallersText, 201, &answer);
    let token = answer.json()["id"].clone();
    let exchange = |customer: &str| json!({"token": token, "customerId": customer}).to_string();
    let path = "/rebilly/payment-instruments";
    let answer = client.call("POST", path, &[SK], exchange(IN_A_TEXT).as_bytes());
    evidence.keep("customer", Shows::Nothing, 422, &answer);
    let answer = client.call("POST", path, &[SK], exchange("cus_of_texts").as_bytes());
    evidence.keep("customer", Shows::CallersText, 201, &answer);
    let kept = answer.json()["id"].as_str().expect("an id").to_owned();
    let answer = client.call("GET", &format!("{path}/{kept}"), &[SK], b"");
    evidence.keep("customer", Shows::CallersText, 200, &answer);
}

const TEXTS: [(&str, &str); 11] = [
    ("billingAddress", "firstName"),
    ("billingAddress", "lastName"),
    ("billingAddress", "organization"),
    ("billingAddress", "address"),
    ("billingAddress", "address2"),
    ("billingAddress", "city"),
    ("billingAddress", "region"),
    ("billingAddress", "jobTitle"),
    ("riskMetadata", "fingerprint"),
    ("leadSource", "medium"),
    ("leadSource", "path"),
];

/// Bodies that are refused: 400 and 422 by every rule there is.
pub(crate) fn wrong_bodies(node: &Node, evidence: &mut Evidence) {
    let number = 3_566_002_020_360_505_u64;
    let long = MISPLACED.repeat(140);
    let mut bodies = Vec::new();
    for (section, field) in TEXTS {
        for wrong in
            [json!(long), json!(number), json!([MISPLACED]), json!({MISPLACED: MISPLACED}), json!(true)]
        {
            bodies.push(changed(&[section, field], wrong));
        }
    }
    for (section, field) in FORMS {
        for wrong in [json!(MISPLACED), json!(number), json!(3.566_002_020_360_505e15), json!([MISPLACED])] {
            if (section, field) != ("paymentInstrument", "pan") || !wrong.is_string() {
                bodies.push(changed(&[section, field], wrong));
            }
        }
    }
    for pan in [
        "6011 0009 9013 9424",
        "6011-0009-9013-9424",
        "6011000990139425",
        "60110009901394246011",
        "6011000990",
    ] {
        bodies.push(changed(&["paymentInstrument", "pan"], json!(pan)));
    }
    for cvv in ["98 7", "98765", "987a", "8642"] {
        bodies.push(changed(&["paymentInstrument", "cvv"], json!(cvv)));
    }
    for list in ["emails", "phoneNumbers"] {
        bodies.push(changed(
            &["billingAddress", list],
            json!([MISPLACED, number, {"label": long, "value": number}]),
        ));
    }
    bodies.push(changed(&["riskMetadata", "httpHeaders"], json!({MISPLACED: number})));
    bodies.push(changed(
        &["riskMetadata", "extraData"],
        json!({"threatMetrixSessionId": format!("{MISPLACED}!")}),
    ));
    for section in ["method", "paymentInstrument", "billingAddress", "riskMetadata", "leadSource"] {
        bodies.push(changed(&[section], json!(MISPLACED)));
    }
    bodies.extend([json!([MISPLACED]), json!(MISPLACED), json!(number), json!({MISPLACED: MISPLACED})]);
    for body in bodies {
        let answer = node.client().call("POST", "/rebilly/tokens", &[SK], body.to_string().as_bytes());
        evidence.keep("a wrong field", Shows::Nothing, 422, &answer);
    }
    let exchanges = [
        json!({"token": MISPLACED, "customerId": "Qzxmarkedcustomer"}),
        json!({"token": number, "customerId": number}),
        json!({"token": long, "customerId": long}),
        json!({"token": "Qzxmarkedtoken"}),
    ];
    for body in exchanges {
        let answer =
            node.client().call("POST", "/rebilly/payment-instruments", &[SK], body.to_string().as_bytes());
        evidence.keep("a wrong exchange", Shows::Nothing, 422, &answer);
    }
    for body in broken_json() {
        for path in ["/rebilly/tokens", "/rebilly/payment-instruments"] {
            let answer = node.client().call("POST", path, &[SK], &body);
            evidence.keep("no JSON", Shows::Nothing, 400, &answer);
        }
    }
}

/// Fields with a form of their own, which a card number does not have.
const FORMS: [(&str, &str); 8] = [
    ("paymentInstrument", "pan"),
    ("paymentInstrument", "expMonth"),
    ("paymentInstrument", "expYear"),
    ("billingAddress", "country"),
    ("billingAddress", "postalCode"),
    ("billingAddress", "dob"),
    ("riskMetadata", "ipAddress"),
    ("riskMetadata", "browserData"),
];

fn broken_json() -> Vec<Vec<u8>> {
    let whole = body((MISPLACED, "954")).to_string();
    let mut not_text = whole.clone().into_bytes();
    let at = whole.find("marked").expect("a mark");
    not_text[at] = 0xFF;
    let deep = format!("{}{MISPLACED}{}", "[".repeat(40), "]".repeat(40));
    let many = format!("[{}0]", format!("{MISPLACED},").repeat(2_000));
    let mut bodies = vec![
        not_text,
        deep.into_bytes(),
        many.into_bytes(),
        whole[..whole.len() / 2].to_owned().into_bytes(),
    ];
    for text in [
        format!("{whole}{MISPLACED}x"),
        format!("{{\"{MISPLACED}\":1,\"{MISPLACED}\":2}}"),
        format!("{{\"pan\":\"{MISPLACED}\",\"p\\u0061n\":\"{MISPLACED}\"}}"),
        format!("{{\"pan\":{MISPLACED}{MISPLACED}e99999}}x"),
        format!("{{'pan':'{MISPLACED}','cvv':'954'}}"),
        format!("pan={MISPLACED}&cvv=954&name=Qzxmarkedname"),
        format!("<pan>{MISPLACED}</pan>"),
    ] {
        bodies.push(text.into_bytes());
    }
    bodies
}

fn changed(path: &[&str], value: Value) -> Value {
    let mut body = body(CREATED);
    *path.iter().fold(&mut body, |node, name| &mut node[*name]) = value;
    body
}

/// Status, method, path and headers of a request that is refused.
type Refused<'r> = (u16, &'r str, String, Vec<(&'r str, &'r str)>);

/// Requests that are refused before their bodies are looked at: 401, 403, 404, 405, 413.
pub(crate) fn wrong_requests(node: &Node, evidence: &mut Evidence) {
    let card = body((MISPLACED, "954")).to_string();
    let (wrong_bearer, admin_bearer) = (format!("Bearer {WRONG_KEY}"), format!("Bearer {ADMIN_KEY}"));
    let query = format!("/rebilly/tokens/x?pan={MISPLACED}&name=Qzxmarkedname&key={WRONG_KEY}");
    let headers = [SK, ("X-Card", MISPLACED), (MISPLACED, "Qzxmarkedheader"), ("Content-Type", MISPLACED)];
    let calls: Vec<Refused<'_>> = vec![
        (401, "POST", "/rebilly/tokens".into(), vec![("REB-APIKEY", WRONG_KEY)]),
        (401, "POST", "/rebilly/tokens".into(), vec![("REB-APIKEY", MISPLACED)]),
        (401, "POST", "/rebilly/tokens".into(), vec![("Authorization", WRONG_KEY)]),
        (401, "POST", "/rebilly/tokens".into(), vec![("Authorization", SECRET_KEY)]),
        (401, "POST", "/rebilly/tokens".into(), vec![SK, SK]),
        (401, "POST", "/rebilly/tokens".into(), vec![]),
        (
            401,
            "POST",
            format!("/coffer/v1/tokens/{MISPLACED}/redeem"),
            vec![("Authorization", &wrong_bearer)],
        ),
        (401, "POST", format!("/coffer/v1/tokens/{MISPLACED}/redeem"), vec![("Authorization", MISPLACED)]),
        (
            403,
            "POST",
            format!("/coffer/v1/tokens/{MISPLACED}/redeem"),
            vec![("Authorization", &admin_bearer)],
        ),
        (403, "POST", "/rebilly/payment-instruments".into(), vec![PK]),
        (403, "POST", format!("/rebilly/organizations/{MISPLACED}/tokens"), vec![SK]),
        (403, "POST", "/rebilly/organizations/Qzxmarkedorganization/tokens".into(), vec![SK]),
        (404, "GET", format!("/rebilly/tokens/{MISPLACED}"), vec![SK]),
        (404, "GET", format!("/rebilly/payment-instruments/{MISPLACED}"), vec![SK]),
        (404, "GET", format!("/rebilly/payment-instruments/inst_{MISPLACED}"), vec![SK]),
        (404, "GET", query, headers.to_vec()),
        (404, "POST", format!("/rebilly/{MISPLACED}/Qzxmarkedpath"), vec![SK]),
        (404, "POST", format!("/{MISPLACED}"), vec![SK]),
        (404, "POST", format!("/coffer/v1/{MISPLACED}"), vec![]),
        (404, "POST", format!("/sandbox/clock?{MISPLACED}"), vec![]),
        (405, "DELETE", format!("/rebilly/tokens/{MISPLACED}"), vec![SK]),
        (405, MISPLACED, "/rebilly/tokens".into(), vec![SK]),
        (405, "Qzxmarkedmethod", "/livez".into(), vec![]),
    ];
    for (status, method, path, headers) in calls {
        let answer = node.client().call(method, &path, &headers, card.as_bytes());
        evidence.keep(&format!("{method} refused"), Shows::Nothing, status, &answer);
    }
    for path in [format!("/{MISPLACED}"), format!("/metrics/{MISPLACED}?{MISPLACED}")] {
        let answer = Client::new(node.operator).call("GET", &path, &[("X-Card", MISPLACED)], b"");
        evidence.keep("operator", Shows::Nothing, 404, &answer);
    }
    let too_large = format!("{card}{}", " ".repeat(70_000));
    let mut client = node.client();
    // The node may hang up before it has read all of it; what it answered is there all the same.
    let _ = client.send(head("/rebilly/tokens", &format!("Content-Length: {}", too_large.len())).as_bytes());
    let _ = client.send(&too_large.as_bytes()[..1_000]);
    evidence.keep("too large", Shows::Nothing, 413, &client.answer().expect("an answer"));
}

/// Requests that never become whole. Whether they are answered is the node's affair; what it says is kept.
pub(crate) fn half_requests(node: &Node, evidence: &mut Evidence) {
    let card = body((MISPLACED, "954")).to_string();
    let length = format!("Content-Length: {}", card.len());
    let half_body = format!("{}{}", head("/rebilly/tokens", &length), &card[..card.len() / 2]);
    let half_head = format!("POST /rebilly/tokens?{MISPLACED} HTTP/1.1\r\nX-Card: {MISPLACED}\r\nX-Na");
    for unfinished in [half_body, half_head] {
        let mut client = node.client();
        client.send(unfinished.as_bytes()).expect("sent");
    }
    let chunked = head("/rebilly/tokens", "Transfer-Encoding: chunked");
    for refused in [
        format!("{chunked}zz{MISPLACED}\r\n{card}\r\n"),
        format!("POST /{MISPLACED} HTTP/9.{MISPLACED}\r\n\r\n"),
        format!("{MISPLACED} Qzxmarkedname\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nHost: x\r\n{MISPLACED}\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: {MISPLACED}{MISPLACED}\r\n\r\n"),
        format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", MISPLACED.repeat(2_000)),
    ] {
        let mut client = node.client();
        let _ = client.send(refused.as_bytes());
        if let Some(answer) = client.answer() {
            assert!((400..500).contains(&answer.status), "{}", answer.status);
            evidence.keep("not HTTP", Shows::Nothing, answer.status, &answer);
        }
    }
}

fn head(path: &str, more: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nREB-APIKEY: {SECRET_KEY}\r\n{more}\r\n\r\n")
}
