//! The inputs of risk metadata (6.1): what a server sends, what a browser's call tells, and null everywhere.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    calls::{TOKENS, get, invalid_fields, names, path_of, post, seed_request, set, token},
    world::{ALPHA_BROWSER, ALPHA_KEY, KOLKATA, NEW_YORK, World},
};
use crate::{
    live::Live,
    support::{Node, PUBLISHABLE, SECRET, home},
};

fn cash(risk: &Value) -> Value {
    json!({"method": "cash", "billingAddress": {}, "riskMetadata": risk})
}

#[test]
fn a_browsers_address_and_headers_come_from_its_call() {
    let mut world = World::new("");
    let sent = [
        ("X-Forwarded-For", "198.51.100.99, 203.0.113.7"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux)"),
        ("Accept-Language", "en-GB,en;q=0.9"),
        ("Cookie", "session=cookie-of-this-test"),
        ("Proxy-Authorization", "Basic proxy-of-this-test"),
        ("Forwarded", "for=192.0.2.60"),
        ("X-Real-IP", "192.0.2.61"),
        ("REB-API-CONSUMER", "Rebilly/js-sdk@1"),
    ];
    for body in [
        cash(&Value::Null),
        cash(&json!({"ipAddress": null, "httpHeaders": null})),
        json!({"method": "cash", "billingAddress": {}}),
    ] {
        let answer = world.browse(&body, &sent);
        let risk = &answer.json()["riskMetadata"];
        assert_eq!((&risk["ipAddress"], &risk["country"]), (&json!(NEW_YORK), &json!("US")));
        let host = world.node.clients.to_string();
        let headers = json!({"host": host, "user-agent": "Mozilla/5.0 (X11; Linux)",
            "accept-language": "en-GB,en;q=0.9", "reb-api-consumer": "Rebilly/js-sdk@1"});
        assert_eq!(risk["httpHeaders"], headers);
        for never in ["of-this-test", "pk_live", "198.51.100.99", "192.0.2.6"] {
            assert!(!answer.text().contains(never), "{never} in {}", answer.text());
        }
        // It is kept so: a reader sees what the browser said, and not what the reader says.
        let read = world.client.call("GET", path_of(answer.header("location").unwrap()), &[ALPHA_KEY], b"");
        assert_eq!(read.json(), answer.json());
    }
}

#[test]
fn what_a_browser_says_of_itself_does_not_win_over_its_call() {
    let mut world = World::new("");
    let headers =
        json!({"USER-AGENT": "another", "X-Page": "page", "X-Real-IP": KOLKATA, "X-Api-Key": "of-this-test"});
    let body = cash(&json!({"ipAddress": KOLKATA, "httpHeaders": headers}));
    let sent = [("X-Forwarded-For", NEW_YORK), ("User-Agent", "its own")];
    let risk = world.browse(&body, &sent).json()["riskMetadata"].clone();
    assert_eq!((&risk["ipAddress"], &risk["country"]), (&json!(NEW_YORK), &json!("US")));
    let host = world.node.clients.to_string();
    assert_eq!(risk["httpHeaders"], json!({"host": host, "user-agent": "its own", "X-Page": "page"}));
}

#[test]
fn a_servers_call_is_not_its_customers() {
    let world = World::new("");
    for headers in [
        vec![ALPHA_KEY],
        // `REB-APIKEY` decides alone.
        vec![ALPHA_KEY, ALPHA_BROWSER],
    ] {
        let mut headers = headers;
        headers.extend([("X-Forwarded-For", NEW_YORK), ("User-Agent", "a server")]);
        let body = cash(&json!({"fingerprint": "device"})).to_string();
        let answer = world.node.client().call("POST", TOKENS, &headers, body.as_bytes());
        let expected = json!({"fingerprint": "device", "deviceVelocity": 1, "score": 0});
        let mut risk = answer.json()["riskMetadata"].clone();
        assert!(risk["deviceVelocity"].is_u64());
        risk["deviceVelocity"] = json!(1);
        assert_eq!(risk, expected);
    }
}

