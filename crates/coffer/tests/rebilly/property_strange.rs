//! Generated requests of no form at every operation: JSON, bytes, deep and large bodies, strange paths, queries and
//! heads. Whatever comes, the answer is a success or a problem of the dialect's shape, never the node's own fault, and
//! no secret is in an answer, in a header or in the log.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::{
    credentials::SK,
    operations::{Header, OPERATIONS},
    property_forms::{CVV, IBAN, KHELOCARD, NEVER, PAN},
    property_target::{MISPLACED, Target, check},
};
use crate::support::Answer;

/// JSON of no form, of the dialect's own names and of others, with secrets in it.
fn any_json() -> impl Strategy<Value = Value> {
    let names = select(vec![
        "method",
        "paymentInstrument",
        "billingAddress",
        "riskMetadata",
        "leadSource",
        "pan",
        "cvv",
        "number",
        "accountNumber",
        "accountNumberType",
        "payload",
        "emails",
        "value",
        "label",
        "customFields",
        "token",
        "customerId",
        "paymentToken",
        "primaryAddress",
        "httpHeaders",
        "browserData",
        "x",
        "",
    ])
    .prop_map(str::to_owned);
    let secret = select(vec![PAN.to_owned(), format!("{NEVER}name")]);
    let names = prop_oneof![9 => names, 1 => any::<String>(), 2 => secret];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
        select(vec![
            PAN,
            MISPLACED,
            CVV,
            IBAN,
            KHELOCARD,
            SK,
            "Wvkmarkedtext",
            "payment-card",
            "ach",
            "IBAN"
        ])
        .prop_map(Value::from),
        Just(json!(371_449_635_398_431_u64)),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((names.clone(), inner), 0..8).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// An operation with what the world has, and a caller.
fn anywhere(target: &Target) -> impl Strategy<Value = (&'static str, String, Vec<Header>)> + use<> {
    let ids = (target.world.token.clone(), target.world.instrument.clone());
    let callers: Vec<Vec<Header>> = target.callers.iter().map(|(_, headers)| headers.clone()).collect();
    (select((0..OPERATIONS.len()).collect::<Vec<_>>()), select(callers)).prop_map(move |(which, headers)| {
        let operation = &OPERATIONS[which];
        let path = operation.path.replace("{token}", &ids.0).replace("{instrument}", &ids.1);
        (operation.method, format!("/rebilly{}", path.replace("{customer}", "cus_any")), headers)
    })
}

#[test]
fn json_of_no_form_is_answered_like_any_other_mistake() {
    let target = Target::new();
    check(&(anywhere(&target), any_json()), |((method, path, headers), body)| {
        // A deactivation takes no fields and is the end of the instrument.
        if path.ends_with("/deactivation") {
            return;
        }
        let answer = target.call(method, &path, &headers, body.to_string().as_bytes());
        assert!(answer.status < 500, "{}", answer.text());
        // What is accepted may be the caller's own text, which the caller is shown again.
        if answer.status >= 400 {
            target.judge(&answer);
        }
    });
    target.finish();
}

#[test]
fn bytes_of_no_sense_and_bodies_of_every_size_are_refused_with_a_problem() {
    let target = Target::new();
    let kinds = select(vec![
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/xml",
        "*/*",
        "application/json; charset=utf-16",
        "Wvkmarkedtype",
        "",
    ]);
    let secret = format!("{{\"pan\":\"{PAN}\",\"cvv\":\"{CVV}\"");
    let bodies = prop_oneof![
        vec(any::<u8>(), 0..2_000),
        vec(any::<u8>(), 0..200).prop_map(move |tail| [secret.as_bytes(), &tail].concat()),
        (0..4_000_usize, select(vec!["[", "{\"a\":", "[[],", "{\"method\":{\"pan\":"]))
            .prop_map(|(depth, open)| open.repeat(depth).into_bytes()),
        (1..20_000_usize).prop_map(|count| format!("[{}0]", "0,".repeat(count)).into_bytes()),
        (60_000..200_000_usize)
            .prop_map(|size| format!("{{\"pan\":\"{PAN}{}\"}}", "7".repeat(size)).into_bytes()),
    ];
    check(&(anywhere(&target), kinds, bodies), |((method, path, mut headers), kind, body)| {
        if path.ends_with("/deactivation") {
            return;
        }
        headers.push(("Content-Type", kind.to_owned()));
        let head = lines(&headers);
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{head}\r\n");
        let Some(answer) = target.send(&[head.as_bytes(), &body].concat()) else {
            assert!(length > 60_000, "{method} {path} with {length} bytes has no answer");
            return;
        };
        target.judge(&answer);
        // Members that nobody knows are ignored: an object may be a change of nothing.
        let is_object = serde_json::from_slice::<Map<String, Value>>(&body).is_ok();
        let succeeded = answer.status < 400;
        assert!(!succeeded || method == "GET" || is_object, "{method} {path}: {}", answer.status);
    });
    target.finish();
}

/// One part of a strange path or of a query.
fn piece() -> impl Strategy<Value = String> {
    let known = select(vec![
        "tokens",
        "payment-instruments",
        "customers",
        "storefront",
        "organizations",
        "org_alpha",
        "org_beta",
        "deactivation",
        "openapi.json",
        "",
        ".",
        "..",
        "%2e%2e",
        "%00",
        "%ff",
        "%2F",
        "%",
        "%zz",
        "{token}",
        "*",
        "x",
        "inst_",
        "'",
        ";",
        ":",
        "@",
        "~",
        "^",
        "\\",
        "|",
        "%C3%A4",
        "-1",
        "0",
    ])
    .prop_map(str::to_owned);
    let long = (1..3_000_usize).prop_map(|length| "a".repeat(length));
    let secret = select(vec![PAN, MISPLACED, "Wvkmarkedpath", "eyJhbGciOiJub25lIn0"]).prop_map(str::to_owned);
    prop_oneof![8 => known, 1 => long, 2 => secret, 1 => "[!-~]{0,12}"]
}

#[test]
fn strange_paths_and_queries_find_nothing_and_break_nothing() {
    let target = Target::new();
    let methods =
        select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "Wvkmarkedmethod", "get"]);
    let names = select(vec!["limit", "offset", "sort", "filter", "q", "expand", "fields", "filter[]", "x"]);
    let values = prop_oneof![
        piece(),
        select(vec![
            "customerId:cus",
            "createdTime:..",
            "createdTime:2020-01-01..2030-01-01",
            "bin:1..2",
            "status:!active",
            "a:b;c:d",
            ":",
            ";",
            "..",
            "-createdTime,id",
            "customer",
            "1001",
            "-1",
            "1e3",
            "99999999999999999999",
            "method:@list",
            "expYear:2020..",
            "customFields.a:1",
            "billingAddress.country:!GB,DE",
        ])
        .prop_map(str::to_owned),
    ];
    let query = vec((names, values), 0..5);
    let callers: Vec<Vec<Header>> = target.callers.iter().map(|(_, headers)| headers.clone()).collect();
    let path = prop_oneof![
        vec(piece(), 0..6).prop_map(|parts| parts.join("/")),
        select(vec!["tokens", "payment-instruments", "customers/cus_jwt", "storefront/payment-instruments"])
            .prop_map(str::to_owned),
    ];
    check(&(methods, path, query, select(callers)), |(method, path, query, headers)| {
        let query = query.iter().map(|(name, value)| format!("&{name}={value}")).collect::<Vec<_>>().concat();
        let target_form = format!("/rebilly/{path}?{query}").replace(' ', "+");
        let head = lines(&headers);
        let request =
            format!("{method} {target_form} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n{head}\r\n{{");
        let answer = target.send(request.as_bytes()).expect("an answer");
        if is_not_http(&answer) {
            return;
        }
        let allowed = answer.status < 400 || [400, 401, 403, 404, 405, 409, 422].contains(&answer.status);
        assert!(allowed, "{method} {target_form}: {}", answer.status);
        target.judge(&answer);
    });
    target.finish();
}

