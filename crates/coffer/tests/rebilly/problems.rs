//! The shape of every refusal (section 8, seed 000): `application/json` with status, type, title and detail.

use serde_json::{Value, json};

use super::calls::{INSTRUMENTS, TOKENS};
use crate::support::{Answer, Node, PUBLISHABLE, SECRET, card, home};

/// A problem of the seed's shape. Its title is the name of its status, as RFC 9457 asks for `about:blank`.
fn assert_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    let body = answer.json();
    assert_eq!(body["status"], status, "{what}");
    assert!(body.get("type").is_none_or(Value::is_string), "{what}: {body}");
    let titles = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Payload Too Large|Content Too Large",
        422 => "Unprocessable Entity|Unprocessable Content",
        other => panic!("{what}: {other}"),
    };
    let title = body["title"].as_str().unwrap_or_default();
    assert!(titles.split('|').any(|known| known == title), "{what}: {body}");
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {body}");
    for name in body.as_object().expect("an object").keys() {
        let known = ["status", "type", "title", "detail", "instance"].contains(&name.as_str());
        assert!(known || name == "invalidFields" && matches!(status, 400 | 422), "{what}: {name}");
    }
}

/// Status, method, path, headers and body.
type Case<'c> = (u16, &'c str, &'c str, &'c [(&'c str, &'c str)], &'c [u8]);

#[test]
fn every_refusal_has_the_seeds_shape() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let body = card().to_string();
    let huge = format!("{{\"x\":\"{}\"}}", "a".repeat(65_536));
    let twice = body.replacen('{', "{\"method\":\"payment-card\",", 1);
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    let cases: [Case<'_>; 23] = [
        (401, "POST", TOKENS, &[], body.as_bytes()),
        (401, "GET", "/rebilly/tokens/x", &[("Authorization", "nobody")], b""),
        (401, "POST", INSTRUMENTS, &[("REB-APIKEY", "nobody")], b"{}"),
        (403, "POST", INSTRUMENTS, &[PUBLISHABLE], b"{}"),
        (403, "GET", "/rebilly/payment-instruments/x", &[PUBLISHABLE], b""),
        (403, "POST", "/rebilly/organizations/org_other/tokens", &[SECRET], body.as_bytes()),
        (404, "GET", "/rebilly/tokens/x", &[SECRET], b""),
        (404, "GET", "/rebilly/payment-instruments/x", &[SECRET], b""),
        (404, "GET", "/rebilly/nothing", &[SECRET], b""),
        (404, "POST", "/rebilly/organizations/org_sandbox/nothing", &[SECRET], body.as_bytes()),
        (404, "GET", "/rebilly", &[SECRET], b""),
        (404, "GET", "/rebilly/tokens/x/y", &[SECRET], b""),
        (405, "DELETE", "/rebilly/tokens/x", &[SECRET], b""),
        (405, "PUT", TOKENS, &[SECRET], body.as_bytes()),
        (405, "DELETE", "/rebilly/organizations/org_sandbox/payment-instruments/", &[SECRET], b""),
        (422, "POST", TOKENS, &[SECRET], b"{}"),
        (422, "POST", INSTRUMENTS, &[SECRET], b"{\"token\":\"x\",\"customerId\":\"y\"}"),
        (400, "POST", TOKENS, &[SECRET], b"{"),
        (400, "POST", TOKENS, &[SECRET], b"{\"method\":\"\xff\"}"),
        (400, "POST", INSTRUMENTS, &[SECRET], b"token=x&customerId=y"),
        (400, "POST", TOKENS, &[SECRET], twice.as_bytes()),
        (400, "POST", TOKENS, &[SECRET], deep.as_bytes()),
        (413, "POST", TOKENS, &[SECRET], huge.as_bytes()),
    ];
    for (status, method, path, headers, body) in cases {
        // A body that was not read may cost the connection: each case has its own.
        let answer = node.client().call(method, path, headers, body);
        assert_problem(&answer, status, &format!("{method} {path}"));
    }
    let wrong = client.call("DELETE", "/rebilly/tokens/x", &[SECRET], b"");
    assert_eq!(wrong.header("allow"), Some("OPTIONS, GET"));
}

#[test]
fn a_refusal_never_repeats_what_was_sent() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let marker = "marker4111111111111111";
    let values = [json!(marker), json!([marker]), json!({marker: marker})];
    let places = ["method", "paymentInstrument", "billingAddress", "riskMetadata", "leadSource"];
    for value in values {
        for place in places {
            let mut body = card();
            body[place] = value.clone();
            for name in ["pan", "cvv", "expMonth"] {
                if body["paymentInstrument"].is_object() {
                    body["paymentInstrument"][name] = value.clone();
                }
            }
            body["billingAddress"]["country"] =
                if body["billingAddress"].is_object() { value.clone() } else { continue };
            let answer = node.client().call("POST", TOKENS, &[SECRET], body.to_string().as_bytes());
            assert_eq!(answer.status, 422, "{}", answer.text());
            assert!(!answer.text().contains(marker), "{}", answer.text());
        }
    }
    let headers = json!({"method": "payment-card", "riskMetadata": {"httpHeaders": {marker: 1}}}).to_string();
    for (path, body) in [
        (TOKENS, headers),
        (TOKENS, format!("{{\"{marker}\":1,\"{marker}\":2}}")),
        (TOKENS, format!("{{\"method\":\"{marker}\" oops")),
        (INSTRUMENTS, format!("{{\"token\":\"{marker}\",\"customerId\":\"{marker}{}\"}}", "x".repeat(50))),
        ("/rebilly/marker4111111111111111", String::new()),
    ] {
        let answer = node.client().call("POST", path, &[SECRET, ("X-Other", marker)], body.as_bytes());
        assert!((400..500).contains(&answer.status), "{}", answer.text());
        assert!(!answer.text().contains(marker), "{}", answer.text());
    }
    assert!(!node.said().contains(marker), "nor does the log");
}
