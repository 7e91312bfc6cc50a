//! `POST /tokens`: the seed's example, by every path and in every dress that real clients use.

use serde_json::{Value, json};

use super::calls::{
    DERIVED, TOKENS, assert_echoed, assert_masked, get, path_of, post, seconds, seed_request, set, with,
};
use crate::support::{Answer, Node, PUBLISHABLE, SECRET, card, home};

/// What a new token of the seed's request looks like, whoever asks for it.
fn assert_new_token(answer: &Answer, base: &str) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_masked(answer, "4111111111111111");
    let (sent, body) = (seed_request(), answer.json());
    let id = body["id"].as_str().expect("an id");
    assert_token_shape(id);
    let location = format!("{base}/tokens/{id}");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(body["_links"], json!([{"rel": "self", "href": location}]));
    assert_eq!(body["method"], "payment-card");
    let masked = json!({"expMonth": 12, "expYear": 2035, "bin": "411111", "last4": "1111", "brand": "Visa"});
    assert_eq!(body["paymentInstrument"], masked);
    assert_echoed(&sent["billingAddress"], &body["billingAddress"], &["hash"]);
    let hash = body["billingAddress"]["hash"].as_str().expect("a hash");
    assert!(hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert_echoed(&sent["riskMetadata"], &body["riskMetadata"], &DERIVED);
    assert!(body["riskMetadata"]["score"].is_i64(), "{body}");
    assert_rate_limit(answer);
    assert_eq!(body["isUsed"], false);
    assert!(seconds(&body["createdTime"]) > 1_700_000_000, "a time of today: {body}");
    assert_eq!(body["updatedTime"], body["createdTime"]);
    assert!(body["usageTime"].is_null() && body["expirationTime"].is_null(), "{body}");
    let known = [
        "method",
        "paymentInstrument",
        "billingAddress",
        "id",
        "isUsed",
        "riskMetadata",
        "createdTime",
        "updatedTime",
        "usageTime",
        "expirationTime",
        "_links",
    ];
    for name in body.as_object().expect("an object").keys() {
        assert!(known.contains(&name.as_str()), "{name} is not in the contract");
    }
    body
}

/// Both families of headers (3.3), with the sandbox's 3,000 requests in 10 minutes.
fn assert_rate_limit(answer: &Answer) {
    for prefix in ["x-ratelimit", "rate-limit"] {
        let number = |name: &str| -> u32 {
            let text =
                answer.header(&format!("{prefix}-{name}")).unwrap_or_else(|| panic!("no {prefix}-{name}"));
            text.parse().expect("an integer")
        };
        assert_eq!(number("limit"), 3_000);
        assert!((2_900..3_000).contains(&number("remaining")));
    }
    assert_eq!(answer.header("x-ratelimit-retry-after"), None, "only a refusal says when to come again");
}

/// At most 50 characters: five groups of lower-case letters and digits.
fn assert_token_shape(id: &str) {
    assert!(id.len() <= 50, "{id}");
    assert_eq!(id.split('-').count(), 5, "{id}");
    let letters = |group: &str| {
        !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    assert!(id.split('-').all(letters), "{id}");
}

#[test]
fn the_seeds_example_makes_a_token_by_every_path() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let base = format!("http://{}/rebilly", node.clients);
    let of_org = format!("{base}/organizations/org_sandbox");
    let mut seen = std::collections::BTreeSet::new();
    for (path, base) in [
        ("/rebilly/tokens", &base),
        ("/rebilly/tokens/", &base),
        ("/rebilly/organizations/org_sandbox/tokens", &of_org),
        ("/rebilly/organizations/org_sandbox/tokens/", &of_org),
    ] {
        let answer = post(&mut client, path, &seed_request());
        let made = assert_new_token(&answer, base);
        let id = made["id"].as_str().unwrap();
        assert!(seen.insert(id.to_owned()), "every token is another one");
        // The location works, with both kinds of key, and says the same.
        let location = path_of(answer.header("location").unwrap());
        for caller in [SECRET, PUBLISHABLE] {
            let read = client.call("GET", location, &[caller], b"");
            assert_eq!((read.status, read.json()), (200, made.clone()), "{path}");
            assert_eq!(read.header("content-type"), Some("application/json"));
        }
        let slash = get(&mut client, &format!("{location}/"));
        assert_eq!((slash.status, slash.json()["id"].as_str()), (200, Some(id)));
    }
}

