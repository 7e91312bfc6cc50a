//! Apple Pay (section 8.2), of which there is none here.

use serde_json::json;

use super::calls::{FOREIGN, Shop, assert_refused, fresh_key, parameters, with, without};
use crate::support::{Node, home};

/// Apple wants a certificate of the merchant. Whoever asks rightly is told that there is none, and nobody needs a key.
#[test]
fn apple_pay_is_not_to_be_had() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut shop = Shop::of(&node);
    let path = shop.path("apple-pay-sessions");
    let good = json!({"appleDomainId": "DUHDZJHGYY", "appleValidationUrl": "https://apple.example/x"});
    let json = ("Content-Type", "application/json");
    let (fresh, key) = (fresh_key(), "no uuid");
    for headers in
        [vec![json], vec![json, ("Idempotency-Key", fresh.as_str())], vec![json, ("Idempotency-Key", key)]]
    {
        let answer = shop.send("POST", &path, &headers, good.to_string().as_bytes());
        assert_refused(&answer, 400, "capabilities-missing");
        assert_eq!(answer.json()["title"], "Capabilities missing");
    }
    for (body, expected) in [
        (json!({}), vec!["appleDomainId", "appleValidationUrl"]),
        (without(&good, "/appleDomainId"), vec!["appleDomainId"]),
        (with(&good, "/appleDomainId", json!("")), vec!["appleDomainId"]),
        (with(&good, "/appleValidationUrl", json!(1)), vec!["appleValidationUrl"]),
        (with(&good, "/appleValidationUrl", json!("x".repeat(2_049))), vec!["appleValidationUrl"]),
    ] {
        let answer = shop.send("POST", &path, &[json], body.to_string().as_bytes());
        assert_eq!(parameters(&answer), expected, "{}", answer.text());
    }
    assert_refused(&shop.send("POST", &path, &[], b"{}"), 415, "unsupported-media-type");
    FOREIGN.clone_into(&mut shop.terminal);
    let path = shop.path("apple-pay-sessions");
    assert_refused(&shop.send("POST", &path, &[json], b"{}"), 403, "forbidden");
}