/// Headers as they are sent.
fn lines(headers: &[Header]) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat()
}

/// What is not HTTP, or not plain, is refused before there is a dialect: with a close, and with nothing said.
fn is_not_http(answer: &Answer) -> bool {
    let refused = [400, 414, 431].contains(&answer.status) && answer.body.is_empty();
    assert!(!refused || answer.header("connection") == Some("close"), "{:?}", answer.headers);
    refused
}

#[test]
fn strange_heads_break_nothing() {
    let target = Target::new();
    let names = prop_oneof![
        4 => select(vec![
            "Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding",
            "Authorization", "REB-APIKEY", "Origin", "X-Forwarded-For", "Forwarded", "Cookie", "Range", "If-Match",
            "Connection", "Upgrade", "Host", "X-Request-Id", "X-HTTP-Method-Override", "REB-API-CONSUMER",
        ])
        .prop_map(str::to_owned),
        1 => "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}",
        1 => Just(format!("{NEVER}header")),
    ]
    .prop_filter("who sends it waits for us", |name: &String| !name.eq_ignore_ascii_case("expect"));
    let values = prop_oneof![
        vec(any::<u8>(), 0..60),
        select(vec![
            PAN,
            SK,
            "Bearer Wvkmarkedbearer",
            "Bearer eyJ.eyJ.x",
            "chunked",
            "gzip",
            "close",
            "0",
            "*"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        (1..9_000_usize).prop_map(|length| vec![b'a'; length]),
    ];
    let callers: Vec<Vec<Header>> = target.callers.iter().map(|(_, headers)| headers.clone()).collect();
    let heads = vec((names, values), 0..40);
    check(&(anywhere(&target), select(callers), heads), |((method, path, _), headers, more)| {
        if path.ends_with("/deactivation") {
            return;
        }
        let body = b"{\"method\":";
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n", body.len()).into_bytes();
        request.extend_from_slice(lines(&headers).as_bytes());
        for (name, value) in &more {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            request.extend(value.iter().filter(|byte| !b"\r\n".contains(byte)));
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body);
        // A head that is larger than any may be cut off while it is sent.
        let Some(answer) = target.send(&request) else {
            assert!(
                request.len() > 16_384,
                "{method} {path} with a head of {} bytes has no answer",
                request.len()
            );
            return;
        };
        if !is_not_http(&answer) {
            target.judge(&answer);
        }
    });
    target.finish();
}