#[test]
fn a_content_type_is_not_needed_and_may_name_a_charset() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let (mut client, base) = (node.client(), format!("http://{}/rebilly", node.clients));
    let body = seed_request().to_string();
    let types = [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some("application/json;charset=UTF-8"),
    ];
    for content_type in types {
        let mut headers = vec![
            SECRET,
            ("Accept", "application/json, text/plain, */*"),
            ("REB-API-CONSUMER", "Rebilly/js-sdk@1"),
        ];
        headers.extend(content_type.map(|value| ("Content-Type", value)));
        assert_new_token(&client.call("POST", TOKENS, &headers, body.as_bytes()), &base);
    }
    // Nothing of an answer may be kept by a cache on the way.
    let answer = post(&mut client, TOKENS, &seed_request());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn what_the_contract_lets_be_null_may_be_null() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let texts = [
        "firstName",
        "lastName",
        "organization",
        "address",
        "address2",
        "city",
        "region",
        "country",
        "postalCode",
        "jobTitle",
        "dob",
    ];
    let lead = [
        "medium",
        "source",
        "campaign",
        "term",
        "content",
        "affiliate",
        "subAffiliate",
        "salesAgent",
        "clickId",
        "path",
        "referrer",
    ];
    let mut places: Vec<String> = texts.iter().map(|name| format!("billingAddress.{name}")).collect();
    places.extend(lead.iter().map(|name| format!("leadSource.{name}")));
    places.extend(
        ["ipAddress", "fingerprint", "httpHeaders", "browserData", "extraData"]
            .map(|name| format!("riskMetadata.{name}")),
    );
    places.extend(
        ["kountFraudSessionId", "payPalMerchantSessionId", "threatMetrixSessionId"]
            .map(|name| format!("riskMetadata.extraData.{name}")),
    );
    // The browser packages send null for what they cannot read: the token is made all the same.
    places.extend(
        [
            "colorDepth",
            "isJavaEnabled",
            "language",
            "screenWidth",
            "screenHeight",
            "timeZoneOffset",
            "isAdBlockEnabled",
        ]
        .map(|name| format!("riskMetadata.browserData.{name}")),
    );
    places.extend(["leadSource", "paymentInstrument.encryptedCvv"].map(str::to_owned));
    let mut all = seed_request();
    for place in &places {
        let answer = post(&mut client, TOKENS, &with(&seed_request(), place, Value::Null));
        assert_eq!(answer.status, 201, "{place}: {}", answer.text());
        let back = &answer.json();
        let read = place.split('.').try_fold(back, |at, name| at.get(name));
        assert!(read.is_none_or(Value::is_null), "{place} was null: {back}");
        if place.matches('.').count() == 1 {
            set(&mut all, place, Value::Null);
        }
    }
    let answer = post(&mut client, TOKENS, &with(&all, "leadSource", json!({})));
    assert_eq!(answer.status, 201, "all at once: {}", answer.text());
}

#[test]
fn what_is_unknown_or_derived_is_ignored_and_never_returned() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut body = seed_request();
    let marker = "marker-of-this-test";
    for (place, value) in [
        ("surprise", json!({"deep": [marker]})),
        ("id", json!(marker)),
        ("isUsed", json!(true)),
        ("createdTime", json!("1999-01-01T00:00:00Z")),
        ("fingerprint", json!(marker)),
        ("paymentInstrument.surprise", json!(marker)),
        ("paymentInstrument.bin", json!("999999")),
        ("paymentInstrument.last4", json!("9999")),
        ("paymentInstrument.brand", json!("Solo")),
        ("paymentInstrument.encryptedCvv", json!(marker.repeat(8))),
        ("billingAddress.surprise", json!(marker)),
        ("billingAddress.hash", json!(marker)),
        ("riskMetadata.surprise", json!(marker)),
        ("riskMetadata.isp", json!(marker)),
        ("riskMetadata.vpnServiceName", json!(marker)),
        ("riskMetadata.hostingName", json!(marker)),
        ("riskMetadata.city", json!(marker)),
        ("riskMetadata.score", json!(987_654_321)),
        ("riskMetadata.ipVelocity", json!("not even a number")),
        ("riskMetadata.browserData.surprise", json!(marker)),
        ("leadSource.original", json!({"medium": marker})),
        ("leadSource.amount", json!(12.5)),
    ] {
        set(&mut body, place, value);
    }
    let answer = post(&mut client, TOKENS, &body);
    let made = assert_new_token(&answer, &format!("http://{}/rebilly", node.clients));
    for text in
        [answer.text(), get(&mut client, &format!("{TOKENS}/{}", made["id"].as_str().unwrap())).text()]
    {
        assert!(
            !text.contains(marker) && !text.contains("987654321") && !text.contains("1999-01-01"),
            "{text}"
        );
    }
}

#[test]
fn what_was_not_sent_is_not_made_up() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut body = card();
    body.as_object_mut().unwrap().remove("billingAddress");
    body["paymentInstrument"].as_object_mut().unwrap().remove("cvv");
    let made = super::calls::token(&mut client, &body);
    assert!(made.get("billingAddress").is_none(), "absent, never null: {made}");
    assert_eq!(made["paymentInstrument"]["last4"], "1111");
    let risk = json!({"paymentInstrumentVelocity": 1, "score": 0});
    assert_eq!(made["riskMetadata"], risk, "always there, with what is known");
}