#[test]
fn only_a_trusted_proxy_says_where_a_browser_is() {
    let live = Live::new();
    let node = live.start();
    let headers = [ALPHA_BROWSER, ("X-Forwarded-For", NEW_YORK)];
    let answer = node.client().call("POST", TOKENS, &headers, cash(&json!({})).to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["riskMetadata"]["ipAddress"], "127.0.0.1");
    assert!(!answer.text().contains(NEW_YORK), "{}", answer.text());
}

#[test]
fn of_a_browsers_headers_so_many_and_so_much_are_kept() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let names: Vec<String> = (0..40).map(|number| format!("x-number-{number:02}")).collect();
    let value = "v".repeat(600);
    let mut headers = vec![PUBLISHABLE, ("X-Long", value.as_str())];
    headers.extend(names.iter().map(|name| (name.as_str(), "1")));
    let answer = node.client().call("POST", TOKENS, &headers, cash(&json!({})).to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let kept = answer.json()["riskMetadata"]["httpHeaders"].clone();
    let kept = kept.as_object().unwrap();
    assert_eq!(kept.len(), 32);
    assert!(kept.values().all(|value| value.as_str().unwrap().len() <= 512), "{kept:?}");
    assert!(kept.get("x-long").is_none_or(|value| value.as_str().unwrap().len() == 512));
}

#[test]
fn null_is_taken_everywhere() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let browser =
        ["colorDepth", "isJavaEnabled", "language", "screenWidth", "screenHeight", "timeZoneOffset"];
    let sessions = ["kountFraudSessionId", "payPalMerchantSessionId", "threatMetrixSessionId"];
    let whole = |risk: Value| with_risk(&risk);
    for risk in [
        Value::Null,
        json!({}),
        json!({"ipAddress": null, "fingerprint": null, "httpHeaders": null, "browserData": null, "extraData": null}),
        json!({"browserData": {}, "extraData": {}}),
    ] {
        let answer = post(&mut client, TOKENS, &whole(risk.clone()));
        if risk.pointer("/browserData").is_some_and(Value::is_object) {
            let fields = browser.map(|name| format!("riskMetadata.browserData.{name}"));
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            assert_eq!(invalid_fields(&answer), names(&fields), "what is absent is not null");
            continue;
        }
        assert_eq!(answer.status, 201, "{risk}: {}", answer.text());
        let shown = &answer.json()["riskMetadata"];
        for name in ["ipAddress", "fingerprint", "httpHeaders", "browserData", "extraData"] {
            assert!(shown.get(name).is_none(), "{risk}: {shown}");
        }
    }
    // One that a browser cannot tell costs all that it tells of itself, and nothing else.
    for name in browser {
        let mut risk = seed_request()["riskMetadata"].clone();
        set(&mut risk, &format!("browserData.{name}"), Value::Null);
        let shown = token(&mut client, &whole(risk.clone()))["riskMetadata"].clone();
        assert!(shown.get("browserData").is_none(), "{name}: {shown}");
        assert_eq!(shown["extraData"], risk["extraData"], "{name}");
    }
    for name in sessions {
        let mut risk = seed_request()["riskMetadata"].clone();
        set(&mut risk, &format!("extraData.{name}"), Value::Null);
        let shown = token(&mut client, &whole(risk.clone()))["riskMetadata"].clone();
        risk["extraData"].as_object_mut().unwrap().remove(name);
        assert_eq!(shown["extraData"], risk["extraData"], "{name}");
        assert_eq!(shown["browserData"], risk["browserData"], "{name}");
    }
    let optional = json!({"colorDepth": 1, "isJavaEnabled": true, "language": "x", "screenWidth": 0,
        "screenHeight": 0, "timeZoneOffset": 0, "isAdBlockEnabled": null});
    let shown = token(&mut client, &whole(json!({"browserData": optional})));
    assert_eq!(shown["riskMetadata"]["browserData"]["colorDepth"], 1);
    let told = with_risk(&json!({"browserData": with_ad_block(&optional)}));
    let shown = token(&mut client, &told)["riskMetadata"].clone();
    assert_eq!(shown["browserData"]["isAdBlockEnabled"], true);
}

