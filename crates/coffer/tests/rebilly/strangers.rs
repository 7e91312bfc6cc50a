//! Why a caller is not known: one answer for all of them, and the reason in the log, in words of ours alone.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    credentials::{PK, SK, config},
    jwts::{CUSTOMER, Issuers, now},
};
use crate::live::Live;

#[test]
fn one_answer_for_all_and_the_reason_in_the_log() {
    let (live, issuers) = (Live::new(), Issuers::new());
    let node = live.try_start(&config(&live, &issuers)).expect("the node starts");
    let mut client = node.client();
    let at = now();
    let good = issuers.merchant.token(&json!({}));
    let forged = format!("{}.{}", good.rsplit_once('.').expect("parts").0, "AAAA");
    let bearer = |token: &str| vec![("Authorization", format!("Bearer {token}"))];
    let of = |claims: &Value| bearer(&issuers.merchant.token(claims));
    let secret = |key: &str| vec![("REB-APIKEY", key.to_owned())];
    let cases = [
        (vec![], "no credential"),
        (secret("intruder-key-of-nobody"), "unknown key"),
        (bearer("null"), "unknown key"),
        (secret(PK), "key in the wrong header or at the wrong door"),
        (vec![("Authorization", SK.to_owned())], "key in the wrong header or at the wrong door"),
        (secret(&good), "jwt in the wrong header or at the wrong door"),
        ([secret("intruder"), secret("intruder")].concat(), "unreadable header"),
        (bearer("intruder.e30.AAAA"), "jwt malformed"),
        (of(&json!({"iss": "intruder"})), "jwt of an unknown issuer"),
        (bearer(&forged), "jwt with a bad signature"),
        (of(&json!({"aud": "intruder"})), "jwt for another audience"),
        (of(&json!({"nbf": null})), "jwt without proper times"),
        (of(&json!({"nbf": at + 1_800})), "jwt not yet valid"),
        (of(&json!({"exp": at - 1})), "jwt expired"),
        (of(&json!({"exp": at + 90_000})), "jwt lives too long"),
        (of(&json!({"organizationId": "intruder"})), "jwt for another organization"),
        (of(&json!({"permissions": "intruder"})), "jwt with malformed permissions"),
        (of(&json!({"customerId": CUSTOMER})), "jwt with a wrong or missing customer"),
    ];
    let mut bodies = BTreeSet::new();
    for (headers, reason) in &cases {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = client.call("GET", "/rebilly/tokens", &headers, b"");
        assert_eq!(answer.status, 401, "{reason}");
        bodies.insert(answer.text());
    }
    assert_eq!(bodies.len(), 1, "nobody is told why: {bodies:?}");
    let native =
        client.call("POST", "/coffer/v1/tokens/x/redeem", &[("Authorization", "Bearer intruder")], b"");
    assert_eq!(native.status, 401);

    node.wait_until_said(&cases.iter().map(|(_, reason)| *reason).collect::<Vec<_>>());
    let said = node.said();
    let lines: Vec<Value> = said
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["message"].as_str().is_some_and(|text| text.contains("not known")))
        .collect();
    let told: BTreeSet<&str> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(told, cases.iter().map(|(_, reason)| *reason).collect::<BTreeSet<_>>());
    // Of a reason, one line a minute: the minute may have changed once on the way.
    assert!(lines.len() <= 2 * told.len(), "{said}");
    assert!(lines.iter().all(|line| line["level"] == "INFO" && line["request"].is_string()), "{said}");
    for text in ["intruder", SK, PK, "eyJ", CUSTOMER] {
        assert!(!said.contains(text), "{text} is in the log");
    }
}