fn with_risk(risk: &Value) -> Value {
    let mut body = seed_request();
    body["riskMetadata"] = risk.clone();
    body
}

fn with_ad_block(browser: &Value) -> Value {
    let mut browser = browser.clone();
    browser["isAdBlockEnabled"] = json!(true);
    browser
}

#[test]
fn the_fingerprint_of_an_ancient_library_stands_at_the_top() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut body = seed_request();
    body["fingerprint"] = json!("at the top");
    assert_eq!(token(&mut client, &body)["riskMetadata"]["fingerprint"], "pIUt3xbgX3l9g3YDiLbx");
    body["riskMetadata"]["fingerprint"] = Value::Null;
    let made = token(&mut client, &body);
    assert_eq!(made["riskMetadata"]["fingerprint"], "at the top");
    assert!(made.get("fingerprint").is_none());
    for none in [Value::Null, json!("")] {
        body["fingerprint"] = none;
        assert!(token(&mut client, &body)["riskMetadata"].get("fingerprint").is_none());
    }
    body["fingerprint"] = json!("x".repeat(51));
    assert_eq!(invalid_fields(&post(&mut client, TOKENS, &body)), names(&["fingerprint"]));
}

#[test]
fn headers_that_a_server_sends_come_back_as_they_were() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    let mut many = String::from("{");
    for number in 0..99 {
        let _ = write!(many, "\"Header {number} \\u00e4\": \"{number}\",");
    }
    many.push_str("\"\": \"\"}");
    let headers: Value = serde_json::from_str(&many).unwrap();
    let made = token(&mut client, &with_risk(&json!({"httpHeaders": headers})));
    assert_eq!(made["riskMetadata"]["httpHeaders"], headers);
    for wrong in [json!({"a": 1}), json!({"a": null}), json!({"a": ["b"]}), json!([]), json!("a: b")] {
        let answer = post(&mut client, TOKENS, &with_risk(&json!({"httpHeaders": wrong})));
        assert_eq!(invalid_fields(&answer), names(&["riskMetadata.httpHeaders"]), "{wrong}");
    }
}

#[test]
fn the_holders_name_is_held_against_a_known_customers() {
    let folder = home();
    let node = Node::sandbox(folder.path());
    let mut client = node.client();
    for (id, address) in [
        ("cus_ada", json!({"firstName": "Ada", "lastName": "Lovelace"})),
        ("cus_nameless", json!({"country": "GB"})),
    ] {
        let body = json!({"primaryAddress": address}).to_string();
        let made = client.call("PUT", &format!("/rebilly/customers/{id}"), &[SECRET], body.as_bytes());
        assert!(made.status == 200 || made.status == 201, "{}", made.text());
    }
    for (customer, first, last, expected) in [
        ("cus_ada", "Ada", "Lovelace", Some(false)),
        ("cus_ada", " ADA", "lovelace", Some(false)),
        ("cus_ada", "Ada", "Byron", Some(true)),
        ("cus_ada", "Lovelace", "Ada", Some(true)),
        ("cus_nameless", "Ada", "Lovelace", None),
        ("cus_unknown", "Ada", "Lovelace", None),
    ] {
        let mut body = seed_request();
        body["billingAddress"] = json!({"firstName": first, "lastName": last});
        let made = token(&mut client, &body);
        assert!(made["riskMetadata"].get("hasMismatchedHolderName").is_none(), "a token has no customer");
        let use_it = json!({"token": made["id"], "customerId": customer});
        let kept = post(&mut client, super::calls::INSTRUMENTS, &use_it);
        assert!(kept.status == 201 || kept.status == 303, "{}", kept.text());
        let found = kept.json()["riskMetadata"].get("hasMismatchedHolderName").cloned();
        assert_eq!(found, expected.map(Value::from), "{customer} {first} {last}");
        let read = get(&mut client, path_of(kept.header("location").unwrap()));
        assert_eq!(read.json()["riskMetadata"], kept.json()["riskMetadata"]);
    }
}
